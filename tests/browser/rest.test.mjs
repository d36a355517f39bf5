// What /v1 tells of real registrations, calls and their media.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { until } from '../system/lib/stack.mjs';
import { Suite } from './lib.mjs';

describe('the REST interface', { timeout: 240000 }, () => {
  const suite = new Suite();
  before(() => suite.start());
  after(() => suite.stop());

  const token = { authorization: 'Bearer token-of-the-tests' };
  const get = (path, headers = token) => fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}${path}`, { headers });
  const json = async (path) => {
    const response = await get(path);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get('content-type'), 'application/json');
    return response.json();
  };

  test('nobody without the token is told anything', async () => {
    for (const path of ['/v1/nodes', '/v1/registrations?tenant=demo', '/v1/calls', '/v1/calls/0123456789abcdef']) {
      assert.equal((await get(path, {})).status, 401, path);
      assert.equal((await get(path, { authorization: 'Bearer wrong' })).status, 401, path);
    }
  });

  test('the nodes are there, with what they do', async () => {
    const { nodes } = await until(async () => {
      const answer = await json('/v1/nodes');
      return answer.nodes.flatMap((n) => n.workers).length === 4 && answer;
    }, 'four workers');
    assert.deepEqual(nodes.flatMap((n) => n.workers.map((w) => `${n.daemon} ${w.worker} ${w.state}`)),
      ['mediad m1/1 serving', 'mediad m1/2 serving', 'sigd s1/1 serving', 'sigd s1/2 serving']);
    assert.ok(nodes.every((n) => n.workers.every((w) => Math.abs(Date.parse(w.seen) - Date.now()) < 60000)));
  });

  test('a device that registers is listed, of its tenant alone', async () => {
    const phone = await suite.phone('jssip', 'carol');
    const { registrations, next } = await json('/v1/registrations?tenant=demo');
    assert.equal(next, null);
    assert.deepEqual(registrations.map((r) => r.user), ['carol']);
    assert.match(registrations[0].flow, /^s1\/[12]\/wss\//);
    assert.match(registrations[0].agent, /JsSIP/);
    assert.ok(Date.parse(registrations[0].expires) > Date.now());
    assert.equal((await json('/v1/registrations?tenant=demo&user=carol')).registrations.length, 1);
    assert.equal((await json('/v1/registrations?tenant=demo&user=dave')).registrations.length, 0);
    assert.equal((await get('/v1/registrations?tenant=other')).status, 404);
    await phone.close();
  });

  test('a call tells its state, its codec and why, its ladder and its figures, and ends', async () => {
    const phone = await suite.phone('sip.js', 'alice');
    const call = await phone.call('echo');
    await phone.up(call);
    await phone.hears(call, 1000);
    const { calls, total } = await json('/v1/calls?tenant=demo');
    assert.equal(total, 1);
    const [{ id }] = calls;
    assert.equal(calls[0].caller.user, 'alice');
    assert.equal(calls[0].callee.service, 'echo');
    assert.equal(calls[0].state, 'up');
    assert.equal((await get('/v1/calls?tenant=other')).status, 404);

    const one = await until(async () => {
      const answer = await json(`/v1/calls/${id}`);
      return answer.media?.legs[0].received.packets > 200 && answer;
    }, 'the figures come');
    const [leg] = one.media.legs;
    assert.equal(leg.profile, 'browser');
    assert.equal(leg.service, 'echo');
    assert.match(leg.codec.offered, /opus/);
    assert.equal(leg.codec.chosen, 'opus/48000/2');
    assert.ok(leg.codec.why.length > 0);
    const ladder = leg.ladder_ms;
    for (const [a, b] of [['remote_sdp', 'stun_seen'], ['stun_seen', 'dtls_done'], ['dtls_done', 'first_packet_in']]) {
      assert.ok(ladder[a] <= ladder[b], `${a} ${ladder[a]} <= ${b} ${ladder[b]}`);
    }
    assert.equal(leg.received.lost, 0);
    assert.ok(leg.received.mos > 4, `mos ${leg.received.mos}`);
    assert.ok(leg.received.jitter_ms < 20);

    // how long its page takes to answer, by RTCP, once there is a report of it
    await until(async () => (await json(`/v1/calls/${id}`)).media.legs[0].rtt_ms > 0, 'a round trip', 30000);
    await phone.hangup(call);
    const rtcp = await until(async () => (await json('/v1/registrations/demo/alice/latency')).series.find(({ kind }) => kind === 'rtcp'), 'it is in her log');
    const [minute] = rtcp.minutes;
    assert.ok(minute.count === 1 && minute.min_ms > 0, JSON.stringify(rtcp));
    const ended = await until(async () => {
      const answer = await json(`/v1/calls/${id}`);
      return answer.state === 'ended' && answer.media.state === 'ended' && answer;
    }, 'the call has ended');
    assert.equal(ended.id, id);
    assert.equal((await json('/v1/calls')).total, 0);
    await phone.close();
    await suite.stack.audit();
  });

  test('what cannot be answered is a problem, in words', async () => {
    const problem = async (path, status) => {
      const response = await get(path);
      assert.equal(response.status, status, path);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      assert.ok((await response.json()).title, path);
    };
    await problem('/v1/calls/0123456789abcdef', 404);
    await problem('/v1/calls/x', 404);
    await problem('/v1/registrations', 400);
    await problem('/v1/calls?limit=0', 400);
    await problem('/v1/calls?limit=9999', 400);
    await problem('/v1/registrations?tenant=demo&cursor=x', 400);
    await problem('/v1/nothing', 404);
  });
});
