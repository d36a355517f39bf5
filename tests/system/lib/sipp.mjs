// sipp.mjs: SIPp with a scenario of tests/system/sipp.
//
// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { digest, challenges } from './sip.mjs';
import { freeUdp } from './stack.mjs';

const folder = fileURLToPath(new URL('../sipp', import.meta.url));

// SIPp 3.6 reads the first challenge alone and knows no SHA-256. So we ask for
// the nonce, from the port that SIPp will have; a nonce serves many requests,
// with a count that rises. Gives a line with credentials for each of them.
export async function credentials(ua, method, uri, count) {
  const refused = await ua.request(method, uri, { to: ua.aor, headers: [['Contact', ua.contact]] });
  const header = refused.code === 401 ? 'Authorization' : 'Proxy-Authorization';
  const challenge = challenges(refused).find(({ algorithm }) => algorithm === 'SHA-256');
  return Array.from({ length: count }, (_, i) => `${header}: ${digest(challenge,
    { user: ua.user, password: ua.password, method, uri, nc: i + 1 })}`);
}

export class Sipp {
  // options: port (its own; any when absent), address: its own, calls, rate,
  // keys: {name: value} of the scenario's [name], lines: of its [field0], one a
  // call; transport: SIPp's (u1; t1: one TCP connection, tn: one for each call);
  // hold: ms of the scenario's <pause />; limit: seconds
  static async start(stack, scenario, { port, address = '127.0.0.1', calls = 1, rate = 20, keys = {}, lines = [],
    transport = 'u1', hold = 0, limit = 30 } = {}) {
    const sipp = new Sipp();
    sipp.dir = fs.mkdtempSync(path.join(stack.dir, `${scenario}-`));
    sipp.scenario = scenario;
    const fields = path.join(sipp.dir, 'fields');
    fs.writeFileSync(fields, `SEQUENTIAL\n${lines.join('\n')}\n`);
    const to = transport.startsWith('t') ? stack.tcpPort : stack.udpPort;
    sipp.run([`127.0.0.1:${to}`, '-sf', path.join(folder, `${scenario}.xml`), '-t', transport, '-max_socket', 4000,
      '-i', address, '-p', port ?? await freeUdp(1), '-m', calls, '-r', rate, '-l', Math.min(calls, 15000),
      ...lines.length ? ['-inf', fields] : [], ...Object.entries(keys).flatMap(([k, v]) => ['-key', k, v]),
      '-d', hold, '-trace_rtt', '-rtt_freq', 1, '-nostdin', '-trace_err', '-error_file', sipp.file('errors'), '-trace_stat', '-fd', '1', '-stf', sipp.file('stat'),
      '-timeout', `${limit}s`, '-timeout_error']);
    return sipp;
  }

  file(name) { return path.join(this.dir, name); }

  // this.done: a promise, kept when every call went as written
  run(args) {
    this.out = '';
    this.child = spawn('sipp', args.map(String), { cwd: this.dir, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (data) => { this.out += data; });
    this.done = new Promise((done, fail) => {
      this.child.on('error', fail);
      this.child.on('exit', (code, signal) => (code === 0 ? done() : fail(new Error(
        `sipp ${this.scenario} ended with ${signal ?? code}: ${this.problems()}`))));
    });
    this.done.catch(() => {}); // whoever waits for it hears of it
  }

  // What it has counted: name: number, e.g. SuccessfulCall, FailedCall,
  // GenericCounter1 (of the scenario), Retransmissions.
  counts() {
    const lines = fs.readFileSync(this.file('stat'), 'utf8').trim().split('\n').map((line) => line.split(';'));
    return Object.fromEntries(lines[0].map((name, i) => [name, lines.at(-1)[i]])
      .filter(([name]) => name.endsWith('(C)')).map(([name, value]) => [name.slice(0, -3), Number(value)]));
  }

  // ms from each start_rtd to its rtd.
  times() {
    const name = fs.readdirSync(this.dir).find((file) => file.endsWith('_rtt.csv'));
    return name ? fs.readFileSync(this.file(name), 'utf8').trim().split('\n').slice(1).map((line) => Number(line.split(';')[1])) : [];
  }

  problems() {
    const errors = this.file('errors');
    return fs.existsSync(errors) ? fs.readFileSync(errors, 'utf8').slice(0, 2000) : this.out.slice(-1500);
  }

  stop() { this.child.kill('SIGKILL'); }
}
