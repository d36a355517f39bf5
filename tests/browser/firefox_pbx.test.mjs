// Firefox, and baresip with keys in its SDP (RFC 4568) and by DTLS (RFC 5763); with DTLS they see
// each other, too. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { OWN, inOwnNetwork } from './netns.mjs';
import { Baresip } from '../system/lib/pbx_baresip.mjs';

inOwnNetwork();

const PBXS = {
  sdes: { number: '100', media: 'sdes, sdes: {in_clear: true, suites: [AES_CM_128_HMAC_SHA1_80]}', secure: 'srtp-mand' },
  dtls: { number: '110', media: 'dtls, video: true', secure: 'dtls_srtp', video: true },
};

describe('Firefox and a PBX with SRTP', { timeout: 360000 }, () => {
  const suite = new Suite();
  const pbxs = {};
  before(() => suite.start({
    browser: 'firefox',
    mediaAddress: OWN,
    rtpPorts: 200,
    routing: async (stack) => {
      for (const [name, { number, secure, video }] of Object.entries(PBXS)) {
        pbxs[name] ??= await new Baresip(stack, { user: number, frequency: 600, secure, video, address: OWN }).start();
      }
      return `tenants:
  demo:
    domains: ["localhost", "127.0.0.1"]
    realm: cordboard
    users:
      alice: {password: alice-secret}
    connections:
${Object.entries(PBXS).map(([name, { media }]) => `      ${name}: {kind: trunk, address: "${OWN}:${pbxs[name].port}", probe: 0s, media: ${media}}`).join('\n')}
    routes:
${Object.entries(PBXS).map(([name, { number }]) => `      - {name: ${name}, match: {callee: "${number}"}, to: {connection: ${name}}}`).join('\n')}
`;
    },
  }));
  after(async () => {
    for (const pbx of Object.values(pbxs)) await pbx.stop();
    await suite.stop();
  });

  for (const [name, { number, video }] of Object.entries(PBXS)) {
    test(`${name}: called, held, and heard again`, async (t) => {
      const phone = await suite.phone('jssip', 'alice');
      const call = await phone.call(number, 1500, video && 'red');
      await phone.up(call);
      await Promise.all([phone.hears(call, 600), pbxs[name].hears(1500)]);
      if (video) t.diagnostic(JSON.stringify([await phone.seesSome(call), await pbxs[name].seesRed(phone.page)]));
      await phone.hold(call);
      await phone.silent(call);
      await phone.resume(call);
      await phone.hears(call, 600);
      const stats = await phone.stats(call);
      assert.ok(stats.lost <= stats.received * 0.01, `lost ${stats.lost} of ${stats.received}`);
      assert.doesNotMatch(pbxs[name].said(), /failed to decrypt RTP packet|mismatch/);
      await phone.hangup(call);
      await pbxs[name].event('CALL_CLOSED');
      await phone.close();
      await suite.stack.audit();
    });
  }
});
