// A smoke test in Firefox: another ICE, DTLS, SDP and Opus than Chromium's.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { inOwnNetwork } from './netns.mjs';

// Firefox gathers no candidate of the loopback card, whatever it is told: all
// of this file runs again in a network that has another one.
inOwnNetwork();

describe('calls from Firefox', { timeout: 360000 }, () => {
  const suite = new Suite();
  before(() => suite.start({ browser: 'firefox', mediaAddress: '192.0.2.1' }));
  after(() => suite.stop());

  for (const library of ['sip.js', 'jssip']) {
    test(`${library} registers, hears a service, and calls another page`, async (t) => {
      t.diagnostic(await suite.browser.version());
      const alice = await suite.phone(library, 'alice');
      assert.equal(alice.registered, 200);
      const echo = await alice.call('echo', 1000);
      await alice.up(echo);
      await alice.hears(echo, 1000);
      const stats = await alice.stats(echo);
      assert.ok(stats.received > 10);
      assert.ok(stats.lost <= stats.received * 0.01, `lost ${stats.lost} of ${stats.received}`);
      assert.match(stats.codec, /opus/i);
      await alice.hangup(echo);
      assert.equal(await alice.final(echo), 'local');

      const carol = await suite.phone('jssip', 'carol');
      const call = await alice.call('carol', 1000);
      const incoming = await carol.incoming();
      await carol.answer(incoming, 1500);
      await alice.up(call);
      await alice.hears(call, 1500);
      await carol.hears(incoming, 1000);
      await carol.hangup(incoming);
      assert.notEqual(await alice.final(call), null);
      await carol.close();
      await alice.close();
      await suite.stack.audit();
    });
  }

  test('two pages see each other', async (t) => {
    const alice = await suite.phone('jssip', 'alice');
    const bob = await suite.phone('jssip', 'bob');
    const call = await alice.call('bob', 1000, 'red');
    const incoming = await bob.incoming();
    await bob.answer(incoming, 1500, 'blue');
    await alice.up(call);
    await bob.sees(incoming, 'red');
    await alice.sees(call, 'blue');
    await bob.hears(incoming, 1000);
    t.diagnostic(JSON.stringify((await bob.stats(incoming)).video));
    await alice.hangup(call);
    await bob.close();
    await alice.close();
    await suite.stack.audit();
  });
});
