// One CDR for each call, whoever dies when: workers of both daemons are killed
// at random while calls of all kinds come and go, the admin process too, and
// who takes the events is away for a while. CALLS, KILLS: how many; SEED repeats
// an order. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Receiver, SECRET } from './lib/receiver.mjs';
import { sleep, until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const CALLS = Number(process.env.CALLS ?? 300);
const KILLS = Number(process.env.KILLS ?? 20);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
const PAIRS = 8; // tenants, each with one call after another
const PATIENCE_MS = 12000;

// mulberry32
function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6D2B79F5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Whatever comes is served: an INVITE rings, and then as the callee is told.
function robot(ua, how) {
  const self = { stop: false };
  self.done = (async () => {
    while (!self.stop && !ua.closed) {
      const call = ua.rung.shift();
      if (!call) {
        await sleep(15);
        continue;
      }
      call.ring();
      if (how.is === 'busy') call.reject(486);
      else if (how.is !== 'rings') setTimeout(() => !call.cancelled && !call.over && call.answer(), 20);
    }
  })();
  return self;
}

describe('one CDR for each call', { timeout: 400000 }, () => {
  const rnd = random(SEED);
  const pick = (list) => list[Math.floor(rnd() * list.length)];
  const told = []; // { callid, kind, code }
  const killed = {};
  let suite;
  let receiver;
  let port;

  before(async () => {
    receiver = new Receiver();
    await receiver.listen();
    ({ port } = receiver);
    suite = new Suite({ sip: '  takeover: 1s\n  setup: 10s\n', mediad: 'limits: {setup: 40s, media_timeout: 30s, grace: 2s}\n',
      sigd: `events:
  file: events.jsonl
  hooks:
    - {name: billing, url: "http://127.0.0.1:${port}/", secret: ${SECRET}, types: [call.*]}
` });
    await suite.start();
    await until(async () => (await suite.stack.redis.call('EXISTS', 'cb:{h:billing}:places', 'cb:{n:s1}:file:places')) === 2, 'the feeds');
  });
  after(async () => {
    for (const ua of suite.uas) ua.close();
    suite.uas = [];
    await suite.stack.stop();
    await receiver.close();
  });

  async function one(alice, how) {
    const kind = pick(['echo', 'talk', 'talk', 'talked to', 'busy', 'quits']);
    how.is = kind === 'busy' ? 'busy' : kind === 'quits' ? 'rings' : 'answers';
    const call = alice.call(kind === 'echo' ? 'echo' : 'bob', { limit: PATIENCE_MS });
    const entry = { callid: call.callid, kind, code: 0 };
    told.push(entry);
    if (kind === 'quits') {
      await until(() => call.progress.some((m) => m.code >= 180) || call.over, 'it rings', 3000).catch(() => {});
      call.cancel().catch(() => {});
    }
    const final = await call.final.catch(() => null);
    entry.code = final?.code ?? 0;
    entry.rang = call.progress.some((m) => m.code >= 180);
    if (entry.code !== 200) return;
    await sleep(50 + rnd() * 400);
    // one whose end was not heard of is ended by whoever finds it
    await call.bye().catch(() => {});
  }

  async function pair(count) {
    const tenant = suite.tenant();
    const how = { is: 'answers' };
    const [alice, bob] = [await tenant.phone('alice'), await tenant.phone('bob')];
    const answers = robot(bob, how);
    for (let i = 0; i < count; i++) await one(alice, how);
    answers.stop = true;
    await answers.done;
  }

  async function kill() {
    const { stack } = suite;
    const what = pick(['sigd', 'sigd', 'mediad', 'mediad', 'adm']);
    const daemon = what === 'adm' ? 'sigd' : what;
    const children = stack.children(daemon);
    const slots = Object.keys(children).filter((slot) => (slot === 'adm') === (what === 'adm'));
    if (!slots.length) return;
    process.kill(children[pick(slots)], 'SIGKILL');
    killed[what] = (killed[what] ?? 0) + 1;
  }

  // By Call-ID the CDRs in Redis: id of the entry -> Call-ID.
  async function streams() {
    const found = [];
    for (let i = 0; i < 16; i++) {
      const entries = await suite.stack.redis.call('XRANGE', `cb:{c:${i.toString(16)}}:cdr`, '-', '+');
      for (const [id, fields] of entries) {
        const cdr = { id: `${i}/${id}` };
        for (let k = 0; k < fields.length; k += 2) cdr[fields[k]] = fields[k + 1];
        found.push(cdr);
      }
    }
    return found;
  }

  test(`${CALLS} calls, ${KILLS} kills: each that was answered or refused by somebody has one, and no call has two`, async (t) => {
    t.diagnostic(`SEED=${SEED}`);
    let over = false;
    const running = Promise.all(Array.from({ length: PAIRS }, () => pair(Math.ceil(CALLS / PAIRS)))).finally(() => { over = true; });
    const away = (async () => {
      await until(() => told.length > CALLS / 4, 'some calls', 120000);
      await receiver.close();
      await until(() => told.length > CALLS / 2 || over, 'more calls', 200000);
      const back = new Receiver();
      back.events = receiver.events;
      back.times = receiver.times;
      await back.listen(port);
      receiver = back;
    })();
    for (let i = 0; i < KILLS && !over; i++) {
      await until(() => told.length >= (i + 0.5) * CALLS / (KILLS + 1) || over, 'the next kill is due', 200000);
      await sleep(rnd() * 200);
      await kill();
    }
    await Promise.all([running, away]);
    // every call is over: what hung is ended by takeover, grace and deadlines
    let live;
    await until(async () => {
      live = (await suite.stack.redis.call('KEYS', 'cb:{c:*}:rec:*')).length;
      return live === 0;
    }, 'all calls are over', 60000).catch((e) => { throw new Error(`${e.message}: ${live} are left`); });

    const cdrs = await streams();
    const counts = new Map();
    for (const { callid } of cdrs) counts.set(callid, (counts.get(callid) ?? 0) + 1);
    const twice = [...counts].filter(([, n]) => n > 1);
    assert.deepEqual(twice, [], `no call has two: ${JSON.stringify(cdrs.filter(({ callid }) => counts.get(callid) > 1), null, 1)}`);
    // what somebody heard of the call itself: an answer, or a refusal that is
    // not ours for want of a worker
    const must = told.filter(({ code, rang }) => code === 200 || code === 486 || code === 487 || rang);
    const without = must.filter(({ callid }) => !counts.has(callid));
    assert.deepEqual(without, [], 'none is without');
    assert.ok(must.length > CALLS / 3, `${must.length} calls came to something`);

    // ... and each has got to the file and to the receiver, once by its id
    const of = (events) => {
      const byCall = new Map();
      for (const { id, type, data } of events) {
        if (type === 'call.ended') byCall.set(data.call_id, (byCall.get(data.call_id) ?? new Set()).add(id));
      }
      return byCall;
    };
    const lines = () => fs.readFileSync(suite.stack.file('events.jsonl'), 'utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l));
    await until(() => of(receiver.events.values()).size >= counts.size, 'the receiver has all', 60000);
    await until(() => of(lines()).size >= counts.size, 'the file has all', 30000);
    for (const events of [[...receiver.events.values()], lines()]) {
      const byCall = of(events);
      assert.deepEqual([...byCall.keys()].sort(), [...counts.keys()].sort());
      for (const [callid, ids] of byCall) assert.equal(ids.size, 1, callid);
    }
    // ... and that it started is told once, whoever had it begun again, and not
    // of others: each call that has ended is of one that has started
    const begins = () => [...receiver.events.values()].filter(({ type }) => /^call\.(re)?started$/.test(type));
    const unheard = () => {
      const ids = new Set(begins().map(({ data }) => data.call));
      return cdrs.filter(({ call }) => !ids.has(call)).length;
    };
    // A worker of sigd may be killed between the two, record and event: a round
    // trip to Redis, so with 4 calls a worker at a time, each of half a second,
    // less than one kill in a hundred hits it; on a machine that is busy with
    // other things, one in ten. One that loses it at each kill is far beyond.
    const lost = 1 + Math.floor((killed.sigd ?? 0) / 5);
    // what starts stands in another stream than what ends: wait for all
    await until(() => unheard() === 0, 'that they started', 3000).catch(() => {});
    assert.ok(unheard() <= lost, `${unheard()} ended of which nobody was told that they began`);
    const begun = begins();
    const starts = new Map();
    for (const { type, data } of begun) if (type === 'call.started') starts.set(data.call_id, (starts.get(data.call_id) ?? 0) + 1);
    assert.deepEqual([...starts].filter(([, n]) => n > 1), [], 'started once');
    const again = begun.filter(({ type }) => type === 'call.restarted');
    assert.ok(again.every(({ data }) => data.was && data.was !== data.call), JSON.stringify(again));
    assert.equal(receiver.bad, 0);
    const tally = {};
    for (const { code } of told) tally[code] = (tally[code] ?? 0) + 1;
    const repeats = [...receiver.times.values()].filter((n) => n > 1).length;
    t.diagnostic(`SEED=${SEED}: ${told.length} calls ${JSON.stringify(tally)}, ${cdrs.length} CDRs, killed ${JSON.stringify(killed)}, `
      + `${repeats} events came twice, ${again.length} calls were begun again, ${unheard()} ended unheard of`);
  });
});
