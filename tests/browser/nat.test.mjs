// A media server behind NAT 1:1 whose PBXs are on two of its interfaces: browsers are told the
// public address, and a connection says by which interface its media goes.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { Suite } from './lib.mjs';
import { SERVER, inOwnNetwork, ip, serverAddress } from './netns.mjs';
import { Baresip } from '../system/lib/pbx_baresip.mjs';
import { until } from '../system/lib/stack.mjs';

inOwnNetwork();

const PUBLIC = '203.0.113.200'; // what SERVER is outside
const INSIDE = '198.51.100.3';
const PBX = '198.51.100.7';

const skip = spawnSync('iptables', ['-t', 'nat', '-L']).status === 0 ? false : 'no iptables here';
const nat = (...rule) => execFileSync('iptables', ['-t', 'nat', '-A', ...rule]);

// mediad's ports that are connected to the telephone, by address
function connected() {
  const quad = (hex) => hex.match(/../g).reverse().map((byte) => parseInt(byte, 16)).join('.');
  return fs.readFileSync('/proc/self/net/udp', 'utf8').split('\n').slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 3 && quad(fields[2].slice(0, 8)) === PBX)
    .map(([, local]) => quad(local.slice(0, 8)));
}

describe('a media server behind NAT', { skip, timeout: 240000 }, () => {
  const suite = new Suite();
  let pbx = null;

  before(async () => {
    serverAddress();
    ip('addr', 'add', `${PBX}/32`, 'dev', 'lo');
    serverAddress(INSIDE, PBX);
    // baresip binds no address: let it have its own
    ip('route', 'add', `${PUBLIC}/32`, 'dev', 'web0', 'src', PBX);
    nat('OUTPUT', '-d', PUBLIC, '-j', 'DNAT', '--to-destination', SERVER);
    nat('POSTROUTING', '-s', SERVER, '-j', 'SNAT', '--to-source', PUBLIC);
    await suite.start({
      mediaAddress: SERVER,
      mediaAdvertise: PUBLIC,
      mediaInside: INSIDE,
      rtpPorts: 100,
      routing: async (stack) => {
        pbx ??= await new Baresip(stack, { frequency: 440, address: PBX }).start();
        return `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    users:
      alice: {password: alice-secret}
    connections:
      outside: {kind: trunk, address: "${PBX}:${pbx.port}", probe: 0s}
      inside: {kind: trunk, address: "${PBX}:${pbx.port}", probe: 0s, interface: inside}
      nowhere: {kind: trunk, address: "${PBX}:${pbx.port}", probe: 0s, interface: elsewhere}
    routes:
${['outside', 'inside', 'nowhere'].map((name) => `      - {name: ${name}, match: {callee: ${name}}, to: {connection: ${name}}, rewrite: {callee: {set: "100"}}}`).join('\n')}
`;
      },
    });
  });
  after(async () => {
    await pbx?.stop();
    await suite.stop();
  });

  for (const [name, address] of [['outside', SERVER], ['inside', INSIDE]]) {
    test(`a page and a PBX that is ${name} hear each other`, async () => {
      const phone = await suite.phone('jssip', 'alice');
      const call = await phone.call(name, 1000);
      await phone.up(call);
      await Promise.all([phone.hears(call, 440), pbx.hears(1000)]);
      const { farAddress, lost, received } = await phone.stats(call);
      assert.equal(farAddress, PUBLIC);
      assert.ok(lost <= received * 0.01, `lost ${lost} of ${received}`);
      const from = await until(() => connected().length && connected(), 'its ports are connected');
      assert.deepEqual([...new Set(from)], [address]);
      await phone.hangup(call);
      await pbx.event('CALL_CLOSED');
      await phone.close();
      await suite.stack.audit();
    });
  }

  test('an interface that no media server has carries no call', async () => {
    const phone = await suite.phone('jssip', 'alice');
    const call = await phone.call('nowhere', 1000);
    assert.ok(await phone.final(call));
    await until(() => connected().length === 0, 'no port is connected');
    await phone.close();
    await suite.stack.audit();
  });
});
