// A page that is served over IPv6, and calls by it. Media goes by whichever of
// mediad's candidates the browser takes. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';

describe('a page over IPv6', { timeout: 240000 }, () => {
  const suite = new Suite();
  before(() => suite.start({ ipv6: true }));
  after(() => suite.stop());

  for (const library of ['jssip', 'sip.js']) {
    test(`${library} registers over [::1], calls, and is called from a page over IPv4`, async () => {
      const six = await suite.phone(library, 'alice', undefined, { at: '[::1]' });
      assert.equal(six.registered, 200);
      const echo = await six.call('echo');
      await six.up(echo);
      await six.hears(echo, 1000);
      await six.hangup(echo);
      const four = await suite.phone('jssip', 'bob');
      const call = await four.call('alice', 700);
      const ringing = await six.incoming();
      await six.answer(ringing, 1200);
      await Promise.all([four.up(call), six.up(ringing)]);
      await four.hears(call, 1200);
      await six.hears(ringing, 700);
      await four.hangup(call);
      await six.final(ringing);
      await four.close();
      await six.close();
      await suite.stack.audit();
    });
  }
});
