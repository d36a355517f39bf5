// A page, and baresip that has DTLS-SRTP without ICE (RFC 5763): called, and
// calling; RTCP on RTP's port and on its own. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { Baresip } from '../system/lib/pbx_baresip.mjs';
import { until } from '../system/lib/stack.mjs';

const PBXS = { mux: { number: '100', mux: true }, two: { number: '110', mux: false } };
const SUITES = /^(AEAD_AES_128_GCM|AES_CM_128_HMAC_SHA1_80)$/;

describe('a page, and baresip with DTLS-SRTP', { timeout: 480000 }, () => {
  const suite = new Suite();
  const pbxs = {};
  before(() => suite.start({
    rtpPorts: 200,
    streams: true,
    routing: async (stack) => {
      for (const [name, { number, mux }] of Object.entries(PBXS)) {
        pbxs[name] ??= await new Baresip(stack, { user: number, frequency: 1000, secure: 'dtls_srtp', mux }).start();
      }
      return `tenants:
  demo:
    domains: ["localhost", "127.0.0.1"]
    realm: cordboard
    users:
      alice: {password: alice-secret}
    connections:
${Object.keys(PBXS).map((name) => `      ${name}: {kind: trunk, address: "127.0.0.1:${pbxs[name].port}", probe: 0s, media: dtls}`).join('\n')}
    routes:
${Object.entries(PBXS).map(([name, { number }]) => `      - {name: ${name}, match: {callee: "${number}"}, to: {connection: ${name}}}`).join('\n')}
`;
    },
  }));
  after(async () => {
    for (const pbx of Object.values(pbxs)) await pbx.stop();
    await suite.stop();
  });

  // What the media server says of the leg that is not the page's.
  async function leg() {
    const { stack } = suite;
    return until(async () => {
      for (const key of await stack.redis.call('KEYS', 'cb:{c:*}:media:*')) {
        const fields = await stack.redis.call('HGETALL', key);
        const legs = fields.filter((text, i) => i % 2 && text.startsWith('profile=dtls'));
        if (fields[fields.indexOf('state') + 1] === 'up' && legs.length) {
          return Object.fromEntries(legs[0].split(' ').map((pair) => pair.split('=')));
        }
      }
      return null;
    }, 'the media server tells of the call');
  }

  async function audible(phone, call, pbx) {
    await Promise.all([phone.hears(call, pbx.frequency), pbx.hears(1500)]);
    const stats = await phone.stats(call);
    assert.ok(stats.lost <= stats.received * 0.01, `lost ${stats.lost} of ${stats.received}`);
    await until(async () => SUITES.test((await leg()).srtp), 'the leg is secured');
  }

  // Hold and resume keep the association.
  async function held(phone, call, pbx) {
    await phone.hold(call);
    await phone.silent(call);
    await phone.resume(call);
    await phone.hears(call, pbx.frequency);
    assert.doesNotMatch(pbx.said(), /failed to decrypt|mismatch/);
  }

  for (const [name, { number, mux }] of Object.entries(PBXS)) {
    const ports = mux ? 'one port' : 'two ports';

    test(`a page calls it (${ports})`, async () => {
      const phone = await suite.phone('jssip', 'alice');
      const call = await phone.call(number, 1500);
      await phone.up(call);
      await audible(phone, call, pbxs[name]);
      await held(phone, call, pbxs[name]);
      await phone.hangup(call);
      await pbxs[name].event('CALL_CLOSED');
      await phone.close();
      await suite.stack.audit();
    });

    test(`it calls a page (${ports})`, async () => {
      const phone = await suite.phone('sip.js', 'alice');
      await pbxs[name].dial(`sip:alice@127.0.0.1:${suite.stack.udpPort}`);
      const call = await phone.incoming();
      await phone.answer(call, 1500);
      await phone.up(call);
      await audible(phone, call, pbxs[name]);
      await pbxs[name].hangup();
      await pbxs[name].event('CALL_CLOSED');
      assert.equal(await phone.final(call), 'remote');
      await phone.close();
      await suite.stack.audit();
    });

    test(`every mediad worker is killed: it is heard again (${ports})`, async (t) => {
      const { stack } = suite;
      const phone = await suite.phone('jssip', 'alice');
      const call = await phone.call(number, 1500);
      await phone.up(call);
      await audible(phone, call, pbxs[name]);
      const silences = [phone.watch(call), pbxs[name].watch()];
      let silent = [];
      try {
        for (const pid of Object.values(stack.workers('mediad'))) process.kill(pid, 'SIGKILL');
        await audible(phone, call, pbxs[name]);
      } finally {
        silent = await Promise.all(silences.map((one) => one.stop()));
      }
      t.diagnostic(`silent for ${silent} ms`);
      assert.ok(silent.every((ms) => ms < 1000), `silent for ${silent} ms`);
      await until(async () => (await leg()).resumes === '1', 'it was resumed');
      await held(phone, call, pbxs[name]);
      await phone.hangup(call);
      await pbxs[name].event('CALL_CLOSED');
      await phone.close();
    });
  }
});
