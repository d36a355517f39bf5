// Who has an IPv6 address has 2^64 of them: whatever REST gives to one source
// counts by its /64. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import net from 'node:net';
import { secondSigd } from './lib/second.mjs';
import { until } from './lib/stack.mjs';
import { Suite, tenants } from './lib/suite.mjs';

const MOST = 32; // connections of one source
const WAIT = 16; // ... whose answer comes later
const OTHER = 'fd12:3456:0:1::1';
const of = (i) => `fd12:3456::${i.toString(16)}`;

// Addresses are given away in a network of our own alone.
describe('sources of IPv6', { timeout: 120000, skip: !process.env.CORDBOARD_NETNS && 'not in a network of its own' }, () => {
  const suite = new Suite({ rtpPorts: 40, routing: tenants(1) });
  const { stack } = suite;
  let six;
  before(async () => {
    for (const address of [OTHER, ...Array.from({ length: MOST + 8 }, (_, i) => of(i + 1))]) {
      assert.equal(spawnSync('ip', ['-6', 'addr', 'add', `${address}/128`, 'dev', 'lo', 'nodad']).status, 0, address);
    }
    await suite.start();
    six = await secondSigd(stack, 's2', '[::1]');
  });
  after(async () => {
    await six?.stop();
    await suite.stop();
  });

  const ask = (localAddress, method, path, body) => new Promise((done) => {
    const request = http.request({ host: '::1', port: six.sigdAdmin, localAddress, method, path, agent: false, headers: { authorization: 'Bearer token-of-the-tests', 'content-type': 'application/json' } }, (res) => {
      let said = '';
      res.on('data', (data) => { said += data; });
      res.on('end', () => done({ status: res.statusCode, said }));
    });
    request.on('error', (e) => done({ status: 0, said: e.message }));
    request.end(body && JSON.stringify(body));
  });

  test('a /64 has the connections of one address, and leaves others theirs', async () => {
    const sockets = await Promise.all(Array.from({ length: MOST + 8 }, (_, i) => new Promise((done) => {
      const socket = net.connect({ host: '::1', port: six.sigdAdmin, localAddress: of(i + 1) }, () => done(socket));
      socket.on('close', () => { socket.over = true; });
      socket.on('error', () => {});
      socket.resume();
    })));
    try {
      await until(() => sockets.filter((s) => s.over).length === 8, 'those above the limit are closed');
      assert.equal((await ask(of(1), 'GET', '/v1/nodes')).status, 0);
      assert.equal((await ask(OTHER, 'GET', '/v1/nodes')).status, 200);
      assert.equal((await ask('::1', 'GET', '/v1/nodes')).status, 200);
      assert.equal(sockets.filter((s) => s.over).length, 8);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await until(async () => (await ask(of(1), 'GET', '/v1/nodes')).status === 200, 'they come free again');
  });

  test('so many of a /64 wait for an answer, and others may, too', async () => {
    await until(async () => JSON.parse((await ask(OTHER, 'GET', '/v1/log-levels')).said).nodes.some((n) => n.daemon === 'mediad' && n.workers.length === 2), 'mediad is known');
    const pids = [stack.procs.get('mediad').pid, ...Object.values(stack.workers('mediad'))];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      const wait = (address) => ask(address, 'PUT', '/v1/log-levels', { level: 'info', daemon: 'mediad' });
      const answers = Promise.all(Array.from({ length: WAIT + 4 }, (_, i) => wait(of(i + 1))));
      const other = wait(OTHER);
      const codes = (await answers).map((a) => a.status);
      // who stands still is silent (504), and then counts as gone (200)
      assert.equal(codes.filter((c) => [200, 504].includes(c)).length, WAIT, `${codes}`);
      assert.equal(codes.filter((c) => c === 503).length, 4, `${codes}`);
      assert.notEqual((await other).status, 503);
    } finally {
      for (const pid of pids.reverse()) process.kill(pid, 'SIGCONT');
    }
    await stack.ready(stack.mediadAdmin, 'mediad');
  });
});
