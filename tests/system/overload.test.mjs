// Who asks too often is refused, and said to operators; nobody else notices.
// SPDX-License-Identifier: MIT
// ALONE: it takes the whole machine, or counts on it.
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const RETRY_S = 5; // sigd.yaml's default

describe('limits', { timeout: 120000 }, () => {
  const suite = new Suite({ sigd: 'limits: {user: {rate: 1, burst: 6}}\n' });
  before(() => suite.start());
  afterEach(() => suite.hangUp());
  after(() => suite.stop());

  const alarms = async () => {
    const response = await fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}/v1/alarms`,
      { headers: { authorization: 'Bearer token-of-the-tests' } });
    assert.equal(response.status, 200);
    return (await response.json()).alarms;
  };

  test('a device that registers without end is told when to come again; another is served', async () => {
    const tenant = suite.tenant();
    const alice = await tenant.ua('alice', { transport: 'ws' });
    let refused = null;
    for (let i = 0; i < 10 && !refused; i++) {
      const res = await alice.register();
      if (res.code !== 200) refused = res;
    }
    assert.equal(refused?.code, 503);
    const wait = Number(refused.get('retry-after'));
    assert.ok(wait >= RETRY_S && wait <= 2 * RETRY_S, `${wait} s`);
    assert.match(refused.get('reason'), /rate-limited/);
    assert.equal((await (await tenant.ua('bob', { transport: 'ws' })).register()).code, 200);
    const alarm = await until(async () => (await alarms()).find((a) => a.name === 'alice'), 'an alarm');
    assert.deepEqual([alarm.kind, tenant.domain.startsWith(alarm.tenant), alarm.source], ['user-rate', true, '127.0.0.1']);
    assert.ok(Math.abs(Date.parse(alarm.time) - Date.now()) < 60000);
  });
});
