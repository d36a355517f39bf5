// One CDR for each call, whoever dies when: on two nodes of each kind workers of
// both daemons are killed at random while calls of all kinds come and go within
// and between them, admin processes too, once a whole sigd and a whole mediad,
// and who takes the events is away for a while. CALLS, KILLS: how many; SEED
// repeats an order. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Nodes } from './lib/nodes.mjs';
import { Receiver, SECRET } from './lib/receiver.mjs';
import { Ua } from './lib/sip.mjs';
import { sleep, until } from './lib/stack.mjs';
import { tenants } from './lib/suite.mjs';

const CALLS = Number(process.env.CALLS ?? 300);
const KILLS = Number(process.env.KILLS ?? 20);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
const PAIRS = 8; // tenants, each with one call after another
const PATIENCE_MS = 12000;
// of the kills, those of a whole daemon with all that it has
const WHOLE = new Map([[Math.floor(KILLS / 3), 'sigd'], [Math.floor(2 * KILLS / 3), 'mediad']]);
const WAIT = 20; // so many CDRs are to wait for the receiver

// before kill i so many calls have begun
const due = (i) => (i + 0.5) * CALLS / (KILLS + 1);

// Each node has a file of its own; all else is alike.
class TwoFiles extends Nodes {
  async write() {
    await super.write();
    const text = fs.readFileSync(this.file('sigd2.yaml'), 'utf8');
    fs.writeFileSync(this.file('sigd2.yaml'), text.replace('file: events.jsonl', 'file: events2.jsonl'));
  }
}

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

