// Presence, lamps and voicemail of a real server, Debian's kamailio, to devices
// that know only us: also when both workers were killed, with Redis away, and
// over another connection. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Kamailio } from './lib/kamailio.mjs';
import { BODIES } from './lib/notifier.mjs';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';
import { Watcher } from './lib/watcher.mjs';

const suite = new Suite({ streams: true, routing: () => routing() });
const { stack } = suite;
const kamailio = new Kamailio(stack, { role: 'presence' });

const routing = () => `tenants:
  office:
    domains: ["office.test"]
    realm: cordboard
    users:
      alice: {password: alice-secret}
${['bob', 'carol', 'dave', 'erin', 'frank'].map((user) => `      ${user}: {password: ${user}-secret}`).join('\n')}
    connections:
      pbx: {kind: trunk, address: "${kamailio.host}", domain: pbx.test, username: gate, password: gate-pbx, probe: 0s}
    routes:
      - {name: state, match: {from: users, method: [SUBSCRIBE, PUBLISH]}, to: {connection: pbx}}
`;

const KINDS = {
  presence: ['application/pidf+xml', 'open', 'closed'],
  dialog: ['application/dialog-info+xml', 'early', 'confirmed'],
  'message-summary': ['application/simple-message-summary', 'yes', 'no'],
};

describe('a presence server behind us', { timeout: 240000 }, () => {
  const agents = [];

  before(async () => {
    await kamailio.start();
    await suite.start();
  });
  afterEach(async () => {
    for (const ua of agents.splice(0)) ua.close();
    await stack.audit();
  });
  after(async () => {
    await suite.stop();
    await kamailio.stop();
  });

  async function device(user, options = {}) {
    const ua = await Watcher.open(stack, { user, domain: 'office.test', ...options });
    agents.push(ua);
    return ua;
  }

  // Somebody says it by us; the entity is as the server knows him.
  async function says(ua, event, state, etag) {
    const [type] = KINDS[event];
    const res = await ua.publish(event, type, BODIES[event](`sip:${ua.user}@pbx.test`, state), etag);
    assert.equal(res.code, 200, `${res.first} ${res.why}`);
    assert.ok(res.get('sip-etag'));
    return res.get('sip-etag');
  }

  for (const [event, [, first, second]] of Object.entries(KINDS)) {
    for (const [transport, user] of [['wss', 'bob'], ['tcp', 'carol'], ['udp', 'dave']]) {
      test(`${event} over ${transport}: asked, told, changed, renewed, ended`, async (t) => {
        t.diagnostic(`kamailio ${Kamailio.version()}`);
        const alice = await device('alice', { transport });
        const bob = await device(user, { transport: 'udp' });
        const sub = await alice.watch(user, event);
        await until(() => sub.heard.length, 'the first NOTIFY');
        const etag = await says(bob, event, first);
        const msg = await sub.hears(event === 'message-summary' ? `Messages-Waiting: ${first}` : first);
        assert.match(msg.get('from'), new RegExp(`${user}@office\\.test`));
        assert.doesNotMatch(msg.text, new RegExp(kamailio.host));
        await says(bob, event, second, etag);
        await sub.hears(event === 'message-summary' ? `Messages-Waiting: ${second}` : second);
        assert.equal((await sub.ask(300)).code, 200);
        assert.equal((await sub.ask(0)).code, 200);
        await sub.ends();
        assert.doesNotMatch(kamailio.log(), /contact=.*(transport=ws|invalid)/);
      });
    }
  }

  test('an ETag of nobody is 412, an event of nobody 489', async () => {
    const bob = await device('bob');
    const res = await bob.publish('presence', 'application/pidf+xml', BODIES.presence('sip:bob@pbx.test', 'open'), 'a.1.2.3.4');
    assert.equal(res.code, 412);
    await assert.rejects(bob.watch('alice', 'nonsense'), /489/);
  });

  test('both workers are killed: the device comes back, and is notified', async (t) => {
    const alice = await device('alice');
    const erin = await device('erin', { transport: 'udp' });
    const sub = await alice.watch('erin', 'presence');
    const etag = await says(erin, 'presence', 'open');
    await sub.hears('open');
    const old = stack.workers('sigd');
    for (const pid of Object.values(old)) process.kill(pid, 'SIGKILL');
    await until(() => {
      const now = stack.workers('sigd');
      return Object.keys(old).every((slot) => now[slot] && now[slot] !== old[slot]);
    }, 'the workers live again');
    await until(() => alice.back().then(() => true, () => false), 'the device is back');
    const start = performance.now();
    await says(erin, 'presence', 'closed', etag);
    await sub.hears('closed');
    t.diagnostic(`PUBLISH to NOTIFY: ${(performance.now() - start).toFixed(1)} ms`);
    assert.equal((await sub.ask(0)).code, 200);
    await sub.ends();
  });

  test('redis stands still: who watches goes on to', async () => {
    const alice = await device('alice');
    const sub = await alice.watch('frank', 'presence');
    await until(() => sub.heard.length, 'the first NOTIFY');
    const { length } = sub.heard;
    const redis = stack.procs.get('redis');
    redis.kill('SIGSTOP');
    try {
      // a link notices within its command timeout
      await until(async () => (await sub.ask(500)).code === 200, 'it is renewed');
      await until(() => sub.heard.length > length, 'a NOTIFY comes');
    } finally {
      redis.kill('SIGCONT');
    }
    await until(() => sub.ask(0).then((res) => res.code === 200), 'it is ended');
    await sub.ends();
  });
});
