// A page, and a video telephone (baresip, VP8), over RTP and over DTLS-SRTP: each sees the other.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { Baresip } from '../system/lib/pbx_baresip.mjs';

const PHONES = {
  plain: { number: '100', media: 'rtp' },
  dtls: { number: '110', media: 'dtls', secure: 'dtls_srtp' },
  mux: { number: '120', media: 'dtls', secure: 'dtls_srtp', mux: true },
};

describe('a page and a video telephone', { timeout: 360000 }, () => {
  const suite = new Suite();
  const phones = {};
  before(() => suite.start({
    rtpPorts: 200,
    routing: async (stack) => {
      for (const [name, { number, secure, mux }] of Object.entries(PHONES)) {
        phones[name] ??= await new Baresip(stack, { user: number, frequency: 600, secure, mux, video: true }).start();
      }
      const entries = Object.entries(PHONES);
      return `tenants:
  demo:
    domains: ["localhost", "127.0.0.1"]
    realm: cordboard
    users:
      alice: {password: alice-secret}
    connections:
${entries.map(([name, { media }]) => `      ${name}: {kind: trunk, address: "127.0.0.1:${phones[name].port}", probe: 0s, video: true, media: ${media}}`).join('\n')}
    routes:
${entries.map(([name, { number }]) => `      - {name: ${name}, match: {callee: "${number}"}, to: {connection: ${name}}}`).join('\n')}
`;
    },
  }));
  after(async () => {
    for (const phone of Object.values(phones)) await phone.stop();
    await suite.stop();
  });

  for (const [name, { number }] of Object.entries(PHONES)) {
    test(`see and hear each other (${name})`, async (t) => {
      const phone = phones[name];
      const alice = await suite.phone('jssip', 'alice');
      const call = await alice.call(number, 1500, 'red');
      await alice.up(call);
      await Promise.all([alice.hears(call, phone.frequency), phone.hears(1500)]);
      t.diagnostic(JSON.stringify([await alice.seesSome(call), await phone.seesRed(alice.page)]));
      const { video } = await alice.stats(call);
      assert.equal(video.codec, 'video/VP8');
      assert.ok(video.lost <= 5, `lost ${video.lost}`);
      await alice.hangup(call);
      await phone.event('CALL_CLOSED');
      await alice.close();
      await suite.stack.audit();
    });
  }
});
