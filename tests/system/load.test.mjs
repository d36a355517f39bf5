// More calls than can be served, by SIPp: as many as ever are served, the others
// are told when to come again, and nobody who is in a call notices. LOAD_S:
// seconds of each (make load: 60); else a few, as a look.
// SPDX-License-Identifier: MIT
// ALONE: it takes the whole machine, or counts on it.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { Sipp } from './lib/sipp.mjs';
import { sleep, until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const SECONDS = Number(process.env.LOAD_S ?? 4);
const LONG = SECONDS >= 30;
const TIMES = LONG ? [2, 5, 10] : [10];
const WAYS = { udp: 'u1', tcp: 't1' };
const FLOOD = '127.9.0.1'; // whose calls these are
// Of the share of capacity that is served still. A short run, on a machine that
// may have other work, is not there to measure: it tells that all goes on.
const SERVED = 0.5;

const routing = `tenants:
  one:
    domains: [one.test]
    realm: cordboard
    users: {alice: {password: alice-secret}, bob: {password: bob-secret}}
    connections:
${Object.keys(WAYS).map((t, i) => `      ${t}: {kind: trunk, address: '127.9.1.${i}', transport: ${t}, listener: ${t}, sources: ${FLOOD}/32, probe: 0s}`).join('\n')}
    routes:
      - {name: echo, match: {callee: echo}, to: {service: echo}}
`;

// Calls whose answer came after SIPp had given up end by that: four times as
// much, when their ACK has not come either.
const GIVEN_UP_S = SECONDS / 2 + 4;

const keys = { user: 'x', domain: 'one.test', callee: 'echo', media: 4000 };
const rss = (pid) => Number(/VmRSS:\s*(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

// What SIPp takes of the processors is not ours to have: it has one, we have
// the others.
function part(stack) {
  const cpus = os.cpus().length;
  if (cpus < 2) return;
  const pids = ['sigd', 'mediad', 'redis'].flatMap((name) => [stack.procs.get(name).pid, ...Object.values(stack.workers(name))]);
  for (const pid of pids) spawnSync('taskset', ['-acp', `1-${cpus - 1}`, pid]);
}

class Load {
  constructor(sigd) {
    this.suite = new Suite({ sigdWorkers: 1, mediadWorkers: 1, rtpPorts: 4000, streams: true, routing, sigd,
      mediad: `limits: {setup: ${GIVEN_UP_S}s, media_timeout: ${GIVEN_UP_S}s}\n` });
    this.stack = this.suite.stack;
  }

  // Calls a second for some time: { good, refused, silent, stuck, failed }
  async offer(way, rate, seconds) {
    const sipp = await Sipp.start(this.stack, 'load', { address: FLOOD, transport: WAYS[way], calls: Math.round(rate * seconds), rate: Math.round(rate),
      keys, limit: seconds + 60 });
    spawnSync('taskset', ['-acp', '0', sipp.child.pid]);
    await sipp.done.catch(() => {});
    const { GenericCounter1: good, GenericCounter2: refused, GenericCounter3: silent, GenericCounter4: stuck, FailedCall: failed } = sipp.counts();
    return { good, refused, silent, stuck, failed, why: failed ? sipp.problems() : '' };
  }

  // Nothing of the last load is left to be felt.
  calm() {
    return until(async () => await this.stack.metric(this.stack.sigdAdmin, 'cordboard_sig_refusing_ratio', 's1/1') === 0,
      'nothing is refused any more', 30000);
  }

  // The most that is served in a second, by steps.
  async capacity(way) {
    let best = 0;
    await this.calm();
    for (let rate = 100; rate < 20000; rate *= LONG ? 4 / 3 : 2) {
      const seconds = LONG ? 8 : 2;
      const { good, refused, silent } = await this.offer(way, rate, seconds);
      best = Math.max(best, good / seconds);
      if (refused + silent > rate * seconds * 0.02) return best;
      await sleep(200);
    }
    return best;
  }

  // Somebody who registers and calls all the while, from elsewhere:
  // { times: ms of each that was served, refused }
  person(user = 'alice') {
    const seen = { times: [], refused: 0, other: [] };
    let going = true;
    const one = async () => {
      const begun = performance.now();
      const ua = await this.suite.tenant().ua(user, { domain: 'one.test', transport: 'ws', upgrade: { from: '127.9.0.7' } });
      try {
        const res = await ua.register();
        const call = res.code === 200 && ua.call('echo');
        const final = call ? await call.final : res;
        if (final.code === 200) {
          seen.times.push(performance.now() - begun);
          const bye = await call.bye();
          if (bye.code !== 200) seen.other.push(`BYE ${bye.code}`);
        } else if (final.code === 503 && final.get('retry-after')) {
          seen.refused++;
        } else {
          seen.other.push(final.first);
        }
      } catch (e) {
        seen.other.push(e.message);
      }
      ua.close();
    };
    const done = (async () => { while (going) { await one(); await sleep(250); } })();
    return { seen, stop: async () => { going = false; await done; return seen; } };
  }
}

const median = (list) => Math.round([...list].sort((a, b) => a - b)[list.length >> 1] ?? -1);

describe('overload', { timeout: (240 + TIMES.length * SECONDS * 3) * 1000 }, () => {
  const load = new Load('limits: {source: {rate: 0}, tenant: {rate: 0}, user: {rate: 0}}\n');
  const { suite, stack } = load;
  before(async () => { await suite.start(); part(stack); });
  after(async () => { suite.hangUp(); await stack.stop(); });

  test('many times the calls that can be served', async (t) => {
    const capacity = await load.capacity('udp');
    t.diagnostic(`capacity: ${Math.round(capacity)} calls/s (one worker of each daemon, ${os.cpus().length} processors, SIPp on one of them)`);
    for (const times of TIMES) {
      await load.calm();
      const bob = await suite.tenant().ua('bob', { domain: 'one.test' });
      const calls = [];
      for (let i = 0; i < 10; i++) {
        // the media worker may have been the one that was late: it says so once a second
        calls.push(await until(async () => {
          const call = bob.call('echo');
          const { code } = await call.final;
          assert.ok([200, 503].includes(code), `${code}`);
          return code === 200 ? call : sleep(300).then(() => null);
        }, 'media is at ease again'));
      }
      const person = load.person();
      const before = rss(stack.workers('sigd')[1]);
      const offered = load.offer('udp', capacity * times, SECONDS);
      await sleep(SECONDS * 500);
      // in the middle of it
      for (const call of calls) assert.equal((await call.bye()).code, 200);
      const { good, refused, silent, stuck, failed, why } = await offered;
      const alice = await person.stop();
      t.diagnostic(`${times} times: ${Math.round(good / SECONDS)} calls/s served (${Math.round(100 * good / SECONDS / capacity)} %), ${refused} of ${Math.round(capacity * times * SECONDS)} `
        + `refused with Retry-After, ${silent} without an answer, ${stuck + failed} else; a user: ${alice.times.length} of ${alice.times.length + alice.refused} `
        + `tries, median ${median(alice.times)} ms; memory +${rss(stack.workers('sigd')[1]) - before} kB`);
      assert.ok(good > 0 && refused > 0);
      assert.deepEqual(alice.other, []);
      if (LONG) {
        assert.ok(good >= SERVED * capacity * SECONDS, `${good} served`);
        assert.ok(failed + stuck + silent < capacity * times * SECONDS * 0.01, why);
      }
      // and at once all is as before
      const begun = Date.now();
      const after = load.person();
      await until(() => after.seen.times.length >= 3 && after.seen.times.slice(-3).every((ms) => ms < 1000), 'it is over', 20000);
      t.diagnostic(`over after ${Date.now() - begun} ms`);
      await after.stop();
      bob.close();
    }
    // places of calls that never came up end by themselves, later
    if (LONG) await stack.audit((GIVEN_UP_S * 4 + 30) * 1000, /^cb:.m:.*:calls$/);
  });
});

describe('one who floods', { timeout: (120 + SECONDS * 4) * 1000 }, () => {
  const RATE = 40;
  const load = new Load(`limits: {source: {rate: ${RATE}, burst: ${RATE}}}\n`);
  const { suite, stack } = load;
  before(() => suite.start());
  after(() => suite.stop());

  for (const way of Object.keys(WAYS)) {
    test(`what one source may ask, over ${way}, is served`, async () => {
      const { good } = await load.offer(way, RATE / 2, SECONDS);
      assert.equal(good, RATE / 2 * SECONDS);
    });

    test(`ten times what one source may ask, over ${way}: nobody else waits`, async (t) => {
      const person = load.person();
      const { good, refused, silent } = await load.offer(way, 10 * RATE, SECONDS);
      const alice = await person.stop();
      t.diagnostic(`${good} served, ${refused} refused, ${silent} dropped; a user: ${alice.times.length} of ${alice.times.length + alice.refused} tries, median ${median(alice.times)} ms`);
      assert.ok(good >= RATE && good <= RATE * (SECONDS + 12), `${good} served`);
      assert.equal(alice.refused, 0);
      assert.deepEqual(alice.other, []);
      assert.ok(Math.max(...alice.times) < 1000);
      await stack.audit((GIVEN_UP_S * 4 + 30) * 1000, /^cb:.m:.*:calls$/);
    });
  }
});
