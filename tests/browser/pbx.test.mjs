// Real calls: a page and a PBX that knows only UDP, RTP and one codec hear each
// other. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { Baresip } from '../system/lib/pbx_baresip.mjs';

const CODECS = ['PCMU', 'PCMA', 'G722'];
const NUMBERS = { PCMU: '100', PCMA: '110', G722: '120' };
const TONE = 440;
const LEVEL = 20 * Math.log10(0.25); // of both tones

// Loss under 1 %, Opus, and audio both ways.
async function audible(phone, call, pbx, frequency, from = TONE) {
  const heard = await Promise.all([phone.hears(call, from), pbx.hears(frequency)]);
  for (const { level } of heard) assert.ok(Math.abs(level - LEVEL) < 1, `${level} dB`);
  const stats = await phone.stats(call);
  assert.match(stats.codec, /opus/i);
  assert.ok(stats.received > 10);
  assert.ok(stats.lost <= stats.received * 0.01, `lost ${stats.lost} of ${stats.received}`);
}

describe('a browser and baresip', { timeout: 480000 }, () => {
  const suite = new Suite();
  const pbxs = {};
  before(() => suite.start({
    rtpPorts: 200,
    routing: async (stack) => {
      for (const codec of CODECS) pbxs[codec] ??= await new Baresip(stack, { codec, frequency: TONE, user: NUMBERS[codec] }).start();
      return `tenants:
  demo:
    domains: ["localhost", "127.0.0.1"]
    realm: cordboard
    users:
      alice: {password: alice-secret}
    connections:
${CODECS.map((codec) => `      ${codec.toLowerCase()}: {kind: trunk, address: "127.0.0.1:${pbxs[codec].port}"}`).join('\n')}
    routes:
${CODECS.map((codec) => `      - {name: ${codec}, match: {callee: "${NUMBERS[codec]}"}, to: {connection: ${codec.toLowerCase()}}}`).join('\n')}
`;
    },
  }));
  after(async () => {
    for (const pbx of Object.values(pbxs)) await pbx.stop();
    await suite.stop();
  });

  for (const codec of CODECS) {
    test(`a page calls baresip, which knows ${codec} alone`, async () => {
      const phone = await suite.phone('jssip', 'alice');
      const call = await phone.call(NUMBERS[codec], 1000);
      await phone.up(call);
      await audible(phone, call, pbxs[codec], 1000);
      await phone.hangup(call);
      await pbxs[codec].event('CALL_CLOSED');
      await phone.close();
      await suite.stack.audit();
    });

    test(`baresip, which knows ${codec} alone, calls a page and hangs up`, async () => {
      const phone = await suite.phone('jssip', 'alice');
      await pbxs[codec].dial(`sip:alice@127.0.0.1:${suite.stack.udpPort}`);
      const call = await phone.incoming();
      await phone.answer(call, 1500);
      await phone.up(call);
      await audible(phone, call, pbxs[codec], 1500);
      await pbxs[codec].hangup();
      assert.equal(await phone.final(call), 'remote');
      await phone.close();
      await suite.stack.audit();
    });
  }

  test('a page and baresip with G.722 hear what G.711 has not', async () => {
    const phone = await suite.phone('jssip', 'alice');
    const call = await phone.call(NUMBERS.G722, 5200);
    await phone.up(call);
    await pbxs.G722.hears(5200);
    await phone.hangup(call);
    await pbxs.G722.event('CALL_CLOSED');
    await phone.close();
    await suite.stack.audit();
  });

  test('SIP.js calls baresip, which hangs up', async () => {
    const phone = await suite.phone('sip.js', 'alice');
    const call = await phone.call('100', 1000);
    await phone.up(call);
    await audible(phone, call, pbxs.PCMU, 1000);
    await pbxs.PCMU.hangup();
    assert.equal(await phone.final(call), 'remote');
    await phone.close();
    await suite.stack.audit();
  });
});
