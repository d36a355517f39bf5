// What mediad tells the log of a call, of a real browser: its way up in order,
// keys, a process that dies, its end; all of it expires.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Suite } from './lib.mjs';
import { until } from '../system/lib/stack.mjs';

// Entries as objects, in their order; data as they are told.
function entries(stream) {
  return stream.map(([, fields]) => {
    const entry = {};
    for (let i = 0; i < fields.length; i += 2) entry[fields[i]] = fields[i + 1];
    entry.data = Object.fromEntries(entry.data.split(' ').filter(Boolean).map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), decodeURIComponent(pair.slice(at + 1))];
    }));
    return entry;
  });
}

describe('the log of a call', { timeout: 240000 }, () => {
  const suite = new Suite();
  before(() => suite.start());
  after(() => suite.stop());

  const read = async (key) => entries(await suite.stack.redis.call('XRANGE', key, '-', '+'));

  async function keys() {
    // beside them are the lists of which there are, and how large
    return (await suite.stack.redis.call('KEYS', 'cb:{c:*}:log:*')).filter((key) => /:[0-9a-f]{16}$/.test(key));
  }

  async function comes(key, kind) {
    let all = [];
    await until(async () => {
      all = await read(key);
      return all.some((entry) => entry.kind === kind);
    }, kind).catch(() => assert.fail(`no ${kind} in ${all.map((entry) => entry.kind)}`));
    return all;
  }

  test('tells the way up of a page, and its end', async () => {
    const phone = await suite.phone('jssip', 'alice');
    const call = await phone.call('echo', 1000);
    await phone.up(call);
    await phone.hears(call, 1000);
    const [key] = await until(async () => (await keys()).length && keys(), 'a log');
    let all = await comes(key, 'rtp.out');
    const of = (kind) => all.filter((entry) => entry.kind === kind);
    const media = all.filter(({ by }) => by.startsWith('m')).map(({ kind }) => kind);
    // a handshake may begin before a pair is nominated
    for (const way of [['sdp.offer', 'sdp.agreed', 'ice.check', 'ice.nominated'], ['ice.check', 'dtls.hello', 'dtls.done', 'rtp.in'], ['dtls.done', 'rtp.out']]) {
      const places = way.map((kind) => media.indexOf(kind));
      assert.deepEqual(places, [...places].sort((a, b) => a - b), `${way} in ${media}`);
      assert.ok(places[0] >= 0, `${way[0]} in ${media}`);
    }
    const [agreed] = of('sdp.agreed');
    assert.equal(agreed.leg, '1');
    assert.match(agreed.session, /^[0-9a-f]{8}$/);
    assert.match(agreed.data.chosen, /^opus/);
    assert.ok(Number(agreed.data.cands) > 0);
    const [pair] = of('ice.nominated');
    assert.equal(pair.data.type, 'host');
    assert.equal(pair.data.over, 'udp');
    assert.match(pair.data.local, /^127\.0\.0\.1:\d+$/);
    assert.match(of('dtls.done')[0].data.version, /^DTLSv1\.2$/);
    for (const { ms } of all) assert.ok(Math.abs(Number(ms) - Date.now()) < 60000);
    for (const kind of ['ice.refused', 'dtls.failed', 'dtls.fingerprint', 'srtp.failed', 'leg.quiet', 'leg.lost']) {
      assert.equal(of(kind).length, 0, kind);
    }

    for (const pid of Object.values(suite.stack.workers('mediad'))) process.kill(pid, 'SIGKILL');
    all = await comes(key, 'session.resumed');
    await phone.hears(call, 1000);
    await phone.hangup(call);
    all = await comes(key, 'session.ended');
    assert.equal(of('leg.ended')[0].data.resumes, '1');
    assert.equal(of('dtls.done').length, 1);
    assert.equal(of('rtp.in').length, 1);
    assert.ok(of('figures').length <= 4);
    assert.ok(await suite.stack.redis.call('TTL', key) > 80000);
    await phone.close();
    await suite.stack.audit();
  });
});
