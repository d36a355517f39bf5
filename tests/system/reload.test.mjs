// The routing table is changed again and again while 50 calls a second come: none
// is lost, and each goes to its end as it began, also when what it goes by is in
// no table any more. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Sipp } from './lib/sipp.mjs';
import { freeUdp, sleep, until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const RULES = 3000; // in front of those that count: a load takes a while
const RELOADS = 20;
const RATE = 50;
const HOLD_MS = 2500; // of each call: at its end its table is gone

// Connections by name, routes as text, tests as text; `mark` makes another
// version of it.
const table = (mark, connections, routes, tests = '') => `tenants:
  t:
    domains: [t.test]
    realm: t
    users: {alice: {password: alice-secret}}
    connections:
      pbx: {kind: trunk, address: 192.0.2.9, sources: [127.1.0.0/16], probe: 0s}
${Object.entries(connections).map(([name, port]) => `      ${name}: {kind: trunk, address: '127.0.0.1:${port}', probe: 0s}`).join('\n')}
    routes:
${Array.from({ length: RULES }, (_, i) => `      - {name: r${i}, match: {callee: '9${i}[0-9]${mark}'}, to: {user: alice}}`).join('\n')}
${routes}${tests && `    tests:\n${tests}`}`;

describe('reload', { timeout: 360000 }, () => {
  const ports = {};
  const one = (name, mark, tests) => table(mark, { [name]: ports[name] },
    `      - {name: out, match: {from: [pbx, users], callee: '0.*'}, to: {connection: ${name}}}\n`, tests);
  // SIPp takes what is repeated for something new: none shall be
  const timers = 'sip:\n  t1: 500ms\n';
  const suite = new Suite({ sigdWorkers: 2, timers, rtpPorts: 3000, routing: () => one('even', 'begin'),
    sigd: 'limits: {source: {rate: 0}, tenant: {rate: 0}}\n' });
  const { stack } = suite;
  const carriers = {};

  before(async () => {
    ports.even = await freeUdp(3);
    ports.odd = ports.even + 1;
    ports.slow = ports.even + 2;
    await suite.start();
    for (const name of ['even', 'odd']) {
      carriers[name] = await Sipp.start(stack, 'trunk', { port: ports[name], calls: 1000000, limit: 170 });
    }
  });
  afterEach(() => stack.audit());
  after(async () => {
    for (const carrier of Object.values(carriers)) carrier.stop();
    await suite.stop();
  });

  const put = (text) => fs.writeFileSync(stack.file('routing.yaml'), text);
  const ask = async (method, what) => {
    for (let tries = 1; ; tries++) {
      const r = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/${what}`, { method, headers: { Authorization: 'Bearer token-of-the-tests' } });
      const body = await r.json();
      // as who asks is told, where the machine has no time for Redis
      if (r.status !== 503 || !r.headers.get('retry-after') || tries === 10) return { status: r.status, body };
      await sleep(1000 * Number(r.headers.get('retry-after')));
    }
  };
  // of all workers; null: they are not of one mind
  const version = async () => {
    const { nodes } = (await ask('GET', 'nodes')).body;
    const seen = new Set(nodes.filter((n) => n.daemon === 'sigd').flatMap((n) => n.workers.map((w) => w.routes.version)));
    return seen.size === 1 ? [...seen][0] : null;
  };
  const call = (callee, options) => Sipp.start(stack, 'trunk_caller', { address: '127.1.0.1',
    keys: { callee, domain: 't.test' }, limit: 90, ...options });

  const ways = {
    async SIGHUP() {
      const before = await version();
      stack.procs.get('sigd').kill('SIGHUP');
      await until(async () => ![before, null].includes(await version()), 'the table is another one');
      return version();
    },
    async POST() {
      const { status, body } = await ask('POST', 'routes/reload');
      assert.equal(status, 200, JSON.stringify(body));
      assert.ok(body.workers.every((w) => w.state === 'loaded' && w.version === body.version), JSON.stringify(body));
      return body.version;
    },
  };

  // A table whose test fails changes nothing, and both ways tell why.
  async function blocked(mark) {
    const before = await version();
    put(one('odd', mark, '      - {name: wrong, when: {caller: alice, callee: "0301"}, expect: {to: alice}}\n'));
    const { status, body } = await ask('POST', 'routes/reload');
    assert.equal(status, 422);
    assert.match(body.errors[0].text, /test "wrong" fails; expected to alice, got odd/);
    const told = () => stack.log('sigd.log').split('the new configuration is not used').length;
    const count = told();
    stack.procs.get('sigd').kill('SIGHUP');
    await until(() => told() > count, 'the log says that it is refused');
    assert.match(stack.log('sigd.log'), /test .*wrong.* fails; expected to alice, got odd/);
    assert.equal(await version(), before);
  }

  test(`${RELOADS} reloads under ${RATE} calls a second lose none, and each ends by the table with which it began`, async (t) => {
    const caller = await call('0301', { calls: 1000000, rate: RATE, hold: HOLD_MS });
    const seen = [await version()];
    const took = [];
    for (let i = 0; i < RELOADS; i++) {
      put(one(i % 2 ? 'even' : 'odd', `v${i}`));
      const begun = performance.now();
      const now = await ways[i % 4 < 2 ? 'SIGHUP' : 'POST']();
      took.push(performance.now() - begun);
      await until(async () => await version() === now, 'all workers show it');
      assert.ok(!seen.includes(now), 'another table, another version');
      seen.push(now);
      if (i % 7 === 3) await blocked(`x${i}`);
      // calls come by each of them
      const { OutgoingCall: before } = caller.counts();
      await until(() => caller.counts().OutgoingCall > before, 'calls come');
    }
    caller.child.kill('SIGUSR1'); // no new ones
    await caller.done;
    const { OutgoingCall: calls } = caller.counts();
    assert.ok(calls > RELOADS * RATE / 2, `${calls} calls`);
    assert.deepEqual([caller.counts().GenericCounter1, caller.counts().FailedCall], [calls, 0], caller.problems());
    // each was hung up where it was, though that was in no table by then
    const ends = (counter) => ['even', 'odd'].map((name) => carriers[name].counts()[`GenericCounter${counter}`]);
    await until(() => ends(2)[0] + ends(2)[1] === calls, 'each was hung up')
      .catch(() => assert.fail(`${ends(2)} of ${ends(1)} were hung up: ${carriers.even.problems()} ${carriers.odd.problems()}`));
    assert.ok(Math.min(...ends(1)) > calls / 4, `${ends(1)} calls`);
    const times = caller.times().sort((x, y) => x - y);
    const sorted = took.sort((x, y) => x - y);
    t.diagnostic(`${calls} calls: set up after ${times[times.length >> 1]} ms (median), ${times[Math.floor(times.length * 0.99)]} (99 of 100), ${times.at(-1)} ms at most; `
      + `a reload (${RULES} rules) ${Math.round(sorted[RELOADS >> 1])} ms, ${Math.round(sorted.at(-1))} ms at most; ${ends(1).join(' and ')} calls to each`);
    assert.deepEqual(stack.log('sigd.log').split('\n').filter((l) => l.includes('stands still')), []);
  });

  test('a call that is being set up goes on by the table with which it began', async () => {
    carriers.slow = await Sipp.start(stack, 'trunk_late', { port: ports.slow, calls: 1000000, limit: 100 });
    put(table('late', { slow: ports.slow, odd: ports.odd }, `      - name: out
        match: {from: pbx, callee: '0.*'}
        to: {connections: [slow, odd]}
        failover: {ring_within: 2s}
`));
    await ways.POST();
    const caller = await call('0302', { hold: 500 });
    await until(() => carriers.slow.counts().GenericCounter1 === 1, 'it rings');
    const before = carriers.odd.counts().GenericCounter1;
    // neither of them is there any more, nor the route
    put(one('even', 'after'));
    await ways.POST();
    assert.equal(caller.times().length, 0, 'it rings still');
    await caller.done;
    assert.equal(caller.counts().GenericCounter1, 1);
    await until(() => carriers.odd.counts().GenericCounter1 === before + 1, 'the next target got it');
    await until(() => carriers.slow.counts().GenericCounter2 === 1, 'the first one was cancelled');
  });
});
