// A node of mediad freezes: its calls go to another one, and their audio comes
// back; when it thaws it says nothing. Or there is no other one: they end on
// both sides. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { freeUdp, until } from '../system/lib/stack.mjs';

const LIMIT_MS = 10000; // from the freeze to audio, or to the end

// Parent and children of a daemon, as if its box stood still.
class Freezer {
  constructor(stack, name) {
    this.parent = stack.procs.get(name).pid;
    this.pids = [this.parent, ...Object.values(stack.workers(name))];
  }

  freeze() {
    this.at = Date.now();
    for (const pid of this.pids) process.kill(pid, 'SIGSTOP');
  }

  thaw() {
    for (const pid of this.pids) {
      try { process.kill(pid, 'SIGCONT'); } catch { /* it has gone */ }
    }
  }

  ms() { return Date.now() - this.at; }
}

async function records(stack) {
  const keys = await stack.redis.call('KEYS', 'cb:{c:?}:rec:*');
  return Promise.all(keys.map(async (key) => {
    const flat = await stack.redis.call('HGETALL', key);
    return Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]));
  }));
}

async function sessions(stack, node) {
  let n = 0;
  for (const key of await stack.redis.call('KEYS', `cb:{n:${node}/*}:media`)) {
    n += Number(await stack.redis.call('HGET', key, 'sessions'));
  }
  return n;
}

