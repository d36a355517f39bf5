// Where a device is decides where its calls go: addresses of several countries,
// also behind a load balancer, and a database that is replaced while it is used.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { mmdb } from './lib/mmdb.mjs';
import { B } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const BALANCER = '127.66.0.1';
const GERMANY = '127.80.1.7';
const CALIFORNIA = '127.80.2.7';
const NEW_YORK = '127.80.3.7';
const NOWHERE = '127.80.4.7';
const JAPAN = '203.0.113.7'; // by the header of a balancer alone

const rows = (first) => [
  ['127.80.1.0/24', first],
  ['127.80.2.0/24', { country: 'US', continent: 'NA', subdivision: 'CA' }],
  ['127.80.3.0/24', { country: 'US', continent: 'NA', subdivision: 'NY' }],
  ['203.0.113.0/24', { country: 'JP', continent: 'AS' }],
];

const routing = `geoip: places.mmdb
regions: {eu: {continents: EU}, west: {subdivisions: US-CA}}
tenants:
  demo:
    domains: [demo.test]
    realm: cordboard
    users: {alice: {password: alice-secret}}
    routes:
      - {name: germany, match: {callee: '100', country: DE}, to: {reject: {code: 484}}}
      - {name: europe, match: {callee: '100', region: eu}, to: {service: echo}}
      - {name: west, match: {callee: '100', region: west}, to: {reject: {code: 485}}}
      - {name: america, match: {callee: '100', continent: NA}, to: {reject: {code: 486}}}
      - {name: japan, match: {callee: '100', country: JP}, to: {reject: {code: 488}}}
    tests:
      - {name: Japan, when: {caller: alice, callee: '100', source: ${JAPAN}}, expect: {route: japan}}
`;

// PROXY protocol, version 2
const v2 = (address, port) => Buffer.concat([Buffer.from('0d0a0d0a000d0a515549540a2111000c', 'hex'),
  Buffer.from([...address.split('.').map(Number), 127, 0, 0, 1, port >> 8, port & 255, 0, 0])]);

describe('places', { timeout: 120000 }, () => {
  const suite = new Suite({ streams: `proxy_protocol: [${BALANCER}]`, rtpPorts: 40, routing: (stack) => {
    fs.writeFileSync(stack.file('places.mmdb'), mmdb(rows({ country: 'DE', continent: 'EU' })));
    return routing;
  } });
  const { stack } = suite;
  const phones = {};

  const post = async (what, body = '') => {
    const r = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/routes/${what}`, { method: 'POST', body,
      headers: { Authorization: 'Bearer token-of-the-tests',
        'content-type': what.endsWith('validate') ? 'application/yaml' : 'application/json' } });
    return { status: r.status, body: await r.json() };
  };
  const phone = (options) => suite.tenant().ua('alice', { domain: 'demo.test', ...options });
  const call = async (ua) => {
    const out = ua.call('100');
    const { code } = await out.final;
    if (code === 200) await out.bye();
    return code;
  };
  const codes = async () => Object.fromEntries(await Promise.all(Object.entries(phones)
    .map(async ([name, ua]) => [name, await call(ua)])));

  before(async () => {
    await suite.start();
    Object.assign(phones, {
      germany: await phone({ transport: 'ws', upgrade: { from: GERMANY } }),
      germanyUdp: await phone({ transport: 'udp', address: GERMANY }),
      california: await phone({ transport: 'wss', upgrade: { from: CALIFORNIA } }),
      newYork: await phone({ transport: 'udp', address: NEW_YORK }),
      japan: await phone({ transport: 'tcp', header: v2(JAPAN, 4711), tls: { localAddress: BALANCER } }),
      nowhere: await phone({ transport: 'ws', upgrade: { from: NOWHERE } }),
    });
  });
  after(() => suite.stop());

  const others = { california: 485, newYork: 486, japan: 488, nowhere: 404 };

  test('each call goes where its country says', async () => {
    assert.deepEqual(await codes(), { germany: 484, germanyUdp: 484, ...others });
  });

  test('explain says which country it is', async () => {
    const { body } = await post('explain', JSON.stringify({ caller: 'alice', callee: '100', source: CALIFORNIA }));
    assert.deepEqual(body.plan.steps.map(({ route, text }) => [route, text]), [['germany', `${CALIFORNIA} is in US-CA, not DE`],
      ['europe', `${CALIFORNIA} is in US-CA, not in region eu`], ['west', undefined]]);
    assert.match(body.text, /127\.80\.2\.7 is in US-CA, not DE/);
  });

  test('a database that is replaced counts from the next reload on, for who is connected, too', async () => {
    const { body: { version } } = await post('reload');
    // whole at once, as geoipupdate does it
    fs.writeFileSync(stack.file('new'), mmdb(rows({ country: 'FR', continent: 'EU' })));
    fs.renameSync(stack.file('new'), stack.file('places.mmdb'));
    assert.deepEqual(await codes(), { germany: 484, germanyUdp: 484, ...others });
    const { status, body } = await post('reload');
    assert.equal(status, 200, JSON.stringify(body));
    assert.notEqual(body.version, version);
    assert.deepEqual(await codes(), { germany: 200, germanyUdp: 200, ...others });
  });

  test('one that is broken, or that breaks a test, changes nothing', async () => {
    const bytes = fs.readFileSync(stack.file('places.mmdb'));
    const refused = async (data, pattern) => {
      fs.writeFileSync(stack.file('places.mmdb'), data);
      const { status, body } = await post('reload');
      assert.equal(status, 422, JSON.stringify(body));
      assert.match(body.errors[0].text, pattern);
    };
    await refused(bytes.subarray(0, bytes.length >> 1), /places\.mmdb|database/);
    await refused(mmdb(rows({ country: 'FR', continent: 'EU' }).slice(0, 3)), /test "Japan" fails/);
    assert.deepEqual(await codes(), { germany: 200, germanyUdp: 200, ...others });
    fs.writeFileSync(stack.file('places.mmdb'), bytes);
  });

  test('one that is cut or damaged starts nothing, and ends nobody', async () => {
    const bytes = fs.readFileSync(stack.file('places.mmdb'));
    const pids = stack.children('sigd');
    const checked = () => spawnSync(path.join(B, 'sigd'), ['-c', stack.file('sigd.yaml'), '--check']);
    for (const data of ['', 'no database', bytes.subarray(0, 1), bytes.subarray(0, bytes.length >> 1), bytes.subarray(0, bytes.length - 20)]) {
      fs.writeFileSync(stack.file('places.mmdb'), data);
      const { status, stderr, stdout } = checked();
      assert.equal(status, 78, `${data.length}: ${stdout}${stderr}`);
      assert.match(`${stdout}${stderr}`, /routing\.yaml:1:\d+: geoip: .*database|a file that can be read/);
      assert.equal((await post('reload')).status, 422);
    }
    // a byte here and there: found, or an address of nowhere
    for (let at = 3; at < bytes.length; at += Math.ceil(bytes.length / 25)) {
      const data = Buffer.from(bytes);
      data[at] ^= 0xff;
      fs.writeFileSync(stack.file('places.mmdb'), data);
      assert.ok([0, 78].includes(checked().status), `byte ${at}`);
      assert.ok([200, 422].includes((await post('reload')).status), `byte ${at}`);
      await codes();
    }
    fs.writeFileSync(stack.file('places.mmdb'), bytes);
    assert.equal((await post('reload')).status, 200);
    assert.deepEqual(await codes(), { germany: 200, germanyUdp: 200, ...others });
    assert.deepEqual(stack.children('sigd'), pids);
  });
});
