// cordctl and long lists: all of a large tenant with the limits that a
// configuration has when it says nothing of them, and what it does when it is
// told to wait, when a page fails, and when nobody reads on.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { manyLike } from './lib/many.mjs';
import { B, until } from './lib/stack.mjs';
import { Suite, tenants } from './lib/suite.mjs';

const cordctl = path.resolve(B, 'cordctl');
const lines = (out) => out.trimEnd().split('\n');

function run(args, url, { stdout = 'pipe', env = {} } = {}) {
  const child = spawn(cordctl, args, { env: { ...process.env, CORDCTL_URL: url, CORDCTL_TOKEN: 'token-of-the-tests', COLUMNS: '', ...env }, stdio: ['ignore', stdout, 'pipe'] });
  const said = { out: '', err: '', child };
  child.stdout?.on('data', (data) => { said.out += data; });
  child.stderr.on('data', (data) => { said.err += data; });
  said.ended = new Promise((done) => { child.on('close', (code, signal) => done({ code: signal ?? code, out: said.out, err: said.err })); });
  return said;
}

describe('cordctl and long lists', { timeout: 240000 }, () => {
  let server;
  let answer; // of the server, with the number of the question
  let asked;

  before(async () => {
    server = http.createServer((req, res) => {
      asked.push(new URL(req.url, 'http://x'));
      const [code, body, headers = {}] = answer(asked.length, asked.at(-1).searchParams);
      res.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    });
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  });
  after(() => server.close());
  const start = (args, how, options) => {
    [asked, answer] = [[], how];
    return run(args, `http://127.0.0.1:${server.address().port}`, options);
  };
  const ask = (...args) => start(...args).ended;
  const node = (name) => ({ node: name, daemon: 'sigd', state: 'serving', workers: [] });
  const soon = [429, { detail: 'Too many requests: wait.' }, { 'retry-after': '1' }];

  test('who is told to wait waits, and asks the same again', async () => {
    const began = Date.now();
    const said = await ask(['nodes'], (n) => (n === 2 || n === 3 ? soon : [200, { nodes: [node(`n${n}`)], next: n === 1 ? 'more' : null }]));
    assert.deepEqual([said.code, said.err], [0, '']);
    assert.deepEqual(lines(said.out).slice(1).map((row) => row.split(' ')[0]), ['n1', 'n4']);
    assert.deepEqual(asked.map((url) => url.searchParams.get('cursor')), [null, 'more', 'more', 'more']);
    assert.deepEqual([...new Set(asked.map((url) => url.searchParams.get('limit')))], ['500']);
    assert.ok(Date.now() - began >= 2000);
  });

  test('where a list goes on is told whole, or nothing is asked', async () => {
    const long = 'c'.repeat(600);
    const said = await ask(['nodes'], (n) => [200, { nodes: [node(`n${n}`)], next: n === 1 ? long : n === 2 ? 'c'.repeat(3000) : null }]);
    assert.deepEqual([said.code, asked.length, asked[1].searchParams.get('cursor')], [64, 2, long]);
    assert.match(said.err, /^cordctl: what is asked is too long$/m);
  });

  test('but not for an hour', async () => {
    const { code, err } = await ask(['nodes'], () => [429, { detail: 'Wait.' }, { 'retry-after': '3600' }]);
    assert.deepEqual([code, err, asked.length], [1, 'cordctl: Wait. (429)\n', 1]);
  });

  test('what has come is printed before what fails', async () => {
    for (const args of [['nodes'], ['nodes', '--json']]) {
      const { code, out, err } = await ask(args, (n) => (n < 3 ? [200, { nodes: [node(`n${n}`)], next: String(n) }] : [500, { detail: 'No.' }]));
      assert.deepEqual([code, err], [1, 'cordctl: No. (500)\n']);
      assert.match(out, /n1\b[^]*\bn2\b/);
    }
  });

  test('and while more is asked for; columns only become wider', async () => {
    const names = ['a', 'a-longer-name', 'b'];
    let go;
    const held = new Promise((done) => { go = done; });
    const hold = http.createServer(async (req, res) => {
      const at = Number(new URL(req.url, 'http://x').searchParams.get('cursor') ?? 0);
      if (at) await held;
      res.end(JSON.stringify({ nodes: [node(names[at])], next: at < 2 ? String(at + 1) : null }));
    });
    await new Promise((done) => { hold.listen(0, '127.0.0.1', done); });
    try {
      const said = run(['nodes'], `http://127.0.0.1:${hold.address().port}`);
      await until(() => /^a /m.test(said.out), 'the first page is printed');
      go();
      const { out } = await said.ended;
      const rows = lines(out);
      assert.equal(rows.length, 4);
      assert.equal(rows[3].indexOf('sigd'), rows[2].indexOf('sigd'));
    } finally {
      hold.close();
    }
  });

  test('when nobody reads on, nothing more is asked', async () => {
    for (const args of [['nodes', '--json'], ['nodes']]) {
      const said = start(args, (n) => [200, { nodes: Array.from({ length: 500 }, (_, i) => node(`n${n}-${i}`)), next: n < 200 ? String(n) : null }]);
      said.child.stdout.once('data', () => said.child.stdout.destroy());
      const { code, err } = await said.ended;
      assert.deepEqual([code, err], [74, ''], args.join(' '));
      assert.ok(asked.length < 20, `${asked.length} pages`);
    }
  });

  test('what cannot be written is no success', { skip: !fs.existsSync('/dev/full') }, async () => {
    const full = fs.openSync('/dev/full', 'w');
    try {
      for (const args of [['nodes'], ['nodes', '--json'], ['token'], ['--help'], ['-V'], ['route', 'check', 'conf/examples/small.yaml']]) {
        const { code, err } = await ask(args, () => [200, { nodes: [node('n')], next: null }], { stdout: full });
        assert.equal(code, 74, args.join(' '));
        assert.match(err, /cordctl: standard output: /);
      }
    } finally {
      fs.closeSync(full);
    }
  });
});

describe('cordctl at a large tenant, with the limits of who has set none', { timeout: 480000 }, () => {
  const COUNT = 20000;
  const suite = new Suite({ routing: tenants(1), rtpPorts: 0, admin: '' });
  const { stack } = suite;

  before(async () => {
    await suite.start();
    await suite.tenant().phone('alice');
    await manyLike(stack, 'alice', COUNT, 't0');
  });
  after(() => suite.stop());

  test('all of its registrations are listed, for some at once', async () => {
    const all = Array.from({ length: 4 }, () => run(['registrations', '--tenant', 't0'], `http://127.0.0.1:${stack.sigdAdmin}`).ended);
    for (const { code, out, err } of await Promise.all(all)) {
      assert.deepEqual([code, err], [0, '']);
      const users = new Set(lines(out).slice(1).map((row) => row.split(' ')[0]));
      assert.equal(lines(out).length, COUNT + 2);
      assert.equal(users.size, COUNT + 1);
    }
  });
});
