// What a page hears of the media server: music while a PBX has the call on
// hold, an announcement, a ringing tone. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import fs from 'node:fs';
import { Suite } from './lib.mjs';
import { World } from '../system/lib/pbx_world.mjs';
import { tone, writeWav } from '../system/lib/pbx_sound.mjs';
import { until } from '../system/lib/stack.mjs';

class Served extends World {
  yaml(tenant, i) {
    return `${super.yaml(tenant, i)}      - {name: info, match: {callee: "info"}, to: {announcement: {sound: closed, answer: true}}}
      - {name: closed, match: {callee: "closed"}, to: {announcement: {sound: closed, code: 486}}}
    ringback: ring-de
`;
  }
}

describe('a page and the services', { timeout: 240000 }, () => {
  const suite = new Suite();
  let world = null;
  let phones = [];
  const phone = async (tenant, user, library) => {
    const made = await suite.phone(library, user, `${user}-secret`, { host: tenant.domain });
    phones.push(made);
    return made;
  };

  before(async () => {
    await suite.start({
      rtpPorts: 400,
      mediad: 'sounds: {dir: sounds}\n',
      routing: async (stack) => {
        fs.mkdirSync(stack.file('sounds'));
        fs.writeFileSync(stack.file('sounds/jazz.wav'), writeWav(tone(700), 3));
        fs.writeFileSync(stack.file('sounds/closed.wav'), writeWav(tone(1200), 5));
        world ??= new Served(stack, { count: 6, keys: ', music: jazz' });
        await world.open();
        world.challenge();
        return world.routing();
      },
    });
    await until(() => /sounds loaded/.test(suite.stack.log('mediad.log')), 'the sounds are loaded');
  });
  afterEach(async () => {
    for (const made of phones.splice(0)) await made.close();
    world.quiet();
    await suite.stack.audit();
  });
  after(async () => {
    await suite.stop();
    world.close();
  });

  for (const library of ['jssip', 'sipjs']) {
    test(`${library}: a PBX holds, and the page hears music`, async () => {
      const t = world.tenant();
      const alice = await phone(t, 'alice', library);
      const call = await alice.call('100', 1000);
      const into = await t.pbx.incoming();
      into.ring();
      await into.pickUp({ frequency: 440 });
      await alice.up(call);
      await Promise.all([alice.hears(call, 440), into.rtp.hears(1000)]);
      await into.hold();
      await alice.hears(call, 700);
      await into.resume();
      await Promise.all([alice.hears(call, 440), into.rtp.hears(1000)]);
      await alice.hangup(call);
      await into.ended();
    });
  }

  test('an announcement is heard, and hangs up', async () => {
    const alice = await phone(world.tenant(), 'alice', 'jssip');
    const call = await alice.call('info', 1000);
    await alice.up(call);
    await alice.hears(call, 1200);
    await until(async () => (await alice.state(call)).final !== null, 'it has ended');
  });
});
