// Calls to and from PBXs: codes, ends, failover, forking; and between two of
// them, with plain RTP on both sides: hold, keys, deaths. No browser.
// SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Capture } from './lib/pbx_capture.mjs';
import { readSdp } from './lib/pbx_rtp.mjs';
import { ANSWER_WITHIN_MS, RING_WITHIN_MS, World, challenge } from './lib/pbx_world.mjs';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const suite = new Suite({
  rtpPorts: 400, sip: '  timer_c: 10s\n', mediad: 'limits: {setup: 3s, grace: 300ms, media_timeout: 1500ms}\n',
  routing: () => world.routing(),
});
const { stack } = suite;
// what a death may leave until it expires: docs/redis.md
const PLACES = /^cb:\{m:.*:calls$/;
const NOTHING = /^$/;
const world = new World(stack);

// A call of one PBX to a number of another one. Both hear each other.
async function connect(from, to, number = '100') {
  const out = await from.callWith(number, { rtp: { frequency: 1000 } });
  const into = await to.incoming();
  into.ring();
  await into.pickUp({ frequency: 440 });
  assert.equal((await out.final).code, 200);
  await Promise.all([out.rtp.hears(440), into.rtp.hears(1000)]);
  return [out, into];
}

async function rest(path) {
  const res = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/${path}`,
    { headers: { Authorization: 'Bearer token-of-the-tests' } });
  assert.equal(res.status, 200, res.ok ? path : `${path}: ${await res.text()}`);
  return res.json();
}

function good(res, what = '') { assert.equal(res.code, 200, `${what} ${res.first} ${res.why}`); }

async function hangUp(first, second) {
  assert.equal((await first.bye()).code, 200);
  await second.ended();
  for (const { rtp } of [first, second]) assert.deepEqual(rtp.faults, []);
}

describe('PBXs', { timeout: 480000 }, () => {
  before(async () => {
    await world.open();
    world.challenge();
    await suite.start();
    capture = await Capture.open(stack);
  });
  let capture = null;
  let agents = [];
  let leaves = NOTHING;
  const tenant = () => {
    const made = world.tenant();
    agents = made.agents;
    return made;
  };
  afterEach(async () => {
    for (const ua of agents.splice(0)) ua.close();
    world.quiet();
    assert.deepEqual(world.faults(), []);
    await stack.audit(8000, leaves);
    if (leaves !== NOTHING) stack.told = [...stack.told ?? [], ...await stack.left()];
    leaves = NOTHING;
  });
  after(async () => {
    await capture?.stop();
    try {
      await suite.stop();
    } finally {
      world.close();
    }
  });

  test('one side has PCMU, the other PCMA: they hear each other', async () => {
    const t = tenant();
    t.desk.rtp = { codecs: ['PCMA'] };
    t.pbx.rtp = { codecs: ['PCMU'] };
    const first = await connect(t.desk, t.pbx);
    // offered, chosen, why: as mediad has written it within 50 ms
    const codecs = await until(async () => {
      const { calls } = await rest('calls');
      const { media } = await rest(`calls/${calls[0].id}`);
      const found = media?.legs.map((leg) => leg.codec);
      return found?.length === 2 && found.every((c) => c.way) && found;
    }, 'the codecs of the call');
    assert.deepEqual(codecs.map((c) => c.chosen), ['PCMA/8000/1', 'PCMU/8000/1']);
    assert.match(codecs[0].offered, /PCMA\/8000/);
    for (const codec of codecs) {
      assert.equal(codec.way, 'transcode');
      assert.match(codec.why, /^PCM[AU]: .* \(policy usual\)/);
    }
    await hangUp(...first);
    const [out, into] = await connect(t.pbx, t.desk, '900');
    await hangUp(into, out);
  });

  test('a PBX that challenges gets the credentials of its connection, at every request', async () => {
    const t = tenant();
    t.pbx.challenge = challenge(['INVITE', 'BYE']);
    const [out, into] = await connect(t.desk, t.pbx);
    assert.equal(into.invited.cseq, out.cseq + 1);
    assert.match(into.invited.get('proxy-authorization'), /username="gateway"/);
    assert.equal((await out.hold()).code, 200);
    assert.equal((await into.resume()).code, 200);
    await hangUp(into, out);
    const [again, at] = await connect(t.desk, t.pbx);
    await hangUp(again, at);
  });

  test('registered at a PBX that challenges: calls out and in', async () => {
    const t = tenant();
    const { home } = t;
    await until(() => home.bound.get('gateway'), 'it registers');
    await hangUp(...await connect(t.desk, home, '300'));
    const alice = await t.phone('alice');
    const call = await home.callWith('alice');
    const into = await alice.incoming();
    into.ring();
    await call.ringing();
    into.answer();
    assert.equal((await call.final).code, 200);
    await into.up();
    assert.equal((await into.bye()).code, 200);
    await call.ended();
    call.quiet();
  });

  test('a number of a user leads to the user', async () => {
    const t = tenant();
    const alice = await t.phone('alice');
    const call = await t.pbx.callWith('+4930');
    (await alice.incoming()).reject(486);
    assert.equal((await call.final).code, 486);
    call.quiet();
  });

  // --- how calls end that are never up ------------------------------------------------

  const refusals = [
    ['is busy', 486, 486], ['does not know the number', 404, 404], ['declines', 603, 603], ['has no one there', 480, 480],
    ['wants no such call', 403, 403], ['likes no codec', 488, 488], ['has too much to do', 503, 500],
    ['has moved it to elsewhere', 302, 480, [['Contact', '<sip:100@192.0.2.1>']]],
    ['does not believe our credentials', 401, 480, [['WWW-Authenticate', 'Digest realm="pbx", nonce="1", algorithm=MD5, qop="auth"']]],
  ];
  for (const [what, says, code, headers] of refusals) {
    test(`a PBX that ${what} (${says}) is ${code}`, async () => {
      const t = tenant();
      const alice = await t.ua('alice');
      t.pbx.refuse = { code: says, headers };
      assert.equal((await alice.call('100').final).code, code);
      t.pbx.refuse = null;
    });
  }

  test('a redirection to another number of the PBX is followed', async () => {
    const t = tenant();
    const call = await t.desk.callWith('100', { rtp: { frequency: 1000 } });
    const first = await t.pbx.incoming();
    t.pbx.respond(first.invited, 302, { tag: first.localTag, headers: [['Contact', `<sip:777@${t.pbx.host}>`]] });
    const second = await t.pbx.incoming();
    assert.match(second.invited.uri, /^sip:777@/);
    await second.pickUp();
    assert.equal((await call.final).code, 200);
    await Promise.all([call.rtp.hears(440), second.rtp.hears(1000)]);
    await hangUp(call, second);
  });

  test('a PBX that is silent is 408 within its time', async () => {
    const t = tenant();
    const alice = await t.ua('alice');
    t.pbx.silent = true;
    const start = Date.now();
    const call = alice.call('100');
    const { code } = await call.final;
    const ms = Date.now() - start;
    assert.equal(code, 408);
    assert.ok(ms >= ANSWER_WITHIN_MS && ms < ANSWER_WITHIN_MS + 1000, `${ms} ms`);
    t.pbx.silent = false;
  });

  test('who rings and never answers is cancelled within its time', async () => {
    const t = tenant();
    const alice = await t.ua('alice');
    const start = Date.now();
    const call = alice.call('100');
    const into = await t.pbx.incoming();
    into.ring();
    const { code } = await call.final;
    const ms = Date.now() - start;
    assert.equal(code, 480);
    assert.ok(ms >= RING_WITHIN_MS && ms < RING_WITHIN_MS + 1000, `${ms} ms`);
    await until(() => into.cancelled, 'the PBX hears CANCEL');
  });

  for (const early of [false, true]) {
    test(`a caller gives up while it rings${early ? ' with early media' : ''}: 487, and the PBX hears CANCEL`, async () => {
      const t = tenant();
      const call = await t.desk.callWith('100');
      const into = await t.pbx.incoming();
      if (early) {
        await into.progressWith(183, { frequency: 620 });
        const said = await until(() => call.progress.find((msg) => msg.body), 'early media is told');
        call.rtp.remote(said.body);
        await call.rtp.hears(620);
      } else into.ring();
      await call.ringing().catch(() => {});
      assert.equal((await call.cancel()).code, 200);
      assert.equal((await call.final).code, 487);
      await until(() => into.cancelled, 'the PBX hears CANCEL');
        into.quiet();
    });
  }

  test('a PBX that gives up: the user\'s telephone hears CANCEL', async () => {
    const t = tenant();
    const alice = await t.phone('alice');
    const call = await t.pbx.callWith('alice');
    const into = await alice.incoming();
    into.ring();
    await call.ringing();
    assert.equal((await call.cancel()).code, 200);
    assert.equal((await call.final).code, 487);
    await until(() => into.cancelled, 'the telephone hears CANCEL');
    call.quiet();
  });

  test('who is not the PBX is not let in as one', async () => {
    const t = tenant();
    await t.phone('alice');
    const stranger = await t.ua('100');
    const call = stranger.call('alice', { password: 'guess' });
    assert.ok([403, 407].includes((await call.final).code));
  });

  // --- ends of calls that are up ----------------------------------------------------------

  test('a PBX that vanishes: the other side hears BYE when no media came for its time', async () => {
    const t = tenant();
    const [out, into] = await connect(t.desk, t.pbx);
    const start = Date.now();
    t.pbx.silent = true;
    into.quiet();
    await out.ended();
    const ms = Date.now() - start;
    assert.ok(ms >= 1400 && ms < 4000, `${ms} ms`);
    out.quiet();
    await until(() => t.pbx.heard.some((msg) => msg.method === 'BYE'), 'the PBX is sent BYE, too');
  });

  // --- failover and forking -----------------------------------------------------------------

  test('the first is 503, the second silent, the third answers', async () => {
    const t = tenant();
    t.pbx.refuse = { code: 503 };
    t.second.silent = true;
    const start = Date.now();
    const call = await t.desk.callWith('200', { rtp: { frequency: 1000 } });
    const into = await t.third.incoming();
    await into.pickUp();
    assert.equal((await call.final).code, 200);
    const ms = Date.now() - start;
    assert.ok(ms < ANSWER_WITHIN_MS + 1000, `${ms} ms`);
    await Promise.all([call.rtp.hears(440), into.rtp.hears(1000)]);
    const offers = [t.pbx, t.second, t.third].map((pbx) => readSdp(
      pbx.heard.find((msg) => msg.method === 'INVITE').body).port);
    assert.equal(new Set(offers).size, 3, `each try has an offer of its own: ${offers}`);
    await hangUp(call, into);
    t.second.silent = false;
  });

  test('three telephones ring, one answers, two are cancelled; a late 200 is acknowledged and ended', async () => {
    const t = tenant();
    const devices = [];
    for (const transport of ['ws', 'udp', 'ws']) devices.push(await t.phone('alice', { transport }));
    const call = await t.pbx.callWith('alice');
    const rung = await Promise.all(devices.map((device) => device.incoming()));
    assert.equal(new Set(rung.map(({ invited }) => invited.body)).size, 3, 'each has an offer of its own');
    for (const into of rung) into.ring();
    await call.ringing();
    // the third one picks up before it hears that it is too late
    const late = rung[2];
    late.request = function deaf(msg) {
      if (msg.method !== 'CANCEL') { Object.getPrototypeOf(this).request.call(this, msg); return; }
      this.cancelled = msg;
      this.ua.respond(msg, 200);
      this.answer();
    };
    rung[0].answer();
    assert.equal((await call.final).code, 200);
    await until(() => rung[1].cancelled && late.cancelled, 'two hear CANCEL');
    assert.match(rung[1].cancelled.why, /elsewhere|answered/i);
    await late.up();
    await late.ended();
    assert.equal((await call.bye()).code, 200);
    await rung[0].ended();
    call.quiet();
  });

  // --- hold -----------------------------------------------------------------------------------

  for (const holds of ['caller', 'callee']) {
    test(`the ${holds} holds and resumes: audio before, none during, audio after`, async () => {
      const t = tenant();
      const [out, into] = await connect(t.desk, t.pbx);
      const [first, second, mine, theirs] = holds === 'caller' ? [out, into, 440, 1000] : [into, out, 1000, 440];
      for (const inactive of [false, true]) {
        const res = await first.direct(inactive ? 'inactive' : 'sendonly');
        good(res);
        assert.equal(second.directions.at(-1), inactive ? 'inactive' : 'sendonly');
        await first.rtp.silent();
        if (inactive) await second.rtp.silent();
        else await second.rtp.hears(theirs);
        good(await first.resume());
        await Promise.all([first.rtp.hears(mine), second.rtp.hears(theirs)]);
      }
      await hangUp(first, second);
    });
  }

  test('200 holds in a row: nothing drifts, nothing leaks', async () => {
    const t = tenant();
    const [out, into] = await connect(t.desk, t.pbx);
    const before = { fds: await stack.descriptors(), ports: [readSdp(into.invited.body).port] };
    const versions = [];
    const begun = Date.now();
    for (let i = 0; i < 200; i++) {
      const [first, second] = i % 2 ? [out, into] : [into, out];
      // of one call 20 requests a second pass, 400 at once: these are four
      const early = begun + 1000 * ((4 * i - 300) / 15) - Date.now();
      if (early > 0) await new Promise((done) => { setTimeout(done, early); });
      good(await first.hold(), `hold ${i}`);
      assert.equal(second.directions.at(-1), 'sendonly');
      good(await first.resume(), `resume ${i}`);
      assert.equal(second.directions.at(-1), 'sendrecv');
    }
    for (const msg of into.requests.filter(({ body }) => body)) {
      before.ports.push(readSdp(msg.body).port);
      versions.push(Number(msg.body.match(/^o=\S+ \S+ (\d+)/m)[1]));
    }
    assert.equal(new Set(before.ports).size, 1, 'one port all along');
    // between two offers to the PBX stand two answers to its own
    assert.ok(versions.every((v, i) => !i || [1, 2, 3].includes(v - versions[i - 1])), `${versions}`);
    await Promise.all([out.rtp.hears(440), into.rtp.hears(1000)]);
    assert.equal(out.rtp.ssrcs.size, 1);
    assert.equal(into.rtp.ssrcs.size, 1);
    const now = await stack.descriptors();
    for (const name of Object.keys(now)) {
      assert.ok(now[name] <= before.fds[name] + 2, `${name}: ${now[name]} descriptors, were ${before.fds[name]}`);
    }
    await hangUp(out, into);
  });

  // --- DTMF ----------------------------------------------------------------------------------

  for (const from of ['caller', 'callee']) {
    test(`keys of the ${from} come exactly once each`, async () => {
      const t = tenant();
      const [out, into] = await connect(t.desk, t.pbx);
      const [first, second] = from === 'caller' ? [out, into] : [into, out];
      await first.rtp.press('0123456789*#');
      await until(() => second.rtp.events.length >= 12 && second.rtp.events.at(-1).ends, 'all keys are heard');
      await second.rtp.hears(from === 'caller' ? 1000 : 440);
      assert.equal(second.rtp.keys, '0123456789*#');
      for (const event of second.rtp.events) {
        assert.equal(event.markers, 1, `${event.key} begins once`);
        assert.equal(event.duration, 800, `${event.key} lasts as long`);
        assert.ok(event.ends >= 1 && event.ends <= 3, `${event.key} ends ${event.ends} times`);
      }
      await hangUp(first, second);
    });
  }

  test('keys that come in INFOs are heard in RTP exactly once each', async () => {
    const t = tenant();
    const [out, into] = await connect(t.desk, t.pbx);
    for (const key of '05*#') {
      good(await out.within('INFO', { body: `Signal=${key}\r\nDuration=100\r\n`,
        headers: [['Content-Type', 'application/dtmf-relay']] }), key);
    }
    await until(() => into.rtp.events.length >= 4 && into.rtp.events.at(-1).ends, 'all keys are heard');
    assert.equal(into.rtp.keys, '05*#');
    for (const event of into.rtp.events) {
      assert.equal(event.markers, 1, `${event.key} begins once`);
      assert.equal(event.duration, 800, `${event.key} lasts as long`);
    }
    assert.deepEqual(into.requests.map(({ method }) => method).filter((m) => m === 'INFO'), [], 'it gets no INFO');
    await into.rtp.hears(1000);
    await hangUp(out, into);
  });

  // --- deaths -------------------------------------------------------------------------------

  test('every mediad worker is killed: a relayed call has audio again within a second', async () => {
    const t = tenant();
    const [out, into] = await connect(t.desk, t.pbx);
    out.rtp.watch();
    into.rtp.watch();
    await killed('mediad');
    await Promise.all([out.rtp.hears(440), into.rtp.hears(1000)]);
    for (const { rtp } of [out, into]) {
      const gap = rtp.watch();
      assert.ok(gap > 20 && gap < 1000, `${gap} ms without audio`);
    }
    await hangUp(out, into);
  });

  async function killed(name) {
    const dead = stack.workers(name);
    for (const pid of Object.values(dead)) process.kill(pid, 'SIGKILL');
    await until(() => {
      const now = stack.workers(name);
      return Object.keys(dead).every((slot) => now[slot] && now[slot] !== dead[slot]);
    }, 'the workers live again');
  }

  test('every sigd worker is killed in a call: the callee\'s BYE ends it', async () => {
    const t = tenant();
    const [out, into] = await connect(t.desk, t.pbx);
    await killed('sigd');
    await Promise.all([out.rtp.hears(440), into.rtp.hears(1000)]);
    assert.equal((await into.hold()).code, 200);
    assert.equal((await out.resume()).code, 200);
    await hangUp(into, out);
  });

  for (const answers of [true, false]) {
    test(`every sigd worker is killed while a PBX rings, which ${answers ? 'answers' : 'never answers'}: nobody waits for ever`, async () => {
      const t = tenant();
      leaves = PLACES;
      const out = await t.desk.callWith('100', { rtp: { frequency: 1000 } });
      const into = await t.pbx.incoming();
      into.ring();
      await out.ringing();
      await killed('sigd');
      const ended = out.final.then(({ code }) => ({ code }), () => ({ code: 0 }));
      if (answers) {
        const rtp = await into.media({ frequency: 440 });
        into.answer(rtp.answer(into.invited.body));
        const { code } = await ended;
        if (code === 200) { // it completes
          await Promise.all([out.rtp.hears(440), rtp.hears(1000)]);
          await hangUp(out, into);
        } else {
          await into.ended();
        }
      } else {
        await until(() => into.cancelled, 'the PBX hears CANCEL');
        assert.ok((await ended).code >= 400);
      }
      out.quiet();
      into.quiet();
    });
  }

  // the last one
  test('tshark finds no malformed packet in all that', async (context) => {
    await capture.stop();
    if (capture.why) {
      context.skip(capture.why);
      return;
    }
    assert.deepEqual(capture.malformed().slice(0, 10), []);
    const kinds = capture.kinds();
    for (const kind of ['SIP', 'SIP/SDP', 'RTP', 'RTCP', 'RTP EVENT']) assert.ok(kinds[kind] >= 12, `${kind} in ${JSON.stringify(kinds)}`);
  });
});
