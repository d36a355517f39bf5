// bench_first_audio.mjs: wall time from INVITE to 200 and to the first audio,
// by the real daemons, between two PBXs: relayed, and from PCMU to PCMA. The
// callee speaks as soon as it has the ACK.
// SPDX-License-Identifier: MIT
import { Stack } from '../system/lib/stack.mjs';
import { Rtp } from '../system/lib/pbx_rtp.mjs';
import { World } from '../system/lib/pbx_world.mjs';

const CALLS = 60;
const AIM = { answer: 3, audio: 12 }; // ms: docs/benchmarks.md

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

// One call; ms from its INVITE.
async function measure(from, to) {
  const call = from.newCall();
  const rtp = await call.media();
  const far = await Rtp.open(to.rtp);
  // no look every few ms, as tests do it
  const came = new Promise((done) => { to.rung.push = done; });
  const start = performance.now();
  const heard = new Promise((done) => { rtp.socket.once('message', () => done(performance.now() - start)); });
  call.invite('100', { sdp: rtp.sdp() });
  const into = await came;
  const rang = performance.now() - start;
  into.rtp = far;
  // what it sends before the ACK comes too early for who must know its
  // address first; the next packet would be 20 ms later
  const { start: begin } = far;
  far.start = () => {};
  into.acked = (msg) => { into.ackMessage = msg; begin.call(far); };
  into.answer(far.answer(into.invited.body));
  const answer = await call.final;
  const answered = performance.now() - start;
  rtp.remote(answer.body);
  const audio = await heard;
  await call.bye();
  into.quiet();
  rtp.close();
  far.close();
  return { rang, answered, audio };
}

const stack = new Stack({ rtpPorts: 400, routing: () => world.routing() });
const world = new World(stack, { count: 1 });
try {
  await world.open();
  world.challenge();
  await stack.start();
  for (const [what, codecs] of [['relayed', ['PCMU', 'PCMU']], ['PCMU to PCMA', ['PCMU', 'PCMA']]]) {
    const { pbx, desk } = world.tenant();
    world.next = 0;
    desk.rtp = { codecs: [codecs[0]] };
    pbx.rtp = { codecs: [codecs[1]] };
    const found = [];
    for (let i = 0; i < CALLS; i++) found.push(await measure(desk, pbx));
    const ms = (name) => `${median(found.map((one) => one[name])).toFixed(1)} ms`;
    console.log(`${what}: INVITE there ${ms('rang')}, answered ${ms('answered')} (aim ${AIM.answer}), `
      + `first audio ${ms('audio')} (aim ${AIM.audio}); medians of ${CALLS}, the PBXs' own time in Node.js counts`);
  }
} finally {
  await stack.stop();
  world.close();
}
