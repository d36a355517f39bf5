// Who does not come back in time: noticed although nothing comes in, told once,
// whichever node had the device and whoever dies meanwhile.
// SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Nodes } from './lib/nodes.mjs';
import { Ua } from './lib/sip.mjs';
import { until } from './lib/stack.mjs';

const FIRST_S = 5;
const AGENT = ['User-Agent', 'Lapsing 1.0'];
const SIP = `sip: {t1: 50ms, t2: 400ms, t4: 500ms, flow_grace: 500ms}
registrar: {min: 1s}
events: {file: events.jsonl}
`;
const routing = `tenants:
  demo:
    domains: [t.test]
    realm: cordboard
    users:
${['alice', 'bob', 'carol', 'dave'].map((u) => `      ${u}: {password: ${u}-secret}`).join('\n')}
    connections:
      office: {kind: inbound, username: office, password: office-secret, sources: [127.0.0.0/24]}
`;

describe('expiry', { timeout: 240000 }, () => {
  const stack = new Nodes({ routing, sip: SIP, rtpPorts: 40 });
  let uas = [];
  before(async () => {
    await stack.start();
    await until(async () => (await stack.redis.call('EXISTS', 'cb:{n:s1}:file:places', 'cb:{n:s2}:file:places')) === 2, 'the feeds');
  });
  afterEach(() => { for (const ua of uas.splice(0)) ua.close(); });
  after(() => stack.stop());

  const ua = async (user, { at = stack, ...options } = {}) => {
    const one = await Ua.open(at, { user, domain: 't.test', ...options });
    uas.push(one);
    return one;
  };
  const register = async (phone, expires) => assert.equal((await phone.register({ expires, headers: [AGENT] })).code, 200);
  const log = async (path) => (await stack.rest('GET', `/v1/${path}/log`)).body.entries;
  // both nodes write all of them
  const told = (user) => {
    const lines = stack.log('events.jsonl').split('\n').filter((l) => l.endsWith('}')).map((l) => JSON.parse(l));
    return [...new Map(lines.map((e) => [e.id, e])).values()].filter((e) => e.type.startsWith('registration.') && e.data.user === user);
  };
  const types = (user) => told(user).map((e) => e.type.replace('registration.', ''));
  const gone = async () => !(await stack.redis.call('ZCARD', 'cb:{due}:binding'));

  for (const [user, transport, at] of [['alice', 'udp', 0], ['bob', 'wss', 1]]) {
    test(`a device over ${transport} that does not come back is told of once`, async () => {
      const phone = await ua(user, { transport, at: at ? stack.second : stack });
      // a refresh puts it off; it comes in time on a machine that stands still, too
      await register(phone, FIRST_S);
      const began = Date.now();
      await register(phone, FIRST_S + 1);
      await until(() => types(user).includes('expired'), 'it is told');
      assert.ok(Date.now() - began > FIRST_S * 1000 + 500, `${Date.now() - began} ms`);
      assert.deepEqual(types(user), ['added', 'expired']);
      const [event] = told(user).slice(-1);
      assert.match(event.data.flow, transport === 'udp' ? /^s1\/\d\/udp\// : /^s2\/\d\/wss\//);
      assert.equal(event.tenant, 'demo');
      const entries = await log(`registrations/demo/${user}`);
      assert.deepEqual(entries.map((e) => e.event), ['expired', 'refreshed', 'registered']);
      const [last, refreshed] = entries;
      for (const name of ['device', 'address', 'flow', 'agent']) assert.equal(last[name], refreshed[name], name);
      assert.equal(last.agent, AGENT[1]);
      assert.ok(Math.abs(Date.parse(last.time) - Date.parse(refreshed.time) - 1000 * (FIRST_S + 1)) < 50, 'as of when it was over');
      await until(gone, 'nobody looks any more');
      // it is there anew when it comes, and its connection was no loss
      await register(phone, 60);
      if (phone.ws) phone.close();
      else await register(phone, 0);
      const how = transport === 'udp' ? 'removed' : 'lost';
      await until(() => types(user).includes(how), how);
      assert.deepEqual(types(user), ['added', 'expired', 'added', how]);
      await until(gone, 'nobody looks any more');
    });
  }

  test('a connection that ends after its time is no loss besides', async () => {
    const [phone, other] = [await ua('carol', { transport: 'wss' }), await ua('carol', { at: stack.second })];
    await register(other, 60); // hers, too, and not late
    await register(phone, 1);
    await until(() => types('carol').includes('expired'), 'it is told');
    phone.close();
    await register(other, 0);
    await until(() => types('carol').includes('removed'), 'the other one');
    assert.deepEqual(types('carol'), ['added', 'added', 'expired', 'removed']);
  });

  test('one for whom nobody looks is looked for when it comes again: at once over another connection', async () => {
    const phone = await ua('carol', { transport: 'wss' });
    // as of a worker that died before it asked for that
    const forget = async () => {
      for (const [command, key] of [['ZREM', 'cb:{due}:binding'], ['HDEL', 'cb:{due}:binding:data']]) await stack.redis.call(command, key, 'udemo/carol');
      assert.equal(await looked(), null);
    };
    const looked = () => stack.redis.call('ZSCORE', 'cb:{due}:binding', 'udemo/carol');
    await register(phone, 60);
    await until(looked, 'somebody looks');
    await forget();
    await until(async () => {
      await register(phone, 60);
      return looked();
    }, 'of refreshes one in some');
    await forget();
    const again = await ua('carol', { transport: 'wss', at: stack.second });
    again.contact = phone.contact;
    await register(again, 60);
    await until(looked, 'it has moved');
    assert.equal((await log('registrations/demo/carol'))[0].event, 'moved');
    await register(again, 0);
  });

  test('that the worker died that had it changes nothing', async () => {
    const phone = await ua('dave', { transport: 'wss' });
    await register(phone, 2);
    for (const pid of Object.values(stack.workers('sigd'))) process.kill(pid, 'SIGKILL');
    await until(() => types('dave').includes('expired'), 'it is told');
    assert.deepEqual(types('dave'), ['added', 'expired']);
    assert.deepEqual((await log('registrations/demo/dave')).map((e) => e.event), ['expired', 'registered']);
    await stack.ready(stack.sigdAdmin, 'sigd');
  });

  test('a PBX that registers here and does not come back: its log tells', async () => {
    const office = await ua('office');
    await register(office, 1);
    await until(async () => (await log('connections/demo/office')).some((e) => e.event === 'expired'), 'it is told');
    assert.deepEqual((await log('connections/demo/office')).map((e) => e.event).filter((e) => e !== 'up'), ['expired', 'registered']);
    assert.deepEqual(types('office'), []);
    await until(gone, 'nobody looks any more');
  });
});
