// stack.mjs: a whole Cordboard of its own: Redis, sigd, mediad, on loopback.
// Each suite starts one; a tenant per test keeps tests apart.
// SPDX-License-Identifier: MIT
import { spawn, execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { watch } from './openapi.mjs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
export const B = path.resolve(root, process.env.B ?? 'build');

export const EXIT_ADDRESS = 69; // common/super.h

const STEP_MS = 20;

export const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

// Polls until fn() is truthy; its value. The limit is generous: a test waits
// for an event, never for a time.
export async function until(fn, what, limit = 15000) {
  const end = Date.now() + limit;
  for (;;) {
    const value = await fn();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${limit} ms: ${what}`);
    await sleep(20);
  }
}

// The longest time, in ms, in which a count did not grow, from now until stop(). In a time in which
// we stood still ourselves (a sleep that took ten times as long) nobody can say that it did not.
export function longest(count) {
  const state = { gap: 0, on: true };
  const done = (async () => {
    let last = await count();
    let since = performance.now();
    while (state.on) {
      const asked = performance.now();
      await sleep(STEP_MS);
      const at = performance.now();
      if (at - asked > 10 * STEP_MS) since += at - asked;
      const next = await count();
      // if it has grown, it was in the time that the question took
      state.gap = Math.max(state.gap, (next > last ? at : performance.now()) - since);
      if (next > last) since = performance.now();
      last = Math.max(last, next);
    }
  })();
  done.catch(() => {}); // told by stop()
  return { stop: async () => { state.on = false; await done; return Math.round(state.gap); } };
}

function freeTcp() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

function udpIsFree(port) {
  return new Promise((done) => {
    const socket = createSocket('udp4');
    socket.on('error', () => { socket.close(); done(false); });
    socket.bind(port, '127.0.0.1', () => socket.close(() => done(true)));
  });
}

export async function freeUdp(count) {
  for (let i = 0; i < 100; i++) {
    const base = 20000 + Math.floor(Math.random() * 12000);
    let ok = true;
    for (let p = base; ok && p < base + count; p++) ok = await udpIsFree(p);
    if (ok) return base;
  }
  throw new Error('no free UDP ports');
}

// A small Redis client: enough to look at keys. RESP2 over the unix socket.
export class Redis {
  constructor(sock) { this.sock = sock; }

  call(...args) {
    return new Promise((done, fail) => {
      const conn = net.connect(this.sock);
      let data = Buffer.alloc(0);
      conn.on('error', fail);
      conn.on('connect', () => {
        conn.write(`*${args.length}\r\n${args.map((a) => `$${Buffer.byteLength(String(a))}\r\n${a}\r\n`).join('')}`);
      });
      conn.on('data', (chunk) => {
        data = Buffer.concat([data, chunk]);
        const at = { i: 0 };
        try {
          const value = parse(data, at);
          conn.destroy();
          if (value instanceof Error) fail(value);
          else done(value);
        } catch (e) {
          if (e !== MORE) fail(e);
        }
      });
    });
  }
}

const MORE = Symbol('more');
function parse(data, at) {
  const end = data.indexOf('\r\n', at.i);
  if (end < 0) throw MORE;
  const kind = String.fromCharCode(data[at.i]);
  const head = data.toString('utf8', at.i + 1, end);
  at.i = end + 2;
  if (kind === '+') return head;
  if (kind === ':') return Number(head);
  if (kind === '-') return new Error(head);
  const len = Number(head);
  if (len < 0) return null;
  if (kind === '*') return Array.from({ length: len }, () => parse(data, at));
  if (data.length < at.i + len + 2) throw MORE;
  const text = data.toString('utf8', at.i, at.i + len);
  at.i += len + 2;
  return text;
}

// A test run that is ended leaves nothing behind.
const living = new Set();
process.on('exit', () => { for (const child of living) child.kill('SIGKILL'); });
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(signal, () => process.exit(1));

export class Stack {
  // options: { sigdWorkers, mediadWorkers, sip, mediad: yaml text at the end of
  // the daemon's file, ipv6: [::1] besides, streams: tcp and tls
  // besides, true or keys of both, clientCa: file of the latter, otherCa: of a
  // second one, drain: of mediad, webRoot, routing: yaml text, env: of
  // both daemons, tokens: of REST besides `tests`, { name: the text behind
  // hash in sigd.yaml }, the token itself being its name twice, admin: yaml
  // text in sigd's admin instead of a rate that is no limit }
  constructor(options = {}) {
    this.options = options;
    fs.mkdirSync(path.join(B, 'tmp'), { recursive: true });
    this.dir = fs.mkdtempSync(path.join(B, 'tmp', 's-'));
    this.procs = new Map();
    this.agents = []; // telephones and PBXs that can be told to hang up
    this.redis = new Redis(path.join(this.dir, 'r.sock'));
  }

  file(name) { return path.join(this.dir, name); }

  log(name) { return fs.existsSync(this.file(name)) ? fs.readFileSync(this.file(name), 'utf8') : ''; }

  run(name, command, args, env = {}) {
    const out = fs.openSync(this.file(`${name}.log`), 'a');
    const child = spawn(command, args, { stdio: ['ignore', out, out], env: { ...process.env, ...env } });
    fs.closeSync(out);
    living.add(child);
    child.exited = new Promise((done) => {
      child.on('error', (e) => { living.delete(child); child.failure = e; done(e); });
      child.on('exit', (code, signal) => { living.delete(child); child.code = signal ?? code; done(child.code); });
    });
    this.procs.set(name, child);
    return child;
  }

  // at: { address, port } of TCP, too
  async startRedis(at) {
    this.run('redis', 'redis-server', [...at ? ['--port', at.port, '--bind', at.address, '--protected-mode', 'no']
      : ['--port', '0'], '--unixsocket', this.file('r.sock'),
      '--save', '', '--appendonly', 'yes', '--appendfsync', 'no', '--dir', this.dir, '--daemonize', 'no']);
    await until(() => this.redis.call('PING').then((r) => r === 'PONG', () => false), 'redis answers');
  }

  async write() {
    const tcp = new Set();
    while (tcp.size < 7) tcp.add(await freeTcp());
    [this.wssPort, this.wsPort, this.sigdAdmin, this.mediadAdmin, this.tcpPort, this.tlsPort, this.otherPort] = tcp;
    this.udpPort = await freeUdp(1);
    watch(this.sigdAdmin);
    const { sigdWorkers = 2 } = this.options;
    const hash = (token) => createHash('sha256').update(token).digest('hex');
    this.tokensMore = Object.entries(this.options.tokens ?? {})
      .map(([name, more]) => `\n    ${name}: {hash: ${hash(`${name}-${name}`)}, ${more}}`).join('');
    const webRoot = this.options.webRoot ? `\n    web_root: ${this.options.webRoot}` : '';

    fs.writeFileSync(this.file('keys'), `1 - ${randomBytes(16).toString('hex')}\n`, { mode: 0o600 });
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
      '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1',
      '-keyout', this.file('tls.key'), '-out', this.file('tls.pem')], { stdio: 'ignore' });
    const host6 = (name, port, more = '') => (this.options.ipv6 ? `
  - name: ${name}6
    transport: ${name}
    bind: "[::1]:${port}"${more}` : '');
    const more = typeof this.options.streams === 'string' ? `\n    ${this.options.streams}` : '';
    const other = this.options.otherCa ? `
  - name: other
    transport: tls
    bind: 127.0.0.1:${this.otherPort}
    certificate: ${this.file('tls.pem')}
    private_key: ${this.file('tls.key')}
    client_ca: ${this.file(this.options.otherCa)}` : '';
    const streams = this.options.streams ? `
  - name: tcp
    transport: tcp
    bind: 127.0.0.1:${this.tcpPort}${more}
  - name: tls
    transport: tls
    bind: 127.0.0.1:${this.tlsPort}${more}
    certificate: ${this.file('tls.pem')}
    private_key: ${this.file('tls.key')}${this.options.clientCa ? `
    client_ca: ${this.file(this.options.clientCa)}` : ''}${other}` : '';
    fs.writeFileSync(this.file('sigd.yaml'), `node: s1
workers: ${sigdWorkers}
run_dir: ${this.file('run')}
keys: keys
routing: routing.yaml
log_level: debug
redis:
  path: ${this.file('r.sock')}
listeners:
  - name: wss
    transport: wss
    bind: 127.0.0.1:${this.wssPort}
    advertise: localhost:${this.wssPort}
    certificate: ${this.file('tls.pem')}
    private_key: ${this.file('tls.key')}${webRoot}
  - name: ws
    transport: ws
    bind: 127.0.0.1:${this.wsPort}
  - name: udp
    transport: udp
    bind: 127.0.0.1:${this.udpPort}${host6('wss', this.wssPort, `
    certificate: ${this.file('tls.pem')}
    private_key: ${this.file('tls.key')}${webRoot}`)}${host6('ws', this.wsPort)}${host6('udp', this.udpPort)}${streams}
admin:
  bind: 127.0.0.1:${this.sigdAdmin}
  tokens:
    tests: {hash: ${hash('token-of-the-tests')}, scope: write}${this.tokensMore ?? ''}
${this.options.admin ?? `  requests_per_second: 10000
  requests_burst: 10000`}${this.options.dashboard ? `
  dashboard: ${this.options.dashboard}` : ''}
${this.options.sip ?? ''}`);
    await this.writeMediad('mediad', 'm1', this.mediadAdmin);
    const { routing: table = routing() } = this.options;
    fs.writeFileSync(this.file('routing.yaml'), typeof table === 'function' ? await table(this) : table);
    fs.mkdirSync(this.file('run'), { recursive: true, mode: 0o700 });
  }

  // Another node of mediad: { name of its process, file and state, node }; at:
  // { media: its address, redis: as of startRedis() }
  async writeMediad(name, node, admin, at = {}) {
    const { mediadWorkers = 2, drain = '1s', rtpPorts = 400 } = this.options;
    // for browsers eight; two for each call to a PBX or telephone, and as
    // many beside them
    const base = await freeUdp(8 + rtpPorts);
    this.rtpRange = [base + 8, base + 8 + rtpPorts - 1]; // of the latest one
    const ipv6 = this.options.ipv6 ? `
  - name: lo6
    bind: "::1"
    browser_port_base: ${base}
    rtp_ports: [${base + 8}, ${base + 8 + rtpPorts - 1}]` : '';
    const { mediaAdvertise, mediaInside } = this.options;
    const inside = mediaInside ? `
  - name: inside
    bind: ${mediaInside}
    browsers: false
    rtp_ports: [${base + 8}, ${base + 8 + rtpPorts - 1}]` : '';
    const rtp = rtpPorts ? `\n    rtp_ports: [${base + 8}, ${base + 8 + rtpPorts - 1}]` : '';
    const tcp = this.options.mediaTcp ? `\n    browser_tcp_port: ${await freeTcp()}` : '';
    fs.mkdirSync(this.file(`state-${node}`), { recursive: true, mode: 0o700 });
    fs.writeFileSync(this.file(`${name}.yaml`), `node: ${node}
workers: ${mediadWorkers}
interfaces:
  - name: lo
    bind: ${at.media ?? this.options.mediaAddress ?? '127.0.0.1'}
    browser_port_base: ${base}${tcp}${rtp}${mediaAdvertise ? `\n    advertise: ${mediaAdvertise}` : ''}${ipv6}${inside}
redis:
  ${at.redis ? `host: ${at.redis.address}\n  port: ${at.redis.port}` : `path: ${this.file('r.sock')}`}
keys: keys
state_dir: ${this.file(`state-${node}`)}
certificate: ${this.file(`dtls-${node}.pem`)}
log_level: debug
drain: ${drain}
admin:
  bind: 127.0.0.1:${admin}
  requests_per_second: 10000
  requests_burst: 10000
${this.options.mediad ?? ''}`);
  }

  startSigd(env) { return this.run('sigd', path.join(B, 'sigd'), ['-c', this.file('sigd.yaml')], env); }

  startMediad(env, name = 'mediad') {
    return this.run(name, path.join(B, 'mediad'), ['-c', this.file(`${name}.yaml`)], env);
  }

  async ready(port, name, host = '127.0.0.1') {
    await until(async () => {
      const child = this.procs.get(name);
      if (child.code !== undefined || child.failure) {
        throw new Error(`${name} ended (${child.code ?? child.failure}):\n${this.log(`${name}.log`)}`);
      }
      return fetch(`http://${host}:${port}/readyz`).then((r) => r.ok, () => false);
    }, `${name} is ready`);
  }

  async start(env = this.options.env) {
    await this.startRedis();
    for (let i = 0; i < 5; i++) {
      await this.write();
      try {
        // in this order: sigd looks for media workers when it starts, and
        // then once a second
        this.startMediad(env);
        await this.ready(this.mediadAdmin, 'mediad');
        this.startSigd(env);
        await this.ready(this.sigdAdmin, 'sigd');
        return this;
      } catch (e) {
        // somebody took a port between our look and the daemon's
        const procs = [...this.procs.entries()].filter(([name]) => name !== 'redis').map(([, child]) => child);
        if (!procs.some(({ code }) => code === EXIT_ADDRESS)) throw e;
        for (const child of procs) child.kill('SIGKILL');
        await Promise.all(procs.map(({ exited }) => exited));
      }
    }
    throw new Error('no free ports');
  }

  // pids of the worker processes, by slot
  workers(name) {
    return Object.fromEntries(Object.entries(this.children(name)).filter(([slot]) => /^\d+$/.test(slot)));
  }

  // children of a daemon's parent: by slot, and "adm"
  children(name) {
    const parent = this.procs.get(name).pid;
    const found = {};
    for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      let stat;
      let title;
      try { // it may end while we look
        stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
        title = fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
      } catch {
        continue;
      }
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) !== parent) continue;
      const slot = title.match(/\/(\d+|adm)$/);
      if (slot) found[slot[1]] = Number(pid);
    }
    return found;
  }

  // What is there of calls.
  async left() {
    const keys = await this.redis.call('KEYS', 'cb:*');
    // the shards of what is registered at PBXs belong to the living, as does
    // what says that workers live, and when devices are to come back
    const calls = keys.filter((k) => /:rec:|:over:|:calls$|:lease|^cb:\{due\}:(?!worker|binding)/.test(k) && !/^cb:\{(u:\d+|h:[^}]+)\}:lease$/.test(k));
    const sessions = [];
    for (const k of keys.filter((key) => /^cb:\{n:.*\}:media$/.test(key))) {
      const n = Number(await this.redis.call('HGET', k, 'sessions'));
      if (n) sessions.push(`${k} sessions=${n}`);
    }
    // the stream may not be there yet, or again
    const [pending] = await this.redis.call('XPENDING', 'cb:events', 'sigd').catch(() => [0]);
    return [...calls, ...sessions, ...pending ? [`cb:events pending=${pending}`] : []];
  }

  // What may be left after a scenario: nothing of a call, but what an earlier
  // one left, which was told then.
  // except: a pattern of what a death may leave, until it expires.
  async audit(limit = 8000, except = /^$/) {
    let left = [];
    const told = this.told ?? [];
    await until(async () => {
      left = (await this.left()).filter((what) => !told.includes(what) && !except.test(what));
      return left.length === 0;
    }, 'nothing is left', limit).catch(() => {
      this.told = [...told, ...left];
      throw new Error(`left over: ${left.join(', ')}`);
    });
  }

  // One number of a worker, from /metrics of its daemon.
  async metric(admin, name, worker) {
    const text = await fetch(`http://127.0.0.1:${admin}/metrics`).then((r) => r.text());
    const line = text.split('\n').find((l) => l.startsWith(`${name}{`) && l.includes(`worker="${worker}"`));
    return line && Number(line.split(' ').pop());
  }

  // What a suite must not leave in the processes: work under way, descriptors.
  // Called first when all is ready, then, with what it gave, at the end.
  async descriptors() {
    const found = {};
    for (const name of ['sigd', 'mediad']) {
      for (const [slot, pid] of Object.entries(this.workers(name))) {
        found[`${name}/${slot}`] = fs.readdirSync(`/proc/${pid}/fd`).length;
      }
    }
    return found;
  }

  async settled(before) {
    let left;
    await until(async () => {
      left = [];
      for (const [name, count] of Object.entries(await this.descriptors())) {
        // workers of sigd keep a tunnel to each other, once needed
        const tunnels = name.startsWith('sigd') ? 2 * Object.keys(this.workers('sigd')).length - 2 : 0;
        if (count > before[name] + tunnels) left.push(`${name}: ${count} descriptors, were ${before[name]}`);
      }
      for (const slot of Object.keys(this.workers('sigd'))) {
        const busy = await this.metric(this.sigdAdmin, 'cordboard_sig_busy', `s1/${slot}`);
        if (busy !== 0) left.push(`sigd/${slot}: busy ${busy}`);
      }
      return left.length === 0;
    }, 'the processes are idle').catch((e) => { throw new Error(`${e.message}: ${left.join(', ')}`); });
  }

  async stop() {
    const names = [...this.procs.keys()];
    const order = [...['sigd', 'mediad'].flatMap((daemon) => names.filter((name) => name.startsWith(daemon))), 'redis'];
    for (const name of order) {
      const child = this.procs.get(name);
      if (!child || child.code !== undefined || child.failure) continue;
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 10000);
      await child.exited;
      clearTimeout(killer);
    }
    if (!process.env.KEEP) fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

export function routing() {
  const users = ['alice', 'bob', 'carol', 'dave'];
  return `tenants:
  demo:
    domains: ["localhost", "127.0.0.1"]
    realm: cordboard
    users:
${users.map((u) => `      ${u}: {password: ${u}-secret}`).join('\n')}
    routes:
      - {name: echo, match: {callee: "^(echo|\\\\*43)$"}, to: {service: echo}}
      - {name: tone, match: {callee: "^tone$"}, to: {service: tone}}
      - {name: milliwatt, match: {callee: "^milliwatt$"}, to: {service: milliwatt}}
`;
}
