// Redis stands still, dies, and comes back without its data: what goes on, what
// is refused, and how soon all is as before. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const BACK_MS = 5000; // from Redis there to all as before

describe('redis', { timeout: 360000 }, () => {
  const suite = new Suite();
  const { stack } = suite;
  before(() => suite.start());
  afterEach(async () => {
    suite.hangUp();
    // what a server that stood still was told before may be done after all:
    // which calls a user has, and the grace of one whose connection we close
    await stack.audit(8000, /^cb:\{due:\d+\}:flow-loss|^cb:\{a:.*:calls$/);
  });
  after(() => suite.stop());

  async function connect(caller, callee) {
    const out = caller.call(callee.user);
    const into = await callee.incoming();
    into.answer();
    assert.equal((await out.final).code, 200);
    await into.up();
    return [out, into];
  }

  // Both workers answer 503 to what needs Redis: a link notices within 3 s.
  async function refused(ua, code = 503) {
    return until(async () => {
      const res = await ua.register();
      return res.code === code && res;
    }, `registration is ${code}`);
  }

  async function asBefore(...uas) {
    const start = Date.now();
    for (const ua of uas) {
      await refused(ua, 200);
      await until(async () => {
        const call = ua.call('echo');
        const res = await call.final;
        if (res.code !== 200) return false;
        assert.equal((await call.bye()).code, 200);
        return true;
      }, 'a call succeeds');
    }
    assert.ok(Date.now() - start < BACK_MS, `after ${Date.now() - start} ms`);
  }

  const cdrs = async () => (await Promise.all([...'0123456789abcdef'].map((x) => stack.redis.call('XRANGE',
    `cb:{c:${x}}:cdr`, '-', '+')))).flat().map(([, f]) => Object.fromEntries(f.flatMap((v, i) => (i % 2 ? [] : [[v, f[i + 1]]]))));

  // Redis ends, with or without its data, and another one is there.
  async function another({ empty }) {
    const redis = stack.procs.get('redis');
    redis.kill('SIGKILL');
    await redis.exited;
    if (empty) fs.rmSync(stack.file('appendonlydir'), { recursive: true });
    await stack.startRedis();
  }

  test('Redis stands still: calls go on from hints, new work is 503, and soon after all is as before', async () => {
    const tenant = suite.tenant();
    const [alice, bob, carol] = [await tenant.phone('alice'), await tenant.phone('bob', { transport: 'ws' }), await tenant.phone('carol')];
    const [one, into1] = await connect(alice, bob);
    const [two, into2] = await connect(carol, bob);
    const echo = alice.call('echo');
    await echo.final;
    const redis = stack.procs.get('redis');
    redis.kill('SIGSTOP');
    try {
      const res = await refused(alice);
      assert.ok(Number(res.get('retry-after')) > 0);
      assert.match(res.why, /redis-down/);
      await refused(carol);
      for (const port of [stack.sigdAdmin, stack.mediadAdmin]) {
        const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
        assert.equal(ready.status, 503);
        assert.equal((await ready.json()).redis, false);
      }
      // within the calls, both ways; media cannot be changed
      for (const call of [one, into1, two, into2]) assert.equal((await call.within('INFO')).code, 200);
      const hold = await one.within('INVITE', { body: alice.sdp(), headers: [['Contact', alice.contact]] });
      assert.equal(hold.code, 503);
      const forged = await one.within('BYE', { by: carol, route: two.route });
      assert.equal(forged.code, 403);
      // either side hangs up
      assert.equal((await one.bye()).code, 200);
      await into1.ended();
      assert.equal((await into2.bye()).code, 200);
      await two.ended();
      assert.equal((await echo.bye()).code, 200);
    } finally {
      redis.kill('SIGCONT');
    }
    await asBefore(alice, bob, carol);
    // the ends that were kept are written
    await until(async () => {
      const all = await cdrs();
      return [one, two, echo].every((call) => all.some((cdr) => cdr.callid === call.callid && cdr.reason === 'hangup'));
    }, 'each call has its record of the end');
  });

  test('Redis stands still while it rings: the call is answered later, or refused on both sides', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.phone('alice'), await tenant.phone('bob', { transport: 'ws' })];
    const call = alice.call('bob');
    const into = await bob.incoming();
    into.ring();
    await call.ringing();
    const redis = stack.procs.get('redis');
    redis.kill('SIGSTOP');
    try {
      await refused(alice);
      into.answer();
      const res = await call.final;
      assert.equal(res.code, 503);
      await into.up();
      await into.ended();
    } finally {
      redis.kill('SIGCONT');
    }
    await asBefore(alice, bob);
  });

  test('Redis is started again with its data: registrations and calls are as they were', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.phone('alice'), await tenant.phone('bob', { transport: 'ws' })];
    const [out, into] = await connect(alice, bob);
    await another({ empty: false });
    await asBefore(alice);
    assert.equal((await out.bye()).code, 200);
    await into.ended();
    await connect(alice, bob).then(([next]) => next.bye());
  });

  test('Redis comes back empty: devices register again, and who hangs up is heard on the other side', async () => {
    const tenant = suite.tenant();
    const [alice, bob, carol] = [await tenant.phone('alice'), await tenant.phone('bob', { transport: 'ws' }), await tenant.phone('carol')];
    const [one, into1] = await connect(alice, bob);
    const [two, into2] = await connect(bob, carol);
    const echo = carol.call('echo');
    await echo.final;
    const epoch = Number(await stack.redis.call('GET', 'cb:epoch'));
    await another({ empty: true });
    await asBefore(alice, bob, carol);
    assert.equal((await alice.register()).all('contact').length, 1);
    assert.equal((await one.bye()).code, 200);
    await into1.ended();
    assert.equal((await into2.bye()).code, 200);
    await two.ended();
    // nothing else of a call that nobody knows any more
    assert.equal((await one.within('INFO')).code, 481);
    assert.equal((await echo.bye()).code, 481);
    // an end that cannot be told yet is in its worker's memory
    await stack.audit();
    // a worker that starts now has a number that was never given
    const old = stack.workers('sigd')[1];
    process.kill(old, 'SIGKILL');
    await until(async () => Number(await stack.redis.call('GET', 'cb:epoch')) > epoch, 'a higher epoch');
    await asBefore(alice);
  });

  test('Redis comes back empty while it rings: the call can still be answered', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.phone('alice'), await tenant.phone('bob', { transport: 'ws' })];
    const call = alice.call('bob');
    const into = await bob.incoming();
    into.ring();
    await call.ringing();
    await another({ empty: true });
    await asBefore(alice);
    into.answer();
    assert.equal((await call.final).code, 200);
    await into.up();
    assert.equal((await into.bye()).code, 200);
    await call.ended();
  });

  test('Redis forgets its scripts and streams: nobody notices', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.phone('alice'), await tenant.phone('bob')];
    const [out, into] = await connect(alice, bob);
    await stack.redis.call('SCRIPT', 'FLUSH');
    await stack.redis.call('DEL', 'cb:events', 'cb:media');
    await asBefore(alice, bob);
    assert.equal((await out.bye()).code, 200);
    await into.ended();
  });
});
