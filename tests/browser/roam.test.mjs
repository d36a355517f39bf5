// A browser whose address changes in the middle of a call. Chromium: the same credentials, a valid
// check from elsewhere, and the call goes on. Firefox looks for another way only when its page asks
// for it by a restart of ICE, as a page does that is told of a path that is gone.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { Suite } from './lib.mjs';
import { CARDS, SERVER, inOwnNetwork, loseCard, secondCard, serverAddress } from './netns.mjs';
import { B, until } from '../system/lib/stack.mjs';

inOwnNetwork();

for (const browser of ['chromium', 'firefox']) {
  describe(`${browser} with two networks`, { timeout: 360000 }, () => {
    const suite = new Suite();
    before(async () => {
      serverAddress();
      secondCard();
      await suite.start({ browser, mediaAddress: SERVER });
    });
    after(() => suite.stop());

    test('loses the one that its call goes by, and keeps the call', async (t) => {
      const alice = await suite.phone('jssip', 'alice');
      const call = await alice.call('echo', 1000);
      await alice.up(call);
      await alice.hears(call, 1000);
      const { address, received } = await alice.stats(call);
      assert.ok(CARDS[address], `by ${address}`);

      loseCard(address);
      const from = Date.now();
      if (browser === 'firefox') {
        await until(async () => (await alice.ice(call)).state === 'disconnected', 'ICE is disconnected', 30000);
        assert.ok(await alice.restart(call));
      }
      await until(async () => (await alice.stats(call)).received > received + 100, 'packets come again', 30000);
      await alice.hears(call, 1000);
      const now = await alice.stats(call);
      t.diagnostic(`from ${address} to ${now.address}, heard again after ${Date.now() - from} ms`);
      assert.notEqual(now.address, address);
      await alice.hangup(call);
      await alice.close();
      await suite.stack.audit();
    });
  });
}

describe('the softphone page in Firefox with two networks', { timeout: 240000 }, () => {
  const suite = new Suite();
  before(async () => {
    serverAddress();
    secondCard();
    await suite.start({ browser: 'firefox', mediaAddress: SERVER, webRoot: path.join(B, 'web'),
      prefs: { 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true,
        'media.autoplay.block-webaudio': false } });
  });
  after(() => suite.stop());

  // the first INVITE that would mend it is refused (503), as Redis is away
  test('loses one of them and, refused at first, mends its call by itself', async (t) => {
    const context = await suite.browser.newContext();
    const page = await context.newPage();
    const click = (text) => page.evaluate((t_) => [...document.querySelectorAll('button')]
      .find((b) => b.textContent.trim() === t_ && b.checkVisibility()).click(), text);
    // what comes, by the page's own connection: its microphone here has no sound
    await page.evaluateOnNewDocument(() => {
      const Plain = window.RTCPeerConnection;
      window.RTCPeerConnection = function connection(...args) {
        window.last = new Plain(...args);
        return window.last;
      };
      window.refused = 0;
      const Wire = window.WebSocket;
      window.WebSocket = function socket(...args) {
        const made = new Wire(...args);
        made.addEventListener('message', ({ data }) => {
          if (/^SIP\/2\.0 503[^]*CSeq: \d+ INVITE/.test(data)) window.refused += 1;
        });
        return made;
      };
    });
    const received = () => page.evaluate(async () => [...(await window.last.getStats()).values()]
      .find((one) => one.type === 'inbound-rtp')?.packetsReceived ?? 0);
    const text = () => page.evaluate(() => document.body.innerText);
    await page.goto(`https://localhost:${suite.stack.wssPort}/`);
    await page.type('#user', 'alice');
    await page.type('#password', 'alice-secret');
    await click('Log in');
    await until(async () => (await text()).includes('online as alice'), 'it is registered');
    await page.type('#number', 'echo');
    await click('Call');
    await until(async () => (await received()) > 100, 'the echo comes');
    const ours = async () => {
      const [key] = await suite.stack.redis.call('KEYS', 'cb:{c:*}:media:*');
      const fields = await suite.stack.redis.call('HGETALL', key);
      return Object.fromEntries(fields[fields.indexOf('leg.1') + 1].split(' ').map((pair) => pair.split('=')));
    };
    loseCard(await page.evaluate(async () => {
      const all = [...(await window.last.getStats()).values()];
      const pair = all.find((one) => one.type === 'candidate-pair' && one.selected);
      return all.find((one) => one.id === pair.localCandidateId).address;
    }));
    const from = Date.now();
    const sent = Number((await ours())['in-packets']);
    const had = await received();
    const redis = suite.stack.procs.get('redis');
    redis.kill('SIGSTOP');
    try {
      await until(() => page.evaluate(() => window.refused > 0), 'an INVITE is refused', 40000);
      // what a browser offered in vain is taken back
      await until(() => page.evaluate(() => window.last.signalingState === 'stable'), 'it is as before');
      assert.match(await text(), /Hang up/, 'the call is still up');
    } finally {
      redis.kill('SIGCONT');
    }
    await until(async () => (await received()) > had + 400, 'packets come again', 40000);
    await until(async () => Number((await ours())['in-packets']) > sent + 400, 'packets of the page, too', 40000);
    t.diagnostic(`eight seconds of it after ${Date.now() - from} ms`);
    await click('Hang up');
    await until(async () => (await text()).includes('You hung up'), 'it is over');
    await context.close();
    await suite.stack.audit();
  });
});
