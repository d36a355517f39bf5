// What is no call, over every transport: refused without a password, passed on
// with it. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib/suite.mjs';
import { until } from './lib/stack.mjs';

const TRANSPORTS = ['udp', 'tcp', 'tls', 'ws', 'wss'];
const REFUSED = { MESSAGE: 407, SUBSCRIBE: 407, PUBLISH: 407, NOTIFY: 407, REFER: 407, INFO: 407, OPTIONS: 407,
  INVITE: 407, REGISTER: 401, UPDATE: 481, PRACK: 481, BYE: 481, CANCEL: 481, PUBLICISE: 501 };

const suite = new Suite({ streams: true });

describe('methods', { timeout: 120000 }, () => {
  before(() => suite.start());
  afterEach(() => suite.hangUp());
  after(() => suite.stop());

  for (const [i, transport] of TRANSPORTS.entries()) {
    test(`nothing is served over ${transport} without a password`, async () => {
      const tenant = suite.tenant();
      const bob = await tenant.phone('bob');
      const ua = await tenant.ua('alice', { transport });
      for (const [method, code] of Object.entries(REFUSED)) {
        const uri = method === 'REGISTER' ? `sip:${tenant.domain}` : `sip:bob@${tenant.domain}`;
        const res = await ua.request(method, uri, { to: uri, headers: [['Contact', ua.contact], ['Event', 'presence']] });
        assert.equal(res.code, code, `${method}: ${res.first}`);
      }
      assert.equal((await ua.request('OPTIONS', `sip:${tenant.domain}`)).code, 200);
      assert.deepEqual(bob.heard.filter((msg) => msg.method), []);
    });

    const other = TRANSPORTS[(i + 2) % TRANSPORTS.length];
    test(`a message from ${transport} to ${other}, and what it is answered`, async () => {
      const tenant = suite.tenant();
      const alice = await tenant.phone('alice', { transport });
      const bob = await tenant.phone('bob', { transport: other });
      bob.requested = (msg) => { bob.respond(msg, msg.method === 'MESSAGE' ? 200 : 489, { tag: 'b', headers: [['Allow-Events', 'talk']] }); };
      const said = await alice.authorized('MESSAGE', `sip:bob@${tenant.domain}`);
      assert.equal(said.code, 200, said.first);
      const msg = await until(() => bob.heard.find((m) => m.method === 'MESSAGE'), 'the message comes');
      assert.equal(msg.all('via').length, 1);
      assert.doesNotMatch(msg.text, /Authorization/i);
      const asked = await alice.authorized('SUBSCRIBE', `sip:bob@${tenant.domain}`,
        { headers: [['Event', 'nothing'], ['Contact', alice.contact]] });
      assert.equal(asked.code, 489);
      assert.equal(asked.get('allow-events'), 'talk');
      assert.ok(!bob.heard.some((m) => m.text.includes(alice.host)), 'nobody sees where the other one is');
    });
  }
});
