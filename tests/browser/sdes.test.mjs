// A page, and baresip over TLS with keys in its SDP (RFC 4568): as a user's
// telephone and as a PBX. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { Suite } from './lib.mjs';
import { Baresip } from '../system/lib/pbx_baresip.mjs';
import { sleep, until } from '../system/lib/stack.mjs';

const SUITE = 'AES_CM_128_HMAC_SHA1_80';
// suites of the trunk that tell which one is taken: they are offered in this order
const PBX_SUITE = 'AES_CM_128_HMAC_SHA1_32';
const TENANTS = { auto: 'auto.test', strict: 'strict.test' };

// baresip's telephones: tenant, how it secures media
const PHONES = {
  may: { tenant: 'auto', secure: 'srtp', profile: 'osrtp' }, // RTP/AVP with keys
  must: { tenant: 'strict', secure: 'srtp-mand', profile: 'sdes' }, // RTP/SAVP
  mustf: { tenant: 'strict', secure: 'srtp-mandf', profile: 'sdes' }, // RTP/SAVPF
  plain: { tenant: 'auto', profile: 'osrtp' },
  refused: { tenant: 'strict' },
};

const routing = (stack, pbx) => `tenants:
${Object.entries(TENANTS).map(([id, domain]) => `  ${id}:
    domains: ["${domain}"]
    realm: cordboard
    devices: {media: ${id === 'strict' ? 'sdes' : 'auto'}}
    users:
      alice: {password: alice-secret}
${Object.entries(PHONES).filter(([, { tenant }]) => tenant === id)
    .map(([user]) => `      ${user}: {password: ${user}-secret, algorithms: [MD5]}`).join('\n')}
`).join('')}    connections:
      pbx: {kind: trunk, address: "127.0.0.1:${pbx.port + 1}", transport: tls, domain: pbx.test, tls: {ca: "${stack.file('pbx.pem')}"},
        probe: 0s, media: sdes, sdes: {suites: [${PBX_SUITE}, ${SUITE}]}}
      office: {kind: inbound, username: office, password: office-secret, algorithms: [MD5], transport: tls, media: sdes, sdes: {suites: [${SUITE}]}}
    routes:
      - {name: out, match: {from: users, callee: "100"}, to: {connection: pbx}}
      - {name: office, match: {from: users, callee: office}, to: {connection: office}}
      - {name: in, match: {from: office, callee: "alice"}, to: {user: alice}}
`;

