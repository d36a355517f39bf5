// GET /v1/stream: what happens, as server-sent events, and figures of all workers.
// SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { until } from './lib/stack.mjs';
import { Events } from './lib/events.mjs';
import { Suite } from './lib/suite.mjs';

const WS = { transport: 'ws' };

describe('the stream of events', { timeout: 240000 }, () => {
  const suite = new Suite();
  const readers = [];
  before(() => suite.start());
  afterEach(async () => {
    suite.hangUp();
    await Promise.all(readers.splice(0).map((reader) => reader.close()));
  });
  after(() => suite.stop());

  const look = async (options) => {
    const reader = await Events.open(suite.stack.sigdAdmin, options);
    readers.push(reader);
    return reader;
  };

  test('of too much the newest is told, and who comes back is there for what comes next', async () => {
    // 500 of a kilobyte, in all shards: more than may wait for a reader. The first
    // of the tests: ids of a stream only grow
    const script = `for i = 1, 500 do
      redis.call('XADD', string.format('cb:{c:%x}:cdr', i % 16), string.format('%d-0', ARGV[1] + 100 * i), 'call', string.format('%016x', i), 'tenant', 'many',
        'callid', string.rep('x', 900), 'start', '1763803532000', 'end', '1763803532123', 'reason', 'hangup')
    end`;
    const since = Date.now() - 60000;
    await suite.stack.redis.call('EVAL', script, 0, since);
    const reader = await look({ headers: { 'last-event-id': since } });
    await reader.get('figures');
    const ended = reader.of('call.ended').filter(({ data }) => data.tenant === 'many');
    assert.ok(ended.length > 50 && ended.length < 500, `${ended.length} are told`);
    assert.equal(reader.list[0].event, 'cut');
    assert.ok(Date.parse(reader.list[0].data.until) >= since);
    const ids = ended.map(({ id }) => Number(id));
    assert.deepEqual(ids, [...ids].sort((a, b) => a - b), 'the oldest first');
    const tenant = suite.tenant();
    await tenant.phone('alice', WS);
    await reader.get('registration.added', ({ tenant: of }) => of === tenant.domain.replace('.test', ''));
  });

  test('it is for those who have the token', async () => {
    assert.equal((await look({ token: 'wrong' })).status, 401);
    const reader = await look();
    assert.equal(reader.status, 200);
    assert.equal(reader.type, 'text/event-stream');
  });

  test('a call is told as it goes, and who registers', async () => {
    const reader = await look();
    await reader.get('figures');
    const tenant = suite.tenant();
    const alice = await tenant.phone('alice', WS);
    const { data } = await reader.get('registration.added', (d) => d.data.user === 'alice');
    assert.equal(data.tenant, tenant.domain.replace('.test', ''));
    const bob = await tenant.phone('bob', WS);
    const call = alice.call('bob');
    const rung = await bob.incoming();
    const started = await reader.get('call.started', (d) => d.data.callee === 'bob');
    rung.answer();
    assert.equal((await call.final).code, 200);
    await rung.up();
    await reader.get('call.answered', (d) => d.data.call === started.data.data.call);
    await call.bye();
    const ended = await reader.get('call.ended', (d) => d.data.call === started.data.data.call);
    assert.equal(ended.data.data.reason, 'hangup');
    assert.match(ended.id, /^\d{13}$/);
  });

  test('figures come each second, of the workers of both daemons', async () => {
    const reader = await look();
    const { data } = await reader.get('figures', (d) => d.workers.length === 4);
    assert.deepEqual(data.workers.map((w) => `${w.daemon} ${w.worker}`).sort(),
      ['mediad m1/1', 'mediad m1/2', 'sigd s1/1', 'sigd s1/2']);
    const has = { sigd: ['load_permille', 'busy', 'calls', 'answered', 'flows'], mediad: ['load_permille', 'lag_ms', 'sessions'] };
    assert.ok(data.workers.every((w) => has[w.daemon].every((name) => Number.isInteger(w[name]))), JSON.stringify(data.workers));
    const seen = reader.of('figures').length;
    await until(() => reader.of('figures').length >= seen + 3, 'three more');
    const times = reader.of('figures').map(({ data: { time } }) => Date.parse(time));
    assert.ok(times.slice(1).every((time, i) => time - times[i] > 700), `not more than one a second: ${times}`);
    assert.ok(reader.comments > 2, 'and a comment, so that it is not taken for idle');
  });

  test('who is registered is counted, over UDP, too, as /metrics does', async () => {
    const reader = await look();
    const { data: { registered } } = await reader.get('figures');
    assert.ok(Number.isInteger(registered));
    const tenant = suite.tenant();
    await tenant.phone('alice', { transport: 'udp' });
    await tenant.phone('bob', WS);
    await reader.get('figures', (d) => d.registered === registered + 2);
    const text = await (await fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}/metrics`)).text();
    assert.match(text, new RegExp(`^cordboard_cluster_registrations ${registered + 2}$`, 'm'));
  });

  test('who comes back has what happened meanwhile', async () => {
    const tenant = suite.tenant();
    const first = await look();
    await tenant.phone('carol', WS);
    const { id } = await first.get('registration.added', (d) => d.data.user === 'carol');
    await first.close();
    await tenant.phone('dave', WS);
    const second = await look({ headers: { 'last-event-id': id } });
    const dave = await second.get('registration.added', (d) => d.data.user === 'dave');
    assert.ok(Number(dave.id) >= Number(id));
    for (const [field, options] of [['Last-Event-ID', { headers: { 'last-event-id': 'x' } }], ['since', { query: '?since=x' }], ['tenant', { query: '?tenant=' }]]) {
      const refused = await look(options);
      assert.equal(refused.status, 400);
      assert.equal((await refused.problem).errors[0].field, field);
    }
  });

  test('a tenant alone is told of itself alone, and nothing of the cluster', async () => {
    const [mine, other] = [suite.tenant(), suite.tenant()];
    const reader = await look({ query: `?tenant=${mine.domain.replace('.test', '')}` });
    const all = await look();
    await other.phone('alice', WS);
    await all.get('registration.added', (d) => d.tenant === other.domain.replace('.test', ''));
    await mine.phone('alice', WS);
    await reader.get('registration.added');
    assert.equal(reader.list.length, 1, JSON.stringify(reader.list));
  });

  test('many look on, and who goes makes room', async () => {
    // of one token there are 16, of streams 64 in all: who has gone is noticed
    // when the next comment is written
    for (let i = 0; i < 5; i++) {
      const many = [];
      await until(async () => {
        const all = await Promise.allSettled(Array.from({ length: 16 - many.length }, () => look()));
        many.push(...all.flatMap(({ value }) => (value?.status === 200 ? [value] : [])));
        return many.length === 16;
      }, 'there is room for sixteen');
      await many.at(-1).get('figures');
      await Promise.all(readers.splice(0).map((reader) => reader.close()));
    }
    // ... and connections, for what the suite itself asks at its end
    const healthy = () => fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}/healthz`).then(async (r) => r.ok && await r.text());
    await until(() => Promise.all(Array.from({ length: 20 }, healthy)).then((all) => all.every(Boolean), () => false), 'it answers others');
  });
});

