// Browsers against the whole system: JsSIP and SIP.js in Chromium.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';

describe('calls from a browser', { timeout: 480000 }, () => {
  const suite = new Suite();
  before(() => suite.start());
  after(() => suite.stop());

  // A full-scale sine is 3.14 dB over 0 dBm0 (G.711); tone is at -10 dBm0:
  // see mediad/sound/service.h.
  const services = [
    { target: 'echo', frequency: 1000, level: 20 * Math.log10(0.25) },
    { target: 'tone', frequency: 440, level: -13.14 },
    { target: 'milliwatt', frequency: 1004, level: -3.14 },
  ];

  for (const library of ['jssip', 'sip.js']) {
    test(`${library} registers and hears each service`, async () => {
      const phone = await suite.phone(library, 'alice');
      assert.equal(phone.registered, 200);
      for (const { target, frequency, level } of services) {
        const call = await phone.call(target, 1000);
        await phone.up(call);
        const heard = await phone.hears(call, frequency);
        assert.ok(Math.abs(heard.level - level) < 1, `${target}: ${heard.level} dB, want ${level}`);
        const stats = await phone.stats(call);
        assert.ok(stats.received > 10);
        assert.ok(stats.lost <= stats.received * 0.01, `lost ${stats.lost} of ${stats.received}`);
        assert.match(stats.codec, /opus/i);
        await phone.hangup(call);
        assert.equal(await phone.final(call), 'local');
      }
      await phone.close();
      await suite.stack.audit();
    });

    test(`${library}: a wrong password is refused`, async () => {
      const phone = await suite.phone(library, 'bob', 'not-the-password');
      assert.equal(phone.registered, 401);
      await phone.close();
    });

    test(`${library}: an unknown number is 404, a cancelled call 487`, async () => {
      const phone = await suite.phone(library, 'alice');
      const unknown = await phone.call('nobody-of-that-name');
      assert.equal(await phone.final(unknown), 404);

      const callee = await suite.phone('jssip', 'carol');
      const call = await phone.call('carol');
      const ringing = await callee.incoming();
      await phone.hangup(call);
      assert.ok(await phone.final(call));
      assert.equal(await callee.final(ringing) !== null, true);
      await phone.close();
      await callee.close();
      await suite.stack.audit();
    });
  }

  test('a page that has its camera first is heard', async () => {
    const phone = await suite.phone('jssip', 'alice');
    const call = await phone.call('echo', 1000, true);
    await phone.up(call);
    await phone.hears(call, 1000);
    await phone.hangup(call);
    await phone.close();
    await suite.stack.audit();
  });

  test('two pages on different workers hear each other', async () => {
    // the worker that a user's latest REGISTER came to, from its log
    const worker = (user) => suite.stack.log('sigd.log').split('\n')
      .filter((line) => line.includes('msg=registered') && line.includes(`user=${user} bindings=1`))
      .pop()?.match(/proc=(\S+)/)[1];
    const alice = await suite.phone('jssip', 'alice');
    let bob = await suite.phone('sip.js', 'bob');
    for (let i = 0; i < 40 && worker('bob') === worker('alice'); i++) {
      await bob.close();
      bob = await suite.phone('sip.js', 'bob');
    }
    assert.notEqual(worker('bob'), worker('alice'));
    const out = await alice.call('bob', 700);
    const into = await bob.incoming();
    await bob.answer(into, 1900);
    await alice.up(out);
    await bob.up(into);
    await alice.hears(out, 1900);
    await bob.hears(into, 700);
    assert.match((await alice.stats(out)).codec, /opus/i);
    await bob.hangup(into);
    assert.equal(await alice.final(out), 'remote');
    await alice.close();
    await bob.close();
    await suite.stack.audit();
  });
});
