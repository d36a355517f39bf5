// A node of mediad freezes while two telephones talk over plain RTP: their call
// goes to another one, and back when that one drains. Debian's baresip.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Baresip } from './lib/pbx_baresip.mjs';
import { Stack, freeUdp, until } from './lib/stack.mjs';

const LIMIT_MS = 10000;

describe('telephones whose media node freezes', { timeout: 240000 }, () => {
  const stack = new Stack({ rtpPorts: 100, streams: true, drain: '60s', mediad: 'drain_calls: move\nrecording: {dir: rec, format: wav, min_free: 0}\n', routing: () => `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    record: always
    users:
      a: {password: a-secret, algorithms: [MD5]}
      b: {password: b-secret, algorithms: [MD5]}
` });
  const phones = {};

  before(async () => {
    await stack.start();
    for (const [user, frequency] of [['a', 440], ['b', 1000]]) {
      phones[user] = await new Baresip(stack, {
        user, host: 'localhost', frequency,
        account: `;auth_pass=${user}-secret;outbound="sip:127.0.0.1:${stack.tcpPort};transport=tcp";regint=60`,
      }).start();
      await until(() => stack.redis.call('EXISTS', `cb:{a:demo/${user}}:bind`), `${user} is registered`);
    }
  });
  after(async () => {
    for (const phone of Object.values(phones)) await phone.stop();
    await stack.stop();
  });

  const media = async () => {
    const [key] = await stack.redis.call('KEYS', 'cb:{c:?}:rec:*');
    return key && stack.redis.call('HGET', key, 'media');
  };
  const start = async (name, node) => {
    const admin = await freeUdp(1);
    await stack.writeMediad(name, node, admin);
    stack.startMediad(undefined, name);
    await stack.ready(admin, name);
    await until(async () => (await stack.redis.call('KEYS', `cb:{n:${node}/*}:media`)).length === 2, `${node} is there`);
  };
  const recording = async (action) => {
    const [key] = await stack.redis.call('KEYS', 'cb:{c:?}:rec:*');
    const res = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/calls/${key.slice(-16)}/recording/${action}`,
      { method: 'POST', headers: { Authorization: 'Bearer token-of-the-tests' } });
    return [res.status, (await res.json()).recording];
  };
  const told = async (state) => {
    const [key] = await stack.redis.call('KEYS', 'cb:{c:?}:media:*');
    const leg = key && await stack.redis.call('HGET', key, 'leg.1');
    return leg?.includes(`recording=${state}`);
  };
  // again: what is at the end of the file is new
  const hear = async () => {
    const { a, b } = phones;
    const [x, y] = [a, b].map((phone) => phone.heard().samples.length);
    await until(() => a.heard().samples.length > x + 8000 && b.heard().samples.length > y + 8000, 'a second of audio');
    await Promise.all([a.hears(1000), b.hears(440)]);
  };

  test('they hear each other again, and when the other node drains', async () => {
    const { a, b } = phones;
    await a.dial('sip:b@localhost');
    await Promise.all([a.event('CALL_ESTABLISHED'), b.event('CALL_ESTABLISHED')]);
    await Promise.all([a.hears(1000), b.hears(440)]);
    assert.match(await media(), /^m1\//);
    await start('mediad2', 'm2');
    await until(() => told('on'), 'it is recorded');
    assert.deepEqual(await recording('pause'), [200, 'paused']);
    await until(() => told('paused'), 'another node would know');

    const pids = [stack.procs.get('mediad').pid, ...Object.values(stack.workers('mediad'))];
    const begin = Date.now();
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await until(async () => (await media())?.startsWith('m2/'), 'the call moves');
    await hear();
    const ms = Date.now() - begin;
    process.stderr.write(`# a second of audio, ${ms} ms after the freeze\n`);
    assert.ok(ms < LIMIT_MS, `${ms} ms`);
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    await until(() => stack.log('mediad.log').includes('session is somebody else\'s'), 'the former node lets go');
    await until(async () => (await stack.redis.call('KEYS', 'cb:{n:m1/*}:media')).length === 2, 'm1 is back');
    await hear();
    await until(() => told('paused'), 'the recording is paused still');
    assert.deepEqual(await recording('resume'), [200, 'on']);

    const second = stack.procs.get('mediad2');
    second.kill('SIGTERM');
    assert.equal(await second.exited, 0);
    assert.match(await media(), /^m1\//);
    await hear();
    await a.hangup();
    await Promise.all([a.event('CALL_CLOSED'), b.event('CALL_CLOSED')]);
    await stack.audit(20000);
  });
});
