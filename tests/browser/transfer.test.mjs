// Attended transfer (RFC 3515, RFC 3891): who hears whom before and after, with
// pages and PBXs in each place. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { World } from '../system/lib/pbx_world.mjs';
import { until } from '../system/lib/stack.mjs';

describe('attended transfer', { timeout: 480000 }, () => {
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
      routing: async (stack) => {
        world ??= new World(stack, { count: 12 });
        await world.open();
        return world.routing();
      },
    });
  });
  afterEach(async () => {
    for (const made of phones.splice(0)) await made.close();
    world.quiet();
    assert.deepEqual(world.faults(), []);
    await suite.stack.audit(8000);
  });
  after(async () => {
    await suite.stop();
    world.close();
  });

  // Both hear each other, of pages { page, id } and calls of PBXs { rtp }, each
  // with its own tone.
  const hear = (...sides) => Promise.all(sides.map(([at, hz]) => (at.rtp ? at.rtp.hears(hz) : at.page.hears(at.id, hz))));

  async function pages(from, to, user, [hz, far]) {
    const id = await from.call(user, hz);
    const into = await to.incoming();
    await to.answer(into, far);
    await Promise.all([from.up(id), to.up(into)]);
    await hear([{ page: from, id }, far], [{ page: to, id: into }, hz]);
    return [id, into];
  }

  async function withPbx(page, pbx, number, [hz, far]) {
    const id = await page.call(number, hz);
    const into = await pbx.incoming();
    await into.pickUp({ frequency: far });
    await page.up(id);
    await hear([{ page, id }, far], [into, hz]);
    return [id, into];
  }

  const refer = (call) => until(() => call.requests.find((msg) => msg.method === 'REFER'), 'REFER comes');

  // The PBX does as it was asked to; what it calls, and with what.
  function obey(pbx, msg, frequency) {
    const [, uri, given] = msg.get('refer-to').match(/<([^?>]*)\?Replaces=([^&>]*)/);
    return pbx.callWith(uri, { headers: [['Replaces', decodeURIComponent(given)]], rtp: { frequency } });
  }

  for (const library of ['jssip', 'sip.js']) {
    test(`${library} joins a PBX and a page`, async () => {
      const t = world.tenant();
      const [alice, carol] = [await phone(t, 'alice', library), await phone(t, 'carol', library)];
      const [one, into] = await withPbx(alice, t.pbx, '100', [1000, 440]);
      const [two, far] = await pages(alice, carol, 'carol', [1000, 700]);
      await alice.transfer(one, two);
      const call = await obey(into.ua, await refer(into), 550);
      assert.equal((await call.final).code, 200);
      const joined = await carol.incoming();
      await carol.up(joined);
      await hear([{ page: carol, id: joined }, 550], [call, 700]);
      // carol has left alice
      await Promise.all([alice.final(two), carol.final(far)]);
      await alice.hangup(one);
      await into.ended();
      await carol.hangup(joined);
      await call.ended();
    });

    test(`${library} joins two pages`, async () => {
      const t = world.tenant();
      const [alice, bob, carol] = [await phone(t, 'alice', library), await phone(t, 'bob', library), await phone(t, 'carol', library)];
      const [one, mine] = await pages(alice, bob, 'bob', [1000, 440]);
      const [two, far] = await pages(alice, carol, 'carol', [1000, 700]);
      await alice.transfer(one, two);
      await alice.told(one, 'transferred');
      const [calls, called] = [await bob.incoming(), await carol.incoming()];
      await Promise.all([bob.up(calls), carol.up(called)]);
      await hear([{ page: bob, id: calls }, 700], [{ page: carol, id: called }, 440]);
      await Promise.all([alice.final(two), carol.final(far)]);
      if ((await alice.state(one)).final === null) await alice.hangup(one);
      await bob.final(mine);
      await bob.hangup(calls);
      await carol.final(called);
    });

    test(`${library}: a PBX joins two pages`, async () => {
      const t = world.tenant();
      const [alice, bob] = [await phone(t, 'alice', library), await phone(t, 'bob', library)];
      const meet = async (page, user, hz) => {
        const call = await t.pbx.callWith(user, { rtp: { frequency: 550 } });
        const id = await page.incoming();
        await page.answer(id, hz);
        assert.equal((await call.final).code, 200);
        await page.up(id);
        await hear([{ page, id }, 550], [call, hz]);
        return [call, id];
      };
      const [one, mine] = await meet(alice, 'alice', 440);
      const [two, theirs] = await meet(bob, 'bob', 700);
      const given = encodeURIComponent(`${two.callid};to-tag=${two.remoteTag};from-tag=${two.localTag}`);
      const res = await one.within('REFER', { headers: [['Contact', t.pbx.contact], ['Refer-To', `<${two.target}?Replaces=${given}>`]] });
      assert.equal(res.code, 202);
      const [calls, called] = [await alice.incoming(), await bob.incoming()];
      await Promise.all([alice.up(calls), bob.up(called)]);
      await hear([{ page: alice, id: calls }, 700], [{ page: bob, id: called }, 440]);
      await two.ended();
      await bob.final(theirs);
      await one.within('BYE');
      await alice.final(mine);
      await alice.hangup(calls);
      await bob.final(called);
    });

    test(`${library} joins a PBX and another one`, async () => {
      const t = world.tenant();
      const alice = await phone(t, 'alice', library);
      // the desk calls: what comes from it may go on
      const first = await t.desk.callWith('alice', { rtp: { frequency: 440 } });
      const one = await alice.incoming();
      await alice.answer(one, 1000);
      assert.equal((await first.final).code, 200);
      await alice.up(one);
      await hear([{ page: alice, id: one }, 440], [first, 1000]);
      const [two, far] = await withPbx(alice, t.pbx, '100', [1000, 700]);
      await alice.transfer(one, two);
      const call = await obey(t.desk, await refer(first), 550);
      const into = await t.pbx.incoming();
      assert.match(into.invited.get('replaces'), new RegExp(`^${far.callid};`));
      await into.pickUp({ frequency: 800 });
      assert.equal((await call.final).code, 200);
      await hear([call, 800], [into, 550]);
      // as RFC 3891 3 asks of who is called
      assert.equal((await far.within('BYE')).code, 200);
      await alice.final(two);
      await alice.hangup(one);
      await first.ended();
      assert.equal((await call.within('BYE')).code, 200);
      await into.ended();
    });
  }
});
