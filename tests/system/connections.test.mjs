// Connections by the real binaries: a PBX that registers with us, one that we
// register at, a trunk that is down; what REST tells of them, and reloads.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import fs from 'node:fs';
import { Stack, until } from './lib/stack.mjs';
import { Ua } from './lib/sip.mjs';

// Answers each request of a method with a code; counts them.
class Pbx {
  static async open(codes) {
    const pbx = Object.assign(new Pbx(), { codes, seen: [] });
    pbx.socket = createSocket('udp4');
    pbx.socket.on('message', (data, from) => pbx.took(data.toString(), from));
    await new Promise((done) => { pbx.socket.bind(0, '127.0.0.1', done); });
    pbx.port = pbx.socket.address().port;
    return pbx;
  }

  took(text, from) {
    const method = text.split(' ')[0];
    const code = this.codes[method];
    this.seen.push(text);
    if (!code) return;
    const keep = text.split('\r\n').filter((l) => /^(Via|From|To|Call-ID|CSeq|Contact|Expires):/.test(l));
    this.socket.send(`SIP/2.0 ${code} X\r\n${keep.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`, from.port, from.address);
  }
}

let carrier;
let trunk;
const routing = (more = '') => `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    users:
      alice: {password: alice-secret}
    connections:
      hq: {kind: inbound, username: office, password: office-secret, max_calls: 3}
      carrier: {kind: register, address: '127.0.0.1:${carrier.port}', username: gate, password: hush, probe: 200ms, answer_within: 300ms}
      trunk: {kind: trunk, address: '127.0.0.1:${trunk.port}', probe: 200ms, answer_within: 300ms}
${more}    routes:
      - {name: hq, match: {callee: '0.*'}, to: {connection: hq}}
`;

