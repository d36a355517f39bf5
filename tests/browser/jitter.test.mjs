// Real browsers behind a line that delays each packet by another time, loses some and brings some
// twice, in the middle of a call: what is heard at both ends. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { OWN, SERVER, inOwnNetwork, ip, serverAddress } from './netns.mjs';
import { Wire } from './wire.mjs';
import { sleep, until } from '../system/lib/stack.mjs';
import { Baresip } from '../system/lib/pbx_baresip.mjs';
import { strongest } from '../system/lib/pbx_sound.mjs';

inOwnNetwork();

const PUBLIC = '203.0.113.200'; // the line's end that pages see
const TONE = 440;
const LOOKS = 40; // one each 200 ms
const LINES = {
  'from 30 to 90 ms late, 1 % twice': { delay: 60, spread: 30, twice: 0.01 },
  'from 10 to 70 ms late, 5 % lost, 1 % twice': { delay: 40, spread: 30, loss: 0.05, twice: 0.01 },
};

for (const browser of ['chromium', 'firefox']) {
  describe(`${browser} on a line that jitters`, { timeout: 360000 }, () => {
    const suite = new Suite();
    const wire = new Wire();
    let pbx = null;

    before(async () => {
      serverAddress();
      ip('addr', 'replace', `${PUBLIC}/32`, 'dev', 'lo');
      await suite.start({
        browser,
        mediaAddress: SERVER,
        mediaAdvertise: PUBLIC,
        mediaInside: OWN,
        rtpPorts: 100,
        routing: async (stack) => {
          pbx ??= await new Baresip(stack, { codec: 'PCMU', frequency: TONE, user: '100', address: OWN }).start();
          return `tenants:
  demo:
    domains: ["localhost", "127.0.0.1"]
    realm: cordboard
    users:
      alice: {password: alice-secret}
    connections:
      pbx: {kind: trunk, address: "${OWN}:${pbx.port}", codecs: PCMU, probe: 0s, interface: inside}
    routes:
      - {name: pbx, match: {callee: "100"}, to: {connection: pbx}}
`;
        },
      });
      const [first] = suite.stack.rtpRange;
      await wire.open({ address: PUBLIC, to: SERVER, ports: [first - 8, first - 7] });
    });
    after(async () => {
      wire.close();
      await pbx?.stop();
      await suite.stop();
    });

    // What mediad tells of the page's leg.
    async function leg() {
      const [key] = await suite.stack.redis.call('KEYS', 'cb:{c:*}:media:*');
      const fields = await suite.stack.redis.call('HGETALL', key);
      return Object.fromEntries(fields[fields.indexOf('leg.1') + 1].split(' ').map((pair) => pair.split('=')));
    }

    // Of the pieces of 50 ms that the telephone has heard since: how many are the page's tone.
    function pure(since) {
      const { samples, rate } = pbx.heard();
      const piece = rate / 20;
      let [all, good] = [0, 0];
      for (let at = since; at + piece <= samples.length; at += piece) {
        ++all;
        const { frequency, level } = strongest(samples.slice(at, at + piece), rate);
        good += Math.abs(frequency - 1000) < 30 && level > -40;
      }
      assert.ok(all > 50, `${all} pieces`);
      return good / all;
    }

    for (const [name, bad] of Object.entries(LINES)) {
      test(`${name}: both ends hear the tone`, async (t) => {
        wire.is({});
        const phone = await suite.phone('jssip', 'alice');
        const call = await phone.call('100', 1000);
        await phone.up(call);
        await Promise.all([phone.hears(call, TONE), pbx.hears(1000)]);
        assert.equal((await phone.stats(call)).farAddress, PUBLIC);
        wire.is(bad);
        await sleep(3000); // both buffers learn what the line is like
        const first = await phone.stats(call);
        const since = pbx.heard().samples.length;
        let heard = 0;
        for (let i = 0; i < LOOKS; i++) {
          await sleep(200);
          const { frequency, level } = await phone.page.evaluate((id) => window.phone.hear(id), call) ?? {};
          heard += Math.abs(frequency - TONE) < 5 && level > -20;
        }
        const share = heard / LOOKS;
        const told = pure(since);
        const last = await phone.stats(call);
        const lost = (last.lost - first.lost) / (last.received + last.lost - first.received - first.lost);
        await until(async () => Number((await leg())['in-jitter-us']) > 5000, 'the jitter is measured');
        const ours = await leg();
        t.diagnostic(`the page: ${(100 * lost).toFixed(1)} % lost, the tone in ${(100 * share).toFixed(0)} % of ${LOOKS} looks; the telephone: in ${(100 * told).toFixed(0)} %; `
          + `of the page: jitter ${(ours['in-jitter-us'] / 1000).toFixed(0)} ms, ${ours.late} late, ${ours.reordered} reordered, ${ours.concealed} concealed of ${ours['in-packets']}`);
        assert.ok(Number(ours.reordered) > 0, 'they come in another order, and are put in order');
        // a tone can be made up; that would not be a buffer
        if (!bad.loss) assert.ok(Number(ours.concealed) < 0.1 * Number(ours['in-packets']), `${ours.concealed} made up`);
        // what a page conceals of its own is told, and not judged
        assert.ok(share > 0.7, `the page hears it ${share} of the time`);
        assert.ok(told > 0.9, `the telephone hears it ${told} of the time`);
        wire.is({});
        await phone.hangup(call);
        await pbx.event('CALL_CLOSED');
        await phone.close();
        await suite.stack.audit();
      });
    }
  });
}
