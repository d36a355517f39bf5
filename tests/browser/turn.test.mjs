// A browser whose firewall lets no UDP through to mediad, and a TURN server beside it: over TLS
// where no UDP at all leaves the browser's card, and over UDP. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Coturn } from './coturn.mjs';
import { Suite } from './lib.mjs';
import { OWN, SERVER, blockUdp, inOwnNetwork, serverAddress } from './netns.mjs';

inOwnNetwork();

const TURN = '198.51.100.9';
serverAddress(SERVER, OWN);
serverAddress(TURN, OWN);
blockUdp(OWN, SERVER);

for (const browser of ['chromium', 'firefox']) {
  describe(`${browser} behind a TURN server`, { timeout: 360000 }, () => {
    const suite = new Suite();
    const turn = new Coturn(TURN);
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'turn-'));
    before(async () => {
      const spki = turn.certify(dir);
      await suite.start({ browser, mediaAddress: SERVER, args: [`--ignore-certificate-errors-spki-list=${spki}`] });
      await turn.start(suite.stack);
    });
    after(async () => {
      await turn.stop();
      await suite.stop();
      fs.rmSync(dir, { recursive: true });
    });

    async function talk(t, ice, relay) {
      const alice = await suite.phone('sip.js', 'alice', undefined, { ice });
      const carol = await suite.phone('jssip', 'carol', undefined, { ice });
      const call = await alice.call('carol', 1000);
      const incoming = await carol.incoming();
      await carol.answer(incoming, 1500);
      await alice.up(call);
      await Promise.all([alice.hears(call, 1500), carol.hears(incoming, 1000)]);
      for (const stats of [await alice.stats(call), await carol.stats(incoming)]) {
        t.diagnostic(JSON.stringify(stats));
        assert.equal(stats.candidate, 'relay');
        if (stats.relay) assert.equal(stats.relay, relay);
        assert.ok(stats.lost <= stats.received * 0.01, `lost ${stats.lost} of ${stats.received}`);
      }
      await carol.hangup(incoming);
      assert.notEqual(await alice.final(call), null);
      await carol.close();
      await alice.close();
      await suite.stack.audit();
    }

    test('two pages hear each other over TLS, without any UDP', async (t) => {
      const open = blockUdp(OWN, TURN);
      t.after(open);
      await talk(t, turn.tls(), 'tls');
    });

    test('two pages hear each other over UDP', (t) => talk(t, turn.udp(), 'udp'));
  });
}
