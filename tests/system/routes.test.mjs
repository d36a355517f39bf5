// The routing table as an operator changes it: asked, tried, and loaded anew
// while calls go on.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Suite } from './lib/suite.mjs';
import { Sipp } from './lib/sipp.mjs';
import { B, freeUdp, until } from './lib/stack.mjs';

const RULES = 3000; // in front of the one that counts

// `mark` makes another version of it.
const table = (port, mark, more = '') => `tenants:
  t:
    domains: [t.test]
    realm: t
    users: {alice: {password: alice-secret}}
    connections:
      sipp: {kind: trunk, address: "127.0.0.1:${port}", probe: 0s}
    routes:
${Array.from({ length: RULES }, (_, i) => `      - {name: r${i}, match: {callee: '9${i}[0-9]${mark}'}, to: {user: alice}}`).join('\n')}
      - {name: echo, match: {from: [users, sipp], callee: 'echo|test'}, to: {service: echo}}
      - {name: out, match: {callee: '0[0-9]+'}, to: {connection: sipp}}
    tests:
      - {name: calls are heard, when: {from: sipp, callee: test}, expect: {route: echo, to: echo}}
${more}`;

describe('routes', { timeout: 360000 }, () => {
  let suite;
  let stack;
  let port;
  before(async () => {
    port = await freeUdp(1);
    suite = await new Suite({ routing: table(port, ''), rtpPorts: 4000,
      sigd: 'limits: {}\n' }).start();
    ({ stack } = suite);
  });
  after(() => suite.stop());

  const put = (text) => fs.writeFileSync(stack.file('routing.yaml'), text);
  const ask = async (method, what, body) => {
    const r = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/${what}`, { method, body,
      headers: { Authorization: 'Bearer token-of-the-tests',
        'content-type': what.endsWith('validate') ? 'application/yaml' : 'application/json' } });
    return { status: r.status, body: JSON.parse(await r.text()) };
  };
  const post = (what, body = '') => ask('POST', `routes/${what}`, body);

  test('explain answers with the plan and in words', async () => {
    let { status, body } = await post('explain', '{"caller": "alice", "callee": "0301"}');
    assert.equal(status, 200);
    assert.deepEqual(body.plan.targets.map((t) => t.connection), ['sipp']);
    assert.match(body.text, /route "out".*matches/);
    assert.match(body.version, /^[0-9a-f]{16}$/);
    ({ status, body } = await post('explain', '{"calee": "0301", "from": "sip"}'));
    assert.equal(status, 422);
    assert.ok(body.errors.some((e) => /"calee".*did you mean "callee"/.test(e.text)), JSON.stringify(body));
    ({ status, body } = await post('explain', '{"callee": "0301", "from": "sip"}'));
    assert.equal(status, 422);
    assert.match(body.errors[0].text, /there is no connection "sip".*did you mean "sipp"/);
    assert.equal(body.errors[0].field, '#/from');
    for (const [question, ...fields] of [['{"calee": "0301"}', '#/calee', '#/callee'], ['{"callee": "1",\n "source": "x"}', '#/source'], ['{"callee": "1", "tenant": "x"}', '#/tenant'],
      ['{"callee": "1", "health": {"nosuch": "down"}}', '#/health'], ['{"callee": "1", "health": {"a~/b": "purple"}}', '#/health/a~0~1b'], ['{"callee": {"a": 1}}', '#/callee'],
      // of a name that is too long for a pointer none is told, not half of it
      [`{"callee": "1", "health": {"${'\u00e9'.repeat(200)}": "purple"}}`, '#/health', '#/health'], ['{"callee": "1", "headers": []}', '#/headers']]) {
      ({ status, body } = await post('explain', question));
      assert.equal(status, 422);
      assert.deepEqual(body.errors.map((e) => e.field).sort(), fields, `${question}: ${JSON.stringify(body)}`);
    }
    const bare = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/routes/explain`, { method: 'POST', body: '{}' });
    assert.equal(bare.status, 401);
  });

  test('explain knows how connections are doing, unless it is told', async () => {
    const force = (state) => ask('PATCH', 'connections/t/sipp', JSON.stringify({ state }));
    const plan = async (more) => (await post('explain', JSON.stringify({ caller: 'alice', callee: '0301', ...more }))).body;
    let body = await plan();
    assert.ok(Math.abs(Date.parse(body.time) - Date.now()) < 60000);
    assert.equal(body.plan.targets[0].health, 'up');
    assert.equal((await force('down')).status, 200);
    body = await plan({ time: '2026-12-24T18:00:00Z' });
    assert.equal(body.time, '2026-12-24T18:00:00.000Z');
    assert.equal(body.plan.targets[0].code, 503);
    assert.deepEqual(body.plan.left_out, [{ connection: 'sipp', why: 'forced' }]);
    assert.match(body.text, /forced/);
    body = await plan({ health: { sipp: 'up' } });
    assert.equal(body.plan.targets[0].connection, 'sipp');
    await force('auto');
    assert.equal((await plan()).plan.targets[0].connection, 'sipp');
    body = await plan({ health: { sipp: 'down' } });
    assert.equal(body.plan.targets[0].code, 503);
  });

  test('validate answers problems as data, and reads no file', async () => {
    let { status, body } = await post('validate', table(5060, 'x').split('\n').slice(0, 200).join('\n'));
    assert.equal(status, 200);
    assert.equal(body.ok, true, JSON.stringify(body.problems));
    ({ body } = await post('validate', 'tenants:\n  t: {domains: [a], realm: r, routes: [{name: a, to: {conection: b}}]}\n'));
    assert.equal(body.ok, false);
    assert.equal(body.problems.find((p) => /did you mean/.test(p.text)).line, 2);
    ({ body } = await post('validate', `include: /etc\ntenants: {t: {domains: [a], realm: r, users: {a: {password: "file:/etc/passwd"}}}}\n`));
    assert.equal(body.problems.length, 2);
    for (const problem of body.problems) assert.match(problem.text, /no file is read/);
    // asked before it is sent: who sends it all the same may find the connection closed
    const large = await new Promise((done, fail) => {
      const asked = http.request({ port: stack.sigdAdmin, host: '127.0.0.1', method: 'POST', path: '/v1/routes/validate',
        headers: { authorization: 'Bearer token-of-the-tests', 'content-type': 'application/yaml', expect: '100-continue', 'content-length': 1100000 } },
      ({ statusCode }) => { done(statusCode); asked.destroy(); });
      asked.on('continue', () => fail(new Error('it wants the body')));
      asked.on('error', fail);
      asked.flushHeaders();
    });
    assert.equal(large, 413);
  });

  test('reload answers for each worker, and nodes show the version', async () => {
    put(table(port, 'a'));
    const { status, body } = await post('reload');
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body.workers.map((w) => [w.worker, w.state, w.version]),
      [['s1/1', 'loaded', body.version], ['s1/2', 'loaded', body.version]]);
    assert.equal(body.tests, 1);
    const { nodes } = (await ask('GET', 'nodes')).body;
    for (const worker of nodes.filter((n) => n.daemon === 'sigd').flatMap((n) => n.workers)) assert.equal(worker.routes.version, body.version);
  });

  test('a file with a mistake, or a test that fails, changes nothing', async () => {
    const version = () => ask('GET', 'nodes').then((r) => r.body.nodes.find((n) => n.daemon === 'sigd').workers[0].routes.version);
    const before = await version();
    put(table(port, 'b', '      - {name: wrong, when: {caller: alice, callee: "0301"}, expect: {to: alice}}\n'));
    let { status, body } = await post('reload');
    assert.equal(status, 422);
    assert.match(body.errors[0].text, /test "wrong" fails; expected to alice, got sipp/);
    assert.match(body.errors[0].explanation, /route "out"/);
    // by signal, too
    stack.procs.get('sigd').kill('SIGHUP');
    await until(() => stack.log('sigd.log').includes('the new configuration is not used'), 'the parent refuses it');
    put('tenants: {t: {}}\n');
    ({ status, body } = await post('reload'));
    assert.equal(status, 422);
    assert.equal(body.errors.length, 2);
    assert.equal(await version(), before);
  });

  test('a call has the decision that was made for it', async () => {
    const sipp = await Sipp.start(stack, 'caller', { port, calls: 300, rate: 30, lines: ['X-Nothing: 1'],
      keys: { user: 'x', domain: 't.test', callee: 'test' } });
    let decision;
    await until(async () => {
      for (const { id } of (await ask('GET', 'calls')).body.calls) {
        decision ??= (await ask('GET', `calls/${id}`)).body.decision;
      }
      return decision;
    }, 'a call is seen');
    await until(() => sipp.counts().SuccessfulCall > 5, 'some have ended');
    sipp.child.kill('SIGUSR1'); // no new ones
    const { calls } = (await ask('GET', 'calls')).body;
    await sipp.done.catch(() => {});
    // these, and what is told of those that have ended, are questions
    const keys = await stack.redis.call('KEYS', 'cb:{c:*}:cdr');
    const cdrs = await Promise.all(keys.map((key) => stack.redis.call('XRANGE', key, '-', '+')));
    const lines = cdrs.flat().map(([, list]) => Object.fromEntries(list.flatMap((name, i) => (i % 2 ? [] : [[name, list[i + 1]]]))));
    fs.writeFileSync(stack.file('calls'), [{ calls }, ...lines].map((line) => `${JSON.stringify(line)}\n`).join(''));
    put(table(port, ''));
    fs.writeFileSync(stack.file('next.yaml'), table(port, '').replace("from: [users, sipp], callee: 'echo|test'", "from: users, callee: echo").replace(/ {4}tests:\n.*\n/, ''));
    const diff = spawnSync(path.join(B, 'cordctl'), ['route', 'diff', stack.file('routing.yaml'), stack.file('next.yaml'), stack.file('calls')], { encoding: 'utf8' });
    assert.deepEqual([diff.status, diff.stderr], [1, '']);
    assert.ok(lines.length > 1);
    assert.ok(diff.stdout.endsWith(`${lines.length + calls.length} of ${lines.length + calls.length} go another way\n`), diff.stdout.slice(-300));
    assert.match(diff.stdout, /: t, x by sipp to test\n {2}- echo \(by echo\)\n {2}\+ 404 Not Found \(by users\)\n/);
    assert.match(decision, /^INVITE from "x" to "test", tenant "t", by connection "sipp"\n[^]*route "echo" .*: matches\n {2}result: service echo\n$/);
  });

  test('a call that has ended keeps it, and one that the table refused has it, too', async () => {
    const sipp = await Sipp.start(stack, 'caller', { port, calls: 200, rate: 30, lines: ['X-Nothing: 1'],
      keys: { user: 'x', domain: 't.test', callee: 'test' } });
    let id;
    await until(async () => {
      id ??= (await ask('GET', 'calls')).body.calls[0]?.id;
      return id;
    }, 'the call is seen');
    sipp.child.kill('SIGUSR1'); // no new ones
    await sipp.done.catch(() => {});
    const ended = await until(async () => {
      const { body } = await ask('GET', `calls/${id}`);
      return body.state === 'ended' && body.decision && body; // its log is written a moment later
    }, 'it has ended, and why it went there is told');
    assert.match(ended.decision, /result: service echo\n$/);

    const no = await Sipp.start(stack, 'caller', { port, calls: 1, rate: 10, lines: ['X-Nothing: 1'],
      keys: { user: 'x', domain: 't.test', callee: 'nobody-at-all' } });
    await no.done.catch(() => {});
    const refused = await until(async () => (await ask('GET', 'refused?tenant=t')).body.refused
      .find((r) => r.callee === 'nobody-at-all'), 'it is told of');
    assert.equal(refused.code, 404);
    assert.equal(refused.from, 'sipp');
    assert.equal(refused.caller, 'x');
    assert.match(refused.decision, /^INVITE from "x" to "nobody-at-all"[^]*result: 404/);
    assert.equal((await ask('GET', 'refused?tenant=nobody')).status, 404);
    assert.equal((await ask('GET', 'refused')).status, 400);
  });

  test('a hundred reloads leak nothing', { timeout: 120000 }, async () => {
    // small, so that they are quick; leaks count in objects
    const small = (n) => put(table(port, '').replace(/ {6}- \{name: r\d+,.*\n/g, '').replace('realm: t', `realm: t${n}`));
    const reload = async (n) => {
      small(n);
      const { status, body } = await post('reload');
      assert.equal(status, 200, JSON.stringify(body));
    };
    const size = async () => {
      const all = await suite.stack.descriptors();
      return { fds: all, rss: rss() };
    };
    const rss = () => fs.readdirSync('/proc').filter((p) => /^\d+$/.test(p)).flatMap((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(stack.file('sigd.yaml'))
          ? [Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1])] : [];
      } catch { return []; }
    }).reduce((a, b) => a + b, 0);
    for (let i = 0; i < 10; i++) await reload(i);
    const first = await size();
    for (let i = 10; i < 110; i++) await reload(i);
    const last = await size();
    for (const [name, n] of Object.entries(last.fds)) assert.ok(n <= first.fds[name], `${name} had ${first.fds[name]} descriptors, and has ${n}`);
    assert.ok(first.rss > 10000, 'they are found');
    // four processes; a table is some 200 KiB
    assert.ok(last.rss - first.rss < 4000, `${first.rss} to ${last.rss} KiB`);
  });
});
