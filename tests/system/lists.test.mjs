// Pages and filters of lists.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite, tenants } from './lib/suite.mjs';
import { until } from './lib/stack.mjs';

const CONNS = 12;
const routing = tenants(2).replace('    realm: cordboard\n', '    realm: cordboard\n    max_calls: 50\n    calls_per_second: 1000\n')
  .replace('    routes:\n', `    connections:\n${Array.from({ length: CONNS }, (_, i) => `      c${i}: {kind: ${i % 3 ? 'trunk' : 'inbound'}, ${i % 3 ? `address: '127.0.0.${i + 1}:9'` : `username: u${i}, password: secret-${i}`}}\n`).join('')}    routes:\n`);

describe('lists', { timeout: 120000 }, () => {
  const suite = new Suite({ rtpPorts: 40, routing, tokens: { mine: 'tenant: t0', theirs: 'tenant: t1' } });
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

  const of = async (what, query, token = 'token-of-the-tests') => {
    const answer = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/${what}?${query}`, { headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, ...await answer.json() };
  };
  const pagesOf = async (what, query, token) => {
    const pages = [];
    let next = '';
    while (next !== null) {
      assert.ok(pages.length < 50, 'it has no end');
      const page = await of(what, `${query}${next && `&cursor=${encodeURIComponent(next)}`}`, token);
      assert.equal(page.status, 200, `${what}?${query}: ${JSON.stringify(page)}`);
      pages.push(page[what]);
      ({ next } = page);
    }
    return pages;
  };
  const ask = (query, token) => of('calls', query, token);
  const all = async (query, token) => (await pagesOf('calls', query, token)).flat();

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

  test('all: those that are live, then those that have ended', async () => {
    const phone = await home.phone('dave');
    const call = await phone.call('echo');
    assert.equal((await call.final).code, 200);
    for (const limit of [1, 7, 100]) {
      const calls = await all(`state=all&tenant=t0&limit=${limit}`);
      assert.equal(calls.length, 25);
      assert.equal(new Set(calls.map((c) => c.id)).size, 25);
      assert.deepEqual(calls.map((c) => c.state === 'ended'), calls.map((_, i) => i > 0), `by ${limit}`);
    }
    assert.equal((await call.bye()).code, 200);
    await until(async () => (await all('state=recent&user=dave')).length === 1, 'it has ended');
  });

  test('by time, reason and how they sounded', async () => {
    const calls = await all('state=recent&tenant=t0');
    const time = (call) => encodeURIComponent(call.ended);
    const [newest, oldest] = [calls[2], calls[9]];
    const some = await all(`state=recent&tenant=t0&since=${time(oldest)}&until=${time(newest)}&limit=3`);
    assert.deepEqual(some.map((c) => c.id), calls.filter((c) => c.ended >= oldest.ended && c.ended <= newest.ended).map((c) => c.id));
    assert.equal((await all(`since=${encodeURIComponent(new Date().toISOString())}`)).length, 0);
    assert.equal((await all('state=recent&tenant=t0&reason=hangup')).length, 25);
    assert.equal((await all('state=recent&tenant=t0&reason=flow-lost')).length, 0);
    const sheet = (id) => `cb:{c:${id[0]}}:media:${id}`;
    const leg = (mos, lost) => `in-packets=${1000 - lost} in-lost=${lost} in-mos=${mos} far-mos=430 out-packets=1000 far-lost=-3`;
    await stack.redis.call('DEL', sheet(newest.id));
    await stack.redis.call('HSET', sheet(newest.id), 'leg.1', leg(440, 0), 'leg.2', leg(251, 75));
    await stack.redis.call('DEL', sheet(oldest.id));
    const found = await all('state=recent&tenant=t0&mos_below=2.6');
    assert.deepEqual(found.map((c) => [c.id, c.quality]), [[newest.id, { mos: 2.51, loss_percent: 7.5 }]]);
    assert.equal((await all('state=recent&tenant=t0&mos_below=2.5')).length, 0);
    assert.equal((await all('state=recent&tenant=t0')).find((c) => c.id === oldest.id).quality, null);
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
    for (const [query, field, what = 'calls'] of [['cursor=x', 'cursor'], ['state=recent&cursor=0123456789abcdef', 'cursor'], ['state=recent&cursor=1-1-99', 'cursor'],
      ['state=ended', 'state'], ['limit=501', 'limit'], ['limit=0', 'limit'], ['state=all&cursor=x1', 'cursor'], ['state=all&cursor=', 'cursor'],
      ['state=all&cursor=lx', 'cursor'], ['state=all&cursor=e1-2', 'cursor'], ['mos_below=0.9', 'mos_below'], ['mos_below=3x', 'mos_below'], ['mos_below=6', 'mos_below'],
      ['since=today', 'since'], ['until=2026-13-01T00:00:00Z', 'until'],
      ['cursor=x', 'cursor', 'alarms'], ['kind=loud', 'kind', 'alarms'], ['since=1', 'since', 'alarms'], ['limit=x', 'limit', 'alarms'],
      ['', 'tenant', 'refused'], ['tenant=t0&cursor=1', 'cursor', 'refused'], ['tenant=t0&code=4xx', 'code', 'refused'],
      ['cursor=1', 'cursor', 'connections'], ['cursor=4294967296-0', 'cursor', 'connections'], ['kind=x', 'kind', 'connections'], ['state=x', 'state', 'connections'],
      ['cursor=s1', 'cursor', 'nodes'], ['cursor=x/s1', 'cursor', 'nodes'], ['cursor=sigd/S_', 'cursor', 'nodes'], ['daemon=x', 'daemon', 'nodes'], ['state=x', 'state', 'nodes'],
      ['cursor=x', 'cursor', 'tenants'],
      ['', 'tenant', 'traces'], ['tenant=t0&device=x', 'user', 'traces'], ['tenant=t0&cursor=1', 'cursor', 'traces'], ['tenant=t0&user=a&cursor=x', 'cursor', 'traces'],
      ['tenant=t0&since=today', 'since', 'traces'], ['call=0123456789abcdef&until=x', 'until', 'traces'], ['user=a', 'tenant', 'traces'], ['tenant=t0&user=a&connection=b', 'connection', 'traces'], ['call=x', 'call', 'traces'], ['limit=0', 'limit', 'traces'],
      ['', 'tenant', 'traces/messages'], ['tenant=t0', 'user', 'traces/messages'], ['call=0123456789abcdef&after=x', 'after', 'traces/messages']]) {
      const { status, errors } = await of(what, query);
      assert.equal(status, 400, `${what}?${query}`);
      assert.equal(errors[0].field, field, `${what}?${query}`);
    }
  });

  test('before the first there is none: an empty page, the last', async () => {
    for (const [query, what = 'calls'] of [['state=recent&cursor=0-0-0'], ['state=recent&cursor=0-0-15'], ['state=all&cursor=e0-0-0'],
      ['state=recent&until=1970-01-01T00:00:00Z&cursor=9-0-0'], ['cursor=0-0', 'alarms'], ['tenant=t0&cursor=0-0', 'refused'],
      ['tenant=t0&cursor=0-0', 'traces'], ['tenant=t0&user=alice&cursor=0-5', 'traces']]) {
      const { status, next, ...rest } = await of(what, query);
      assert.deepEqual([status, next, rest[what]], [200, null, []], `${what}?${query}`);
    }
  });

  test('alarms by pages, kind, tenant, source, worker and time', async () => {
    const { redis } = stack;
    const from = Date.now() - 1000 * 3600;
    // at once: a worker that is late on a busy machine says so in between
    const lua = "redis.call('DEL', 'cb:alarms') for i, row in ipairs(cjson.decode(ARGV[1])) do redis.call('XADD', 'cb:alarms', unpack(row)) end";
    const rows = [];
    for (let i = 0; i < 30; i++) {
      rows.push([`${from + i}-${i % 2}`, 'kind', i % 3 ? 'source-rate' : 'guessing', 'worker', i % 5 ? 's8/1' : 's9/2',
        'load', '0', 'tenant', i % 2 ? 't0' : 't1', 'name', `n${i}`, 'source', `192.0.2.${i}`, 'why', '']);
    }
    await redis.call('EVAL', lua, '0', JSON.stringify(rows));
    const span = `since=${new Date(from).toISOString()}&until=${new Date(from + 29).toISOString()}`;
    for (const limit of [1, 7, 30, 100]) {
      const pages = await pagesOf('alarms', `${span}&limit=${limit}`);
      assert.deepEqual(pages.map((p) => p.length), Array.from({ length: Math.ceil(30 / limit) }, (_, i) => Math.min(limit, 30 - i * limit)));
      assert.deepEqual(pages.flat().map((a) => a.name), Array.from({ length: 30 }, (_, i) => `n${29 - i}`));
    }
    const count = async (query, token) => (await pagesOf('alarms', `${span}&limit=4&${query}`, token)).flat().length;
    assert.equal(await count('kind=guessing'), 10);
    assert.equal(await count('tenant=t0'), 15);
    assert.equal(await count('', 'mine-mine'), 15);
    assert.equal(await count('worker=s9'), 6);
    assert.equal(await count('worker=s9/2'), 6);
    assert.equal(await count('worker=s'), 0);
    assert.equal(await count('source=2.29'), 1);
    assert.equal(await count('name=n3&kind=guessing'), 1);
    assert.equal((await of('alarms', `since=${new Date(from + 10).toISOString()}&until=${new Date(from + 12).toISOString()}`)).alarms.length, 3);
  });

  test('refused calls by pages, who, whom, code and Call-ID', async () => {
    const phone = await home.phone('carol');
    for (let i = 0; i < 7; i++) assert.equal((await phone.call(`0${100 + i}`).final).code, 403);
    const find = async (query, token) => (await pagesOf('refused', `tenant=t0&${query}`, token)).flat();
    const list = await until(async () => ((found) => found.length === 7 && found)(await find('caller=carol&limit=2')), 'all are told');
    assert.deepEqual(list.map((r) => r.callee), Array.from({ length: 7 }, (_, i) => `0${106 - i}`));
    assert.deepEqual((await find('callee=0103')).map((r) => r.callee), ['0103']);
    assert.equal((await find(`call_id=${encodeURIComponent(list[2].callid)}`)).length, 1);
    assert.equal((await find('code=403', 'mine-mine')).length, 7);
    assert.equal((await find('code=404')).length, 0);
    assert.equal((await find('connection=c1')).length, 0);
    assert.equal((await find(`since=${list[1].time}`)).length, list.filter((r) => r.time >= list[1].time).length);
    assert.equal((await of('refused', 'tenant=t0', 'theirs-theirs')).status, 404);
  });

  test('traces of a tenant by pages, the last that began first, and by time', async () => {
    const find = async (query, token) => (await pagesOf('traces', query, token)).flat();
    const callids = await Promise.all(made.map(async (call) => (await call.final).callid));
    const begun = await until(async () => {
      const list = await find('tenant=t0&limit=500');
      return callids.every((callid) => list.some((t) => t.call_id === callid)) && list;
    }, 'all are told');
    const span = `until=${begun[0].first}`; // probes begin others
    const traces = await find(`tenant=t0&${span}&limit=500`);
    assert.ok(traces.length > 24, `${traces.length}`);
    const ids = traces.map((t) => t.id);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(traces.map((t) => t.first), traces.map((t) => t.first).sort().reverse());
    assert.ok(traces.every((t) => t.parties.some((p) => p.tenant === 't0')));
    for (const callid of callids) assert.ok(traces.some((t) => t.call_id === callid), callid);
    for (const limit of [5, 17]) {
      const pages = await pagesOf('traces', `tenant=t0&${span}&limit=${limit}`);
      assert.deepEqual(pages.flat().map((t) => t.id), ids, `by ${limit}`);
      assert.ok(pages.every((p) => p.length <= limit));
    }
    const [newest, oldest] = [traces[3], traces[11]];
    const some = await find(`tenant=t0&since=${oldest.first}&until=${newest.first}&limit=4`);
    assert.deepEqual(some.map((t) => t.id), traces.filter((t) => t.first >= oldest.first && t.first <= newest.first).map((t) => t.id));
    assert.deepEqual((await find(`${span}&limit=500`, 'mine-mine')).map((t) => t.id), ids);
    assert.equal((await of('traces', 'tenant=t0', 'theirs-theirs')).status, 404);
    assert.ok((await find('', 'theirs-theirs')).every((t) => t.parties.every((p) => p.tenant === 't1')));

    // of a user, too; and of one Call-ID
    const alice = await find(`tenant=t0&user=alice&${span}&limit=3`);
    assert.deepEqual(alice.map((t) => t.id).sort(), traces.filter((t) => t.parties.some((p) => p.user === 'alice')).map((t) => t.id).sort());
    assert.ok(alice.length >= 16, `${alice.length}`);
    const last = alice.filter((t) => t.first <= alice[5].first);
    assert.deepEqual((await find(`tenant=t0&user=alice&until=${alice[5].first}`)).map((t) => t.id), last.map((t) => t.id));
    const [callid] = callids;
    assert.deepEqual((await find(`call_id=${encodeURIComponent(callid)}`)).map((t) => t.call_id), [callid]);
    assert.deepEqual(await find(`call_id=${encodeURIComponent(callid)}&since=${new Date().toISOString()}`), []);
  });

  test('connections of one tenant or all, by pages, kind, state and name', async () => {
    const names = async (query, token) => (await pagesOf('connections', query, token)).flat().map((c) => c.name);
    const each = Array.from({ length: CONNS }, (_, i) => `c${i}`);
    for (const limit of [1, 5, 12, 100]) {
      assert.deepEqual(await names(`limit=${limit}`), each);
      assert.deepEqual(await names(`tenant=t0&limit=${limit}`), each);
    }
    assert.equal((await of('connections', '')).tenant, null);
    assert.deepEqual(await names('tenant=t1'), []);
    assert.deepEqual(await names('', 'theirs-theirs'), []);
    assert.deepEqual(await names('', 'mine-mine'), each);
    assert.deepEqual(await names('kind=inbound&limit=1'), ['c0', 'c3', 'c6', 'c9']);
    assert.deepEqual(await names('search=C1'), ['c1', 'c10', 'c11']);
    assert.deepEqual(await names('search=0.0.5:'), ['c4']);
    const answer = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/connections/t0/c7`, { method: 'PATCH', body: '{"state": "down"}',
      headers: { authorization: 'Bearer token-of-the-tests', 'content-type': 'application/json' } });
    assert.equal(answer.status, 200);
    assert.deepEqual(await names('state=forced'), ['c7']);
    assert.equal((await names('state=up&kind=inbound&limit=3')).length, 4);
  });

  // Users of t1 who are bound over a flow that never was: two devices each third.
  const NUMBER = 2000;
  const bind = (from, to) => stack.redis.call('EVAL', `local ends = string.format('%.0f', redis.call('TIME')[1] * 1000 + 600000)
    for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
      local key = 'cb:{a:t1/v' .. i .. '}:bind'
      local rest = ends .. ' 1 1000  call%40' .. i .. ' sip%3Av' .. i .. '%40x.invalid ' .. (i % 10 == 0 and 'Desk%20Phone%2F2' or 'JsSIP%203')
      redis.call('HSET', key, 'i:urn%3Auuid%3A' .. i .. ':1', rest .. ' 192.0.2.' .. i % 250 .. '%3A' .. 5000 + i)
      if i % 3 == 0 then redis.call('HSET', key, 'c:sip%3Aother', rest) end
      redis.call('HSET', key, 'c:old', '1000 1 1000  c sip%3Aold Desk%20Phone%2F2') end return 1`, 0, from, to);
  const names = (regs) => regs.map((r) => `${r.user} ${r.device}`);

  test('registrations by full pages, and all of them', async () => {
    await bind(1, NUMBER);
    const count = NUMBER + Math.floor(NUMBER / 3) + 1; // carol
    for (const limit of [73, 500]) {
      const pages = [];
      let next;
      while (next !== null) {
        const page = await of('registrations', `tenant=t1&limit=${limit}${next ? `&cursor=${encodeURIComponent(next)}` : ''}`);
        assert.equal(page.status, 200, JSON.stringify(page));
        pages.push(names(page.registrations));
        ({ next } = page);
      }
      assert.ok(pages.slice(0, -1).every((p) => p.length === limit), JSON.stringify(pages.map((p) => p.length)));
      // one may be told twice: SCAN's steps end elsewhere when other keys come or go
      assert.equal(new Set(pages.flat()).size, count);
    }
    assert.deepEqual((await of('registrations', 'tenant=t0&limit=500')).registrations.filter((r) => /^v/.test(r.user)), []);
  });

  test('while others come and go, those that stay are all told', async () => {
    const seen = new Set();
    let next;
    // one that is told twice is the same, as the document says
    for (let pages = 0; next !== null; pages++) {
      assert.ok(pages < 400, 'it has no end');
      const page = await of('registrations', `tenant=t1&limit=97${next ? `&cursor=${encodeURIComponent(next)}` : ''}`);
      for (const name of names(page.registrations)) seen.add(name);
      ({ next } = page);
      // the table of Redis grows, and shrinks again
      if (pages < 10) await bind(NUMBER + 1 + 2000 * pages, NUMBER + 2000 * (pages + 1));
      else if (pages < 20) await stack.redis.call('EVAL', "for i = ARGV[1], ARGV[2] do redis.call('DEL', 'cb:{a:t1/v' .. i .. '}:bind') end return 1", 0, NUMBER + 1 + 2000 * (pages - 10), NUMBER + 2000 * (pages - 9));
    }
    for (let i = 1; i <= NUMBER; i++) assert.ok(seen.has(`v${i} i:urn%3Auuid%3A${i}:1`), `v${i}`);
  });

  test('registrations by user, device, address, user agent, or any of these', async () => {
    const find = async (query, token) => (await pagesOf('registrations', `tenant=t1&limit=500&${query}`, token)).flat();
    assert.deepEqual(names(await find('user=v7')), ['v7 i:urn%3Auuid%3A7:1']);
    assert.equal((await find('user=v9')).length, 2);
    assert.equal((await find('user=v9&address=192.0.2')).length, 1);
    assert.deepEqual((await find('device=A1234:')).map((r) => r.user), ['v1234']);
    assert.deepEqual((await find('address=192.0.2.17:6017')).map((r) => [r.user, r.address]), [['v1017', '192.0.2.17:6017']]);
    assert.equal((await find('agent=desk%20phone')).length, 200 + 66);
    assert.equal((await find('agent=desk%20phone&search=V21')).length, 1 + 1, 'v210, twice');
    assert.deepEqual((await find('search=v1999@x.inv', 'theirs-theirs')).map((r) => r.user), ['v1999']);
    assert.equal((await find('search=nothing-like-that')).length, 0);
    const phone = await home.phone('dave');
    const [mine] = (await of('registrations', 'tenant=t0&user=dave')).registrations;
    assert.match(mine.address, /^127\.0\.0\.1:\d+$/);
    phone.close();
    for (const query of ['', 'tenant=t1&cursor=x', 'tenant=t1&cursor=1-2-3', 'tenant=t1&limit=0', `tenant=t1&user=${'%2F'.repeat(250)}`]) {
      const { status, errors } = await of('registrations', query);
      assert.deepEqual([status, errors?.length], [400, 1], query);
    }
  });

  test('nodes by pages, daemon and state', async () => {
    const names = async (query) => (await pagesOf('nodes', query)).flat().map((n) => `${n.daemon}/${n.node}`);
    for (const limit of [1, 2, 100]) assert.deepEqual(await until(async () => ((list) => list.length === 2 && list)(await names(`limit=${limit}`)), 'two nodes'), ['mediad/m1', 'sigd/s1']);
    assert.deepEqual(await names('daemon=sigd'), ['sigd/s1']);
    await until(async () => (await names('state=serving&limit=1')).length === 2, 'both serve');
    assert.deepEqual(await names('state=lost'), []);
  });
});
