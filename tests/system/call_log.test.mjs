// Logs of calls have a size: the oldest give way, whoever dies, and the newest
// is whole; and there may be none. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const SHARDS = [...'0123456789abcdef'];
const SIZE = 512 * 1024;

const api = (suite) => (path) => fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}/${path}`,
  { headers: { Authorization: 'Bearer token-of-the-tests' } });

// To a service; some may be refused, as long as who died is still believed to be
// there.
async function tries(suite, n) {
  const tenant = suite.tenant();
  const up = [];
  for (let i = 0; i < n; i++) {
    const alice = await tenant.ua('alice', { transport: 'ws' });
    const out = alice.call('echo');
    const { code, callid } = await out.final;
    if (code === 200) {
      await out.bye();
      up.push(callid);
    }
    alice.close();
  }
  return up;
}

describe('logs of calls with a size', { timeout: 480000 }, () => {
  const suite = new Suite({ rtpPorts: 400, sigd: `call_log: {keep: 1h, size: ${SIZE}}\n`, mediad: 'call_log: {keep: 1h}\n' });
  const get = api(suite);
  const ask = (...words) => suite.stack.redis.call(...words);
  before(() => suite.start());
  afterEach(() => suite.hangUp());
  after(() => suite.stop());

  // What stands in Redis, which is what was counted.
  async function stored() {
    let all = 0;
    for (const x of SHARDS) {
      const stem = `cb:{c:${x}}:`;
      const flat = await ask('HGETALL', `${stem}log:sizes`);
      const sizes = new Map();
      for (let i = 0; i < flat.length; i += 2) sizes.set(flat[i], Number(flat[i + 1]));
      const total = sizes.get('total') ?? 0;
      sizes.delete('total');
      assert.equal([...sizes.values()].reduce((sum, n) => sum + n, 0), total, `the sum of shard ${x}`);
      const listed = [...await ask('ZRANGE', `${stem}log:order`, 0, -1), ...await ask('ZRANGE', `${stem}log:brief`, 0, -1)].sort();
      const found = (await ask('KEYS', `${stem}log:????????????????`)).map((key) => key.slice(-16)).sort();
      assert.deepEqual(found, listed, `the logs of shard ${x}`);
      assert.deepEqual([...sizes.keys()].filter((id) => !id.startsWith('w')).sort(), listed, `the sizes of shard ${x}`);
      const whys = (await ask('KEYS', `${stem}why:*`)).map((key) => `w${key.slice(-16)}`).sort();
      assert.deepEqual([...sizes.keys()].filter((id) => id.startsWith('w')).sort(), whys, `the decisions of shard ${x}`);
      for (const what of ['order', 'brief', 'sizes', ...found]) {
        assert.notEqual(await ask('TTL', `${stem}log:${what}`), -1, `${what} ends`);
      }
      for (const id of listed) {
        const real = await ask('MEMORY', 'USAGE', `${stem}log:${id}`);
        assert.ok(Math.abs(sizes.get(id) - 300 - real) < 600, `${id}: ${sizes.get(id)} of ${real}`);
      }
      all += total;
    }
    return all;
  }

  async function timeline(callid) {
    const res = await get(`v1/calls/${encodeURIComponent(callid)}/timeline`);
    return res.status === 200 ? res.json() : null;
  }

  const ended = (callid) => until(async () => {
    const tl = await timeline(callid);
    return tl?.verdict.code !== 'in-progress' && ['call.ended', 'leg.ended'].every((what) => tl?.items.some(({ kind }) => kind === what)) && tl;
  }, 'the timeline of the newest');

  test('the oldest give way, and the newest is whole', async () => {
    const ids = await suite.calls(130);
    const newest = await ended(ids.at(-1));
    assert.equal(newest.log, 'kept');
    assert.equal(newest.cut.begin, false);
    const kinds = newest.items.filter(({ what }) => what === 'log').map(({ kind }) => kind);
    for (const kind of ['call.begun', 'sdp.offer', 'sdp.agreed', 'call.up', 'call.ended', 'leg.ended']) assert.ok(kinds.includes(kind), `${kind}: ${kinds}`);
    assert.match(newest.decision, /by number|bob/);
    // each shard has a size of its own: one may have got few of all calls
    const first = await Promise.all(ids.slice(0, 16).map(timeline));
    const oldest = first.find(({ log }) => log === 'gone');
    assert.ok(oldest, 'of the first ones some gave way');
    assert.equal(oldest.verdict.code, 'unknown');
    assert.ok(oldest.items.length && oldest.items.every(({ what }) => what === 'sip'), 'SIP is kept for itself');
    const bytes = await stored();
    assert.ok(bytes > SIZE / 3 && bytes <= SIZE * 1.1, `${bytes} bytes`);
    const metrics = await until(async () => {
      const text = await (await get('metrics')).text();
      return /^cordboard_sig_call_logs_gone_total\S* [1-9]/m.test(text) && text;
    }, 'how many gave way', 8000);
    const [, told] = metrics.match(/^cordboard_cluster_call_log_bytes (\d+)$/m);
    assert.ok(Math.abs(told - bytes) < 4096, `${told} of ${bytes} bytes`);
  });

  test('what was counted is what is there, whoever was killed', async () => {
    const { stack } = suite;
    for (const [daemon, slot] of [['sigd', 1], ['mediad', 1], ['sigd', 2], ['mediad', 2]]) {
      await tries(suite, 4);
      // what it has said before it died stands for seconds
      const life = () => ask('HGET', daemon === 'sigd' ? `cb:{n:s1/${slot}}:figures:sigd` : `cb:{n:m1/${slot}}:media`, 'epoch');
      const was = await life();
      process.kill(stack.children(daemon)[slot], 'SIGKILL');
      await until(async () => ![was, null].includes(await life()), `${daemon} ${slot} is back`);
    }
    await until(async () => (await tries(suite, 4)).length === 4, 'calls as before');
    const last = (await tries(suite, 40)).at(-1);
    assert.equal((await ended(last)).log, 'kept');
    assert.ok(await stored() <= SIZE * 1.1);
  });
});

describe('no logs of calls', { timeout: 240000 }, () => {
  const suite = new Suite({ sigd: 'call_log: {keep: 0s}\n', mediad: 'call_log: {keep: 0s}\n' });
  const get = api(suite);
  before(() => suite.start());
  afterEach(() => suite.hangUp());
  after(() => suite.stop());

  test('a timeline is made of the record and of SIP, and says so', async () => {
    const tenant = suite.tenant();
    const alice = await tenant.phone('alice', { transport: 'ws' });
    const bob = await tenant.phone('bob', { transport: 'udp' });
    const out = alice.call('bob');
    const into = await bob.incoming();
    into.answer();
    const { callid } = await out.final;
    await into.up();
    const path = `v1/calls/${encodeURIComponent(callid)}/timeline`;
    const live = await until(async () => {
      const res = await get(path);
      const tl = res.status === 200 ? await res.json() : null;
      return tl?.state === 'up' && tl.items.length && tl;
    }, 'the timeline');
    assert.equal(live.log, 'off');
    assert.equal(live.verdict.code, 'unknown');
    assert.match(live.verdict.sentence, /Logs of calls are not kept \(`call_log` in sigd\.yaml\)/);
    assert.equal(live.tenant, tenant.domain.replace('.test', ''));
    assert.equal(live.caller, 'alice');
    assert.equal(live.callee, 'bob');
    assert.ok(live.began && live.answered && !live.ended && live.decision);
    assert.ok(live.items.every(({ what }) => what === 'sip'));
    await out.bye();
    await until(async () => (await suite.stack.redis.call('KEYS', 'cb:{c:?}:rec:*')).length === 0, 'its end');
    const over = await (await get(path)).json();
    assert.equal(over.state, 'ended');
    assert.equal(over.log, 'off');
    const gone = await get(`v1/calls/${live.id}/timeline`);
    assert.equal(gone.status, 404);
    assert.match((await gone.json()).detail, /logs of calls are not kept/);
    assert.deepEqual(await suite.stack.redis.call('KEYS', 'cb:{c:?}:log:*'), []);
    assert.deepEqual(await suite.stack.redis.call('KEYS', 'cb:{c:?}:why:*'), []);
  });
});
