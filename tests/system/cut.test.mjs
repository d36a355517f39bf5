// A node of mediad that is cut off from Redis, from the telephones, or from
// both, and works on: in a network of its own, with a cable to each. Its calls
// go on somewhere, or end on both sides; when it is back it has none of them,
// and nobody hears two of it. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pbx } from './lib/pbx.mjs';
import { B, Stack, freeUdp, sleep, until } from './lib/stack.mjs';

if (!process.env.CORDBOARD_NETNS) {
  const again = spawnSync(fileURLToPath(new URL('../browser/netns.sh', import.meta.url)),
    [process.execPath, ...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit', env: process.env });
  process.exit(again.status ?? 1);
}

const LIMIT_MS = 10000; // to audio, or to both BYEs
const TAIL_MS = 1000; // both sides do not change over in the same moment
const SHORT_MS = 3000;
const REDIS = { address: '10.9.1.1', port: 6390 };
const HERE = '10.9.2.1';
const THERE = '10.9.2.2';
const CABLES = { redis: 1, media: 2 };

const ip = (...args) => execFileSync('ip', args, { stdio: 'inherit' });

// A network that has one process, and a bridge for each of its cables: what is
// taken out of its bridge sends on, and nobody hears it.
class Box {
  async open() {
    this.holder = spawn('unshare', ['-n', 'sleep', '600'], { stdio: 'ignore' });
    const { pid } = this.holder;
    const inside = (...args) => execFileSync('nsenter', ['-t', String(pid), '-n', 'ip', ...args], { stdio: 'pipe' });
    await until(() => spawnSync('nsenter', ['-t', String(pid), '-n', 'sh', '-c', '! ip link show web0'],
      { stdio: 'ignore' }).status === 0, 'it has its own network');
    inside('link', 'set', 'lo', 'up');
    for (const [name, n] of Object.entries(CABLES)) {
      ip('link', 'add', `br${n}`, 'type', 'bridge');
      ip('addr', 'add', `10.9.${n}.1/24`, 'dev', `br${n}`);
      ip('link', 'set', `br${n}`, 'up');
      ip('link', 'add', `out${n}`, 'type', 'veth', 'peer', 'name', `in${n}`, 'netns', String(pid));
      ip('link', 'set', `out${n}`, 'up');
      inside('addr', 'add', `10.9.${n}.2/24`, 'dev', `in${n}`);
      inside('link', 'set', `in${n}`, 'up');
      this.mend(name);
    }
    return this;
  }

  command(...args) { return ['nsenter', ['-t', String(this.holder.pid), '-n', ...args]]; }

  cut(name) { ip('link', 'set', `out${CABLES[name]}`, 'nomaster'); }

  mend(name) { ip('link', 'set', `out${CABLES[name]}`, 'master', `br${CABLES[name]}`); }

  close() { this.holder.kill(); }
}

describe('a media node is cut off', { timeout: 600000 }, () => {
  const stack = new Stack({ rtpPorts: 100, mediad: 'limits: {media_timeout: 5s, grace: 500ms}\n', routing: `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    users:
      a: {password: a-secret}
      b: {password: b-secret}
      c: {password: c-secret}
    routes:
      - {name: echo, match: {callee: "echo"}, to: {service: echo}}
` });
  const phones = {};
  let box = null;
  let admin2 = 0;

  before(async () => {
    box = await new Box().open();
    await stack.startRedis(REDIS);
    await stack.write();
    await stack.writeMediad('mediad', 'm1', stack.mediadAdmin, { media: THERE, redis: REDIS });
    admin2 = await freeUdp(1);
    await stack.writeMediad('mediad2', 'm2', admin2, { media: HERE });
    stack.run('mediad', ...box.command(path.join(B, 'mediad'), '-c', stack.file('mediad.yaml')));
    await beats('m1');
    stack.startSigd();
    await stack.ready(stack.sigdAdmin, 'sigd');
    for (const [user, frequency] of [['a', 440], ['b', 1000], ['c', 700]]) {
      phones[user] = await Pbx.open(stack, { user, password: `${user}-secret`, rtp: { address: HERE, frequency } });
      assert.equal((await phones[user].register()).code, 200);
    }
  });
  after(async () => {
    for (const phone of Object.values(phones)) phone.vanish();
    await stack.stop();
    box?.close();
  });

  const beats = (node) => until(async () => (await stack.redis.call('KEYS', `cb:{n:${node}/*}:media`)).length === 2,
    `${node} is there`);
  const places = async () => {
    const keys = await stack.redis.call('KEYS', 'cb:{c:?}:rec:*');
    return Promise.all(keys.map((key) => stack.redis.call('HGET', key, 'media')));
  };

  // What a telephone hears, by who says it. The former one keeps its ports open by empty datagrams (with
  // each report in which it sent nothing) until it has read what it has lost: they are not heard.
  function listen(rtp) {
    rtp.from = { [HERE]: 0, [THERE]: 0, last: {} };
    rtp.socket.on('message', (data, { address }) => {
      if (!data.length) return;
      rtp.from[address]++;
      rtp.from.first ??= address === HERE ? Date.now() : undefined;
      rtp.from.last[address] = Date.now();
    });
  }

  async function callUp() {
    const { a, b, c } = phones;
    const out = await a.callWith('b');
    const into = await b.incoming();
    await into.pickUp();
    assert.equal((await out.final).code, 200);
    const echo = await c.callWith('echo');
    assert.equal((await echo.final).code, 200);
    const calls = [[out, 1000], [into, 440], [echo, 700]];
    await Promise.all(calls.map(([call, hz]) => call.rtp.hears(hz)));
    for (const [call] of calls) listen(call.rtp);
    assert.ok((await places()).every((media) => media.startsWith('m1/')), String(await places()));
    return calls;
  }

  const heard = (calls) => Promise.all(calls.map(([call, hz]) => call.rtp.hears(hz)));
  const ended = (calls) => Promise.all(calls.map(([call]) => call.ended()));

  // Each side hears one of them, for a whole second, before the limit; and from
  // when that one spoke, the other one soon said no more. A call that moves only
  // when Redis is back is still heard by the former way when this begins.
  async function one(calls, begin = Date.now()) {
    for (;;) {
      const before = calls.map(([call]) => ({ ...call.rtp.from }));
      await sleep(1000);
      const said = calls.map(([call], i) => [HERE, THERE].map((who) => call.rtp.from[who] - before[i][who]));
      if (said.every(([here, there]) => Math.max(here, there) > 20 && Math.min(here, there) === 0)) break;
      assert.ok(Date.now() - begin < LIMIT_MS, `packets of one and the other: ${JSON.stringify(said)}`);
    }
    for (const [{ rtp: { from } }] of calls) {
      if (from.first) assert.ok((from.last[THERE] ?? 0) < from.first + TAIL_MS, 'the former one has said no more');
    }
  }

  // Whatever a cell has left, so that the next one does not fail for it.
  async function clear(calls, cables) {
    for (const cable of cables) box.mend(cable);
    for (const [call] of calls) if (!call.over) call.bye().catch(() => {});
    const second = stack.procs.get('mediad2');
    second?.kill('SIGTERM');
    await second?.exited;
    await until(async () => (await places()).length === 0, 'no call is left', 30000).catch(() => {});
    await beats('m1').catch(() => {});
  }

  // name, what is cut, for how long (0: until all is settled), what becomes of the calls
  const cells = [
    ['from Redis for 3 s', ['redis'], SHORT_MS, 'either'],
    ['from Redis for good', ['redis'], 0, 'moved'],
    ['from the far ends for 3 s', ['media'], SHORT_MS, 'stay'],
    ['from the far ends for good', ['media'], 0, 'ended'],
    ['from all for 3 s', ['redis', 'media'], SHORT_MS, 'either'],
    ['from all for good', ['redis', 'media'], 0, 'moved'],
  ];

  for (const [name, cables, forMs, becomes] of cells) {
    test(`${name}: ${becomes}`, async (t) => {
      const calls = await callUp();
      let good = false;
      t.after(() => (good ? undefined : clear(calls, cables)));
      stack.startMediad(undefined, 'mediad2');
      await stack.ready(admin2, 'mediad2');
      await beats('m2');
      await sleep(1100); // both sigd workers have seen it

      const begin = Date.now();
      for (const cable of cables) box.cut(cable);
      if (forMs) {
        await sleep(forMs);
        for (const cable of cables) box.mend(cable);
      }
      if (becomes === 'moved') {
        await until(async () => (await places()).every((media) => media.startsWith('m2/')), 'the calls move');
      }
      await (becomes === 'ended' ? ended(calls) : heard(calls));
      const ms = Date.now() - begin;
      t.diagnostic(`${name}: ${becomes === 'ended' ? 'both sides told' : 'heard again'} after ${ms} ms`);
      assert.ok(ms < LIMIT_MS, `${ms} ms`);
      if (becomes !== 'ended') await one(calls, begin);

      // back, and fenced
      for (const cable of cables) box.mend(cable);
      await beats('m1');
      if (becomes !== 'ended') {
        await sleep(1500); // a heartbeat, at which it reads what it has lost
        await one(calls);
        await heard(calls);
        if (becomes === 'stay') assert.ok((await places()).every((media) => media.startsWith('m1/')));
        for (const call of [calls[0][0], calls[2][0]]) assert.equal((await call.bye()).code, 200);
      }
      await stack.audit(20000);
      stack.procs.get('mediad2').kill('SIGTERM');
      assert.equal(await stack.procs.get('mediad2').exited, 0);
      good = true;
    });
  }
});
