// The messages of RFC 4475 and RFC 5118, as they are, over each transport; after
// each of them a telephone or page still asks, calls and hangs up.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import fs from 'node:fs';
import { Message } from './lib/sip.mjs';
import { StreamSip } from './lib/stream.mjs';
import { sleep, until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';
import { WebSocketSip } from './lib/ws.mjs';

const SILENT_MS = 60;

const routing = `tenants:
  all:
    domains: ["*"]
    realm: cordboard
    users:
      alice: {password: alice-secret}
      user: {password: user-secret}
    routes:
      - {name: echo, match: {callee: "echo"}, to: {service: echo}}
`;

const data = (folder, name) => fs.readFileSync(new URL(`../data/${folder}/${name}.dat`, import.meta.url));

// Without rport an answer goes to the port that the Via names, at the address
// the request came from: one of our own.
async function datagram(stack, bytes, took) {
  const top = bytes.toString('latin1').match(/^(?:via|v)\s*:\s*SIP\s*\/\s*2\.0\s*\/\s*\S+\s+(\[[^\]]*\]|[^\s:;,]+)(?:\s*:\s*(\d+))?/mi);
  const port = Number(top?.[2] ?? 5060);
  const [a, b] = randomBytes(2);
  const socket = createSocket('udp4');
  socket.on('message', (text) => took(text.toString()));
  await new Promise((done, fail) => {
    socket.on('error', fail);
    socket.bind(port, `127.77.${a}.${b}`, done);
  });
  socket.send(bytes, stack.udpPort, '127.0.0.1');
  return { closed: false, close: () => socket.close(), 
    send: (text) => new Promise((done) => { socket.send(text, stack.udpPort, '127.0.0.1', done); }) };
}

async function stream(stack, bytes, took, secure) {
  const line = await StreamSip.open(stack[secure ? 'tlsPort' : 'tcpPort'], { messages: took, secure });
  line.send(bytes);
  return line;
}

async function websocket(stack, bytes, took) {
  const ws = await WebSocketSip.open(stack.wssPort, { messages: took, secure: true });
  ws.binary(bytes);
  return ws;
}

const TRANSPORTS = {
  udp: datagram,
  tcp: stream,
  tls: (stack, bytes, took) => stream(stack, bytes, took, true),
  wss: websocket,
};

// What is said to each; `stream`: when that is something else over TCP and TLS.
// To whom we do not know we say nothing but who he must be (401, 407), whatever
// else is in it: a body that we would not take (invut), an Accept that none of
// ours fits (sdp01).
const NONE = [];
const SAID = {
  rfc4475: {
    wsinv: { codes: [481] }, // it has a To tag: a dialog of somebody else
    intmeth: { codes: [501] },
    esc01: { codes: [407] },
    escnull: { codes: [401] },
    esc02: { codes: [501] },
    lwsdisp: { codes: [407] },
    longreq: { codes: [407] },
    dblreq: { codes: [401], stream: [401, 407] }, // two messages there
    semiuri: { codes: [407] },
    transports: { codes: [407] },
    mpart01: { codes: [407] },
    unreason: { codes: NONE },
    noreason: { codes: NONE },
    badinv01: { codes: [400] },
    clerr: { codes: [400], stream: NONE }, // the rest may come
    ncl: { codes: [400], closes: true },
    scalar02: { codes: [400] },
    scalarlg: { codes: NONE },
    quotbal: { codes: [400] },
    ltgtruri: { codes: [400] },
    lwsruri: { codes: [400] },
    lwsstart: { codes: [400] },
    trws: { codes: [400] },
    escruri: { codes: [400] },
    baddate: { codes: [407] },
    regbadct: { codes: [400] },
    badaspec: { codes: [400] },
    baddn: { codes: [400], stream: NONE }, // no empty line: it may come
    badvers: { codes: [505] },
    mismatch01: { codes: [400] },
    mismatch02: { codes: [501] },
    bigcode: { codes: NONE },
    badbranch: { codes: [407] },
    insuf: { codes: [400] },
    unkscm: { codes: [416] },
    novelsc: { codes: [416] },
    unksm2: { codes: [404] }, // nobody of ours is isbn:2983792873
    bext01: { codes: [420] },
    invut: { codes: [407] },
    regaut01: { codes: [401] },
    multi01: { codes: [400] },
    mcl01: { codes: [400], closes: true },
    bcast: { codes: NONE },
    zeromf: { codes: [200] }, // OPTIONS that is for us
    cparam01: { codes: [401] },
    cparam02: { codes: [401] },
    regescrt: { codes: [401] },
    sdp01: { codes: [407] },
    inv2543: { codes: [407], stream: [400] }, // no Content-Length (RFC 3261 18.3)
  },
  rfc5118: {
    'ipv6-good': { codes: [401] },
    'ipv6-bad': { codes: [400] },
    'port-ambiguous': { codes: [401] },
    'port-unambiguous': { codes: [401] },
    'via-received-param-with-delim': { codes: [481] },
    'via-received-param-no-delim': { codes: [200] },
    'ipv6-in-sdp': { codes: [400], stream: NONE }, // shorter than it says
    'mult-ip-in-header': { codes: [481] },
    'mult-ip-in-sdp': { codes: [407] },
    'ipv4-mapped-ipv6': { codes: [407] },
    'ipv6-bug-abnf-3-colons': { codes: [407] },
    'ipv6-correct-abnf-2-colons': { codes: [407] },
  },
};

