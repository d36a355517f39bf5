// Certificates towards trunks and from them: one that asks for ours, one that
// has to show its own.
// SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import tls from 'node:tls';
import { Message, Ua, phoneSdp } from './lib/sip.mjs';
import { Stack, until } from './lib/stack.mjs';

// A trunk over TLS that lets in who shows a certificate of its authority, and
// answers whatever comes.
class Trunk {
  static async open(options) {
    const trunk = Object.assign(new Trunk(), { heard: [], refused: 0 });
    trunk.server = tls.createServer({ ...options, requestCert: true, rejectUnauthorized: true }, (socket) => {
      const name = socket.getPeerCertificate().subject.CN;
      socket.on('error', () => {});
      socket.on('data', (data) => trunk.took(socket, name, data.toString()));
    });
    trunk.server.on('tlsClientError', () => { trunk.refused++; });
    await new Promise((done) => { trunk.server.listen(0, '127.0.0.1', done); });
    trunk.port = trunk.server.address().port;
    return trunk;
  }

  took(socket, name, text) {
    const msg = new Message(text);
    this.heard.push({ method: msg.method, name });
    if (msg.method === 'ACK') return;
    const body = msg.method === 'INVITE' ? phoneSdp() : '';
    socket.write([`SIP/2.0 200 OK`, ...msg.all('via').map((v) => `Via: ${v}`), ...msg.all('record-route').map((v) => `Record-Route: ${v}`),
      `From: ${msg.get('from')}`, `To: ${msg.get('to')}${msg.tag('to') ? '' : ';tag=t'}`, `Call-ID: ${msg.callid}`, `CSeq: ${msg.get('cseq')}`,
      `Contact: <sip:127.0.0.1:${this.port};transport=tls>`, ...body ? ['Content-Type: application/sdp'] : [],
      `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'));
  }
}

describe('certificates', { timeout: 120000 }, () => {
  let trunk;
  const routing = () => `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    users: {alice: {password: alice-secret}}
    connections:
      asks: {kind: trunk, address: '127.0.0.1:${trunk.port}', domain: pbx.test, transport: tls, tls: {ca: ca.pem, certificate: gate.pem, private_key: gate.key}, probe: 0s}
      bare: {kind: trunk, address: '127.0.0.1:${trunk.port}', domain: pbx.test, transport: tls, tls: {ca: ca.pem}, probe: 0s}
      shows: {kind: trunk, address: in.test, domain: in.test, transport: tls, sources: 127.0.0.0/8, probe: 0s,
        tls: {ca: ca.pem, shows_certificate: true}}
      second: {kind: trunk, address: second.test, domain: second.test, transport: tls, sources: 127.0.0.0/8, probe: 0s,
        tls: {ca: ca.pem, shows_certificate: true}}
    routes:
      - {name: out, match: {callee: '1'}, to: {connection: asks}}
      - {name: bare, match: {callee: '2'}, to: {connection: bare}}
      - {name: echo, match: {callee: echo}, to: {service: echo}}
`;
  const stack = new Stack({ streams: true, clientCa: 'ca.pem', otherCa: 'other.pem', rtpPorts: 100, routing });
  const read = (name) => fs.readFileSync(stack.file(name));
  const pair = (name) => ({ cert: read(`${name}.pem`), key: read(`${name}.key`) });
  const openssl = (...args) => execFileSync('openssl', args, { stdio: 'ignore', cwd: stack.dir });
  const authority = (name) => openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`);
  const issue = (file, name, ca = 'ca') => {
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`, '-keyout', `${file}.key`, '-out', `${file}.csr`);
    fs.writeFileSync(stack.file(`${file}.ext`), `subjectAltName=URI:sip:${name}\n`);
    openssl('x509', '-req', '-in', `${file}.csr`, '-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', '2', '-extfile', `${file}.ext`, '-out', `${file}.pem`);
  };
  const uas = [];
  const ua = async (user, options) => {
    uas.push(await Ua.open(stack, { user, transport: 'tls', ...options }));
    return uas.at(-1);
  };

  before(async () => {
    for (const name of ['ca', 'other']) authority(name);
    issue('gate', 'gate.test');
    issue('pbx', 'pbx.test');
    issue('in', 'in.test');
    issue('second', 'second.test');
    issue('forged', 'in.test', 'other');
    trunk = await Trunk.open({ ...pair('pbx'), ca: read('ca.pem') });
    await stack.start();
  });
  afterEach(() => { for (const one of uas.splice(0)) one.close(); });
  after(async () => {
    await stack.stop();
    trunk.server.close();
  });

  test('a trunk that asks for our certificate gets it', async () => {
    const call = (await ua('alice')).call('1');
    assert.equal((await call.final).code, 200);
    assert.equal((await call.bye()).code, 200);
    assert.deepEqual(trunk.heard.map(({ method, name }) => `${method} ${name}`), ['INVITE gate.test', 'ACK gate.test', 'BYE gate.test']);
  });

  test('without one it does not speak to us, and the caller is told', async () => {
    const call = (await ua('alice')).call('2');
    assert.ok((await call.final).code >= 500);
    assert.ok(trunk.refused >= 1);
  });

  // Without a password.
  const asks = (who) => who.request('INVITE', 'sip:echo@localhost', { headers: [['Contact', who.contact]], body: phoneSdp() });

  test('a trunk is known by the certificate that it shows', async () => {
    for (const name of ['in', 'second']) {
      const before = stack.log('sigd.log').length;
      const call = (await ua('4711', { tls: pair(name) })).call('echo');
      assert.equal((await call.final).code, 200);
      const line = await until(() => /msg="call begins".* by=(\w+)/.exec(stack.log('sigd.log').slice(before)), 'the call is told');
      assert.equal(line[1], { in: 'shows', second: 'second' }[name]);
      assert.equal((await call.bye()).code, 200);
    }
  });

  test('and so it is when its session is resumed', async () => {
    const first = await ua('4711', { tls: { ...pair('in'), minVersion: 'TLSv1.3' } });
    const { socket } = first.stream;
    const ticket = new Promise((done) => { socket.once('session', done); });
    assert.equal((await asks(first)).code, 200);
    const again = await ua('4711', { tls: { ...pair('in'), session: await ticket } });
    assert.ok(again.stream.socket.isSessionReused());
    assert.equal((await asks(again)).code, 200);
  });

  for (const [what, options] of [['no certificate', () => ({})], ["somebody else's", () => pair('gate')], ['one of another authority', () => pair('forged')]]) {
    test(`${what}: then it is nobody's PBX, and passwords are as good as ever`, async () => {
      const who = await ua('alice', { tls: options() });
      assert.equal((await asks(who)).code, 407);
      assert.equal((await who.register()).code, 200);
    });
  }

