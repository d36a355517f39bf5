// bench_overload.mjs: more calls than can be served, by SIPp: how many of them are
// answered, heard (a tone, at its pace) and hung up, and how late the packets of
// the calls come that were there before. One worker of each daemon. RATES: calls a
// second, with commas; LOAD_S: seconds of each.
// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import { Sipp } from '../system/lib/sipp.mjs';
import { Stack, sleep, until } from '../system/lib/stack.mjs';

const RATES = (process.env.RATES ?? '100,250,500,1000,2000,4000').split(',').map(Number);
const SECONDS = Number(process.env.LOAD_S ?? 6);
const HOLD_MS = 200; // of a call that is offered: ten packets
const HEARD = 5; // of them, and it had media
const BEFORE = 20; // calls that were there before
const LATE_MS = 60; // what a jitter buffer would not wait for
const SETTLED_S = 30; // after a load
const FROM = '127.9.0.1'; // whose calls these are

const routing = `tenants:
  one:
    domains: [one.test]
    realm: cordboard
    connections:
      flood: {kind: trunk, address: '127.9.1.1', transport: udp, listener: udp, sources: ${FROM}/32, probe: 0s}
    routes:
      - {name: tone, match: {callee: tone}, to: {service: tone}}
`;

// The far end of many calls: what came of each stream, by its SSRC.
class Ears {
  static async open() {
    const ears = new Ears();
    ears.socket = createSocket({ type: 'udp4', recvBufferSize: 8 << 20 });
    ears.streams = new Map();
    ears.socket.on('message', (pkt) => ears.hear(pkt));
    ears.socket.bind(0, '127.0.0.1');
    await once(ears.socket, 'listening');
    return ears;
  }

  get port() { return this.socket.address().port; }

  hear(pkt) {
    if (pkt.length < 12 || pkt[1] >= 192 && pkt[1] <= 223) return; // RTCP
    const ssrc = pkt.readUInt32BE(8);
    const seen = this.streams.get(ssrc) ?? { packets: [] };
    this.streams.set(ssrc, seen);
    seen.packets.push([performance.now(), pkt.readUInt32BE(4) / 8, pkt.readUInt16BE(2)]);
  }

  heard() { return [...this.streams.values()].filter(({ packets }) => packets.length >= HEARD).length; }

  // Of what came between two times: ms behind the earliest, and what is missing.
  delays(from, to) {
    const late = [];
    let lost = 0;
    for (const { packets } of this.streams.values()) {
      const seen = packets.filter(([at]) => at >= from && at < to);
      const ahead = Math.min(...packets.map(([at, ts]) => at - ts));
      for (const [at, ts] of seen) late.push(at - ts - ahead);
      if (seen.length) lost += ((seen.at(-1)[2] - seen[0][2]) & 0xffff) + 1 - seen.length;
    }
    return { late: late.sort((a, b) => a - b), lost };
  }

  close() { this.socket.close(); }
}

const part = (list, share) => list[Math.min(list.length - 1, Math.floor(list.length * share))] ?? -1;

const stolen = () => {
  const [, ...ticks] = fs.readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).map(Number);
  return { stolen: ticks[7], all: ticks.slice(0, 8).reduce((a, b) => a + b) };
};

const stack = new Stack({ sigdWorkers: 1, mediadWorkers: 1, rtpPorts: 4000, routing,
  sip: 'limits: {source: {rate: 0}, tenant: {rate: 0}, user: {rate: 0}}\n',
  mediad: 'limits: {setup: 6s, media_timeout: 6s}\n' });

// Before all else on the machine, and so is what we begin (bench_first() tells why).
try {
  os.setPriority(-15);
  fs.writeFileSync('/proc/self/autogroup', '-15');
} catch { /* not ours to ask for */ }

// SIPp has one processor, we have the others.
function share() {
  const cpus = os.cpus().length;
  if (cpus < 2) return;
  for (const pid of ['sigd', 'mediad', 'redis'].flatMap((name) => [stack.procs.get(name).pid, ...Object.values(stack.workers(name))])) {
    spawnSync('taskset', ['-acp', `1-${cpus - 1}`, pid]);
  }
}

async function sipp(calls, rate, hold, ears) {
  const one = await Sipp.start(stack, 'load', { address: FROM, calls, rate, hold,
    keys: { user: 'x', domain: 'one.test', callee: 'tone', media: ears.port }, limit: SECONDS + 60 });
  spawnSync('taskset', ['-acp', '0', one.child.pid]);
  return one;
}

const media = (name) => stack.metric(stack.mediadAdmin, `cordboard_media_${name}`, 'm1/1');

// Nothing of the last load is left to be felt.
const calm = () => until(async () => await media('sessions') === 0 && await media('loop_late_ratio') < 0.05
  && await stack.metric(stack.sigdAdmin, 'cordboard_sig_refusing_ratio', 's1/1') === 0, 'all is calm', SETTLED_S * 1000);

// How often the media worker has found itself late, and took no new calls.
const late = () => stack.log('mediad.log').split('late for the calls there are').length - 1;

async function offer(rate) {
  await calm();
  const old = await Ears.open();
  const ears = await Ears.open();
  // answered while nothing else goes on
  const there = await sipp(BEFORE, BEFORE, (SECONDS + 4) * 1000, old);
  await until(() => old.streams.size >= BEFORE / 2, 'calls before are heard');
  await sleep(1000);
  const before = stolen();
  const lateBefore = late();
  const from = performance.now();
  const load = await sipp(rate * SECONDS, rate, HOLD_MS, ears);
  await sleep(SECONDS * 1000);
  const to = performance.now();
  const after = stolen();
  await load.done.catch(() => {});
  await there.done.catch(() => {});
  const { GenericCounter1: good, GenericCounter2: refused, GenericCounter3: silent } = load.counts();
  const { late: waits, lost } = old.delays(from, to);
  const share100 = (100 * waits.filter((ms) => ms > LATE_MS).length / waits.length).toFixed(1);
  console.log(`${String(rate).padStart(5)} calls/s offered: ${(Math.min(good, ears.heard()) / SECONDS).toFixed(0)} served and heard a second `
    + `(${(good / SECONDS).toFixed(0)} / ${(ears.heard() / SECONDS).toFixed(0)}), ${(100 * refused / rate / SECONDS).toFixed(0)} % refused (the media worker was late ${late() - lateBefore} times), `
    + `${(100 * silent / rate / SECONDS).toFixed(0)} % without an answer; ${old.streams.size} calls before: `
    + `p50 ${part(waits, 0.5).toFixed(1)}, p99 ${part(waits, 0.99).toFixed(0)}, most ${part(waits, 1).toFixed(0)} ms, `
    + `${share100} % later than ${LATE_MS} ms, ${lost} lost; stolen ${(100 * (after.stolen - before.stolen) / (after.all - before.all)).toFixed(0)} %`);
  old.close();
  ears.close();
}

try {
  await stack.start();
  share();
  for (const rate of RATES) {
    await offer(rate);
  }
} finally {
  await stack.stop();
}
