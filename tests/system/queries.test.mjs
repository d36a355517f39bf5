// Who looks holds nobody up: whatever REST is asked for, no command that it has
// Redis do has a length that grows with how much there is.
// SPDX-License-Identifier: MIT
// ALONE: it takes the whole machine, or counts on it.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { Ua } from './lib/sip.mjs';
import { Stack, until } from './lib/stack.mjs';

const REGS = 3000;
const MOST = 10000; // elements of one command: about a millisecond
const ADMIN = { authorization: 'Bearer token-of-the-tests' };

// What is as long as a cluster has workers, a user devices, and what is of one
// call or trace; and connections that are not well.
const SHORT = [/^cb:(workers|media)$/, /^cb:\{[an]:[^}]+\}:/, /^cb:\{[ct]:[0-9a-f]\}:[a-z]+:[0-9a-f]+$/, /^cb:(down|broken|forced)$/];

// Why a command may take long when there is much; '': it may not.
function long(words) {
  const [name, ...rest] = words.map((word) => word.toUpperCase());
  if (name !== 'KEYS' && SHORT.some((key) => key.test(words[1]))) return '';
  const after = (option) => Number(rest[rest.indexOf(option) + 1]);
  if (['KEYS', 'SMEMBERS', 'HGETALL', 'HKEYS', 'HVALS', 'SORT', 'FLUSHALL', 'FLUSHDB'].includes(name)) return name;
  if (['SCAN', 'HSCAN', 'SSCAN', 'ZSCAN'].includes(name)) return rest.includes('COUNT') && after('COUNT') > MOST ? 'a wide step' : '';
  if (['XRANGE', 'XREVRANGE'].includes(name)) return rest.includes('COUNT') && after('COUNT') <= MOST ? '' : 'no COUNT';
  if (['ZRANGE', 'LRANGE', 'ZREVRANGE'].includes(name)) {
    if (rest.includes('LIMIT')) return '';
    const [from, to] = [Number(rest[1]), Number(rest[2])];
    return to < 0 || to - from > MOST ? 'no end' : '';
  }
  if (['ZRANGEBYSCORE', 'ZREVRANGEBYSCORE'].includes(name)) return rest.includes('LIMIT') && Number(rest[rest.indexOf('LIMIT') + 2]) <= MOST ? '' : 'no LIMIT';
  return '';
}

describe('queries', { timeout: 240000 }, () => {
  const stack = new Stack();
  let monitor;
  let said = '';
  before(async () => {
    await stack.start();
    const alice = await Ua.open(stack, { user: 'alice' });
    assert.equal((await alice.register({ expires: 3000 })).code, 200);
    const call = alice.call('echo');
    assert.equal((await call.final).code, 200);
    const binding = await stack.redis.call('HGETALL', 'cb:{a:demo/alice}:bind');
    await stack.redis.call('EVAL', "for i = 1, ARGV[1] do redis.call('HSET', 'cb:{a:demo/u' .. i .. '}:bind', ARGV[2], ARGV[3]) end", 0, REGS, ...binding.slice(0, 2));
    await call.bye();
    alice.close();
    monitor = spawn('redis-cli', ['-s', stack.redis.sock, 'MONITOR']);
    monitor.stdout.on('data', (data) => { said += data; });
    await until(() => said.startsWith('OK'), 'the monitor');
  });
  after(async () => {
    monitor?.kill();
    await stack.stop();
  });

  test('no command is longer than a page, whatever is asked for', async () => {
    const get = (where) => fetch(`http://127.0.0.1:${stack.sigdAdmin}${where}`, { headers: ADMIN });
    let shown = 0;
    let cursor = '';
    do {
      const res = await get(`/v1/registrations?tenant=demo${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      assert.equal(res.status, 200);
      const body = await res.json();
      shown += body.registrations.length;
      cursor = body.next ?? '';
    } while (cursor);
    assert.ok(shown >= REGS, `${shown} registrations`);
    for (const where of ['/metrics', '/v1/nodes?state=serving', '/v1/alarms?kind=overload&since=2026-01-01T00:00:00Z', '/v1/calls?user=nobody', '/v1/refused?tenant=demo&code=404',
      '/v1/connections?state=down', '/v1/traces?tenant=demo&user=alice', '/v1/traces?tenant=demo&since=2026-01-01T00:00:00Z', '/v1/tenants', '/v1/registrations?tenant=demo&user=alice', '/v1/registrations?tenant=demo&search=nobody',
      '/v1/calls?state=all', '/v1/calls?state=recent&mos_below=3', '/v1/calls?state=recent&reason=none&since=2026-01-01T00:00:00Z']) {
      assert.equal((await get(where)).status, 200, where);
    }
    await stack.redis.call('ECHO', 'that-is-all');
    await until(() => said.includes('that-is-all'), 'all is said');
    const commands = said.split('\n').map((line) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word]) => word)).filter((words) => words.length);
    assert.ok(commands.filter(([name]) => name === 'SCAN').length >= 2, 'it went by steps');
    const bad = commands.filter(([name]) => !/^EVAL/i.test(name)).map((words) => [long(words), words.slice(0, 6).join(' ')]).filter(([why]) => why);
    assert.deepEqual(bad, []);
  });
});
