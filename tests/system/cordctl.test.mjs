// The command line tool, as people and their pipelines use it.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { B } from './lib/stack.mjs';

const yaml = createRequire(path.join(B, 'npm/tests/node_modules/x.js'))('yaml');
const examples = fileURLToPath(new URL('../../conf/examples/', import.meta.url));

const table = (out, tests = '') => `tenants:
  acme:
    domains: [acme.test]
    realm: acme
    users: {alice: {password: x}, bob: {password: x}}
    connections:
      pbx: {kind: trunk, address: 192.0.2.1}
      backup: {kind: trunk, address: 192.0.2.2}
    routes:
      - {name: echo, match: {callee: echo}, to: {service: echo}}
      - {name: in, match: {from: [pbx, backup]}, to: {user: alice}}
      - {name: out, match: {callee: '[0-9]+'}, to: {connections: ${out}}}
${tests}`;

const tests = `    tests:
      - {name: out, when: {caller: alice, callee: '030'}, expect: {to: [pbx, backup]}}
      - {name: in, when: {from: pbx, callee: '1'}, expect: {to: alice}}
`;

describe('cordctl route', { timeout: 120000 }, () => {
  let dir;
  before(() => { dir = fs.mkdtempSync(path.join(os.tmpdir(), 'cordctl-')); });
  after(() => fs.rmSync(dir, { recursive: true, force: true }));

  const put = (name, text) => {
    fs.writeFileSync(path.join(dir, name), text);
    return path.join(dir, name);
  };

  function run(args, input) {
    return new Promise((done) => {
      const child = spawn(path.join(B, 'cordctl'), args, { stdio: ['pipe', 'pipe', 'pipe'] });
      let out = '';
      let err = '';
      child.stdout.on('data', (data) => { out += data; });
      child.stderr.on('data', (data) => { err += data; });
      child.on('close', (code, signal) => done({ code: signal ?? code, out, err }));
      child.stdin.on('error', () => {});
      child.stdin.end(input ?? '');
    });
  }

  test('check runs the tests, and tells what is wrong with its place', async () => {
    const good = put('good.yaml', table('[pbx, backup]', tests));
    let said = await run(['route', 'check', good]);
    assert.equal(said.code, 0, said.err);
    assert.match(said.out, /good: 0 errors, 0 warnings, 2 tests run, version [0-9a-f]{16}\n$/);
    const failing = put('failing.yaml', table('[backup, pbx]', tests));
    said = await run(['route', 'check', good, failing]);
    assert.equal(said.code, 1);
    assert.match(said.err, /failing\.yaml:14:9: test "out" fails; expected to pbx, backup, got backup, pbx\n    INVITE from "alice" to "030"/);
    const wrong = put('wrong.yaml', table('[pbc]'));
    said = await run(['route', 'check', wrong]);
    assert.equal(said.code, 1);
    assert.match(said.err, /wrong\.yaml:12:67: connections: there is no connection "pbc", expected one of backup, pbx, did you mean "pbx"\?/);
    assert.doesNotMatch(said.out, /\x1b/);
  });

  test('check answers JSON, warnings are mistakes when asked', async () => {
    const odd = put('odd.yaml', table('[pbx]').replace('from: [pbx, backup]', 'from: pbx'));
    let said = await run(['route', 'check', '--json', odd]);
    assert.equal(said.code, 0);
    const answer = JSON.parse(said.out);
    assert.equal(answer.ok, true);
    assert.equal(answer.problems[0].severity, 'warning');
    assert.equal(answer.problems[0].line, 8);
    assert.match(answer.problems[0].text, /"backup" is never used/);
    said = await run(['route', 'check', '--strict', odd]);
    assert.equal(said.code, 1);
  });

  test('explain tells the rules, why not, and the targets', async () => {
    const good = put('good.yaml', table('[pbx, backup]', tests));
    let said = await run(['route', 'explain', good, '--caller', 'alice', '--callee', '030']);
    assert.equal(said.code, 0, said.err);
    for (const word of [/echo/, /out/, /pbx/, /backup/]) assert.match(said.out, word);
    said = await run(['route', 'explain', '--json', good, '--callee', '030']);
    assert.deepEqual(JSON.parse(said.out).targets.map((t) => t.connection), ['pbx', 'backup']);
    said = await run(['route', 'explain', good, '--callee', '1', '--from', 'pbc']);
    assert.equal(said.code, 1);
    assert.match(said.err, /there is no connection "pbc".*did you mean "pbx"/);
  });

  test('diff shows who would go another way', async () => {
    const old = put('old.yaml', table('[pbx, backup]', tests));
    const next = put('new.yaml', table('[backup, pbx]').replace('callee: echo', 'callee: ecko'));
    let said = await run(['route', 'diff', old, next]);
    assert.equal(said.code, 1);
    assert.match(said.out, /test "out" \(line 14\).*\n  - pbx, then backup \(by out\)\n  \+ backup, then pbx \(by out\)\n1 of 2 go another way\n$/s);
    assert.equal((await run(['route', 'diff', old, old])).code, 0);
    const calls = put('calls.csv', 'caller,callee,from\nalice,030,\n"al,ice",echo,\n# nothing\nx,5,pbx\n');
    said = await run(['route', 'diff', old, next, calls]);
    assert.match(said.out, /line 3: al,ice to echo\n  - echo \(by echo\)\n  \+ 404 Not Found \(by users\)\n2 of 3/);
    said = await run(['route', 'diff', '--json', old, next, '-'], '{"callee": "030"}\n{"callee": "bob"}\n');
    const lines = said.out.trim().split('\n').map((line) => JSON.parse(line));
    assert.equal(lines.length, 1);
    assert.equal(lines[0].new.way, 'backup, then pbx');
  });

  test('diff takes calls that were, as REST and CDRs tell them', async () => {
    const old = put('old.yaml', table('[pbx, backup]', tests));
    const next = put('new.yaml', table('[backup, pbx]'));
    const rest = (caller, callee) => ({ id: '1', tenant: 'acme', call_id: 'x', state: 'up', started: '2026-11-21T10:00:00.250Z',
      caller: { user: 'alice', uri: 'sip:alice@acme.test', ...caller }, callee: { user: '', uri: callee, leg: 2 } });
    const cdr = { reason: 'hangup', by: 's1/1', end: '1795280757754', tenant: 'acme', 'a.user': '0301234', 'a.conn': 'pbx', 'b.uri': 'sip:201@acme.test', start: '1795280750000' };
    const calls = put('calls.json', [rest({}, 'sip:030;phone-context=x@acme.test'), rest({ connection: 'pbx' }, 'sip:031@acme.test'),
      { calls: [rest({}, '<sip:032@acme.test>'), rest({}, 'sip:echo@acme.test')], total: 2 }, cdr].map((c) => JSON.stringify(c)).join('\n'));
    const said = await run(['route', 'diff', old, next, calls]);
    assert.equal(said.code, 1, said.err);
    assert.equal(said.out, 'line 1: acme, alice to 030\n  - pbx, then backup (by out)\n  + backup, then pbx (by out)\n'
      + 'line 3: acme, alice to 032\n  - pbx, then backup (by out)\n  + backup, then pbx (by out)\n2 of 5 go another way\n');
    const bad = await run(['route', 'diff', old, next, '-'], JSON.stringify(rest({}, 'tel:1')));
    assert.equal(bad.code, 1);
    assert.match(bad.err, /^-, line 1: a call without a callee\n$/);
  });

  // a file of calls that were has what callers wrote
  test('what strangers dialled moves no cursor and turns no text around', async () => {
    const steers = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/;
    const open = (out) => table(out).replace("'[0-9]+'", "'.*'");
    const old = put('old.yaml', open('[pbx]'));
    const next = put('new.yaml', open('[backup]'));
    const esc = 'a\u009b2J\u202e';
    const ascii = (text) => text.replaceAll(/[^\x00-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
    const calls = put('calls.json', [{ caller: esc, callee: '100' }, { caller: 'alice', callee: `1${esc}` }, { caller: 'x', callee: '1', from: `p${esc}` }].map((c) => ascii(JSON.stringify(c))).join('\n'));
    let said = await run(['route', 'diff', old, next, calls]);
    assert.match(said.out, /^line 1: a\.2J\. to 100\n  - pbx/m, said.err);
    assert.match(said.out, /^line 2: alice to 1a\.2J\.$/m);
    assert.match(said.err, /line 3.*pa\.2J\./);
    assert.doesNotMatch(said.out + said.err, steers);
    for (const color of ['never', 'always']) {
      said = await run(['route', 'explain', old, '--color', color, '--caller', 'a\u202eb', '--callee', '1\u202e0']);
      assert.match(said.out, /from "a\.b" to "1\.0"/, said.err);
      assert.doesNotMatch(said.out.replaceAll(/\x1b\[\d+m/g, ''), steers);
      assert.equal(/\x1b\[1m/.test(said.out), color === 'always');
    }
    said = await run(['route', 'check', put('odd.yaml', open('["b"]').replace('"b"', ascii(`"b${esc}"`)))]);
    assert.match(said.err, /there is no connection "ba\.2J\."/);
    assert.doesNotMatch(said.out + said.err, steers);
    said = await run(['route', 'explain', old, `--calle${esc}`, '1']);
    assert.equal(said.code, 64);
    assert.doesNotMatch(said.err, steers);
  });

  test('what a command has no use for is a mistake, and so is a question to two tables', async () => {
    const good = put('good.yaml', table('[pbx, backup]', tests));
    for (const [args, why] of [[['check', '--api'], 'route check takes no --api'], [['check', '--url', 'http://127.0.0.1:1', good], 'route check takes no --url'],
      [['diff', good, good, '--callee', '1'], 'route diff takes no --callee'], [['bench', good, '--strict'], 'route bench takes no --strict'],
      [['explain', '--api', good, '--callee', '030'], '--api asks the table that serves: no FILE'], [['check'], 'no FILE is given']]) {
      const said = await run(['route', ...args]);
      assert.deepEqual([said.code, said.out], [64, ''], args.join(' '));
      assert.ok(said.err.startsWith(`cordctl: ${why}\n`), said.err);
    }
  });

  test('diff tells what cannot be asked, and no test twice', async () => {
    const old = put('old.yaml', table('[pbx, backup]', tests));
    const next = put('new.yaml', table('[backup, pbx]', tests.replace('[pbx, backup]', '[backup, pbx]')));
    let said = await run(['route', 'diff', old, next]);
    assert.match(said.out, /1 of 2 go another way\n$/);
    const calls = put('calls.csv', 'caller,callee,from\nalice,030,pbc\n"","1""",\n');
    said = await run(['route', 'diff', old, old, calls]);
    assert.equal(said.code, 1);
    assert.match(said.err, /^line 2: cannot be asked: .*no connection "pbc"/);
    assert.match(said.out, /0 of 2 go another way, 1 cannot be asked\n$/);
    said = await run(['route', 'diff', '--json', old, table('x') && put('other.yaml', table('[pbx]').replaceAll("'[0-9]+'", "'[0-9\"]+'")), calls]);
    assert.deepEqual(said.out.trim().split('\n').map((line) => JSON.parse(line)).map((c) => [c.caller, c.callee]), [['', '1"']]);
    said = await run(['route', 'diff', old, old, put('list.json', '[{"callee": "030"}]\n')]);
    assert.equal(said.code, 1);
    assert.match(said.err, /list\.json, line 1: a list, expected a JSON object in each line/);
    said = await run(['route', 'diff', old, old, put('none.csv', 'caller,callee\n')]);
    assert.equal(said.code, 1);
    assert.match(said.err, /none\.csv: no call is in it/);
  });

  test('what is written by half is not guessed', async () => {
    const good = put('good.yaml', table('[pbx, backup]', tests));
    let said = await run(['route', 'explain', good, '--call', '030']);
    assert.equal(said.code, 64);
    assert.match(said.err, /there is no option call, did you mean call(er|ee)\?/);
    said = await run(['route', 'explain', good, '--callee', '--call']);
    assert.equal(said.code, 0);
    said = await run(['route', 'explain', good]);
    assert.match(said.err, /explain needs one FILE, and --callee NUMBER/);
    said = await run(['route', 'chek', good]);
    assert.equal(said.code, 64);
    assert.match(said.err, /there is no command chek, did you mean check\?/);
    const moved = put('moved.yaml', table('[pbx]').replace('{service: echo}', '{redirect: {contact: "sip:a@b"}}'));
    said = await run(['route', 'explain', moved, '--callee', 'echo']);
    assert.match(said.out, /302 Moved Temporarily, Contact: sip:a@b\n/);
  });

  for (const name of ['small', 'medium', 'large']) {
    test(`no route of the ${name} example can go without a test that tells`, async () => {
      const text = fs.readFileSync(path.join(examples, `${name}.yaml`), 'utf8');
      const routes = (doc) => doc.get('tenants').items.flatMap(({ value }) => value.get('routes').items.map((_, i) => [value.get('routes'), i]));
      const idle = [];
      for (let i = 0; i < routes(yaml.parseDocument(text)).length; i++) {
        const doc = yaml.parseDocument(text);
        const [list, at] = routes(doc)[i];
        const route = list.get(at).get('name');
        list.delete(at);
        const said = await run(['route', 'check', put('without.yaml', String(doc))]);
        if (said.code !== 1 || !/test ".*" fails/.test(said.err)) idle.push(route);
      }
      assert.deepEqual(idle, []);
    });
  }

  test('bench prints what a decision takes', async () => {
    const good = put('good.yaml', table('[pbx, backup]', tests));
    const said = await run(['route', 'bench', '--json', good]);
    assert.equal(said.code, 0, said.err);
    const answer = JSON.parse(said.out);
    assert.ok(answer.decisions > 100 && answer.median_us > 0 && answer.rules === 3);
  });

  test('wrong use and absent files have codes of their own', async () => {
    for (const args of [[], ['route'], ['route', 'check'], ['route', 'explain', 'x'], ['route', 'chek', 'x'], ['route', 'check', '--nope', 'x']]) {
      const said = await run(args);
      assert.equal(said.code, 64, args.join(' '));
      assert.match(said.err, /usage: cordctl/);
    }
    assert.equal((await run(['route', 'check', path.join(dir, 'nowhere.yaml')])).code, 66);
    assert.match((await run(['-V'])).out, /^cordctl /);
  });
});
