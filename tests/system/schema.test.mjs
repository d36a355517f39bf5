// The JSON Schema of routing.yaml, by a validator that is not ours: what sigd
// takes an editor takes, and most of what it refuses is marked while typing.
// SPDX-License-Identifier: MIT
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { B } from './lib/stack.mjs';

const require = createRequire(path.join(B, 'npm/tests/node_modules/x.js'));
const Ajv = require('ajv/dist/2020').default;
const yaml = require('yaml');

const root = fileURLToPath(new URL('../..', import.meta.url));
const schema = JSON.parse(fs.readFileSync(path.join(root, 'conf/routing.schema.json'), 'utf8'));
const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
const validate = ajv.compile(schema);
const problems = (text) => (validate(yaml.parse(text)) ? []
  : validate.errors.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`));
const file = (name) => fs.readFileSync(path.join(root, 'conf', name), 'utf8');

// A table with this in the place of a route.
const route = (text) => `tenants: {t: {domains: [a], realm: r, routes: [${text}]}}`;

describe('schema of routing.yaml', () => {
  for (const name of ['routing.yaml', 'examples/small.yaml', 'examples/medium.yaml', 'examples/large.yaml']) {
    test(`takes ${name}`, () => assert.deepEqual(problems(file(name)), []));
  }

  test('takes conditions within each other', () => {
    assert.deepEqual(problems(route('{name: a, match: {any: [{callee: a}, {all: [{not: {from: users}}]}]}, to: {service: echo}}')), []);
  });

  test('marks what the checker refuses', () => {
    const wrong = [
      [route('{name: a, to: {servce: echo}}'), /servce/],
      [route('{name: a, to: {service: ecko}}'), /service must be equal to constant/],
      [route('{name: a, to: {service: echo, user: b}}'), /must NOT have more than 1 properties/],
      [route('{to: {service: echo}}'), /required property 'name'/],
      [route('{name: a, match: {calee: a}, to: {service: echo}}'), /calee/],
      [route('{name: a, match: {any: [{not: {calee: a}}]}, to: {service: echo}}'), /any\/0\/not.*calee/],
      [route('{name: a, match: {any: []}, to: {service: echo}}'), /any must NOT have fewer than 1 items/],
      [route('{name: a, to: {reject: {code: 200}}}'), /code must be >= 400/],
      ['tenants: {T: {domains: [a], realm: r}}', /tenants .*pattern|property name/],
      ['tenants: {t: {realm: r}}', /required property 'domains'/],
      ['tenants: {t: {domains: [a], realm: r, tests: [{name: a, when: {}, expect: {}}]}}', /required property 'callee'/],
      ['tenants: {t: {domains: [a], realm: r, connections: {c: {kind: trunk, address: a, probe: 3}}}}', /probe/],
    ];
    for (const [text, pattern] of wrong) {
      const said = problems(text);
      assert.ok(said.some((line) => pattern.test(line)), `${text}: ${said.join('; ') || 'nothing'}`);
    }
  });

  test('every key says what it is for, and every default fits', () => {
    const bare = [];
    const walk = (node, where) => {
      if (node === null || typeof node !== 'object') return;
      for (const [key, value] of Object.entries(node.properties ?? {})) {
        if (!value.description && !value.$ref) bare.push(`${where}.${key}`);
        if (value.default !== undefined && value.type) {
          const { type } = value;
          assert.ok(ajv.validate({ ...value, $defs: schema.$defs }, value.default), `${where}.${key}: ${type} ${value.default}`);
        }
      }
      for (const [key, value] of Object.entries(node)) walk(value, `${where}/${key}`);
    };
    walk(schema, '');
    assert.deepEqual(bare, []);
  });
});
