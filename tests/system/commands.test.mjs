// What operators do to a running cluster, over /v1 of any node: two nodes of
// each kind. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Nodes } from './lib/nodes.mjs';
import { Ua } from './lib/sip.mjs';
import { until } from './lib/stack.mjs';
import { tenants } from './lib/suite.mjs';

const SIP = `sip:
  t1: 50ms
  t2: 400ms
  t4: 500ms
  flow_grace: 3s
  takeover: 2s
  setup: 5s
`;

const PBX = `  c0:
    domains: [c0.test]
    realm: cordboard
    connections:
      carrier: {kind: trunk, address: "127.0.0.1:9", probe: 0s}
    routes:
      - {name: out, match: {callee: ".*"}, to: {connection: carrier}}
`;

describe('commands', { timeout: 480000 }, () => {
  const stack = new Nodes({ routing: `${tenants(3)}${PBX}`, sip: SIP, drain: '60s', rtpPorts: 100 });
  let uas = [];
  before(async () => {
    await stack.start();
    await until(async () => (await stack.rest('GET', '/v1/nodes')).body.nodes.flatMap((n) => n.workers).length === 8, 'all are told');
  });
  afterEach(async () => {
    for (const ua of uas.splice(0)) ua.close();
    await stack.audit();
  });
  after(() => stack.stop());

  const phone = async (user, { at = stack, ...options } = {}) => {
    const ua = await Ua.open(at, { user, domain: 't0.test', transport: 'ws', ...options });
    uas.push(ua);
    assert.equal((await ua.register()).code, 200);
    return ua;
  };
  const node = async (name, by) => (await stack.rest('GET', `/v1/nodes/${name}`, { by })).body.nodes[0];
  const state = (name, what) => until(async () => (await node(name)).state === what, `${name} is ${what}`);
  const talk = async (a, b) => {
    const call = a.call('bob');
    const rung = await b.incoming();
    rung.ring();
    rung.answer();
    assert.equal((await call.final).code, 200);
    await rung.up();
    return [call, rung];
  };

  describe('nodes', () => {
    test('are told alike by both: state, load, version, configuration, keys', async () => {
      const told = await until(async () => {
        const { body } = await stack.rest('GET', '/v1/nodes');
        return body.nodes.length === 4 && body.nodes.every((n) => n.workers.length === 2 && n.state === 'serving') && body.nodes;
      }, 'four nodes');
      assert.deepEqual(told.map((n) => `${n.daemon} ${n.node}`), ['mediad m1', 'mediad m2', 'sigd s1', 'sigd s2']);
      const other = (await stack.rest('GET', '/v1/nodes', { by: stack.second })).body.nodes;
      assert.deepEqual(other.map((n) => n.node), told.map((n) => n.node));
      for (const n of told) {
        assert.match(n.config, /^[0-9a-f]{16}$/);
        assert.equal(n.config_differs, false);
        assert.equal(n.keys_differ, false);
        assert.deepEqual(n.keys, [1]);
        assert.ok(n.version.length);
        assert.equal(n.drain, null);
        for (const w of n.workers) {
          assert.ok(w.epoch > 0);
          assert.ok(Date.parse(w.since) <= Date.now());
          assert.equal(w.log_level, 'debug');
          for (const name of ['cpu_permille', 'lag_ms', n.daemon === 'sigd' ? 'flows' : 'sessions']) assert.equal(typeof w[name], 'number');
        }
        assert.equal(n.certificate_expires !== null, n.daemon === 'sigd');
      }
      assert.equal(told[0].config, told[1].config);
      assert.equal(told[2].config, told[3].config);
      assert.equal((await stack.rest('GET', '/v1/nodes/nobody')).status, 404);
    });

    test('a node of sigd is drained from the other one: devices go, new ones are refused, and back again', async () => {
      const alice = await phone('alice');
      const bob = await phone('bob');
      const dave = await phone('carol');
      const [call] = await talk(alice, bob);
      await until(async () => (await node('s1')).workers.reduce((n, w) => n + w.registrations, 0) === 3, 'three are told');
      const drain = () => stack.rest('POST', '/v1/nodes/s1/drain', { by: stack.second });
      const { status, body } = await drain();
      assert.equal(status, 200);
      assert.equal(body.nodes[0].state, 'draining');
      assert.equal(body.nodes[0].drain.move, 'idle');
      assert.equal(body.nodes[0].drain.keep, false);
      assert.equal((await drain()).status, 200); // again is the same
      assert.equal((await fetch(`http://127.0.0.1:${stack.sigdAdmin}/readyz`)).status, 503);
      await assert.rejects(Ua.open(stack, { user: 'carol', domain: 't0.test', transport: 'ws' }));
      await until(() => dave.gone, 'who is in no call is told to go');
      assert.equal(dave.ws.code, 1001);
      assert.ok(!alice.gone && !bob.gone);
      // a worker that begins anew knows
      process.kill(stack.workers('sigd')[1], 'SIGKILL');
      await until(async () => (await node('s1')).workers.every((w) => w.state.startsWith('drain')), 'the successor drains, too');
      await assert.rejects(Ua.open(stack, { user: 'carol', domain: 't0.test', transport: 'ws' }));
      if (!alice.gone) await call.bye();
      else if (!bob.gone) await bob.calls.values().next().value.bye();
      await until(() => alice.gone && bob.gone, 'both have gone');
      await state('s1', 'drained');
      await phone('carol', { at: stack.second });
      assert.equal((await stack.rest('POST', '/v1/nodes/s1/undrain', { by: stack.second })).status, 200);
      await state('s1', 'serving');
      assert.equal((await fetch(`http://127.0.0.1:${stack.sigdAdmin}/readyz`)).status, 200);
      await phone('carol');
    });

    test('with move=now a call goes on over the connection to the other node', async () => {
      const alice = await phone('alice');
      const bob = await phone('bob', { at: stack.second });
      const [call, rung] = await talk(alice, bob);
      assert.equal((await stack.rest('POST', '/v1/nodes/s1/drain?move=now', { by: stack.second })).status, 200);
      await until(() => alice.gone, 'she is told to go');
      assert.equal(alice.ws.code, 1001);
      await state('s1', 'drained');
      const before = alice.contact;
      alice.stack = stack.second;
      alice.gone = false;
      await alice.connect();
      alice.contact = before;
      assert.equal((await alice.register()).code, 200);
      assert.equal((await rung.within('INFO')).code < 500, true);
      await rung.bye();
      await call.ended();
      assert.equal((await stack.rest('POST', '/v1/nodes/s1/undrain')).status, 200);
    });

    test('a node of mediad is drained: new calls go to the other one, and those there move', async () => {
      const alice = await phone('alice');
      const bob = await phone('bob');
      const media = async () => (await stack.rest('GET', '/v1/calls')).body.calls[0].media_worker.split('/')[0];
      const [first] = await talk(alice, bob);
      const from = await media();
      const to = from === 'm1' ? 'm2' : 'm1';
      assert.equal((await stack.rest('POST', `/v1/nodes/${from}/drain`)).status, 200);
      assert.equal((await node(from)).state, 'draining');
      // sigd looks for media workers once a second
      const echo = async () => {
        const next = bob.call('echo');
        if ((await next.final).code !== 200) return false;
        await next.bye();
        return true;
      };
      for (let i = 0; i < 3; i++) await until(echo, 'a call is answered');
      assert.equal((await stack.rest('GET', '/v1/nodes')).body.nodes.find((n) => n.node === to).state, 'serving');
      await first.bye();
      await state(from, 'drained');
      assert.equal((await stack.rest('POST', `/v1/nodes/${from}/undrain?daemon=mediad`)).status, 200);
      await state(from, 'serving');
    });

    test('a node that starts anew serves, unless it was to keep its drain', async () => {
      const again = async () => {
        const child = stack.procs.get('mediad2');
        child.kill('SIGKILL');
        await child.exited;
        await until(async () => (await node('m2')).state === 'lost', 'it is lost');
        stack.startMediad(undefined, 'mediad2');
        await until(async () => (await node('m2')).workers.every((w) => w.state !== 'lost'), 'it is back');
      };
      assert.equal((await stack.rest('POST', '/v1/nodes/m2/drain')).status, 200);
      await again();
      await state('m2', 'serving');
      assert.equal((await stack.rest('POST', '/v1/nodes/m2/drain?keep=1')).status, 200);
      await again();
      await state('m2', 'drained');
      assert.equal((await node('m2')).drain.keep, true);
      assert.equal((await stack.rest('POST', '/v1/nodes/m2/undrain')).status, 200);
      await stack.ready(stack.second.mediadAdmin, 'mediad2');
    });

    test('a node loads its files anew when it is told to, and another one\'s is marked as long as it has other ones', async () => {
      const file = stack.file('routing.yaml');
      const text = fs.readFileSync(file, 'utf8');
      fs.writeFileSync(file, text.replace('callee: "tone"', 'callee: "tune"'));
      assert.equal((await stack.rest('POST', '/v1/nodes/s1/reload', { by: stack.second })).status, 202);
      const marked = async () => (await stack.rest('GET', '/v1/nodes')).body.nodes
        .filter((n) => n.daemon === 'sigd' && n.config_differs).length;
      await until(async () => await marked() === 1, 'one of the two is marked');
      const [one, two] = await Promise.all(['s1', 's2'].map((name) => node(name)));
      assert.notEqual(one.config, two.config);
      fs.writeFileSync(file, text);
      assert.equal((await stack.rest('POST', '/v1/nodes/s1/reload')).status, 202);
      await until(async () => await marked() === 0, 'they are alike again');
      assert.equal((await stack.rest('POST', '/v1/nodes/m2/reload')).status, 202);
      await until(() => stack.log('mediad2.log').includes('msg=reloaded'), 'mediad does so, too');
      assert.equal((await stack.rest('POST', '/v1/nodes/s9/reload')).status, 404);
      assert.equal((await stack.rest('POST', '/v1/nodes/s1/reload?daemon=x')).status, 400);
    });

    test('what cannot be done is said: unknown, lost, silent, wrong words', async () => {
      const ask = (what) => stack.rest('POST', what);
      assert.equal((await ask('/v1/nodes/s9/drain')).status, 404);
      assert.equal((await ask('/v1/nodes/s1/drain?daemon=mediad')).status, 404);
      for (const name of ['move', 'keep', 'daemon']) {
        const { status, body } = await ask(`/v1/nodes/s1/drain?${name}=soon`);
        assert.deepEqual([status, body.errors?.[0].field], [400, name]);
      }
      const pids = [stack.procs.get('mediad2').pid, ...Object.values(stack.workers('mediad2'))];
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      const { status, body } = await ask('/v1/nodes/m2/drain');
      for (const pid of pids) process.kill(pid, 'SIGCONT');
      assert.equal(status, 504);
      assert.match(body.detail, /mediad m2\/[12] has not answered/);
      await until(async () => (await ask('/v1/nodes/m2/undrain')).status === 200, 'it obeys again');
      // who stood still begins anew, and takes calls when it is known
      await state('m2', 'serving');
      await stack.ready(stack.second.mediadAdmin, 'mediad2');
    });
  });

  describe('registrations', () => {
    const mine = (user, options) => phone(user, { ...options, domain: 't1.test' });
    const bindings = async (user) => (await stack.rest('GET', `/v1/registrations?tenant=t1&user=${user}`)).body;
    const list = async (user) => (await bindings(user)).registrations;
    const path = (user, device, rest = '') => `/v1/registrations/t1/${user}/${encodeURIComponent(device)}${rest}`;

    test('a device is unregistered from the other node, and stays connected', async () => {
      const alice = await mine('alice');
      const bob = await mine('bob', { at: stack.second });
      const [{ device }] = await list('alice');
      const { status, body } = await stack.rest('DELETE', path('alice', device), { by: stack.second });
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(body.devices.map((d) => [d.device, d.unregistered, d.disconnected]), [[device, true, false]]);
      assert.equal((await list('alice')).length, 0);
      assert.equal((await bob.call('alice').final).code, 480);
      assert.ok(!alice.gone);
      assert.equal((await stack.rest('DELETE', path('alice', device))).status, 404);
      const [left, came] = (await stack.rest('GET', '/v1/registrations/t1/alice/log')).body.entries;
      assert.deepEqual([left.event, left.reason, left.address, left.count], ['unregistered', 'operator', 'tests', 1], 'who did it stands in its log, once');
      for (const name of ['device', 'flow', 'worker', 'transport']) assert.equal(left[name], came[name], name);
      assert.equal(came.event, 'registered');
      assert.equal((await alice.register()).code, 200); // it may come again
      const news = await stack.redis.call('XREVRANGE', 'cb:news', '+', '-', 'COUNT', 50);
      assert.ok(news.some(([, f]) => f.includes('registration.removed') && f.includes('alice')));
    });

    test('all devices of a user are unregistered and disconnected, at both nodes', async () => {
      const one = await mine('alice');
      const two = await mine('alice', { at: stack.second });
      const udp = await mine('alice', { transport: 'udp' });
      const { status, body } = await stack.rest('DELETE', '/v1/registrations/t1/alice?disconnect=1');
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(body.devices.map((d) => d.disconnected).sort(), [false, true, true]);
      await until(() => one.gone && two.gone, 'both are closed');
      assert.deepEqual([one.ws.code, two.ws.code], [1008, 1008]);
      assert.equal((await list('alice')).length, 0);
      assert.ok(udp);
      const log = (await stack.rest('GET', '/v1/registrations/t1/alice/log')).body.entries;
      assert.deepEqual(log.slice(0, 3).map((e) => e.event), Array(3).fill('unregistered'), 'each in the log, and none was lost');
      assert.equal(new Set(log.slice(0, 3).map((e) => e.device ?? e.flow)).size, 3);
    });

    test('a device in a call that is disconnected and comes back has its call', async () => {
      const alice = await mine('alice');
      const bob = await mine('bob');
      const [call, rung] = await talk(alice, bob);
      const [{ device }] = await list('alice');
      assert.equal((await stack.rest('POST', path('alice', device, '/disconnect'), { by: stack.second })).status, 200);
      await until(() => alice.gone, 'it is closed');
      const from = stack.log('sigd.log').length;
      const before = alice.contact;
      alice.gone = false;
      await alice.connect();
      alice.contact = before;
      assert.equal((await alice.register()).code, 200);
      await until(() => stack.log('sigd.log').slice(from).includes('a device is back'), 'its call is over the new one');
      await rung.bye();
      await call.ended();
    });

    test('what cannot be done is said', async () => {
      await mine('carol', { transport: 'udp' });
      const [{ device }] = await list('carol');
      assert.equal((await stack.rest('POST', path('carol', device, '/disconnect'))).status, 409);
      assert.equal((await stack.rest('POST', path('carol', 'none', '/disconnect'))).status, 404);
      assert.equal((await stack.rest('DELETE', '/v1/registrations/t1/nobody')).status, 404);
      assert.equal((await stack.rest('DELETE', '/v1/registrations/t1/carol?disconnect=yes')).status, 400);
    });

    test('a worker that does not answer is named; what it had is gone when it is dead', async () => {
      const alice = await mine('alice');
      const slot = (await list('alice'))[0].flow.split('/')[1];
      const pids = [stack.procs.get('sigd').pid, ...Object.values(stack.workers('sigd'))];
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      const { status, body } = await stack.rest('DELETE', '/v1/registrations/t1/alice?disconnect=1', { by: stack.second });
      for (const pid of pids.reverse()) process.kill(pid, 'SIGCONT');
      assert.equal(status, 504);
      assert.ok(body.detail.includes(`s1/${slot} has not answered`), body.detail);
      assert.equal((await list('alice')).length, 0);
      assert.ok(alice);
      await stack.ready(stack.sigdAdmin, 'sigd');
    });
  });

  describe('calls', () => {
    const mine = (user, options) => phone(user, { ...options, domain: 't2.test' });
    const live = async () => (await stack.rest('GET', '/v1/calls')).body.calls;
    const reasons = async () => {
      const all = [];
      for (let i = 0; i < 16; i++) all.push(...await stack.redis.call('XRANGE', `cb:{c:${i.toString(16)}}:cdr`, '-', '+'));
      return Object.fromEntries(all.map(([, f]) => [f[f.indexOf('call') + 1], f[f.indexOf('reason') + 1]]));
    };
    const hangUp = (id, by) => stack.rest('DELETE', `/v1/calls/${id}`, { by });

    test('one that is up is hung up on both sides, from either node', async () => {
      const alice = await mine('alice');
      const bob = await mine('bob', { at: stack.second });
      for (const by of [stack, stack.second]) {
        const [call, rung] = await talk(alice, bob);
        const [{ id }] = await live();
        const { status, body } = await hangUp(id, by);
        assert.equal(status, 200, JSON.stringify(body));
        assert.deepEqual(body, { id, state: 'ended' });
        const [a, b] = await Promise.all([call.ended(), rung.ended()]);
        for (const bye of [a, b]) assert.match(bye.why, /operator/);
        assert.equal((await reasons())[id], 'operator');
        assert.equal((await hangUp(id, by)).status, 404);
      }
    });

    test('one that rings gets CANCEL, and its caller 487, from either node', async () => {
      const alice = await mine('alice');
      const bob = await mine('bob', { at: stack.second });
      for (const by of [stack, stack.second]) {
        const call = alice.call('bob');
        const rung = await bob.incoming();
        rung.ring();
        await call.ringing();
        const [{ id, state: was }] = await live();
        assert.equal(was, 'setup');
        const { status, body } = await hangUp(id, by);
        assert.equal(status, 200, JSON.stringify(body));
        assert.equal((await call.final).code, 487);
        await until(() => rung.cancelled, 'CANCEL');
        assert.equal((await reasons())[id], 'operator');
      }
    });

    test('all calls of a user end, and those of others go on', async () => {
      const [alice, bob, carol] = [await mine('alice'), await mine('bob'), await mine('carol', { at: stack.second })];
      const echoes = [];
      for (let i = 0; i < 5; i++) {
        echoes.push(carol.call('echo'));
        assert.equal((await echoes[i].final).code, 200);
      }
      const [call, rung] = await talk(alice, bob);
      const ask = (body) => stack.rest('POST', '/v1/calls/hangup', { body });
      const { status, body } = await ask({ tenant: 't2', user: 'carol' });
      assert.equal(status, 202);
      assert.equal(body.calls, 5);
      await Promise.all(echoes.map((e) => e.ended()));
      assert.equal((await live()).length, 1);
      assert.equal((await ask({ tenant: 't2', connection: 'none' })).body.calls, 0);
      for (const [wrong, field] of [[{ user: 'carol' }, 'tenant'], [{ tenant: 7 }, 'tenant'], [{ tenant: 't2', user: 7 }, 'user'], [{ tenant: 't2', connection: [] }, 'connection']]) {
        const { status: is, body: said } = await ask(wrong);
        assert.deepEqual([is, said.errors?.[0].field], [422, `#/${field}`]);
      }
      assert.equal((await ask({ tenant: 't2' })).body.calls, 1);
      await Promise.all([call.ended(), rung.ended()]);
    });

    test('many that ring end by one order', async () => {
      const alice = await mine('alice');
      const bob = await mine('bob', { at: stack.second });
      const calls = [];
      for (let i = 0; i < 6; i++) {
        const call = alice.call('bob');
        const rung = await bob.incoming();
        rung.ring();
        await call.ringing();
        calls.push({ call, rung });
      }
      const { status, body } = await stack.rest('POST', '/v1/calls/hangup', { body: { tenant: 't2' } });
      assert.equal(status, 202, JSON.stringify(body));
      assert.equal(body.calls, 6);
      for (const { call, rung } of calls) {
        assert.equal((await call.final).code, 487);
        await until(() => rung.cancelled, 'CANCEL');
      }
      for (const name of ['sigd', 'sigd2']) assert.doesNotMatch(stack.log(`${name}.log`), /msg="process died" name=sigd\/adm/);
    });

    test('what is unknown is said', async () => {
      assert.equal((await hangUp('0123456789abcdef')).status, 404);
      assert.equal((await hangUp('x')).status, 404);
    });
  });

  describe('connections', () => {
    const carrier = '/v1/connections/c0/carrier';
    const get = async (by) => (await stack.rest('GET', carrier, { by })).body;

    test('one is taken out at one node and is out at both, until it is taken back', async () => {
      const patch = (body, by) => stack.rest('PATCH', carrier, { body, by });
      assert.equal((await patch({ state: 'drain', reason: 'new firmware' }, stack.second)).status, 200);
      for (const by of [stack, stack.second]) {
        const { state: is, calls, max_calls: most, registration, health } = await get(by);
        assert.deepEqual([is.state, is.takes_calls, is.forced, is.reason], ['draining', false, true, 'new firmware']);
        assert.deepEqual([calls, most, registration, health], [0, 0, null, null]);
        const { body } = await stack.rest('POST', '/v1/routes/explain', { by, body: { tenant: 'c0', callee: '123' } });
        assert.match(JSON.stringify(body), /draining/);
      }
      assert.equal((await patch({ state: 'auto' })).status, 200);
      for (const by of [stack, stack.second]) assert.equal((await get(by)).state.forced, false);
      const { status: no, body: said } = await patch({ state: 'sideways' });
      assert.deepEqual([no, said.errors?.[0].field], [422, '#/state']);
      assert.equal((await stack.rest('PATCH', '/v1/connections/c0/none', { body: { state: 'up' } })).status, 404);
      assert.equal((await stack.rest('POST', `${carrier}/register`, { by: stack.second })).status, 409);
      assert.equal((await stack.rest('POST', '/v1/connections/c0/none/register')).status, 404);
    });
  });

  describe('logs', () => {
    const put = (body, by) => stack.rest('PUT', '/v1/log-levels', { body, by });
    const levels = async () => (await stack.rest('GET', '/v1/log-levels')).body.nodes;
    const mine = (user, options) => phone(user, { ...options, domain: 't2.test' });

    test('the level of one node is changed from the other one, for a while', async () => {
      const { status, body } = await put({ node: 's1', level: 'warn', for: '3s' }, stack.second);
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(body.nodes.map((n) => [n.node, n.forced]), [['s1', true]]);
      assert.ok(Date.parse(body.nodes[0].until) > Date.now());
      assert.deepEqual(body.nodes[0].workers.map((w) => w.level), ['warn', 'warn']);
      assert.deepEqual((await levels()).find((n) => n.node === 's2').workers.map((w) => w.level), ['debug', 'debug']);
      await until(async () => (await levels()).find((n) => n.node === 's1').workers.every((w) => w.level === 'debug'), 'it is as before');
    });

    test('a change at the end of a long list of areas is done', async () => {
      const alice = await mine('alice');
      const areas = ['sigd/transport', 'sigd/upstream', 'sigd/journal', 'sigd/admin', 'sigd/call', 'mediad/session'].map((area) => ({ area, level: 'error' }));
      const last = (level) => put({ level: 'error', areas: [...areas, { area: 'sigd/proxy/register', level }] });
      const said = async (level) => {
        assert.equal((await last(level)).status, 200);
        const from = stack.log('sigd.log').length;
        assert.equal((await alice.register()).code, 200);
        return stack.log('sigd.log').slice(from).includes('msg=registered');
      };
      assert.equal(await said('error'), false);
      assert.equal(await said('debug'), true);
      assert.equal((await put({ level: 'default' })).status, 200);
    });

    test('one area, and one call, are said while all else is not', async () => {
      const alice = await mine('alice');
      const call = alice.call('echo');
      assert.equal((await call.final).code, 200);
      const { body: { calls } } = await stack.rest('GET', '/v1/calls');
      assert.equal((await put({ level: 'error', call: calls[0].id, areas: [{ area: 'sigd/proxy/register', level: 'debug' }] })).status, 200);
      const from = stack.log('sigd.log').length;
      assert.equal((await alice.register()).code, 200);
      await call.bye();
      const said = () => stack.log('sigd.log').slice(from).split('\n');
      await until(() => said().some((l) => l.includes('msg=registered') && l.includes('lvl=debug')), 'the area is said');
      await until(() => said().some((l) => l.includes(`call=${calls[0].id}`) && l.includes('lvl=info')), 'the call is said');
      assert.ok(!said().some((l) => /proc=sigd\/\d/.test(l) && /lvl=(info|debug)/.test(l)
        && !l.includes('msg=registered') && !l.includes(`call=${calls[0].id}`)), said().join('\n'));
      assert.equal((await put({ level: 'default' })).status, 200);
      assert.ok((await levels()).every((n) => !n.forced && n.workers.every((w) => w.level === 'debug')));
    });

    test('what is none is refused', async () => {
      for (const [body, field] of [[{}, 'level'], [{ level: 'loud' }, 'level'], [{ level: 'info', for: 'ever' }, 'for'], [{ level: 'info', call: 'x' }, 'call'],
        [{ level: 'info', areas: [{ area: 'a b', level: 'info' }] }, 'areas'], [{ level: 'info', areas: [{ area: 'sigd', level: 'x' }] }, 'areas'],
        [{ level: 'info', node: 7 }, 'node'], [{ level: 'info', daemon: 'x'.repeat(99) }, 'daemon']]) {
        const { status, body: said } = await put(body);
        assert.deepEqual([status, said.errors?.[0].field], [422, `#/${field}`], JSON.stringify(body));
      }
      assert.equal((await put({ node: 's9', level: 'info' })).status, 404);
    });

    test('every command is told, with who gave it and what came of it', async () => {
      assert.equal((await stack.rest('DELETE', '/v1/calls/0123456789abcdef')).status, 404);
      const told = await until(async () => (await stack.redis.call('XREVRANGE', 'cb:news', '+', '-', 'COUNT', 200))
        .map(([, f]) => f).filter((f) => f.includes('audit.change')), 'it is told');
      for (const [method, what] of [['POST', '/drain'], ['PUT', '/v1/log-levels'], ['DELETE', '/v1/calls/'], ['DELETE', '/v1/registrations/']]) {
        assert.ok(told.some((f) => f.includes(method) && f[f.indexOf('path') + 1].includes(what)), `${method} ${what}`);
      }
      assert.ok(told.some((f) => f[f.indexOf('status') + 1] === '404'));
    });

    test('with Redis away all of it is 503', async () => {
      stack.procs.get('redis').kill('SIGSTOP');
      const asked = await Promise.all([put({ level: 'info' }), stack.rest('DELETE', '/v1/calls/0123456789abcdef', { by: stack.second })]);
      stack.procs.get('redis').kill('SIGCONT');
      assert.deepEqual(asked.map((a) => a.status), [503, 503]);
      await stack.ready(stack.sigdAdmin, 'sigd');
      await stack.ready(stack.second.sigdAdmin, 'sigd2');
    });
  });
});

