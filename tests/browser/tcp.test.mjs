// A browser whose firewall lets no UDP through: audio by ICE-TCP (RFC 6544), to
// whichever worker has the call. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { until } from '../system/lib/stack.mjs';
import { Suite } from './lib.mjs';
import { OWN, SERVER, blockUdp, inOwnNetwork, serverAddress } from './netns.mjs';

inOwnNetwork();
serverAddress(SERVER, OWN);
blockUdp(SERVER);

const CALLS_MAX = 12; // until a connection has met the wrong one of two workers

for (const browser of ['chromium', 'firefox']) {
  describe(`a network without UDP, in ${browser}`, { timeout: 360000 }, () => {
    const suite = new Suite();
    before(() => suite.start({ browser, mediaAddress: SERVER, mediaTcp: true }));
    after(() => suite.stop());

    async function sum(name) {
      const { stack } = suite;
      const both = await Promise.all(['m1/1', 'm1/2'].map((at) => stack.metric(stack.mediadAdmin, name, at)));
      return both[0] + both[1];
    }

    // What the logs of calls say of their pairs.
    async function pairs() {
      const { stack } = suite;
      const keys = (await stack.redis.call('KEYS', 'cb:{c:*}:log:*')).filter((key) => /:[0-9a-f]{16}$/.test(key));
      const logs = await Promise.all(keys.map((key) => stack.redis.call('XRANGE', key, '-', '+')));
      return logs.flat().map(([, fields]) => fields).filter((fields) => fields.includes('ice.nominated'))
        .map((fields) => fields[fields.indexOf('data') + 1]);
    }

    test('calls are heard over TCP, whichever worker took the connection', async (t) => {
      const alice = await suite.phone('jssip', 'alice');
      let calls = 0;
      do {
        const echo = await alice.call('echo', 1000);
        await alice.up(echo);
        await alice.hears(echo, 1000);
        const stats = await alice.stats(echo);
        assert.equal(stats.protocol, 'tcp');
        assert.ok(stats.lost <= stats.received * 0.01, `lost ${stats.lost} of ${stats.received}`);
        await alice.hangup(echo);
        calls += 1;
      } while (calls < CALLS_MAX && !(await sum('cordboard_media_tcp_passed_connections_total')));
      t.diagnostic(`calls=${calls}`);
      await until(async () => (await pairs()).length >= calls, 'each call tells of its pair');
      for (const pair of await pairs()) assert.match(pair, new RegExp(`^from=\\S+ over=tcp type=\\S+ local=${SERVER}:\\d+$`));
      assert.ok(await sum('cordboard_media_tcp_passed_connections_total') > 0);
      await alice.close();
    });

    test('two pages hear each other, and their connections are gone after the call', async () => {
      const alice = await suite.phone('sip.js', 'alice');
      const carol = await suite.phone('jssip', 'carol');
      const call = await alice.call('carol', 1000);
      const incoming = await carol.incoming();
      await carol.answer(incoming, 1500);
      await alice.up(call);
      await alice.hears(call, 1500);
      await carol.hears(incoming, 1000);
      await until(async () => await sum('cordboard_media_tcp_connections') >= 2, 'each has its connection');
      await carol.hangup(incoming);
      assert.notEqual(await alice.final(call), null);
      await carol.close();
      await alice.close();
      await until(async () => await sum('cordboard_media_tcp_connections') === 0, 'no connection is left', 20000);
      await suite.stack.audit();
    });
  });
}
