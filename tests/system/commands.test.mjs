// What operators do to a running cluster, over /v1 of any node: two nodes of
// each kind. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
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

describe('commands', { timeout: 240000 }, () => {
  const stack = new Nodes({ routing: tenants(1), sip: SIP, drain: '60s', rtpPorts: 100 });
  let uas = [];
  before(() => stack.start());
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
      for (let i = 0; i < 4; i++) {
        const echo = bob.call('echo');
        assert.equal((await echo.final).code, 200);
        await echo.bye();
      }
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

    test('what cannot be done is said: unknown, lost, silent, wrong words', async () => {
      const ask = (what) => stack.rest('POST', what);
      assert.equal((await ask('/v1/nodes/s9/drain')).status, 404);
      assert.equal((await ask('/v1/nodes/s1/drain?daemon=mediad')).status, 404);
      assert.equal((await ask('/v1/nodes/s1/drain?move=soon')).status, 400);
      assert.equal((await ask('/v1/nodes/s1/drain?keep=yes')).status, 400);
      const pids = [stack.procs.get('mediad2').pid, ...Object.values(stack.workers('mediad2'))];
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      const { status, body } = await ask('/v1/nodes/m2/drain');
      for (const pid of pids) process.kill(pid, 'SIGCONT');
      assert.equal(status, 504);
      assert.match(body.detail, /mediad m2\/[12] has not answered/);
      assert.equal((await ask('/v1/nodes/m2/undrain')).status, 200);
    });
  });
});
