// Pages and filters of lists.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite, tenants } from './lib/suite.mjs';
import { until } from './lib/stack.mjs';

describe('lists', { timeout: 60000 }, () => {
  const suite = new Suite({ rtpPorts: 40, routing: tenants(2).replace('    realm: cordboard\n', '    realm: cordboard\n    max_calls: 50\n    calls_per_second: 1000\n'), tokens: { mine: 'tenant: t0', theirs: 'tenant: t1' } });
  const { stack } = suite;
  const made = [];
  let home;
  before(async () => {
    await suite.start();
    home = suite.tenant(); // t0
    const [alice, bob] = [await home.phone('alice'), await home.phone('bob')];
    for (let i = 0; i < 24; i++) {
      const call = await (i % 3 ? alice : bob).call(i % 2 ? 'echo' : 'tone');
      assert.equal((await call.final).code, 200);
      assert.equal((await call.bye()).code, 200);
      made.push(call);
    }
  });
  after(() => suite.stop());

  const ask = async (query, token = 'token-of-the-tests') => {
    const answer = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/calls?${query}`, { headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, ...await answer.json() };
  };
  const all = async (query, token) => {
    const calls = [];
    let next = '';
    for (let pages = 0; next !== null; pages++) {
      assert.ok(pages < 50, 'it has no end');
      const page = await ask(`${query}${next && `&cursor=${encodeURIComponent(next)}`}`, token);
      assert.equal(page.status, 200);
      calls.push(...page.calls);
      ({ next } = page);
    }
    return calls;
  };

  test('calls that have ended come by pages, the latest first, each once', async () => {
    await until(async () => (await all('state=recent')).length === 24, 'all have ended');
    for (const limit of [1, 5, 7, 100]) {
      const calls = await all(`state=recent&limit=${limit}`);
      assert.equal(calls.length, 24, `by ${limit}`);
      assert.equal(new Set(calls.map((c) => c.id)).size, 24);
      const ends = calls.map((c) => Date.parse(c.ended));
      assert.deepEqual(ends, [...ends].sort((a, b) => b - a));
    }
    const [{ state, reason, duration_ms: ms, caller, callee }] = await all('state=recent&limit=1');
    assert.deepEqual([state, reason, callee.service], ['ended', 'hangup', 'echo']);
    assert.ok(ms >= 0 && ['alice', 'bob'].includes(caller.user));
  });

  test('by user, number, Call-ID and tenant', async () => {
    assert.equal((await all('state=recent&user=bob')).length, 8);
    assert.equal((await all('state=recent&user=bob&limit=3')).length, 8);
    assert.equal((await all('state=recent&number=bob')).length, 8);
    assert.equal((await all('state=recent&number=bo')).length, 0);
    const [{ call_id: callid }] = await all('state=recent');
    assert.equal((await all(`state=recent&call_id=${encodeURIComponent(callid)}`)).length, 1);
    assert.equal((await all('state=recent&tenant=t1')).length, 0);
    assert.equal((await all('state=recent', 'mine-mine')).length, 24);
    assert.equal((await all('state=recent', 'theirs-theirs')).length, 0);
  });

  test('calls that are up come by pages, too', async () => {
    const phone = await suite.tenant().phone('carol'); // of t1
    const calls = [];
    for (let i = 0; i < 7; i++) calls.push(await phone.call('echo'));
    for (const call of calls) assert.equal((await call.final).code, 200);
    const live = await all('limit=2');
    assert.equal(live.length, 7);
    assert.deepEqual(live.map((c) => c.id).sort(), (await all('')).map((c) => c.id).sort());
    assert.equal((await all('user=carol&limit=3')).length, 7);
    assert.equal((await all('user=alice')).length, 0);
    assert.equal((await ask('limit=2')).total, 7);
    for (const call of calls) assert.equal((await call.bye()).code, 200);
  });

  test('tenants tell their limits, and what of them is used', async () => {
    const get = async (path, token = 'token-of-the-tests') => (await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/tenants${path}`,
      { headers: { authorization: `Bearer ${token}` } })).json();
    const phone = await home.phone('carol');
    const call = await phone.call('echo');
    assert.equal((await call.final).code, 200);
    const { tenants: both, next } = await get('');
    assert.deepEqual(both.map((t) => t.tenant), ['t0', 't1']);
    assert.equal(next, null);
    assert.deepEqual(both[0].limits, { calls: 50, calls_per_second: 1000 });
    assert.deepEqual(both[1].used, { calls: null, calls_per_second: null });
    assert.equal(both[0].used.calls, 1);
    const page = await get('?limit=1');
    assert.deepEqual([page.tenants.length, page.next], [1, 't0']);
    assert.deepEqual((await get('?limit=1&cursor=t0')).tenants.map((t) => t.tenant), ['t1']);
    assert.deepEqual((await get('', 'theirs-theirs')).tenants.map((t) => t.tenant), ['t1']);
    assert.equal((await get('/t0', 'theirs-theirs')).status, 404);
    assert.equal((await call.bye()).code, 200);
  });

  test('what is no cursor, or out of range, is named', async () => {
    for (const [query, field] of [['cursor=x', 'cursor'], ['state=recent&cursor=0123456789abcdef', 'cursor'], ['state=recent&cursor=1-1-99', 'cursor'],
      ['state=ended', 'state'], ['limit=501', 'limit'], ['limit=0', 'limit']]) {
      const { status, errors } = await ask(query);
      assert.equal(status, 400, query);
      assert.equal(errors[0].field, field, query);
    }
  });
});
