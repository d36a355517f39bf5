// Carriers that fail, are silent, come back, and are taken out; three workers
// share what they know. Weights, and calls a second, as they are on the wire.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Stack, until } from './lib/stack.mjs';

const WORKERS = 3;

// Answers each request of a method with a code and lines; counts calls.
class Carrier {
  static async open(codes) {
    const carrier = Object.assign(new Carrier(), { codes, calls: [], lines: '' });
    carrier.socket = createSocket('udp4');
    carrier.socket.on('message', (data, from) => carrier.took(data.toString(), from));
    await new Promise((done) => { carrier.socket.bind(0, '127.0.0.1', done); });
    carrier.port = carrier.socket.address().port;
    return carrier;
  }

  took(text, from) {
    const method = text.split(' ')[0];
    const id = /^Call-ID: (.*)\r$/m.exec(text)[1];
    if (method === 'INVITE' && !this.calls.includes(id)) this.calls.push(id);
    const code = this.codes[method];
    if (!code) return;
    const keep = text.split('\r\n').filter((l) => /^(Via|From|Call-ID|CSeq):/.test(l));
    const to = /^To: .*$/m.exec(text)[0].trim();
    this.socket.send(`SIP/2.0 ${code} X\r\n${keep.join('\r\n')}\r\n${to}${/;tag=/.test(to) ? '' : ';tag=c'}\r\n`
      + `${this.lines}Content-Length: 0\r\n\r\n`, from.port, from.address);
  }
}

// A PBX of the tenant that calls from an address of its own, so that another
// worker may take its calls: which one the kernel chooses by the source.
class Source {
  static async open(stack, ip) {
    const source = Object.assign(new Source(), { stack, ip, waits: new Map(), n: 0 });
    source.socket = createSocket('udp4');
    source.socket.on('message', (data) => source.took(data.toString()));
    await new Promise((done) => { source.socket.bind(0, ip, done); });
    return source;
  }

  took(text) {
    const code = Number(/^SIP\/2.0 (\d+)/.exec(text)?.[1]);
    const id = /^Call-ID: (.*)\r$/m.exec(text)?.[1];
    if (!(code >= 200) || !this.waits.has(id)) return;
    const { done, number, cseq } = this.waits.get(id);
    this.send('ACK', number, id, cseq, /^To: (.*)\r$/m.exec(text)[1]);
    this.waits.delete(id);
    done({ code, retry: /^Retry-After: (\d+)\r$/m.exec(text)?.[1], text });
  }

  send(method, number, id, cseq, to, body = '') {
    const { port } = this.socket.address();
    this.socket.send(`${method} sip:${number}@localhost SIP/2.0\r\nVia: SIP/2.0/UDP ${this.ip}:${port};branch=z9hG4bK${id};rport\r\n`
      + `Max-Forwards: 70\r\nFrom: <sip:pbx@localhost>;tag=${id}\r\nTo: ${to}\r\nCall-ID: ${id}\r\nCSeq: ${cseq} ${method}\r\n`
      + `Contact: <sip:pbx@${this.ip}:${port}>\r\n${body ? 'Content-Type: application/sdp\r\n' : ''}Content-Length: ${body.length}\r\n\r\n${body}`,
    this.stack.udpPort, '127.0.0.1');
  }

  // The final answer: {code, retry}
  call(number) {
    const id = `${this.ip}-${process.pid}-${this.n += 1}-${number}`;
    const sdp = `v=0\r\no=- 1 1 IN IP4 ${this.ip}\r\ns=-\r\nc=IN IP4 ${this.ip}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n`;
    return new Promise((done, fail) => {
      this.waits.set(id, { done, number, cseq: 1 });
      this.send('INVITE', number, id, 1, `<sip:${number}@localhost>`, sdp);
      setTimeout(() => fail(new Error(`no answer to ${number}`)), 9000).unref();
    });
  }
}

