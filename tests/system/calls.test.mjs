// Calls by SIP endpoints without media, with the SDP of a browser over WS and
// of a telephone over UDP: who rings, who is told what, by which worker, and who
// may end it. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { browserSdp } from './lib/sip.mjs';
import { Sipp, credentials } from './lib/sipp.mjs';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

// What we say to who comes that way.
const OURS = { udp: /m=audio \d+ RTP\/AVP /, ws: /a=ice-lite[^]*a=setup:/ };

// Both sides up: the caller's call and the callee's.
async function connect(caller, callee) {
  const out = caller.call(callee.user);
  const into = await callee.incoming();
  into.ring();
  await out.ringing();
  into.answer();
  assert.equal((await out.final).code, 200);
  await into.up();
  return [out, into];
}

// A user agent whose messages this worker reads.
async function at(worker, tenant, user, transport) {
  for (let i = 0; i < 60; i++) {
    const ua = await tenant.ua(user, { transport });
    if (await ua.worker() === worker) return ua;
    await ua.register({ expires: 0 });
    ua.close();
  }
  throw new Error(`no flow goes to worker ${worker}`);
}

const elsewhere = async (tenant, ua) => at(3 - await ua.worker(), tenant, ua.user, ua.transport);

describe('calls', { timeout: 360000 }, () => {
  const suite = new Suite();
  before(() => suite.start());
  afterEach(async () => {
    suite.hangUp();
    await suite.stack.audit();
  });
  after(() => suite.stop());

  for (const from of ['udp', 'ws']) {
    for (const to of ['udp', 'ws']) {
      test(`a call from ${from} to ${to} rings, is answered, and ends from either side`, async () => {
        const tenant = suite.tenant();
        const alice = await tenant.phone('alice', { transport: from });
        const bob = await tenant.phone('bob', { transport: to });
        for (const quits of ['caller', 'callee']) {
          const [out, into] = await connect(alice, bob);
          // each side has an SDP of mediad's, and nothing of the other's
          const answer = await out.final;
          for (const [sdp, transport] of [[into.invited.body, to], [answer.body, from]]) assert.match(sdp, OURS[transport]);
          assert.ok(!into.invited.get('contact').includes(alice.host), 'the caller is hidden');
          assert.ok(!answer.get('contact').includes(bob.host), 'the callee is hidden');
          assert.equal(into.invited.get('proxy-authorization'), '');
          const [first, second] = quits === 'caller' ? [out, into] : [into, out];
          assert.equal((await first.bye()).code, 200);
          await second.ended();
        }
      });
    }
  }

  for (const transport of ['udp', 'ws']) {
    test(`a service answers over ${transport}`, async () => {
      const alice = await suite.tenant().ua('alice', { transport });
      for (const target of ['echo', 'tone']) {
        const call = alice.call(target);
        const res = await call.final;
        assert.equal(res.code, 200);
        assert.match(res.body, OURS[transport]);
        assert.equal((await call.bye()).code, 200);
        assert.equal((await call.bye()).code, 481, 'over');
      }
    });
  }

  test('who has no device is 480, who is not there 404, and what the table refuses has its words', async () => {
    const alice = await suite.tenant().ua('alice');
    assert.equal((await alice.call('dave').final).code, 480);
    assert.equal((await alice.call('nobody').final).code, 404);
    const refused = await alice.call('0123').final;
    assert.equal(refused.first, 'SIP/2.0 403 No Trunk');
    const wrong = await alice.call('echo', { password: 'wrong' }).final;
    assert.equal(wrong.code, 407);
    const other = await alice.call('echo', { user: 'bob', password: 'bob-secret' }).final;
    assert.equal(other.code, 403);
  });

  test('the table finds a user behind a number', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob')];
    const call = alice.call('1bob');
    (await bob.incoming()).reject(486);
    assert.equal((await call.final).code, 486);
  });

  const refusals = [
    ['busy', 486, 486], ['a decline', 603, 603], ['not here', 480, 480], ['a new address', 302, 480],
    ['a challenge', 401, 480], ['too much to do', 503, 500],
  ];
  for (const [what, says, code] of refusals) {
    test(`a device that answers ${what} (${says}) is ${code} for the caller`, async () => {
      const tenant = suite.tenant();
      const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob', { transport: 'ws' })];
      const call = alice.call('bob');
      const into = await bob.incoming();
      into.reject(says);
      assert.equal((await call.final).code, code);
      await into.up(); // of the refusal
    });
  }

  // RFC 3261 13.2.1: the 2xx has the offer then, and the ACK the answer
  for (const transport of ['udp', 'ws']) {
    test(`who calls over ${transport} without an offer gets one, and answers it in its ACK`, async () => {
      const tenant = suite.tenant();
      const [alice, bob] = [await tenant.ua('alice', { transport }), await tenant.phone('bob', { transport: 'ws' })];
      const out = alice.call('bob', { sdp: '', ack: false });
      const into = await bob.incoming();
      assert.match(into.invited.body, /a=ice-lite/);
      into.answer();
      const offer = (await out.final).body;
      assert.match(offer, transport === 'udp' ? /m=audio \d+ RTP\/AVP / : /a=setup:actpass/);
      out.sendAck({ body: alice.sdp(offer) });
      await into.up();
      assert.equal(into.ackMessage.body, '');
      assert.equal((await out.within('INFO')).code, 200);
      assert.equal((await out.bye()).code, 200);
      await into.ended();
      const echo = alice.call('echo', { sdp: '', ack: false });
      echo.sendAck({ body: alice.sdp((await echo.final).body) });
      assert.equal((await echo.bye()).code, 200);
    });
  }

  test('who is made an offer and does not answer it has no call', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob')];
    const out = alice.call('bob', { sdp: '' });
    const into = await bob.incoming();
    into.answer();
    await Promise.all([out.ended(), into.ended()]);
  });

  const offers = [
    ['an offer without ICE and DTLS is 488', `${['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1',
      't=0 0', 'm=audio 4000 RTP/AVP 0'].join('\r\n')}\r\n`, 488, /no-encryption|not-acceptable/],
    ['an offer of video alone is 488', browserSdp().replace('m=audio', 'm=video').replace('opus', 'VP8'), 488, /no-audio/],
    ['an offer that cannot be read is 400', 'v=0\r\nm=audio oh no\r\n', 400, /bad-sdp/],
  ];
  for (const [name, sdp, code, why] of offers) {
    test(name, async () => {
      const tenant = suite.tenant();
      const [alice, bob] = [await tenant.ua('alice', { transport: 'ws' }), await tenant.phone('bob')];
      for (const target of ['echo', 'bob']) {
        const res = await alice.call(target, { sdp }).final;
        assert.equal(res.code, code);
        assert.match(res.why, why);
      }
      assert.equal(bob.rung.length, 0);
    });
  }

  test('an answer without DTLS ends the call on both sides', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob', { transport: 'ws' })];
    const call = alice.call('bob');
    const into = await bob.incoming();
    into.answer('v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n');
    assert.equal((await call.final).code, 488);
    await into.up();
    await into.ended();
  });

  for (const when of ['before it rings', 'while it rings']) {
    test(`a call cancelled ${when} is 487, and the device stops`, async () => {
      const tenant = suite.tenant();
      const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob', { transport: 'ws' })];
      const call = alice.call('bob');
      const into = await bob.incoming();
      if (when === 'while it rings') {
        into.ring();
        await call.ringing();
      }
      assert.equal((await call.cancel()).code, 200);
      // no CANCEL may go out before the device has said anything
      if (when === 'before it rings') into.ring();
      assert.equal((await call.final).code, 487);
      await until(() => into.cancelled, 'the device hears of it');
      await into.up();
    });
  }

  test('a CANCEL that crosses the answer ends nothing that is up', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob')];
    const [out, into] = await connect(alice, bob);
    assert.equal((await out.cancel()).code, 200);
    assert.equal((await out.within('INFO')).code, 200);
    assert.equal(into.over, undefined);
    await out.bye();
  });

  test('an answer that crosses the CANCEL is acknowledged and ended', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob')];
    const call = alice.call('bob');
    const into = await bob.incoming();
    into.ring();
    await call.ringing();
    into.request = (msg) => { // a device that answers just then
      into.requests.push(msg);
      bob.respond(msg, 200);
      if (msg.method === 'CANCEL') into.answer();
    };
    await call.cancel();
    assert.equal((await call.final).code, 487);
    await into.up();
    await into.ended();
  });

  test('a caller who gives up hears so at once, though a device is silent', async () => {
    const tenant = suite.tenant();
    const [alice, dead, bob] = [await tenant.ua('alice'), await tenant.phone('bob'), await tenant.phone('bob')];
    dead.close();
    const call = alice.call('bob');
    const into = await bob.incoming();
    into.ring();
    await call.ringing();
    const start = Date.now();
    await call.cancel();
    assert.equal((await call.final).code, 487);
    assert.ok(Date.now() - start < 2000, 'and not only when the silent one is given up, after 3.2 s');
    await until(() => into.cancelled, 'the other device stops');
  });

  test('all devices ring, the first to answer has the call, the others hear that it was answered', async () => {
    const tenant = suite.tenant();
    const alice = await tenant.ua('alice');
    const devices = [await tenant.phone('bob'), await tenant.phone('bob', { transport: 'ws' }), await tenant.phone('bob')];
    const call = alice.call('bob');
    const rung = await Promise.all(devices.map((d) => d.incoming()));
    for (const into of rung) into.ring();
    await until(() => call.progress.filter((m) => m.code === 180).length === 3, 'each is heard to ring');
    rung[1].answer();
    assert.equal((await call.final).code, 200);
    for (const into of [rung[0], rung[2]]) {
      const cancel = await until(() => into.cancelled, 'CANCEL');
      assert.match(cancel.get('reason'), /cause=200/);
    }
    // each had an offer of its own
    const offers = rung.map((into) => into.invited.body.match(/o=(.*)/)[1]);
    assert.equal(new Set(offers).size, 3);
    await rung[1].bye();
    await call.ended();
  });

  test('when a caller\'s connection ends the device stops ringing', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.phone('alice', { transport: 'ws' }), await tenant.phone('bob')];
    const call = alice.call('bob', { limit: 100 });
    const into = await bob.incoming();
    into.ring();
    await call.ringing();
    alice.close();
    await until(() => into.cancelled, 'CANCEL');
  });

  for (const worker of [1, 2]) {
    test(`when the device's connection to worker ${worker} ends it is 480 at once`, async () => {
      const tenant = suite.tenant();
      const [alice, bob] = [await at(1, tenant, 'alice', 'udp'), await at(worker, tenant, 'bob', 'ws')];
      const call = alice.call('bob');
      (await bob.incoming()).ring();
      await call.ringing();
      bob.close();
      assert.equal((await call.final).code, 480);
    });
  }

  // --- other workers ---------------------------------------------------------------

  for (const transport of ['udp', 'ws']) {
    test(`another worker serves ACK, re-INVITE, INFO and BYE of a call over ${transport}, for both sides`, async () => {
      const tenant = suite.tenant();
      const alice = await tenant.phone('alice', { transport });
      const alice2 = await elsewhere(tenant, alice);
      await alice2.register({ expires: 0 });
      const bob = await tenant.phone('bob');
      const bob2 = await elsewhere(tenant, bob);
      await bob2.register({ expires: 0 });
      const { stack } = suite;
      const by = async (proc, what) => until(() => stack.log('sigd.log').split('\n')
        .some((l) => l.includes(`proc=sigd/${proc} `) && l.includes(what)), `sigd/${proc}: ${what}`);

      const out = alice.call('bob', { ack: false });
      const into = await bob.incoming();
      into.answer();
      await out.final;
      alice2.raw(alice2.write('ACK', out.target, {
        ...out.ids, cseq: out.cseq, headers: [['From', `<${alice.aor}>;tag=${out.localTag}`],
          ...out.route.map((r) => ['Route', r])],
      }).text);
      await into.up();
      assert.equal((await out.within('INFO', { by: alice2 })).code, 200);
      assert.equal((await into.within('INFO', { by: bob2 })).code, 200);

      // a hold: both sides see mediad's SDP
      into.request = (msg) => {
        into.requests.push(msg);
        const sdp = bob.sdp(msg.body).replace('sendrecv', 'recvonly');
        if (msg.method === 'BYE') into.over = true;
        bob.respond(msg, 200, { headers: [['Contact', bob.contact]], body: msg.method === 'INVITE' ? sdp : '' });
      };
      const hold = await out.within('INVITE', {
        by: alice2, body: alice.sdp().replace('sendrecv', 'sendonly'), headers: [['Contact', alice.contact]],
      });
      assert.equal(hold.code, 200);
      assert.match(hold.body, /a=recvonly/);
      assert.match(into.requests.at(-1).body, OURS.udp);

      assert.equal((await out.bye({ by: alice2 })).code, 200);
      await into.ended();
      await by(await alice2.worker(), 'msg="call ends" reason=hangup');
    });
  }

  // --- what is not of the dialog ------------------------------------------------------

  test('forged requests in a dialog are 403 or 481, and nobody notices', async () => {
    const tenant = suite.tenant();
    const [alice, bob, mallory] = [await tenant.phone('alice'), await tenant.phone('bob'), await tenant.phone('carol')];
    const [out, into] = await connect(alice, bob);
    const [own, dave] = [mallory.call('echo'), await tenant.phone('dave')];
    await own.final;
    const [mine] = await connect(mallory, dave);

    const swap = (text) => text.replace(/sip:(.{30})(.)/, (_, head, c) => `sip:${head}${c === 'A' ? 'B' : 'A'}`);
    const serviceCookie = own.target;
    const tries = [
      ['a cookie with another letter', out, { route: out.route.map(swap) }, /bad-cookie/],
      ['the cookie of another call', out, { route: mine.route }, /bad-cookie/],
      ['the cookie of a service', out, { route: [], uri: serviceCookie }, /bad-cookie/],
      ['another Call-ID', out, { callid: 'another' }, /bad-cookie/],
      ['another tag of the caller', out, { fromTag: 'another' }, /bad-cookie/],
      ['the other side\'s cookie', out, { route: into.route }, /bad-direction/],
      ['the caller\'s cookie, from the callee', into, { route: out.route }, /bad-direction/],
      ['another tag of the callee', into, { fromTag: 'another' }, /unknown-dialog/],
      // a stray: its answer is no longer than it is, and has no room for a reason
      ['no cookie', out, { route: [], uri: `sip:bob@${tenant.domain}` }, /unknown-dialog|^$/],
      ['our Contact alone', out, { route: [] }, /bad-cookie/],
    ];
    for (const [what, call, options, why] of tries) {
      for (const method of ['BYE', 'INFO', 'UPDATE']) {
        const res = await call.within(method, { by: mallory, ...options });
        assert.ok([403, 481].includes(res.code), `${what}: ${method} was ${res.code}`);
        assert.match(res.why ?? '', why, what);
      }
    }
    // an ACK that is forged goes nowhere
    const acks = bob.heard.filter((m) => m.method === 'ACK').length;
    mallory.raw(mallory.write('ACK', out.target, { ...out.ids, cseq: 2, headers: mine.route.map((r) => ['Route', r]) }).text);
    assert.equal((await out.within('INFO')).code, 200);
    assert.equal(bob.heard.filter((m) => m.method === 'ACK').length, acks);
    assert.deepEqual(into.requests.map((m) => m.method), ['INFO']);
    assert.deepEqual(out.requests, []);

    for (const call of [out, mine, own]) assert.equal((await call.bye()).code, 200);
    await into.ended();
  });

  // --- what the network does ------------------------------------------------------------

  test('repeats of INVITE, BYE and answers make no second call and no second answer', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob')];
    const call = alice.call('bob');
    const into = await bob.incoming();
    for (let i = 0; i < 3; i++) call.repeat();
    into.ring();
    await call.ringing();
    for (let i = 0; i < 3; i++) call.repeat();
    into.answer();
    const answer = await call.final;
    for (let i = 0; i < 3; i++) call.repeat();
    await into.up();
    assert.equal((await call.within('INFO')).code, 200); // what was sent before is served
    assert.equal(bob.rung.length, 0);
    assert.equal(bob.heard.filter((m) => m.method === 'INVITE').length, 1);
    assert.ok(call.answers.every((m) => m.body === answer.body));

    const bye = await call.bye();
    alice.raw(alice.sent.at(-1));
    await until(() => alice.heard.filter((m) => m.cseqMethod === 'BYE').length >= 2, 'the BYE is answered again');
    assert.ok(alice.heard.filter((m) => m.cseqMethod === 'BYE').every((m) => m.text === bye.text));
    assert.equal(into.requests.filter((m) => m.method === 'BYE').length, 1);
  });

  test('an answer goes on to a caller whose ACK was lost, until it comes', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob')];
    const call = alice.call('bob', { ack: false });
    const into = await bob.incoming();
    into.answer();
    await until(() => call.answers.length >= 3, 'it is repeated');
    assert.equal(new Set(call.answers.map((m) => m.text)).size, 1);
    call.sendAck();
    await into.up();
    await call.bye();
    await into.ended();
  });

  test('a service repeats its answer, and hangs up when no ACK comes', async () => {
    const alice = await suite.tenant().ua('alice');
    const call = alice.call('echo', { ack: false });
    await call.final;
    const bye = await call.ended();
    assert.ok(call.answers.length >= 5, `${call.answers.length} times`);
    assert.ok(bye.cseq > 0);
  });

  test('a BYE to a device that is gone is 200 for the one who hangs up', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob', { transport: 'ws' })];
    const [out] = await connect(alice, bob);
    bob.close();
    assert.equal((await out.bye()).code, 200);
  });

  // --- SIPp ---------------------------------------------------------------------------

  for (const [caller, device, what] of [['caller', 'device', 'answered and ended'], ['quitter', 'ringer', 'cancelled']]) {
    test(`SIPp calls SIPp: 40 calls are ${what}`, async () => {
      const tenant = suite.tenant();
      const bob = await tenant.phone('bob');
      const carol = await tenant.ua('carol');
      const ports = [bob, carol].map((ua) => ua.socket.address().port);
      const lines = await credentials(carol, 'INVITE', `sip:bob@${tenant.domain}`, 40);
      bob.close();
      carol.close();
      const uas = await Sipp.start(suite.stack, device, { port: ports[0], calls: 40 });
      const keys = { domain: tenant.domain, user: 'carol', callee: 'bob' };
      const uac = await Sipp.start(suite.stack, caller, { port: ports[1], calls: 40, rate: 40, lines, keys });
      await uac.done.catch((e) => { uas.stop(); throw e; });
      await uas.done;
    });
  }
});