describe('a media node freezes', { timeout: 480000 }, () => {
  const suite = new Suite();
  let admin2 = 0;

  before(async () => {
    await suite.start({ mediad: 'limits: {setup: 10s, consent: 30s, grace: 500ms}\n' });
    admin2 = await freeUdp(1);
    await suite.stack.writeMediad('mediad2', 'm2', admin2);
  });
  after(() => suite.stop());

  test('without another one its calls end on both sides', async (t) => {
    const { stack } = suite;
    const [a, b] = [await suite.phone('jssip', 'alice'), await suite.phone('sipjs', 'bob')];
    const out = await a.call('bob', 1000);
    const into = await b.incoming();
    await b.answer(into, 600);
    await Promise.all([a.up(out), b.up(into)]);
    await Promise.all([a.hears(out, 600), b.hears(into, 1000)]);
    const node = new Freezer(stack, 'mediad');
    t.after(() => node.thaw());
    node.freeze();
    await Promise.all([a.final(out), b.final(into)]);
    assert.ok(node.ms() < LIMIT_MS, `ended after ${node.ms()} ms`);
    process.stderr.write(`# both sides told after ${node.ms()} ms\n`);
    node.thaw();
    await until(() => /msg="stood still for too long/.test(stack.log('mediad.log')), 'it begins anew');
    await until(async () => await sessions(stack, 'm1') === 0, 'nothing is left of it');
    for (const phone of [a, b]) await phone.close();
    await stack.audit(20000);
  });

  test('its calls go on at another one, and it is silent when it thaws', async (t) => {
    const { stack } = suite;
    await until(() => stack.redis.call('SCARD', 'cb:media').then((n) => n === 2), 'both workers are back');
    await until(async () => (await stack.redis.call('KEYS', 'cb:{n:m1/*}:media')).length === 2, 'they beat');
    const [a, b, c] = [await suite.phone('jssip', 'alice'), await suite.phone('sipjs', 'bob'),
      await suite.phone('jssip', 'carol')];
    const out = await a.call('bob', 1000, 'red');
    const into = await b.incoming();
    await b.answer(into, 600, 'blue');
    await Promise.all([a.up(out), b.up(into)]);
    const echo = await c.call('echo', 800, true);
    await c.up(echo);
    const seen = () => Promise.all([a.sees(out, 'blue'), b.sees(into, 'red')]);
    await seen();
    await Promise.all([a.hears(out, 600), b.hears(into, 1000), c.hears(echo, 800)]);
    const before = await records(stack);
    assert.ok(before.every(({ media }) => media.startsWith('m1/')));

    stack.startMediad(undefined, 'mediad2');
    await stack.ready(admin2, 'mediad2');
    await until(async () => (await stack.redis.call('KEYS', 'cb:{n:m2/*}:media')).length === 2, 'others are there');
    const node = new Freezer(stack, 'mediad');
    t.after(() => node.thaw());
    node.freeze();
    await Promise.all([a.silent(out), b.silent(into), c.silent(echo)]);
    await until(async () => (await records(stack)).every(({ media }) => media.startsWith('m2/')), 'they move');
    const times = await Promise.all([[a, out, 600], [b, into, 1000], [c, echo, 800]].map(async ([phone, call, hz]) => {
      await until(async () => {
        const heard = await phone.page.evaluate((i) => window.phone.hear(i), call);
        return heard && Math.abs(heard.frequency - hz) < 2 && heard.level > -60;
      }, `${hz} Hz again`);
      const ms = node.ms();
      await phone.hears(call, hz);
      return ms;
    }));
    process.stderr.write(`# audio is back after ${times.join(', ')} ms\n`);
    assert.ok(Math.max(...times) < LIMIT_MS, `audio after ${times} ms`);

    const frames = () => Promise.all([[a, out], [b, into]].map(async ([phone, call]) => (await phone.stats(call)).video.frames));
    const had = await frames();
    await until(async () => (await frames()).every((n, k) => n > had[k] + 20), 'pictures again');
    await seen();

    // the old epoch is fenced
    const facts = await stack.redis.call('XLEN', 'cb:events').catch(() => 0);
    node.thaw();
    await until(() => (stack.log('mediad.log').match(/msg="session is somebody else's: dropped"/g) ?? []).length >= 2,
      'it drops what is not its own');
    await until(async () => await sessions(stack, 'm1') === 0, 'nothing is left of it');
    assert.equal(await stack.redis.call('XLEN', 'cb:events').catch(() => 0), facts);
    await until(async () => !(await stack.redis.call('KEYS', 'cb:{n:m1/*}:moved')).length, 'it has read all of them');
    await Promise.all([a.hears(out, 600), b.hears(into, 1000), c.hears(echo, 800)]);
    for (const [phone, call] of [[a, out], [c, echo]]) await phone.hangup(call);
    await b.final(into);
    for (const phone of [a, b, c]) await phone.close();
    await stack.audit(20000);
  });
});

describe('a media node drains, and its calls move', { timeout: 240000 }, () => {
  const suite = new Suite();
  before(() => suite.start({ drain: '60s', mediad: 'drain_calls: move\n' }));
  after(() => suite.stop());

  test('it ends without a call cut, and each hears the other one on', async () => {
    const { stack } = suite;
    const [a, b] = [await suite.phone('jssip', 'alice'), await suite.phone('sipjs', 'bob')];
    const out = await a.call('bob', 1000);
    const into = await b.incoming();
    await b.answer(into, 600);
    await Promise.all([a.up(out), b.up(into)]);
    await a.hold(out);
    await Promise.all([a.silent(out), b.silent(into)]);
    const echo = await a.call('echo', 800);
    await a.up(echo);
    await Promise.all([a.hears(echo, 800)]);

    const admin2 = await freeUdp(1);
    await stack.writeMediad('mediad2', 'm2', admin2);
    stack.startMediad(undefined, 'mediad2');
    await stack.ready(admin2, 'mediad2');
    await until(async () => (await stack.redis.call('KEYS', 'cb:{n:m2/*}:media')).length === 2, 'others are there');
    const begin = Date.now();
    const old = stack.procs.get('mediad');
    old.kill('SIGTERM');
    assert.equal(await old.exited, 0);
    process.stderr.write(`# empty after ${Date.now() - begin} ms\n`);
    assert.ok((await records(stack)).every(({ media }) => media.startsWith('m2/')));
    assert.equal((await records(stack)).length, 2);
    await a.hears(echo, 800);
    // who was on hold is, and comes back
    await Promise.all([a.silent(out), b.silent(into)]);
    await a.resume(out);
    await Promise.all([a.hears(out, 600), b.hears(into, 1000)]);
    await a.hangup(out);
    await b.final(into);
    await a.hangup(echo);
    for (const phone of [a, b]) await phone.close();
    await stack.audit(20000);
  });
});
