// Lists of the dashboard: by pages, some of them empty; late answers; what is
// searched where. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { sleep, until } from '../system/lib/stack.mjs';
import { Fake, problem } from './dashboard_fake.mjs';

const LATER = new Date(Date.now() + 3600000).toISOString();
const device = (user) => ({ user, device: `urn:${user}`, contact: `sip:${user}@192.0.2.1`, address: '192.0.2.1:5060', agent: 'a phone', expires: LATER, flow: 's1/1/udp/1' });
const nameOf = (row) => row.user ?? row.name;
const upto = (n, name = 'user') => Array.from({ length: n }, (_, i) => `${name}${String(i).padStart(4, '0')}`);
const connection = (name, more = {}) => ({ tenant: 't0', name, kind: 'trunk', address: '192.0.2.1:5060', domain: 'pbx.test', registration: null, health: null, calls: 0, max_calls: 0,
  state: { state: 'up', takes_calls: true, forced: false, reason: null, since: null, until: null, by: null, on_behalf_of: null }, ...more });
const call = (id, user, more = {}) => ({ id, tenant: 't0', state: 'up', started: new Date(Date.now() - 5000).toISOString(), answered: null, caller: { user }, callee: { user: 'bob' }, quality: null, ...more });
const alarm = (i) => ({ time: new Date(Date.now() - 1000 * i).toISOString(), kind: 'overload', worker: 's1/1', tenant: null, name: `name${String(i).padStart(4, '0')}`, source: null, why: null });

