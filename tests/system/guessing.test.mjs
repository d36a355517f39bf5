// Who guesses: SIPVicious for passwords and names, and tokens that are wrong.
// SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { Issuer } from './lib/jwt.mjs';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';
import { WebSocketSip } from './lib/ws.mjs';

const tools = ['svcrack', 'svwar'].every((tool) => spawnSync(tool, ['--version']).status === 0);
const skip = tools ? false : 'no SIPVicious in this release';
const issuer = new Issuer('https://id.test');
const words = (count, right, at) => Array.from({ length: count }, (_, i) => (i === at ? right : `wrong-${i}`)).join('\n');

const routing = (stack) => {
  fs.writeFileSync(stack.file('jwks.json'), issuer.set());
  return `tenants:
  one:
    domains: [one.test]
    realm: cordboard
    jwt: {keys: jwks.json, issuer: '${issuer.name}', audience: phone}
    users:
${['100', '101', '102'].map((name) => `      "${name}": {password: ${name}-secret, algorithms: [MD5]}`).join('\n')}
`;
};

const alarm = (stack, kind, source) => until(async () => {
  const response = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/alarms`, { headers: { authorization: 'Bearer token-of-the-tests' } });
  return (await response.json()).alarms.find((a) => a.kind === kind && a.source === source);
}, `an alarm ${kind}`);

const sum = async (stack, name) => {
  let total = 0;
  for (const slot of Object.keys(stack.workers('sigd'))) total += await stack.metric(stack.sigdAdmin, name, `s1/${slot}`);
  return total;
};

describe('guessing', { timeout: 240000, skip }, () => {
  const suite = new Suite({ routing });
  const { stack } = suite;
  before(() => suite.start());
  afterEach(() => suite.hangUp());
  after(() => suite.stop());

  // What the tool says: from 127.0.0.1, and only there.
  const run = (tool, file, ...args) => new Promise((done, fail) => {
    const list = stack.file('words');
    fs.writeFileSync(list, file);
    let said = '';
    const child = spawn(tool, ['-t', '0.005', '--maximumtime', '3', '-d', list, '--domain', 'one.test', ...args,
      `udp://127.0.0.1:${stack.udpPort}`], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: stack.dir } });
    const limit = setTimeout(() => child.kill('SIGKILL'), 30000);
    for (const out of [child.stdout, child.stderr]) out.on('data', (data) => { said += data; });
    child.on('error', fail);
    child.on('exit', () => { clearTimeout(limit); done(said); });
  });
  const registers = async (user, from) => {
    const ua = await suite.tenant().ua(user, { domain: 'one.test', transport: 'ws', upgrade: { from } });
    return (await ua.register()).code;
  };

  test('svcrack finds a password that is among its first guesses', async () => {
    assert.match(await run('svcrack', words(5, '100-secret', 3), '-u', '100'), /100-secret/);
  });

  test('svcrack is locked out before it comes to the right one; the user is not', async (t) => {
    const locked = await sum(stack, 'cordboard_sig_auth_locked_total');
    assert.doesNotMatch(await run('svcrack', words(100, '101-secret', 40), '-u', '101'), /101-secret/);
    let refused;
    await until(async () => {
      refused = await sum(stack, 'cordboard_sig_auth_locked_total') - locked;
      return refused > 60;
    }, 'most are not listened to');
    t.diagnostic(`${refused} of 100 guesses were not listened to`);
    assert.equal((await alarm(stack, 'guessing', '127.0.0.1')).name, '101');
    assert.equal(await registers('101', '127.9.0.1'), 200);
    // nor is another one who is where it is
    assert.equal(await registers('102', '127.0.0.1'), 200);
  });

  test('svwar sees no difference between who is there and who is not', async () => {
    const said = await run('svwar', ['98', '99', '100', '101', '102', '103'].join('\n'), '--force');
    const found = [...said.matchAll(/^\|\s*(\d+)\s*\|\s*(\w+)\s*\|/gm)].map(([, name, auth]) => [name, auth]);
    // "reqauth" is a 401: for each of them, or for none
    assert.ok(found.length === 0 || found.length === 6, said);
    assert.ok(found.every(([, auth]) => auth === 'reqauth'), said);
  });
});

describe('tokens that are wrong', { timeout: 120000 }, () => {
  const BURST = 100;
  const suite = new Suite({ routing, sigd: `limits: {source: {rate: 1, burst: ${BURST}}}\n` });
  const { stack } = suite;
  before(() => suite.start());
  after(() => suite.stop());

  test('who shows them without end is sent away before they are looked at; others are let in', async () => {
    const open = (from, token) => WebSocketSip.open(stack.wsPort, { path: `/ws?access_token=${token}`, from })
      .then((ws) => { ws.close(); return 101; }, (e) => Number(/HTTP\/1.1 (\d+)/.exec(e.message)?.[1] ?? 0));
    const wrong = new Issuer('https://id.test');
    const codes = await Promise.all(Array.from({ length: 400 }, () => open('127.9.0.2', wrong.token('100'))));
    const looked = codes.filter((code) => code === 401).length;
    assert.deepEqual([...new Set(codes)].sort(), [401, 503]);
    assert.ok(looked >= BURST && looked <= 2 * BURST + 20, `${looked} were looked at`);
    await until(async () => await sum(stack, 'cordboard_sig_auth_failed_total') === looked, 'as many are counted');
    await alarm(stack, 'source-rate', '127.9.0.2');
    assert.equal(await open('127.9.0.3', issuer.token('100')), 101);
  });
});
