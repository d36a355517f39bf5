// Devices that register at their tenant's PBX, through us: Debian's kamailio
// challenges them, binds them, and calls them. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Kamailio } from './lib/kamailio.mjs';
import { Pbx } from './lib/pbx.mjs';
import { Ua } from './lib/sip.mjs';
import { Suite } from './lib/suite.mjs';

const suite = new Suite({ rtpPorts: 400, routing: () => routing() });
const { stack } = suite;
const kamailio = new Kamailio(stack, { expiresMax: 200 });

const routing = () => `tenants:
  fwd:
    domains: ["fwd.test"]
    realm: cordboard
    registration: forwarded
    registrar: pbx
    connections:
      pbx: {kind: trunk, address: "${kamailio.host}", domain: pbx.test, answer_within: 2s, probe: 0s}
`;

describe('devices registered at kamailio', { timeout: 240000 }, () => {
  const agents = [];

  before(async () => {
    await kamailio.start();
    await suite.start();
  });
  afterEach(async () => {
    for (const ua of agents.splice(0)) (ua.vanish ? ua.vanish() : ua.close());
    await stack.audit();
  });
  after(async () => {
    await suite.stop();
    await kamailio.stop();
  });

  async function device(Kind, user, options = {}) {
    const ua = await Kind.open(stack, { user, domain: 'fwd.test', password: `${user}-pbx`, name: user, ...options });
    agents.push(ua);
    return ua;
  }

  // Both hear each other; then the callee hangs up.
  async function talk(from, to, number) {
    const out = await from.callWith(number, { rtp: { frequency: 1000 } });
    const into = await to.incoming();
    into.ring();
    await out.ringing();
    await into.pickUp({ frequency: 440 });
    const res = await out.final;
    assert.equal(res.code, 200, `${res.first} ${res.why}`);
    await Promise.all([out.rtp.hears(440), into.rtp.hears(1000)]);
    assert.equal((await into.bye()).code, 200);
    await out.ended();
    return [out, into];
  }

  test('the PBX has the extension, and calls go both ways', async (t) => {
    t.diagnostic(`kamailio ${Kamailio.version()}`);
    const alice = await device(Pbx, '400');
    const res = await alice.register();
    assert.equal(res.code, 200, res.first);
    // as long as the PBX gave, and the device's own Contact
    assert.match(res.get('contact'), /;expires=(200|199)$/);
    assert.equal(res.get('contact').split(';expires')[0], alice.contact);
    const { contact, path } = await kamailio.registers('400');
    assert.doesNotMatch(contact, new RegExp(alice.host));
    assert.equal(contact.match(/sip:([^@]+)@/)[1], path.match(/sip:([^@]+)@/)[1]);
    const desk = await kamailio.phone('300');
    const [, into] = await talk(alice, desk, '300');
    assert.match(into.invited.get('from'), /sip:400@pbx\.test/);
    const [, back] = await talk(desk, alice, '400');
    assert.match(back.invited.get('from'), /sip:300@fwd\.test/);
    // a call from one of them to another one goes through the PBX
    const bob = await device(Pbx, '401');
    assert.equal((await bob.register()).code, 200);
    await talk(alice, bob, '401');
  });

  test('a wrong password is the PBX\'s to refuse', async () => {
    const mallory = await device(Ua, '402', { transport: 'ws', password: 'guess' });
    const res = await mallory.register();
    assert.equal(res.code, 401);
    assert.match(res.get('www-authenticate'), /realm="pbx\.test"/);
    assert.equal(kamailio.bound('402').length, 0);
  });

  test('a page that comes back is the same Contact, called over its new connection', async () => {
    const params = ';+sip.instance="<urn:uuid:00000000-0000-4000-8000-000000000403>";reg-id=1';
    const headers = [['Supported', 'outbound, path']];
    const first = await device(Ua, '403', { transport: 'ws' });
    assert.equal((await first.register({ params, headers })).code, 200);
    const before = await kamailio.registers('403');
    assert.doesNotMatch(`${before.contact} ${before.path}`, /transport=ws|reg-id/);
    first.close();
    const again = await device(Ua, '403', { transport: 'ws' });
    assert.equal((await again.register({ params, headers })).code, 200);
    const now = await kamailio.registers('403', { after: 1 });
    assert.equal(now.contact.split('>')[0], before.contact.split('>')[0]);
    assert.equal(now.path, before.path);
    const desk = await kamailio.phone('301');
    const call = desk.call('403');
    const into = await again.incoming();
    into.ring();
    await call.ringing();
    into.reject(486);
    assert.equal((await call.final).code, 486);
    // gone for good: the PBX knows
    assert.equal((await again.register({ params, headers, expires: 0 })).code, 200);
    assert.equal((await desk.call('403').final).code, 404);
  });

  test('a page whose connection is gone is 480 until it is back', async () => {
    const page = await device(Ua, '404', { transport: 'ws' });
    assert.equal((await page.register()).code, 200);
    const desk = await kamailio.phone('302');
    page.close();
    const res = await desk.call('404').final;
    assert.equal(res.code, 480, res.first);
  });
});