describe('lists of the dashboard', { timeout: 600000 }, () => {
  const fake = new Fake();
  before(() => fake.start());
  after(() => fake.stop());

  // by pages of 100: all(query) are there now, in the order of their names; a
  // cursor is the last name that was told
  const paged = (all, most = 100) => ({ query }) => {
    const behind = all(query).filter((row) => !query.cursor || nameOf(row) > query.cursor);
    const list = behind.slice(0, most);
    return { list, next: behind.length > most ? nameOf(list.at(-1)) : null };
  };
  const devices = (page) => fake.on('GET /v1/registrations', async (ask) => {
    const { list, next } = await page(ask);
    return { tenant: ask.query.tenant, registrations: list, next };
  });
  const rows = (page) => page.locator('tbody tr');
  const counts = (page, n) => until(async () => await rows(page).count() === n, `${n} rows`).catch(async (e) => assert.fail(`${e.message}, there are ${await rows(page).count()}: ${(await page.locator('main').innerText()).slice(0, 300)}`));

  test('an answer without rows is not the last: what stands behind it is found', async () => {
    devices(({ query }) => (Number(query.cursor ?? 0) < 8 ? { list: [], next: String(Number(query.cursor ?? 0) + 1) } : { list: [device('zoe')], next: null }));
    const page = await fake.open('registrations?tenant=t0');
    await page.getByRole('row').filter({ hasText: 'zoe' }).waitFor();
    assert.equal(await page.getByText('No device is registered.').count(), 0);
  });

  test('while there is more to search, none is said to be there', async () => {
    devices(async ({ query }) => { await sleep(300); return { list: [], next: String(Number(query.cursor ?? 0) + 1) }; });
    const page = await fake.open('registrations?tenant=t0');
    await page.getByText('Searching: none so far', { exact: false }).waitFor();
    await page.getByText(/^None so far/).waitFor();
    const parts = Number((await page.getByText(/^None so far/).innerText()).match(/(\d+) parts? of the list searched; there is more/)[1]);
    assert.ok(parts > 2 && parts < 30, `some seconds long: ${parts} parts`);
    assert.equal(await page.getByText('No device').count(), 0);
    const before = fake.of('GET /v1/registrations').length;
    await page.getByRole('button', { name: 'Show more' }).click();
    await until(async () => Number((await page.locator('.empty').innerText()).match(/(\d+) parts/)?.[1]) > parts, 'it goes on searching');
    assert.ok(fake.of('GET /v1/registrations').slice(before).some(({ query }) => Number(query.cursor) >= parts), 'from where it was');
  });

  test('of calls, too, nobody is said to be on the phone only when all was looked at', async () => {
    fake.on('GET /v1/calls', ({ query }) => ({ calls: query.cursor === '9' ? [call('0'.repeat(16), 'alice')] : [], total: 1, next: query.cursor === '9' ? null : String(Number(query.cursor ?? 0) + 1) }));
    const page = await fake.open('calls?by=user&of=alice');
    await page.getByRole('row').filter({ hasText: 'alice' }).waitFor();
    assert.equal(fake.of('GET /v1/calls')[0].query.user, 'alice', 'the server is asked for him');
    fake.on('GET /v1/calls', () => ({ calls: [], total: 0, next: null }));
    await page.getByText('No call fits.').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByText('Nobody is on the phone.').waitFor();
  });

  test('what every object has is no kind of search', async () => {
    fake.on('GET /v1/calls', () => ({ calls: [call('0'.repeat(16), 'alice')], total: 1, next: null }));
    const before = fake.of('GET /v1/calls').length;
    const page = await fake.open('calls?by=constructor&of=alice');
    await page.getByRole('row').filter({ hasText: 'alice' }).waitFor();
    assert.equal(await page.getByText('Only those with').count(), 0);
    assert.ok(fake.of('GET /v1/calls').slice(before).every(({ query }) => !('constructor' in { ...query, __proto__: null })));
  });

  test('more are shown when asked for, with the keyboard, while the list goes on', async () => {
    let all = upto(250);
    devices(paged(() => all.map(device)));
    const page = await fake.open('registrations?tenant=t0');
    await counts(page, 100);
    const more = page.getByRole('button', { name: 'Show more' });
    await more.focus();
    for (let i = 0; i < 3; i++) {
      const before = fake.of('GET /v1/registrations').length;
      fake.event('registration.added', { user: 'x' });
      await until(() => fake.of('GET /v1/registrations').length > before, 'the list is asked for again');
    }
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Show more', 'the button is the same');
    await page.keyboard.press('Enter');
    await counts(page, 200);
    await page.keyboard.press('Enter');
    await counts(page, 250);
    await more.waitFor({ state: 'detached' });
    // what is behind "Show more" goes on, too
    all = all.filter((user) => user !== 'user0000' && user !== 'user0220');
    fake.event('registration.lost', { user: 'user0220' });
    await counts(page, 248);
    assert.equal(await page.getByText('user0220', { exact: true }).count(), 0, 'it has gone');
    assert.equal(await page.getByText('user0100', { exact: true }).count(), 1, 'none has gone with it');
  });

  test('of a long list no part is left out between what is asked anew and what is not', async () => {
    let all = upto(200);
    devices(paged(() => all.map(device), 10)); // 20 answers, of which 10 are asked for anew
    const page = await fake.open('registrations?tenant=t0');
    await counts(page, 100);
    await page.getByRole('button', { name: 'Show more' }).click();
    await counts(page, 200);
    all = [...upto(15, 'aaaa'), ...all];
    fake.event('registration.added', { user: 'x' });
    await page.getByRole('cell', { name: 'aaaa0000', exact: true }).waitFor();
    const shown = await rows(page).evaluateAll((list) => list.map((row) => row.querySelector('td, th').innerText.trim()));
    assert.ok(shown.length >= 100, `${shown.length}`);
    assert.deepEqual(shown, all.slice(0, shown.length));
  });

  test('an answer for another tenant is dropped', async () => {
    let hold = null;
    devices(async ({ query: { tenant, cursor } }) => {
      if (cursor) await new Promise((go) => { hold = go; });
      return { list: upto(100, `${tenant}-${cursor ?? 'a'}-`).map(device), next: tenant === 't0' && !cursor ? 'b' : null };
    });
    const page = await fake.open('registrations?tenant=t0');
    await counts(page, 100);
    await page.getByRole('button', { name: 'Show more' }).click();
    await until(() => hold, 'it is asked for');
    await page.getByLabel('Tenant').selectOption('t1');
    await page.getByText('t1-a-0000', { exact: true }).waitFor();
    hold();
    await sleep(300);
    assert.equal(await rows(page).count(), 100, 'those of t1');
    assert.equal(await page.getByText(/^t0-/).count(), 0);
  });

  test('rows of one tenant do not stay while another one is asked about', async () => {
    devices(async ({ query: { tenant } }) => {
      if (tenant === 't1') await sleep(5000);
      return { list: [device('alice')], next: null };
    });
    const page = await fake.open('registrations?tenant=t0');
    await counts(page, 1);
    await page.getByLabel('Tenant').selectOption('t1');
    await counts(page, 0);
  });

  test('a list comes though its answers take longer than what happens', async () => {
    let under = 0;
    let most = 0;
    devices(async () => {
      most = Math.max(most, ++under);
      await sleep(2500);
      under--;
      return { list: [device('alice')], next: null };
    });
    const page = await fake.open('registrations?tenant=t0');
    const timer = setInterval(() => fake.event('registration.refreshed', { user: 'x' }), 200);
    try {
      await page.getByRole('row').filter({ hasText: 'alice' }).waitFor();
      await until(() => fake.of('GET /v1/registrations').length >= 3, 'it is asked for again and again');
      assert.equal(most, 1, 'one after the other');
    } finally {
      clearInterval(timer);
    }
  });

  test('so does one answer', async () => {
    fake.on('GET /v1/nodes', async () => { await sleep(3500); return { nodes: [node('s1', 'sigd', 1)], next: null }; });
    const page = await fake.open('nodes'); // each 3 s
    await page.getByRole('row').filter({ hasText: 's1/1' }).waitFor();
  });

  test('live calls are said to come by id', async () => {
    const ids = upto(150).map((_, i) => i.toString(16).padStart(16, '0'));
    fake.on('GET /v1/calls', ({ query }) => ({ calls: ids.slice(query.cursor ? 100 : 0, query.cursor ? 150 : 100).map((id) => call(id, `u${id}`, { quality: { mos: 3.21, loss_percent: 1 } })), total: 150, next: query.cursor ? null : 'x' }));
    const page = await fake.open('calls');
    await page.getByText('150 live', { exact: true }).waitFor();
    await page.getByText('in the order of their ids', { exact: false }).waitFor();
    assert.match(await rows(page).first().innerText(), /3\.21/, 'its MOS');
    await page.getByRole('button', { name: 'Show more' }).click();
    await counts(page, 150);
    assert.equal(await page.getByText('in the order of their ids', { exact: false }).count(), 0);
  });

  test('connections are searched among all, by name, kind and state', async () => {
    const all = [...upto(140, 'trunk').map((name) => connection(name)), connection('zlast', { kind: 'inbound' })];
    fake.on('GET /v1/connections', (ask) => {
      const { list, next } = paged(({ search, kind, state }) => all.filter((c) => (!search || c.name.includes(search)) && (!kind || c.kind === kind) && (!state || c.state.state === state)))(ask);
      return { tenant: 't0', connections: list, next };
    });
    const page = await fake.open('connections?tenant=t0');
    await counts(page, 100);
    const search = page.getByLabel('Search connections');
    await search.fill('zlast');
    await page.getByText('None of the 100 that are shown fits.').waitFor();
    assert.equal(await page.getByText('No connection fits.').count(), 0);
    assert.deepEqual(await page.locator('p .acts button').allTextContents(), ['anywhere zlast']);
    await page.getByRole('button', { name: 'anywhere zlast' }).click();
    await counts(page, 1);
    await page.getByRole('link', { name: 'zlast' }).waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await search.fill('inbound');
    await page.getByRole('button', { name: 'the kind inbound' }).click();
    await page.getByRole('link', { name: 'zlast' }).waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await search.fill('down');
    await page.getByRole('button', { name: 'the state down' }).click();
    await page.getByText('No connection fits.').waitFor();
  });

  const node = (name, daemon, i, more = {}) => ({ node: name, daemon, state: 'serving', since: null, version: 'v', config: 'c', config_differs: false, keys: [], keys_differ: false, certificate_expires: null, drain: null,
    workers: [{ worker: `${name}/${i}`, state: 'serving', seen: new Date().toISOString(), ...more }] });

  test('tenants, nodes and alarms are all there, however many', async () => {
    const pair = (list, next) => ({ query }) => ({ list: query.cursor ? list.slice(-1) : list.slice(0, -1), next: query.cursor ? null : next });
    const alarms = Array.from({ length: 321 }, (_, i) => alarm(i));
    fake.on('GET /v1/tenants', (ask) => { const { list, next } = pair(['t0', 'the-last'], 'x')(ask); return { tenants: list.map((t) => fake.tenant(t)), next }; });
    fake.on('GET /v1/nodes', (ask) => { const { list, next } = pair([node('s1', 'sigd', 1, { setups: 3, registrations: 4 }), node('m1', 'mediad', 1, { sessions: 7 })], 'x')(ask); return { nodes: list, next }; });
    fake.on('GET /v1/alarms', (ask) => { const { list, next } = pair(alarms, 'x')(ask); return { alarms: list, next }; });
    fake.on('GET /v1/registrations', () => ({ tenant: 't0', registrations: [], next: null }));
    const page = await fake.open('overview');
    await page.getByRole('row').filter({ hasText: 'm1/1' }).waitFor();
    const cell = (worker, name) => page.getByRole('row').filter({ hasText: worker }).locator(`td[data-name="${name}"]`).innerText();
    assert.deepEqual([await cell('s1/1', 'Calls'), await cell('s1/1', 'Set-ups'), await cell('m1/1', 'Calls'), await cell('m1/1', 'Set-ups')], ['–', '3', '7', '–']);
    await page.getByRole('listitem').filter({ hasText: 'Alarms, a day' }).getByText('321', { exact: true }).waitFor();
    await page.goto(`${fake.base}#/registrations`);
    await page.getByLabel('Tenant').selectOption('the-last');
  });

  test('alarms are shown as they are, and by pages', async () => {
    fake.on('GET /v1/alarms', (ask) => { const { list, next } = paged(() => Array.from({ length: 130 }, (_, i) => alarm(i)))(ask); return { alarms: list, next }; });
    const page = await fake.open('events');
    await counts(page, 100);
    assert.match(await rows(page).first().innerText(), /overload[^]*name0000[^]*s1\/1/);
    await page.getByRole('button', { name: 'Show more' }).click();
    await counts(page, 130);
  });

  // each view, and what it asks for
  const VIEWS = [['calls', 'GET /v1/calls'], ['registrations?tenant=t0', 'GET /v1/registrations'], ['connections?tenant=t0', 'GET /v1/connections'], ['nodes', 'GET /v1/nodes'], ['events', 'GET /v1/alarms'],
    ['calls/0123456789abcdef', 'GET /v1/calls/0123456789abcdef'], ['registrations/t0/alice', 'GET /v1/registrations/t0/alice/log'], ['registrations/t0/alice', 'GET /v1/registrations/t0/alice/latency'],
    ['connections/t0/first', 'GET /v1/connections/t0/first'], ['overview', 'GET /v1/nodes']];
  test('each view says what went wrong, and of nothing that it is not there', async () => {
    const page = await fake.open('routes');
    for (const [view, what] of VIEWS) {
      const before = fake.answers.get(what);
      fake.on(what, () => problem(500, `broken: ${what}`));
      await page.goto(`${fake.base}#/${view}`);
      await page.getByRole('alert').getByText(`broken: ${what}`, { exact: true }).waitFor().catch(async () => assert.fail(`${view}: ${await page.locator('main').innerText()}`));
      assert.equal(await page.getByText(/Nobody is on the phone|No device|no connection|No worker|No alarm|Nothing is noted|No round trip was/).count(), 0, view);
      if (before) fake.on(what, before);
      else fake.answers.delete(what);
      await page.goto(`${fake.base}#/routes`);
      await page.getByRole('heading', { name: 'Route tester' }).waitFor();
    }
  });
});
