// Media in a network that has IPv6 alone, to a server that has no other address: a call to
// the echo, and two pages. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { inOwnNetwork, ip } from './netns.mjs';

inOwnNetwork();

// As where a microphone is allowed: candidates of all cards, not of the one alone by which the page
// came, and that was over IPv4. Not of mediad's own, though.
const FIREFOX = { 'permissions.default.microphone': 1, 'media.peerconnection.ice.force_interface': 'web0' };
const MEDIA = '2001:db8:2::1';
const OWN = '2001:db8:1::1';

for (const browser of ['chromium', 'firefox']) {
  describe(`a network with IPv6 alone, in ${browser}`, { timeout: 360000 }, () => {
    const suite = new Suite();
    before(async () => {
      ip('addr', 'flush', 'dev', 'web0');
      ip('addr', 'replace', `${OWN}/64`, 'dev', 'web0', 'nodad');
      ip('-6', 'route', 'replace', 'default', 'dev', 'web0');
      ip('addr', 'replace', `${MEDIA}/128`, 'dev', 'lo', 'nodad');
      await suite.start({ browser, prefs: FIREFOX, mediaAddress: MEDIA });
    });
    after(() => suite.stop());

    test('a page hears the echo', async () => {
      const alice = await suite.phone('jssip', 'alice');
      const call = await alice.call('echo', 1000);
      await alice.up(call);
      await alice.hears(call, 1000);
      const { address, lost, received } = await alice.stats(call);
      assert.equal(address, OWN);
      assert.ok(lost <= received * 0.01, `lost ${lost} of ${received}`);
      await alice.hangup(call);
      await alice.close();
      await suite.stack.audit();
    });

    test('two pages hear each other', async () => {
      const alice = await suite.phone('sip.js', 'alice');
      const carol = await suite.phone('jssip', 'carol');
      const call = await alice.call('carol', 1000);
      const incoming = await carol.incoming();
      await carol.answer(incoming, 1500);
      await alice.up(call);
      await Promise.all([alice.hears(call, 1500), carol.hears(incoming, 1000)]);
      await carol.hangup(incoming);
      assert.notEqual(await alice.final(call), null);
      await carol.close();
      await alice.close();
      await suite.stack.audit();
    });
  });
}