describe('a page, and baresip over TLS with keys in its SDP', { timeout: 480000 }, () => {
  const suite = new Suite();
  const phones = {};
  let pbx = null;

  before(async () => {
    await suite.start({
      rtpPorts: 200,
      streams: true,
      routing: async (stack) => {
        execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
          '-days', '2', '-subj', '/CN=pbx', '-addext', 'subjectAltName=URI:sip:pbx.test',
          '-keyout', stack.file('pbx.key'), '-out', stack.file('pbx.pem')], { stdio: 'ignore' });
        fs.writeFileSync(stack.file('pbx-both.pem'), fs.readFileSync(stack.file('pbx.key'), 'utf8')
          + fs.readFileSync(stack.file('pbx.pem'), 'utf8'));
        pbx ??= await new Baresip(stack, { user: '100', frequency: 600, secure: 'srtp-mand',
          certificate: stack.file('pbx-both.pem') }).start();
        return routing(stack, pbx);
      },
    });
    for (const [user, { tenant, secure }] of Object.entries(PHONES)) {
      await registered(user, tenant, secure);
    }
    await registered('office', 'strict', 'srtp-mand');
  });
  after(async () => {
    for (const one of [...Object.values(phones), ...pbx ? [pbx] : []]) await one.stop();
    await suite.stop();
  });

  async function registered(user, tenant, secure) {
    const { stack } = suite;
    phones[user] = await new Baresip(stack, {
      user, host: TENANTS[tenant], frequency: 440, secure,
      account: `;auth_pass=${user}-secret;outbound="sip:127.0.0.1:${stack.tlsPort};transport=tls";regint=60`,
    }).start();
    await until(() => stack.redis.call('EXISTS', `cb:{${user === 'office' ? 'i' : 'a'}:${tenant}/${user}}:bind`), `${user} is registered`);
  }

  const page = (tenant) => suite.phone('jssip', 'alice', 'alice-secret', { host: TENANTS[tenant] });

  // What the media server says of the leg that is not the page's.
  async function leg() {
    const { stack } = suite;
    return until(async () => {
      for (const key of await stack.redis.call('KEYS', 'cb:{c:*}:media:*')) {
        const fields = await stack.redis.call('HGETALL', key);
        const legs = fields.filter((text, i) => i % 2 && /^profile=(sdes|osrtp|rtp)/.test(text));
        if (fields[fields.indexOf('state') + 1] === 'up' && legs.length) {
          return Object.fromEntries(legs[0].split(' ').map((pair) => pair.split('=')));
        }
      }
      return null;
    }, 'the media server tells of the call');
  }

  // It is told every few seconds.
  async function isSecured({ profile, srtp }) {
    let told = {};
    await until(async () => {
      told = await leg();
      return told.profile === profile && told.srtp === srtp;
    }, 'the leg is secured').catch((e) => { throw new Error(`${e.message}: ${JSON.stringify(told)}`); });
  }

  async function audible(phone, call, far) {
    await Promise.all([phone.hears(call, far.frequency), far.hears(1000)]);
    const stats = await phone.stats(call);
    assert.ok(stats.lost <= stats.received * 0.01, `lost ${stats.lost} of ${stats.received}`);
  }

  async function done(phone) {
    await phone.close();
    await suite.stack.audit();
  }

  // The page calls; hold and resume change nothing.
  async function called(far, target, tenant, want) {
    const phone = await page(tenant);
    const call = await phone.call(target, 1000);
    await phone.up(call);
    await audible(phone, call, far);
    await isSecured(want);
    await held(phone, call, far);
    await phone.hangup(call);
    await far.event('CALL_CLOSED');
    await done(phone);
  }

  // Nothing is under another key. (What baresip writes down is of no use once
  // a call was held, encrypted or not; and with the short tag it takes no
  // reports, whose tag is the long one: RFC 4568, 6.2.)
  async function held(phone, call, far) {
    await phone.hold(call);
    await phone.silent(call);
    await phone.resume(call);
    await phone.hears(call, far.frequency);
    await sleep(500);
    assert.doesNotMatch(far.said(), /failed to decrypt RTP packet/);
  }

  async function calls(far, target, tenant, want) {
    const phone = await page(tenant);
    await far.dial(target);
    const call = await phone.incoming();
    await phone.answer(call, 1000);
    await phone.up(call);
    await audible(phone, call, far);
    await isSecured(want);
    await far.hangup();
    await far.event('CALL_CLOSED');
    assert.equal(await phone.final(call), 'remote');
    await done(phone);
  }

  for (const user of ['may', 'must', 'mustf']) {
    const { tenant, profile, secure } = PHONES[user];
    const want = { profile, srtp: SUITE };
    // it refuses what is not RTP/SAVPF
    if (user !== 'mustf') test(`a page calls a telephone (${secure})`, () => called(phones[user], user, tenant, want));
    test(`a telephone (${secure}) calls a page`, () => calls(phones[user], `sip:alice@${TENANTS[tenant]}`, tenant, want));
  }

  test('a telephone without keys is called and calls where they may be missing', async () => {
    const want = { profile: 'osrtp', srtp: undefined };
    await called(phones.plain, 'plain', 'auto', want);
    await calls(phones.plain, `sip:alice@${TENANTS.auto}`, 'auto', want);
  });

  test('a telephone without keys has no call where they must be there', async () => {
    const phone = await page('strict');
    const call = await phone.call('refused', 1000);
    assert.ok(await phone.final(call));
    await phones.refused.event('CALL_CLOSED');
    await phones.refused.dial(`sip:alice@${TENANTS.strict}`);
    const closed = await phones.refused.event('CALL_CLOSED');
    assert.match(closed.param, /488/);
    await done(phone);
  });

  test('a page calls a PBX over TLS, with the suite that stands first', () => called(pbx, '100', 'strict', { profile: 'sdes', srtp: PBX_SUITE }));

  test('a PBX that registers here over TLS calls a page and is called, with the one suite that is allowed', async () => {
    const want = { profile: 'sdes', srtp: SUITE };
    await calls(phones.office, `sip:alice@${TENANTS.strict}`, 'strict', want);
    await called(phones.office, 'office', 'strict', want);
  });

  test('every mediad worker is killed: an encrypted call is heard again', async (t) => {
    const { stack } = suite;
    const phone = await page('strict');
    const call = await phone.call('100', 1000);
    await phone.up(call);
    await audible(phone, call, pbx);
    const silences = [phone.watch(call), pbx.watch()];
    let silent = [];
    try {
      for (const pid of Object.values(stack.workers('mediad'))) process.kill(pid, 'SIGKILL');
      await audible(phone, call, pbx);
    } finally {
      silent = await Promise.all(silences.map((one) => one.stop()));
    }
    t.diagnostic(`silent for ${silent} ms`);
    assert.ok(silent.every((ms) => ms < 1000), `silent for ${silent} ms`);
    await until(async () => (await leg()).resumes === '1', 'it was resumed');
    await held(phone, call, pbx);
    await phone.hangup(call);
    await pbx.event('CALL_CLOSED');
    await phone.close();
  });
});
