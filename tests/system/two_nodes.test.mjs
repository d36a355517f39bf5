// What operators see of a call whose caller is at one node and whose callee at
// another, with two nodes of each kind: the same from either, although nodes
// drain and workers die meanwhile. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Nodes } from './lib/nodes.mjs';
import { Ua } from './lib/sip.mjs';
import { until } from './lib/stack.mjs';

// Answers OPTIONS as long as it is well, and an INVITE with its code.
class Carrier {
  static async open() {
    const carrier = Object.assign(new Carrier(), { well: true, code: 503 });
    carrier.socket = createSocket('udp4');
    carrier.socket.on('message', (data, from) => carrier.took(data.toString(), from));
    await new Promise((done) => { carrier.socket.bind(0, '127.0.0.1', done); });
    carrier.port = carrier.socket.address().port;
    return carrier;
  }

  took(text, { port, address }) {
    const method = text.split(' ')[0];
    if (!this.well || !['OPTIONS', 'INVITE'].includes(method)) return;
    const keep = text.split('\r\n').filter((l) => /^(Via|From|Call-ID|CSeq):/.test(l));
    this.socket.send(`SIP/2.0 ${method === 'INVITE' ? this.code : 200} So\r\n${keep.join('\r\n')}\r\n${/^To: .*$/m.exec(text)[0].trim()};tag=c\r\n`
      + 'Content-Length: 0\r\n\r\n', port, address);
  }
}

const sip = `sip:
  t1: 50ms
  t2: 400ms
  t4: 500ms
  flow_grace: 5s
  takeover: 1s
events: {file: events.jsonl}
`;
const routing = (carrier) => `tenants:
  demo:
    domains: [t.test]
    realm: cordboard
    users:
${['alice', 'bob', 'carol'].map((u) => `      ${u}: {password: ${u}-secret}`).join('\n')}
    connections:
      office: {kind: inbound, username: office, password: office-secret, sources: [127.0.5.0/24]}
      carrier: {kind: trunk, address: '127.0.0.1:${carrier.port}', probe: 200ms, probe_down: 2, answer_within: 300ms, breaker: {failures: 1, open: 1s}}
    routes:
      - {name: echo, match: {callee: echo}, to: {service: echo}}
      - {name: out, match: {callee: '0.*'}, to: {connection: carrier}}
`;

