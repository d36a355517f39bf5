// ICE is restarted in a running call (RFC 8445, 2.4): other credentials on both sides, one
// association, and nothing is missed. Also twice in a row, and together with a change of address.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { CARDS, SERVER, inOwnNetwork, loseCard, secondCard, serverAddress } from './netns.mjs';
import { until } from '../system/lib/stack.mjs';

inOwnNetwork();

const MISSED_MS = 400; // of sound, that is made up, on a busy machine
const CONNECTED = /^(connected|completed)$/;

// What it hears of another's sound, in ms; what it had to make up.
async function heard(phone, call) {
  const { samples, concealed, lost, dtls } = await phone.stats(call);
  return { ms: samples / 48, missed: concealed / 48, lost, dtls };
}

// The offer has other credentials, and so has the answer.
async function renewed(phone, call, was) {
  let now = null;
  await until(async () => {
    now = await phone.ice(call);
    return now.stable && now.ours !== was.ours && now.theirs !== was.theirs;
  }, 'other credentials').catch((e) => { throw new Error(`${e.message}: ${JSON.stringify([was, now])}`); });
  return now;
}

const connected = (phone, call) => until(async () => CONNECTED.test((await phone.ice(call)).state), 'ICE is connected again');

for (const browser of ['chromium', 'firefox']) {
  describe(`ICE is restarted in ${browser}`, { timeout: 360000 }, () => {
    const suite = new Suite();
    const seen = new Set();
    before(async () => {
      serverAddress();
      secondCard();
      await suite.start({ browser, mediaAddress: SERVER });
    });
    after(() => suite.stop());

    async function talk(library) {
      const alice = await suite.phone(library, 'alice');
      const carol = await suite.phone('jssip', 'carol');
      const call = await alice.call('carol', 1000);
      const incoming = await carol.incoming();
      await carol.answer(incoming, 1500);
      await alice.up(call);
      await Promise.all([alice.hears(call, 1500), carol.hears(incoming, 1000)]);
      return { alice, carol, call, incoming, log: await log(2) };
    }

    async function end({ alice, carol, call, incoming, log: before }, restarts) {
      await alice.hangup(call);
      assert.notEqual(await carol.final(incoming), null);
      await oneHandshake(before, restarts);
      await alice.close();
      await carol.close();
      await suite.stack.audit();
    }

    // The log of the call that was made last, with what there is of handshakes, when each leg has its keys.
    async function log(legs) {
      const { stack } = suite;
      const key = await until(async () => (await stack.redis.call('KEYS', 'cb:{c:*}:log:*'))
        .find((one) => /:[0-9a-f]{16}$/.test(one) && !seen.has(one)), 'a log');
      seen.add(key);
      const dtls = await until(async () => {
        const found = await kinds(key, /^dtls\./);
        return found.filter((kind) => kind === 'dtls.done').length === legs && found;
      }, 'handshakes');
      return { key, dtls };
    }

    async function kinds(key, which) {
      const all = await suite.stack.redis.call('XRANGE', key, '-', '+');
      return all.map(([, fields]) => fields[fields.indexOf('kind') + 1]).filter((kind) => which.test(kind));
    }

    // To the end of the call ICE began anew so many times, and DTLS never: RFC 8445, 2.4.
    async function oneHandshake({ key, dtls }, restarts) {
      await until(async () => (await kinds(key, /^session\.ended$/)).length, 'the end is in the log');
      assert.equal((await kinds(key, /^ice\.restart$/)).length, restarts, 'restarts');
      assert.deepEqual(await kinds(key, /^dtls\./), dtls, 'no other handshake');
    }

    const both = ({ alice, carol, call, incoming }) => Promise.all([heard(alice, call), heard(carol, incoming)]);

    async function notMissed(t, talking, was, limit = MISSED_MS) {
      const { alice, carol, call, incoming } = talking;
      await Promise.all([alice.hears(call, 1500), carol.hears(incoming, 1000)]);
      const now = await both(talking);
      const [here, there] = now.map((one, i) => Math.round(one.missed - was[i].missed));
      t.diagnostic(`missed of ${Math.round(now[0].ms - was[0].ms)} ms: ${here} ms here, ${there} ms there`);
      assert.ok(here <= limit && there <= limit, `missed ${here} and ${there} ms`);
      if (now[0].dtls) assert.equal(now[0].dtls, 'connected');
    }

    for (const library of ['jssip', 'sip.js']) {
      test(`by ${library}: who calls, and twice in a row`, async (t) => {
        const talking = await talk(library);
        const { alice, call } = talking;
        let was = await both(talking);
        let ice = await alice.ice(call);
        assert.ok(await alice.restart(call));
        ice = await renewed(alice, call, ice);
        await connected(alice, call);
        await notMissed(t, talking, was);

        was = await both(talking);
        for (let i = 0; i < 2; i++) { // the second one while checks of the first are under way
          await until(() => alice.restart(call), 'it may restart');
          ice = await renewed(alice, call, ice);
        }
        await connected(alice, call);
        await notMissed(t, talking, was);
        await end(talking, 3);
      });
    }

    test('who is called', async (t) => {
      const talking = await talk('jssip');
      const { carol, incoming } = talking;
      const was = await both(talking);
      const ice = await carol.ice(incoming);
      assert.ok(await carol.restart(incoming));
      await renewed(carol, incoming, ice);
      await connected(carol, incoming);
      await notMissed(t, talking, was);
      await end(talking, 1);
    });

    test('in the moment in which the address changes', async (t) => {
      const alice = await suite.phone('jssip', 'alice');
      const call = await alice.call('echo', 1000);
      await alice.up(call);
      await alice.hears(call, 1000);
      const before = await log(1);
      const { address, received } = await alice.stats(call);
      assert.ok(CARDS[address], `by ${address}`);
      const ice = await alice.ice(call);
      loseCard(address);
      const from = Date.now();
      assert.ok(await alice.restart(call));
      await renewed(alice, call, ice);
      await until(async () => (await alice.stats(call)).received > received + 100, 'packets come again', 30000);
      t.diagnostic(`heard again after ${Date.now() - from} ms`);
      await alice.hears(call, 1000);
      assert.notEqual((await alice.stats(call)).address, address);
      await alice.hangup(call);
      await oneHandshake(before, 1);
      await alice.close();
      await suite.stack.audit();
    });
  });
}
