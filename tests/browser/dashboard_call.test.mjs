// The page of one call, and figures of all: what is shown is what /v1 says.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { sleep, until } from '../system/lib/stack.mjs';
import { Fake, figures } from './dashboard_fake.mjs';

const ID = '0123456789abcdef';
const TRACE = `${'0'.repeat(40)}1`;
const BEGAN = Date.now() - 60000;
const at = (ms) => new Date(BEGAN + ms).toISOString();

const message = (ms, direction, remote, line, more = '') => ({ time: at(ms), us: ms * 1000, direction, transport: 'UDP', local: '192.0.2.9:5060', remote, worker: 's1/1', line,
  text: `${line}\r\nFrom: <sip:alice@t0.test>;tag=1\r\nTo: <sip:bob@t0.test>\r\nCSeq: 1 INVITE\r\n${more}\r\n` });
const [ALICE, BOB] = ['192.0.2.1:5060', '192.0.2.2:5060'];
const SDP = 'Content-Type: application/sdp\r\n';
const MESSAGES = [message(0, 'in', ALICE, 'INVITE sip:bob@t0.test SIP/2.0', SDP), message(5, 'out', ALICE, 'SIP/2.0 100 Trying'), message(9, 'out', BOB, 'INVITE sip:bob@t0.test SIP/2.0', SDP),
  message(90, 'in', BOB, 'SIP/2.0 200 OK', SDP), message(95, 'out', ALICE, 'SIP/2.0 200 OK', SDP)];
const trace = { id: TRACE, call_id: 'abc', first: at(0), last: at(95), messages_kept: 5, messages_cut: 0, parties: [], call: ID };

const call = { id: ID, tenant: 't0', call_id: 'abc', state: 'up', started: at(0), answered: at(95), caller: { user: 'alice' }, callee: { user: 'bob' } };
// one that came to its media, and one that did not
const media = { session: '1', worker: 'm1/1', state: 'up', updated: at(50000), legs: [
  { leg: 1, profile: 'browser', ladder_ms: { remote_sdp: 3, local_sdp: 4, stun_seen: 50 }, rtt_ms: 41, received: { packets: 1000, lost: 10, jitter_ms: 7, mos: 4.12 }, sent: { packets: 900, mos: 3.57 }, voice: {}, codec: {} },
  { leg: 2, profile: 'rtp', ladder_ms: { remote_sdp: 1, local_sdp: 2, first_packet_in: 30, first_packet_out: 31 }, received: { packets: 1, jitter_ms: 2 }, sent: {}, voice: {}, codec: {} }] };
// mos is times 100, jitter and rtt are ms (docs/timeline.md)
const row = (ms, data) => ({ time: at(ms), us: ms * 1000, what: 'log', worker: 'm1/1', kind: 'figures', leg: 1, data });
const rowsOf = (last) => [row(5000, { in: '250', out: '250', lost: '0', jitter: '3', rtt: '20', mos: '430', 'far-mos': '420' }), row(10000, last)];
const LAST = { in: '190', out: '200', lost: '10', 'far-lost': '8', jitter: '7', rtt: '41', level: '-23', mos: '412', 'far-mos': '357' };
const timeline = (more = {}) => ({ id: ID, call_id: 'abc', tenant: 't0', state: 'up', caller: 'alice', callee: 'bob', began: at(0), answered: at(95), ended: null,
  verdict: { code: 'in-progress', sentence: 'The call is up.', meaning: '-', advice: null, leg: null }, log: 'kept', decision: null, clocks: [], items: rowsOf(LAST),
  cut: { items: 0, texts: 0, messages: 0, begin: false }, ...more });