// Some have their branch in common: an INVITE ends with an ACK.
const ack = (uri, msg) => [`ACK ${uri} SIP/2.0`, `Via: ${msg.get('via')}`, 'Max-Forwards: 70',
  `From: ${msg.get('from')}`, `To: ${msg.get('to')}`, `Call-ID: ${msg.callid}`, `CSeq: ${msg.cseq} ACK`,
  'Content-Length: 0', '', ''].join('\r\n');

// The final answers that it gets, in any order.
async function torture(stack, transport, bytes, count) {
  const codes = [];
  const acks = [];
  const uri = bytes.toString('latin1').match(/^\S+ (\S+)/)?.[1];
  const line = await TRANSPORTS[transport](stack, bytes, (text) => {
    const msg = text.length < 5 ? {} : new Message(text);
    assert.ok(!msg.method, `sent to who attacks: ${msg.first}`);
    if (msg.code >= 200 && msg.cseqMethod === 'INVITE') acks.push(ack(uri, msg));
    // over UDP an answer to INVITE is repeated
    if (msg.code >= 200 && !(transport === 'udp' && codes.includes(msg.code))) codes.push(msg.code);
  });
  if (count) await until(() => codes.length >= count, 'an answer').catch(() => {});
  else await sleep(SILENT_MS);
  for (const text of acks) await line.send(text);
  return { codes: codes.sort(), line };
}

test('the table has every message', () => {
  for (const [folder, table] of Object.entries(SAID)) {
    const files = fs.readdirSync(new URL(`../data/${folder}`, import.meta.url)).filter((name) => name.endsWith('.dat'));
    assert.deepEqual(Object.keys(table).map((name) => `${name}.dat`).sort(), files.sort());
  }
});

for (const transport of Object.keys(TRANSPORTS)) {
  describe(`torture over ${transport}`, { timeout: 240000 }, () => {
    // A copy of a message is the same transaction, whichever way it comes (RFC
    // 3261 17.2.3): so a stack for each transport. What is acknowledged over
    // UDP is forgotten after T4.
    const suite = new Suite({ streams: true, routing });
    const { stack } = suite;
    stack.options.sip = stack.options.sip.replace('t4: 500ms', 't4: 5ms');
    before(() => suite.start());
    after(() => suite.stop());

    for (const [folder, table] of Object.entries(SAID)) {
      test(folder, async () => {
        const alice = await suite.tenant().ua('alice', { transport, domain: 'cordboard.test' });
        for (const [name, { codes, stream: other, closes }] of Object.entries(table)) {
          const framed = ['tcp', 'tls'].includes(transport);
          const expected = framed && other ? other : codes;
          const { codes: got, line } = await torture(stack, transport, data(folder, name), expected.length);
          assert.deepEqual(got, expected, name);
          if (framed && closes) await until(() => line.closed, `${name}: it is closed`);
          line.close();
          assert.equal((await alice.request('OPTIONS', 'sip:cordboard.test')).code, 200, `${name}: we are there`);
          const call = alice.call('echo');
          assert.equal((await call.final).code, 200, `${name}: a call`);
          assert.equal((await call.bye()).code, 200, `${name}: its end`);
        }
        assert.doesNotMatch(stack.log('sigd.log'), /died|killed|ERROR: /);
      });
    }
  });
}

describe('a message that is full', { timeout: 120000 }, () => {
  const suite = new Suite({ routing, sigdWorkers: 1 });
  const { stack } = suite;
  before(() => suite.start());
  after(() => suite.stop());

  test('a device that moves to 15,000 addresses stops nobody', async () => {
    const tenant = suite.tenant();
    const alice = await tenant.ua('alice', { transport: 'ws', domain: 'cordboard.test' });
    const user = await tenant.ua('user', { transport: 'ws', domain: 'cordboard.test' });
    assert.equal((await user.register()).code, 200);
    const call = alice.call('sip:user@cordboard.test');
    const { invited } = await user.incoming();
    const line = ['Contact', Array(1500).fill('a:b').join(',')];
    user.respond(invited, 302, { tag: 'moved', headers: Array(10).fill(line) });
    assert.equal((await call.final).code, 480);
    assert.equal((await alice.request('OPTIONS', 'sip:cordboard.test')).code, 200);
    assert.doesNotMatch(stack.log('sigd.log'), /died|killed|killing|ERROR: /);
  });
});