describe('health', { timeout: 240000 }, () => {
  let a;
  let b;
  let sources = [];
  const routing = () => `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    connections:
      pbx: {kind: trunk, address: 192.0.2.9, sources: [127.1.0.0/16], probe: 0s}
      a: {kind: trunk, address: '127.0.0.1:${a.port}', probe: 200ms, answer_within: 300ms, breaker: {failures: 3, percent: 0, open: 1s}}
      b: {kind: trunk, address: '127.0.0.1:${b.port}', probe: 0s, answer_within: 300ms, breaker: {failures: 0, percent: 0}}
      slow: {kind: trunk, address: '127.0.0.1:${b.port}', probe: 0s, calls_per_second: 6, breaker: {failures: 0, percent: 0}}
    groups:
      both: {members: [{connection: a}, {connection: b}]}
      shared: {order: weight, members: [{connection: a, weight: 3}, {connection: b, weight: 1}]}
    routes:
      - {name: both, match: {from: pbx, callee: '1.*'}, to: {group: both}}
      - {name: alone, match: {from: pbx, callee: '2.*'}, to: {connection: a}}
      - {name: shared, match: {from: pbx, callee: '3.*'}, to: {group: shared}}
      - {name: slow, match: {from: pbx, callee: '4.*'}, to: {connection: slow}}
`;
  const stack = new Stack({ sigdWorkers: WORKERS, rtpPorts: 400, routing });
  const token = { authorization: 'Bearer token-of-the-tests' };
  const url = (name) => `http://127.0.0.1:${stack.sigdAdmin}/v1/connections/demo/${name}`;
  const state = async (name) => (await (await fetch(url(name), { headers: token })).json()).state.state;
  const force = (name, body) => fetch(url(name), { method: 'PATCH', headers: { ...token, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const counts = () => [a.calls.length, b.calls.length];
  const forget = () => { a.calls = []; b.calls = []; };
  // from all sources alike
  const calls = (number, n) => Promise.all(Array.from({ length: n },
    (_, i) => sources[i % sources.length].call(number)));
  const mends = () => until(async () => {
    await calls('1', sources.length);
    return await state('a') === 'up';
  }, 'a call has found out');
  // all workers see the same: what `a` gets of calls from everywhere
  const converge = (want, text) => until(async () => {
    forget();
    await calls('1', sources.length);
    return (a.calls.length > 0) === want && (want ? a.calls.length === sources.length : true);
  }, text);

  before(async () => {
    a = await Carrier.open({ INVITE: 486, OPTIONS: 200 });
    b = await Carrier.open({ INVITE: 486, OPTIONS: 200 });
    await stack.start();
    sources = await Promise.all(Array.from({ length: 8 }, (_, i) => Source.open(stack, `127.1.0.${i + 1}`)));
    await until(async () => await state('a') === 'up', 'a is up');
  });
  after(async () => {
    for (const s of [a, b, ...sources]) s.socket.close();
    await stack.stop();
  });

  test('weights are seen on the wire', async () => {
    forget();
    for (let i = 0; i < 10; i += 1) await calls('3', 16);
    const [x, y] = counts();
    assert.ok(x + y >= 160, `${x} + ${y}`); // one that was not in time went on
    assert.ok(x > 95 && x < 145, `${x} of 160, three of four are 120`);
  });

  test('one that vanishes is down for all workers, and 503 when it is alone', async () => {
    a.codes = {};
    await until(async () => await state('a') === 'down', 'a is down');
    await converge(false, 'nobody calls it');
    const { code, retry } = await sources[0].call('2');
    assert.equal(code, 503);
    assert.ok(Number(retry) > 0);
    a.codes = { INVITE: 486, OPTIONS: 200 };
    // the calls that it did not answer have broken it: one of them finds out
    await mends();
    await converge(true, 'all call it');
  });

  test('one that fails is left alone by all workers, and tried again by one call', async () => {
    a.codes.INVITE = 503;
    forget();
    for (let i = 0; i < 3; i += 1) await sources[0].call(`1${i}`);
    assert.deepEqual(counts(), [3, 3]);
    await until(async () => ['broken', 'trial'].includes(await state('a')), 'a is broken');
    const { code } = await sources[0].call('2');
    // there is nothing else: it is tried all the same, and has said 503 (RFC 3261 16.7)
    assert.equal(code, 500);
    a.codes.INVITE = 486;
    await mends();
    await converge(true, 'all call it');
  });

  test('Retry-After is obeyed', async () => {
    a.codes.INVITE = 503;
    a.lines = 'Retry-After: 3\r\n';
    await sources[0].call('1');
    assert.equal(await state('a'), 'busy');
    a.lines = '';
    a.codes.INVITE = 486;
    await converge(false, 'nobody calls it');
    await until(async () => await state('a') === 'up', 'its time is over');
    await converge(true, 'all call it');
  });

  test('what an operator took out stays out when every worker dies', async () => {
    assert.equal((await force('a', { state: 'down', reason: 'test' })).status, 200);
    await converge(false, 'nobody calls it');
    for (const pid of Object.values(stack.workers('sigd'))) process.kill(pid, 'SIGKILL');
    await new Promise((done) => { setTimeout(done, 100); });
    await until(async () => {
      forget();
      return (await Promise.all(sources.map((s) => s.call('1').catch(() => null)))).every(Boolean);
    }, 'the successors serve');
    await converge(false, 'nobody calls it still');
    assert.equal(await state('a'), 'forced');
    await force('a', { state: 'auto' });
    await converge(true, 'all call it');
  });

  test('calls a second are those of all workers together', async () => {
    await calls('4', 24); // the workers hear of each other
    await new Promise((done) => { setTimeout(done, 1500); });
    forget();
    const begun = Date.now();
    while (Date.now() - begun < 4000) {
      await calls('4', sources.length);
      await new Promise((done) => { setTimeout(done, 50); });
    }
    const seconds = (Date.now() - begun) / 1000;
    const rate = b.calls.length / seconds;
    assert.ok(rate > 3.5 && rate < 8.5, `${rate.toFixed(1)} a second, 6 are let in`);
  });
});
