// A worker of mediad that comes late for the calls that it has takes no new ones:
// each command costs it far more than it should. One that is stopped again and again
// has as little of the processor, but not for its calls: it takes what comes. The
// call that there is goes on. Debian's baresip, SIPp. SPDX-License-Identifier: MIT
// ALONE: it takes the whole machine, or counts on it.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Baresip } from './lib/pbx_baresip.mjs';
import { Sipp } from './lib/sipp.mjs';
import { Stack, sleep, until } from './lib/stack.mjs';

const STOPPED_MS = 250;
const RUNS_MS = 60;
const COMMAND_MS = 12; // of processor time; a call needs some of them
const CALLER = '127.9.0.1';

describe('a media worker that comes late', { timeout: 240000 }, () => {
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
  // what the log tells last of its lateness
  const state = () => stack.log('mediad.log').split('\n').filter((l) => / msg="(late|in time)/.test(l)).at(-1) ?? '';
  const refused = () => figure('cordboard_media_refused_sessions_total', 'reason="late"');

  before(async () => {
    await stack.start({ CORDBOARD_FAULT: `mediad/1:mediad.command.taken=busy:${COMMAND_MS}+` });
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
    let most = [0, 0];
    let loaded = true;
    const looks = (async () => {
      while (loaded) {
        const now = [await figure('cordboard_media_loop_late_ratio'), await figure('cordboard_media_loop_missed_ratio')];
        most = most.map((x, i) => Math.max(x, now[i]));
        await sleep(200);
      }
    })();
    const { refusals } = await offer(120, 40).finally(() => { loaded = false; });
    await looks;
    assert.ok(most[0] > 0.2 && most[1] > 0 && most.every((x) => x <= 1), `late for ${most[0]} of the time, ${most[1]} of the deadlines`);
    assert.ok(refusals > 0, 'nobody got 503');
    assert.match(stack.log('mediad.log'), /late for the calls there are.* percent_of_time=\d+ percent_of_deadlines=\d+ busy_percent=\d+ /);
    await until(async () => await refused() > 0, 'mediad has refused some itself');

    await until(() => !state().includes('late for the calls'), 'it takes calls again', 30000);
    const [x, y] = [a, b].map((phone) => phone.heard().samples.length);
    await until(() => a.heard().samples.length > x + 8000 && b.heard().samples.length > y + 8000, 'a second of audio');
    await Promise.all([a.hears(1000), b.hears(440)]);
    await until(async () => (await offer(1, 1)).good === 1, 'a new call is taken');
    assert.deepEqual(Object.values(stack.workers('mediad')), [pid]);
  });

  test('is told where it is late for others, and takes what comes', async () => {
    const [pid] = Object.values(stack.workers('mediad'));
    const refusedBefore = await refused();
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
    const { good } = await until(() => state().includes('late, though it does little'), 'it tells so').then(() => offer(1, 1)).finally(() => { late = false; });
    await pulses;
    assert.equal(good, 1, 'a call is taken');
    assert.equal(await refused(), refusedBefore);
  });
});
