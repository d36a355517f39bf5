// How a call's media was stands in its call.ended: the figures that are final,
// and also when whoever is told comes back after the call's sheet has gone.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Pbx } from './lib/pbx.mjs';
import { Receiver, SECRET } from './lib/receiver.mjs';
import { Stack, until } from './lib/stack.mjs';

describe('the media of a call that has ended', { timeout: 240000 }, () => {
  let told = new Receiver();
  let stack;
  const phones = {};

  before(async () => {
    await told.listen();
    stack = new Stack({ rtpPorts: 100,
      sip: `events:
  hooks:
    - {name: told, url: "http://127.0.0.1:${told.port}/", secret: ${SECRET}, types: [call.ended]}
`,
      routing: `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    users:
      a: {password: a-secret}
      b: {password: b-secret}
` });
    await stack.start();
    await until(() => stack.redis.call('EXISTS', 'cb:{h:told}:places'), 'the feed');
    for (const [user, frequency] of [['a', 440], ['b', 1000]]) {
      phones[user] = await Pbx.open(stack, { user, password: `${user}-secret`, rtp: { frequency } });
      assert.equal((await phones[user].register()).code, 200);
    }
  });
  after(async () => {
    for (const phone of Object.values(phones)) phone.vanish();
    await stack.stop();
    await told.close();
  });

  // Both hear each other; its Call-ID
  async function call(atEnd = () => {}) {
    const out = await phones.a.callWith('b');
    const into = await phones.b.incoming();
    await into.pickUp();
    const { code, callid } = await out.final;
    assert.equal(code, 200);
    await Promise.all([out.rtp.hears(1000), into.rtp.hears(440)]);
    await atEnd();
    await out.bye();
    return callid;
  }

  const event = async (callid) => {
    await until(() => told.of('call.ended', callid).length, 'it is told', 30000);
    return told.of('call.ended', callid)[0];
  };

  function isFinal({ data: { media, media_worker: worker, ended } }) {
    assert.equal(media.state, 'ended');
    assert.equal(media.worker, worker);
    assert.ok(Math.abs(Date.parse(media.updated) - Date.parse(ended)) < 2000, `${media.updated}, ${ended}`);
    assert.equal(media.legs.length, 2);
    for (const { received, sent } of media.legs) {
      // of half a second that was heard
      assert.ok(received.packets >= 20 && sent.packets >= 20, JSON.stringify(media.legs));
      assert.ok(received.mos > 3.5, JSON.stringify(received));
    }
  }

  test('is told as it was in the end', async () => {
    for (let i = 0; i < 4; i++) isFinal(await event(await call()));
  });

  // All that was there when another event was read was read with it.
  test('is told when the worker has said so', async () => {
    const workers = Object.values(stack.workers('mediad'));
    const all = (signal) => { for (const pid of workers) process.kill(pid, signal); };
    const cdrs = async () => (await Promise.all([...'0123456789abcdef'].map((x) => stack.redis.call('XLEN', `cb:{c:${x}}:cdr`))));
    const was = await cdrs();
    const callid = await call(() => all('SIGSTOP'));
    try {
      const shard = await until(async () => (await cdrs()).findIndex((n, i) => n > was[i]) + 1, 'the CDR') - 1;
      const other = ((shard + 1) % 16).toString(16);
      await stack.redis.call('XADD', `cb:{c:${other}}:cdr`, '*', 'call', `${other}1`, 'callid', 'another', 'tenant', 'demo', 'reason', 'hangup');
      await until(() => told.of('call.ended', 'another').length, 'another is told');
      assert.deepEqual(told.of('call.ended', callid), []);
    } finally {
      all('SIGCONT');
    }
    isFinal(await event(callid));
  });

  test('is told as well when that was long ago', async () => {
    const { port, events } = told;
    await told.close();
    const callid = await call();
    const sheet = await until(async () => {
      for (const key of await stack.redis.call('KEYS', 'cb:{c:?}:media:*')) {
        if (await stack.redis.call('HGET', key, 'state') === 'ended' && ![...events.values()].some((e) => key.endsWith(e.data.call))) return key;
      }
      return null;
    }, 'its sheet is final');
    // as after an hour
    assert.equal(await stack.redis.call('DEL', sheet), 1);
    told = new Receiver();
    await told.listen(port);
    isFinal(await event(callid));
  });
});
