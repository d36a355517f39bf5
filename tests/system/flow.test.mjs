// A device in a call loses its connection: it comes back, or the call ends.
// A worker dies while phones ring.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { sleep, until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const INSTANCE = { params: ';+sip.instance="<urn:uuid:00000000-0000-1000-8000-000000000001>"' };

// The WebSocket goes without a word, as when a network is left.
function vanish(ua) {
  ua.ws.close();
}

describe('a device loses its connection', { timeout: 120000 }, () => {
  const suite = new Suite({ sip: '  flow_grace: 1s\n' });
  const { stack } = suite;
  before(() => suite.start());
  after(() => suite.stop());

  async function reasons() {
    const found = [];
    for (const key of await stack.redis.call('KEYS', 'cb:{c:?}:cdr')) {
      for (const [, fields] of await stack.redis.call('XRANGE', key, '-', '+')) {
        const at = (name) => fields[fields.indexOf(name) + 1];
        found.push(`${at('callid')} ${at('reason')}`);
      }
    }
    return found;
  }

  async function talk(tenant) {
    const alice = await tenant.ua('alice', { transport: 'ws' });
    assert.equal((await alice.register(INSTANCE)).code, 200);
    const bob = await tenant.phone('bob', { transport: 'ws' });
    const call = alice.call('bob');
    const rung = await bob.incoming();
    rung.answer();
    assert.equal((await call.final).code, 200);
    await rung.up();
    return { alice, call, rung };
  }

  // With the same dialogs, over a new connection: as long as it takes until it
  // is at another worker.
  async function back(tenant, was) {
    const worker = await was.worker();
    vanish(was);
    for (;;) {
      const ua = await tenant.ua('alice', { transport: 'ws', contact: was.contact });
      ua.contact = was.contact;
      if (await ua.worker() !== worker) {
        for (const [id, call] of was.calls) {
          call.ua = ua;
          ua.calls.set(id, call);
        }
        assert.equal((await ua.register(INSTANCE)).code, 200);
        return ua;
      }
      ua.close();
    }
  }

  test('one that comes back at another worker is in its call', async () => {
    const tenant = suite.tenant();
    const { alice, call, rung } = await talk(tenant);
    await back(tenant, alice);
    assert.equal((await call.within('INFO')).code, 200);
    assert.equal((await rung.within('INFO')).code, 200);
    assert.equal(call.requests.at(-1).method, 'INFO');
    assert.equal((await rung.bye()).code, 200);
    assert.equal((await call.ended()).method, 'BYE');
    await stack.audit();
    suite.hangUp();
  });

  test('one that comes back hangs up', async () => {
    const tenant = suite.tenant();
    const { alice, call, rung } = await talk(tenant);
    await back(tenant, alice);
    assert.equal((await call.bye()).code, 200);
    await rung.ended();
    await stack.audit();
    suite.hangUp();
  });

  test('one that does not come back has left the call', async () => {
    const { alice, call, rung } = await talk(suite.tenant());
    vanish(alice);
    await rung.ended(5000);
    await until(async () => (await reasons()).includes(`${call.callid} flow-lost`), 'the CDR says so');
    await stack.audit();
    suite.hangUp();
  });

  // alice over a WebSocket of one worker, bob by UDP.
  async function talkApart(tenant) {
    const alice = await tenant.ua('alice', { transport: 'ws' });
    assert.equal((await alice.register(INSTANCE)).code, 200);
    const bob = await tenant.phone('bob', { transport: 'udp' });
    const call = alice.call('bob');
    const rung = await bob.incoming();
    rung.answer();
    assert.equal((await call.final).code, 200);
    await rung.up();
    return { alice, call, rung };
  }

  async function killWorkerOf(ua) {
    const slot = await ua.worker();
    const pid = stack.workers('sigd')[slot];
    process.kill(pid, 'SIGKILL');
    await until(() => stack.workers('sigd')[slot] && stack.workers('sigd')[slot] !== pid, 'another one is there');
  }

  test('one whose worker is killed, and that does not come back, has left the call', async () => {
    const { alice, call, rung } = await talkApart(suite.tenant());
    await killWorkerOf(alice);
    await rung.ended(5000);
    await until(async () => (await reasons()).includes(`${call.callid} flow-lost`), 'the CDR says so');
    await stack.audit();
    suite.hangUp();
  });

  test('one whose worker is killed comes back, and is in its call', async () => {
    const tenant = suite.tenant();
    const { alice, call, rung } = await talkApart(tenant);
    await killWorkerOf(alice);
    const again = await until(() => tenant.ua('alice', { transport: 'ws', contact: alice.contact }).catch(() => null), 'connected');
    again.contact = alice.contact;
    for (const [id, c] of alice.calls) {
      c.ua = again;
      again.calls.set(id, c);
    }
    assert.equal((await again.register(INSTANCE)).code, 200);
    await sleep(1500); // longer than the grace
    assert.equal((await rung.bye()).code, 200);
    assert.equal((await call.ended()).method, 'BYE');
    await stack.audit();
    suite.hangUp();
  });

  test('who hangs up on one that is away is done at once', async () => {
    const { alice, rung } = await talk(suite.tenant());
    vanish(alice);
    const from = Date.now();
    assert.equal((await rung.bye()).code, 200);
    assert.ok(Date.now() - from < 1000);
    await stack.audit();
    suite.hangUp();
  });
});

