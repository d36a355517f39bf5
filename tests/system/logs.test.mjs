// What devices and connections have done, and how long their round trips take:
// over WSS and UDP, at two nodes, each kind of entry as it comes about.
// SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { secondSigd } from './lib/second.mjs';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const AGENT = ['User-Agent', 'Logphone 1.0 (test)'];

// Answers REGISTER and OPTIONS as it is told; null: not at all.
class Registrar {
  static async open() {
    const pbx = Object.assign(new Registrar(), { codes: { REGISTER: 200, OPTIONS: 200 } });
    pbx.socket = createSocket('udp4');
    pbx.socket.on('message', (data, from) => pbx.took(data.toString(), from));
    await new Promise((done) => { pbx.socket.bind(0, '127.0.0.1', done); });
    pbx.port = pbx.socket.address().port;
    return pbx;
  }

  took(text, from) {
    const code = this.codes[text.split(' ')[0]];
    if (!code) return;
    const keep = text.split('\r\n').filter((l) => /^(Via|From|Call-ID|CSeq|Contact):/.test(l));
    this.socket.send(`SIP/2.0 ${code} Said So\r\n${keep.join('\r\n')}\r\n${/^To: .*$/m.exec(text)[0].trim()};tag=p\r\n`
      + 'Expires: 20\r\nContent-Length: 0\r\n\r\n', from.port, from.address);
  }
}

const routing = (pbx) => `tenants:
  demo:
    domains: [t.test]
    realm: cordboard
    users:
      alice: {password: alice-secret, max_devices: 2}
      bob: {password: bob-secret}
      carol: {password: carol-secret}
    connections:
      ours: {kind: register, address: '127.0.0.1:${pbx.port}', username: trunk, password: trunk-secret, probe: 0s}
      probed: {kind: trunk, address: '127.0.0.1:${pbx.port}', probe: 300ms, probe_down: 1, answer_within: 300ms}
      office: {kind: inbound, username: office, password: office-secret, sources: [127.0.0.0/24]}
    routes:
      - {name: echo, match: {callee: echo}, to: {service: echo}}
`;

