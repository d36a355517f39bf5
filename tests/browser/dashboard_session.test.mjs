// Who looks, and whether what he sees is of now: logging in and out, a way to the
// server that dies, what was ordered and failed. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { sleep, until } from '../system/lib/stack.mjs';
import { Fake, problem } from './dashboard_fake.mjs';

const ID = '0123456789abcdef';

describe('a session of the dashboard', { timeout: 600000 }, () => {
  const fake = new Fake();
  before(() => fake.start());
  after(() => fake.stop());

  const state = (page, word) => page.locator('.live').getByText(word, { exact: true }).waitFor();
  const login = async (page, token) => {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Log in' }).click();
  };
  const calls = () => fake.on('GET /v1/calls', () => ({ calls: [], total: 0, next: null }));

  test('it says that it is not live when the server goes, and is live when that is back', async () => {
    calls();
    const page = await fake.open('calls');
    await state(page, 'live');
    fake.away = true;
    for (const res of fake.looking) res.destroy();
    await state(page, 'not live');
    fake.away = false;
    await state(page, 'live');
    fake.event('call.answered', { call: ID });
    const asked = fake.of('GET /v1/calls').length;
    await until(() => fake.of('GET /v1/calls').length > asked, 'and hears what happens');
  });

  test('a way that is dead is not live', async () => {
    calls();
    const page = await fake.open('calls');
    await state(page, 'live');
    const [first] = fake.looking;
    fake.silent = true;
    await state(page, 'not live');
    fake.silent = false;
    await state(page, 'live');
    assert.ok(!fake.looking.has(first) && fake.looking.size === 1, 'by another one');
  });

  test('a question that nobody answers has an end', async () => {
    fake.on('GET /v1/calls', () => new Promise(() => {}));
    const page = await fake.open('routes');
    await page.getByRole('heading', { name: 'Route tester' }).waitFor();
    await page.clock.install();
    await page.goto(`${fake.base}#/calls`);
    await until(() => fake.of('GET /v1/calls').length, 'it is asked');
    await page.clock.fastForward(31000);
    await page.getByRole('alert').getByText('The server has not answered in time.').waitFor();
  });

  test('who logs in next sees nothing of who was there before', async () => {
    const ended = { id: ID, tenant: 't1', state: 'ended', started: new Date().toISOString(), ended: new Date().toISOString(), reason: 'hangup', caller: { user: 'secret-caller' }, callee: { user: 'bob' } };
    fake.on('GET /v1/calls', ({ token }) => ({ calls: token === 'a-token' ? [ended] : [], total: null, next: null }));
    fake.on('GET /v1/registrations', ({ query }) => ({ tenant: query.tenant, registrations: [], next: null }));
    const page = await fake.open('registrations?tenant=t1');
    await page.getByText('No device is registered.').waitFor();
    await page.goto(`${fake.base}#/calls?list=recent`);
    await page.getByText('secret-caller').waitFor();
    await page.goto(`${fake.base}#/calls/${ID}`);
    await page.getByRole('heading', { name: /secret-caller/ }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Token').waitFor();
    assert.ok(!page.url().includes(ID), page.url());
    assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith('cordboard'))), []);
    await login(page, 'another-token');
    await page.getByRole('button', { name: 'Log out' }).waitFor();
    await page.goto(`${fake.base}#/calls/${ID}`);
    await page.getByText('There is nothing of that name.').first().waitFor();
    assert.equal(await page.getByText('secret-caller').count(), 0);
    await page.goto(`${fake.base}#/registrations`);
    await page.getByText('No device is registered.').waitFor();
    assert.equal(fake.of('GET /v1/registrations').at(-1).query.tenant, 't0', 'nor whose lists');
  });

  test('a token that cannot be sent is told so, not taken for the network', async () => {
    const page = await fake.open('calls', { token: null });
    await login(page, 'copied\u200b');
    await page.getByRole('alert').getByText('A token has no such character').waitFor();
    assert.equal(await page.getByText('cannot be reached').count(), 0);
  });

  test('a late refusal of the token before does not log out who has logged in since', async () => {
    let refuse = null;
    fake.on('GET /v1/calls', ({ token }) => (token === 'a-token' ? new Promise((done) => { refuse = () => done(problem(401)); }) : { calls: [], total: 0, next: null }));
    const page = await fake.open('calls');
    await until(() => refuse, 'it is asked');
    // as it is where a question outlives the page that asked: a command
    await page.evaluate(() => sessionStorage.setItem('cordboard-token', 'another-token'));
    refuse();
    await sleep(500);
    assert.equal(await page.getByLabel('Token').count(), 0);
    assert.equal(await page.evaluate(() => sessionStorage.getItem('cordboard-token')), 'another-token');
  });

  const first = { tenant: 't0', name: 'first', kind: 'trunk', address: '192.0.2.1:5060', domain: 'pbx.test', registration: null, health: null, calls: 0, max_calls: 0,
    state: { state: 'up', takes_calls: true, forced: false, reason: null, since: null, until: null, by: null, on_behalf_of: null } };

  test('what failed is told, though its window was closed meanwhile', async () => {
    let fail = null;
    fake.on('GET /v1/connections', () => ({ tenant: 't0', connections: [first], next: null }));
    fake.on('PATCH /v1/connections/t0/first', () => new Promise((done) => { fail = () => done(problem(503, 'Redis is away.')); }));
    const page = await fake.open('connections?tenant=t0');
    await page.getByRole('button', { name: 'Force down' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Force down' }).click();
    await until(() => fail, 'it is ordered');
    assert.deepEqual(fake.of('PATCH /v1/connections/t0/first')[0].body, { state: 'down' });
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    fail();
    await page.getByRole('alert').getByText('Redis is away.').waitFor();
  });

  test('the route tester shows each step, and forgets a field that was emptied', async () => {
    const step = (nr, route, why) => ({ step: nr, route, file: '/etc/cordboard/routing.yaml', line: 10 + nr, why });
    fake.on('POST /v1/routes/explain', () => ({ version: 'abcdef0123', time: new Date().toISOString(),
      text: '  1. route "one" (routing.yaml:11): the callee does not fit\n  2. route "all" (routing.yaml:12): matches\n',
      plan: { tenant: 't0', method: 'INVITE', caller: 'alice', callee: '2345', considered: 2, steps: [step(1, 'one', 'callee'), step(2, 'all', 'match')], left_out: [{ connection: 'second', why: 'it is down' }],
        targets: [{ connection: 'first', health: 'up' }] } }));
    const page = await fake.open('routes?tenant=t0');
    await page.getByLabel('Callee').fill('2345');
    await page.getByLabel('Caller').fill('alice');
    const explain = page.getByRole('button', { name: 'Explain' });
    await explain.click();
    const steps = page.locator('ol.steps li');
    await until(async () => await steps.count() === 2, 'two steps');
    assert.deepEqual(await steps.evaluateAll((all) => all.map((li) => [li.dataset.state, ...[...li.children].map((el) => el.textContent)].join('|'))),
      ['passed|one|the callee does not fit|routing.yaml:11', 'hit|all|matches|routing.yaml:12']);
    assert.match(await page.getByRole('list', { name: 'Targets' }).innerText(), /first[^]*up[^]*second[^]*it is down/);
    assert.match(page.url(), /caller=alice/);
    await page.getByLabel('Caller').fill('');
    await explain.click();
    await until(() => fake.of('POST /v1/routes/explain').length === 2, 'it is asked again');
    assert.deepEqual(fake.of('POST /v1/routes/explain')[1].body, { tenant: 't0', callee: '2345' });
    await until(() => !page.url().includes('caller='), 'it is not in the address any more');
    assert.match(page.url(), /tenant=t0.*callee=2345|callee=2345.*tenant=t0/);
  });
});
