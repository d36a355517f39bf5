// A browser whose address changes in the middle of a call: the same credentials, a valid
// check from elsewhere, and the call goes on. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Suite } from './lib.mjs';
import { until } from '../system/lib/stack.mjs';

if (!process.env.CORDBOARD_NETNS) {
  const again = spawnSync(fileURLToPath(new URL('netns.sh', import.meta.url)),
    [process.execPath, ...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit', env: process.env });
  process.exit(again.status ?? 1);
}

const MEDIA = '198.51.100.1';
const CARDS = { '192.0.2.1': 'web0', '203.0.113.77': 'web2' };
const ip = (...args) => execFileSync('ip', args, { stdio: 'inherit' });

describe('a browser with two networks', { timeout: 180000 }, () => {
  const suite = new Suite();
  before(async () => {
    ip('addr', 'add', `${MEDIA}/32`, 'dev', 'lo');
    ip('link', 'add', 'web2', 'type', 'veth', 'peer', 'name', 'web3');
    ip('addr', 'add', '203.0.113.77/24', 'dev', 'web2');
    ip('link', 'set', 'web2', 'up');
    ip('link', 'set', 'web3', 'up');
    ip('route', 'add', 'default', 'dev', 'web2', 'metric', '10');
    await suite.start({ mediaAddress: MEDIA });
  });
  after(() => suite.stop());

  test('loses the one that its call goes by, and keeps the call', async (t) => {
    const alice = await suite.phone('jssip', 'alice');
    const call = await alice.call('echo', 1000);
    await alice.up(call);
    await alice.hears(call, 1000);
    const { address, received } = await alice.stats(call);
    assert.ok(CARDS[address], `by ${address}`);

    ip('addr', 'flush', 'dev', CARDS[address]);
    const from = Date.now();
    await until(async () => (await alice.stats(call)).received > received + 100, 'packets come again', 30000);
    await alice.hears(call, 1000);
    const now = await alice.stats(call);
    t.diagnostic(`from ${address} to ${now.address}, heard again after ${Date.now() - from} ms`);
    assert.notEqual(now.address, address);
    await alice.hangup(call);
    await alice.close();
    await suite.stack.audit();
  });
});