describe('two nodes of each kind', { timeout: 480000 }, () => {
  let carrier;
  const stack = new Nodes({ routing: () => routing(carrier), sip, drain: '60s', rtpPorts: 100 });
  let both;
  let uas = [];
  before(async () => {
    carrier = await Carrier.open();
    await stack.start();
    both = [stack, stack.second];
    await until(async () => (await rest('/v1/nodes')).nodes.flatMap((n) => n.workers).length === 8, 'all are told');
    await until(async () => (await stack.redis.call('EXISTS', 'cb:{n:s1}:file:places', 'cb:{n:s2}:file:places')) === 2, 'the feeds');
  });
  afterEach(async () => {
    for (const ua of uas.splice(0)) {
      if (ua.socket && ua.registerId) await ua.register({ expires: 0 }).catch(() => {});
      ua.close();
    }
    await stack.audit(20000);
  });
  after(async () => {
    await stack.stop();
    carrier.socket.close();
  });

  const rest = async (path, by = stack) => {
    const { status, body } = await stack.rest('GET', path, { by });
    assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
    return body;
  };
  // of both, which must be one
  const same = async (path, of = (body) => body) => {
    const [one, two] = await Promise.all(both.map(async (by) => of(await rest(path, by))));
    assert.deepEqual(one, two, path);
    return one;
  };
  const events = (type, fits = () => true) => {
    const lines = stack.log('events.jsonl').split('\n').filter((l) => l.endsWith('}')).map((l) => JSON.parse(l));
    return [...new Map(lines.map((e) => [e.id, e])).values()].filter((e) => e.type === type && fits(e));
  };
  const cdrs = async (id) => (await stack.redis.call('XRANGE', `cb:{c:${id[0]}}:cdr`, '-', '+'))
    .map(([, f]) => Object.fromEntries(Array.from({ length: f.length / 2 }, (_, i) => [f[2 * i], f[2 * i + 1]])))
    .filter((cdr) => cdr.call === id);

  const ua = async (user, at, options = {}) => {
    const one = await Ua.open(at, { user, domain: 't.test', ...options });
    uas.push(one);
    return one;
  };
  const phone = async (user, at, options) => {
    const one = await ua(user, at, options);
    assert.equal((await one.register()).code, 200);
    return one;
  };
  // alice at s1, bob at s2; who is asked to by a re-INVITE describes itself anew
  const talk = async ({ caller = 'ws', callee = 'udp' } = {}) => {
    const alice = await phone('alice', stack, { transport: caller });
    const bob = await phone('bob', stack.second, { transport: callee });
    const out = alice.call('bob');
    const into = await bob.incoming();
    into.ring();
    await out.ringing();
    into.answer();
    assert.equal((await out.final).code, 200);
    await into.up();
    for (const call of [out, into]) {
      const { request } = Object.getPrototypeOf(call);
      call.request = (msg) => {
        if (msg.method !== 'INVITE') return request.call(call, msg);
        call.requests.push(msg);
        const body = call.ua.sdp(msg.body);
        return call.ua.respond(msg, 200, { headers: [['Contact', call.ua.contact]], body });
      };
    }
    // media is told as mediad gets to it
    const [{ id }] = await same('/v1/calls', ({ calls }) => calls.map(({ quality, ...call }) => call));
    return { alice, bob, out, into, id };
  };
  const kinds = (timeline) => timeline.items.filter(({ what }) => what === 'log').map(({ kind }) => kind);
  // of the call that has ended, when both tell all of it alike
  const timeline = (id, code) => until(async () => {
    const [one, two] = await Promise.all(both.map((by) => rest(`/v1/calls/${id}/timeline`, by)));
    // what was said comes a quarter of a second later
    if ((code && one.verdict.code !== code) || one.items.length !== two.items.length || !['session.ended', 'call.ended'].every((k) => kinds(one).includes(k))
      || one.items.filter((i) => i.line?.startsWith('BYE')).length < 2) return false;
    assert.deepEqual(one.items, two.items);
    assert.deepEqual(one.verdict, two.verdict);
    assert.ok(one.items.every((item, i) => !i || item.us >= one.items[i - 1].us), 'in order');
    return one;
  }, `its timeline, ${code ?? ''}`, 20000).catch(async (e) => {
    const { verdict, items } = await rest(`/v1/calls/${id}/timeline`);
    throw new Error(`${e.message}: ${JSON.stringify(verdict)}\n${items.map((i) => i.line ?? `${i.worker} ${i.kind}`).join('\n')}`);
  });

  test('a call is listed, told and traced alike by both', async () => {
    const { alice, out, into, id } = await talk();
    const call = await same(`/v1/calls/${id}`, ({ media, ...c }) => ({ ...c, duration_ms: 0 }));
    assert.equal(call.state, 'up');
    assert.match(call.media_worker, /^m[12]\/[12]$/);
    assert.equal((await out.bye()).code, 200);
    await into.ended();
    await same('/v1/calls', ({ calls }) => calls);
    await until(async () => (await rest('/v1/calls?state=recent', stack.second)).calls.some((c) => c.id === id), 'it is over');
    await same('/v1/calls?state=recent&user=bob', ({ calls }) => calls);

    const { items } = await timeline(id);
    const who = (what) => new Set(items.filter(what).map((i) => i.worker?.split('/')[0]));
    const log = who((i) => i.what === 'log');
    assert.ok(log.has('s1') && [...log].some((node) => /^m[12]$/.test(node)), `of both daemons: ${[...log]}`);
    const said = items.filter((i) => i.what === 'sip');
    const nodes = who((i) => i.what === 'sip');
    assert.deepEqual([...nodes].sort(), ['s1', 's2'], 'messages of both nodes');
    assert.ok(said.some((i) => i.line.startsWith('INVITE') && i.direction === 'out') && said.some((i) => i.line.startsWith('BYE')));

    const [trace] = (await same(`/v1/traces?call=${id}`, ({ traces }) => traces));
    assert.ok(trace);
    const { messages } = await same(`/v1/traces/${trace.id}`);
    assert.equal(messages.length, said.length);
    for (const query of ['user=alice', 'user=bob', `user=alice&device=${encodeURIComponent(alice.contact.slice(1, -1))}`]) {
      const { traces } = await rest(`/v1/traces?tenant=demo&${query}`, stack.second);
      assert.ok(traces.some((t) => t.id === trace.id), query);
    }
    const pcaps = await Promise.all(both.map((by) => fetch(`http://127.0.0.1:${by.sigdAdmin}/v1/traces/${trace.id}/pcap`,
      { headers: { authorization: 'Bearer token-of-the-tests' } }).then(async (r) => Buffer.from(await r.arrayBuffer()))));
    assert.deepEqual(pcaps[0], pcaps[1]);
    const text = pcaps[0].toString('latin1');
    assert.equal(text.split('INVITE sip:').length - 1, said.filter((i) => i.line.startsWith('INVITE')).length);
    assert.doesNotMatch(JSON.stringify(items) + text, /alice-secret|bob-secret|response="/);
    assert.equal((await cdrs(id)).length, 1);
    await until(() => events('call.ended', (e) => e.data.call === id).length === 1, 'its end is told');
    assert.equal(events('call.started', (e) => e.data.call === id).length, 1);
    assert.equal(events('call.answered', (e) => e.data.call === id).length, 1);
  });

  test('its media goes to the other node of mediad when that of it drains: the timeline tells', async () => {
    const { out, into, id } = await talk({ caller: 'udp' });
    const at = async (by) => (await rest(`/v1/calls/${id}`, by)).media_worker.split('/')[0];
    const from = await at();
    const to = from === 'm1' ? 'm2' : 'm1';
    assert.equal((await stack.rest('POST', `/v1/nodes/${from}/drain?daemon=mediad&move=now`, { by: stack.second })).status, 200);
    await until(async () => await at(stack.second) === to, 'it has moved');
    await until(() => out.requests.some((m) => m.method === 'INVITE') && into.requests.some((m) => m.method === 'INVITE'), 'both were asked');
    await until(async () => (await rest(`/v1/nodes/${from}`)).nodes.some((n) => n.daemon === 'mediad' && n.state === 'drained'), 'it is empty');
    for (const type of ['node.draining', 'node.drained']) {
      await until(() => events(type, (e) => e.data.node === from && e.data.daemon === 'mediad').length === 1, type);
    }
    assert.equal((await stack.rest('POST', `/v1/nodes/${from}/undrain?daemon=mediad`)).status, 200);
    await until(() => events('node.joined', (e) => e.data.node === from && e.data.was?.startsWith('drain')).length === 1, 'it serves again');
    assert.equal((await into.bye()).code, 200);
    await out.ended();
    const { items } = await timeline(id);
    const moved = items.findIndex((i) => i.kind === 'media.moved' && i.data.to);
    assert.ok(moved > 0 && items.findIndex((i) => i.kind === 'media.moving') < moved, items.map((i) => i.line ?? `${i.worker} ${i.kind} ${JSON.stringify(i.data)}`).join('\n'));
    assert.ok(items[moved].data.to.startsWith(`${to}/`));
    assert.equal(items.filter((i) => i.kind === 'media.moved' && i.worker.startsWith(`${to}/`)).length, 2, 'both legs, there');
    const agreed = items.filter((i) => i.kind === 'sdp.agreed').map((i) => i.worker.split('/')[0]);
    assert.ok(agreed.includes(from) && agreed.includes(to), `${agreed}`);
    assert.equal((await cdrs(id)).length, 1);
  });

  test('it is hung up from the node that has neither its caller nor its set-up', async () => {
    const { out, into, id } = await talk();
    const { status, body } = await stack.rest('DELETE', `/v1/calls/${id}`, { by: stack.second });
    assert.equal(status, 200, JSON.stringify(body));
    for (const bye of await Promise.all([out.ended(), into.ended()])) assert.match(bye.why, /operator/);
    assert.deepEqual((await cdrs(id)).map((cdr) => cdr.reason), ['operator']);
    const { items } = await timeline(id, 'ended-by-operator');
    assert.equal(items.filter((i) => i.kind === 'call.ended').length, 1);
  });

  test('the worker that set it up is killed: the caller comes back at the other node, one CDR', async () => {
    const { alice, bob, out, into, id } = await talk();
    const [{ flow }] = (await rest('/v1/registrations?tenant=demo&user=alice')).registrations;
    const slot = Number(flow.split('/')[1]);
    process.kill(stack.workers('sigd')[slot], 'SIGKILL');
    await until(() => alice.gone, 'her connection ends');
    const { contact } = alice;
    Object.assign(alice, { stack: stack.second, gone: false });
    await alice.connect();
    alice.contact = contact;
    assert.equal((await alice.register()).code, 200);
    await until(async () => {
      const { items } = await rest(`/v1/calls/${id}/timeline`, stack.second);
      return items.some((i) => i.kind === 'flow.back');
    }, 'she has her call');
    assert.ok((await into.within('INFO')).code < 500);
    assert.equal((await into.bye()).code, 200);
    await out.ended();
    assert.ok(bob);
    const cdr = await until(async () => { const found = await cdrs(id); return found.length && found; }, 'its CDR');
    assert.deepEqual(cdr.map((c) => c.reason), ['hangup']);
    const { items } = await timeline(id);
    const order = kinds({ items }).filter((k) => ['call.begun', 'call.up', 'flow.back', 'call.ended'].includes(k));
    assert.deepEqual(order, ['call.begun', 'call.up', 'flow.back', 'call.ended']);
    assert.equal(items.find((i) => i.kind === 'flow.back').worker.split('/')[0], 's2');
    await until(() => events('call.ended', (e) => e.data.call === id).length === 1, 'its end is told');
    await stack.ready(stack.sigdAdmin, 'sigd');
  });

  test('a device is listed by both, unregistered and disconnected from the other one', async () => {
    const carol = await phone('carol', stack, { transport: 'ws' });
    const [{ device, flow }] = await same('/v1/registrations?tenant=demo&user=carol', (b) => b.registrations);
    assert.match(flow, /^s1\//);
    const path = `/v1/registrations/demo/carol/${encodeURIComponent(device)}`;
    assert.equal((await stack.rest('DELETE', path, { by: stack.second })).status, 200);
    assert.deepEqual(await same('/v1/registrations?tenant=demo&user=carol', (b) => b.registrations), []);
    await until(() => events('registration.removed', (e) => e.data.user === 'carol').length === 1, 'it is told');
    const [left] = await same('/v1/registrations/demo/carol/log', (b) => b.entries);
    assert.deepEqual([left.event, left.reason, left.flow], ['unregistered', 'operator', flow], 'its log tells');
    assert.equal((await carol.register()).code, 200);
    assert.equal((await stack.rest('POST', `${path}/disconnect`, { by: stack.second })).status, 200);
    await until(() => carol.gone, 'it is closed');
    await until(() => events('registration.lost', (e) => e.data.user === 'carol').length === 1, 'that is told');
    await until(async () => (await rest('/v1/registrations/demo/carol/log', stack.second)).entries[0].event === 'lost', 'and in its log');
    await same('/v1/registrations/demo/carol/log', (b) => b.entries);
    assert.equal(events('registration.added', (e) => e.data.user === 'carol').length, 2);
  });

  test('log levels of the other one', async () => {
    const put = (by, level) => stack.rest('PUT', '/v1/log-levels', { by, body: { node: by === stack ? 's2' : 's1', level } });
    for (const by of both) {
      assert.equal((await put(by, 'warn')).status, 200);
      const levels = await same('/v1/log-levels', ({ nodes }) => nodes.filter((n) => n.daemon !== 'mediad').map((n) => [n.node, n.workers.map((w) => w.level)]));
      assert.deepEqual(levels.filter(([, l]) => l.includes('warn')).map(([n]) => n), [by === stack ? 's2' : 's1']);
      assert.equal((await put(by, 'default')).status, 200);
    }
  });

  describe('connections', () => {
    const get = (name) => same(`/v1/connections/demo/${name}`, ({ latency, health, ...c }) => ({ ...c, health: health?.state }));
    const is = (what) => until(async () => (await rest('/v1/connections/demo/carrier', stack.second)).state.state === what, `it is ${what}`);
    const told = (type) => events(type, (e) => e.data.name === 'carrier');

    test('a PBX that registers at one is registered at both', async () => {
      const office = await ua('office', stack.second, { address: '127.0.5.1' });
      assert.equal((await office.register()).code, 200);
      const { registration } = await get('office');
      assert.equal(registration.state, 'registered');
      assert.match(registration.flow, /^s2\//);
      assert.equal((await office.register({ expires: 0 })).code, 200);
      assert.equal((await get('office')).registration.state, 'none');
    });

    test('one that is down is down at both, told once, and up again', async () => {
      await until(async () => (await rest('/v1/connections/demo/carrier')).health.state === 'up', 'it is up');
      // on a busy machine it may have been down before
      const since = Date.now();
      const told = (type) => events(type, (e) => e.data.name === 'carrier' && Date.parse(e.time) >= since);
      carrier.well = false;
      await is('down');
      assert.equal((await get('carrier')).state.takes_calls, false);
      await until(() => told('connection.down').length === 1, 'it is told');
      carrier.well = true;
      await is('up');
      assert.equal((await get('carrier')).state.takes_calls, true);
      await until(() => told('connection.up').length === 1, 'that is told');
      assert.equal(told('connection.down').length, 1);
      assert.equal(told('connection.down')[0].tenant, 'demo');
    });

    test('one where calls fail is broken at both, and mended when one gets through', async () => {
      const alice = await phone('alice', stack);
      // a worker may not have heard yet that it is up, and does not try it
      await until(async () => {
        const { code, why } = await alice.call('01').final;
        assert.ok(code >= 500, `${code} ${why}`);
        return told('connection.broken').length > 0;
      }, 'it is told');
      carrier.code = 486; // no is an answer
      // a worker may not have heard that it is broken
      await until(async () => (await alice.call('02').final).code === 486 && told('connection.mended').length === 1, 'one gets through, and that is told');
      await is('up');
      await get('carrier');
    });

    test('one that an operator has taken out is out at both, and that is told', async () => {
      assert.equal((await stack.rest('PATCH', '/v1/connections/demo/carrier', { by: stack.second, body: { state: 'drain', reason: 'repairs' } })).status, 200);
      assert.equal((await get('carrier')).state.forced, true);
      await until(() => told('connection.forced').length >= 1, 'it is told');
      assert.equal((await stack.rest('PATCH', '/v1/connections/demo/carrier', { body: { state: 'auto' } })).status, 200);
      assert.equal((await get('carrier')).state.forced, false);
    });
  });

  test('who guesses is told of, whichever node he asks', async () => {
    // a worker tells of what it has seen itself, more than ten tries
    for (const [i, at] of both.entries()) {
      const guesser = await ua('bob', at, { password: 'wrong', address: '127.0.0.66' });
      for (let n = 0; n < 12; n++) await guesser.register({ callid: `g${i}-${n}` }).catch(() => {});
    }
    const [one] = await until(() => events('security.guessing', (e) => e.data.source === '127.0.0.66').length
      && events('security.guessing', (e) => e.data.source === '127.0.0.66'), 'it is told');
    assert.equal(one.data.name, 'bob');
    assert.equal(one.tenant, 'demo');
    await same('/v1/alarms', ({ alarms }) => alarms.filter((a) => a.kind === 'guessing'));
  });
});
