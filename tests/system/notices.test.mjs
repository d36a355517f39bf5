// What operators are told of unasked: nodes that come and go, limits that are
// reached, once in a while. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Receiver, SECRET } from './lib/receiver.mjs';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const routing = `tenants:
  t0:
    domains: ["t0.test"]
    realm: cordboard
    max_calls: 2
    users:
      alice: {password: alice-secret, max_calls: 1}
      bob: {password: bob-secret}
      carol: {password: carol-secret}
    routes:
      - {name: echo, match: {callee: echo}, to: {service: echo}}
  t1:
    domains: ["t1.test"]
    realm: cordboard
    calls_per_second: 1
    users: {alice: {password: alice-secret}}
    routes:
      - {name: echo, match: {callee: echo}, to: {service: echo}}
`;

describe('notices', { timeout: 360000 }, () => {
  let suite;
  let receiver;
  before(async () => {
    receiver = new Receiver();
    await receiver.listen();
    suite = new Suite({ routing, sigdWorkers: 1, mediadWorkers: 1, sigd: `events:
  hooks:
    - {name: all, url: "http://127.0.0.1:${receiver.port}/", secret: ${SECRET}, types: ["node.*", "limit.*"]}
` });
    await suite.start();
    await until(async () => (await suite.stack.redis.call('EXISTS', 'cb:{h:all}:places')) === 1, 'the feed');
  });
  afterEach(() => suite.hangUp());
  after(async () => {
    suite.before = null;
    await suite.stop();
    await receiver.close();
  });

  const of = (type, find = () => true) => receiver.of(type).filter(find);

  test('a limit that is reached is told once, however many calls it refuses', async () => {
    const tenant = suite.tenant();
    const [alice, bob, carol] = [await tenant.phone('alice'), await tenant.phone('bob'), await tenant.phone('carol')];
    const first = alice.call('echo');
    assert.equal((await first.final).code, 200);
    for (let i = 0; i < 4; i++) assert.ok((await alice.call('echo').final).code >= 400);
    const second = bob.call('echo');
    assert.equal((await second.final).code, 200);
    for (let i = 0; i < 4; i++) assert.ok((await carol.call('echo').final).code >= 400);
    const [user] = await until(() => of('limit.calls', (e) => e.data.name === 'alice').length && of('limit.calls', (e) => e.data.name === 'alice'), 'the user');
    assert.equal(user.tenant, 't0');
    await until(() => of('limit.calls', (e) => e.tenant === 't0' && !e.data.name).length, 'the tenant');
    await first.bye();
    await second.bye();
    const fast = await suite.tenant().phone('alice');
    const codes = await Promise.all(Array.from({ length: 12 }, () => fast.call('echo').final.then((r) => r.code)));
    assert.ok(codes.some((code) => code === 503));
    await until(() => of('limit.rate', (e) => e.tenant === 't1').length, 'the rate');
    assert.equal(of('limit.calls', (e) => e.data.name === 'alice').length, 1);
    assert.equal(of('limit.calls', (e) => !e.data.name).length, 1);
    assert.equal(of('limit.rate').length, 1);
    assert.match(await fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}/metrics`).then((r) => r.text()), /alarms_total\{[^}]*kind="limit-calls"/);
  });

  test('a node that leaves has left, one that dies is lost, and one that comes has joined', async () => {
    const { stack } = suite;
    const is = (type, n) => until(() => of(type, (e) => e.data.node === 'm1' && e.data.daemon === 'mediad').length === n, `${type} ${n}`, 30000);
    await until(async () => (await stack.redis.call('HGET', 'cb:nodes', 'mediad m1')) === 'serving', 'it is known');
    const joined = of('node.joined', (e) => e.data.node === 'm1').length;
    stack.procs.get('mediad').kill('SIGTERM');
    await stack.procs.get('mediad').exited;
    await is('node.left', 1);
    stack.startMediad();
    await is('node.joined', joined + 1);
    const pids = [stack.procs.get('mediad').pid, ...Object.values(stack.children('mediad'))];
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await is('node.lost', 1);
    stack.startMediad();
    await is('node.joined', joined + 2);
    assert.equal(of('node.left').length, 1);
    assert.equal(of('node.lost').length, 1);
    assert.ok(of('node.lost').every((e) => e.tenant === null && e.data.was === 'serving'));
  });
});