  // What a ticket says of a certificate is what the listener that made it
  // thought of it.
  const session = async (who) => {
    const { socket } = who.stream;
    let ticket;
    socket.once('session', (is) => { ticket = is; });
    await asks(who);
    return ticket ?? socket.getSession();
  };

  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    test(`a ${version} session of a listener with other authorities is worth nothing here`, async () => {
      const options = { ...pair('forged'), minVersion: version, maxVersion: version };
      const there = await session(await ua('4711', { tls: { ...options, port: stack.otherPort } }));
      const same = await ua('4711', { tls: { ...options, port: stack.otherPort, session: there } });
      assert.ok(same.stream.socket.isSessionReused());
      const here = await ua('4711', { tls: { ...options, session: there } });
      assert.equal((await asks(here)).code, 407);
      assert.equal(here.stream.socket.isSessionReused(), false);
    });
  }

  test('nor is one of before an authority was taken out', async () => {
    const before = await session(await ua('4711', { tls: pair('in') }));
    fs.copyFileSync(stack.file('other.pem'), stack.file('ca.pem'));
    const workers = stack.workers('sigd');
    for (const pid of Object.values(workers)) process.kill(pid, 'SIGKILL');
    await until(() => Object.entries(stack.workers('sigd')).filter(([slot, pid]) => pid !== workers[slot]).length === Object.keys(workers).length,
      'the workers are others');
    await stack.ready(stack.sigdAdmin, 'sigd');
    const again = await ua('4711', { tls: { ...pair('in'), session: before } });
    assert.equal((await asks(again)).code, 407);
    assert.equal(again.stream.socket.isSessionReused(), false);
  });
});
