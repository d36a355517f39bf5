// Video between pages, in Chromium: decoded, and what was shown.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { sleep, until } from '../system/lib/stack.mjs';

describe('video between pages', { timeout: 480000 }, () => {
  const suite = new Suite();
  before(() => suite.start());
  after(() => suite.stop());

  const pair = async () => [await suite.phone('jssip', 'alice'), await suite.phone('jssip', 'bob')];
  const up = async (alice, bob, shown = 'red', answer = 'blue') => {
    const out = await alice.call('bob', 700, shown);
    const into = await bob.incoming();
    await bob.answer(into, 1900, answer);
    await alice.up(out);
    await bob.up(into);
    return [out, into];
  };
  const end = async (alice, bob, out) => {
    await alice.hangup(out);
    await alice.close();
    await bob.close();
    await suite.stack.audit();
  };

  for (const codec of ['VP8', 'VP9', 'H264', 'AV1']) {
    test(`${codec} is seen on both sides`, async (t) => {
      const [alice, bob] = await pair();
      if (!(await alice.prefer(codec))) {
        await alice.close();
        await bob.close();
        t.skip('this browser has no encoder for it');
        return;
      }
      const [out, into] = await up(alice, bob);
      await bob.sees(into, 'red');
      await alice.sees(out, 'blue');
      await alice.hears(out, 1900);
      await bob.hears(into, 700);
      const before = [await alice.stats(out), await bob.stats(into)];
      let later = [];
      await until(async () => {
        later = [await alice.stats(out), await bob.stats(into)];
        return later.every(({ video }, i) => video.frames > before[i].video.frames + 20);
      }, 'twenty more pictures').catch((e) => { throw new Error(`${e.message} ${JSON.stringify(later)}`); });
      later.forEach(({ video }) => {
        assert.equal(video.codec, `video/${codec}`);
        assert.ok(video.keys >= 1);
        assert.ok(video.lost <= video.received * 0.01, `lost ${video.lost} of ${video.received}`);
      });
      t.diagnostic(JSON.stringify(later.map((s) => s.video)));
      await end(alice, bob, out);
    });
  }

  test('who has no camera sees, too', async () => {
    const [alice, bob] = await pair();
    const [out, into] = await up(alice, bob, 'red', false);
    await bob.sees(into, 'red');
    await bob.hears(into, 700);
    await end(alice, bob, out);
  });

  test('a camera is switched on within a call', async () => {
    const [alice, bob] = await pair();
    const [out, into] = await up(alice, bob, false, false);
    await bob.hears(into, 700);
    await alice.show(out, 'green');
    await bob.sees(into, 'green');
    await bob.show(into, 'blue');
    await alice.sees(out, 'blue');
    await bob.hears(into, 700);
    await end(alice, bob, out);
  });

  test('hold and back again: the picture is whole at once', async () => {
    const [alice, bob] = await pair();
    const [out, into] = await up(alice, bob);
    await bob.sees(into, 'red');
    await alice.hold(out);
    await until(async () => (await bob.state(into)).log.includes('hold'), 'hold');
    await sleep(1000);
    const { video: { frames } } = await bob.stats(into);
    await alice.resume(out);
    await until(async () => (await bob.stats(into)).video.frames > frames + 10, 'pictures again');
    await bob.sees(into, 'red');
    await alice.sees(out, 'blue');
    await end(alice, bob, out);
  });

  test('an echo shows the page itself', async () => {
    const alice = await suite.phone('jssip', 'alice');
    const call = await alice.call('echo', 1000, 'green');
    await alice.up(call);
    await alice.sees(call, 'green');
    await alice.hears(call, 1000);
    await alice.hangup(call);
    await alice.close();
    await suite.stack.audit();
  });

  test('pictures go on when the media process is killed', async () => {
    const [alice, bob] = await pair();
    const [out, into] = await up(alice, bob);
    await bob.sees(into, 'red');
    await alice.sees(out, 'blue');
    const dead = suite.stack.workers('mediad');
    for (const pid of Object.values(dead)) process.kill(pid, 'SIGKILL');
    await sleep(1500);
    const before = [await alice.stats(out), await bob.stats(into)];
    await until(async () => (await bob.stats(into)).video.frames > before[1].video.frames + 20
      && (await alice.stats(out)).video.frames > before[0].video.frames + 20, 'pictures again');
    await bob.sees(into, 'red');
    await end(alice, bob, out);
  });
});
