// bench_lines.mjs: 10,000 users' own registrations at a PBX, kept by one worker
// of the real sigd: CPU of each, made and refreshed (challenged both times, so
// two REGISTERs each), and memory. The PBX is a few lines of Node.js.
// SPDX-License-Identifier: MIT
import { createSocket } from 'node:dgram';
import fs from 'node:fs';
import { Stack, sleep, until } from '../system/lib/stack.mjs';

const LINES = Number(process.env.LINES ?? 10000);
const TICK_MS = 10; // of /proc/*/stat
const LIMIT_MS = 120000;

// A registrar that takes whoever answers its challenge.
class Registrar {
  constructor() { Object.assign(this, { accepted: 0, challenged: 0 }); }

  async open() {
    this.socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    this.socket.on('message', (data, from) => this.request(data.toString('latin1'), from));
    await new Promise((done) => { this.socket.bind(0, '127.0.0.1', done); });
    this.host = `127.0.0.1:${this.socket.address().port}`;
  }

  request(text, { port, address }) {
    const known = text.includes('\r\nAuthorization:');
    const keep = text.match(/^(Via|From|To|Call-ID|CSeq|Contact): .*\r\n/gm).join('').replace(/^To: .*/m, '$&;tag=r');
    if (known) this.accepted++;
    else this.challenged++;
    this.socket.send(`SIP/2.0 ${known ? '200 OK' : '401 No'}\r\n${keep}${known ? 'Expires: 3600\r\n'
      : 'WWW-Authenticate: Digest realm="pbx", nonce="n", algorithm=MD5, qop="auth"\r\n'}Content-Length: 0\r\n\r\n`, port, address);
  }
}

const registrar = new Registrar();
let when = 'devices';
const routing = () => `tenants:
  bench:
    domains: ["bench.test"]
    realm: cordboard
    users:
${Array.from({ length: LINES }, (_, i) => `      u${i}: {ha1_md5: ${'0'.repeat(32)}, upstream: {connection: pbx, username: "u${i}", `
  + `password: secret, register: ${when}}}`).join('\n')}
    connections:
      pbx: {kind: register, address: "${registrar.host}", domain: pbx.test, expires: 1h, probe: 0s}
`;
const stack = new Stack({ sigdWorkers: 1, mediadWorkers: 1, rtpPorts: 0, routing: (made) => {
  const file = made.file('sigd.yaml');
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('log_level: debug', 'log_level: warn'));
  return routing();
} });

const worker = () => Object.values(stack.workers('sigd'))[0];
const cpu = (pid) => {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
};
const rss = (pid) => Number(fs.readFileSync(`/proc/${pid}/status`, 'latin1').match(/VmRSS:\s+(\d+)/)[1]);

async function measure(what, begin) {
  const pid = worker();
  const [before, memory, start] = [cpu(pid), rss(pid), Date.now()];
  const [at, asked] = [registrar.accepted, registrar.challenged];
  await begin();
  await until(() => registrar.accepted - at >= LINES, `all are ${what}`, LIMIT_MS);
  const s = (Date.now() - start) / 1000;
  for (let used = -1; used !== cpu(pid); await sleep(300)) used = cpu(pid);
  const us = ((cpu(pid) - before) * 1000) / LINES;
  console.log(`${LINES} ${what} in ${s.toFixed(1)} s: ${us.toFixed(0)} us CPU of sigd each (two REGISTERs), `
    + `${((rss(pid) - memory) * 1024 / LINES).toFixed(0)} B more each, the worker has ${(rss(pid) / 1024).toFixed(0)} MB; `
    + `${registrar.challenged - asked} challenges`);
}

try {
  await registrar.open();
  await stack.start();
  await until(() => stack.redis.call('EXISTS', 'cb:{u:0}:lease'), 'the shards are held');
  console.log(`the table of ${LINES} users with a line: the worker has ${(rss(worker()) / 1024).toFixed(0)} MB`);
  when = 'always';
  await measure('registered', () => {
    fs.writeFileSync(stack.file('routing.yaml'), routing());
    stack.procs.get('sigd').kill('SIGHUP');
  });
  await measure('refreshed', () => fetch(`http://127.0.0.1:${stack.sigdAdmin}/v1/connections/bench/pbx/register`,
    { method: 'POST', headers: { Authorization: 'Bearer token-of-the-tests' } }));
} finally {
  await stack.stop();
  registrar.socket?.close();
}
