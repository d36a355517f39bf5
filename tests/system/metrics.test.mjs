// What /metrics serves is what its readers take: Prometheus' own parsers, the
// alert rules and the dashboard that we ship. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { B, until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const deploy = (name) => path.join(root, 'deploy', name);
const TOOL = [process.env.PROMTOOL, path.join(B, 'tools/promtool'), '/usr/bin/promtool'].find((file) => file && fs.existsSync(file));
const skip = TOOL ? false : 'promtool is not here (deploy/deps.sh test)';
const OPEN = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';

const promtool = (args, input) => spawnSync(TOOL, args, { input, encoding: 'utf8', timeout: 60000 });

// Families by name: { type, unit, samples: names }; what stands twice or out of
// order is told.
function families(text) {
  const found = new Map();
  let now;
  for (const line of text.split('\n')) {
    const head = /^# (HELP|TYPE|UNIT) (\S+) (.*)$/.exec(line);
    if (head) {
      const [, what, name, value] = head;
      if (what === 'HELP') {
        assert.ok(!found.has(name), `${name} stands twice`);
        now = { samples: new Set(), help: value };
        found.set(name, now);
      }
      assert.equal(found.get(name), now, `${name}: ${what} stands apart`);
      now[what.toLowerCase()] = value;
    } else if (line && line !== '# EOF') {
      const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)[0];
      assert.ok(now && line.startsWith([...found.keys()].pop()), `${line} is of no family`);
      now.samples.add(name);
    }
  }
  return found;
}

// Every metric that an expression names.
function named(expr) {
  const bare = expr.replace(/\{[^}]*\}/g, ' ').replace(/"[^"]*"/g, ' ').replace(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, ' ');
  return bare.match(/\b(?:cordboard|process)_[a-z0-9_]+/g) ?? [];
}

