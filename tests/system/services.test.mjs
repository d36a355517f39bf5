// What the media server does beside passing on: music on hold, announcements,
// ring-back, recordings and forks, by the real binaries; the disk is full, the
// worker dies. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { World } from './lib/pbx_world.mjs';
import { tone, writeWav } from './lib/pbx_sound.mjs';
import { Receiver, SECRET } from './lib/receiver.mjs';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

class Served extends World {
  yaml(tenant, i) {
    return `${super.yaml(tenant, i)}      - {name: closed, match: {from: desk, callee: "closed"}, to: {announcement: {sound: closed, code: 486}}}
      - {name: info, match: {from: desk, callee: "info"}, to: {announcement: {sound: closed, answer: true}}}
    failure: {sound: closed}
`;
  }
}

const ears = dgram.createSocket('udp4');
await new Promise((done) => { ears.bind(0, '127.0.0.1', done); });
const told = new Receiver();
await told.listen();
const suite = new Suite({ rtpPorts: 400, routing: () => world.routing(), sigd: `events:
  hooks:
    - {name: told, url: "http://127.0.0.1:${told.port}/", secret: ${SECRET}, types: [recording.ended, recording.lost, recording.paused, recording.resumed, leg.quiet, leg.heard]}
` });
const { stack } = suite;
const world = new Served(stack, { count: 20, keys: ', music: jazz, ringback: ring-de, record: always, fork: ears' });
const recordings = stack.file('rec');
stack.options.mediad = `sounds: {dir: sounds}
recording: {dir: rec, format: wav, min_free: 0}
consumers: {ears: {address: "127.0.0.1:${ears.address().port}", codec: PCMU}}
`;

const walk = (dir) => (fs.existsSync(dir) ? fs.readdirSync(dir, { withFileTypes: true }).flatMap((e) => (
  e.isDirectory() ? walk(path.join(dir, e.name)) : [path.join(dir, e.name)])) : []);
const recorded = (suffix = '.wav') => walk(recordings).filter((f) => f.endsWith(suffix));
const seconds = (file) => Number(execFileSync('soxi', ['-D', file]).toString());
// The strongest frequency of a channel, as sox finds it.
const frequency = (file, channel) => {
  const { stderr } = spawnSync('sox', [file, '-n', 'remix', `${channel}`, 'trim', '1', '1', 'stat'], { encoding: 'utf8' });
  return Number(/Rough\s+frequency:\s+(\d+)/.exec(stderr)?.[1]);
};

// Of the same second, of 1.
const loudest = (file, channel) => {
  const { stderr } = spawnSync('sox', [file, '-n', 'remix', `${channel}`, 'trim', '1', '1', 'stat'], { encoding: 'utf8' });
  return Number(/Maximum amplitude:\s+(\S+)/.exec(stderr)?.[1]);
};

async function connect(from, to, number = '100') {
  const out = await from.callWith(number, { rtp: { frequency: 1000 } });
  const into = await to.incoming();
  into.ring();
  await into.pickUp({ frequency: 440 });
  assert.equal((await out.final).code, 200);
  await Promise.all([out.rtp.hears(440), into.rtp.hears(1000)]);
  return [out, into];
}

// What the caller hears before there is an answer.
async function early(out) {
  const msg = await until(() => out.progress.find((m) => m.code === 183 && m.body), 'early media');
  out.rtp.remote(msg.body);
  return msg;
}

