// A worker of mediad that comes late for the calls that it has takes no new ones:
// it is stopped again and again, for a quarter of a second. The call that there
// is goes on. Debian's baresip, SIPp. SPDX-License-Identifier: MIT
// ALONE: it takes the whole machine, or counts on it.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Baresip } from './lib/pbx_baresip.mjs';
import { Sipp } from './lib/sipp.mjs';
import { Stack, sleep, until } from './lib/stack.mjs';

const STOPPED_MS = 250;
const RUNS_MS = 60;
const CALLER = '127.9.0.1';

describe('a media worker that comes late', { timeout: 120000 }, () => {
  const stack = new Stack({ rtpPorts: 200, streams: true, mediadWorkers: 1, mediad: 'limits: {setup: 4s, media_timeout: 8s}\n', routing: () => `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    users:
      a: {password: a-secret, algorithms: [MD5]}
      b: {password: b-secret, algorithms: [MD5]}
    connections:
      in: {kind: trunk, address: '127.9.1.1', transport: udp, listener: udp, sources: ${CALLER}/32, probe: 0s}
    routes:
      - {name: echo, match: {callee: echo}, to: {service: echo}}
` });
  const phones = {};
  const figure = async (name, label = '') => {
    const text = await fetch(`http://127.0.0.1:${stack.mediadAdmin}/metrics`).then((r) => r.text());
    const line = text.split('\n').find((l) => l.startsWith(`${name}{`) && l.includes(label));
    return Number(line?.split(' ').pop());
  };
  const refused = () => figure('cordboard_media_refused_sessions_total', 'reason="late"');

  before(async () => {
    await stack.start();
    for (const [user, frequency] of [['a', 440], ['b', 1000]]) {
      phones[user] = await new Baresip(stack, {
        user, host: 'localhost', frequency,
        account: `;auth_pass=${user}-secret;outbound="sip:127.0.0.1:${stack.tcpPort};transport=tcp";regint=60`,
      }).start();
      await until(() => stack.redis.call('EXISTS', `cb:{a:demo/${user}}:bind`), `${user} is registered`);
    }
  });
  after(async () => {
    for (const phone of Object.values(phones)) await phone.stop();
    await stack.stop();
  });

  const offer = async (calls, rate) => {
    const sipp = await Sipp.start(stack, 'load', { address: CALLER, transport: 'u1', calls, rate,
      keys: { user: 'x', domain: 'localhost', callee: 'echo', media: 4000 }, limit: 60 });
    await sipp.done.catch(() => {});
    const { GenericCounter1: good, GenericCounter2: refusals, GenericCounter3: silent } = sipp.counts();
    return { good, refusals, silent };
  };

  test('refuses new calls until it is in time again, and keeps those it has', async () => {
    const { a, b } = phones;
    await a.dial('sip:b@localhost');
    await Promise.all([a.event('CALL_ESTABLISHED'), b.event('CALL_ESTABLISHED')]);
    await Promise.all([a.hears(1000), b.hears(440)]);

    const [pid] = Object.values(stack.workers('mediad'));
    let late = true;
    const pulses = (async () => {
      while (late) {
        process.kill(pid, 'SIGSTOP');
        await sleep(STOPPED_MS);
        process.kill(pid, 'SIGCONT');
        await sleep(RUNS_MS);
      }
    })();
    pulses.catch(() => {}); // until it is waited for
    const { refusals } = await offer(60, 20).finally(() => { late = false; });
    const share = await figure('cordboard_media_loop_late_ratio');
    const missed = await figure('cordboard_media_loop_missed_ratio');
    await pulses;
    // 250 of 310 ms; the admin process shows what was written within two seconds
    assert.ok(share > 0.3 && share <= 1, `late for ${share} of the time`);
    assert.ok(missed > 0 && missed <= 1, `${missed} of the deadlines were missed`);
    assert.ok(refusals > 0, 'nobody got 503');
    assert.match(stack.log('mediad.log'), /late for the calls there are.* percent_of_time=\d+ percent_of_deadlines=\d+ /);
    await until(async () => await refused() > 0, 'mediad has refused some itself');

    await until(() => stack.log('mediad.log').includes('new calls are taken again'), 'it is in time again');
    const [x, y] = [a, b].map((phone) => phone.heard().samples.length);
    await until(() => a.heard().samples.length > x + 8000 && b.heard().samples.length > y + 8000, 'a second of audio');
    await Promise.all([a.hears(1000), b.hears(440)]);
    await until(async () => (await offer(1, 1)).good === 1, 'a new call is taken');
    assert.deepEqual(Object.values(stack.workers('mediad')), [pid]);
  });
});