describe('metrics', { timeout: 360000 }, () => {
  let suite;
  const text = {};
  const open = {};
  before(async () => {
    suite = new Suite({
      sigd: `events:
  file: events.jsonl
` });
    await suite.start();
    const tenant = suite.tenant();
    const alice = await tenant.phone('alice', { transport: 'ws' });
    const bob = await tenant.phone('bob', { transport: 'udp' });
    const out = alice.call('bob');
    const into = await bob.incoming();
    into.answer();
    assert.equal((await out.final).code, 200);
    await into.up();
    await out.bye();
    await until(async () => /cordboard_sig_calls_ended_total\{[^}]*reason="hangup"\} [1-9]/.test(
      await fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}/metrics`).then((r) => r.text())), 'the call is counted');
    for (const [name, port] of [['sigd', suite.stack.sigdAdmin], ['mediad', suite.stack.mediadAdmin]]) {
      const plain = await fetch(`http://127.0.0.1:${port}/metrics`);
      assert.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
      text[name] = await plain.text();
      const strict = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept: OPEN } });
      assert.equal(strict.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8');
      open[name] = await strict.text();
    }
  });
  after(() => suite?.stop());

  const served = () => new Set(['sigd', 'mediad'].flatMap((name) => [...families(text[name]).values()].flatMap((f) => [...f.samples])));

  test('the call is there: messages, its end, how long it took', () => {
    const sum = (name, labels) => text.sigd.split('\n').filter((l) => l.startsWith(`${name}{`) && labels.every((label) => l.includes(label)))
      .reduce((n, l) => n + Number(l.split(' ').pop()), 0);
    assert.ok(sum('cordboard_sig_requests_total', ['direction="in"', 'method="INVITE"']) >= 1);
    assert.ok(sum('cordboard_sig_requests_total', ['direction="out"', 'method="BYE"']) >= 1);
    assert.ok(sum('cordboard_sig_responses_total', ['direction="out"', 'method="INVITE"', 'class="2xx"']) >= 1);
    assert.ok(sum('cordboard_sig_responses_total', ['direction="out"', 'method="REGISTER"', 'class="4xx"']) >= 2, 'the challenges');
    assert.equal(sum('cordboard_sig_post_dial_delay_seconds_count', []), 1);
    assert.ok(sum('cordboard_redis_round_trip_seconds_count', []) > 10);
    assert.ok(sum('process_cpu_seconds_total', ['worker="s1/1"']) > 0);
    assert.ok(sum('process_open_fds', ['worker="s1/admin"']) > 3);
    assert.match(text.sigd, /^cordboard_build_info\{daemon="sigd",version="[^"]+"\} 1$/m);
    assert.match(text.sigd, /^cordboard_cluster_workers\{daemon="mediad"\} 2$/m);
    assert.match(text.sigd, /^cordboard_cluster_registrations 2$/m);
    assert.equal(sum('cordboard_sig_registered_users', []), 1, 'bob is over UDP');
  });

  test('families stand together, with help, type and unit', () => {
    for (const name of ['sigd', 'mediad']) {
      for (const [family, { help, type, unit, samples }] of families(open[name])) {
        assert.ok(help && type, `${family} has help and type`);
        assert.equal(unit, /_(seconds|bytes|ratio)$/.exec(family)?.[1], family);
        if (type === 'counter') assert.deepEqual([...samples], [`${family}_total`]);
      }
      families(text[name]);
      assert.ok(open[name].endsWith('\n# EOF\n'));
    }
  });

  test('a label never says who: no user, number, call or address', () => {
    const allowed = new Set(['worker', 'method', 'direction', 'class', 'reason', 'kind', 'result', 'le', 'daemon', 'version', 'state', 'tenant',
      'connection', 'receiver', 'verb']);
    for (const name of ['sigd', 'mediad']) {
      for (const [, label] of text[name].matchAll(/[{,]([a-z_]+)="/g)) assert.ok(allowed.has(label), `${name}: ${label}`);
      assert.ok(!/alice|bob|127\.0\.0\.1/.test(text[name]));
      assert.ok(text[name].split('\n').length < 1500, 'bounded');
    }
  });

  test('promtool finds nothing to say about names', { skip }, () => {
    for (const name of ['sigd', 'mediad']) {
      const { status, stdout, stderr } = promtool(['check', 'metrics'], text[name]);
      assert.equal(status, 0, `${name}:\n${stdout}${stderr}`);
    }
  });

  test("Prometheus' parser reads OpenMetrics", { skip }, () => {
    for (const name of ['sigd', 'mediad']) {
      // it stores what it reads, and asks for times then
      const at = Math.floor(Date.now() / 1000);
      const file = suite.stack.file(`${name}.om`);
      fs.writeFileSync(file, open[name].replace(/^([^#\n].*)$/gm, `$1 ${at}`));
      const { status, stdout, stderr } = promtool(['tsdb', 'create-blocks-from', 'openmetrics', file, suite.stack.file(`tsdb-${name}`)]);
      assert.equal(status, 0, `${name}:\n${stdout}${stderr}`);
    }
  });

  test('rules are sound, and each alert fires and stays silent as tested', { skip }, () => {
    const cwd = deploy('prometheus');
    execFileSync(TOOL, ['check', 'rules', 'cordboard.rules.yml'], { cwd, encoding: 'utf8', timeout: 60000 });
    execFileSync(TOOL, ['test', 'rules', 'cordboard_test.yml'], { cwd, encoding: 'utf8', timeout: 120000 });
    execFileSync(TOOL, ['check', 'config', 'scrape.example.yml'], { cwd, encoding: 'utf8', timeout: 60000 });
    const tests = fs.readFileSync(path.join(cwd, 'cordboard_test.yml'), 'utf8');
    for (const [, alert] of fs.readFileSync(path.join(cwd, 'cordboard.rules.yml'), 'utf8').matchAll(/- alert: (\S+)/g)) {
      assert.ok(tests.includes(`name: ${alert} fires`) && tests.includes(`name: ${alert} stays silent`), alert);
    }
  });

  // What has no sample as long as nothing happened is in the page of all.
  test('rules, dashboard and docs name what is served', () => {
    const pages = ['sigd', 'mediad'].map((name) => fs.readFileSync(path.join(root, `docs/metrics-${name}.md`), 'utf8')).join('');
    const kinds = new Map([...pages.matchAll(/^\| `([a-z0-9_]+)` \| ([a-z]+) \|/gm)].map(([, name, type]) => [name, type]));
    const known = (name) => kinds.has(name) || kinds.get(name.replace(/_(bucket|count|sum)$/, '')) === 'histogram';
    const there = served();
    for (const name of there) assert.ok(known(name), `${name} is served, and on no page`);
    const lazy = /^cordboard_(sig_connection|cluster_connection)_/;
    for (const name of kinds.keys()) {
      if (!lazy.test(name)) assert.ok(there.has(name) || there.has(`${name}_count`), `${name} is on a page, and not served`);
    }
    const rules = fs.readFileSync(deploy('prometheus/cordboard.rules.yml'), 'utf8').replace(/#.*|description:.*|summary:.*/g, '');
    const board = JSON.parse(fs.readFileSync(deploy('grafana/cordboard.json'), 'utf8'));
    const exprs = board.panels.flatMap((panel) => (panel.targets ?? []).map((t) => t.expr));
    assert.ok(exprs.length > 40);
    for (const name of [rules, ...exprs].flatMap(named)) assert.ok(known(name), `${name} is asked for, and never served`);
    for (const expr of exprs) assert.ok(named(expr).length, expr);
  });

  test('the queries of the dashboard are PromQL', { skip }, () => {
    const board = JSON.parse(fs.readFileSync(deploy('grafana/cordboard.json'), 'utf8'));
    const rules = board.panels.flatMap((panel) => (panel.targets ?? []).map((t, i) => `  - record: q:${panel.id}_${i}\n    expr: ${
      JSON.stringify(t.expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'))}`));
    const file = suite.stack.file('board.yml');
    fs.writeFileSync(file, `groups:\n- name: board\n  rules:\n${rules.join('\n')}\n`);
    const { status, stdout, stderr } = promtool(['check', 'rules', file]);
    assert.equal(status, 0, stdout + stderr);
    assert.equal(new Set(board.panels.map((p) => p.id)).size, board.panels.length);
  });
});
