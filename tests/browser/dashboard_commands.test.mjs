// What an operator orders in the dashboard is done: asked of REST and of those
// whom it meets. Lists, the stream and a call's page are of other files.
// SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { until } from '../system/lib/stack.mjs';
import { Dashboard } from './dashboard_world.mjs';

describe('commands of the dashboard', { timeout: 600000 }, () => {
  const board = new Dashboard();
  const open = [];
  before(() => board.start());
  after(() => board.stop());
  afterEach(async () => { for (const page of open.splice(0)) await page.context().close(); });

  async function look(view) {
    const page = await board.open(view);
    page.setDefaultTimeout(30000);
    open.push(page);
    return page;
  }

  // Presses it in the row, and again in the window that asks.
  async function order(page, row, name) {
    await row.getByRole('button', { name, exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  const bound = async () => (await board.ask('/v1/registrations?tenant=t0')).registrations.map(({ user }) => user);

  test('a device is unregistered: nobody finds it, though its connection stays', async () => {
    const alice = await board.tenant.phone('alice', { transport: 'ws' });
    const bob = await board.tenant.phone('bob', { transport: 'udp' });
    const page = await look('registrations?tenant=t0');
    const row = (user) => page.getByRole('row').filter({ hasText: user });
    await row('bob').waitFor();
    await order(page, row('alice'), 'Unregister');
    await until(async () => `${await bound()}` === 'bob', 'one is left');
    await row('alice').waitFor({ state: 'detached' });
    await page.goto(`${page.base}#/registrations/t0/alice`);
    const log = page.getByRole('region', { name: 'Register log, a table' }).locator('tbody tr');
    await until(async () => await log.count() > 0, 'its log');
    const { entries } = await board.ask('/v1/registrations/t0/alice/log');
    assert.equal(await log.count(), entries.length);
    assert.match(await log.first().innerText(), /unregistered[^]*operator/);
    assert.deepEqual([entries[0].reason, entries[0].address], ['operator', 'tests'], 'whose token it was');
    alice.close();
    bob.close();
  });

  test('a device is disconnected: its connection is closed', async () => {
    const carol = await board.tenant.phone('carol', { transport: 'ws' });
    const page = await look('registrations?tenant=t0');
    await order(page, page.getByRole('row').filter({ hasText: 'carol' }), 'Disconnect');
    await until(async () => {
      const { entries } = await board.ask('/v1/registrations/t0/carol/log');
      return entries[0].event === 'lost';
    }, 'its connection has ended');
    assert.ok(!(await bound()).includes('carol'));
    carol.close();
  });

  test('a connection registers anew', async () => {
    const { home } = board.tenant;
    const registers = () => home.heard.filter((msg) => msg.method === 'REGISTER').length;
    await until(async () => (await board.ask('/v1/connections/t0/home')).registration?.state === 'registered', 'it is registered');
    const before = registers();
    const page = await look('connections?tenant=t0');
    await order(page, page.getByRole('row').filter({ hasText: 'home' }), 'Register');
    await until(() => registers() > before, 'its PBX is asked');
  });

  test('each way to force a connection is the one that it says', async () => {
    const page = await look('connections?tenant=t0');
    const row = page.getByRole('row').filter({ hasText: 'second' });
    const state = async () => { const { state: s } = await board.ask('/v1/connections/t0/second'); return `${s.state} ${s.forced}`; };
    for (const [name, becomes] of [['Force down', 'forced true'], ['Drain', 'draining true'], ['Force up', 'up true'], ['Automatic', 'up false']]) {
      await order(page, row, name);
      await until(async () => await state() === becomes, `${name}: ${becomes}`).catch(async (e) => assert.fail(`${e.message}, it is ${await state()}`));
    }
  });

  test('the admin process dies: what is shown is not live, and then it is again', async () => {
    const page = await look('overview');
    const state = (word) => page.locator('.live').getByText(word, { exact: true }).waitFor();
    await state('live');
    process.kill(board.stack.children('sigd').adm, 'SIGKILL');
    await state('not live');
    await state('live');
    const alice = await board.tenant.phone('alice', { transport: 'ws' });
    await page.getByRole('log').getByText('registration.added').first().waitFor();
    const users = page.getByRole('list', { name: 'Figures of now' }).getByRole('listitem').filter({ hasText: 'Registered users' }).locator('b');
    const { registrations } = await board.ask('/v1/registrations?tenant=t0');
    await until(async () => Number(await users.innerText()) === registrations.length, `${registrations.length} users`);
    alice.close();
  });

  test('a node is drained, and takes calls again', async () => {
    const page = await look('nodes');
    const row = page.getByRole('row').filter({ hasText: 's2/1' });
    const drain = async (node, daemon) => (await board.ask('/v1/nodes')).nodes.find((n) => n.node === node && n.daemon === daemon).drain;
    await order(page, row, 'Drain s2');
    await until(async () => await drain('s2', 'sigd'), 'it is to be empty');
    assert.deepEqual([await drain('s1', 'sigd'), await drain('m2', 'mediad')], [null, null], 'no other one');
    await order(page, row, 'Undrain s2');
    await until(async () => await drain('s2', 'sigd') === null, 'no more');
  });
});