describe('one CDR for each call', { timeout: 800000 }, () => {
  const rnd = random(SEED);
  const pick = (list) => list[Math.floor(rnd() * list.length)];
  const told = []; // { callid, kind, code }
  const killed = {};
  const uas = [];
  let kills = 0;
  let stack;
  let receiver;
  let port;

  before(async () => {
    receiver = new Receiver();
    await receiver.listen();
    ({ port } = receiver);
    stack = new TwoFiles({ routing: tenants(PAIRS), mediad: 'limits: {setup: 40s, media_timeout: 30s, grace: 2s}\n',
      sip: `sip:
  t1: 50ms
  t2: 400ms
  t4: 500ms
  flow_grace: 500ms
  takeover: 1s
  setup: 10s
events:
  file: events.jsonl
  hooks:
    - {name: billing, url: "http://127.0.0.1:${port}/", secret: ${SECRET}, types: [call.*]}
` });
    await stack.start();
    await until(async () => (await stack.redis.call('EXISTS', 'cb:{h:billing}:places', 'cb:{n:s1}:file:places', 'cb:{n:s2}:file:places')) === 3, 'the feeds');
  });
  after(async () => {
    for (const ua of uas) ua.close();
    await stack.stop();
    await receiver.close();
  });

  async function phone(at, user, domain) {
    const ua = await Ua.open(at, { user, domain });
    uas.push(ua);
    assert.equal((await ua.register()).code, 200);
    return ua;
  }

  async function one(alice, bob, how) {
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
    // the node of his may have been away, and with it the way to him
    if (![200, 486, 487].includes(entry.code)) await bob.register().catch(() => {});
    if (entry.code !== 200) return;
    await sleep(50 + rnd() * 400);
    // one whose end was not heard of is ended by whoever finds it
    await call.bye().catch(() => {});
  }

  // Of four pairs one each is of s1, of s2, from s1 to s2 and from s2 to s1.
  async function pair(nr, count) {
    const nodes = [stack, stack.second];
    const how = { is: 'answers' };
    const alice = await phone(nodes[nr & 1], 'alice', `t${nr}.test`);
    const bob = await phone(nodes[(nr >> 1) & 1], 'bob', `t${nr}.test`);
    const answers = robot(bob, how);
    for (let i = 0; i < count; i++) {
      await until(() => kills === KILLS || told.length < due(kills + 1), 'who is to die before that is dead', 60000);
      await one(alice, bob, how);
    }
    answers.stop = true;
    await answers.done;
  }

  // A whole daemon: its processes go with their parent. It comes back.
  async function killAll(name) {
    const child = stack.procs.get(name);
    const had = Object.values(stack.children(name));
    child.kill('SIGKILL');
    await child.exited;
    await until(() => had.every((pid) => !fs.existsSync(`/proc/${pid}`)), `the processes of ${name} end`);
    return async () => {
      const at = name.endsWith('2') ? stack.second : stack;
      if (name === 'sigd') stack.startSigd();
      else if (name === 'sigd2') stack.startSigd2();
      else stack.startMediad(undefined, name);
      await stack.ready(name.startsWith('sigd') ? at.sigdAdmin : at.mediadAdmin, name);
    };
  }

  // A child, of the one node and of the other one in turn.
  async function kill(nr) {
    const what = pick(['sigd', 'sigd', 'mediad', 'mediad', 'adm']);
    const name = `${what === 'adm' ? 'sigd' : what}${nr % 2 ? '2' : ''}`;
    const victims = () => Object.entries(stack.children(name)).filter(([slot]) => (slot === 'adm') === (what === 'adm'));
    const [, pid] = pick(await until(() => ((all) => all.length && all)(victims()), `${name} has a child`));
    process.kill(pid, 'SIGKILL');
    return `${name} ${what === 'adm' ? 'adm' : 'worker'}`;
  }

  // By Call-ID the CDRs in Redis: id of the entry -> Call-ID.
  async function streams() {
    const found = [];
    for (let i = 0; i < 16; i++) {
      const entries = await stack.redis.call('XRANGE', `cb:{c:${i.toString(16)}}:cdr`, '-', '+');
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
    let waited = 0;
    const running = Promise.all(Array.from({ length: PAIRS }, (_, nr) => pair(nr, Math.ceil(CALLS / PAIRS)))).finally(() => { over = true; });
    const away = (async () => {
      await until(() => told.length > CALLS / 4, 'some calls', 120000);
      await receiver.close();
      const heard = new Set(receiver.of('call.ended').map(({ data }) => data.call_id));
      await until(async () => {
        if (!over && told.length <= CALLS / 2) return false;
        waited = (await streams()).filter(({ callid }) => !heard.has(callid)).length;
        return over || waited >= WAIT;
      }, 'CDRs wait', 200000);
      const back = new Receiver();
      back.events = receiver.events;
      back.times = receiver.times;
      await back.listen(port);
      receiver = back;
    })();
    const backs = [];
    for (; kills < KILLS && !over; kills++) {
      await until(() => told.length >= due(kills) || over, 'the next kill is due', 200000);
      await sleep(rnd() * 200);
      let who;
      if (WHOLE.has(kills)) {
        who = `${WHOLE.get(kills)}${pick(['', '2'])}`;
        backs.push((await killAll(who))());
      } else {
        who = await kill(kills);
      }
      killed[who] = (killed[who] ?? 0) + 1;
    }
    await Promise.all([running, away, ...backs]);
    assert.equal(kills, KILLS, JSON.stringify(killed));
    assert.ok(waited >= WAIT, `${waited} CDRs waited for the receiver`);
    // every call is over: what hung is ended by takeover, grace and deadlines
    let live;
    await until(async () => {
      live = (await stack.redis.call('KEYS', 'cb:{c:*}:rec:*')).length;
      return live === 0;
    }, 'all calls are over', 60000).catch((e) => { throw new Error(`${e.message}: ${live} are left`); });

    const cdrs = await streams();
    const counts = new Map();
    for (const { callid } of cdrs) counts.set(callid, (counts.get(callid) ?? 0) + 1);
    // what somebody heard of the call itself: an answer, or a refusal that is
    // not ours for want of a worker
    const must = told.filter(({ code, rang }) => code === 200 || code === 486 || code === 487 || rang);
    const without = must.filter(({ callid }) => !counts.has(callid));
    assert.deepEqual(without, [], 'none is without');
    assert.ok(must.length > CALLS / 3, `${must.length} calls came to something`);

    // ... and each has got to both files and to the receiver, once by its id
    const of = (events) => {
      const byCall = new Map();
      for (const { id, type, data } of events) {
        if (type === 'call.ended') byCall.set(data.call_id, (byCall.get(data.call_id) ?? new Set()).add(id));
      }
      return byCall;
    };
    const lines = (file) => fs.readFileSync(stack.file(file), 'utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l));
    const files = ['events.jsonl', 'events2.jsonl'];
    const total = (events) => [...of(events).values()].reduce((sum, ids) => sum + ids.size, 0);
    await until(() => total(receiver.events.values()) >= cdrs.length, 'the receiver has all', 60000);
    for (const file of files) await until(() => total(lines(file)) >= cdrs.length, `${file} has all`, 30000);
    for (const events of [[...receiver.events.values()], ...files.map(lines)]) {
      const byCall = of(events);
      assert.deepEqual([...byCall.keys()].sort(), [...counts.keys()].sort());
      for (const [callid, ids] of byCall) assert.equal(ids.size, counts.get(callid), callid);
    }
    // ... and that it started is told once, whoever had it begun again, and not
    // of others: each call that has ended is of one that has started
    const begins = () => [...receiver.events.values()].filter(({ type }) => /^call\.(re)?started$/.test(type));
    const unheard = () => {
      const ids = new Set(begins().map(({ data }) => data.call));
      return cdrs.filter(({ call }) => !ids.has(call)).length;
    };
    // A worker of sigd may be killed between the two, record and event: a round
    // trip to Redis, so with 2 calls a worker at a time, each of half a second,
    // less than one kill in a hundred hits it; on a machine that is busy with
    // other things, one in ten. One that loses it at each kill is far beyond.
    // Of a whole sigd both workers are.
    const workers = ['sigd worker', 'sigd2 worker', 'sigd', 'sigd', 'sigd2', 'sigd2'].reduce((sum, who) => sum + (killed[who] ?? 0), 0);
    const lost = 1 + Math.floor(workers / 5);
    // what starts stands in another stream than what ends: wait for all
    await until(() => unheard() === 0, 'that they started', 3000).catch(() => {});
    assert.ok(unheard() <= lost, `${unheard()} ended of which nobody was told that they began`);
    const begun = begins();
    const starts = new Map();
    for (const { type, data } of begun) if (type === 'call.started') starts.set(data.call_id, (starts.get(data.call_id) ?? 0) + 1);
    const again = begun.filter(({ type }) => type === 'call.restarted');
    assert.ok(again.every(({ data }) => data.was && data.was !== data.call), JSON.stringify(again));
    const twice = [...counts].filter(([, n]) => n > 1).map(([callid]) => cdrs.filter((cdr) => cdr.callid === callid));
    assert.deepEqual(twice, [], 'no call has two');
    assert.deepEqual([...starts].filter(([, n]) => n > 1), [], 'started once');
    assert.equal(receiver.bad, 0);
    const tally = {};
    for (const { code } of told) tally[code] = (tally[code] ?? 0) + 1;
    const repeats = [...receiver.times.values()].filter((n) => n > 1).length;
    t.diagnostic(`SEED=${SEED}: ${told.length} calls ${JSON.stringify(tally)}, ${cdrs.length} CDRs, killed ${JSON.stringify(killed)}, `
      + `${waited} CDRs waited, ${repeats} events came twice, ${again.length} calls were begun again, ${unheard()} ended unheard of`);
  });
});