describe('a worker dies of an order', { timeout: 240000 }, () => {
  const stack = new Nodes({ routing: tenants(1), sip: SIP, rtpPorts: 100, env: { CORDBOARD_FAULT: 'sigd.order.taken=kill@1' } });
  before(async () => {
    await stack.start();
    await until(async () => (await stack.rest('GET', '/v1/nodes')).body.nodes.flatMap((n) => n.workers).length === 8, 'all are told');
  });
  after(() => stack.stop());

  test('its successor carries it out: a call that rings ends on both sides, once', async () => {
    const [alice, bob] = await Promise.all(['alice', 'bob'].map(async (user) => {
      const ua = await Ua.open(stack, { user, domain: 't0.test' });
      assert.equal((await ua.register()).code, 200);
      return ua;
    }));
    const call = alice.call('bob');
    const rung = await bob.incoming();
    rung.ring();
    await call.ringing();
    const { calls } = (await stack.rest('GET', '/v1/calls')).body;
    const begin = Date.now();
    const { status, body } = await stack.rest('DELETE', `/v1/calls/${calls[0].id}`, { by: stack.second });
    assert.equal(status, 200, JSON.stringify(body));
    assert.match(stack.log('sigd.log'), /msg="process died" name=sigd\/\d/);
    assert.ok([487, 503].includes((await call.final).code));
    await until(() => rung.cancelled, 'CANCEL');
    process.stderr.write(`# ended ${Date.now() - begin} ms after it was asked for\n`);
    const cdrs = await stack.redis.call('XRANGE', `cb:{c:${calls[0].id[0]}}:cdr`, '-', '+');
    assert.equal(cdrs.length, 1);
    assert.ok(['killed', 'operator'].includes(cdrs[0][1][cdrs[0][1].indexOf('reason') + 1]));
    // the next one finds the successor
    assert.equal((await stack.rest('DELETE', '/v1/registrations/t0/alice')).status, 200);
    alice.close();
    bob.close();
    await stack.audit();
  });
});
