// A browser whose address changes in the middle of a call. Chromium: the same credentials, a valid
// check from elsewhere, and the call goes on. Firefox looks for another way only when its page asks
// for it by a restart of ICE, as a page does that is told of a path that is gone.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { CARDS, SERVER, inOwnNetwork, loseCard, secondCard, serverAddress } from './netns.mjs';
import { until } from '../system/lib/stack.mjs';

inOwnNetwork();

for (const browser of ['chromium', 'firefox']) {
  describe(`${browser} with two networks`, { timeout: 180000 }, () => {
    const suite = new Suite();
    before(async () => {
      serverAddress();
      secondCard();
      await suite.start({ browser, mediaAddress: SERVER });
    });
    after(() => suite.stop());

    test('loses the one that its call goes by, and keeps the call', async (t) => {
      const alice = await suite.phone('jssip', 'alice');
      const call = await alice.call('echo', 1000);
      await alice.up(call);
      await alice.hears(call, 1000);
      const { address, received } = await alice.stats(call);
      assert.ok(CARDS[address], `by ${address}`);

      loseCard(address);
      const from = Date.now();
      if (browser === 'firefox') {
        await until(async () => (await alice.ice(call)).state === 'disconnected', 'ICE is disconnected', 30000);
        assert.ok(await alice.restart(call));
      }
      await until(async () => (await alice.stats(call)).received > received + 100, 'packets come again', 30000);
      await alice.hears(call, 1000);
      const now = await alice.stats(call);
      t.diagnostic(`from ${address} to ${now.address}, heard again after ${Date.now() - from} ms`);
      assert.notEqual(now.address, address);
      await alice.hangup(call);
      await alice.close();
      await suite.stack.audit();
    });
  });
}
