// GET /v1/stream: what happens, as server-sent events, and figures of all workers.
// SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { sleep, until } from './lib/stack.mjs';
import { Events } from './lib/events.mjs';
import { Suite } from './lib/suite.mjs';

const WS = { transport: 'ws' };

describe('the stream of events', { timeout: 120000 }, () => {
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
    assert.ok(data.workers.every((w) => Number.isInteger(w.load_permille)), JSON.stringify(data.workers));
    const seen = reader.of('figures').length;
    const from = Date.now();
    await until(() => reader.of('figures').length >= seen + 3, 'three more');
    assert.ok(Date.now() - from > 1500, 'not more than one a second');
    assert.ok(reader.comments > 2, 'and a comment, so that it is not taken for idle');
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
    assert.equal((await look({ headers: { 'last-event-id': 'x' } })).status, 400);
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
    for (let i = 0; i < 3; i++) {
      const many = await Promise.all(Array.from({ length: 20 }, () => look()));
      assert.ok(many.every(({ status }) => status === 200));
      await many.at(-1).get('figures');
      await Promise.all(readers.splice(0).map((reader) => reader.close()));
      // noticed when the next comment is written
      await until(async () => await suite.stack.metric(suite.stack.sigdAdmin, 'cordboard_sig_load_permille', 's1/1')
        .then(() => true, () => false), 'it answers others');
      await sleep(1500); // two comments
    }
  });
});
