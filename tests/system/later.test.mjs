// While a command waits for workers that stand still, all else of the admin
// process answers. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Suite, tenants } from './lib/suite.mjs';
import { until } from './lib/stack.mjs';

// SIGHUP waits for this process, which stands still.
const hangsUp = (pid) => (Number.parseInt(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/^ShdPnd:\s+(\w+)/m)[1].slice(-1), 16) & 1) === 1;

describe('what is answered later', { timeout: 240000 }, () => {
  const suite = new Suite({ rtpPorts: 40, routing: tenants(1) });
  const { stack } = suite;
  let home;
  before(async () => {
    await suite.start();
    home = suite.tenant();
  });
  after(() => suite.stop());

  const ask = (path, { method = 'GET', body, signal } = {}) => fetch(`http://127.0.0.1:${stack.sigdAdmin}${path}`, {
    method, signal, body: body && JSON.stringify(body),
    headers: { authorization: 'Bearer token-of-the-tests', ...body ? { 'content-type': 'application/json' } : {} },
  });
  const told = (path) => stack.log('sigd.log').split('\n').filter((l) => /(changed|refused) by REST/.test(l) && l.includes(`path=${path} `));
  // The parents too, which would end who is silent; the admin processes go on.
  const stand = async (work) => {
    const pids = ['sigd', 'mediad'].flatMap((name) => [stack.procs.get(name).pid, ...Object.values(stack.workers(name))]);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      await work();
    } finally {
      for (const pid of pids.reverse()) process.kill(pid, 'SIGCONT');
    }
  };
  const back = async () => {
    await stack.ready(stack.mediadAdmin, 'mediad');
    await stack.ready(stack.sigdAdmin, 'sigd');
  };

  test('six commands wait, and lists, health, figures and a stream come meanwhile', async () => {
    const alice = await home.phone('alice');
    const call = alice.call('echo');
    assert.equal((await call.final).code, 200);
    const { calls: [{ id }] } = await (await ask('/v1/calls')).json();
    const commands = {
      reload: ['POST', '/v1/routes/reload', 202],
      levels: ['PUT', '/v1/log-levels', 504, { level: 'info', daemon: 'sigd' }],
      drain: ['POST', '/v1/nodes/s1/drain?daemon=sigd', 504],
      pause: ['POST', `/v1/calls/${id}/recording/pause`, 503],
      hangup: ['DELETE', `/v1/calls/${id}`, 504],
      unregister: ['DELETE', `/v1/registrations/t0/alice?disconnect=1`, 504],
    };
    await stand(async () => {
      const answers = {};
      const slow = Object.entries(commands).map(async ([name, [method, path, , body]]) => {
        const response = await ask(path, { method, body });
        answers[name] = [response.status, await response.json()];
      });
      const forced = async () => (await (await ask('/v1/log-levels')).json()).nodes.some((n) => n.forced);
      await until(forced, 'levels were asked for');
      for (const path of ['/healthz', '/metrics', '/v1/calls', '/v1/registrations?tenant=t0', '/v1/nodes']) {
        assert.equal((await ask(path)).status, 200, path);
      }
      assert.ok([200, 503].includes((await ask('/readyz')).status));
      const stream = new AbortController();
      const events = (await ask('/v1/stream', { signal: stream.signal })).body.getReader();
      assert.ok((await events.read()).value.length);
      stream.abort();
      assert.equal(answers.reload, undefined, 'it waits still');
      await Promise.all(slow);
      assert.deepEqual(Object.fromEntries(Object.entries(answers).map(([name, [status]]) => [name, status])),
        Object.fromEntries(Object.entries(commands).map(([name, [, , status]]) => [name, status])), JSON.stringify(answers));
      assert.match(answers.levels[1].detail, /sigd s1\/\d has not answered/);
      assert.match(answers.unregister[1].detail, /s1\/\d has not answered/);
      assert.ok(answers.reload[1].workers.every((w) => w.state === 'pending'));
    });
    // what is told of changes is what came of them
    for (const [, path, status] of Object.values(commands)) {
      const [line] = told(path.split('?')[0]);
      assert.match(line ?? '', new RegExp(`by=tests .*status=${status} `), path);
    }
    assert.equal((await ask('/v1/nodes/s1/undrain', { method: 'POST' })).status, 200);
    assert.equal((await ask('/v1/log-levels', { method: 'PUT', body: { level: 'default' } })).status, 200);
    await until(async () => !(await (await ask('/v1/calls')).json()).calls.length, 'the call ends, as was wanted');
    await back();
  });

  test('who asked has gone: what came of it is told nevertheless', async () => {
    const gone = new AbortController();
    const before = told('/v1/log-levels').length;
    await stand(async () => {
      const refused = assert.rejects(ask('/v1/log-levels', { method: 'PUT', body: { level: 'warn', daemon: 'sigd' }, signal: gone.signal }));
      await until(async () => (await (await ask('/v1/log-levels')).json()).nodes.some((n) => n.forced), 'it was asked for');
      gone.abort();
      await refused;
    });
    await back();
    const line = await until(() => told('/v1/log-levels')[before], 'it is told');
    assert.match(line, /method=PUT .*status=(200|504) /);
    assert.equal((await ask('/v1/log-levels', { method: 'PUT', body: { level: 'default' } })).status, 200);
  });

  test('the admin process ends: who waits is told, and so is the log', async () => {
    const adm = stack.children('sigd').adm;
    const before = told('/v1/routes/reload').length;
    await stand(async () => {
      const slow = ask('/v1/routes/reload', { method: 'POST' });
      await until(() => hangsUp(stack.procs.get('sigd').pid), 'the parent was told');
      process.kill(adm, 'SIGTERM');
      const answer = await slow;
      assert.equal(answer.status, 503);
      assert.match((await answer.json()).detail, /ends before it is known/);
      assert.match(await until(() => told('/v1/routes/reload')[before], 'it is told'), /status=503 /);
    });
    await back();
  });
});
