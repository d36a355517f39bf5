// IPv6 end to end, and calls between it and IPv4: registration and calls over
// UDP and WebSocket, PBXs with media of either family.
// SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Pbx } from './lib/pbx.mjs';
import { readSdp } from './lib/pbx_rtp.mjs';
import { Ua } from './lib/sip.mjs';
import { Suite } from './lib/suite.mjs';

const FOUR = '127.0.0.1';
const SIX = '::1';
const USERS = ['alice', 'bob', 'carol', 'dave'];
const DOMAIN = 'six.test';

const suite = new Suite({ ipv6: true, routing: () => routing() });
const { stack } = suite;
const pbxs = {};

const routing = () => `tenants:
  six:
    domains: ["${DOMAIN}"]
    realm: cordboard
    users:
${USERS.map((user) => `      ${user}: {password: ${user}-secret}`).join('\n')}
    connections:
${Object.entries(pbxs).map(([name, pbx]) => `      ${name}: {kind: trunk, address: "${pbx.host}", transport: udp, probe: 0s}`).join('\n')}
    routes:
      - {name: echo, match: {callee: "echo"}, to: {service: echo}}
      - {name: four, match: {from: [users, six], callee: "4[0-9]+"}, to: {connection: four}}
      - {name: six, match: {from: [users, four], callee: "6[0-9]+"}, to: {connection: six}}
`;

const ua = async (user, transport, address) => {
  const opened = await Ua.open(stack,
    { user, transport, address, domain: DOMAIN });
  suite.uas.push(opened);
  return opened;
};

const phone = async (...args) => {
  const opened = await ua(...args);
  const res = await opened.register();
  assert.equal(res.code, 200, `${res.first} ${res.why}`);
  return opened;
};

// What we describe to who comes that way.
function described(sdp, { ws, address }) {
  if (ws) {
    assert.match(sdp, /a=candidate:.* 127\.0\.0\.1 \d+ typ host/);
    assert.match(sdp, /a=candidate:.* ::1 \d+ typ host/);
  } else {
    assert.match(sdp, address === SIX ? /^c=IN IP6 ::1/m : /^c=IN IP4 127\.0\.0\.1/m);
    assert.match(sdp, address === SIX ? /^o=.* IN IP6 ::1/m : /^o=.* IN IP4 127\.0\.0\.1/m);
  }
}

const WAYS = [['udp', SIX], ['ws', SIX], ['udp', FOUR], ['ws', FOUR]];

describe('IPv6', { timeout: 240000 }, () => {
  before(async () => {
    for (const [name, address] of [['four', FOUR], ['six', SIX]]) {
      pbxs[name] = await Pbx.open(stack, { domain: DOMAIN, address, rtp: { address }, name });
    }
    await suite.start();
  });
  afterEach(async () => {
    suite.hangUp();
    for (const pbx of Object.values(pbxs)) for (const rtp of pbx.sessions.splice(0)) rtp.close();
    await stack.audit();
  });
  after(async () => {
    try {
      await suite.stop();
    } finally {
      for (const pbx of Object.values(pbxs)) pbx.vanish();
    }
  });

  test('a telephone registers, and is told where it came from', async () => {
    const alice = await phone('alice', 'udp', SIX);
    const via = alice.heard.at(-1).get('via');
    // RFC 3261 25.1: without brackets; 18.2.1 and RFC 3581
    assert.match(via, /;received=::1(;|$)/);
    assert.ok(via.includes(`;rport=${alice.socket.address().port}`));
  });

  for (const [from, here] of WAYS) {
    for (const [to, there] of WAYS) {
      if (here === FOUR && there === FOUR) continue;
      test(`a call from ${from} at ${here} to ${to} at ${there}`, async () => {
        const alice = await phone('alice', from, here);
        const bob = await phone('bob', to, there);
        const out = alice.call('bob');
        const into = await bob.incoming();
        into.ring();
        into.answer();
        const answer = await out.final;
        assert.equal(answer.code, 200, `${answer.first} ${answer.why}`);
        await into.up();
        described(into.invited.body, bob);
        described(answer.body, alice);
        // what names us is of the side's own family
        for (const [msg, side] of [[answer, alice], [into.invited, bob]]) {
          if (side.ws) continue;
          const us = side.address === SIX ? `[::1]:${stack.udpPort}` : `127.0.0.1:${stack.udpPort}`;
          assert.ok(msg.target('record-route').includes(us), msg.get('record-route'));
          assert.ok(msg.target('contact').includes(us), msg.get('contact'));
        }
        const via = into.invited.get('via');
        if (to === 'udp') assert.ok(via.includes(there === SIX ? ' [::1]:' : ' 127.0.0.1:'), via);
        assert.equal((await out.within('INFO')).code, 200);
        assert.equal((await into.bye()).code, 200);
        await out.ended();
      });
    }
  }

  for (const [from, to, number] of [['four', 'six', '600'], ['six', 'four', '400']]) {
    test(`media from a PBX with IPv${from === 'six' ? 6 : 4} to one with IPv${to === 'six' ? 6 : 4}`, async () => {
      const out = await pbxs[from].callWith(`sip:${number}@${DOMAIN}`, { rtp: { frequency: 1000 } });
      const into = await pbxs[to].incoming();
      assert.equal(readSdp(into.invited.body).address, to === 'six' ? SIX : FOUR);
      await into.pickUp({ frequency: 440 });
      const res = await out.final;
      assert.equal(res.code, 200, `${res.first} ${res.why}`);
      assert.equal(readSdp(res.body).address, from === 'six' ? SIX : FOUR);
      await Promise.all([out.rtp.hears(440), into.rtp.hears(1000)]);
      assert.equal((await out.bye()).code, 200);
      await into.ended();
    });
  }

  test('who calls without an offer gets one of the family it came by', async () => {
    const alice = await ua('alice', 'udp', SIX);
    const call = alice.call('echo', { sdp: '', ack: false });
    const offer = (await call.final).body;
    described(offer, alice);
    call.sendAck({ body: alice.sdp(offer) });
    assert.equal((await call.bye()).code, 200);
  });

  test('a literal with a zone is refused', async () => {
    const alice = await ua('alice', 'ws', SIX);
    const res = await alice.register({ contact: '<sip:alice@[fe80::1%25eth0]:5060>' });
    assert.equal(res.code, 400, res.first);
    assert.equal((await alice.register()).code, 200);
  });
});
