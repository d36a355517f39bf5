// Carriers that are SIPp: one that refuses, one that rings and rings, one that
// vanishes and comes back; and how many calls one has at once, in three workers
// that may die.
// SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Sipp } from './lib/sipp.mjs';
import { freeUdp, sleep, until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const WORKERS = 3;
const SOURCES = 8; // addresses of the PBX that calls: they go to all workers
const PLACES = 7;
const RING_MS = 1000;
const SILENT_MS = 300;
const SLACK_MS = 900; // of a machine that does other things, too

const routing = ({ a, b }) => `tenants:
  demo:
    domains: [t.test]
    realm: cordboard
    connections:
      pbx: {kind: trunk, address: 192.0.2.9, sources: [127.1.0.0/16], probe: 0s}
      a: {kind: trunk, address: '127.0.0.1:${a}', probe: 250ms, probe_down: 1, answer_within: ${SILENT_MS}ms, breaker: {failures: 0, percent: 0}}
      b: {kind: trunk, address: '127.0.0.1:${b}', probe: 250ms, probe_down: 1, answer_within: ${SILENT_MS}ms, breaker: {failures: 0, percent: 0}}
      few: {kind: trunk, address: '127.0.0.1:${a}', probe: 0s, max_calls: ${PLACES}, breaker: {failures: 0, percent: 0}}
      rest: {kind: trunk, address: '127.0.0.1:${b}', probe: 0s, breaker: {failures: 0, percent: 0}}
    groups:
      both: {members: [{connection: a}, {connection: b}], failover: {ring_within: ${RING_MS}ms}}
    routes:
      - {name: both, match: {from: pbx, callee: '1.*'}, to: {group: both}}
      - {name: alone, match: {from: pbx, callee: '2.*'}, to: {connection: a}, failover: {ring_within: ${RING_MS}ms}}
      - {name: no more, match: {from: pbx, callee: '3.*'}, to: {group: both}, failover: {never: 503}}
      - {name: few, match: {from: pbx, callee: '4.*'}, to: {connections: [few, rest]}, failover: {ring_within: 60s}}
      - {name: few alone, match: {from: pbx, callee: '5.*'}, to: {connection: few}, failover: {ring_within: 60s}}
`;

const HEARD = ['up', 'refused', 'timeout', 'unavailable', 'failure', 'stays', 'silent', 'unsaid'];
// What callers have heard, together: {up, refused, ..} without what did not
// happen, failed: not as the scenario is written.
function heard(callers) {
  const sums = {};
  for (const caller of callers) {
    const counts = caller.counts();
    HEARD.forEach((name, i) => { sums[name] = (sums[name] ?? 0) + counts[`GenericCounter${i + 1}`]; });
    sums.failed = (sums.failed ?? 0) + counts.FailedCall;
  }
  return Object.fromEntries(Object.entries(sums).filter(([, n]) => n));
}

describe('trunks', { timeout: 480000 }, () => {
  const ports = {};
  const suite = new Suite({ sigdWorkers: WORKERS, rtpPorts: 1600, routing: () => routing(ports),
    sigd: 'limits: {source: {rate: 0}, tenant: {rate: 0}}\n' });
  const { stack } = suite;
  const carriers = {};
  const token = { authorization: 'Bearer token-of-the-tests' };
  const state = async (name) => {
    const response = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/connections/demo/${name}`, { headers: token });
    return (await response.json()).state.state;
  };
  const places = () => stack.redis.call('ZCARD', 'cb:{m:demo/few}:calls');

  // Its scenario from now on; null: it is gone.
  async function carrier(name, scenario) {
    const was = carriers[name];
    if (was) {
      was.stop();
      await was.done.catch(() => {});
      delete carriers[name];
    }
    if (scenario) carriers[name] = await Sipp.start(stack, scenario, { port: ports[name], calls: 1000000, limit: 300 });
    return carriers[name];
  }
  // ... and what is known of it
  async function becomes(name, scenario) {
    await carrier(name, scenario);
    await until(async () => await state(name) === (scenario ? 'up' : 'down'), `${name} is ${scenario}`);
  }
  // SIPp writes once a second what it has counted
  const counted = (name, counter) => carriers[name].counts()[`GenericCounter${counter}`];

  // calls of each of the addresses
  const begin = (callee, calls, options = {}) => Promise.all(Array.from({ length: SOURCES }, (_, i) => Sipp.start(stack, 'trunk_caller',
    { address: `127.1.0.${i + 1}`, calls, rate: 10, keys: { callee, domain: 't.test' }, limit: 60, ...options })));
  async function ended(callers) {
    await Promise.all(callers.map(({ done }) => done.catch(() => {})));
    return heard(callers);
  }
  const call = async (callee, calls, options) => ended(await begin(callee, calls, options));
  const timed = (callers) => callers.flatMap((caller) => caller.times()).sort((x, y) => x - y);

  before(async () => {
    ports.a = await freeUdp(2);
    ports.b = ports.a + 1;
    await suite.start();
    await becomes('a', 'trunk');
    await becomes('b', 'trunk');
  });
  afterEach(() => stack.audit());
  after(async () => {
    for (const sipp of Object.values(carriers)) sipp.stop();
    await suite.stop();
  });

  test('one that answers 503: the next is asked at once, but where the route says that 503 is the answer', async (t) => {
    await becomes('a', 'trunk_503');
    const callers = await begin('1', 10);
    assert.deepEqual(await ended(callers), { up: SOURCES * 10 });
    const times = timed(callers);
    t.diagnostic(`set up after ${times[times.length >> 1]} ms (median), ${times.at(-1)} ms at most`);
    assert.equal(times.length, SOURCES * 10);
    assert.ok(times[times.length >> 1] < SILENT_MS, 'nobody waits');
    await until(() => counted('a', 1) >= SOURCES * 10, 'it was asked each time', 5000);
    // a 503 of who is asked is not ours (RFC 3261 16.7): the caller gets 500
    assert.deepEqual(await call('3', 2), { failure: SOURCES * 2 });
  });

  test('one that rings too long is given up when it is time, and does not answer later', async (t) => {
    await becomes('a', 'trunk_late');
    const callers = await begin('1', 5);
    assert.deepEqual(await ended(callers), { up: SOURCES * 5 });
    const times = timed(callers);
    t.diagnostic(`set up after ${times[0]} to ${times.at(-1)} ms, it may ring ${RING_MS} ms`);
    assert.ok(times[0] >= RING_MS - 20 && times.at(-1) < RING_MS + SLACK_MS, `${times[0]} to ${times.at(-1)} ms`);
    // alone: the caller hears that nobody is there
    const alone = await begin('2', 2);
    const said = await ended(alone);
    assert.deepEqual(said, { unavailable: SOURCES * 2 });
    const gone = timed(alone);
    assert.ok(gone[0] >= RING_MS - 20 && gone.at(-1) < RING_MS + SLACK_MS, `${gone[0]} to ${gone.at(-1)} ms`);
    await until(() => counted('a', 2) === SOURCES * 7, 'each was cancelled', 5000);
    assert.equal(counted('a', 3), 0);
  });

  test('one that vanishes under calls, and comes back', async (t) => {
    await becomes('a', 'trunk');
    const callers = await begin('1', 60, { hold: 200 });
    await until(() => counted('a', 1) > 20, 'it has calls');
    await carrier('a', null);
    await until(async () => await state('a') === 'down', 'it is down');
    const before = counted('b', 1);
    await becomes('a', 'trunk');
    await until(() => counted('a', 1) > 20, 'it has calls again');
    const { up = 0, stays = 0, failed = 0, ...other } = await ended(callers);
    // who was in a call with it gets an answer to BYE, too
    assert.equal(up + stays, SOURCES * 60);
    assert.deepEqual([failed, other], [0, {}]);
    const times = timed(callers);
    t.diagnostic(`set up after ${times[times.length >> 1]} ms (median), ${times.at(-1)} ms at most; ${stays} BYEs to nobody; ${counted('b', 1) - before} calls of the other one`);
    assert.ok(times.at(-1) < SILENT_MS + SLACK_MS, `${times.at(-1)} ms`);
  });

  test('when all have vanished it is 503 with Retry-After, at once', async (t) => {
    await becomes('a', null);
    await becomes('b', null);
    await until(async () => (await call('1', 1)).refused === SOURCES, 'all workers know it');
    const callers = await begin('1', 3);
    assert.deepEqual(await ended(callers), { refused: SOURCES * 3 });
    const times = timed(callers);
    t.diagnostic(`refused after ${times.at(-1)} ms at most`);
    assert.ok(times.at(-1) < SILENT_MS);
    await becomes('a', 'trunk');
    await becomes('b', 'trunk');
    await until(async () => (await call('1', 1)).up === SOURCES, 'all workers know it');
  });

  describe('calls at once', () => {
    const all = SOURCES * 2;
    // ... of them, when each has its answer
    async function fill(callee, hold) {
      const callers = await begin(callee, 2, { hold });
      await until(() => callers.every((caller) => caller.times().length === 2), 'each has its answer');
      return callers;
    }

    test('are as many as a connection may have, to the call, whichever worker serves them', async () => {
      await carrier('a', 'trunk');
      await carrier('b', 'trunk');
      const callers = await fill('4', 5000);
      assert.equal(await places(), PLACES);
      for (const slot of Object.keys(stack.workers('sigd'))) {
        assert.ok(await stack.metric(stack.sigdAdmin, 'cordboard_sig_calls_total', `s1/${slot}`) > 0, `worker ${slot} has some`);
      }
      assert.deepEqual(await ended(callers), { up: all });
      await until(() => counted('a', 1) + counted('b', 1) === all, 'they are counted');
      assert.deepEqual([counted('a', 1), counted('b', 1)], [PLACES, all - PLACES]);
      await until(async () => await places() === 0, 'all places are free');
    });

    test('stay as many when every worker dies by kill -9, and are free when they are hung up', async () => {
      const callers = await fill('5', 6000);
      assert.equal(await places(), PLACES);
      for (const pid of Object.values(stack.workers('sigd'))) process.kill(pid, 'SIGKILL');
      await sleep(300);
      // their successors know that there is no room
      assert.deepEqual(await call('5', 1), { refused: SOURCES });
      assert.equal(await places(), PLACES);
      assert.deepEqual(await ended(callers), { up: PLACES, refused: all - PLACES });
      await until(async () => await places() === 0, 'all places are free');
      const again = await fill('5', 1000);
      assert.deepEqual(await ended(again), { up: PLACES, refused: all - PLACES });
    });

    test('that rang when their worker died leave their places', async (t) => {
      await carrier('a', 'trunk_late');
      const callers = await begin('5', 2, { hold: 100 });
      await until(async () => await places() === PLACES, 'all places are taken');
      const begun = Date.now();
      for (const pid of Object.values(stack.workers('sigd'))) process.kill(pid, 'SIGKILL');
      await until(async () => await places() === 0, 'all places are free');
      t.diagnostic(`free after ${Date.now() - begun} ms`);
      await until(() => counted('a', 2) === PLACES, 'each was cancelled');
      assert.deepEqual(await ended(callers), { refused: all });
      await carrier('a', 'trunk');
      assert.deepEqual(await call('5', 2, { hold: 1000 }), { up: PLACES, refused: all - PLACES });
    });
  });
});
