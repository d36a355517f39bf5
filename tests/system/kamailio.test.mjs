// A real registrar as PBX: Debian's kamailio. We register there, and calls go
// both ways through it to the device. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Kamailio } from './lib/kamailio.mjs';
import { Pbx } from './lib/pbx.mjs';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const suite = new Suite({ rtpPorts: 400, routing: () => routing() });
const { stack } = suite;
const kamailio = new Kamailio(stack);

const routing = () => `tenants:
  line:
    domains: ["line.test"]
    realm: cordboard
    users:
      alice: {password: alice-secret, numbers: ["200"]}
    connections:
      pbx: {kind: register, address: "${kamailio.host}", domain: pbx.test, username: "200", password: 200-pbx,
            from_user: "200", expires: 1h, answer_within: 2s, probe: 0s}
    routes:
      - {name: out, match: {from: users, callee: "[0-9]+"}, to: {connection: pbx}}
  own:
    domains: ["own.test"]
    realm: cordboard
    users:
${[1, 2, 3, 4, 5, 6].map((n) => `      u${n}: {password: u${n}-secret, upstream: {connection: pbx, username: "40${n}", password: 40${n}-pbx}}`).join('\n')}
    connections:
      pbx: {kind: register, address: "${kamailio.host}", domain: pbx.test, expires: 1h, answer_within: 2s, probe: 0s}
    routes:
      - {name: out, match: {from: users, callee: "[0-9]+"}, to: {connection: pbx}}
`;

describe('kamailio as PBX', { timeout: 240000 }, () => {
  const agents = [];

  before(async () => {
    await kamailio.start();
    await suite.start();
  });
  afterEach(async () => {
    for (const ua of agents.splice(0)) ua.vanish();
    await stack.audit();
  });
  after(async () => {
    await suite.stop();
    await kamailio.stop();
  });

  // A telephone of a user of ours, over UDP, with media.
  async function device(user, domain) {
    const ua = await Pbx.open(stack, { user, domain, password: `${user}-secret`, name: user });
    agents.push(ua);
    const res = await ua.register();
    assert.equal(res.code, 200, res.first);
    return ua;
  }

  // What stands in Redis of registrations.
  async function states() {
    const keys = Array.from({ length: 16 }, (_, i) => `cb:{u:${i}}:reg`);
    return (await Promise.all(keys.map((key) => stack.redis.call('HGETALL', key)))).flat().filter((_, i) => i % 2 === 0);
  }

  // Both hear each other; then the callee hangs up.
  async function talk(from, to, number) {
    const out = await from.callWith(number, { rtp: { frequency: 1000 } });
    const into = await to.incoming();
    into.ring();
    await out.ringing();
    await into.pickUp({ frequency: 440 });
    const res = await out.final;
    assert.equal(res.code, 200, `${res.first} ${res.why}`);
    await Promise.all([out.rtp.hears(440), into.rtp.hears(1000)]);
    assert.equal((await into.bye()).code, 200);
    await out.ended();
    return [out, into];
  }

  test('a connection registers there, and calls go both ways', async (t) => {
    t.diagnostic(`kamailio ${Kamailio.version()}`);
    await kamailio.registers('200');
    const desk = await kamailio.phone('300');
    const alice = await device('alice', 'line.test');
    const [, into] = await talk(alice, desk, '300');
    assert.match(into.invited.get('from'), /sip:200@pbx\.test/);
    await talk(desk, alice, '200');
  });

  test('on behalf of a user: registered while a device is, calls go both ways as that user', async () => {
    const desk = await kamailio.phone('301');
    const phone = await device('u1', 'own.test');
    const { contact } = await kamailio.registers('401');
    assert.match(contact, /<sip:own\.pbx\.u1@/);
    const [, into] = await talk(phone, desk, '301');
    assert.match(into.invited.get('from'), /sip:401@pbx\.test/);
    const [out] = await talk(desk, phone, '401');
    assert.equal(out.uri, 'sip:401@pbx.test');
    const res = await phone.register({ expires: 0 });
    assert.equal(res.code, 200, res.first);
    await kamailio.registers('401', { gone: true });
    const call = await desk.callWith('401');
    assert.equal((await call.final).code, 404);
    call.quiet();
  });

  test('every worker is killed: within 5 s another one keeps what is registered', async (t) => {
    for (const n of [2, 3, 4]) {
      await device(`u${n}`, 'own.test');
      await kamailio.registers(`40${n}`);
    }
    const before = await states();
    const said = stack.log('sigd.log').length;
    const start = Date.now();
    for (const pid of Object.values(stack.workers('sigd'))) process.kill(pid, 'SIGKILL');
    // a dead worker's lease of each shard ends within 4 s
    await until(() => {
      const taken = [...stack.log('sigd.log').slice(said).matchAll(/registrations at PBXs are kept here" shard=\S+ count=(\d+)/g)];
      return taken.reduce((sum, [, n]) => sum + Number(n), 0) === before.length;
    }, 'all of them are taken over', 8000);
    const ms = Date.now() - start;
    t.diagnostic(`taken over within ${ms} ms`);
    assert.ok(ms < 5000, `${ms} ms`);
    const desk = await kamailio.phone('302');
    for (const ua of agents.filter((ua) => ua.user === 'u2')) await talk(desk, ua, '402');
  });

  test('all is registered anew when somebody asks for it', async () => {
    await device('u5', 'own.test');
    await kamailio.registers('405');
    const n = kamailio.bound('405').length;
    const res = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/connections/own/pbx/register`,
      { method: 'POST', headers: { Authorization: 'Bearer token-of-the-tests' } });
    assert.equal(res.status, 202);
    await kamailio.registers('405', { after: n });
  });
});
