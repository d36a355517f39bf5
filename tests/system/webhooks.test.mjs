// Events together in one POST: bounded, in order, none lost while the receiver
// is away. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Receiver, SECRET } from './lib/receiver.mjs';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const BATCH = 10;
const BYTES = 8192;

// "news-1763700000123-0": of which stream, and where in it
const place = (id) => {
  const [, stream, ms, nr] = /^(.*)-(\d+)-(\d+)$/.exec(id);
  return { stream, at: Number(ms) * 1000 + Number(nr) };
};

describe('webhooks with several events', { timeout: 360000 }, () => {
  let suite;
  let to;
  let alone;
  before(async () => {
    to = new Receiver();
    alone = new Receiver();
    await to.listen();
    await alone.listen();
    suite = new Suite({ sigd: `events:
  hooks:
    - {name: many, url: "http://127.0.0.1:${to.port}/", secret: ${SECRET}, types: [call.*], batch: ${BATCH}, batch_size: ${BYTES}}
    - {name: alone, url: "http://127.0.0.1:${alone.port}/", secret: ${SECRET}, types: [call.ended]}
` });
    await suite.start();
    await until(async () => (await suite.stack.redis.call('EXISTS', 'cb:{h:many}:places', 'cb:{h:alone}:places')) === 2, 'the feeds');
  });
  afterEach(() => suite.hangUp());
  after(async () => {
    await suite.stop();
    await to.close();
    await alone.close();
  });

  const ended = (from, callid) => from.of('call.ended', callid).length === 1;

  // What has been taken so far, as it came.
  function bounded(posts) {
    const last = new Map();
    for (const { id, events, bytes } of posts) {
      assert.ok(events.length >= 1 && events.length <= BATCH, `${events.length} events`);
      assert.ok(bytes <= BYTES + 2 * BATCH || events.length === 1, `${bytes} bytes`);
      assert.equal(id, `${events[0].id}+${events.length - 1}`);
      for (const event of events) {
        const { stream, at } = place(event.id);
        assert.ok(at > (last.get(stream) ?? 0), `${event.id} in its order`);
        last.set(stream, at);
      }
    }
  }

  const metric = async (name, receiver) => Number((await fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}/metrics`).then((r) => r.text()))
    .match(new RegExp(`^cordboard_sig_events_${name}_total\\{receiver="${receiver}"\\} (\\d+)$`, 'm'))?.[1]);

  test('a receiver that was away gets all, in order, some at a time', async () => {
    const { port } = to;
    await to.close();
    const ids = await suite.calls(30);
    await until(() => alone.of('call.ended').length >= 30, 'who is there has them');
    to = Object.assign(new Receiver(), { events: to.events });
    await to.listen(port);
    for (const id of ids) await until(() => ended(to, id), 'what had waited', 40000);
    await until(() => to.of('call.started').length === 30 && to.of('call.answered').length === 30, 'their begin');
    assert.equal(to.bad, 0, 'signatures');
    bounded(to.posts);
    assert.ok(to.posts.some(({ events }) => events.length === BATCH), 'they went together');
    assert.ok(to.posts.length <= 90 / 3, `${to.posts.length} posts of 90 events`);
    assert.ok([...to.times.values()].every((n) => n === 1), 'each once, as nobody died');
    assert.ok(to.connections <= 3, `${to.connections} connections`);
    assert.ok(alone.connections <= 16, `${alone.connections} connections of single events`);
    assert.ok(alone.posts.every(({ id, events }) => events === undefined && alone.events.has(id)), 'an event is the body, as before');
  });

  test('one that is refused costs no other', async () => {
    const before = to.posts.length;
    let bad;
    to.answerAll = (events) => {
      bad ??= events.find((e) => e.type === 'call.answered')?.id;
      return events.some(({ id }) => id === bad) ? 422 : 200;
    };
    // together, as five refusals take fifteen seconds
    const ids = await suite.calls(6);
    for (const id of ids) await until(() => ended(to, id), 'the others', 60000);
    await until(async () => await metric('refused', 'many') === 1, 'it was passed over', 30000);
    assert.equal(to.bad, 0);
    assert.ok(bad && !to.events.has(bad));
    bounded(to.posts.slice(before));
    to.answerAll = null;
    assert.ok(await metric('posts', 'many') > await metric('retries', 'many'));
  });

  // It refuses so many POSTs by `code`, then none: all of the calls are told.
  async function refuses(code, n) {
    const [refused, start] = [await metric('refused', 'many'), to.posts.length];
    let seen = 0;
    to.answerAll = () => (++seen <= n ? code : 200);
    const ids = await suite.calls(4);
    for (const id of ids) await until(() => ended(to, id), `after ${n} times ${code}`, 90000);
    // of streams of their own: what was held may come behind the end
    const begun = () => to.of('call.started').filter((e) => ids.includes(e.data.call_id));
    await until(() => begun().length === 4, 'all are told to have begun', 90000);
    const started = begun();
    for (const { data } of started) await until(() => to.of('call.answered', data.call).length === 1, 'answered');
    assert.ok(seen > n);
    assert.equal(await metric('refused', 'many'), refused);
    to.answerAll = null;
    return to.posts.slice(start);
  }

  test('a receiver that cannot be got at with a 404 is away: nothing is passed over', async () => {
    bounded(await refuses(404, 6));
  });

  test('one that refuses all, be it one by one, gets all when it is well', async () => {
    // five times an array, and the first ones of it alone
    await refuses(400, 8);
    assert.equal(to.bad, 0);
  });

  test('what it refuses waits until something else is taken, and is passed over then', async () => {
    const refused = await metric('refused', 'many');
    const bad = new Set();
    let first = true;
    let tries = 0;
    to.answerAll = (events) => {
      for (const e of first ? events : []) bad.add(e.id);
      if (!events.some(({ id }) => bad.has(id))) return 200;
      ++tries;
      return 422;
    };
    await suite.calls(1);
    await until(() => tries >= 9, 'it was tried, and is held', 40000);
    assert.equal(await metric('refused', 'many'), refused);
    first = false;
    const [next] = await suite.calls(1);
    await until(() => ended(to, next), 'the next one', 60000);
    await until(async () => await metric('refused', 'many') === refused + bad.size, 'passed over', 30000);
    to.answerAll = null;
  });

  test('an admin process that is killed loses none of an array', async () => {
    const { port } = to;
    await to.close();
    const ids = await suite.calls(5);
    process.kill(suite.stack.children('sigd').adm, 'SIGKILL');
    to = Object.assign(new Receiver(), { events: to.events });
    await to.listen(port);
    for (const id of ids) await until(() => ended(to, id), 'what had waited', 40000);
    bounded(to.posts);
  });
});
