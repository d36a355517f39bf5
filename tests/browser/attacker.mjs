// attacker.mjs: who attacks, in a network of its own: it has the card atk1 when that comes,
// and every address that it likes. Orders come as lines of JSON, each is answered by one.
// SPDX-License-Identifier: MIT
import { createSocket } from 'node:dgram';
import { execFileSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
// Bytes of its card, in and out; /sys would be that of the network it was born in.
function card() {
  const line = fs.readFileSync('/proc/self/net/dev', 'utf8').split('\n').find((one) => one.includes('atk1:'));
  const fields = line?.split(':')[1].trim().split(/\s+/).map(Number);
  return fields && { rx: fields[0], tx: fields[8] };
}

// --- with what -------------------------------------------------------------------------------

function rtp(pt, seq, ssrc, len = 160) {
  const packet = Buffer.alloc(12 + len, 0x55);
  packet[0] = 0x80;
  packet[1] = pt;
  packet.writeUInt16BE(seq & 0xffff, 2);
  packet.writeUInt32BE((seq * 160) >>> 0, 4);
  packet.writeUInt32BE(ssrc >>> 0, 8);
  return packet;
}

// An empty report, and a BYE behind it.
function bye(ssrc) {
  const packet = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0, 0x81, 203, 0, 1, 0, 0, 0, 0]);
  packet.writeUInt32BE(ssrc >>> 0, 4);
  packet.writeUInt32BE(ssrc >>> 0, 12);
  return packet;
}

function attribute(type, value) {
  const out = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  out.writeUInt16BE(type, 0);
  out.writeUInt16BE(value.length, 2);
  value.copy(out, 4);
  return out;
}

// A check with a password that is none.
function check(user, more = 0) {
  const head = Buffer.alloc(20);
  const body = [attribute(0x0006, Buffer.from(user)), attribute(0x0025, Buffer.alloc(0)),
    ...Array.from({ length: more }, () => attribute(0x7000, randomBytes(4)))];
  head.writeUInt16BE(0x0001, 0);
  head.writeUInt16BE(Buffer.concat(body).length + 24, 2);
  head.writeUInt32BE(0x2112a442, 4);
  randomBytes(12).copy(head, 8);
  const signed = Buffer.concat([head, ...body]);
  return Buffer.concat([signed, attribute(0x0008, createHmac('sha1', 'no password of yours').update(signed).digest())]);
}

// A fatal alert in clear (RFC 6347, 4.1.2.7).
const alert = Buffer.from([21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 7, 0, 2, 2, 40]);

const word = (n) => Buffer.from([n >> 8, n & 0xff]);
const extension = (type, ...value) => Buffer.concat([word(type), word(value.length), Buffer.from(value)]);

// ES2023-01, as tests/lib/null_hello.h has it. Its record has any number: a high one
// would make the peer's own look old (RFC 6347, 4.1.2.6).
function hello() {
  const extensions = Buffer.concat([
    extension(23), // extended_master_secret
    extension(0xff01, 0), // renegotiation_info
    extension(10, 0, 2, 0, 23), // supported_groups: P-256
    extension(13, 0, 2, 4, 3), // signature_algorithms: ecdsa_secp256r1_sha256
    extension(14, 0, 4, 0, 7, 0, 1, 0), // use_srtp: GCM, CM
  ]);
  const body = Buffer.concat([Buffer.from([0xfe, 0xfd]), randomBytes(32),
    Buffer.from([0, 0, 0, 2, 0, 0, 1, 0]), // no session, no cookie, the suite, no compression
    word(extensions.length), extensions]);
  const size = Buffer.from([0, body.length >> 8, body.length & 0xff]);
  const message = Buffer.concat([Buffer.from([1]), size, Buffer.from([0, 0, 0, 0, 0]), size, body]);
  return Buffer.concat([Buffer.from([22, 0xfe, 0xff, 0, 0]), randomBytes(6), word(message.length), message]);
}

const makers = {
  rtp: (n, { pt = 0, ssrc = 1 }) => rtp(pt, n, ssrc),
  srtp: (n, { pt = 111 }) => rtp(pt, n, n, 40),
  bye: (n, { ssrc = 1 }) => bye(ssrc),
  check: (n, { ufrag = 'nobody' }) => check(`${n % 2 ? ufrag : 'nobody'}:far`, n % 16),
  hello,
  alert: () => alert,
  junk: (n) => randomBytes(1 + (n % 1400)),
};

// --- from where ----------------------------------------------------------------------------------

const sockets = new Map();
let got = 0;
let other = 0; // than refusals of checks (RFC 8489, 14.8)

async function socket({ address, port = 0 }) {
  const name = `${address}:${port}`;
  if (sockets.has(name)) return sockets.get(name);
  try { ip('addr', 'add', `${address}/32`, 'dev', 'lo'); } catch { /* it is there */ }
  const one = createSocket('udp4');
  one.on('message', (data) => {
    ++got;
    other += data.readUInt16BE(0) !== 0x0111;
  });
  one.on('error', () => {});
  await new Promise((done, fail) => { one.once('error', fail); one.bind(port, address, done); });
  one.setSendBufferSize(4 << 20);
  sockets.set(name, one);
  return one;
}

// --- orders -----------------------------------------------------------------------------------------

// So many packets a second, until all are sent or, without a count, it is told to stop.
let stopped = false;
async function shoot({ from, to, kinds, count = Infinity, rate = 20000, ...about }) {
  const begin = Date.now();
  const before = { ...card(), got, other };
  const guns = await Promise.all(from.map(socket));
  stopped = false;
  let n = 0;
  let sent = 0;
  while (n < count && !stopped) {
    const due = Math.min(count, ((Date.now() - begin) * rate) / 1000 + 1);
    const all = [];
    for (; n < due && all.length < 500; n++) {
      const packet = makers[kinds[n % kinds.length]](n, about);
      const { address, port } = to[Math.floor(n / kinds.length) % to.length];
      const gun = guns[Math.floor(n / kinds.length / to.length) % guns.length];
      all.push(new Promise((done) => { gun.send(packet, port, address, (e) => { sent += !e; done(); }); }));
    }
    await Promise.all(all);
    if (n >= due) await sleep(2);
    else await turn();
  }
  await sleep(200); // what comes back
  return { sent, ms: Date.now() - begin, got: got - before.got, other: other - before.other, bytesOut: card().tx - before.tx, bytesIn: card().rx - before.rx };
}

async function order({ what, ...rest }) {
  if (what === 'begin') {
    while (!card()) await sleep(20);
    ip('link', 'set', 'lo', 'up');
    ip('addr', 'add', rest.address, 'dev', 'atk1');
    ip('link', 'set', 'atk1', 'up');
    ip('route', 'add', 'default', 'via', rest.via, 'dev', 'atk1');
    return { address: rest.address };
  }
  if (what === 'stop') { stopped = true; return {}; }
  return shoot(rest);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, ...rest } = JSON.parse(line);
  order(rest).then((answer) => ({ id, answer }), (e) => ({ id, failure: String(e) }))
    .then((reply) => process.stdout.write(`${JSON.stringify(reply)}\n`));
}).on('close', () => process.exit(0));
