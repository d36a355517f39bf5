// Strangers in another network, some in the name of who is called, at calls of real browsers
// and telephones, while they live and while they begin. SPDX-License-Identifier: MIT
// ALONE: it takes the whole machine, or counts on it.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Suite } from './lib.mjs';
import { Baresip } from '../system/lib/pbx_baresip.mjs';
import { strongest } from '../system/lib/pbx_sound.mjs';
import { sleep, until } from '../system/lib/stack.mjs';

if (!process.env.CORDBOARD_NETNS) {
  const again = spawnSync(fileURLToPath(new URL('netns.sh', import.meta.url)),
    [process.execPath, ...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit', env: process.env });
  process.exit(again.status ?? 1);
}

const MEDIA = '198.51.100.1';
const PBX = '198.51.100.9';
const PAGE = '192.0.2.1'; // netns.sh
const STRANGER = '203.0.113.66';
const SHOTS = 100000;
const CALLS = 50;
const TONE = 440;

const ip = (...args) => execFileSync('ip', args, { stdio: 'inherit' });

class Attacker {
  constructor() {
    this.waiting = new Map();
    this.id = 0;
  }

  async start() {
    this.child = spawn('unshare', ['-n', process.execPath, fileURLToPath(new URL('attacker.mjs', import.meta.url))],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const { id, answer, failure } = JSON.parse(line);
      const { done, fail } = this.waiting.get(id);
      if (failure) fail(new Error(failure));
      else done(answer);
    });
    ip('link', 'add', 'atk0', 'type', 'veth', 'peer', 'name', 'atk1');
    ip('addr', 'add', '203.0.113.65/26', 'dev', 'atk0');
    ip('link', 'set', 'atk0', 'up');
    // who sends from our own addresses is dropped by Linux otherwise
    for (const card of ['all', 'atk0']) {
      fs.writeFileSync(`/proc/sys/net/ipv4/conf/${card}/accept_local`, '1');
      fs.writeFileSync(`/proc/sys/net/ipv4/conf/${card}/rp_filter`, '0');
    }
    ip('route', 'add', '100.64.0.0/10', 'dev', 'atk0');
    const begun = this.order({ what: 'begin', address: `${STRANGER}/26`, via: '203.0.113.65' });
    // it must be in its own network before the card is given to it
    await until(() => fs.readlinkSync(`/proc/${this.child.pid}/ns/net`) !== fs.readlinkSync('/proc/self/ns/net'), 'a network of its own');
    ip('link', 'set', 'atk1', 'netns', String(this.child.pid));
    await begun;
  }

  order(what) {
    const id = ++this.id;
    this.child.stdin.write(`${JSON.stringify({ id, ...what })}\n`);
    return new Promise((done, fail) => { this.waiting.set(id, { done, fail }); });
  }

  shoot(what) { return this.order({ what: 'shoot', ...what }); }

  stop() { this.child?.kill('SIGKILL'); }
}

describe('strangers in another network', { timeout: 840000 }, () => {
  const suite = new Suite();
  const attacker = new Attacker();
  const pbxs = {};

  before(async () => {
    ip('addr', 'add', `${MEDIA}/32`, 'dev', 'lo');
    ip('addr', 'add', `${PBX}/32`, 'dev', 'lo');
    // baresip binds no address: let it have its own
    ip('route', 'replace', 'local', MEDIA, 'dev', 'lo', 'table', 'local', 'src', PBX);
    await attacker.start();
    await suite.start({
      mediaAddress: MEDIA,
      rtpPorts: 200,
      mediadWorkers: 1,
      routing: async (stack) => {
        pbxs.rtp ??= await new Baresip(stack, { frequency: TONE, user: '100', address: PBX }).start();
        pbxs.sdes ??= await new Baresip(stack, { frequency: TONE, user: '110', address: PBX, secure: 'srtp-mand' }).start();
        pbxs.dtls ??= await new Baresip(stack, { frequency: TONE, user: '120', address: PBX, secure: 'dtls_srtp', mux: true }).start();
        pbxs.late ??= await new Baresip(stack, { frequency: TONE, user: '130', address: PBX, secure: 'dtls_srtp', mux: true, answer: 'manual' }).start();
        return `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    users:
      alice: {password: alice-secret}
    connections:
${Object.entries(pbxs).map(([media, { port }]) => `      ${media}: {kind: trunk, address: "${PBX}:${port}", media: ${media === 'late' ? 'dtls' : media}, probe: 0s${media === 'sdes' ? ', sdes: {in_clear: true}' : ''}}`).join('\n')}
    routes:
      - {name: echo, match: {callee: echo}, to: {service: echo}}
${Object.entries(pbxs).map(([media, { user }]) => `      - {name: ${media}, match: {callee: "${user}"}, to: {connection: ${media}}}`).join('\n')}
`;
      },
    });
  });
  after(async () => {
    attacker.stop();
    for (const pbx of Object.values(pbxs)) await pbx.stop();
    await suite.stop();
  });

  const worker = () => Object.values(suite.stack.workers('mediad'))[0];
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${worker()}/status`, 'utf8'))[1]);

  // Of all UDP: {address, port, farAddress, far}
  function sockets() {
    const quad = (hex) => hex.match(/../g).reverse().map((byte) => parseInt(byte, 16)).join('.');
    return fs.readFileSync('/proc/self/net/udp', 'utf8').split('\n').slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields.length > 3)
      .map(([, local, far]) => ({ address: quad(local.slice(0, 8)), port: parseInt(local.slice(9), 16),
        farAddress: quad(far.slice(0, 8)), far: parseInt(far.slice(9), 16) }));
  }

  // mediad's ports that are connected to the telephone
  const ports = () => sockets().filter((one) => one.address === MEDIA && one.farAddress === PBX);

  // Up. A machine that is busy otherwise may say 503 at first: then it is asked again, as RFC 3261,
  // 21.5.4 has it.
  // A moment that is late refuses all that are begun in it: it counts once.
  let refused = 0;
  let late = 0;
  let again = 0; // calls that were not taken at the first try
  async function begun(phone, target) {
    for (let i = 0; ; i++) {
      const call = await phone.call(target, 1000);
      const { final } = await until(async () => {
        const state = await phone.state(call);
        return (state.up || state.final !== null) && state;
      }, 'an answer');
      if (final === null) return call;
      if (final !== 503 || i === 10) throw new Error(`${target}: ${final}`);
      if (i === 0) ++again;
      if (Date.now() - late > 1000) ++refused;
      late = Date.now();
      await sleep(1000);
    }
  }

  // It rings, asked again as begun() does.
  async function rung(phone, pbx) {
    for (let i = 0; ; i++) {
      const call = await phone.call(pbx.user, 1000);
      const { final } = await until(async () => (pbx.take('CALL_INCOMING') ? { final: null }
        : phone.state(call).then((state) => state.final !== null && state)), 'it rings');
      if (final === null) return call;
      if (final !== 503 || i === 10) throw new Error(`${pbx.user}: ${final}`);
      await sleep(1000);
    }
  }

  // What the telephone has heard since: in how many of a hundred pieces it is not the page's tone.
  function impure(pbx, since) {
    const { samples, rate } = pbx.heard();
    const piece = rate / 20;
    let [all, bad] = [0, 0];
    for (let at = since; at + piece <= samples.length; at += piece) {
      ++all;
      bad += Math.abs(strongest(samples.slice(at, at + piece), rate).frequency - 1000) > 30;
    }
    assert.ok(all > 50, `${all} pieces`);
    return (bad * 100) / all;
  }

  // What the page hears until stop(), several times a second: looks in which a sound is not the
  // telephone's, and those in which there is little of any.
  function listening(phone, call) {
    const state = { looks: 0, quiet: 0, strange: [], on: true };
    state.done = (async () => {
      while (state.on) {
        const heard = await phone.page.evaluate((i) => window.phone.hear(i), call);
        ++state.looks;
        if (!heard || heard.level < -40) ++state.quiet;
        else if (Math.abs(heard.frequency - TONE) > 10) state.strange.push(heard);
        await sleep(100);
      }
    })();
    state.done.catch(() => {}); // told by stop()
    return { stop: async () => { state.on = false; await state.done; return state; } };
  }

  // What the page is told of what mediad lost of it, by a report that came after this moment.
  const told = (phone, call, since) => until(async () => {
    const stats = await phone.stats(call);
    return stats.farReport > since && stats;
  }, 'a report about the page', 20000);

  // 100,000 packets in the middle of a call.
  async function attacked(t, media) {
    const pbx = pbxs[media];
    const phone = await suite.phone('jssip', 'alice');
    const call = await begun(phone, pbx.user);
    await Promise.all([phone.hears(call, TONE), pbx.hears(1000)]);
    const legs = await until(() => ports().length && ports(), 'the telephone has its ports');
    const before = await told(phone, call, 0);
    const since = pbx.heard().samples.length;
    const rss = memory();
    // with keys nobody's word counts but the peer's, whose address they have, too
    const from = [{ address: STRANGER }, { address: PBX }, { address: PAGE, port: before.port }];
    if (media !== 'rtp') from.push({ address: PBX, port: legs[0].far });
    const to = [...legs, { address: MEDIA, port: before.farPort }];
    const ear = listening(phone, call);
    const done = await attacker.shoot({ from, to, count: SHOTS, ufrag: before.farUfrag,
      kinds: ['rtp', 'srtp', 'bye', 'check', 'hello', 'alert', 'junk'] });
    const now = await phone.stats(call);
    const { looks, quiet, strange } = await ear.stop();
    const { sent, farLost } = await told(phone, call, now.farReport);
    t.diagnostic(`${media}: ${done.sent} packets in ${done.ms} ms, ${done.got} came back; page lost ${now.lost - before.lost} of ${now.received - before.received}, the other way ${farLost - before.farLost} of ${sent - before.sent}; the page listened ${looks} times, ${quiet} of them to little; memory ${memory() - rss} kB`);
    assert.ok(done.sent >= SHOTS * 0.99);
    // who names the call is refused ten times a second, and nobody else is
    assert.equal(done.other, 0, 'nothing is told to a stranger');
    assert.ok(done.got <= done.ms / 100 + 10, `${done.got} refusals`);
    assert.ok(done.bytesIn < done.bytesOut / 100);
    // (how often baresip sends is its own matter; what is lost on the way stands below)
    assert.ok(now.received - before.received > done.ms / 20 * 0.7, 'the page went on hearing');
    assert.ok(now.lost - before.lost <= (now.received - before.received) * 0.01);
    assert.ok(farLost - before.farLost <= (sent - before.sent) * 0.01);
    // (a busy machine makes up some of it, but not half)
    assert.ok(looks >= 5 && quiet <= looks / 2, `little in ${quiet} of ${looks} looks`);
    assert.deepEqual(strange, [], 'the page heard the telephone alone');
    await Promise.all([phone.hears(call, TONE), pbx.hears(1000)]);
    const bad = impure(pbx, since);
    assert.ok(bad <= 1, `${bad} % of what the telephone heard is not the page's`);
    assert.ok(memory() - rss < 4096, 'memory');
    await phone.hangup(call);
    await pbx.event('CALL_CLOSED');
    await phone.close();
    await suite.stack.audit();
  }

  for (const media of ['rtp', 'sdes', 'dtls']) {
    test(`100,000 packets change nothing in a call (${media})`, (t) => attacked(t, media));
  }

  test('50 of 50 calls begin in a flood of ClientHellos and checks', async (t) => {
    const phone = await suite.phone('jssip', 'alice');
    const first = await begun(phone, 'echo');
    await phone.hears(first, 1000);
    const { farPort, farUfrag } = await phone.stats(first);
    const rss = memory();
    const was = { refused, again };
    // half of them at the port of all browsers, half over the whole range of the others
    const [low, high] = suite.stack.rtpRange;
    const range = Array.from({ length: high - low + 1 }, (_, i) => low + i);
    const flood = attacker.shoot({ from: [{ address: STRANGER }, { address: PAGE }],
      to: range.flatMap((port) => [{ address: MEDIA, port: farPort }, { address: MEDIA, port }]),
      kinds: ['hello', 'check', 'hello', 'alert', 'srtp'], rate: 5000, ufrag: farUfrag });
    let heard = 0;
    for (let i = 0; i < CALLS; i += 5) {
      await Promise.all([['echo', 1000], [pbxs.dtls.user, TONE], ['echo', 1000], [pbxs.sdes.user, TONE], ['echo', 1000]].map(async ([to, hz]) => {
        const call = await begun(phone, to);
        await phone.hears(call, hz);
        ++heard;
        await phone.hangup(call);
      }));
    }
    await attacker.order({ what: 'stop' });
    const done = await flood;
    t.diagnostic(`${heard} calls heard, ${CALLS - (again - was.again)} of them begun at the first try (503 in ${refused - was.refused} moments) under ${done.sent} packets in ${done.ms} ms; memory ${memory() - rss} kB`);
    assert.equal(heard, CALLS);
    assert.ok(refused - was.refused <= 3, `503 in ${refused - was.refused} moments`);
    await phone.hears(first, 1000);
    await phone.hangup(first);
    await phone.close();
    await suite.stack.audit();
  });

  // Its port and ours are known while it rings: what is shot then comes before, within and after
  // its handshake.
  test('DTLS calls begin while hellos and alerts come in the name of who is called', async (t) => {
    const pbx = pbxs.late;
    const phone = await suite.phone('jssip', 'alice');
    for (let i = 0; i < 5; i++) {
      const call = await rung(phone, pbx);
      const its = await until(() => {
        const found = sockets().filter(({ port }) => port >= pbx.rtp && port < pbx.rtp + 20 && port % 2 === 0);
        return found.length && found;
      }, 'it has a port');
      const ours = sockets().filter(({ address, port, far }) => address === MEDIA && port % 2 === 0 && (far === 0 || far === its[0]?.port));
      assert.ok(its.length === 1 && ours.length >= 1, `${its.length} of its ports, ${ours.length} of ours`);
      const begin = Date.now();
      const shots = attacker.shoot({ from: [{ address: PBX, port: its[0].port }], to: ours.map(({ address, port }) => ({ address, port })),
        kinds: ['alert', 'hello'], rate: 200 * ours.length });
      await sleep(30); // it has begun
      await pbx.command('accept');
      await phone.up(call);
      await Promise.all([phone.hears(call, TONE), pbx.hears(1000)]);
      await attacker.order({ what: 'stop' }); // not before: it is shot at as long as the handshake takes
      const done = await shots;
      t.diagnostic(`${done.sent} shots at ${ours.length} ports; heard after ${Date.now() - begin} ms`);
      assert.ok(done.sent >= 14 * ours.length);
      await phone.hangup(call);
      await pbx.event('CALL_CLOSED');
    }
    await phone.close();
    await suite.stack.audit();
  });

  test('floods without a password cost little and are answered with less than they sent', async (t) => {
    const phone = await suite.phone('jssip', 'alice');
    const call = await begun(phone, 'echo');
    await phone.hears(call, 1000);
    const { farPort, farUfrag } = await phone.stats(call);
    const rss = memory();
    for (const [name, kinds] of [['checks', ['check']], ['hellos', ['hello']], ['junk', ['junk', 'rtp', 'bye']]]) {
      const done = await attacker.shoot({ from: Array.from({ length: 20 }, (_, i) => ({ address: `100.64.0.${i + 1}` })),
        to: [{ address: MEDIA, port: farPort }], kinds, count: 30000, ufrag: farUfrag });
      t.diagnostic(`${name}: ${done.bytesOut} bytes sent, ${done.bytesIn} came back; memory ${memory() - rss} kB`);
      assert.ok(done.bytesIn <= done.bytesOut);
    }
    assert.ok(memory() - rss < 4096, 'memory');
    const before = await phone.stats(call);
    await sleep(1000);
    await phone.hears(call, 1000);
    const now = await phone.stats(call);
    assert.ok(now.received > before.received);
    await phone.hangup(call);
    await phone.close();
    await suite.stack.audit();
  });
});
