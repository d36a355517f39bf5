// What happens is told: in a file, and by signed webhooks, each event at least
// once, whoever is away meanwhile. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Receiver, SECRET } from './lib/receiver.mjs';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

describe('events', { timeout: 360000 }, () => {
  let suite;
  let all;
  let calls;
  let file;
  before(async () => {
    all = new Receiver();
    calls = new Receiver();
    await all.listen();
    await calls.listen();
    suite = new Suite({ sigd: `events:
  file: events.jsonl
  hooks:
    - {name: all, url: "http://127.0.0.1:${all.port}/all", secret: ${SECRET}}
    - {name: ends, url: "http://127.0.0.1:${calls.port}/", secret: ${SECRET}, types: [call.ended]}
` });
    await suite.start();
    file = suite.stack.file('events.jsonl');
    // a feed begins with what happens once it is there
    await until(async () => (await suite.stack.redis.call('EXISTS', 'cb:{h:all}:places', 'cb:{h:ends}:places', 'cb:{n:s1}:file:places')) === 3, 'the feeds');
  });
  afterEach(() => suite.hangUp());
  after(async () => {
    await suite.stop();
    await all.close();
    await calls.close();
  });

  const lines = () => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)) : []);

  async function call(tenant) {
    const alice = await tenant.phone('alice', { transport: 'ws' });
    const bob = await tenant.phone('bob', { transport: 'udp' });
    const out = alice.call('bob');
    const into = await bob.incoming();
    into.answer();
    assert.equal((await out.final).code, 200);
    await into.up();
    await out.bye();
    return (await out.final).callid;
  }

  test('a call is told when it starts, is answered and ends, to a file and to who listens', async () => {
    const tenant = suite.tenant();
    const name = tenant.domain.replace('.test', '');
    const callid = await call(tenant);
    const [end] = await until(() => all.of('call.ended', callid).length && all.of('call.ended', callid), 'the end');
    assert.equal(end.tenant, name);
    assert.equal(end.data.caller.user, 'alice');
    assert.equal(end.data.callee.user, 'bob');
    assert.equal(end.data.call_id, callid);
    assert.ok(end.data.talk_ms >= 0 && end.data.duration_ms >= end.data.talk_ms);
    assert.ok(Date.parse(end.data.started) <= Date.parse(end.data.answered) && Date.parse(end.data.answered) <= Date.parse(end.data.ended));
    const [started] = await until(() => all.of('call.started', callid).length && all.of('call.started', callid), 'the start');
    assert.equal(started.data.caller, 'alice');
    assert.equal(started.data.callee, 'bob');
    await until(() => all.of('call.answered', end.data.call).length === 1, 'the answer');
    await until(() => all.of('registration.added').some((e) => e.tenant === name && e.data.user === 'alice'), 'the registration');
    await until(() => calls.of('call.ended', callid).length === 1, 'the other receiver');
    assert.ok([...calls.events.values()].every((e) => e.type === 'call.ended'), 'only what it wants');
    assert.equal(all.bad + calls.bad, 0, 'signatures');
    const told = await until(() => lines().filter((e) => e.data.call === end.data.call).length === 3 && lines(), 'the file');
    assert.deepEqual(told.find((e) => e.id === end.id), end);
    assert.equal(new Set(told.map((e) => e.id)).size, told.length, 'each once');
    assert.equal(fs.statSync(file).mode & 0o777, 0o640);
  });

  test('a device whose connection is lost, or that leaves, is told', async () => {
    const tenant = suite.tenant();
    const name = tenant.domain.replace('.test', '');
    const of = (type, user) => all.of(type).filter((e) => e.tenant === name && e.data.user === user).length;
    const carol = await tenant.phone('carol', { transport: 'ws' });
    await carol.register();
    await carol.register({ expires: 0 });
    await until(() => of('registration.removed', 'carol') === 1, 'removed');
    assert.equal(of('registration.added', 'carol'), 1, 'a refresh is no news');
    const dave = await tenant.phone('dave', { transport: 'ws' });
    dave.close();
    await until(() => of('registration.lost', 'dave') === 1, 'lost');
  });

  test('what a receiver refuses five times is passed over; others are told meanwhile', async () => {
    const figure = async () => Number((await fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}/metrics`).then((r) => r.text()))
      .match(/^cordboard_sig_events_refused_total\{receiver="ends"\} (\d+)$/m)?.[1]);
    let bad;
    let tries = 0;
    calls.answer = (event) => {
      bad ??= event.id;
      if (event.id !== bad) return 200;
      return ++tries % 2 ? 422 : 400;
    };
    const refused = await figure();
    await call(suite.tenant());
    await until(() => bad, 'the first try');
    // one that is under way ends its batch: the next one waits for it
    const next = await call(suite.tenant());
    await until(() => calls.of('call.ended', next).length === 1, 'the next one', 60000);
    assert.equal(await figure(), refused + 1);
    assert.equal(tries, 5);
    assert.ok(!calls.events.has(bad));
    calls.answer = () => 200;
  });

  test('what a receiver could not take it gets later', async () => {
    let refused = 0;
    calls.answer = (event) => {
      if (event.data.callee.user !== 'bob') return 200;
      ++refused;
      return refused < 3 ? 503 : 200;
    };
    const first = await call(suite.tenant());
    await until(() => calls.of('call.ended', first).length === 1, 'the third try', 20000);
    assert.equal(refused, 3);
    // away altogether, while the admin process that serves it dies
    await calls.close();
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push(await call(suite.tenant()));
    const { port } = calls;
    const back = new Receiver();
    back.events = calls.events;
    process.kill(suite.stack.children('sigd').adm, 'SIGKILL');
    await back.listen(port);
    calls = back;
    for (const id of ids) await until(() => back.of('call.ended', id).length === 1, 'what had waited', 40000);
    for (const id of ids) await until(() => lines().filter((e) => e.type === 'call.ended' && e.data.call_id === id).length >= 1, 'the file');
    await until(async () => /cordboard_sig_events_delivered_total\{receiver="ends"\} \d+/.test(
      await fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}/metrics`).then((r) => r.text(), () => '')), 'figures');
  });

  test('a file that is moved away is made anew', async () => {
    fs.renameSync(file, `${file}.1`);
    const callid = await call(suite.tenant());
    await until(() => lines().some((e) => e.data.call_id === callid && e.type === 'call.ended'), 'a new file');
  });
});
