// The softphone page that sigd serves, used as a person would.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { B, until } from '../system/lib/stack.mjs';
import { Suite } from './lib.mjs';

const shots = path.join(B, 'log', 'phone');

describe('the softphone page', { timeout: 360000 }, () => {
  const suite = new Suite();
  before(() => {
    fs.mkdirSync(shots, { recursive: true });
    return suite.start({ webRoot: path.join(B, 'web') });
  });
  after(() => suite.stop());

  const phone = { width: 390, height: 844 };

  async function open(viewport = phone, more = {}) {
    const context = await suite.browser.newContext({ ignoreHTTPSErrors: true, viewport, ...more });
    const page = await context.newPage();
    page.setDefaultTimeout(15000);
    page.faults = [];
    page.on('pageerror', (e) => page.faults.push(String(e)));
    page.on('console', (m) => { if (/Content Security Policy/.test(m.text())) page.faults.push(m.text()); });
    await page.goto(`https://localhost:${suite.stack.wssPort}/`);
    return page;
  }

  async function login(page, user, password = `${user}-secret`) {
    await page.getByLabel('User').fill(user);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
  }

  const online = (page, user) => page.getByText(`online as ${user}`, { exact: true }).first().waitFor();
  const shot = (page, name) => page.screenshot({ path: path.join(shots, `${name}.png`) });

  async function close(page) {
    assert.deepEqual(page.faults, []);
    await page.context().close();
  }

  test('a wrong password is told in words, the right one logs in', async () => {
    const page = await open();
    await shot(page, 'login');
    await login(page, 'alice', 'wrong');
    await page.getByRole('alert').getByText('Wrong user or password').waitFor();
    await login(page, 'alice');
    await online(page, 'alice');
    assert.equal(await page.locator('#password').inputValue(), '');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.locator('#login').waitFor();
    await close(page);
  });

  test('a call by the dial pad: codec, loss, jitter and round trip are shown, mute and hold work', async () => {
    const page = await open();
    await login(page, 'alice');
    await online(page, 'alice');
    for (const key of '123') await page.locator(`#dial .pad [data-digit="${key}"]`).click();
    assert.equal(await page.locator('#number').inputValue(), '123');
    await shot(page, 'dial');
    await page.locator('#erase').click();
    assert.equal(await page.locator('#number').inputValue(), '12');
    await page.locator('#number').fill('echo');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await page.locator('#progress').getByText(/^0?\d+:\d\d/).waitFor();
    const figure = (id) => page.locator(`#${id}`).textContent();
    await until(async () => (await figure('codec')) === 'opus', 'codec is shown');
    await until(async () => /^0\.0 %$/.test(await figure('loss')), 'no loss is shown');
    await until(async () => /^\d+ ms$/.test(await figure('jitter')), 'jitter is shown');
    await until(async () => /^\d+ ms$/.test(await figure('rtt')), 'round trip is shown');
    // the microphone's beeps come back, and do not when it is muted
    const level = () => page.evaluate(() => Number(document.getElementById('level').style.getPropertyValue('--level')));
    await until(async () => (await level()) > 0.3, 'the echo is heard');
    await page.getByRole('button', { name: 'Mute' }).click();
    await until(async () => {
      for (let i = 0; i < 6; i++) {
        if ((await level()) > 0.1) return false;
        await page.waitForTimeout(250);
      }
      return true;
    }, 'nothing is heard when muted');
    await page.getByRole('button', { name: 'Unmute' }).click();
    await until(async () => (await level()) > 0.3, 'the echo is heard again');
    await page.getByRole('button', { name: 'Hold', exact: true }).click();
    await page.locator('#progress').getByText('on hold').waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Hold', exact: true }).waitFor();
    await until(async () => (await level()) > 0.3, 'the echo is heard after the hold');
    await page.getByRole('button', { name: 'Keys' }).click();
    for (const key of '1*#') await page.locator(`#keys [data-digit="${key}"]`).click();
    assert.equal(await page.locator('#sent').textContent(), '1*#');
    await shot(page, 'call');
    await page.getByRole('button', { name: 'Hang up' }).click();
    await page.getByText('You hung up', { exact: true }).first().waitFor();
    await suite.stack.audit();
    await close(page);
  });

  test('two people: ringing, declined, then answered, and the end is told to both', async () => {
    const alice = await open({ width: 1280, height: 900 });
    const bob = await open(phone, { colorScheme: 'dark' });
    await login(alice, 'alice');
    await login(bob, 'bob');
    await online(alice, 'alice');
    await online(bob, 'bob');

    await alice.locator('#number').fill('bob');
    await alice.locator('#number').press('Enter');
    await bob.getByText('is calling').waitFor();
    await alice.getByText('ringing …').waitFor();
    await shot(bob, 'incoming');
    await shot(alice, 'desk');
    await bob.getByRole('button', { name: 'Decline' }).click();
    await alice.locator('#ended').getByText(/Not available|Declined|Busy/).waitFor();

    await alice.getByRole('button', { name: 'Call', exact: true }).click();
    await bob.getByRole('button', { name: 'Answer' }).click();
    for (const page of [alice, bob]) await page.locator('#progress').getByText(/^0?\d+:\d\d/).waitFor();

    // a camera within the call is seen by the other side, until it is off
    const seen = (page) => page.evaluate(() => document.getElementById('far').videoWidth);
    assert.equal(await bob.locator('#sight').isVisible(), false);
    await alice.getByRole('button', { name: 'Camera', exact: true }).click();
    await alice.locator('#near').waitFor();
    await bob.locator('#far').waitFor();
    await until(async () => (await seen(bob)) > 0, 'a picture comes');
    await bob.getByRole('button', { name: 'Camera', exact: true }).click();
    await until(async () => (await seen(alice)) > 0, 'one goes back');
    await shot(bob, 'sight');
    await alice.getByRole('button', { name: 'No camera' }).click();
    await until(() => bob.evaluate(() => document.getElementById('far').srcObject === null), 'it is off');
    await alice.getByRole('button', { name: 'Hang up' }).click();
    await bob.locator('#ended').getByText('The other side hung up').waitFor();
    await suite.stack.audit();
    await close(alice);
    await close(bob);
  });

  test('a number that nobody has is told in words', async () => {
    const page = await open();
    await login(page, 'alice');
    await online(page, 'alice');
    await page.locator('#number').fill('nobody-here');
    await page.locator('#number').press('Enter');
    await page.locator('#ended').getByText('Nobody has this number (404)').waitFor();
    await close(page);
  });
});