describe('connections', { timeout: 180000 }, () => {
  const stack = new Stack({ rtpPorts: 40, routing: () => routing() });
  const token = { authorization: 'Bearer token-of-the-tests' };
  const get = (path, headers = token) => fetch(`http://127.0.0.1:${stack.sigdAdmin}${path}`, { headers });
  const json = async (path) => {
    const response = await get(path);
    assert.equal(response.status, 200, path);
    return response.json();
  };
  const one = (name) => json(`/v1/connections/demo/${name}`);
  before(async () => {
    carrier = await Pbx.open({ REGISTER: 200, OPTIONS: 404 });
    trunk = await Pbx.open({});
    await stack.start();
  });
  const agents = [];
  after(async () => {
    for (const ua of agents) ua.close();
    await stack.stop();
    carrier.socket.close();
    trunk.socket.close();
  });

  test('all of a tenant are listed, by pages', async () => {
    const { connections, next } = await json('/v1/connections?tenant=demo');
    assert.deepEqual(connections.map((c) => `${c.name} ${c.kind}`), ['hq inbound', 'carrier register', 'trunk trunk']);
    assert.equal(next, null);
    const page = await json('/v1/connections?tenant=demo&limit=2');
    assert.deepEqual(page.connections.map((c) => c.name), ['hq', 'carrier']);
    const rest = await json(`/v1/connections?tenant=demo&cursor=${page.next}`);
    assert.deepEqual(rest.connections.map((c) => c.name), ['trunk']);
    assert.equal(rest.next, null);
    assert.doesNotMatch(JSON.stringify(connections), /hush|office-secret/);
  });

  test('what is not there, or not allowed, is said', async () => {
    assert.equal((await get('/v1/connections?tenant=demo', {})).status, 401);
    assert.equal((await (await get('/v1/connections')).json()).connections.length, (await (await get('/v1/connections?tenant=demo')).json()).connections.length);
    assert.equal((await get('/v1/connections?tenant=demo&cursor=x')).status, 400);
    assert.equal((await get('/v1/connections?tenant=other')).status, 404);
    assert.equal((await get('/v1/connections/demo/none')).status, 404);
    assert.equal((await get('/v1/connections/other/hq')).status, 404);
  });

  test('a registration of ours, and its health', async () => {
    const { registration, health, address } = await until(async () => {
      const answer = await one('carrier');
      return answer.registration.state === 'registered' && answer.health.state === 'up' && answer;
    }, 'it is registered and up');
    assert.equal(address, `127.0.0.1:${carrier.port}`);
    assert.equal(registration.code, 200);
    assert.ok(Date.parse(registration.expires) > Date.now());
    assert.match(registration.worker, /^s1\/[12]$/);
    assert.equal(health.code, 404);
    assert.ok(Date.parse(health.probed) <= Date.now() + 1000);
  });

  test('a trunk that does not answer is down, and up again when it does', async () => {
    const down = await until(async () => {
      const { health, registration } = await one('trunk');
      assert.equal(registration, null);
      return health.state === 'down' && health;
    }, 'it is down');
    assert.equal(down.code, null);
    assert.equal(down.why, 'no answer');
    assert.match(stack.log('sigd.log'), /a connection is down.*connection=demo\/trunk/);
    assert.ok(await stack.redis.call('HGET', 'cb:down', 'demo/trunk'));
    trunk.codes = { OPTIONS: 200 };
    await until(async () => (await one('trunk')).health.state === 'up', 'it is up');
    assert.equal(await stack.redis.call('HGET', 'cb:down', 'demo/trunk'), null);
  });

  test('one worker probes, and another one goes on when it dies', async () => {
    const { worker } = (await one('trunk')).health;
    const count = async (name) => {
      const nums = await Promise.all(['s1/1', 's1/2'].map((w) => stack.metric(stack.sigdAdmin, name, w)));
      return nums.reduce((sum, n) => sum + (n ?? 0), 0);
    };
    await until(async () => await count('cordboard_sig_probes_kept') === 3, 'three are probed');
    process.kill(stack.workers('sigd')[worker.split('/')[1]], 'SIGKILL');
    const seen = () => trunk.seen.length;
    const was = Date.now();
    await until(async () => Date.parse((await one('trunk')).health.probed) > was + 500, 'it is probed again');
    const now = seen();
    await until(() => seen() > now + 2, 'and again');
    assert.equal((await one('trunk')).health.state, 'up');
  });

  test('a PBX registers with us, is called, and its calls are counted', async () => {
    assert.equal((await one('hq')).registration.state, 'none');
    const pbx = await Ua.open(stack, { user: 'office' });
    const alice = await Ua.open(stack, { user: 'alice', transport: 'ws' });
    agents.push(pbx, alice);
    await pbx.register();
    const { registration, health } = await one('hq');
    assert.equal(registration.state, 'registered');
    assert.equal(registration.contact, pbx.contact.slice(1, -1));
    assert.match(registration.flow, /\/udp\//);
    assert.equal(health.state, 'unknown'); // until it is probed
    await alice.register();
    const out = await alice.call('0123');
    const into = await pbx.incoming();
    assert.equal((await one('hq')).calls, 1);
    assert.equal((await one('hq')).max_calls, 3);
    into.ring();
    into.answer();
    assert.equal((await out.final).code, 200);
    assert.equal((await one('hq')).calls, 1);
    assert.equal((await out.bye()).code, 200);
    await into.ended();
    await until(async () => (await one('hq')).calls === 0, 'the call is counted no more');
    await stack.audit();
  });

  test('an operator takes a connection out, and back in', async () => {
    const patch = (body, headers = token) => fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/connections/demo/trunk`,
      { method: 'PATCH', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) });
    assert.equal((await patch({ state: 'down' }, {})).status, 401);
    for (const [wrong, field] of [[{}, '#/state'], [{ state: 'off' }, '#/state'], [{ state: 'down', reason: 7 }, '#/reason'],
      [{ state: 'down', by: 'x'.repeat(80) }, '#/by'], [[1], '#/state'], [{ state: 'down', resaon: 'x' }, '#/resaon']]) {
      const answer = await patch(wrong);
      assert.equal(answer.status, 422, JSON.stringify(wrong));
      assert.equal((await answer.json()).errors[0].field, field);
    }
    assert.equal((await one('trunk')).state.forced, false);
    const { state } = await (await patch({ state: 'drain', reason: 'new firmware', by: 'anna' })).json();
    assert.deepEqual([state.state, state.takes_calls, state.forced, state.reason, state.by, state.on_behalf_of, state.until],
      ['draining', false, true, 'new firmware', 'tests', 'anna', null], 'whoever it is for, the token is told');
    assert.ok(Math.abs(Date.parse(state.since) - Date.now()) < 5000);
    assert.equal((await (await patch({ state: 'down' })).json()).state.state, 'forced');
    const now = (await one('trunk')).state;
    assert.deepEqual([now.by, now.on_behalf_of], ['tests', null]);
    const { alarms } = await json('/v1/alarms');
    const told = alarms.filter((a) => a.kind === 'connection-forced');
    assert.deepEqual(told.map((a) => a.why), ['down', 'drain: new firmware (for anna)']);
    assert.deepEqual(told.map((a) => a.source), ['tests', 'tests']);
    assert.ok(alarms.some((a) => a.kind === 'connection-down' && a.name === 'trunk'));
    assert.ok(alarms.some((a) => a.kind === 'connection-up' && a.name === 'trunk'));
    const back = await (await patch({ state: 'auto' })).json();
    assert.equal(back.state.forced, false);
    assert.equal(await stack.redis.call('HGET', 'cb:forced', 'demo/trunk'), null);
  });

  test('a reload is seen', async () => {
    fs.writeFileSync(stack.file('routing.yaml'), routing('      more: {kind: trunk, address: 192.0.2.1, probe: 0s}\n'));
    stack.procs.get('sigd').kill('SIGHUP');
    const { connections } = await until(async () => {
      const answer = await json('/v1/connections?tenant=demo');
      return answer.connections.length === 4 && answer;
    }, 'there is one more');
    assert.equal(connections[3].health, null);
  });
});
