// kamailio.mjs: Debian's kamailio as a PBX (or a capture server): registrar and proxy on loopback, a
// user's password is USER-pbx. Its telephones are user agents of these tests.
// SPDX-License-Identifier: MIT
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pbx } from './pbx.mjs';
import { Message } from './sip.mjs';
import { createSocket } from 'node:dgram';
import { freeUdp, until } from './stack.mjs';

const config = (role) => fileURLToPath(new URL(`../kamailio/${role}.cfg`, import.meta.url));
const TABLES = '/usr/share/kamailio/dbtext/kamailio';
const TABLES_OF = { presence: ['presentity', 'active_watchers', 'watchers', 'xcap', 'version'], capture: ['version'] };
const MODULES = ['/usr/lib/x86_64-linux-gnu/kamailio/modules', '/usr/lib/aarch64-linux-gnu/kamailio/modules',
  '/usr/lib/kamailio/modules'];

const living = new Set();
process.on('exit', () => { for (const kamailio of living) kamailio.group('SIGKILL'); });

export class Kamailio {
  // "5.6.3", or why there is none
  static version() {
    const { stdout, error } = spawnSync('kamailio', ['-v'], { encoding: 'utf8' });
    return error ? `none: ${error.code}` : stdout.match(/version: kamailio (\S+)/)?.[1];
  }

  // options: domain; expiresMax: the longest registration, seconds (0: any);
  // serviceRoute: a value that its answers to REGISTER have; role: registrar,
  // presence or capture
  constructor(stack, { name = 'kamailio', domain = 'pbx.test', expiresMax = 0, serviceRoute = '', role = 'registrar' } = {}) {
    Object.assign(this, { stack, name, domain, expiresMax, serviceRoute, role, phones: [] });
  }

  // It keeps its port when it is started again, and forgets who was there.
  async start() {
    this.port ??= await freeUdp(1);
    this.host = `127.0.0.1:${this.port}`;
    const dir = this.stack.file(`${this.name}-${this.port}`);
    fs.mkdirSync(dir, { recursive: true });
    const values = { DOMAIN: this.domain, EXPIRES_MAX: this.expiresMax, HOST: this.host, TABLES: this.tables(dir),
      SERVICE_ROUTE: this.serviceRoute && `\tappend_to_reply("Service-Route: ${this.serviceRoute}\\r\\n");`,
      MODULES: MODULES.find((folder) => fs.existsSync(folder)) };
    const file = path.join(dir, 'kamailio.cfg');
    fs.writeFileSync(file, fs.readFileSync(config(this.role), 'utf8').replace(/@([A-Z_]+)@/g, (_, key) => values[key]));
    this.file = path.join(dir, 'log');
    const out = fs.openSync(this.file, 'a');
    // a group of its own: its processes end with it, whatever happens
    this.child = spawn('kamailio', ['-f', file, '-DD', '-E', '-m', '32', '-M', '4', '-w', dir, '-Y', dir,
      '-l', `udp:${this.host}`, '-l', `tcp:${this.host}`], { stdio: ['ignore', out, out], detached: true });
    fs.closeSync(out);
    living.add(this);
    this.exited = new Promise((done) => {
      this.child.on('error', (e) => { this.failure = e; done(); });
      this.child.on('exit', (code, signal) => { this.code = signal ?? code; done(); });
    });
    await until(() => this.alive(), 'kamailio answers');
    return this;
  }

  // Empty tables of its own: what a presence server knows is in memory.
  tables(dir) {
    for (const name of TABLES_OF[this.role] ?? []) {
      fs.copyFileSync(path.join(TABLES, name), path.join(dir, name));
    }
    return dir;
  }

  log() { return fs.existsSync(this.file) ? fs.readFileSync(this.file, 'utf8') : ''; }

  // Whether it answers OPTIONS.
  async alive() {
    if (this.code !== undefined || this.failure) throw new Error(`kamailio ended: ${this.failure ?? this.code}\n${this.log()}`);
    const socket = createSocket('udp4');
    try {
      await new Promise((done) => { socket.bind(0, '127.0.0.1', done); });
      const { port } = socket.address();
      const answer = new Promise((done) => {
        socket.on('message', (data) => done(new Message(data.toString())));
        setTimeout(done, 200);
      });
      socket.send([`OPTIONS sip:${this.domain} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${Math.random()};rport`,
        'From: <sip:a@test>;tag=1', `To: <sip:${this.domain}>`, `Call-ID: ${Math.random()}`, 'CSeq: 1 OPTIONS',
        'Max-Forwards: 5', 'Content-Length: 0', '', ''].join('\r\n'), this.port, '127.0.0.1');
      return (await answer)?.code === 200;
    } finally {
      socket.close();
    }
  }

  lines(what) { return this.log().split('\n').filter((line) => line.includes(` ${what} `) || line.includes(`: ${what} `)); }

  // What packets of HEP said to a capture server, as it read them.
  heard() {
    return this.lines('heard').map((line) => line.slice(line.indexOf(' heard ')).trim().split(' ')).filter((words) => words.length === 14)
      .map(([, family, protocol, from, fromPort, to, toPort, seconds, us, type, agent, key, callid, hex]) => ({ family, protocol, from: `${from}:${fromPort}`, to: `${to}:${toPort}`,
        us: Number(seconds) * 1e6 + Number(us), type, agent, key, callid, text: Buffer.from(hex, 'hex').toString() }));
  }

  // What it has taken down of a user's REGISTERs: [{ contact, expires, path, source }], the oldest first.
  bound(user) {
    return this.lines('bound').map((line) => line.match(/bound user=(\S*) contact=(.*) expires=(\S*) path=(.*) source=(\S*)/))
      .filter((found) => found?.[1] === user)
      .map(([, , contact, expires, route, source]) => ({ contact, expires: Number(expires), path: route, source }));
  }

  // Until a user has registered (expires: 0: has gone) once more than `after` times.
  async registers(user, { after = 0, gone = false } = {}) {
    return until(() => {
      const found = this.bound(user).slice(after);
      const last = found.at(-1);
      return last && gone === (last.expires === 0 || /expires=0/.test(last.contact)) && last;
    }, `${user} ${gone ? 'unregisters' : 'registers'} at kamailio`).catch((e) => { throw new Error(`${e.message}\n${this.log()}`); });
  }

  // A telephone of its own, with plain RTP, registered there. options: of Pbx.open()
  async phone(user, options = {}) {
    const stack = Object.create(this.stack, { udpPort: { value: this.port } });
    const phone = await Pbx.open(stack, { domain: this.domain, user, password: `${user}-pbx`, name: user, ...options });
    this.phones.push(phone);
    const res = await phone.register();
    if (res.code !== 200) throw new Error(`${user} cannot register at kamailio: ${res.first}\n${this.log()}`);
    return phone;
  }

  group(signal) {
    try { process.kill(-this.child.pid, signal); } catch { /* it has ended */ }
  }

  // At once, without a word.
  async kill() {
    this.group('SIGKILL');
    await this.exited;
    living.delete(this);
    this.code = undefined;
  }

  async stop() {
    for (const phone of this.phones.splice(0)) phone.vanish();
    if (this.child && this.code === undefined && !this.failure) {
      this.child.kill('SIGTERM');
      const killer = setTimeout(() => this.group('SIGKILL'), 5000);
      await this.exited;
      clearTimeout(killer);
    }
    this.group?.('SIGKILL');
    living.delete(this);
  }
}
