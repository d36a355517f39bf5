// What is no call, of a page with SIP.js: lamps, voicemail, presence, messages,
// through the gateway to a PBX that knows SIP over UDP alone, and back; also
// when the worker that the page spoke to is killed.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { Notifier } from '../system/lib/notifier.mjs';
import { until } from '../system/lib/stack.mjs';

describe('a page that watches', { timeout: 360000 }, () => {
  const suite = new Suite();
  let pbx;

  before(() => suite.start({
    routing: async (stack) => {
      pbx ??= await Notifier.open(stack, { name: 'pbx', user: '100', domain: 'pbx.test',
        challenge: { realm: 'pbx', username: 'gateway', password: 'gateway-secret', methods: ['SUBSCRIBE', 'PUBLISH', 'MESSAGE'] } });
      return `tenants:
  demo:
    domains: ["localhost", "127.0.0.1"]
    realm: cordboard
    users:
      alice: {password: alice-secret}
      bob: {password: bob-secret}
    connections:
      pbx: {kind: trunk, address: "${pbx.host}", domain: pbx.test, username: gateway, password: gateway-secret, realm: pbx, probe: 0s}
    routes:
      - {name: state, match: {from: users, method: [SUBSCRIBE, PUBLISH]}, to: {connection: pbx}}
      - {name: numbers, match: {from: users, callee: "[0-9]+"}, to: {connection: pbx}}
`;
    },
  }));
  after(async () => {
    pbx?.vanish();
    await suite.stop();
  });

  const ask = (phone, what, ...args) => phone.page.evaluate(([w, a]) => window.phone[w](...a), [what, args]);
  const hears = (phone, kind, part) => until(async () => (await ask(phone, 'heard'))
    .find((h) => h.kind === kind && h.body.includes(part)), `the page hears ${kind} ${part}`)
    .catch(async (e) => { throw new Error(`${e.message}: ${JSON.stringify(await ask(phone, 'heard'))}`); });

  test('a lamp follows a line, also after its worker was killed', async (t) => {
    const { stack } = suite;
    const phone = await suite.phone('sip.js', 'alice');
    const first = pbx.watches.length;
    const id = await ask(phone, 'watch', '600', 'dialog');
    const watch = await pbx.watch(first);
    await hears(phone, 'notify', '<state>closed');
    assert.equal(await until(() => ask(phone, 'watching', id), 'a state'), 'Subscribed');
    assert.equal((await watch.notify('early')).code, 200);
    const heard = await hears(phone, 'notify', '<state>early');
    assert.equal(heard.event, 'dialog');
    assert.match(heard.body, /entity="sip:600@pbx\.test"/);

    await phone.page.evaluate(() => window.phone.forget());
    for (const pid of Object.values(stack.workers('sigd'))) process.kill(pid, 'SIGKILL');
    await until(() => phone.page.evaluate(() => window.phone.registered() === 200), 'registered again');
    const start = performance.now();
    assert.equal((await watch.notify('confirmed')).code, 200);
    await hears(phone, 'notify', '<state>confirmed');
    const ms = performance.now() - start;

    const asked = watch.asked.length;
    await ask(phone, 'renew', id);
    await until(() => watch.asked.length > asked, 'the page renews');
    await ask(phone, 'unwatch', id);
    await until(() => watch.ended, 'the page watches no more');
    t.diagnostic(`NOTIFY to a page that came back: ${ms.toFixed(0)} ms`);
    await phone.close();
  });

  test('voicemail: asked for, and not', async () => {
    const phone = await suite.phone('sip.js', 'alice');
    const first = pbx.watches.length;
    const id = await ask(phone, 'watch', 'alice', 'message-summary');
    const watch = await pbx.watch(first);
    assert.equal((await watch.notify('yes')).code, 200);
    const heard = await hears(phone, 'notify', 'Messages-Waiting: yes');
    assert.match(heard.body, /Message-Account: sip:alice@pbx\.test\r\n/);
    assert.equal((await pbx.mail('alice', 'localhost', 'yes')).code, 200);
    await hears(phone, 'unasked', 'Message-Account: sip:alice@localhost');
    await ask(phone, 'unwatch', id);
    await until(() => watch.ended, 'the page watches no more');
    await phone.close();
  });

  test('presence: told, and told again', async () => {
    const phone = await suite.phone('sip.js', 'alice');
    const had = pbx.published.length;
    await ask(phone, 'publish', 'alice', '<presence>open</presence>');
    await until(() => ask(phone, 'published'), 'the page has its answer');
    const { etag, msg } = pbx.published[had];
    assert.equal(msg.body, '<presence>open</presence>');
    await ask(phone, 'publish', 'alice', '<presence>away</presence>');
    const next = await until(() => pbx.published[had + 1], 'what it said is changed');
    assert.equal(next.msg.get('sip-if-match'), etag);
    await phone.close();
  });

  test('messages, to a page and to the PBX', async () => {
    const alice = await suite.phone('sip.js', 'alice');
    const bob = await suite.phone('sip.js', 'bob');
    assert.equal(await ask(alice, 'say', 'bob', 'hello bob'), 200);
    await hears(bob, 'message', 'hello bob');
    assert.equal(await ask(alice, 'say', '600', 'hello pbx'), 202);
    assert.equal(pbx.messages.at(-1).body, 'hello pbx');
    const res = await pbx.tell('MESSAGE', 'sip:bob@localhost', { to: 'sip:bob@localhost', type: 'text/plain', body: 'hello from far' });
    assert.equal(res.code, 200);
    await hears(bob, 'message', 'hello from far');
    await alice.close();
    await bob.close();
  });

  test('the PBX saw no WebSocket, and no credentials of users', () => {
    const faults = pbx.heard.filter((m) => /transport=ws|\.invalid|cordboard"/i.test(m.text)).map((m) => m.text);
    assert.deepEqual(faults, []);
  });
});