describe('logs', { timeout: 480000 }, () => {
  let pbx;
  const suite = new Suite({ routing: () => routing(pbx), sigd: `websocket: {ping: 300ms}
limits: {user: {rate: 30, burst: 40}}
events: {file: events.jsonl}
`, rtpPorts: 40 });
  const { stack } = suite;
  let nodes;

  before(async () => {
    pbx = await Registrar.open();
    await suite.start();
    nodes = [stack, await secondSigd(stack)];
  });
  afterEach(() => suite.hangUp());
  after(async () => {
    await nodes?.[1].stop();
    await suite.stop();
    pbx.socket.close();
  });

  const get = (path, node = stack) => fetch(`http://127.0.0.1:${node.sigdAdmin}/v1/${path}`,
    { headers: { Authorization: 'Bearer token-of-the-tests' } });
  const json = async (path, node) => {
    const res = await get(path, node);
    assert.equal(res.status, 200, res.ok ? path : `${path}: ${await res.text()}`);
    return res.json();
  };
  let turn = 0; // any node tells it
  const entries = async (path, query = '') => (await json(`${path}/log${query}`, nodes[turn++ % 2])).entries;
  const entry = (path, match, query) => until(async () => (await entries(path, query))
    .find((e) => Object.entries(match).every(([k, v]) => (v instanceof RegExp ? v.test(e[k]) : e[k] === v))),
  `${path}: ${JSON.stringify(match)}`).catch(async (e) => {
    throw new Error(`${e.message}; there is ${JSON.stringify(await entries(path, query), null, 1)}`);
  });
  const ua = async (user, node, options = {}) => {
    const { Ua } = await import('./lib/sip.mjs');
    const one = await Ua.open(node, { user, domain: 't.test', ...options });
    suite.uas.push(one);
    return one;
  };
  const device = (nr) => `urn:uuid:00000000-0000-4000-8000-00000000000${nr}`;
  const instance = (nr) => `;+sip.instance="<${device(nr)}>"`;
  // both nodes write all of them
  const told = () => {
    const lines = stack.log('events.jsonl').split('\n').filter((l) => l.endsWith('}')).map((l) => JSON.parse(l));
    return [...new Map(lines.map((e) => [e.id, e])).values()];
  };

  for (const [transport, nr] of [['wss', 0], ['udp', 1]]) {
    test(`what a device does over ${transport}`, async () => {
      const path = 'registrations/demo/bob';
      const query = `?device=${encodeURIComponent(device(nr))}`;
      const phone = await ua('bob', nodes[nr], { transport });
      const ask = (options) => phone.register({ params: instance(nr), headers: [AGENT], ...options });
      assert.equal((await ask()).code, 200);
      const first = await entry(path, { event: 'registered' }, query);
      assert.equal(first.agent, AGENT[1]);
      assert.equal(first.device, device(nr));
      assert.equal(first.expires_s, 300);
      assert.equal(first.transport, transport.toUpperCase());
      assert.match(first.worker, nr ? /^s2\/\d$/ : /^s1\/\d$/);
      assert.match(first.address, /^127\.0\.0\.1:\d+$/);
      if (transport === 'wss') assert.ok(first.connection_number > 0);
      else assert.equal(first.connection_number, null);

      for (let i = 0; i < 3; i++) assert.equal((await ask()).code, 200);
      const again = await entry(path, { event: 'refreshed', count: 3 }, query);
      assert.ok(again.since <= again.time);
      assert.equal((await entries(path, query)).length, 2);

      // the same device from elsewhere
      const other = await ua('bob', nodes[1 - nr], { transport });
      other.registerId = phone.registerId;
      other.registerSeq = 1000;
      assert.equal((await other.register({ params: instance(nr), headers: [AGENT] })).code, 200);
      await entry(path, { event: 'moved', worker: nr ? /^s1/ : /^s2/ }, query);
      assert.equal((await other.register({ params: instance(nr), headers: [AGENT], expires: 0 })).code, 200);
      await entry(path, { event: 'unregistered' }, query);
      assert.deepEqual((await entries(path, query)).map((e) => e.event), ['unregistered', 'moved', 'refreshed', 'registered']);
    });
  }

  test('one whose connection ends', async () => {
    const gone = await ua('carol', nodes[1], { transport: 'wss' });
    assert.equal((await gone.register({ params: instance(2) })).code, 200);
    gone.close();
    const lost = await entry('registrations/demo/carol', { event: 'lost', device: device(2) });
    assert.match(lost.worker, /^s2\//);
    assert.ok(lost.connection_number > 0);
  });

  test('why one was refused', async () => {
    const path = 'registrations/demo/alice';
    const wrong = await ua('alice', nodes[0], { transport: 'udp', password: 'not-hers-at-all' });
    assert.equal((await wrong.register({ headers: [AGENT] })).code, 401);
    const no = await entry(path, { event: 'refused', code: 401 });
    assert.equal(no.reason, 'auth-failed');
    assert.equal(no.agent, AGENT[1]);
    assert.match(no.address, /^127\.0\.0\.1:/);

    const nobody = await ua('nobody', nodes[1], { transport: 'wss' });
    assert.equal((await nobody.register()).code, 401);
    await entry('registrations/demo/nobody', { event: 'refused', reason: 'unknown-user', name: 'nobody' });

    const phones = [];
    for (let i = 0; i < 3; i++) phones.push(await ua('alice', nodes[i % 2], { transport: 'wss' }));
    const codes = [];
    for (const [i, phone] of phones.entries()) codes.push((await phone.register({ params: instance(i + 4) })).code);
    assert.deepEqual(codes.slice(0, 2), [200, 200]);
    assert.ok(codes[2] >= 400, `${codes}`);
    await entry(path, { event: 'refused', reason: 'binding-limit', device: device(6) });

    const short = await phones[0].register({ params: instance(4), expires: 2 });
    assert.equal(short.code, 423);
    await entry(path, { event: 'refused', code: 423 });

    const all = JSON.stringify([await entries(path), await entries('registrations/demo/nobody')]);
    for (const secret of ['not-hers-at-all', 'alice-secret', 'nonce', 'response=']) assert.ok(!all.includes(secret), secret);
  });

  test('a PBX that registers here, from where it may and where it may not', async () => {
    const office = await ua('office', nodes[1], { transport: 'udp' });
    assert.equal((await office.register()).code, 200);
    await entry('connections/demo/office', { event: 'registered', transport: 'UDP', worker: /^s2/ });
    const thief = await ua('office', nodes[0], { transport: 'udp', address: '127.9.0.1' });
    assert.equal((await thief.register()).code, 403);
    await entry('connections/demo/office', { event: 'refused', code: 403, reason: 'forbidden', address: /^127\.9\.0\.1:/ });
  });

  test('who is guessed at costs no write each', async () => {
    const guesser = await ua('bob', nodes[0], { transport: 'udp', password: 'guess', address: '127.0.0.7' });
    let n = 0;
    for (let i = 0; i < 25; i++) {
      await guesser.register({ callid: `g${i}` });
      ++n;
    }
    const rows = () => stack.redis.call('LRANGE', 'cb:{a:demo/bob}:refused', 0, -1);
    const counts = async () => (await entries('registrations/demo/bob')).filter((e) => e.event === 'refused' && /^127\.0\.0\.7:/.test(e.address))
      .reduce((sum, e) => sum + e.count, 0);
    await until(async () => await counts() === n, `${n} refusals are counted`, 20000);
    assert.ok((await rows()).length <= 6, `${(await rows()).length} rows`);
  });

  test('our registration at a PBX, and what it says', async () => {
    const path = 'connections/demo/ours';
    const up = await entry(path, { event: 'registered', code: 200 });
    assert.equal(up.expires_s, 20);
    assert.ok(up.rtt_ms > 0);
    assert.equal(up.address, `127.0.0.1:${pbx.port}`);
    const again = async () => {
      const res = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/${path}/register`,
        { method: 'POST', headers: { Authorization: 'Bearer token-of-the-tests' } });
      assert.equal(res.status, 202);
    };
    await again();
    await entry(path, { event: 'refreshed' });
    pbx.codes.REGISTER = 403;
    await again();
    const no = await entry(path, { event: 'refused', code: 403 });
    assert.equal(no.reason, 'Said So');
    pbx.codes.REGISTER = 200;
    await again();
    const { series } = await json(`${path}/latency`);
    const register = series.find((s) => s.kind === 'register');
    assert.ok(register.minutes.some((m) => m.count >= 1 && m.min_ms <= m.avg_ms && m.avg_ms <= m.max_ms), JSON.stringify(series));
  });

  test('a connection goes down, comes up, is taken out', async () => {
    const path = 'connections/demo/probed';
    await entry(path, { event: 'up' });
    pbx.codes.OPTIONS = null;
    const down = await entry(path, { event: 'down' });
    assert.equal(down.reason, 'no answer');
    pbx.codes.OPTIONS = 200;
    await until(async () => (await entries(path))[0].event === 'up', 'it is up again');
    const res = await fetch(`http://127.0.0.1:${nodes[1].sigdAdmin}/v1/${path}`, { method: 'PATCH', body: '{"state":"down","reason":"repairs"}',
      headers: { Authorization: 'Bearer token-of-the-tests', 'content-type': 'application/json' } });
    assert.equal(res.status, 200);
    await entry(path, { event: 'forced', reason: 'down: repairs' });
    const { series } = await json(`${path}/latency`, nodes[1]);
    assert.ok(series.find((s) => s.kind === 'options').minutes[0].count >= 1);
    for (const node of nodes) {
      const [sum, ...more] = (await json(path, node)).latency;
      assert.deepEqual([sum.kind, more], ['options', []]);
      assert.ok(sum.count >= 1 && sum.min_ms <= sum.avg_ms && sum.avg_ms <= sum.max_ms && sum.min_ms <= sum.p95_ms && sum.p95_ms <= sum.max_ms, JSON.stringify(sum));
    }
    const { connections } = await json('connections?tenant=demo');
    assert.ok(connections.every((c) => c.latency === undefined), 'not in a list');
    assert.deepEqual((await json('connections/demo/office')).latency, []);
  });

  test('pings of a page, and of whom', async () => {
    const phone = await ua('bob', nodes[1], { transport: 'wss' });
    assert.equal((await phone.register({ params: instance(8) })).code, 200);
    const series = await until(async () => (await json('registrations/demo/bob/latency')).series
      .find((s) => s.device === device(8)), 'a ping is answered');
    assert.equal(series.kind, 'websocket');
    const [minute] = series.minutes;
    assert.ok(minute.count >= 1 && minute.min_ms <= minute.avg_ms && minute.max_ms < 5000, JSON.stringify(minute));
    const one = await json(`registrations/demo/bob/latency?device=${encodeURIComponent(device(8))}`);
    assert.equal(one.series.length, 1);
    assert.deepEqual((await json('registrations/demo/bob/latency?device=none')).series, []);
  });

  test('who comes and goes over UDP is an event', async () => {
    const phone = await ua('carol', nodes[0], { transport: 'udp' });
    for (const expires of [300, 300, 0]) assert.equal((await phone.register({ expires })).code, 200);
    const mine = () => told().filter((e) => e.data.user === 'carol' && e.data.flow?.endsWith(`/${phone.host}`)).map((e) => e.type);
    await until(() => mine().length >= 2, 'two events');
    assert.deepEqual(mine(), ['registration.added', 'registration.removed']);
  });

  test('what there is not is said so', async () => {
    assert.equal((await get('registrations/nobody/bob/log')).status, 404);
    assert.equal((await get('connections/demo/none/log')).status, 404);
    assert.equal((await get('connections/demo/none/latency')).status, 404);
    assert.equal((await get('registrations/demo/bob/log?limit=0')).status, 400);
    assert.deepEqual((await json('registrations/demo/none-of-them/log')).entries, []);
    // a name has as much room as it has in the keys of Redis, one of which is longer than the other
    for (const what of ['log', 'latency']) {
      const codes = [];
      for (let n = 480; n < 510; n++) {
        const res = await get(`registrations/demo/${'x'.repeat(n)}/${what}`);
        const { errors } = await res.json();
        assert.equal(errors?.[0].field, res.status === 400 ? 'user' : undefined, `${n} ${what}`);
        codes.push(res.status);
      }
      assert.deepEqual([...new Set(codes)], [200, 400], what);
    }
    assert.equal((await fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/registrations/demo/bob/log`)).status, 401);
  });
});
