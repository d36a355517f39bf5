// A mistake beside a secret is told without it: by --check, by cordctl, and by
// REST of a table that is sent.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { B, until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const M = 'Kestrel-wing-2290';
const HEX = '4b6573747265';

const user = (text) => `tenants:
  t0:
    domains: [t0.test]
    realm: r
    users:
      alice: ${text}
    connections:
      pbx: {kind: trunk, address: pbx.test}
`;
const connection = (text) => `tenants:
  t0:
    domains: [t0.test]
    realm: r
    connections:
      pbx: ${text}
`;
// One mistake each.
const TABLES = [
  ...[`{pasword: ${M}}`, `{password: [${M}]}`, `{password: {a: ${M}}}`, M, `[${M}]`, `{password: ${M}, password: ${M}}`, `{password: "${M}`, `{password: '${M}}`, `{password: ${M}: x}`,
    `{password: &${M} x}`, `{password: *${M}}`, `{password: !${M} x}`, `{ha1_md5: ${M}}`, `{ha1_sha256: ${HEX}}`, `{password: ${M.repeat(10)}}`, `{password: ${M}, algorithms: [${'x'}]}`,
    `{password: ${M}, no_such: 1}`, `{password: ${M} , upstream: {connection: none, username: u, password: ${M}}}`, `{password: a, upstream: {connection: pbx, username: u, password: ${M}, more: 1}}`,
    `{password: "${M}\\q"}`, `{password: "${M}\\0"}`, `{password: ${M}\n  x`, `\n\tpassword: ${M}`, `{password: |\n${M}`, `{password: ${M}, numbers: "x"}`].map(user),
  ...[`{kind: register, address: pbx.test, username: u, pasword: ${M}}`, `{kind: register, address: pbx.test, password: ${M}}`, `{kind: trunk, address: pbx.test, password: ${M}, sources: x}`,
    `{kind: register, address: "sip:u:${M}@pbx.test", username: u, password: x}`, `{kind: register, address: "u:${M}@pbx.test", username: u, password: x}`,
    `{kind: none, address: pbx.test, username: u, password: ${M}}`, `{kind: register, address: pbx.test, username: [u], password: ${M}}`].map(connection),
];
// of sigd.yaml
const PARTS = [`redis: {path: /r, password: [${M}]}`, `redis: {path: /r, password: ${M}, no_such: 1}`, `redis: {path: /r, pasword: ${M}}`, `redis: ${M}`, `admin: {tokens: {a: {hash: ${M}}}}`,
  `admin: {tokens: {a: ${M}}}`, `admin: {tokens: {a: {hash: ${HEX}, scope: all}}}`, `events: {hooks: [{name: a, url: "https://u:${M}@x.test/", secret: aaaaaaaaaaaaaaaaaaaaa}]}`,
  `events: {hooks: [{name: a, url: "u:${M}@x.test/", secret: aaaaaaaaaaaaaaaaaaaaa}]}`, `events: {hooks: [{name: a, url: https://x.test/, secret: [${M}]}]}`,
  `events: {hooks: [{name: a, url: https://x.test/, secret: ${M.repeat(9)}}]}`, `events: {hooks: [{name: a, url: https://x.test/, secret: whsec_${M}}]}`, `events: {hooks: [{name: A, url: https://x.test/, secret: ${M}}]}`, `trace: {homer: {address: x, key: ${M}}}`,
  `trace: {homer: {address: "127.0.0.1:1", key: ${M.repeat(5)}}}`];
const MEDIAD = [`redis: {path: /r, password: [${M}]}`, `redis: {path: /r, pasword: ${M}}`, `redis: ${M}`, `admin: {tokens: {a: {hash: ${M}}}}`];
const KEYS = [`1 - ${HEX}zz`, `1 ${HEX} -`, `${HEX}`, `1 - ${HEX.repeat(3)} ${HEX}`, `1 - ${HEX.repeat(4)}\n1 - ${HEX.repeat(4)}\n`];

describe('mistakes beside secrets', { timeout: 240000 }, () => {
  const suite = new Suite({ rtpPorts: 40 });
  const { stack } = suite;
  before(() => suite.start());
  after(() => suite.stop());

  // What is said, of a mistake that is there.
  const told = (command, args, code) => {
    const { status, stdout, stderr } = spawnSync(path.join(B, command), args);
    const said = `${stdout}${stderr}`;
    assert.equal(status, code, said);
    return said;
  };
  const clean = (said, what) => {
    assert.ok(said.length > 10, what);
    assert.ok(!said.includes(M) && !said.includes(M.slice(0, 8)) && !said.includes(HEX), `${what}\n${said}`);
  };

  test('of a routing table', async () => {
    const file = stack.file('wrong.yaml');
    for (const text of TABLES) {
      fs.writeFileSync(file, text);
      clean(told('cordctl', ['route', 'check', file], 1), text);
      clean(told('cordctl', ['route', 'check', '--json', file], 1), text);
      const answer = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/routes/validate`, { method: 'POST', body: text,
        headers: { authorization: 'Bearer token-of-the-tests', 'content-type': 'application/yaml' } });
      assert.equal(answer.status, 200);
      const said = await answer.text();
      assert.equal(JSON.parse(said).ok, false, text);
      clean(said, text);
    }
  });

  test('of a table that a reload finds: to who asks for that, and in the log', async () => {
    const good = fs.readFileSync(stack.file('routing.yaml'));
    const logged = () => stack.log('sigd.log').split('msg="the routing table cannot be used"').length;
    for (const text of TABLES) {
      fs.writeFileSync(stack.file('routing.yaml'), text);
      const answer = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/routes/reload`, { method: 'POST', headers: { authorization: 'Bearer token-of-the-tests' } });
      assert.equal(answer.status, 422, text);
      clean(await answer.text(), text);
      const before = logged();
      process.kill(stack.procs.get('sigd').pid, 'SIGHUP');
      await until(() => logged() > before, 'the log says what is wrong');
    }
    fs.writeFileSync(stack.file('routing.yaml'), good);
    clean(stack.log('sigd.log'), 'the log');
  });

  test('of the files of both daemons', () => {
    const odd = stack.file('odd.yaml');
    for (const [command, file, parts] of [['sigd', 'sigd.yaml', PARTS], ['mediad', 'mediad.yaml', MEDIAD]]) {
      const good = fs.readFileSync(stack.file(file), 'utf8');
      for (const part of parts) {
        // instead of what is there of that name
        const name = part.slice(0, part.indexOf(':'));
        fs.writeFileSync(odd, `${good.replace(new RegExp(`^${name}:.*\\n(  .*\\n|\\n)*`, 'm'), '')}\n${part}\n`);
        clean(told(command, ['-c', odd, '--check'], 78), part);
      }
    }
  });

  test('of the key file', () => {
    const good = fs.readFileSync(stack.file('sigd.yaml'), 'utf8');
    fs.writeFileSync(stack.file('odd.yaml'), good.replace('keys: keys', 'keys: odd.keys'));
    for (const text of KEYS) {
      fs.writeFileSync(stack.file('odd.keys'), text, { mode: 0o600 });
      clean(told('sigd', ['-c', stack.file('odd.yaml'), '--check'], 78), text);
    }
  });
});