describe('patience', { timeout: 120000 }, () => {
  const suite = new Suite({ sip: '  timer_c: 600ms\n', mediad: 'limits: {setup: 1500ms, grace: 300ms}\n' });
  before(() => suite.start());
  afterEach(async () => {
    suite.hangUp();
    await suite.stack.audit();
  });
  after(() => suite.stop());

  test('what nobody answers is 480 after timer_c, and the device stops', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob')];
    const call = alice.call('bob');
    const into = await bob.incoming();
    into.ring();
    const res = await call.final;
    assert.equal(res.code, 480);
    assert.match(res.why, /no-answer/);
    await until(() => into.cancelled, 'CANCEL');
  });

  test('a device that says nothing at all is 480 after timer_c', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob')];
    bob.requested = () => {};
    assert.equal((await alice.call('bob').final).code, 480);
  });

  test('a call whose media never comes ends on both sides', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice', { transport: 'ws' }), await tenant.phone('bob', { transport: 'ws' })];
    const [out, into] = await connect(alice, bob);
    const echo = alice.call('echo');
    await echo.final;
    for (const call of [out, into, echo]) {
      const bye = await call.ended();
      // above all that the side may have sent by itself
      assert.ok(bye.cseq > 65535);
    }
    const cdrs = (await Promise.all([...'0123456789abcdef'].map((x) => suite.stack.redis.call('XRANGE', `cb:{c:${x}}:cdr`,
      '-', '+')))).flat().map(([, fields]) => Object.fromEntries(fields.flatMap((v, i) => (i % 2 ? [] : [[v, fields[i + 1]]]))));
    for (const { callid } of [out, echo]) {
      assert.deepEqual(cdrs.filter((cdr) => cdr.callid === callid).map((cdr) => cdr.reason), ['media-lost']);
    }
  });
});