describe('services', { timeout: 240000 }, () => {
  let mounted = false;
  before(async () => {
    fs.mkdirSync(stack.file('sounds'));
    fs.mkdirSync(recordings);
    fs.writeFileSync(stack.file('sounds/jazz.wav'), writeWav(tone(700), 2));
    fs.writeFileSync(stack.file('sounds/closed.wav'), writeWav(tone(1200), 2));
    fs.writeFileSync(stack.file('sounds/broken.wav'), 'RIFF');
    mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', recordings]).status === 0;
    await world.open();
    world.challenge();
    await suite.start();
    await until(() => /sounds loaded/.test(stack.log('mediad.log')), 'the sounds are loaded');
    // a feed begins with what happens once it is there
    await until(async () => (await stack.redis.call('EXISTS', 'cb:{h:told}:places')) === 1, 'the feed');
  });
  afterEach(async () => {
    world.quiet();
    assert.deepEqual(world.faults(), []);
    await stack.audit();
  });
  after(async () => {
    if (mounted) spawnSync('umount', ['-l', recordings]);
    try {
      await suite.stop();
    } finally {
      world.close();
      ears.close();
      await told.close();
    }
  });

  test('a file that is none is told of, and the others play', () => {
    assert.match(stack.log('mediad.log'), /a sound cannot be used.*broken\.wav/);
    assert.match(stack.log('mediad.log'), /sounds loaded.*files=2 bad=1/);
  });

  test('who is on hold hears music, and the holder again after it', async () => {
    const t = world.tenant();
    const [out, into] = await connect(t.desk, t.pbx);
    for (let i = 0; i < 2; i++) {
      assert.equal((await out.hold()).code, 200);
      assert.equal(into.directions.at(-1), 'sendonly');
      await into.rtp.hears(700);
      assert.equal((await out.resume()).code, 200);
      await into.rtp.hears(1000);
    }
    assert.equal((await out.bye()).code, 200);
    await into.ended();
    assert.deepEqual(into.rtp.faults, []);
    assert.equal(into.rtp.ssrcs.size, 1);
  });

  test('an announcement is heard early, then the call is refused', async () => {
    const t = world.tenant();
    const out = await t.desk.callWith('closed');
    await early(out);
    await out.rtp.hears(1200);
    assert.equal((await out.final).code, 486);
  });

  test('an announcement that answers hangs up at its end', async () => {
    const t = world.tenant();
    const out = await t.desk.callWith('info');
    assert.equal((await out.final).code, 200);
    await out.rtp.hears(1200);
    await out.ended();
  });

  test('a caller hears that it rings, then who answers', async () => {
    const t = world.tenant();
    const out = await t.desk.callWith('100', { rtp: { frequency: 1000 } });
    const into = await t.pbx.incoming();
    into.ring();
    await early(out);
    await out.rtp.hears(425);
    await into.pickUp({ frequency: 440 });
    assert.equal((await out.final).code, 200);
    await Promise.all([out.rtp.hears(440), into.rtp.hears(1000)]);
    assert.equal((await out.bye()).code, 200);
    await into.ended();
    assert.deepEqual(out.rtp.faults, []);
  });

  test('a call is recorded: each side a channel; and a consumer hears both', async () => {
    const t = world.tenant();
    const before = new Set(recorded());
    const heard = new Map();
    ears.on('message', (data) => heard.set(data.readUInt32BE(8), (heard.get(data.readUInt32BE(8)) ?? 0) + 1));
    const begun = performance.now();
    const [out, into] = await connect(t.desk, t.pbx);
    await until(() => [...heard.values()].filter((n) => n > 100).length >= 2, 'the consumer hears both');
    await until(() => recorded('.part').length > 0, 'it is being recorded');
    assert.equal((await out.bye()).code, 200);
    await into.ended();
    const took = (performance.now() - begun) / 1000;
    const file = await until(() => recorded().find((f) => !before.has(f)), 'the file is there');
    assert.equal(fs.statSync(file).mode & 0o777, 0o640);
    const s = seconds(file);
    assert.ok(s > 2 && s <= took, `${s} of ${took} s`);
    assert.ok(Math.abs(frequency(file, 1) - 1000) < 20, `left ${frequency(file, 1)}`);
    assert.ok(Math.abs(frequency(file, 2) - 440) < 20, `right ${frequency(file, 2)}`);
    await until(async () => (await stack.redis.call('XRANGE', 'cb:facts', '-', '+'))
      .some(([, f]) => f.includes('recording.ended')), 'the fact');
  });

  test('who listens is told of a side that is silent, and of the recording at its end', async () => {
    const t = world.tenant();
    const [out, into] = await connect(t.desk, t.pbx);
    const of = (type) => told.of(type).filter((e) => e.tenant === t.domain.replace('.test', ''));
    into.rtp.sending = false;
    const [quiet] = await until(() => of('leg.quiet').length && of('leg.quiet'), 'leg.quiet', 15000);
    assert.equal(quiet.data.leg, 2);
    assert.match(quiet.data.text, /^no-packets/);
    into.rtp.sending = true;
    await until(() => of('leg.heard').length, 'leg.heard');
    assert.equal((await out.bye()).code, 200);
    await into.ended();
    const [ended] = await until(() => of('recording.ended').length && of('recording.ended'), 'recording.ended');
    assert.deepEqual(Object.keys(ended.data).sort(), ['call', 'media_worker', 'session', 'text']);
    const [, file, end, ms] = /^file=(\S+) end=(\S+) ms=(\d+) gap-ms=0$/.exec(ended.data.text) ?? [];
    assert.equal(end, 'whole');
    assert.ok(Math.abs(seconds(path.join(recordings, file)) * 1000 - ms) < 20, ended.data.text);
    assert.equal(of('recording.lost').length, 0);
    assert.equal(told.bad, 0, 'signatures');
  });

  test('a recording is paused for a card number, and stays so when the worker dies', async () => {
    const t = world.tenant();
    const before = new Set(recorded());
    const post = async (id, action) => {
      const res = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/calls/${id}/recording/${action}`,
        { method: 'POST', headers: { Authorization: 'Bearer token-of-the-tests' } });
      return [res.status, (await res.json()).recording];
    };
    const of = (type) => told.of(type).filter((e) => e.tenant === t.domain.replace('.test', ''));
    assert.deepEqual(await post('0123456789abcdef', 'pause'), [404, undefined]);
    const [out, into] = await connect(t.desk, t.pbx);
    const [key] = await until(async () => {
      const keys = await stack.redis.call('KEYS', 'cb:{c:?}:rec:*');
      return keys.length === 1 && keys;
    }, 'its record');
    const id = key.slice(-16);
    await until(() => recorded('.part').length > 0, 'it is being recorded');
    await sleep(1500);
    for (let i = 0; i < 2; i++) assert.deepEqual(await post(id, 'pause'), [200, 'paused']);
    await sleep(500);
    for (const pid of Object.values(stack.workers('mediad'))) process.kill(pid, 'SIGKILL');
    await until(() => recorded('-2.wav.part').length, 'the next part', 20000);
    await Promise.all([out.rtp.hears(440), into.rtp.hears(1000)]);
    await sleep(2500);
    assert.deepEqual(await post(id, 'resume'), [200, 'on']);
    assert.equal((await out.bye()).code, 200);
    await into.ended();
    const [, second] = await until(() => {
      const f = recorded().filter((x) => !before.has(x)).sort();
      return f.length === 2 && f;
    }, 'both parts');
    // one of silence: from second 1 to 2
    assert.equal(loudest(second, 1), 0);
    assert.equal(loudest(second, 2), 0);
    await until(() => of('recording.paused').length === 2 && of('recording.resumed').length === 1, 'it is told');
    assert.match(of('recording.resumed')[0].data.text, /^file=\S+-2\.wav\.part end=whole ms=\d+ /);
    assert.deepEqual(await post(id, 'resume'), [404, undefined]);
  });

  test('kill -9 of the worker: what was recorded is kept, and the next part goes on', async () => {
    const t = world.tenant();
    const before = new Set(recorded());
    const [out, into] = await connect(t.desk, t.pbx);
    await until(() => recorded('.part').length > 0, 'it is being recorded');
    await into.rtp.hears(1000);
    for (const pid of Object.values(stack.workers('mediad'))) process.kill(pid, 'SIGKILL');
    await until(() => recorded('-1.wav.part').length === 0 && recorded('-2.wav.part').length, 'the next part', 20000);
    await Promise.all([out.rtp.hears(440), into.rtp.hears(1000)]);
    assert.equal((await out.bye()).code, 200);
    await into.ended();
    const parts = await until(() => {
      const f = recorded().filter((x) => !before.has(x)).sort();
      return f.length === 2 && f;
    }, 'both parts');
    for (const file of parts) assert.ok(seconds(file) > 0.5, `${file}: ${seconds(file)} s`);
    await until(async () => (await stack.redis.call('XRANGE', 'cb:facts', '-', '+'))
      .some(([, f]) => f.includes('recording.ended') && f.some((v) => v.includes(`${path.basename(parts[0])} end=cut`))), 'the fact of the first');
  });

  test('the disk is full: the call does not notice, an event says so', async (ctx) => {
    if (!mounted) {
      ctx.skip('no tmpfs could be mounted');
      return;
    }
    const t = world.tenant();
    for (const file of walk(recordings)) fs.rmSync(file);
    fs.writeFileSync(path.join(recordings, 'filler'), Buffer.alloc(3 * 1024 * 1024 - 200000));
    const [out, into] = await connect(t.desk, t.pbx);
    await until(async () => (await stack.redis.call('XRANGE', 'cb:facts', '-', '+'))
      .some(([, f]) => f.includes('recording.lost') && f.some((v) => /disk-full/.test(v))), 'the event', 20000);
    into.rtp.watch();
    await Promise.all([out.rtp.hears(440), into.rtp.hears(1000)]);
    assert.ok(into.rtp.watch() < 1000);
    assert.equal((await out.bye()).code, 200);
    await into.ended();
    assert.deepEqual(into.rtp.faults, []);
    fs.rmSync(path.join(recordings, 'filler'));
  });
});