describe('what the dashboard shows', { timeout: 600000 }, () => {
  const fake = new Fake();
  before(() => fake.start());
  after(() => fake.stop());

  function known({ messages = () => MESSAGES, told = timeline } = {}) {
    fake.on(`GET /v1/calls/${ID}`, () => ({ ...call, media }));
    fake.on(`GET /v1/calls/${ID}/timeline`, () => told());
    fake.on('GET /v1/traces', () => ({ traces: [trace], next: null }));
    fake.on(`GET /v1/traces/${TRACE}`, () => ({ ...trace, messages: messages() }));
  }

  // of plots: { title: { curve: its latest value } }
  const captionsOf = (plots) => plots.locator('figcaption').evaluateAll((all) => Object.fromEntries(all.map((el) => [el.querySelector('strong').textContent,
    Object.fromEntries([...el.querySelectorAll('li')].map((li) => [li.childNodes[1].textContent.trim(), li.querySelector('b')?.textContent]))])));

  test('each arrow goes from who sent it to who got it', async () => {
    known();
    const page = await fake.open(`calls/${ID}`);
    await until(async () => await page.locator('.arrow').count() === MESSAGES.length, 'all are drawn');
    const names = await page.locator('.who .name').evaluateAll((all) => all.map((el) => [el.textContent, Number(el.getAttribute('x'))]));
    assert.deepEqual(names.map(([name]) => name), ['alice', 'Cordboard', 'bob']);
    const x = Object.fromEntries(names);
    const arrows = await page.locator('.arrow').evaluateAll((all) => all.map((el) => {
      const [line, head] = [el.querySelector('line'), el.querySelector('path')];
      const [, tip, back] = head.getAttribute('d').match(/^M([\d.]+) [\d.]+ l(-?\d+)/).map(Number);
      return { from: Number(line.getAttribute('x1')), to: tip, back, end: Number(line.getAttribute('x2')) };
    }));
    const peer = { [ALICE]: x.alice, [BOB]: x.bob };
    MESSAGES.forEach((m, i) => {
      const [from, to] = m.direction === 'in' ? [peer[m.remote], x.Cordboard] : [x.Cordboard, peer[m.remote]];
      assert.deepEqual([arrows[i].from, arrows[i].to], [from, to], `${i}: ${m.line}`);
      assert.equal(Math.sign(arrows[i].back), Math.sign(from - to), 'its head points there');
      assert.ok(Math.abs(arrows[i].end - to) <= 8, 'the line ends at its head');
    });
    assert.deepEqual(await page.locator('.arrow .time').allTextContents(), ['+0 ms', '+5 ms', '+9 ms', '+90 ms', '+95 ms']);
  });

  test('left and right turn the pages of the messages, and those that are no more close it', async () => {
    let messages = MESSAGES;
    known({ messages: () => messages });
    const page = await fake.open(`calls/${ID}`);
    const dialog = page.getByRole('dialog');
    await page.locator('.arrow').nth(3).click();
    await dialog.getByText('4 of 5', { exact: true }).waitFor();
    await dialog.locator('pre').focus();
    await page.keyboard.press('ArrowRight');
    await dialog.getByText('5 of 5', { exact: true }).waitFor();
    assert.match(await dialog.locator('pre').innerText(), /^SIP\/2.0 200 OK/);
    await page.keyboard.press('ArrowRight');
    await dialog.getByText('5 of 5', { exact: true }).waitFor();
    for (const nr of [4, 3]) {
      await page.keyboard.press('ArrowLeft');
      await dialog.getByText(`${nr} of 5`, { exact: true }).waitFor();
    }
    assert.match(await dialog.locator('pre').innerText(), /^INVITE/);
    messages = MESSAGES.slice(0, 2); // the trace gave way
    await dialog.waitFor({ state: 'detached' });
    await until(async () => await page.locator('.arrow').count() === 2, 'two are left');
  });

  test('a trace that takes long is asked for once at a time', async () => {
    let under = 0;
    let most = 0;
    known();
    fake.on('GET /v1/traces', async () => {
      most = Math.max(most, ++under);
      await sleep(6000); // it is looked for each 5 s
      under--;
      return { traces: [trace], next: null };
    });
    fake.on(`GET /v1/traces/${TRACE}`, () => ({ ...trace, messages: MESSAGES }));
    const page = await fake.open(`calls/${ID}`);
    await until(async () => await page.locator('.arrow').count() === MESSAGES.length, 'all are drawn');
    await until(() => fake.of('GET /v1/traces').length >= 2, 'it is asked for again');
    assert.equal(most, 1);
  });

  test('a click on the padding of a window does not close it, one beside it does', async () => {
    known();
    const page = await fake.open(`calls/${ID}`);
    await page.locator('.arrow').first().click();
    const dialog = page.getByRole('dialog');
    const box = await dialog.boundingBox();
    await page.mouse.click(box.x + 3, box.y + box.height / 2);
    assert.equal(await dialog.count(), 1);
    await page.mouse.click(box.x - 20, box.y + box.height / 2);
    await dialog.waitFor({ state: 'detached' });
  });

  test('how far each leg has come, and its figures', async () => {
    known();
    const page = await fake.open(`calls/${ID}`);
    const leg = (nr) => page.getByRole('region', { name: `Leg ${nr}` });
    await leg(1).locator('.plot').first().waitFor();
    const rungs = (nr) => leg(nr).locator('.rungs li').evaluateAll((all) => all.map((li) => [li.dataset.state, ...[...li.children].map((el) => el.textContent)].join(' ')));
    assert.deepEqual(await rungs(1), ['done remote SDP 3 ms', 'done local SDP 4 ms', 'done STUN seen 50 ms', 'missing nominated not reached', 'open DTLS –', 'open first RTP in –', 'open first RTP out –']);
    assert.deepEqual(await rungs(2), ['done remote SDP 1 ms', 'done local SDP 2 ms', 'done first RTP in 30 ms', 'done first RTP out 31 ms']);
    assert.deepEqual(await captionsOf(leg(1).locator('.plot')), { MOS: { 'from it': '4.12', 'what it hears': '3.57' }, Loss: { 'from it': '5 %', 'to it': '4 %' },
      'Jitter and round trip': { jitter: '7 ms', 'round trip': '41 ms' }, Level: { dBov: '-23' } });
    const facts = await leg(1).locator('.facts').innerText();
    for (const fact of [/from it\n1,000 packets, 10 lost, jitter 7 ms, MOS 4\.12/, /to it\n900 packets, MOS 3\.57/, /round trip\n41 ms/]) assert.match(facts, fact);
  });

  test('figures that come while one looks are the same', async () => {
    let updated = 0;
    known({ told: () => timeline({ items: [] }) });
    fake.on(`GET /v1/calls/${ID}`, () => ({ ...call, media: { ...media, updated: at(50000 + 5000 * updated++), legs: [{ ...media.legs[0], received: { packets: 1000 + 190 * updated, lost: 10 * updated, jitter_ms: 7, mos: 4.12 } }] } }));
    const page = await fake.open(`calls/${ID}`);
    await page.locator('.leg .plot').first().waitFor();
    assert.deepEqual(await captionsOf(page.locator('.leg .plot')), { MOS: { 'from it': '4.12', 'what it hears': '3.57' }, Loss: { 'from it': '5 %', 'to it': '–' },
      'Jitter and round trip': { jitter: '7 ms', 'round trip': '41 ms' } });
  });

  test('the verdict has its colour, and what is cut is said', async () => {
    let verdict = { code: 'ok', sentence: 'All was well.', meaning: '-', advice: null, leg: null };
    known({ told: () => timeline({ verdict, state: 'ended', ended: at(50000), cut: { items: 321, texts: 0, messages: 0, begin: false } }) });
    const page = await fake.open(`calls/${ID}`);
    const shown = page.getByRole('region', { name: 'Verdict' });
    const is = async (mood, sentence) => {
      await shown.getByText(sentence).waitFor();
      assert.equal(await shown.getAttribute('data-mood'), mood);
    };
    await is('good', 'All was well.');
    await page.getByText('321 more in the middle are not shown.').waitFor();
    verdict = { ...verdict, code: 'one-way-from-browser', sentence: 'Nothing came from alice.', advice: 'Look at her microphone.' };
    await is('bad', 'Nothing came from alice.');
    await shown.getByText('Look at her microphone.').waitFor();
    verdict = { ...verdict, code: 'busy', sentence: 'Bob was busy.' };
    await is('wait', 'Bob was busy.');
  });

  const worker = (daemon, nr, more) => ({ daemon, worker: `${daemon[0]}1/${nr}`, ...more });
  const now = (s, more = {}) => figures({ time: at(s * 1000), calls: 12, failed: 100 + 2 * s, registered: 34, connections: { down: 2, broken: 1, forced: 0 }, mos: { legs: 3, mean: 4.12, worst: 2.5 },
    workers: [worker('sigd', 1, { load_permille: 250, calls: 1000 + 6 * s, answered: 500 + 3 * s, flows: 9 }), worker('sigd', 2, { load_permille: 420, calls: 0, answered: 0, flows: 2 }),
      worker('mediad', 1, { load_permille: 310, lag_ms: 6, sessions: 11 })], ...more });

  test('figures of now, and the rates that they make', async () => {
    const page = await fake.open('overview');
    await page.getByRole('status').getByText('live', { exact: true }).waitFor();
    for (let s = 0; s <= 10; s++) fake.tell('figures', now(s));
    const tile = (name) => page.getByRole('list', { name: 'Figures of now' }).getByRole('listitem').filter({ hasText: name }).locator('b').innerText();
    await until(async () => await tile('Calls') === '12', 'they have come');
    const seen = async (name) => (await tile(name)).replace(/\s+/g, ' ');
    assert.deepEqual([await seen('Set-ups'), await seen('Failures'), await seen('Registered users'), await seen('MOS'), await seen('Connections down')],
      ['6 /s', '2 /s', '34', '4.12', '3']);
    assert.match(await page.getByRole('list', { name: 'Figures of now' }).innerText(), /50 % answered[^]*11 connections[^]*worst 2\.50/);
    assert.deepEqual(await captionsOf(page.locator('.plot')), { Calls: { calls: '12', 'media sessions': '11' }, 'Set-up rate': { 'set-ups': '6/s', answered: '3/s' }, Failures: { failed: '2/s' },
      MOS: { mean: '4.12', worst: '2.50' }, 'Load, the busiest': { sigd: '42 %', mediad: '31 %' }, 'Loop delay, the worst': { mediad: '6 ms' } });
    fake.tell('figures', now(11, { calls: 0, connections: { down: 0, broken: 0, forced: 0 } }));
    await until(async () => await tile('Connections down') === '0', 'none is down');
  });

  test('the register log has a row for each entry, and round trips a plot', async () => {
    const entry = (event, more = {}) => ({ time: at(0), since: at(0), count: 1, event, code: null, reason: null, device: null, name: null, connection: null, address: '192.0.2.7:50123', transport: 'WSS',
      worker: 'a1/2', connection_number: null, flow: null, agent: 'JsSIP', expires_s: null, rtt_ms: null, ...more });
    const minutes = (...all) => all.map((avg_ms, i) => ({ time: at(60000 * i), min_ms: 1, avg_ms, max_ms: 99, count: 2 }));
    fake.on('GET /v1/registrations/t0/alice/log', () => ({ tenant: 't0', user: 'alice', entries: [entry('registered', { expires_s: 600 }), entry('refused', { code: 401, reason: 'auth-failed', count: 7 })] }));
    fake.on('GET /v1/registrations/t0/alice/latency', () => ({ tenant: 't0', user: 'alice', series: [{ kind: 'websocket', device: null, minutes: minutes(20, 22.5) }, { kind: 'rtcp', device: null, minutes: minutes(30, 44) }] }));
    const page = await fake.open('registrations/t0/alice');
    const rows = page.getByRole('region', { name: 'Register log, a table' }).locator('tbody tr');
    await until(async () => await rows.count() === 2, 'two entries');
    assert.match(await rows.first().innerText(), /registered[^]*WSS 192\.0\.2\.7:50123[^]*JsSIP[^]*600 s[^]*a1\/2/);
    assert.match(await rows.last().innerText(), /refused[^]*7 times[^]*401 auth-failed/);
    await page.locator('.plot canvas').waitFor();
    assert.deepEqual(await captionsOf(page.locator('.plot')), { 'Round trips': { websocket: '22.5 ms', rtcp: '44 ms' } });
  });
});
