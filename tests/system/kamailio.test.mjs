// A real registrar as PBX: Debian's kamailio. We register there, and calls go
// both ways through it to the device. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Kamailio } from './lib/kamailio.mjs';
import { Pbx } from './lib/pbx.mjs';
import { Suite } from './lib/suite.mjs';

const suite = new Suite({ rtpPorts: 400, routing: () => routing() });
const { stack } = suite;
const kamailio = new Kamailio(stack);

const routing = () => `tenants:
  line:
    domains: ["line.test"]
    realm: cordboard
    users:
      alice: {password: alice-secret, numbers: ["200"]}
    connections:
      pbx: {kind: register, address: "${kamailio.host}", domain: pbx.test, username: "200", password: 200-pbx,
            from_user: "200", expires: 1h, answer_within: 2s, probe: 0s}
    routes:
      - {name: out, match: {from: users, callee: "[0-9]+"}, to: {connection: pbx}}
`;

describe('kamailio as PBX', { timeout: 120000 }, () => {
  const agents = [];

  before(async () => {
    await kamailio.start();
    await suite.start();
  });
  afterEach(async () => {
    for (const ua of agents.splice(0)) ua.vanish();
    await stack.audit();
  });
  after(async () => {
    await suite.stop();
    await kamailio.stop();
  });

  // A telephone of a user of ours, over UDP, with media.
  async function device(user, domain) {
    const ua = await Pbx.open(stack, { user, domain, password: `${user}-secret`, name: user });
    agents.push(ua);
    const res = await ua.register();
    assert.equal(res.code, 200, res.first);
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

  test('a connection registers there, and calls go both ways', async (t) => {
    t.diagnostic(`kamailio ${Kamailio.version()}`);
    await kamailio.registers('200');
    const desk = await kamailio.phone('300');
    const alice = await device('alice', 'line.test');
    const [, into] = await talk(alice, desk, '300');
    assert.match(into.invited.get('from'), /sip:200@pbx\.test/);
    await talk(desk, alice, '200');
  });
});
