// bench_queries.mjs: does SIP wait for who looks? OPTIONS to the real sigd, one
// each 5 ms, while nobody asks REST, while somebody pages through REGS
// registrations without a pause, and while somebody looks among them for what
// is not there, by turns; p50 and p99 of the answers. It fails when p99 is more
// than 2 ms over that of nobody.
// SPDX-License-Identifier: MIT
import { Worker } from 'node:worker_threads';
import { manyLike } from '../system/lib/many.mjs';
import { Ua } from '../system/lib/sip.mjs';
import { Stack, sleep } from '../system/lib/stack.mjs';

const REGS = Number(process.env.REGS ?? 100000);
const SECONDS = Number(process.env.SECONDS ?? 8);
const ROUNDS = Number(process.env.ROUNDS ?? 3);

const stack = await new Stack({ sigdWorkers: 1, mediadWorkers: 1 }).start();
const alice = await Ua.open(stack, { user: 'alice' });
await alice.register({ expires: 3000 });

// In a thread of its own that gives way, as one on another machine would: what
// reads the pages keeps no answer waiting here.
const LOOK = `
require('node:os').setPriority(15);
const { parentPort, workerData: { port, query } } = require('node:worker_threads');
let stop = false;
let pages = 0;
let shown = 0;
parentPort.on('message', () => { stop = true; });
(async () => {
  let cursor = '';
  while (!stop) {
    const res = await fetch('http://127.0.0.1:' + port + '/v1/registrations?tenant=demo&' + query + (cursor && '&cursor=' + encodeURIComponent(cursor)),
      { headers: { authorization: 'Bearer token-of-the-tests' } });
    if (!res.ok) throw new Error('REST says ' + res.status + ': ' + await res.text());
    const body = await res.json();
    cursor = body.next ?? '';
    shown += (body.registrations ?? body.items).length;
    pages++;
  }
  parentPort.postMessage({ pages, shown });
  parentPort.close();
})();`;

const seen = {};
async function meanwhile(query, work) {
  const worker = new Worker(LOOK, { eval: true, workerData: { port: stack.sigdAdmin, query } });
  const done = new Promise((ok, fail) => { worker.once('message', ok); worker.once('error', fail); });
  const result = await work();
  worker.postMessage('stop');
  const { pages, shown } = await done;
  seen[query] ??= { pages: 0, shown: 0 };
  seen[query].pages += pages;
  seen[query].shown += shown;
  return result;
}

async function pings(seconds) {
  const times = [];
  const end = Date.now() + seconds * 1000;
  const waits = [];
  while (Date.now() < end) {
    const at = process.hrtime.bigint();
    waits.push(alice.request('OPTIONS', 'sip:localhost', { repeat: false }).then(() => times.push(Number(process.hrtime.bigint() - at) / 1e6)));
    await sleep(5);
  }
  await Promise.all(waits);
  return times;
}

const of = (times, q) => times.sort((a, b) => a - b)[Math.floor(times.length * q)];
const QUERIES = ['limit=500', 'limit=500&search=nothing-of-it'];
const MOST_MS = 2;
try {
  await manyLike(stack, 'alice', REGS);
  await pings(1);
  const all = { nobody: [] };
  for (let i = 0; i < ROUNDS; i++) {
    all.nobody.push(...await pings(SECONDS));
    for (const query of QUERIES) (all[query] ??= []).push(...await meanwhile(query, () => pings(SECONDS)));
  }
  for (const [query, times] of Object.entries(all)) {
    const more = of(times, 0.99) - of(all.nobody, 0.99);
    const { pages, shown } = seen[query] ?? {};
    console.log(`${query}: ${times.length} OPTIONS, p50 ${of(times, 0.5).toFixed(2)} ms, p99 ${of(times, 0.99).toFixed(2)} ms`
      + (pages ? `, ${more.toFixed(2)} more (aim: ${MOST_MS}); ${pages} pages with ${shown} of ${REGS} registrations` : ''));
    if (more > MOST_MS) process.exitCode = 1;
  }
} finally {
  alice.close();
  await stack.stop();
}
