// Tokens instead of passwords in Chromium: in the URL of the WebSocket, which is
// all that a page can do, and as Bearer in SIP (RFC 8898), which JsSIP can.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Issuer } from '../system/lib/jwt.mjs';
import { Suite } from './lib.mjs';

const issuer = new Issuer('https://id.test');
const routing = (stack) => {
  fs.writeFileSync(stack.file('jwks.json'), issuer.set());
  return `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    jwt: {keys: jwks.json, issuer: '${issuer.name}', audience: phone}
    users: {alice: {}, bob: {}}
    routes:
      - {name: tone, match: {callee: tone}, to: {service: tone}}
`;
};

describe('tokens', { timeout: 240000 }, () => {
  const suite = new Suite();
  before(() => suite.start({ routing }));
  after(() => suite.stop());

  const hears = async (phone) => {
    const call = await phone.call('tone');
    await phone.up(call);
    await phone.hears(call, 440);
    await phone.hangup(call);
    assert.equal(await phone.final(call), 'local');
  };
  const inUrl = (...args) => ({ query: `?access_token=${issuer.token(...args)}` });

  for (const library of ['jssip', 'sip.js']) {
    test(`${library}: a token in the URL logs in, and calls`, async () => {
      const alice = await suite.phone(library, 'alice', '', inUrl('alice'));
      assert.equal(alice.registered, 200);
      await hears(alice);
      await alice.close();
      // nobody else by it
      const bob = await suite.phone(library, 'bob', '', inUrl('alice'));
      assert.equal(bob.registered, 403);
      await bob.close();
      await suite.stack.audit();
    });
  }

  test('jssip: Bearer in SIP logs in, and calls', async () => {
    const alice = await suite.phone('jssip', 'alice', '', { jwt: issuer.token('alice') });
    assert.equal(alice.registered, 200);
    await hears(alice);
    await alice.close();
    const late = await suite.phone('jssip', 'bob', '', { jwt: issuer.token('bob', { seconds: -60 }) });
    assert.notEqual(late.registered, 200);
    await late.close();
    await suite.stack.audit();
  });
});
