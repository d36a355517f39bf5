// What a call between a page and a PBX lives through: keys, hold, forking,
// parties that vanish, processes that die. The PBX is of tests/system/lib: it
// does what baresip cannot. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { Capture } from '../system/lib/pbx_capture.mjs';
import { World } from '../system/lib/pbx_world.mjs';
import { Wire } from '../system/lib/pbx_wire.mjs';
import { until } from '../system/lib/stack.mjs';

// what a death may leave until it expires: docs/redis.md
const PLACES = /^cb:\{m:.*:calls$/;
const NOTHING = /^$/;
const KEYS = '0123456789*#';
const MEDIA_TIMEOUT_MS = 2000;
const CONSENT_MS = 6000; // Chromium checks every 2.5 s
const GRACE_MS = 500;
// behind CONSENT_MS: the media ends a call first; and what is due for the
// connection is no more when the audit ends
const FLOW_GRACE_MS = 8000;

function good(res) { assert.equal(res.code, 200, `${res.first} ${res.why}`); }

describe('a browser and a PBX', { timeout: 480000 }, () => {
  const suite = new Suite();
  let world = null;
  let capture = null;
  let phones = [];
  let leaves = NOTHING;
  const phone = async (tenant, user, library = 'jssip', options = {}) => {
    const made = await suite.phone(library, user, `${user}-secret`, { host: tenant.domain, ...options });
    phones.push(made);
    return made;
  };

  before(async () => {
    await suite.start({
      rtpPorts: 400,
      sip: `sip: {t1: 50ms, t2: 400ms, t4: 500ms, flow_grace: ${FLOW_GRACE_MS}ms}\n`,
      mediad: `limits: {setup: 10s, consent: ${CONSENT_MS}ms, grace: ${GRACE_MS}ms, media_timeout: ${MEDIA_TIMEOUT_MS}ms}\n`,
      routing: async (stack) => {
        world ??= new World(stack, { count: 20 });
        await world.open();
        world.challenge();
        return world.routing();
      },
    });
    capture = await Capture.open(suite.stack);
  });
  afterEach(async () => {
    for (const made of phones.splice(0)) await made.close();
    world.quiet();
    assert.deepEqual(world.faults(), []);
    const { stack } = suite;
    await stack.audit(8000, leaves);
    if (leaves !== NOTHING) stack.told = [...stack.told ?? [], ...await stack.left()];
    leaves = NOTHING;
  });
  after(async () => {
    await capture?.stop(); // else it would outlive a suite whose last case was not reached
    await suite.stop();
    world.close();
  });

  // The page calls; both hear each other.
  async function connect(page, pbx, codec, number = '100') {
    const call = await page.call(number, 1000);
    const into = await pbx.incoming();
    into.ring();
    await into.pickUp({ frequency: 440, ...codec && { codecs: [codec] } });
    await page.up(call);
    await Promise.all([page.hears(call, 440), into.rtp.hears(1000)]);
    return [call, into];
  }

  async function hangUp(page, call, into) {
    await page.hangup(call);
    await into.ended();
    assert.deepEqual(into.rtp.faults, []);
    assert.equal(into.rtp.lost, 0);
  }

  for (const codec of ['PCMU', 'PCMA']) {
    test(`keys pressed in a page come at the PBX exactly once each (${codec})`, async () => {
      const t = world.tenant();
      const alice = await phone(t, 'alice');
      const [call, into] = await connect(alice, t.pbx, codec);
      await alice.press(call, KEYS);
      await until(() => into.rtp.events.length >= KEYS.length && into.rtp.events.at(-1).ends, 'all keys come', 10000)
        .catch((e) => { throw new Error(`${e.message}: ${JSON.stringify(into.rtp.events)}`); });
      await into.rtp.hears(1000);
      assert.equal(into.rtp.keys, KEYS);
      for (const event of into.rtp.events) {
        assert.equal(event.markers, 1, `${event.key} begins once`);
        assert.ok(Math.abs(event.duration - 800) <= 160, `${event.key} lasts ${event.duration}`);
        assert.ok(event.ends >= 1 && event.ends <= 3, `${event.key} ends ${event.ends} times`);
      }
      await hangUp(alice, call, into);
    });
  }

  // No page can see the keys that come to it: they are read off a second call
  // of the PBX, which the media server relays (tests/system/pbx.test.mjs). Here:
  // the voice goes on before, between and after them.
  test('keys of the PBX disturb nothing that the page hears', async () => {
    const t = world.tenant();
    const alice = await phone(t, 'alice');
    const [call, into] = await connect(alice, t.pbx);
    const before = await alice.stats(call);
    await into.rtp.press(KEYS);
    await Promise.all([alice.hears(call, 440), into.rtp.hears(1000)]);
    const now = await alice.stats(call);
    assert.ok(now.received > before.received + 50);
    assert.ok(now.lost <= now.received * 0.01, `lost ${now.lost} of ${now.received}`);
    await hangUp(alice, call, into);
  });

  test('the page holds and resumes', async () => {
    const t = world.tenant();
    const alice = await phone(t, 'alice');
    const [call, into] = await connect(alice, t.pbx);
    for (let i = 1; i <= 3; i++) {
      await alice.hold(call);
      await until(() => into.directions?.length === 2 * i - 1, 'the PBX is put on hold');
      assert.equal(into.directions.at(-1), 'sendonly');
      await alice.silent(call);
      await alice.resume(call);
      await until(() => into.directions.length === 2 * i, 'the PBX is taken off hold');
      assert.equal(into.directions.at(-1), 'sendrecv');
      await Promise.all([alice.hears(call, 440), into.rtp.hears(1000)]);
    }
    await hangUp(alice, call, into);
  });

  test('the PBX holds and resumes', async () => {
    const t = world.tenant();
    const alice = await phone(t, 'alice');
    const [call, into] = await connect(alice, t.pbx);
    for (let i = 0; i < 3; i++) {
      good(await into.hold());
      await into.rtp.silent();
      // music on hold
      await alice.hears(call, 440);
      good(await into.resume());
      await Promise.all([alice.hears(call, 440), into.rtp.hears(1000)]);
    }
    await hangUp(alice, call, into);
  });

  test('registered at a PBX that challenges: a page calls out and is called', async () => {
    const t = world.tenant();
    const { home } = t;
    await until(() => home.bound.get('gateway'), 'it registers');
    const alice = await phone(t, 'alice');
    const [call, into] = await connect(alice, home, 'PCMA', '300');
    assert.match(into.invited.get('proxy-authorization'), /username="gateway"/);
    await hangUp(alice, call, into);
    const out = await home.callWith('alice', { rtp: { frequency: 440 } });
    const id = await alice.incoming();
    await alice.answer(id, 1000);
    assert.equal((await out.final).code, 200);
    await Promise.all([alice.hears(id, 440), out.rtp.hears(1000)]);
    assert.equal((await out.bye()).code, 200);
    assert.equal(await alice.final(id), 'remote');
  });

  test('a PBX that registers with us is called by a page and calls it', async () => {
    const t = world.tenant();
    const alice = await phone(t, 'alice');
    const branch = await t.branch();
    const [call, into] = await connect(alice, branch, 'PCMU', '400');
    await hangUp(alice, call, into);
    const out = await branch.callWith('alice', { rtp: { frequency: 440 } });
    const id = await alice.incoming();
    await alice.answer(id, 1000);
    assert.equal((await out.final).code, 200);
    await Promise.all([alice.hears(id, 440), out.rtp.hears(1000)]);
    assert.equal((await out.bye()).code, 200);
    assert.equal(await alice.final(id), 'remote');
    branch.vanish();
  });

  test('three pages ring, one answers, the others stop', async () => {
    const t = world.tenant();
    const pages = [];
    for (const library of ['jssip', 'sip.js', 'jssip']) pages.push(await phone(t, 'alice', library));
    const call = await t.pbx.callWith('alice', { rtp: { frequency: 440 } });
    const ids = await Promise.all(pages.map((page) => page.incoming()));
    await call.ringing();
    await pages[0].answer(ids[0], 1000);
    assert.equal((await call.final).code, 200);
    for (const i of [1, 2]) assert.ok(await pages[i].final(ids[i]));
    await Promise.all([pages[0].hears(ids[0], 440), call.rtp.hears(1000)]);
    assert.equal((await call.bye()).code, 200);
    assert.equal(await pages[0].final(ids[0]), 'remote');
    assert.deepEqual(call.rtp.faults, []);
  });

  // --- who vanishes -----------------------------------------------------------------------

  test('a browser that is killed: the PBX hears BYE', async () => {
    const t = world.tenant();
    const other = await suite.chromium();
    const alice = await phone(t, 'alice', 'jssip', { browser: other.browser });
    const [, into] = await connect(alice, t.pbx);
    const start = Date.now();
    await other.kill();
    await into.ended(CONSENT_MS + GRACE_MS + 15000);
    const ms = Date.now() - start;
    assert.ok(ms < CONSENT_MS + GRACE_MS + 4000, `${ms} ms`);
  });

  test('a browser whose network is gone: the PBX hears BYE', async () => {
    const t = world.tenant();
    const other = await suite.chromium();
    try {
      const alice = await phone(t, 'alice', 'jssip', { browser: other.browser });
      const [, into] = await connect(alice, t.pbx);
      const start = Date.now();
      other.freeze();
      await into.ended(CONSENT_MS + GRACE_MS + 15000);
      const ms = Date.now() - start;
      assert.ok(ms < CONSENT_MS + GRACE_MS + 4000, `${ms} ms`);
    } finally {
      phones.pop(); // it does not answer
      await other.kill();
    }
  });

  test('a browser that is killed while the PBX rings: the PBX hears CANCEL', async () => {
    const t = world.tenant();
    const other = await suite.chromium();
    const alice = await phone(t, 'alice', 'jssip', { browser: other.browser });
    await alice.call('100', 1000);
    const into = await t.pbx.incoming();
    into.ring();
    await other.kill();
    await until(() => into.cancelled, 'CANCEL comes');
  });

  test('a PBX that vanishes: the page is told within the time', async () => {
    const t = world.tenant();
    const alice = await phone(t, 'alice');
    const [call, into] = await connect(alice, t.pbx);
    const start = Date.now();
    into.quiet();
    t.pbx.silent = true;
    assert.equal(await alice.final(call), 'remote');
    const ms = Date.now() - start;
    assert.ok(ms >= MEDIA_TIMEOUT_MS - 100 && ms < MEDIA_TIMEOUT_MS + 4000, `${ms} ms`);
  });

  // --- processes that die -------------------------------------------------------------------

  test('every mediad worker is killed: transcoded calls are heard again within a second', async () => {
    const t = world.tenant();
    const { stack } = suite;
    const alice = await phone(t, 'alice');
    const calls = [];
    for (const codec of ['PCMU', 'PCMA', 'PCMU']) calls.push(await connect(alice, t.pbx, codec));
    for (const [, into] of calls) into.rtp.watch();
    const dead = stack.workers('mediad');
    for (const pid of Object.values(dead)) process.kill(pid, 'SIGKILL');
    await until(() => {
      const now = stack.workers('mediad');
      return Object.keys(dead).every((slot) => now[slot] && now[slot] !== dead[slot]);
    }, 'the workers live again');
    for (const [call, into] of calls) {
      await Promise.all([alice.hears(call, 440), into.rtp.hears(1000)]);
      const gap = into.rtp.watch();
      assert.ok(gap > 20 && gap < 1000, `${gap} ms without audio`);
    }
    for (const [call, into] of calls) await hangUp(alice, call, into);
  });

  // The worker that took a user's latest REGISTER.
  const worker = (domain) => suite.stack.log('sigd.log').split('\n')
    .filter((line) => line.includes('msg=registered') && line.includes(`tenant=${domain.split('.')[0]} `)).pop()
    .match(/proc=(\S+)/)[1];

  for (const ends of ['page', 'PBX']) {
    test(`a page loses its connection and comes back at another worker: BYE of the ${ends} reaches the other`, async () => {
      const t = world.tenant();
      const wire = await Wire.open(suite.stack.wssPort);
      try {
        const alice = await phone(t, 'alice', 'jssip', { port: wire.port });
        const first = worker(t.domain);
        const [call, into] = await connect(alice, t.pbx);
        for (let i = 0; i < 12 && worker(t.domain) === first; i++) {
          await alice.page.evaluate(() => window.phone.forget());
          wire.cut();
          await until(() => alice.page.evaluate(() => window.phone.registered() === 200), 'registered again');
        }
        assert.notEqual(worker(t.domain), first);
        await Promise.all([alice.hears(call, 440), into.rtp.hears(1000)]);
        if (ends === 'page') {
          await hangUp(alice, call, into);
        } else {
          assert.equal((await into.bye()).code, 200);
          assert.equal(await alice.final(call), 'remote');
        }
      } finally {
        wire.close();
      }
    });
  }

  for (const ends of ['page', 'PBX']) {
    test(`every sigd worker is killed: the call goes on, and the ${ends} can end it`, async () => {
      const t = world.tenant();
      const { stack } = suite;
      const alice = await phone(t, 'alice');
      const [call, into] = await connect(alice, t.pbx);
      const old = stack.workers('sigd');
      for (const pid of Object.values(old)) process.kill(pid, 'SIGKILL');
      await alice.page.evaluate(() => window.phone.forget());
      await until(() => alice.page.evaluate(() => window.phone.registered() === 200), 'registered again');
      await Promise.all([alice.hears(call, 440), into.rtp.hears(1000)]);
      if (ends === 'page') {
        await hangUp(alice, call, into);
      } else {
        assert.equal((await into.bye()).code, 200);
        assert.equal(await alice.final(call), 'remote');
      }
    });
  }

  test('every sigd worker is killed while a PBX rings: nobody rings for ever', async () => {
    const t = world.tenant();
    const { stack } = suite;
    const alice = await phone(t, 'alice');
    const call = await alice.call('100', 1000);
    const into = await t.pbx.incoming();
    into.ring();
    await until(async () => (await alice.state(call)).log.includes('progress'), 'the page hears it ring');
    for (const pid of Object.values(stack.workers('sigd'))) process.kill(pid, 'SIGKILL');
    leaves = PLACES;
    assert.ok(await alice.final(call));
    await until(() => into.cancelled, 'the PBX hears CANCEL');
  });

  // the last one
  test('tshark finds no malformed packet in all that', async (context) => {
    await capture.stop();
    if (capture.why) {
      context.skip(capture.why);
      return;
    }
    assert.deepEqual(capture.malformed().slice(0, 10), []);
    const kinds = capture.kinds();
    for (const kind of ['SIP', 'SIP/SDP', 'RTP', 'RTCP', 'RTP EVENT', 'STUN', 'DTLSv1.2']) {
      assert.ok(kinds[kind] >= 4, `${kind} in ${JSON.stringify(kinds)}`);
    }
  });
});
