// matrix.mjs: each process of either tier is killed at each moment of a call,
// with each kind of leg: baresip with plain RTP, keys in SDP, DTLS-SRTP, and
// with codecs that its other side has not. docs/operations.md has the table.
// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { Baresip } from './pbx_baresip.mjs';
import { Stack, until } from './stack.mjs';

// what the phone, which has PCMU and plain RTP, calls
const KINDS = {
  rtp: { number: '101', frequency: 600 },
  sdes: { number: '102', frequency: 700, secure: 'srtp-mand', yaml: 'media: sdes, transport: tls, domain: pbx.test' },
  dtls: { number: '103', frequency: 800, secure: 'dtls_srtp', yaml: 'media: dtls' },
  g722: { number: '104', frequency: 900, codec: 'G722', yaml: 'codecs: [G722]' },
  opus: { number: '105', frequency: 1000, codec: 'opus', yaml: 'codecs: [opus]' },
};
const PLACES = /^cb:\{m:[^}]*\}:calls$/;
const SETUP_MS = 600000;
const PHONE_HZ = 440;
const LINES = 10; // of figures, ten a second
const FLOWS_MS = 8000;
const SILENCE_MS = 1000; // of a call whose worker dies: docs/operations.md
const GIVES_UP_MS = 40000; // who waits for an ACK that cannot come: 64 * T1 of baresip, 32 s
export const PROCESSES = ['mediad worker', 'mediad admin', 'mediad', 'sigd workers', 'sigd admin', 'sigd', 'redis'];
// up: it goes on, both hear each other; over: both sides are told; either: one
// of these, the same one for both. A process that is not listed: up.
export const MOMENTS = {
  rings: { 'mediad worker': 'either', mediad: 'either', 'sigd workers': 'either', sigd: 'either', redis: 'either' },
  talks: {},
  holds: {},
  'asks again': { 'mediad worker': 'either', mediad: 'either', 'sigd workers': 'either', sigd: 'either', redis: 'either' },
  'hangs up': Object.fromEntries(PROCESSES.map((name) => [name, 'over'])),
};

export const CELLS = Object.keys(KINDS).flatMap((kind) => PROCESSES.flatMap((process) => Object.entries(MOMENTS)
  .map(([moment, expected]) => ({ kind, process, moment, expected: expected[process] ?? 'up' }))));

// A few, or all, in an order that the seed tells (xorshift32).
export function shuffled(seed) {
  let x = (seed >>> 0) || 1;
  const cells = [...CELLS];
  for (let i = cells.length - 1; i > 0; i--) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    const j = (x >>> 0) % (i + 1);
    [cells[i], cells[j]] = [cells[j], cells[i]];
  }
  return cells;
}

export class Matrix {
  constructor() {
    this.pbxs = {};
    this.counts = {};
    this.silence = 0; // ms, the longest
    this.stack = new Stack({ rtpPorts: 120, streams: true, drain: '2s', routing: (stack) => this.routing(stack),
      sip: 'sip:\n  t1: 100ms\n  t2: 800ms\n  t4: 1s\n  takeover: 1s\n  flow_grace: 2s\n',
      mediad: 'limits: {setup: 4s, grace: 300ms, media_timeout: 4s}\n' });
  }

