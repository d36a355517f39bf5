// Registration and what comes outside of calls, over UDP and WebSocket, with
// both algorithms; and what is not SIP at all. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { challenges } from './lib/sip.mjs';
import { Sipp, credentials } from './lib/sipp.mjs';
import { until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

describe('registration', { timeout: 240000 }, () => {
  const suite = new Suite({ sip: '  nonce: 1s\n', sigd: 'registrar: {min: 1s, max: 10m, default: 5m, devices: 3}\n'
    + 'websocket: {message: 16KiB}\n' });
  before(() => suite.start());
  afterEach(() => suite.hangUp());
  after(() => suite.stop());

  for (const transport of ['udp', 'ws']) {
    for (const algorithm of ['MD5', 'SHA-256']) {
      test(`a device registers with ${algorithm} over ${transport}, again, and not any more`, async () => {
        const alice = await suite.tenant().ua('alice', { transport });
        const first = await alice.register({ algorithm });
        assert.equal(first.code, 200);
        assert.deepEqual(first.all('contact'), [`${alice.contact};expires=300`]);
        const again = await alice.register({ algorithm, expires: 200 });
        assert.deepEqual(again.all('contact'), [`${alice.contact};expires=200`]);
        const gone = await alice.register({ algorithm, expires: 0 });
        assert.equal(gone.code, 200);
        assert.deepEqual(gone.all('contact'), []);
      });
    }
  }

  test('a wrong password is 401, and so is a user who is not there', async () => {
    const tenant = suite.tenant();
    for (const [user, password] of [['alice', 'bob-secret'], ['nobody', 'nobody-secret']]) {
      const res = await (await tenant.ua(user, { password })).register();
      assert.equal(res.code, 401);
      // SHA-256 first (RFC 8760 2.4), and not as if the nonce were the trouble
      assert.deepEqual(challenges(res).map((c) => [c.realm, c.algorithm, c.stale]),
        [['cordboard', 'SHA-256', undefined], ['cordboard', 'MD5', undefined]]);
    }
  });

  test('nobody registers for another user', async () => {
    const alice = await suite.tenant().ua('alice');
    const res = await alice.register({ to: `sip:bob@${alice.domain}` });
    assert.equal(res.code, 403);
    assert.match(res.why, /forbidden/);
  });

  test('a nonce is stale when it is old, used, or somebody else\'s', async () => {
    const tenant = suite.tenant();
    const alice = await tenant.ua('alice');
    const uri = `sip:${alice.domain}`;
    const headers = [['Contact', alice.contact], ['Expires', 300]];
    let cseq = 1;
    const send = (by, challenged, nc) => by.request('REGISTER', uri, {
      callid: 'nonces', cseq: cseq++, to: alice.aor,
      headers: [...headers, ...challenged ? [alice.credentials(challenged, { method: 'REGISTER', uri, nc })] : []],
    });
    const stale = (res) => res.code === 401 && challenges(res).every((c) => c.stale === 'true');

    const challenged = await send(alice);
    const made = Date.now();
    assert.equal((await send(alice, challenged, 1)).code, 200);
    assert.ok(stale(await send(alice, challenged, 1)), 'count of before');
    const res = await send(alice, challenged, 7);
    assert.ok(res.code === 200 || (stale(res) && Date.now() - made > 900), 'higher count');
    assert.ok(stale(await send(await tenant.ua('alice'), challenged, 8)), 'from another source');
    const old = await until(async () => {
      const answer = await send(alice, challenged, cseq + 10);
      return answer.code === 401 && answer;
    }, 'the nonce ends');
    assert.ok(stale(old));
    assert.equal((await send(alice, old, 1)).code, 200);
  });

  test('a repeated REGISTER gets the answer of before and counts once', async () => {
    const alice = await suite.tenant().ua('alice');
    await alice.register();
    const [first, second] = [...new Set(alice.sent)];
    const answers = () => alice.heard.map((msg) => msg.text);
    const before = answers();
    alice.raw(second);
    await until(() => alice.heard.length >= before.length + 1, 'the answer comes again');
    assert.deepEqual([...new Set(answers())], [...new Set(before)]);
    // of a challenge nothing is kept (RFC 3261 26.3.2.4)
    alice.raw(first);
    await until(() => alice.heard.length >= before.length + 2, 'it is asked again');
    assert.equal(alice.heard.at(-1).code, 401);
  });

  test('an older CSeq of the same Call-ID changes nothing', async () => {
    const alice = await suite.tenant().ua('alice');
    assert.equal((await alice.register({ cseq: 100 })).code, 200);
    const res = await alice.register({ cseq: 50, expires: 0 });
    assert.equal(res.code, 500);
    assert.match(res.why, /bad-cseq/);
    assert.equal((await alice.register({ cseq: 200, contact: '' })).all('contact').length, 1);
  });

  test('a second device is a second binding, and * takes all away', async () => {
    const tenant = suite.tenant();
    const desk = await tenant.phone('alice');
    const mobile = await tenant.ua('alice', { transport: 'ws' });
    const both = await mobile.register({ params: ';+sip.instance="<urn:uuid:1>";reg-id=1' });
    assert.equal(both.all('contact').length, 2);
    // the same instance with another address replaces itself
    const moved = await mobile.register({
      contact: '<sip:moved@elsewhere.invalid;transport=ws>', params: ';+sip.instance="<urn:uuid:1>";reg-id=1',
    });
    assert.deepEqual(moved.all('contact').map((c) => c.includes('moved')).sort(), [false, true]);
    const none = await desk.register({ contact: '*', expires: 0 });
    assert.equal(none.code, 200);
    assert.deepEqual(none.all('contact'), []);
  });

  test('a user has as many devices as allowed, by the server or by the table, and no more', async () => {
    const tenant = suite.tenant();
    for (const [user, limit] of [['alice', 3], ['pair', 2]]) {
      const devices = [];
      for (let i = 0; i < limit; i++) devices.push(await tenant.phone(user));
      const more = await tenant.ua(user);
      const refused = await more.register();
      assert.equal(refused.code, 403);
      assert.match(refused.why, /binding-limit/);
      assert.equal((await devices[0].register()).all('contact').length, limit, 'those there go on');
      assert.equal((await devices[0].register({ expires: 0 })).code, 200);
      assert.equal((await more.register()).code, 200);
    }
  });

  test('too brief is 423 with the least there is, too long is cut, and the end comes by itself', async () => {
    const alice = await suite.tenant().ua('alice');
    const long = await alice.register({ expires: 86400 });
    assert.match(long.get('contact'), /;expires=600$/);
    const brief = await alice.register({ expires: 1 });
    assert.equal(brief.code, 200);
    await until(async () => (await alice.register({ contact: '' })).all('contact').length === 0, 'the binding ends');
    await alice.register();
    assert.deepEqual((await alice.register({ expires: 0 })).all('contact'), []);
  });

  test('a connection that ends takes its binding with it', async () => {
    const tenant = suite.tenant();
    const alice = await tenant.phone('alice', { transport: 'ws' });
    const desk = await tenant.phone('alice');
    assert.equal((await desk.register()).all('contact').length, 2);
    alice.close();
    await until(async () => (await desk.register()).all('contact').length === 1, 'the binding goes');
  });

  test('OPTIONS is answered to anybody', async () => {
    const tenant = suite.tenant();
    for (const transport of ['udp', 'ws']) {
      const ua = await tenant.ua('alice', { transport });
      assert.equal((await ua.request('OPTIONS', `sip:${tenant.domain}`)).code, 200);
    }
  });

  // what telephones say besides
  const usual = [['Allow', 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO'], ['User-Agent', 'Telephone/1.0 (a desk telephone)']];
  const refusals = [
    ['a domain of nobody is 404', 'REGISTER', 'sip:elsewhere.test', {}, 404, /unknown-domain/],
    ['a number at another domain is 404', 'INVITE', 'sip:bob@elsewhere.test', {}, 404, /unknown-domain/],
    ['a scheme that is not SIP is 416', 'OPTIONS', 'mailto:alice@example.com', {}, 416, /bad-uri-scheme/],
    ['a request at its last hop is 483', 'INVITE', null, { headers: [['Max-Forwards', 0]] }, 483, /too-many-hops/],
    ['an extension that is required of us is 420', 'INVITE', null, { headers: [['Proxy-Require', 'x']] }, 420, /Bad Extension/],
    ['a method that nobody knows is 501', 'PUBLICISE', null, {}, 501, /Not Implemented/],
    ['a request of no dialog is 481', 'BYE', null, { headers: usual }, 481, /unknown-dialog/],
    ['a CANCEL of nothing is 481', 'CANCEL', null, { headers: usual }, 481, /unknown-dialog/],
    ['a short one is told without a reason: never more than was sent', 'CANCEL', null, {}, 481, /^ *(undefined)?$/],
    ['another version is 505', 'OPTIONS', null, { version: 'SIP/3.0' }, 505, /Version/],
    ['a header over 8 KiB is 400', 'OPTIONS', null, { headers: [['Padding', 'x'.repeat(8200)]] }, 400, /Header Too Long/],
    ['97 headers are 400', 'OPTIONS', null, { headers: Array(97).fill(['Padding', 1]) }, 400, /Too Many Headers/],
    ['two Call-IDs are 400', 'OPTIONS', null, { headers: [['Call-ID', 'another']] }, 400, /Call-ID/],
    ['a body shorter than it says is 400', 'OPTIONS', null, { length: 10 }, 400, /Content-Length|Body/],
  ];
  for (const [name, method, uri, { version, length, ...options }, code, why] of refusals) {
    test(name, async () => {
      const tenant = suite.tenant();
      const ua = await tenant.ua('alice');
      const req = ua.write(method, uri ?? `sip:bob@${tenant.domain}`, options);
      if (version) req.text = req.text.replace(' SIP/2.0\r\n', ` ${version}\r\n`);
      if (length) req.text = req.text.replace('Content-Length: 0', `Content-Length: ${length}`);
      const res = await ua.send(req);
      assert.equal(res.code, code);
      assert.match(`${res.reason} ${res.why}`, why);
    });
  }

  test('what is not SIP, too long or torn ends no worker', async () => {
    const tenant = suite.tenant();
    const { stack } = suite;
    const before = stack.workers('sigd');
    const folder = fileURLToPath(new URL('../data/rfc4475', import.meta.url));
    const torture = fs.readdirSync(folder).filter((f) => f.endsWith('.dat')).map((f) => fs.readFileSync(path.join(folder, f)));
    const bits = [Buffer.alloc(0), Buffer.from('\r\n\r\n'), Buffer.alloc(3), Buffer.alloc(65507, 'A'),
      Buffer.from(`OPTIONS sip:x SIP/2.0\r\n${'A: b\r\n'.repeat(9000)}`), ...torture];
    for (const message of torture) bits.push(message.subarray(0, Math.floor(Math.random() * message.length)));
    for (let i = 0; i < 200; i++) bits.push(randomBytes(1 + Math.floor(Math.random() * 1400)));
    // from several ports, so that both workers have their share
    for (let i = 0; i < 8; i++) {
      const ua = await tenant.ua('alice');
      ua.took = () => {};
      const all = bits.map((data) => new Promise((done) => { ua.socket.send(data, stack.udpPort, '127.0.0.1', done); }));
      await Promise.all(all);
    }
    const seen = new Set();
    for (let i = 0; i < 40 && seen.size < 2; i++) {
      const ua = await tenant.ua('alice');
      seen.add(await ua.worker());
      await ua.register({ expires: 0 });
    }
    assert.equal(seen.size, 2);
    assert.deepEqual(stack.workers('sigd'), before);
  });

  test('the largest datagram is served when all in it is right', async () => {
    const tenant = suite.tenant();
    const ua = await tenant.ua('alice');
    const req = ua.write('OPTIONS', `sip:${tenant.domain}`, { body: 'x' });
    const head = req.text.replace('Content-Length: 1\r\n\r\nx', 'Content-Length: 00000\r\n\r\n');
    const length = 65507 - head.length;
    req.text = head.replace('00000', length) + 'x'.repeat(length);
    assert.equal(Buffer.byteLength(req.text), 65507);
    assert.equal((await ua.send(req)).code, 200);
  });

  test('a WebSocket message over the limit ends its connection alone, with 1009', async () => {
    const tenant = suite.tenant();
    const [loud, other] = [await tenant.ua('alice', { transport: 'ws' }), await tenant.ua('bob', { transport: 'ws' })];
    loud.raw(`OPTIONS sip:x SIP/2.0\r\nX: ${'x'.repeat(17000)}\r\n\r\n`);
    await until(() => loud.gone, 'the connection ends');
    assert.equal(loud.ws.code, 1009);
    assert.equal((await other.register()).code, 200);
  });

  test('SIPp asks 200 times whether we are alive', async () => {
    const { domain } = suite.tenant();
    await (await Sipp.start(suite.stack, 'options', { calls: 200, rate: 400, keys: { domain } })).done;
  });

  test('SIPp registers 50 times, with one nonce whose count rises', async () => {
    const tenant = suite.tenant();
    const alice = await tenant.ua('alice');
    const { port } = alice.socket.address();
    const lines = await credentials(alice, 'REGISTER', `sip:${tenant.domain}`, 50);
    alice.close();
    const keys = { domain: tenant.domain, user: 'alice' };
    await (await Sipp.start(suite.stack, 'register', { port, calls: 50, rate: 200, lines, keys })).done;
    const bindings = await suite.stack.redis.call('HLEN', `cb:{a:${tenant.domain.split('.')[0]}/alice}:bind`);
    assert.equal(bindings, 1);
  });
});
