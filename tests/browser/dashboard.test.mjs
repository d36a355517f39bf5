// The dashboard, used as a person would: with a mouse, with the keyboard alone,
// on a phone, in the dark. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { B, until } from '../system/lib/stack.mjs';
import { Dashboard, EVIL, MINE, READER, THEIRS } from './dashboard_world.mjs';

const VIEWS = ['overview', 'calls', 'registrations', 'connections', 'routes', 'nodes', 'events'];
const LOOKS = [['light', 'desk', 1280, 800], ['light', 'phone', 390, 800], ['dark', 'desk', 1280, 800], ['dark', 'phone', 360, 740]];
const WITH_AXE = ['light desk', 'dark phone']; // of each colours once
const require = createRequire(path.join(B, 'npm/tests/node_modules/x.js'));

describe('the dashboard', { timeout: 600000 }, () => {
  const board = new Dashboard();
  const open = [];
  before(() => board.start());
  after(() => board.stop());
  afterEach(async () => {
    for (const page of open.splice(0)) {
      assert.deepEqual(page.faults, [], 'nothing that the page did was refused, or failed');
      await page.context().close();
    }
  });

  async function look(view, options) {
    const page = await board.open(view, options);
    open.push(page);
    return page;
  }

  const live = (page) => page.getByRole('status').getByText('live', { exact: true }).waitFor();
  const heading = (page, name) => page.getByRole('heading', { name, level: 1 }).waitFor();
  // Nobody has to scroll sideways.
  const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

  test('it asks for the token, tells a wrong one, and asks again when it is no good any more', async () => {
    const page = await look('calls', { token: null });
    const policy = (await page.goto(page.base)).headers()['content-security-policy'];
    await page.goto(`${page.base}#/calls`);
    assert.match(policy, /default-src 'none'; script-src 'self'/);
    assert.ok(!/unsafe/.test(policy));
    await page.getByLabel('Token').fill('not-the-token-of-anybody');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').getByText('not known').waitFor();
    await board.shot(page, 'login');
    await until(async () => {
      await page.getByLabel('Token').fill('token-of-the-tests');
      await page.getByRole('button', { name: 'Log in' }).click();
      return page.getByRole('heading', { name: 'Calls', level: 1 }).waitFor({ timeout: 1500 }).then(() => true, () => false);
    }, 'logged in', 20000);
    assert.equal(await page.evaluate(() => localStorage.getItem('cordboard-token')), null);
    await page.evaluate(() => sessionStorage.setItem('cordboard-token', 'one-that-was-taken-back'));
    await page.getByRole('button', { name: 'Recent' }).click();
    await page.getByLabel('Token').waitFor();
  });

  test('the cluster at a glance: all workers, and calls that come without a reload', async () => {
    const page = await look('overview');
    await live(page);
    await until(async () => await page.getByRole('row').filter({ hasText: /[sm][12]\/[12]/ }).count() === 8, 'eight workers');
    const tile = (name) => page.getByRole('list', { name: 'Figures of now' }).getByRole('listitem').filter({ hasText: name }).first();
    await until(async () => /\b0\b/.test(await tile('Calls').innerText()), 'nobody is on the phone');
    const call = await board.call();
    await until(async () => /\b1\b/.test(await tile('Calls').innerText()), 'the call is counted');
    await page.getByRole('log').getByText('call.answered').waitFor();
    await until(async () => await page.locator('.plot canvas').count() === 6, 'six plots');
    await until(async () => Number((await tile('MOS').innerText()).match(/[\d.]+/)?.[0]) > 3, 'its MOS');
    await board.shot(page, 'overview');
    await call.end();
    await page.getByRole('log').getByText('call.ended').waitFor();
    await until(async () => /\b0\b/.test(await tile('Calls').innerText()), 'and is no more');
  });

  test('a call has its page: messages in order, each to be read, and figures', async () => {
    const call = await board.call();
    const id = await board.id();
    const list = await look('calls');
    await list.getByRole('link').filter({ hasText: /:/ }).first().click();
    await heading(list, /→/);
    assert.ok(list.url().endsWith(id), `${list.url()} is of ${id}`);
    const arrows = list.locator('.arrow');
    await until(async () => await arrows.count() >= 8, 'the messages are drawn');
    const { traces } = await board.ask(`/v1/traces?call=${id}`);
    const told = await board.ask(`/v1/traces/${traces[0].id}`);
    const shown = await arrows.locator('.label').allTextContents();
    const said = told.messages.map((m) => (m.line.startsWith('SIP/2.0') ? m.line.slice(8, 11) : m.line.split(' ')[0]));
    assert.deepEqual(shown.map((text) => text.match(/^\w+/)[0]).slice(0, said.length), said);
    assert.equal(await list.locator('.who').count(), 3, 'who called, we, who was called');
    await arrows.first().click();
    const dialog = list.getByRole('dialog');
    assert.match(await dialog.locator('pre').innerText(), /^INVITE sip:100@/);
    await board.shot(list, 'message');
    await list.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await list.getByText('PCM').first().waitFor();
    await until(async () => await list.locator('.leg canvas').count() >= 2, 'quality plots', 20000);
    for (const rung of ['remote SDP', 'first RTP in']) assert.match(await list.locator('.rungs').first().innerText(), new RegExp(rung));
    const saved = list.waitForEvent('download');
    await list.getByRole('button', { name: 'pcap' }).first().click();
    const file = fs.readFileSync(await (await saved).path());
    assert.equal(file.readUInt32LE(0) === 0xa1b2c3d4 || file.readUInt32LE(0) === 0xa1b23c4d, true, 'it is a capture file');
    await board.shot(list, 'call', { fullPage: true });
    await call.end();
    await list.getByText(/ended/).first().waitFor();
  });

  test('a name that is markup is text', async () => {
    const { desk } = board.tenant;
    const before = desk.aor;
    desk.aor = `sip:${encodeURIComponent(EVIL)}@t0.test`;
    const call = await board.call();
    desk.aor = before;
    const page = await look('calls');
    await page.getByText(EVIL).first().waitFor();
    await page.goto(`${page.base}#/calls/${await board.id()}`);
    await page.getByText(EVIL).first().waitFor();
    assert.equal(await page.evaluate(() => window.hacked), undefined);
    assert.equal(await page.locator('img[src="x"]').count(), 0);
    await call.end();
  });

  test('a call is hung up here, and what came of it stands on top', async () => {
    const call = await board.call();
    const id = await board.id();
    const page = await look(`calls/${id}`);
    await page.getByRole('button', { name: 'Hang up' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Hang up' }).click();
    await dialog.waitFor({ state: 'detached' });
    await call.into.ended();
    const verdict = page.getByRole('region', { name: 'Verdict' });
    const told = await until(async () => {
      const answer = await board.ask(`/v1/calls/${id}/timeline`);
      return answer.state === 'ended' && answer;
    }, 'its end is told');
    await until(async () => (await verdict.innerText()).includes(told.verdict.sentence), told.verdict.sentence);
    assert.ok((await verdict.innerText()).includes(told.verdict.code));
    // who, whom, when and why are still there, though the call is not
    const { desk, pbx } = board.tenant;
    await heading(page, new RegExp(`${desk.aor.match(/:([^@]+)/)[1]} → 100`));
    const facts = await page.getByRole('region', { name: 'Facts' }).innerText();
    for (const fact of [/ended\n/, /tenant\nt0/, /via/, /called\n100|callee\n100/, /started\n\d/, /answered\n\d/, /talked for\n\d/, /ended because\noperator/, /media worker\nm\d/, /Call-ID\n/]) {
      assert.match(facts, fact);
    }
    assert.ok(pbx);
    await page.getByRole('region', { name: 'What happened' }).getByText('call.ended').first().waitFor();
    await page.getByRole('button', { name: 'sip', exact: true }).click();
    assert.equal(await page.locator('.timeline [data-group="sip"]').count(), 0, 'a kind is filtered');
    await board.shot(page, 'call-ended', { fullPage: true });
    await page.goto(`${page.base}#/calls?list=recent`);
    await until(async () => await page.locator(`a[href="#/calls/${id}"]`).count() === 1, 'it is one of late');
    await board.shot(page, 'recent');
  });

  test('who is registered, and what the route tester says', async () => {
    const alice = await board.tenant.phone('alice', { transport: 'ws' });
    const page = await look('registrations');
    await page.getByLabel('Tenant').waitFor();
    if (await page.locator('input[placeholder="Tenant"]').count()) {
      await page.getByLabel('Tenant').fill('t0');
      await page.keyboard.press('Enter');
    }
    await page.getByRole('row').filter({ hasText: 'alice' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('main').focus();
    await page.keyboard.press('/');
    await page.keyboard.type('nobody');
    await page.getByText('No device fits.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('row').filter({ hasText: 'alice' }).waitFor();
    await board.shot(page, 'registrations');
    await page.getByText('1 device', { exact: true }).waitFor();
    const device = (await board.ask('/v1/registrations?tenant=t0')).registrations[0];
    for (const [by, of] of [['user', 'alice'], ['search', 'ALI'], ['device', device.device.slice(2, 9)], ['address', device.address.slice(0, 9)]]) {
      await page.goto(`${page.base}#/registrations?${new URLSearchParams({ tenant: 't0', by, of })}`);
      await page.getByText('Only those with').getByText(of, { exact: true }).waitFor();
      await page.getByRole('row').filter({ hasText: 'alice' }).waitFor();
    }
    for (const by of ['user', 'search', 'device', 'address', 'agent']) {
      await page.goto(`${page.base}#/registrations?tenant=t0&by=${by}&of=nobody`);
      await page.getByText('No device fits.').waitFor();
    }
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByRole('row').filter({ hasText: 'alice' }).waitFor();
    alice.close();
    await until(async () => await page.getByRole('row').filter({ hasText: 'alice' }).count() === 0, 'it goes with its connection');

    await page.goto(`${page.base}#/connections?tenant=t0`);
    await page.getByRole('link', { name: 'first' }).waitFor();
    await board.shot(page, 'connections');
    await page.getByRole('link', { name: 'first' }).click();
    await heading(page, /first/);
    await board.shot(page, 'connection');

    await page.goto(`${page.base}#/routes?tenant=t0`);
    await page.getByLabel('Callee').fill('2345');
    await page.getByLabel('Caller').fill('alice');
    await page.getByRole('button', { name: 'Explain' }).click();
    const targets = page.getByRole('list', { name: 'Targets' }).getByRole('listitem');
    await until(async () => await targets.count() === 3, 'three targets');
    assert.deepEqual(await targets.locator('b').allTextContents(), ['first', 'second', 'third']);
    await board.shot(page, 'routes');
  });

  test('an operator forces a connection down, and sees it', async () => {
    const page = await look('connections?tenant=t0');
    const row = page.getByRole('row').filter({ hasText: 'third' });
    await row.getByRole('button', { name: 'Force down' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Force down' }).click();
    await row.getByText('forced').first().waitFor();
    await row.getByRole('button', { name: 'Automatic' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Automatic' }).click();
    await until(async () => !/forced/.test(await row.innerText()), 'it is as before');
  });

  const COMMANDS = /^(Disconnect|Unregister|Register|Force|Drain|Undrain|Automatic|Hang up)/;
  const commands = (page) => page.getByRole('button', { name: COMMANDS }).count();

  test('a token that only reads sees all, and is offered no command', async () => {
    const alice = await board.tenant.phone('alice', { transport: 'ws' });
    const call = await board.call();
    const seen = [['registrations?tenant=t0', 'alice'], ['connections?tenant=t0', 'third'], ['nodes', 's1/1'], ['calls', 'via desk'], ['connections/t0/first', 'address'], [`calls/${await board.id()}`, 'Call-ID']];
    for (const [token, some] of [[READER, false], [undefined, true]]) {
      const page = await look('calls', { token });
      await page.getByRole('banner').getByText('read-only').waitFor({ state: some ? 'detached' : 'visible' });
      let offered = 0;
      for (const [view, text] of seen) {
        await page.goto(`${page.base}#/${view}`);
        await page.locator('main').getByText(text, { exact: true }).first().waitFor();
        offered += await commands(page);
      }
      assert.equal(offered > 0, some, `${offered} commands`);
    }
    await call.end();
    alice.close();
  });

  test('a token of one tenant sees that alone, and nothing of the cluster', async () => {
    const alice = await board.tenant.phone('alice', { transport: 'ws' });
    const call = await board.call();
    const id = await board.id();
    const mine = await look('overview', { token: MINE });
    await heading(mine, 't0');
    const tiles = mine.getByRole('list', { name: 'Figures of now' }).getByRole('listitem');
    await until(async () => {
      const figures = (await tiles.allInnerTexts()).map((text) => text.split(/\s*\n\s*/).slice(0, 2).join(' '));
      return figures.includes('Calls 1') && figures.includes('Devices 1') && figures.includes('Connections 6');
    }, 'its call, its device, its connections').catch(async (e) => { throw new Error(`${e.message}: ${JSON.stringify(await tiles.allInnerTexts())}`); });
    assert.deepEqual(await mine.getByRole('navigation', { name: 'Views' }).getByRole('link').allTextContents(),
      ['Overview', 'Calls', 'Registrations', 'Connections', 'Routes', 'Events']);
    await board.shot(mine, 'tenant-overview');
    await mine.goto(`${mine.base}#/registrations`);
    await mine.getByRole('row').filter({ hasText: 'alice' }).waitFor();
    assert.equal(await mine.getByLabel('Tenant').count(), 0, 'there is nothing to choose');
    assert.ok(await commands(mine) > 0);

    const theirs = await look('overview', { token: THEIRS });
    await heading(theirs, 't1');
    await theirs.getByRole('list', { name: 'Figures of now' }).getByText('0', { exact: true }).first().waitFor();
    await theirs.goto(`${theirs.base}#/calls`);
    await theirs.getByText('Nobody is on the phone.').waitFor();
    await theirs.goto(`${theirs.base}#/calls/${id}`);
    await theirs.getByText('no such call', { exact: false }).first().waitFor();
    await theirs.goto(`${theirs.base}#/registrations?tenant=t0`);
    await theirs.getByText('No device is registered.').waitFor();
    await theirs.goto(`${theirs.base}#/connections?tenant=t0`);
    await heading(theirs, 'Connections');
    assert.ok(!(await theirs.locator('main').innerText()).includes('t0'));
    await call.end();
    await theirs.goto(`${theirs.base}#/events`);
    await mine.goto(`${mine.base}#/events`);
    await mine.getByRole('log').getByText('call.ended').first().waitFor();
    // what comes behind it has come
    await live(theirs);
    const bob = await board.world.tenant().phone('bob', { transport: 'ws' });
    await theirs.getByRole('log').getByText('registration.added').first().waitFor();
    bob.close();
    assert.equal(await theirs.getByText('call.ended').count(), 0, 'nor hears of it');
    alice.close();
  });

  test('with the keyboard alone one gets everywhere, and reads a message', async () => {
    const call = await board.call();
    const page = await look('overview');
    await live(page);
    const focused = () => page.evaluate(() => {
      const el = document.activeElement;
      const style = getComputedStyle(el.querySelector('.row') ?? el);
      return { text: (el.getAttribute('aria-label') ?? el.textContent ?? '').trim(), tag: el.tagName, seen: style.outlineStyle !== 'none' || style.strokeWidth === '2px' };
    });
    const tabTo = async (fits, limit = 80) => {
      for (let i = 0; i < limit; i++) {
        await page.keyboard.press('Tab');
        const at = await focused();
        assert.ok(at.seen || at.tag === 'BODY', `the focus is seen at ${JSON.stringify(at)}`);
        if (fits(at)) return at;
      }
      throw new Error('not reached by the keyboard');
    };
    await tabTo(({ text }) => text === 'To the content');
    for (const name of ['Calls', 'Nodes', 'Events', 'Calls']) {
      await tabTo(({ text, tag }) => tag === 'A' && text === name);
      await page.keyboard.press('Enter');
      await heading(page, name);
    }
    await tabTo(({ text, tag }) => tag === 'A' && /^\d\d:\d\d/.test(text));
    await page.keyboard.press('Enter');
    await heading(page, /→/);
    await page.locator('.arrow').first().waitFor();
    await tabTo(({ text }) => /INVITE, received/.test(text));
    await page.keyboard.press('ArrowDown');
    assert.match((await focused()).text, /100|INVITE/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').locator('pre').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await page.evaluate(() => document.activeElement.classList.contains('arrow')), true, 'the focus is back');
    await call.end();
  });

  let faulty;
  for (const [scheme, device, width, height] of LOOKS) {
    test(`${scheme}, on a ${device}: nobody scrolls sideways, axe finds nothing`, async () => {
      const found = [];
      faulty ??= await board.silent();
      const call = await board.call();
      const page = await look('overview', { width, height, scheme, bypassCSP: true });
      await live(page);
      await page.locator('.plot canvas').first().waitFor();
      const axe = WITH_AXE.includes(`${scheme} ${device}`) && require('axe-core').source;
      for (const view of [...VIEWS, `calls/${await board.id()}`, `calls/${faulty}?over`, 'calls?list=recent']) {
        await page.goto(`${page.base}#/${view}`);
        await page.locator('h1').waitFor();
        if (view.includes('/')) await page.locator('.arrow').first().waitFor();
        await until(() => page.asked.size === 0, 'all is answered');
        const current = page.locator('nav [aria-current]');
        if (!await current.evaluate((a) => a.getBoundingClientRect().left >= 0 && a.getBoundingClientRect().right <= window.innerWidth)) found.push(`${view}: where one is cannot be seen`);
        if (await overflow(page) > 0) found.push(`${view} is ${await overflow(page)} px too wide`);
        await board.shot(page, `${scheme}-${device}-${view.replace(/\/[^?]*/, '-one').replace('?', '-').replace('=', '-')}`, { fullPage: true });
        if (!axe) continue;
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'] }));
        found.push(...violations.map((v) => `${view}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 4).join(', ')}`));
      }
      await call.end();
      assert.deepEqual(found, []);
    });
  }

  test('the switch goes before what the system says', async () => {
    const page = await look('calls', { scheme: 'dark' });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await heading(page, 'Calls');
    const dark = await ground();
    await page.getByRole('button', { name: /Colours/ }).click();
    assert.notEqual(await ground(), dark);
    await page.reload();
    await heading(page, 'Calls');
    assert.notEqual(await ground(), dark, 'it is kept');
  });
});