  async routing(stack) {
    const pem = stack.file('pbx.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', '/CN=pbx', '-addext', 'subjectAltName=URI:sip:pbx.test', '-keyout', stack.file('pbx.key'), '-out', pem], { stdio: 'ignore' });
    fs.writeFileSync(stack.file('pbx-both.pem'), fs.readFileSync(stack.file('pbx.key'), 'utf8') + fs.readFileSync(pem, 'utf8'));
    for (const [kind, { number, yaml, ...options }] of Object.entries(KINDS)) {
      this.pbxs[kind] ??= await new Baresip(stack, { user: number, answer: 'manual', ...options,
        ...kind === 'sdes' && { certificate: stack.file('pbx-both.pem') } }).start();
    }
    const address = (kind) => `127.0.0.1:${this.pbxs[kind].port + (kind === 'sdes' ? 1 : 0)}`;
    return `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    users:
      a: {password: a-secret, algorithms: [MD5]}
    connections:
${Object.entries(KINDS).map(([kind, { yaml = 'media: rtp' }]) => `      ${kind}: {kind: trunk, address: "${address(kind)}", probe: 0s, ${yaml}${kind === 'sdes' ? `, tls: {ca: "${pem}"}` : ''}}`).join('\n')}
    routes:
${Object.entries(KINDS).map(([kind, { number }]) => `      - {name: ${kind}, match: {callee: "${number}"}, to: {connection: ${kind}}}`).join('\n')}
`;
  }

  async start() {
    const { stack } = this;
    await stack.start();
    this.phone = await new Baresip(stack, { user: 'a', host: 'localhost', frequency: PHONE_HZ,
      account: `;auth_pass=a-secret;outbound="sip:127.0.0.1:${stack.udpPort};transport=udp";regint=60` }).start();
    await until(() => stack.redis.call('EXISTS', 'cb:{a:demo/a}:bind'), 'the phone is registered');
    await until(async () => {
      this.before = await this.held();
      return this.before.ports.every(Number.isInteger);
    }, 'figures of all workers');
    return this;
  }

  async stop() {
    for (const phone of [this.phone, ...Object.values(this.pbxs)]) await phone?.stop();
    await this.stack.stop();
  }

  // --- what is there ------------------------------------------------------------------

  // Pairs of ports, descriptors, keys of calls; memory of who was not killed.
  async held() {
    const { stack } = this;
    const [ports, descriptors, left] = [[], await stack.descriptors(), await stack.left()];
    for (const slot of Object.keys(stack.workers('mediad'))) {
      ports.push(await stack.metric(stack.mediadAdmin, 'cordboard_media_rtp_port_pairs_free', `m1/${slot}`));
    }
    const keys = (await stack.redis.call('KEYS', 'cb:*')).length;
    return { ports, descriptors, left, keys, rss: this.memory() };
  }

  memory() {
    const kb = (pid) => Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+)/m)[1]);
    const pids = ['mediad', 'sigd'].flatMap((name) => Object.values(this.stack.workers(name)));
    return Math.max(...pids.map(kb));
  }

  // As at the start. Keys: what a call leaves on purpose (its record of the end)
  // is not counted by left().
  async settled() {
    const { before } = this;
    // with Redis away nobody could give back a connection's place: it ends with
    // the time of a set-up (sigd/proxy/conn/conn_calls.h)
    await this.stack.audit(20000, PLACES);
    const { redis } = this.stack;
    for (const key of (await redis.call('KEYS', 'cb:*')).filter((k) => PLACES.test(k))) {
      const [, until_ms] = await redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES');
      assert.ok(Number(until_ms) < Date.now() + SETUP_MS, `${key} until ${until_ms}`);
    }
    await until(async () => {
      this.after = await this.held();
      this.after.left = this.after.left.filter((what) => !PLACES.test(what));
      return assertSame(this.after, before);
    }, 'ports and descriptors are as before').catch((e) => {
      throw new Error(`${e.message}: ${JSON.stringify(before)}, then ${JSON.stringify(this.after)}`);
    });
    return this.after;
  }

  // --- deaths ---------------------------------------------------------------------------

  child(daemon, suffix) {
    const parent = this.stack.procs.get(daemon).pid;
    const all = fs.readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ').map(Number);
    return all.find((pid) => fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim().endsWith(suffix));
  }

  // The one that has the call; before there is a record both.
  async mediaWorkers() {
    const keys = await this.stack.redis.call('KEYS', 'cb:{c:?}:rec:*').catch(() => []);
    const at = keys.length ? await this.stack.redis.call('HGET', keys[0], 'media') : null;
    const all = this.stack.workers('mediad');
    return at ? [all[at.split('/')[1]]] : Object.values(all);
  }

  async kill(name) {
    const { stack } = this;
    const [daemon, part] = name.split(' ');
    if (part === 'admin') process.kill(this.child(daemon, '/adm'), 'SIGKILL');
    else if (part === 'worker') (await this.mediaWorkers()).forEach((pid) => process.kill(pid, 'SIGKILL'));
    else if (part === 'workers') Object.values(stack.workers(daemon)).forEach((pid) => process.kill(pid, 'SIGKILL'));
    else {
      const child = stack.procs.get(daemon);
      child.kill('SIGKILL');
      await child.exited;
    }
    return async () => {
      // as a service manager would
      if (!part && daemon === 'redis') await stack.startRedis();
      else if (!part && daemon === 'sigd') stack.startSigd();
      else if (!part) stack.startMediad();
      for (const [port, who] of [[stack.sigdAdmin, 'sigd'], [stack.mediadAdmin, 'mediad']]) await stack.ready(port, who);
    };
  }

  // --- a cell ------------------------------------------------------------------------------

  async hear(pbx) {
    // what is at the end of the files is new
    const had = [this.phone, pbx].map((p) => p.heard().samples.length);
    await until(() => [this.phone, pbx].every((p, i) => p.heard().samples.length > had[i] + 4000), 'both hear something');
    await Promise.all([this.phone.hears(pbx.frequency), pbx.hears(PHONE_HZ)]);
  }

  // After hold baresip writes no more of what it hears; its line of figures goes on.
  async flows(pbx) {
    const logs = [this.phone, pbx].map((p) => ({ name: `${p.name}.log`, from: this.stack.log(`${p.name}.log`).length }));
    await until(() => logs.every(({ name, from }) => {
      const lines = [...this.stack.log(name).slice(from).matchAll(/audio=(\d+)\/(\d+)/g)].slice(-LINES);
      return lines.length === LINES && lines.every(([, out, into]) => Number(out) && Number(into));
    }), 'packets come and go on both sides', FLOWS_MS);
  }

  // Whose re-INVITE was refused because of the death asks again.
  async resumes(pbx, tries = 3) {
    await this.phone.command('resume');
    await this.flows(pbx).catch(async (e) => {
      if (tries === 1) throw e;
      await this.phone.command('hold');
      await this.resumes(pbx, tries - 1);
    });
  }

  async run(cell) {
    const { phone } = this;
    const pbx = this.pbxs[cell.kind];
    const from = new Map();
    const mark = () => [phone, pbx].forEach((p) => from.set(p, p.events.length));
    const answers = () => phone.events.slice(from.get(phone)).filter((e) => e.type === 'CALL_REMOTE_SDP').length;
    const told = (type) => [phone, pbx].map((p) => p.events.slice(from.get(p)).some((e) => e.event && e.type === type));
    const over = () => told('CALL_CLOSED');
    await this.ring(cell, mark, told);
    try {
      const result = await this.happens(cell, pbx, told, answers);
      this.counts[result] = (this.counts[result] ?? 0) + 1;
    } finally {
      if (!over()[0]) await phone.hangup();
      await until(() => over().every(Boolean), 'both sides are told', GIVES_UP_MS).catch(async (e) => {
        await pbx.hangup();
        throw e;
      });
    }
  }

  // Somebody's connection to Redis may not be back yet since the last death: a
  // new call is refused then.
  async ring({ kind }, mark, told) {
    await until(async () => {
      mark();
      await this.phone.dial(`sip:${KINDS[kind].number}@localhost`);
      await until(() => told('CALL_INCOMING')[1] || told('CALL_CLOSED')[0], 'it rings, or is refused');
      return told('CALL_INCOMING')[1];
    }, 'it rings');
  }

  async happens({ process: victim, moment, expected }, pbx, told, answers) {
    const { phone } = this;
    let back = null;
    if (moment === 'rings') back = await this.kill(victim);
    await pbx.command('accept');
    if (moment !== 'rings') {
      await until(() => told('CALL_ESTABLISHED').every(Boolean), 'the call is up');
      await this.hear(pbx);
    }
    const holds = ['holds', 'asks again'].includes(moment);
    const before = answers();
    if (holds) await phone.command('hold');
    if (moment === 'holds') await until(() => answers() > before, 'it is on hold');
    if (moment === 'hangs up') await phone.hangup();
    // (while it is on hold baresip sends nothing that could be missed)
    const silences = victim === 'mediad worker' && moment === 'talks' ? [phone, pbx].map((p) => p.watch()) : [];
    let outcome;
    let all = [];
    try {
      back ??= await this.kill(victim);
      await back();
      outcome = await this.outcome(expected, () => told('CALL_CLOSED'), () => (holds ? this.resumes(pbx) : this.hear(pbx)));
    } finally {
      all = await Promise.all(silences.map((one) => one.stop()));
    }
    this.short(all);
    return outcome;
  }

  short(all) {
    this.silence = Math.max(this.silence, ...all);
    assert.ok(all.every((ms) => ms < SILENCE_MS), `silent for ${all} ms`);
  }

  async outcome(expected, over, listen) {
    let heard = null;
    listen().then(() => { heard = true; }, (e) => { heard = e; });
    await until(() => heard === true || over().every(Boolean), `a call that is ${expected}`, GIVES_UP_MS)
      .catch((e) => { throw new Error(`${e.message}; ${heard?.message ?? ''}; closed: ${over()}`); });
    const result = over().every(Boolean) ? 'over' : 'up';
    if (expected !== 'either') assert.equal(result, expected);
    return result;
  }
}

function assertSame(after, before) {
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  return same(after.ports, before.ports) && !after.left.length
    // workers of sigd keep a tunnel to each other and a connection to a PBX, once needed
    && Object.entries(after.descriptors).every(([name, n]) => n <= before.descriptors[name] + (name.startsWith('sigd') ? 4 : 0));
}
