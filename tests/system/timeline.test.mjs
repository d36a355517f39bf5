// What came of a call, and why: each verdict by breaking that very thing; the
// timeline is in order, tells both daemons' part, and no secret.
// SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Page } from './lib/page.mjs';
import { Pbx } from './lib/pbx.mjs';
import { freeUdp, sleep, until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const PASSWORDS = /alice-secret|bob-secret|gate-secret|not-her-secret/;
const HEARD_MS = 1200; // a call that has to be heard
const pbxs = {};
let dead;

const routing = () => `tenants:
  acme:
    domains: [acme.test]
    realm: cordboard
    max_calls: 8
    users:
      alice: {password: alice-secret}
      bob: {password: bob-secret}
    connections:
${Object.entries(pbxs).map(([name, pbx]) => `      ${name}: {kind: trunk, address: '${pbx.host}', probe: 0s, answer_within: 400ms, breaker: {failures: 0, percent: 0}${
    pbx.challenge ? ', username: gate, password: gate-secret' : ''}}`).join('\n')}
      gone: {kind: trunk, address: '127.0.0.1:${dead}', probe: 0s, answer_within: 400ms, breaker: {failures: 0, percent: 0}}
    routes:
${Object.keys(pbxs).map((name, i) => `      - {name: to ${name}, match: {callee: '10${i}'}, to: {connection: ${name}}}`).join('\n')}
      - {name: two, match: {callee: '200'}, to: {connections: [gone, sick]}}
      - {name: no premium, match: {callee: '0900.*'}, to: {reject: {code: 403}}}
`;

describe('timelines', { timeout: 480000 }, () => {
  const suite = new Suite({ rtpPorts: 200, routing: async (stack) => {
    for (const [name, options] of Object.entries({
      good: {}, mute: {}, codec: { refuse: { code: 488 } }, sick: { refuse: { code: 503 } }, busy: { refuse: { code: 486 } },
      login: { challenge: { realm: 'pbx', username: 'other', password: 'not-ours' } },
    })) pbxs[name] ??= await Pbx.open(stack, { user: name, ...options });
    dead ??= await freeUdp(1);
    return routing();
  } });
  const { stack } = suite;
  const pages = [];
  before(() => suite.start());
  afterEach(() => {
    for (const page of pages.splice(0)) page.close();
    suite.hangUp();
  });
  after(async () => {
    for (const pbx of Object.values(pbxs)) pbx.vanish();
    await suite.stop();
  });

  const number = (name) => `10${Object.keys(pbxs).indexOf(name)}`;
  const get = (path) => fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/${path}`,
    { headers: { Authorization: 'Bearer token-of-the-tests' } });

  async function page(user = 'alice', options = {}) {
    const ua = await Page.open(stack, { user, domain: 'acme.test', ...options });
    pages.push(ua);
    const res = await ua.register();
    assert.equal(res.code, 200, res.first);
    return ua;
  }

  // In order, told by whom it should be, masked.
  function isWhole(timeline) {
    const text = JSON.stringify(timeline);
    assert.doesNotMatch(text, PASSWORDS, 'no password');
    assert.doesNotMatch(text, /response="/, 'no answer to a challenge');
    const { items } = timeline;
    assert.ok(items.every((item, i) => !i || item.us >= items[i - 1].us), 'in order');
    assert.ok(items.every(({ time }) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time)), 'with times');
    for (const item of items) {
      if (item.what === 'sip') assert.equal(item.text.split('\r\n')[0], item.line);
      else assert.match(item.kind, /^[a-z0-9.-]+$/);
    }
    assert.ok(items.some(({ what }) => what === 'sip') && items.some(({ what }) => what === 'log'), 'of both kinds');
    assert.deepEqual(timeline.cut, { items: 0, texts: 0, messages: 0, begin: false });
    assert.ok(timeline.clocks.every(({ ahead_ms: ms }) => ms === null || Math.abs(ms) < 50), 'one clock');
    return timeline;
  }

  // Of the call with this Call-ID, once it has this verdict.
  async function judged(callid, code, ...who) {
    let timeline;
    await until(async () => {
      const res = await get(`calls/${encodeURIComponent(callid)}/timeline`);
      timeline = res.status === 200 ? await res.json() : null;
      // what was said comes a quarter of a second later
      return timeline?.verdict.code === code && timeline.items.some(({ what }) => what === 'sip');
    }, `the verdict is ${code}`, 8000).catch((e) => {
      throw new Error(`${e.message}: ${JSON.stringify(timeline?.verdict)}\n${timeline?.items.map((item) => (item.what === 'sip'
        ? `${item.direction} ${item.line}` : `${item.kind} ${item.leg ?? ''} ${JSON.stringify(item.data)}`)).join('\n')}`);
    });
    for (const name of who) assert.ok(timeline.verdict.sentence.includes(name), `${name}: ${timeline.verdict.sentence}`);
    assert.ok(timeline.verdict.meaning);
    return isWhole(timeline);
  }

  const kinds = (timeline) => timeline.items.filter(({ what }) => what === 'log').map(({ kind }) => kind);

  // alice's page calls a PBX, which picks up; options: what the page does
  async function call(name, { ice = true, dtls = true, speak = true, silent = false, ms = HEARD_MS, ...options } = {}) {
    const alice = await page('alice', options);
    const out = alice.call(number(name));
    const into = await pbxs[name].incoming();
    into.ring();
    await into.pickUp();
    if (silent) into.rtp.close();
    const res = await out.final;
    assert.equal(res.code, 200, res.first);
    if (ice) await alice.ice(res.body);
    if (ice && dtls) await alice.dtls();
    if (ice && dtls && speak) alice.speak();
    await sleep(ms);
    return { alice, out, into };
  }

  async function hangUp({ out, into }) {
    assert.equal((await out.bye()).code, 200);
    await into.ended();
    into.rtp.close();
    return out.callid;
  }

  // --- it went well -----------------------------------------------------------------

  test('ok: both were heard, and one hung up', async () => {
    const parties = await call('good');
    const live = await judged(parties.out.callid, 'in-progress');
    assert.equal(live.state, 'up');
    const timeline = await judged(await hangUp(parties), 'ok', 'alice hung up');
    assert.equal(timeline.state, 'ended');
    assert.equal(timeline.caller, 'alice');
    assert.equal(timeline.callee, number('good'));
    assert.match(timeline.decision, /to good/);
    const told = kinds(timeline);
    const order = ['call.begun', 'try', 'try.ringing', 'try.answered', 'call.up', 'call.ended'];
    assert.deepEqual(told.filter((kind) => order.includes(kind)), order);
    for (const kind of ['sdp.agreed', 'ice.nominated', 'dtls.done', 'rtp.in']) assert.ok(told.includes(kind), `${kind}: ${told}`);
    // the same by its id; and the call itself tells the code
    const by = await (await get(`calls/${timeline.id}/timeline`)).json();
    assert.deepEqual(by.verdict, timeline.verdict);
    assert.equal((await (await get(`calls/${timeline.id}`)).json()).verdict, 'ok');
  });

  test('keys that are pressed are in it, but not which ones, and figures of both sides', async () => {
    const parties = await call('good');
    await parties.into.rtp.press('7');
    let rows;
    // the first row of figures comes after 5 s of media
    await until(async () => {
      const { items } = await (await get(`calls/${encodeURIComponent(parties.out.callid)}/timeline`)).json();
      rows = items.filter(({ kind }) => kind === 'figures');
      return [1, 2].every((leg) => rows.some((row) => row.leg === leg));
    }, 'figures of both legs', 20000);
    for (const leg of [1, 2]) {
      const { data } = rows.find((row) => row.leg === leg);
      for (const name of ['in', 'out', 'mos']) assert.match(data[name] ?? '', /^\d+$/, `${name} of leg ${leg}: ${JSON.stringify(data)}`);
      assert.ok(Number(data.in) > 0 && Number(data.out) > 0, JSON.stringify(data));
    }
    const timeline = await judged(await hangUp(parties), 'ok');
    const keys = timeline.items.filter(({ kind }) => kind === 'dtmf');
    assert.deepEqual(keys.map(({ leg, data: { dir, by, digit } }) => ({ leg, dir, by, digit })), [{ leg: 2, dir: 'in', by: 'rtp', digit: '*' }], JSON.stringify(keys));
  });

  // --- it got nowhere ----------------------------------------------------------------

  test('no-route: nobody takes the number', async () => {
    const alice = await page();
    const out = alice.call('4711');
    assert.equal((await out.final).code, 404);
    const timeline = await judged(out.callid, 'no-route', 'tenant acme', '4711', 'alice');
    assert.equal(timeline.state, 'refused');
    assert.match(timeline.decision, /4711/);
    for (const what of ['log', 'why']) {
      const ttl = await stack.redis.call('TTL', `cb:{c:${timeline.id[0]}}:${what}:${timeline.id}`);
      assert.ok(ttl > 0 && ttl <= 3600, `${what} is kept for an hour: ${ttl}`);
    }
    assert.equal((await (await get(`calls/${timeline.id}`)).json()).verdict, 'no-route');
  });

  test('route-rejected: a rule says no', async () => {
    const alice = await page();
    const out = alice.call('0900123');
    assert.equal((await out.final).code, 403);
    await judged(out.callid, 'route-rejected', 'Route no premium');
  });

  test('auth-failed: the password is wrong', async () => {
    const alice = await page();
    alice.password = 'not-her-secret';
    const out = alice.call(number('good'));
    assert.equal((await out.final).code, 407);
    await judged(out.callid, 'auth-failed', 'alice');
  });

  test('not-registered: who is called has no device', async () => {
    const alice = await page();
    const out = alice.call('bob');
    assert.equal((await out.final).code, 480);
    await judged(out.callid, 'not-registered', 'bob');
  });

  // --- nobody answered ---------------------------------------------------------------

  test('codec-refused-by-pbx: 488', async () => {
    const alice = await page();
    const out = alice.call(number('codec'));
    assert.equal((await out.final).code, 488);
    await judged(out.callid, 'codec-refused-by-pbx', `connection codec (${pbxs.codec.host})`);
  });

  test('all-targets-failed: one is silent, the other one says 503', async () => {
    const alice = await page();
    const out = alice.call('200');
    assert.equal((await out.final).code, 408);
    const timeline = await judged(out.callid, 'all-targets-failed', `connection gone (127.0.0.1:${dead})`,
      `connection sick (${pbxs.sick.host}) said 503`);
    assert.equal(kinds(timeline).filter((kind) => kind === 'try.failed').length, 2);
  });

  test('busy: 486', async () => {
    const alice = await page();
    const out = alice.call(number('busy'));
    assert.equal((await out.final).code, 486);
    await judged(out.callid, 'busy', `connection busy (${pbxs.busy.host}) said 486`);
  });

  test('credentials-refused-by-pbx: it does not know our login', async () => {
    const alice = await page();
    const out = alice.call(number('login'));
    assert.equal((await out.final).code, 480);
    await judged(out.callid, 'credentials-refused-by-pbx', `connection login (${pbxs.login.host})`);
  });

  test('cancelled: the caller gives up', async () => {
    const alice = await page();
    const out = alice.call(number('good'));
    const into = await pbxs.good.incoming();
    into.ring();
    await out.ringing();
    const ringing = await judged(out.callid, 'in-progress', `connection good (${pbxs.good.host})`);
    assert.equal(ringing.state, 'setup');
    await out.cancel();
    assert.equal((await out.final).code, 487);
    await judged(out.callid, 'cancelled', 'alice gave up', 'while it rang');
  });

  // --- somebody went -----------------------------------------------------------------

  test('flow-lost: the page vanishes', async () => {
    const { alice, out, into } = await call('good');
    alice.close();
    await into.ended();
    into.rtp.close();
    const timeline = await judged(out.callid, 'flow-lost', 'alice lost the connection');
    assert.ok(kinds(timeline).includes('flow.lost'));
  });

  // --- somebody was not heard --------------------------------------------------------

  test('ice-no-checks: the network of the page swallows UDP', async () => {
    const parties = await call('good', { ice: false, ms: 3500 });
    // said while it is up
    await judged(parties.out.callid, 'ice-no-checks', 'alice\'s browser');
    await judged(await hangUp(parties), 'ice-no-checks', 'alice\'s browser', 'connection good heard nothing');
  });

  test('dtls-failed: the page shakes no hands', async () => {
    const parties = await call('good', { dtls: false, ms: 1500 });
    await judged(await hangUp(parties), 'dtls-failed', `alice's browser (${parties.alice.at})`);
  });

  test('fingerprint-mismatch: its certificate is not that of its SDP', async () => {
    const parties = await call('good', { liar: true, dtls: false, ms: 0 });
    parties.alice.dtls().catch(() => {});
    await judged(parties.out.callid, 'fingerprint-mismatch', `alice's browser (${parties.alice.at})`);
    await judged(await hangUp(parties), 'fingerprint-mismatch', `alice's browser (${parties.alice.at})`);
  });

  test('no-rtp-from-pbx: it answers and sends nothing', async () => {
    const parties = await call('mute', { silent: true, ms: 3500 });
    await judged(parties.out.callid, 'no-rtp-from-pbx', 'connection mute');
    await judged(await hangUp(parties), 'no-rtp-from-pbx', 'connection mute', 'alice\'s browser heard nothing');
  });

  test('one-way-from-browser: the page is connected and sends nothing', async () => {
    const parties = await call('good', { speak: false, ms: 3500 });
    assert.ok(parties.alice.heardRtp > 50, 'it hears');
    await judged(parties.out.callid, 'one-way-from-browser', `alice's browser (${parties.alice.at})`);
    await judged(await hangUp(parties), 'one-way-from-browser', `alice's browser (${parties.alice.at})`);
  });

  // --- what there is not ---------------------------------------------------------------

  test('no such call is said so', async () => {
    assert.equal((await get(`calls/${'0'.repeat(16)}/timeline`)).status, 404);
    assert.equal((await get('calls/nobody%40nowhere/timeline')).status, 404);
    assert.equal((await get('calls/%00/timeline')).status, 400);
  });
});
