// A call between two tenants is a call of both, in every operation of REST; and
// of nobody else.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Events } from './lib/events.mjs';
import { Ua } from './lib/sip.mjs';
import { Suite, tenants } from './lib/suite.mjs';
import { until } from './lib/stack.mjs';

const to = (i) => `      - {name: there, match: {callee: '7(.+)'}, to: {tenant: {id: t${i}, number: '\${1}'}}}\n`;

describe('a call between tenants', { timeout: 120000 }, () => {
  const suite = new Suite({ rtpPorts: 40, mediad: 'recording: {dir: rec, format: wav, min_free: 0}\n',
    routing: tenants(3).replace('    routes:\n', `    routes:\n${to(1)}`).replace('{password: dave-secret}', '{password: dave-secret, record: always}'),
    tokens: { from: 'tenant: t0, scope: write', there: 'tenant: t1, scope: write', others: 'tenant: t2, scope: write' } });
  const { stack } = suite;
  const alice = {};
  const bob = {};
  const carol = {}; // of the third tenant
  before(async () => {
    await suite.start();
    alice.ua = await suite.tenant().phone('alice');
    bob.ua = await suite.tenant().phone('bob');
    carol.ua = await suite.tenant().phone('carol');
    assert.equal(carol.ua.domain, 't2.test');
  });
  after(() => suite.stop());

  const phone = async (user, domain) => {
    const ua = await Ua.open(stack, { user, domain, transport: 'udp' });
    suite.uas.push(ua);
    assert.equal((await ua.register()).code, 200);
    return ua;
  };
  const ask = (name, path, { method = 'GET', body } = {}) => fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/${path}`, { method, body: body && JSON.stringify(body),
    headers: { authorization: `Bearer ${name ? `${name}-${name}` : 'token-of-the-tests'}`, ...body ? { 'content-type': 'application/json' } : {} } });
  const json = async (...args) => (await ask(...args)).json();
  const status = async (...args) => {
    const answer = await ask(...args);
    await answer.arrayBuffer();
    return answer.status;
  };

  async function call() {
    const out = alice.ua.call('7bob');
    const into = await bob.ua.incoming();
    into.ring();
    await out.ringing();
    into.answer();
    assert.equal((await out.final).code, 200);
    await into.up();
    const { calls } = await until(async () => {
      const list = await json('', 'calls');
      return list.calls[0]?.state === 'up' && list;
    }, 'it is up');
    assert.deepEqual([calls[0].tenant, calls[0].callee.tenant], ['t0', 't1']);
    return { id: calls[0].id, callid: calls[0].call_id, out, into };
  }
  // what each of the three gets
  const each = async (what) => ({ from: await what('from'), there: await what('there'), others: await what('others') });
  const both = (yes, no) => ({ from: yes, there: yes, others: no });
  const ids = (state) => async (name) => (await json(name, `calls?state=${state}`)).calls.map((c) => c.id);
  const over = (id) => until(async () => !(await json('', 'calls')).calls.length && (await json('', `calls?state=recent`)).calls.some((c) => c.id === id), 'it is over');

  const open = (name, query) => Events.open(stack.sigdAdmin, { query, token: name ? `${name}-${name}` : undefined });
  // Streams of the third tenant are told what is that one's own: what came before, and they have not heard, is not told to them.
  const alive = async (streams) => {
    const hears = (stream) => stream.of('registration.added').filter(({ data }) => data.data.user === 'carol').length;
    const had = streams.map(hears);
    await until(async () => {
      assert.equal((await carol.ua.register({ expires: 0 })).code, 200);
      assert.equal((await carol.ua.register()).code, 200);
      return streams.every((stream, i) => hears(stream) > had[i]);
    }, 'the others hear of their own');
  };

  test('both see it while it is up, list, record, timeline, and may end and record it', async () => {
    const { id, callid } = await call();
    assert.deepEqual(await each(ids('live')), both([id], []));
    assert.deepEqual(await each(ids('all')), both([id], []));
    assert.deepEqual(await each(async (name) => (await json(name, 'calls')).total), both(1, 0));
    for (const path of [`calls/${id}`, `calls/${id}/timeline`, `calls/${encodeURIComponent(callid)}/timeline`]) {
      await until(async () => (await status('', path)) === 200, path);
      assert.deepEqual(await each((name) => status(name, path)), both(200, 404), path);
    }
    // it is not recorded, which they may know
    for (const what of ['pause', 'resume']) {
      assert.deepEqual(await each((name) => status(name, `calls/${id}/recording/${what}`, { method: 'POST' })), both(409, 404), what);
    }
    assert.equal(await status('others', `calls/${id}`, { method: 'DELETE' }), 404);
    assert.equal(await status('there', `calls/${id}`, { method: 'DELETE' }), 200);
    await over(id);
    // ... and when it is over
    assert.deepEqual(await each(ids('recent')), both([id], []));
    await until(async () => (await json('', `calls/${id}`)).verdict, 'its log is there');
    for (const path of [`calls/${id}`, `calls/${id}/timeline`]) assert.deepEqual(await each((name) => status(name, path)), both(200, 404), path);
    await stack.redis.call('EVAL', "redis.call('DEL', 'cb:{c:' .. string.sub(ARGV[1], 1, 1) .. '}:media:' .. ARGV[1]) return 1", 0, id);
    assert.deepEqual(await each((name) => status(name, `calls/${id}`)), both(200, 404), 'by its log alone');
  });

  // of telephones: the pages of these tests have no media whose keys could be stored
  test('each pauses the recording for itself, and the operator for all', async () => {
    const dave = await phone('dave', 't0.test');
    const desk = await phone('dave', 't1.test');
    const out = dave.call('7dave');
    const into = await desk.incoming();
    into.answer();
    assert.equal((await out.final).code, 200);
    await into.up();
    const { calls: [{ id }] } = await until(async () => {
      const list = await json('', 'calls');
      return list.calls[0]?.state === 'up' && list;
    }, 'it is up');
    const tape = async (name, what) => {
      const answer = await ask(name, `calls/${id}/recording/${what}`, { method: 'POST' });
      return [answer.status, (await answer.json()).recording];
    };
    const is = async (state) => until(async () => (await each(async (name) => (await json(name, `calls/${id}`)).media?.legs?.[0]?.recording)).from === state, `it is ${state}`);
    await is('on');
    const paused = [200, 'paused'];
    const on = [200, 'on'];
    assert.deepEqual(await tape('others', 'pause'), [404, undefined]);
    // what one of them wants the other one does not undo
    for (const [one, other] of [['from', 'there'], ['there', 'from']]) {
      assert.deepEqual(await tape(one, 'pause'), paused);
      await is('paused');
      assert.deepEqual(await tape(other, 'resume'), paused, `${other} has paused nothing`);
      assert.deepEqual(await tape(other, 'pause'), paused);
      assert.deepEqual(await tape(one, 'resume'), paused, `${other} has paused it, too`);
      assert.deepEqual(await tape('others', 'resume'), [404, undefined]);
      assert.deepEqual(await tape(other, 'resume'), on);
      await is('on');
    }
    // the operator's no tenant ends, and his end ends all
    assert.deepEqual(await tape('', 'pause'), paused);
    assert.deepEqual(await tape('from', 'resume'), paused);
    assert.deepEqual(await tape('there', 'resume'), paused);
    assert.deepEqual(await tape('there', 'pause'), paused);
    assert.deepEqual(await tape('', 'resume'), on);
    await is('on');
    assert.equal((await out.bye()).code, 200);
    await over(id);
    // by Redis' facts, in their order: as often as it was silent, and no more
    const told = (await stack.redis.call('XRANGE', 'cb:facts', '-', '+')).map(([, f]) => f.find((v) => /^recording\.(paused|resumed)$/.test(v))).filter(Boolean);
    assert.deepEqual(told, Array(3).fill(['recording.paused', 'recording.resumed']).flat());
  });

  test('both are told of it as it happens, and who comes back', async () => {
    const all = [await open(''), ...Object.values(await each((name) => open(name))), await open('', '?tenant=t1'), await open('', '?tenant=t2')];
    const [operator, from, there, others, of1, of2] = all;
    // they look four times a second, from when they came: so until something is heard
    await until(async () => {
      assert.equal((await alice.ua.register()).code, 200);
      assert.equal((await alice.ua.register({ expires: 0 })).code, 200);
      return from.of('registration.added').length && operator.of('registration.added').length;
    }, 'they hear something');
    assert.equal((await alice.ua.register()).code, 200);
    const since = Date.now();
    const { id, callid, out } = await call();
    assert.equal((await out.bye()).code, 200);
    await over(id);
    const types = ['call.started', 'call.answered', 'call.ended'];
    const heard = (events) => types.flatMap((type) => events.of(type).filter(({ data }) => data.data.call === id).map(({ data }) => [type, data.tenant,
      data.data.callee_tenant ?? data.data.callee?.tenant]));
    const whole = types.map((type) => [type, 't0', 't1']);
    for (const [i, one] of [operator, from, there, of1].entries()) {
      await until(() => heard(one).length === 3, `${i} is told of all: ${heard(one)}`);
      assert.deepEqual(heard(one), whole);
    }
    const back = await each((name) => open(name, `?since=${since}`));
    for (const one of [back.from, back.there]) await until(() => heard(one).length === 3, 'who comes back is told');
    await alive([others, of2, back.others]);
    for (const one of [others, of2, back.others]) assert.ok(!one.list.some(({ data }) => JSON.stringify(data).includes(callid) || data.data?.call === id));
    assert.ok(!there.list.some(({ data }) => /alice/.test(data.data?.user)), 'her registrations are not theirs');
    for (const one of [...all, ...Object.values(back)]) await one.close();
  });

  // nobody sends, which the media worker notices of both sides
  test('both are told what the media worker notices', async () => {
    const all = [await open(''), ...Object.values(await each((name) => open(name))), await open('', '?tenant=t1'), await open('', '?tenant=t2')];
    const [operator, from, there, others, of1, of2] = all;
    await alive([operator, others, of2]);
    const { id, out } = await call();
    const quiet = (events) => events.of('leg.quiet').filter(({ data }) => data.data.call === id);
    const told = [operator, from, there, of1];
    await until(() => told.every((one) => quiet(one).length === 2), 'both sides are quiet', 20000);
    for (const { data } of told.flatMap(quiet)) assert.deepEqual([data.tenant, data.data.callee_tenant], ['t0', 't1']);
    assert.equal((await out.bye()).code, 200);
    await over(id);
    await alive([others, of2]);
    for (const one of [others, of2]) assert.ok(!one.list.some(({ data }) => data.data?.call === id));
    for (const one of all) await one.close();
  });

  test('each ends those of its own users', async () => {
    const { id } = await call();
    const many = (name, body) => json(name, 'calls/hangup', { method: 'POST', body });
    assert.equal((await many('others', { tenant: 't2' })).calls, 0);
    assert.equal(await status('others', 'calls/hangup', { method: 'POST', body: { tenant: 't1' } }), 403);
    assert.equal((await many('from', { tenant: 't0', user: 'bob' })).calls, 0, 'bob is not of t0');
    assert.equal((await many('there', { tenant: 't1', user: 'alice' })).calls, 0, 'alice is not of t1');
    assert.equal((await many('there', { tenant: 't1', user: 'bob' })).calls, 1);
    await over(id);
  });

  test('who uses the Call-ID of another tenant reads nothing of it, and hides nothing', async () => {
    const { id, callid, out } = await call();
    const mallory = carol.ua;
    const of = `traces?call_id=${encodeURIComponent(callid)}`;
    const trace = await until(async () => (await json('', of)).traces[0], 'it is traced');
    // of their dialog, with the tags of either side, and one of her own
    const tags = [out.localTag, out.remoteTag, 'her-own'];
    for (const [i, fromTag] of tags.entries()) assert.equal((await mallory.register({ callid, fromTag, cseq: 10 * (i + 1) })).code, 200);
    const hers = mallory.call('echo', { callid, localTag: 'her-call' });
    assert.equal((await hers.final).code, 200);
    assert.equal((await hers.bye()).code, 200);
    assert.equal((await out.bye()).code, 200);
    await over(id);
    const texts = async (name) => {
      const { messages } = await json(name, `traces/${trace.id}`);
      return messages?.map((m) => m.text);
    };
    const said = await until(async () => {
      const all = await texts('');
      return all.filter((t) => /^CSeq: \d+ BYE\r$/m.test(t)).length === 6 && all.filter((t) => /^REGISTER /.test(t)).length >= 6 && all;
    }, 'all is told');
    const ofCall = (t) => new RegExp(`tag=${out.localTag}`).test(t) && /alice/.test(t);
    for (const name of ['from', 'there']) {
      const read = await texts(name);
      assert.deepEqual(read.filter(ofCall), said.filter(ofCall), name);
      assert.ok(!read.some((t) => /her-own|her-call/.test(t)), name);
      const timeline = await json(name, `calls/${encodeURIComponent(callid)}/timeline`);
      assert.equal(timeline.id, id, name);
      assert.ok(timeline.items.filter((i) => i.what === 'sip').length >= 10);
      // what she wrote with alice's tag is in alice's dialog, and shows herself alone
      assert.ok(!/her-own|her-call/.test(JSON.stringify(timeline)), name);
      assert.ok(!/carol/.test(JSON.stringify(await json(name, of))), name);
    }
    const read = await texts('others');
    assert.ok(read.some((t) => /her-call/.test(t)) && read.some((t) => /her-own/.test(t)));
    assert.ok(!/alice|sip:bob|t[01]\.test/.test(read.join('')), read.join('\n'));
    const pcap = await (await ask('others', `traces/${trace.id}/pcap`)).text();
    assert.ok(!/alice|t0\.test/.test(pcap));
    const followed = await until(async () => {
      const text = JSON.stringify(await json('others', 'traces/messages?tenant=t2&user=carol&after=0&limit=500'));
      return /her-call/.test(text) && text;
    }, 'what is said is told a second later');
    assert.ok(!/alice/.test(followed));
    assert.ok(!/alice|bob/.test(JSON.stringify(await json('others', of))));
    assert.match((await json('others', `calls/${encodeURIComponent(callid)}/timeline`)).caller, /carol/);
    assert.equal(await status('others', `calls/${id}/timeline`), 404);
    // the operator knows all of them
    assert.deepEqual((await json('', of)).traces[0].parties.map((p) => `${p.tenant}/${p.user}`).sort(), ['t0/alice', 't1/bob', 't2/carol']);
  });

  test('nothing is left of the list of calls', async () => {
    for (let x = 0; x < 16; x++) assert.deepEqual(await stack.redis.call('ZRANGE', `cb:{c:${x.toString(16)}}:calls`, 0, -1), []);
  });
});