describe('offers within a call of a browser and a telephone', { timeout: 120000 }, () => {
  const suite = new Suite();
  before(() => suite.start());
  after(() => suite.stop());

  // The same description with another direction, one version on.
  const turned = (sdp, direction) => sdp.replace(/a=(sendrecv|sendonly|recvonly|inactive)/, `a=${direction}`)
    .replace(/^(o=- \d+) (\d+)/m, (all, id, version) => `${id} ${Number(version) + 1}`);

  // In an answer: what she has been since the first one (RFC 5763 section 5).
  const active = (sdp) => sdp.replace('a=setup:actpass', 'a=setup:active');

  async function talk(tenant) {
    const alice = await tenant.phone('alice', { transport: 'ws' });
    const bob = await tenant.phone('bob', { transport: 'udp' });
    const sdp = { alice: alice.sdp() };
    const call = alice.call('bob', { sdp: sdp.alice });
    const rung = await bob.incoming();
    sdp.bob = bob.sdp(rung.invited.body);
    rung.answer(sdp.bob);
    assert.equal((await call.final).code, 200);
    await rung.up();
    return { alice, bob, call, rung, sdp };
  }

  // What this side says to the next request within the call.
  function says(call, code, body) {
    const usual = call.request;
    call.request = (msg) => {
      call.request = usual;
      call.requests.push(msg);
      call.ua.respond(msg, code, { headers: [['Contact', call.ua.contact]], body: code < 300 ? body : '' });
    };
  }

  const offers = (call, body) => call.within('INVITE', { body, headers: [['Contact', call.ua.contact]] });
  const direction = (msg) => msg.body.match(/a=(sendrecv|sendonly|recvonly|inactive)/)[1];

  test('a hold that is refused is taken back, and the next one counts, from either side', async () => {
    const { call, rung, sdp } = await talk(suite.tenant());
    says(rung, 488);
    assert.equal((await offers(call, turned(sdp.alice, 'sendonly'))).code, 488);
    says(rung, 200, turned(sdp.bob, 'recvonly'));
    const held = await offers(call, turned(sdp.alice, 'sendonly'));
    assert.equal(held.code, 200);
    assert.equal(direction(held), 'recvonly');
    assert.equal(direction(rung.requests.at(-1)), 'sendonly');
    says(call, 500);
    assert.equal((await offers(rung, turned(sdp.bob, 'sendrecv'))).code, 500);
    says(call, 200, active(turned(turned(sdp.alice, 'sendonly'), 'sendrecv')));
    assert.equal((await offers(rung, turned(sdp.bob, 'sendrecv'))).code, 200);
    assert.equal((await call.bye()).code, 200);
    await suite.stack.audit();
    suite.hangUp();
  });

  test('one without offer gets that of the other side, and its ACK has the answer', async () => {
    const { call, rung, sdp } = await talk(suite.tenant());
    rung.ack = false; // not by itself
    says(call, 200, turned(sdp.alice, 'sendrecv'));
    const answer = await offers(rung, '');
    assert.equal(answer.code, 200);
    assert.match(answer.body, /^m=audio \d+ RTP\/AVP/m);
    assert.equal(call.requests.at(-1).body, '');
    call.ackMessage = null;
    rung.sendAck({ body: turned(sdp.bob, 'sendrecv') });
    const ack = await until(() => call.ackMessage, 'the ACK comes');
    assert.match(ack.body, /a=ice-lite/);
    assert.match(ack.body, /a=setup:passive/);
    rung.ack = true;
    // the next one is possible when the answer was taken
    says(call, 200, active(turned(sdp.alice, 'sendrecv')));
    assert.equal((await offers(rung, turned(turned(sdp.bob, 'sendrecv'), 'sendrecv'))).code, 200);
    assert.equal((await rung.bye()).code, 200);
    await suite.stack.audit();
    suite.hangUp();
  });
});

describe('a worker dies while phones ring', { timeout: 120000 }, () => {
  const suite = new Suite({ sip: '  takeover: 1s\n' });
  const { stack } = suite;
  before(() => suite.start());
  after(() => suite.stop());

  test('what rings is cancelled, the caller is told, the CDR says why', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.phone('alice'), await tenant.phone('bob')];
    const call = alice.call('bob');
    const rung = await bob.incoming();
    rung.ring();
    await call.ringing();
    const [key] = await stack.redis.call('KEYS', 'cb:{c:?}:rec:*');
    assert.equal(await stack.redis.call('HGET', key, 'state'), 'setup');
    const [, slot] = (await stack.redis.call('HGET', key, 'at')).split('/');
    process.kill(stack.workers('sigd')[slot], 'SIGKILL');
    await until(() => rung.cancelled, 'CANCEL comes to bob', 5000);
    assert.equal((await call.final).code, 503);
    await stack.audit(20000);
    const cdr = await stack.redis.call('KEYS', 'cb:{c:?}:cdr');
    const [[, fields]] = await stack.redis.call('XRANGE', cdr[0], '-', '+');
    assert.equal(fields[fields.indexOf('reason') + 1], 'killed');
    suite.hangUp();
  });
});
