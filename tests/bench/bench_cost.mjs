// bench_cost.mjs: what it costs sigd to tell of what it does. The real sigd
// serves calls of SIPp at RATE a second (WAY=pbx: to a PBX, by another SIPp, with ringing, 12 messages; else
// to a service: INVITE, 200, ACK, BYE), by turns with all of it on (traces in Redis and to a capture server, logs of
// calls, CDRs, events to a file and a webhook with up to BATCH in a POST, log at
// info) and with none of it (log at error). CPU time of the worker, of the admin
// process and of Redis, from the scheduler. STARTS, ROUNDS of each, SECONDS, RATE, BATCH; LOGS=1: logs of
// calls and the log at info stay on, so that it is traces, events and CDRs alone. A process keeps where it
// happens to lie in memory, by which the same work takes some per cent more or less: so there are several starts.
// SPDX-License-Identifier: MIT
import { createSocket } from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import { Sipp } from '../system/lib/sipp.mjs';
import { Stack, freeUdp, sleep } from '../system/lib/stack.mjs';

const RATE = Number(process.env.RATE ?? 200);
const SECONDS = Number(process.env.SECONDS ?? 8);
const STARTS = Number(process.env.STARTS ?? 4);
const ROUNDS = Number(process.env.ROUNDS ?? 2);
const LOGS = process.env.LOGS === '1';
const BATCH = Number(process.env.BATCH ?? 100); // events in a POST
const FLOOD = '127.9.0.1';
const WAY = process.env.WAY === 'pbx' ? 'pbx' : 'echo';

// pbx: the port of the one that is called
const routing = (pbx) => `tenants:
  one:
    domains: [one.test]
    realm: cordboard
    users: {alice: {password: alice-secret}}
    connections:
      load: {kind: trunk, address: '127.9.1.0', transport: udp, listener: udp, sources: ${FLOOD}/32, probe: 0s}
      called: {kind: trunk, address: '127.0.0.1:${pbx}', transport: udp, listener: udp, probe: 0s}
    routes:
      - {name: echo, match: {callee: echo}, to: {service: echo}}
      - {name: pbx, match: {from: load, callee: pbx}, to: {connection: called}}
`;

const homer = createSocket('udp4');
let told = 0;
homer.on('message', () => { told++; });
await new Promise((done) => { homer.bind(0, '127.0.0.1', done); });
let posted = 0;
let events = 0;
const receiver = http.createServer((req, res) => {
  let body = '';
  req.on('data', (data) => { body += data; });
  req.on('end', () => {
    const said = JSON.parse(body);
    posted++;
    events += Array.isArray(said) ? said.length : 1;
    res.writeHead(200).end();
  });
});
await new Promise((done) => { receiver.listen(0, '127.0.0.1', done); });

async function stack(on) {
  const port = await freeUdp(1);
  const made = new Stack({ sigdWorkers: 1, mediadWorkers: 1, rtpPorts: 4000, streams: false, routing: (it) => {
    const file = it.file('sigd.yaml');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('log_level: debug', `log_level: ${on || LOGS ? 'info' : 'error'}`));
    return routing(port);
  },
  sip: on ? `trace:
  keep: 1h
  homer: {address: "127.0.0.1:${homer.address().port}"}
events:
  file: events.jsonl
  hooks:
    - {name: all, url: "http://127.0.0.1:${receiver.address().port}/", secret: a-secret-of-the-bench, batch: ${BATCH}}
` : `trace: {keep: 0s}\n${LOGS ? '' : 'call_log: {keep: 0s}\n'}events: {keep: 0s}\n`,
  mediad: on || LOGS ? '' : 'call_log: {keep: 0s}\n' });
  await made.start();
  if (WAY === 'pbx') made.called = await Sipp.start(made, 'trunk', { port, calls: 1e6, limit: 3600 });
  return made;
}

const cpuUs = (pid) => Number(fs.readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]) / 1000;
const all = (made) => {
  const { 1: worker, adm } = made.children('sigd');
  return [cpuUs(worker), cpuUs(adm), cpuUs(made.procs.get('redis').pid)];
};

async function turn(made, seconds) {
  const before = all(made);
  const sipp = await Sipp.start(made, 'load', { address: FLOOD, transport: 'u1', calls: RATE * seconds, rate: RATE,
    keys: { user: 'x', domain: 'one.test', callee: WAY, media: 4000 }, limit: seconds + 60 });
  await sipp.done.catch(() => {});
  const { GenericCounter1: good } = sipp.counts();
  await sleep(1500); // what waits is written and told
  return { good, us: all(made).map((us, i) => us - before[i]) };
}

const sums = { on: { good: 0, us: [0, 0, 0] }, off: { good: 0, us: [0, 0, 0] } };
const each = (name, k, of = sums) => of[name].us[k] / of[name].good;
const more = (k, of) => `${((each('on', k, of) / each('off', k, of) - 1) * 100).toFixed(1)} %`;

// Both, by turns; then they are gone.
async function measure() {
  const mine = { on: { good: 0, us: [0, 0, 0] }, off: { good: 0, us: [0, 0, 0] } };
  const [on, off] = [await stack(true), await stack(false)];
  try {
    for (const made of [on, off]) await turn(made, 2); // what is made once
    for (let i = 0; i < ROUNDS; i++) {
      for (const [name, made] of i % 2 ? [['on', on], ['off', off]] : [['off', off], ['on', on]]) {
        const { good, us } = await turn(made, SECONDS);
        for (const of of [mine, sums]) {
          of[name].good += good;
          us.forEach((n, k) => { of[name].us[k] += n; });
        }
      }
    }
    await isOff(off);
  } finally {
    for (const made of [on, off]) {
      made.called?.stop();
      await made.stop();
    }
  }
  return mine;
}

// Without them there is nothing of them.
async function isOff(off) {
  const left = (await off.redis.call('KEYS', 'cb:{*')).filter((key) => (LOGS ? /\{[ct]:.\}:(cdr|sip:|traces)/ : /\{[ct]:.\}:(cdr|log:|why:|sip:|traces|sizes)/).test(key));
  const news = (await off.redis.call('XRANGE', 'cb:news', '-', '+')).filter(([, fields]) => fields[1].startsWith('call.'));
  if (left.length || news.length) throw new Error(`without: ${left.length} keys of CDRs, logs and traces, ${news.length} news of calls`);
}

try {
  const starts = [];
  for (let i = 0; i < STARTS; i++) starts.push(more(0, await measure()));
  for (const name of ['off', 'on']) {
    console.log(`${name.padEnd(3)} ${sums[name].good} calls at ${RATE}/s: ${each(name, 0).toFixed(0)} us of the worker a call, ${each(name, 1).toFixed(0)} us of the admin process, ${
      each(name, 2).toFixed(0)} us of Redis`);
  }
  console.log(`the worker: ${more(0)} more (of each start: ${starts.join(', ')}); of a core at ${RATE}/s: ${
    ((each('on', 0) - each('off', 0)) * RATE / 1e4).toFixed(1)} %, and ${((each('on', 1) - each('off', 1)) * RATE / 1e4).toFixed(1)} % beside the calls, in the admin process`);
  const both = (name) => each(name, 0) + each(name, 1);
  console.log(`sigd, worker and admin process together: ${((both('on') / both('off') - 1) * 100).toFixed(1)} % more (aim: 10 %)`);
  console.log(`told: ${told} messages to the capture server, ${events} events in ${posted} webhooks`);
} finally {
  homer.close();
  receiver.closeAllConnections();
  receiver.close();
}
