// What browsers notice when processes die and Redis is away: as little as
// possible. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { sleep, until } from '../system/lib/stack.mjs';

// Received packets every 100 ms until stop(): the longest time without one.
function watch(phone, call) {
  const state = { gap: 0, on: true };
  state.done = (async () => {
    let last = 0;
    let since = Date.now();
    while (state.on) {
      const { received = 0 } = await phone.stats(call);
      if (received > last) since = Date.now();
      last = received;
      state.gap = Math.max(state.gap, Date.now() - since);
      await sleep(100);
    }
  })();
  return { stop: async () => { state.on = false; await state.done; return state.gap; } };
}

// Between an index in the state file and its packet on the way: the successor
// skips it, and uses none twice.
describe('a death between store and send', { timeout: 240000 }, () => {
  const suite = new Suite();
  before(() => suite.start({ env: { CORDBOARD_FAULT: 'mediad.packets.stored=kill@150' } }));
  after(() => suite.stop());

  test('the call goes on', async () => {
    const { stack } = suite;
    const phone = await suite.phone('jssip', 'alice');
    const before = stack.workers('mediad');
    const call = await phone.call('echo', 1000);
    await phone.up(call);
    const gap = watch(phone, call);
    await until(() => /msg="process died" name=mediad/.test(stack.log('mediad.log')), 'the worker dies');
    await until(() => Object.entries(before).some(([slot, pid]) => {
      const now = stack.workers('mediad')[slot];
      return now && now !== pid;
    }), 'the worker lives again');
    await phone.hears(call, 1000);
    const { received } = await phone.stats(call);
    await until(async () => (await phone.stats(call)).received > received + 50, 'packets come');
    const ms = await gap.stop();
    assert.ok(ms < 1000, `no packet for ${ms} ms`);
    await phone.hangup(call);
    await phone.close();
    await stack.audit();
  });
});

describe('faults', { timeout: 480000 }, () => {
  const suite = new Suite();
  before(() => suite.start());
  after(() => suite.stop());

  test('every mediad worker is killed: ten calls go on', async () => {
    const { stack } = suite;
    const phone = await suite.phone('jssip', 'alice');
    const calls = [];
    for (let i = 0; i < 10; i++) {
      const call = await phone.call(i % 2 ? 'tone' : 'echo', 1000);
      await phone.up(call);
      calls.push(call);
    }
    const frequency = (i) => (i % 2 ? 440 : 1000);
    for (const [i, call] of calls.entries()) await phone.hears(call, frequency(i));

    const dead = stack.workers('mediad');
    const gaps = calls.map((call) => watch(phone, call));
    for (const pid of Object.values(dead)) process.kill(pid, 'SIGKILL');
    await until(() => {
      const now = stack.workers('mediad');
      return Object.keys(dead).every((slot) => now[slot] && now[slot] !== dead[slot]);
    }, 'the workers live again');
    await sleep(1500);
    for (const gap of gaps) {
      const ms = await gap.stop();
      assert.ok(ms < 1000, `no packet for ${ms} ms`);
    }
    for (const [i, call] of calls.entries()) {
      await phone.hears(call, frequency(i));
      assert.equal((await phone.state(call)).final, null);
    }
    for (const call of calls) await phone.hangup(call);
    await phone.close();
    await stack.audit();
  });

  test('the sigd worker is killed: the call goes on, and BYE ends it through its successor', async () => {
    const { stack } = suite;
    const phone = await suite.phone('jssip', 'alice');
    const call = await phone.call('echo', 1000);
    await phone.up(call);
    await phone.hears(call, 1000);
    const old = stack.workers('sigd');
    for (const pid of Object.values(old)) process.kill(pid, 'SIGKILL');
    await phone.page.evaluate(() => window.phone.forget());
    await until(() => phone.page.evaluate(() => window.phone.registered() === 200), 'registered again');
    await phone.hears(call, 1000);
    await phone.hangup(call);
    await stack.audit();
    await phone.close();
  });

  test('redis stands still: audio goes on, new calls are 503, and all is well after', async () => {
    const { stack } = suite;
    const phone = await suite.phone('jssip', 'alice');
    const call = await phone.call('echo', 1000);
    await phone.up(call);
    await phone.hears(call, 1000);
    const gap = watch(phone, call);
    const redis = stack.procs.get('redis');
    redis.kill('SIGSTOP');
    // a link notices within its command timeout
    const refused = await until(async () => {
      const next = await phone.call('echo');
      return (await phone.final(next)) === 503;
    }, 'a new call is refused with 503', 20000);
    assert.ok(refused);
    await phone.hears(call, 1000);
    redis.kill('SIGCONT');
    const start = Date.now();
    const again = await until(async () => {
      const next = await phone.call('echo');
      const state = await until(async () => {
        const s = await phone.state(next);
        return (s.up || s.final !== null) && s;
      }, 'an answer');
      return state.up && next;
    }, 'a new call succeeds', 20000);
    assert.ok(Date.now() - start < 5000, `normal after ${Date.now() - start} ms`);
    const ms = await gap.stop();
    assert.ok(ms < 1000, `no packet for ${ms} ms`);
    await phone.hangup(call);
    await phone.hangup(again);
    await phone.close();
    await stack.audit();
  });
});
