// Who asks: real telephones and tokens, by the real binaries.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Baresip } from './lib/pbx_baresip.mjs';
import { Ua } from './lib/sip.mjs';
import { Stack, until } from './lib/stack.mjs';

const routing = () => `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    users:
      alice: {password: alice-secret}
      desk: {password: desk-secret, algorithms: [MD5]}
    connections:
      hq: {kind: inbound, username: office, password: office-secret, algorithms: [MD5], answer_within: 2s}
    routes:
      - {name: hq, match: {callee: office}, to: {connection: hq}}
      - {name: echo, match: {callee: echo}, to: {service: echo}}
`;

describe('authentication', { timeout: 90000 }, () => {
  const stack = new Stack({ rtpPorts: 100, routing });
  const left = [];
  before(() => stack.start());
  after(async () => {
    for (const one of left) await (one.close ? one.close() : one.stop());
    await stack.stop();
  });
  // key: where its binding stands
  const baresip = async (user, key) => {
    const made = await new Baresip(stack, {
      user, host: 'localhost',
      account: `;auth_pass=${user}-secret;outbound="sip:127.0.0.1:${stack.udpPort};transport=udp";regint=60`,
    }).start();
    left.push(made);
    await until(() => stack.redis.call('EXISTS', `cb:{${key}}:bind`), `${user} is registered`);
    return made;
  };

  // Debian's libre reads only the first challenge, and knows only MD5
  test('a real PBX that knows only MD5 registers here, calls and is called', async () => {
    const pbx = await baresip('office', 'i:demo/hq');
    const alice = await Ua.open(stack, { user: 'alice', transport: 'ws' });
    left.push(alice);
    await alice.register();
    const out = await alice.call('office');
    assert.equal((await out.final).code, 200);
    await pbx.event('CALL_ESTABLISHED');
    assert.equal((await out.bye()).code, 200);
    await pbx.event('CALL_CLOSED');
    await pbx.dial('sip:alice@localhost');
    const into = await alice.incoming();
    into.ring();
    into.answer();
    await pbx.event('CALL_ESTABLISHED');
    await pbx.hangup();
    await into.ended();
  });

  test('so does a telephone', async () => {
    const phone = await baresip('desk', 'a:demo/desk');
    await phone.dial('sip:echo@localhost');
    await phone.event('CALL_ESTABLISHED');
    await phone.hangup();
    await until(() => phone.events.some((e) => e.type === 'CALL_CLOSED'), 'it has hung up');
  });
});