describe('how many look on', { timeout: 120000 }, () => {
  const suite = new Suite({ tokens: { one: 'scope: read, tenant: t1', other: 'scope: read, tenant: t1', third: 'scope: read, tenant: t2' },
    admin: `  requests_per_second: 10000
  requests_burst: 10000
  streams_per_token: 3
  streams_per_tenant: 4
  streams_per_address: 6` });
  const readers = [];
  before(() => suite.start());
  after(async () => {
    await Promise.all(readers.map((reader) => reader.close()));
    await suite.stop();
  });

  const look = async (token) => {
    const reader = await Events.open(suite.stack.sigdAdmin, { token });
    readers.push(reader);
    return reader;
  };
  const refused = async (token) => {
    const { status, after: seconds, problem } = await look(token);
    assert.equal(status, 429, token);
    assert.match(seconds, /^[1-9]\d*$/);
    return (await problem).detail;
  };

  test('one token, one tenant and one address leave others their room; who goes makes room', async () => {
    for (let i = 0; i < 3; i++) assert.equal((await look('one-one')).status, 200);
    assert.match(await refused('one-one'), /this token/);
    assert.equal((await look('other-other')).status, 200);
    assert.match(await refused('other-other'), /this tenant/);
    assert.equal((await look('third-third')).status, 200, 'another tenant');
    assert.equal((await look('token-of-the-tests')).status, 200);
    assert.match(await refused('token-of-the-tests'), /this address/);
    await readers.shift().close();
    await until(async () => (await look('one-one')).status === 200, 'who has gone was found out');
  });
});
