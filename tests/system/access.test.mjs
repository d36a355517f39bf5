// Who may ask the REST interface: tokens, scopes, tenants, TLS, rates, reload.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import dgram from 'node:dgram';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import { Suite, tenants } from './lib/suite.mjs';
import { until } from './lib/stack.mjs';

const hash = (token) => createHash('sha256').update(token).digest('hex');

describe('access to REST', { timeout: 120000 }, () => {
  const suite = new Suite({ rtpPorts: 40, routing: tenants(3), tokens: {
    reader: 'scope: read', mine: 'scope: write, tenant: t0', theirs: 'scope: read, tenant: t1', over: 'until: 2001-01-01' } });
  const { stack } = suite;
  before(() => suite.start());
  after(() => suite.stop());

  const ask = (path, name, { method = 'GET', headers = {}, body } = {}) => fetch(`http://127.0.0.1:${stack.sigdAdmin}${path}`, { method, body,
    headers: { ...name ? { authorization: `Bearer ${name === 'tests' ? 'token-of-the-tests' : `${name}-${name}`}` } : {},
      ...body ? { 'content-type': 'application/json' } : {}, ...headers } });
  const problem = async (answer, status, field) => {
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    const doc = await answer.json();
    assert.equal(doc.status, status);
    assert.ok(doc.title && doc.type, JSON.stringify(doc));
    if (field) assert.equal(doc.errors[0].field, field);
    return doc;
  };

  test('each token opens what it says', async () => {
    await problem(await ask('/v1/calls'), 401);
    await problem(await ask('/v1/calls', 'nobody'), 401);
    assert.match((await problem(await ask('/v1/calls', 'over'), 401)).detail, /has ended/);
    for (const name of ['tests', 'reader', 'mine', 'theirs']) assert.equal((await ask('/v1/calls', name)).status, 200, name);
    await problem(await ask('/v1/routes/reload', 'reader', { method: 'POST' }), 403);
    await problem(await ask('/v1/nodes', 'mine'), 403);
    assert.equal((await ask('/v1/nodes', 'reader')).status, 200);
    for (const path of ['/healthz', '/readyz', '/metrics']) assert.equal((await ask(path)).status, 200, path);
    const explain = (body, name) => ask('/v1/routes/explain', name, { method: 'POST', body: JSON.stringify(body) });
    assert.equal((await explain({ tenant: 't0', caller: 'alice', callee: 'echo' }, 'reader')).status, 200);
  });

  test('a token of a tenant finds nothing of another one', async () => {
    const phone = await suite.tenant().phone('alice'); // of t0
    for (const [name, status, n] of [['mine', 200, 1], ['theirs', 404]]) {
      const answer = await ask('/v1/registrations?tenant=t0', name);
      assert.equal(answer.status, status, name);
      if (n) assert.equal((await answer.json()).registrations.length, n);
    }
    assert.deepEqual((await (await ask('/v1/registrations', 'theirs')).json()).registrations, []);
    const call = await phone.call('echo');
    assert.equal((await call.final).code, 200);
    const { calls } = await until(async () => {
      const answer = await (await ask('/v1/calls', 'mine')).json();
      return answer.calls.length === 1 && answer;
    }, 'the call is there');
    assert.equal((await (await ask('/v1/calls', 'theirs')).json()).calls.length, 0);
    await problem(await ask('/v1/calls?tenant=t0', 'theirs'), 404);
    // no such tenant is told as another one's to whom it is not, and to all else as it is
    for (const path of ['/v1/calls', '/v1/calls?state=recent', '/v1/calls?state=all', '/v1/registrations', '/v1/connections', '/v1/refused']) {
      const of = (tenant) => `${path}${path.includes('?') ? '&' : '?'}tenant=${tenant}`;
      const said = [await problem(await ask(of('t0'), 'theirs'), 404), await problem(await ask(of('nosuch'), 'theirs'), 404), await problem(await ask(of('nosuch'), 'tests'), 404)];
      assert.deepEqual(said.map((doc) => doc.detail), Array(3).fill('There is no such tenant.'), path);
      assert.equal((await ask(of('t0'), 'tests')).status, 200, path);
    }
    assert.equal((await ask(`/v1/calls/${calls[0].id}`, 'mine')).status, 200);
    await problem(await ask(`/v1/calls/${calls[0].id}`, 'theirs'), 404);
    const explain = (body, name) => ask('/v1/routes/explain', name, { method: 'POST', body: JSON.stringify(body) });
    await problem(await explain({ tenant: 't1', caller: 'alice', callee: 'echo' }, 'mine'), 404);
    assert.equal((await (await explain({ caller: 'alice', callee: 'echo' }, 'mine')).json()).plan.tenant, 't0');
    assert.equal((await call.bye()).code, 200);
    for (const path of ['/v1/refused', '/v1/alarms']) assert.equal((await ask(path, 'theirs')).status, 200, path);
  });

  test('who asks another tenant and is refused opens it no trace', async () => {
    const phone = await suite.tenant().phone('bob', { domain: 't0.test' });
    const call = await phone.call('echo');
    assert.equal((await call.final).code, 200);
    const { callid } = call.callid ? call : await call.final;
    const socket = dgram.createSocket('udp4');
    const heard = new Promise((done) => { socket.on('message', (data) => { done(data.toString()); }); });
    socket.send(['REGISTER sip:t1.test SIP/2.0', 'Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bKaskedasked', 'Max-Forwards: 70',
      'From: <sip:eve@t1.test>;tag=e', 'To: <sip:eve@t1.test>', `Call-ID: ${callid}`, 'CSeq: 1 REGISTER', 'Contact: <sip:eve@127.0.0.1:9>',
      'Content-Length: 0', '', ''].join('\r\n'), stack.udpPort, '127.0.0.1');
    assert.match(await heard, /^SIP\/2.0 401/);
    socket.close();
    const of = `/v1/traces?call_id=${encodeURIComponent(callid)}`;
    const parties = ({ traces }) => traces[0]?.parties.map((p) => `${p.tenant}/${p.user}`) ?? [];
    const seen = await until(async () => {
      const found = await (await ask(of, 'tests')).json();
      return parties(found).length === 2 && found; // each worker tells its own
    }, 'the operator sees who asked');
    assert.deepEqual(parties(seen).sort(), ['t0/bob', 't1/eve']);
    const { traces } = await (await ask('/v1/traces?tenant=t1&user=eve', 'tests')).json();
    assert.equal(traces[0].id, seen.traces[0].id);
    for (const path of [of, '/v1/traces?tenant=t1&user=eve']) assert.deepEqual((await (await ask(path, 'theirs')).json()).traces, [], path);
    for (const path of [`/v1/traces/${traces[0].id}`, `/v1/traces/${traces[0].id}/pcap`, `/v1/calls/${encodeURIComponent(callid)}/timeline`]) {
      await problem(await ask(path, 'theirs'), 404);
    }
    assert.deepEqual((await (await ask('/v1/traces/messages?tenant=t1&user=eve&after=0', 'theirs')).json()).messages, []);
    assert.equal((await ask(`/v1/traces/${traces[0].id}`, 'mine')).status, 200);
    assert.equal((await call.bye()).code, 200);
  });

  test('a change tells who made it', async () => {
    const answer = await ask('/v1/routes/reload', 'tests', { method: 'POST' });
    assert.ok(answer.status < 300);
    assert.match(await until(() => stack.log('sigd.log').split('\n').find((l) => l.includes('changed by REST')), 'the log says so'),
      /by=tests method=POST path=\/v1\/routes\/reload status=20[02] source=127\.0\.0\.1/);
    await ask('/v1/routes/reload?x=secret', 'reader', { method: 'POST' });
    const events = JSON.stringify(await stack.redis.call('XRANGE', 'cb:news', '-', '+'));
    assert.match(events, /"audit\.change".*"by","tests".*"path","\/v1\/routes\/reload"/);
    assert.match(events, /"by","reader".*"status","403"/);
    assert.ok(!stack.log('sigd.log').includes('token-of-the-tests') && !stack.log('sigd.log').includes('x=secret'));
  });

  test('by another name, or from a page of another origin, nobody is told anything', async () => {
    const by = (host) => new Promise((done, fail) => {
      import('node:http').then(({ default: http }) => http.get({ port: stack.sigdAdmin, host: '127.0.0.1', path: '/healthz', headers: { host } },
        (res) => { res.resume(); done(res.statusCode); }).on('error', fail));
    });
    assert.equal(await by('evil.test'), 421);
    assert.equal(await by(`localhost:${stack.sigdAdmin}`), 200);
    await problem(await ask('/v1/calls', 'tests', { headers: { origin: 'http://evil.test' } }), 403);
    const own = await ask('/v1/calls', 'tests', { headers: { origin: `http://127.0.0.1:${stack.sigdAdmin}` } });
    assert.equal(own.status, 200);
    assert.equal(own.headers.get('access-control-allow-origin'), null);
    assert.equal(own.headers.get('x-content-type-options'), 'nosniff');
  });

  test('tokens are taken over by a reload, TLS by a restart', async () => {
    const yaml = fs.readFileSync(stack.file('sigd.yaml'), 'utf8');
    const hup = (text) => { fs.writeFileSync(stack.file('sigd.yaml'), text); stack.procs.get('sigd').kill('SIGHUP'); };
    hup(yaml.replace(/ {4}reader: .*\n/, `    fresh: {hash: ${hash('fresh-fresh')}}\n`));
    await until(async () => (await ask('/v1/calls', 'fresh')).status === 200, 'the new token is known', 10000);
    await problem(await ask('/v1/calls', 'reader'), 401);
    hup(yaml.replace('  tokens:\n', `  certificate: ${stack.file('tls.pem')}\n  private_key: ${stack.file('tls.key')}\n  tokens:\n`));
    await until(() => stack.log('sigd.log').includes('by a restart alone'), 'that is told');
    assert.equal((await ask('/v1/calls', 'fresh')).status, 200);
    hup(yaml);
    await until(async () => (await ask('/v1/calls', 'reader')).status === 200, 'as it was');
  });

  test('who guesses waits longer and longer, and is told of', async () => {
    const seen = [];
    for (let i = 0; i < 8; i++) seen.push((await ask('/v1/calls', `guess${i}`)).status);
    assert.deepEqual(seen, [401, 401, 401, 401, 401, 401, 429, 429]);
    // from the same address, but let in before
    const { alarms } = await (await ask('/v1/alarms', 'tests')).json();
    assert.ok(alarms.some((a) => a.kind === 'guessing' && a.source === '127.0.0.1' && a.why === 'tokens of REST'));
  });
});

describe('access to REST by TLS', { timeout: 120000 }, () => {
  const suite = new Suite({ rtpPorts: 40, routing: tenants(1), admin: '  requests_per_second: 5\n  requests_burst: 10\n  metrics: token' });
  const { stack } = suite;
  let port;
  before(() => suite.start());
  after(() => stack.stop());

  const pem = (name) => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-keyout', stack.file('admin.key'), '-out', stack.file('admin.pem')],
    { stdio: 'ignore' });
  };
  const get = (path, headers = {}, more = {}) => new Promise((done, fail) => {
    const asked = https.get({ port, host: '127.0.0.1', path, agent: false, rejectUnauthorized: false, headers, ...more }, (res) => {
      const { CN } = res.socket.getPeerCertificate().subject;
      const protocol = res.socket.getProtocol();
      res.resume();
      res.on('end', () => done({ status: res.statusCode, CN, protocol, after: res.headers['retry-after'] }));
    });
    asked.on('error', fail);
  });

  test('asked by TLS, with a certificate that a reload takes over', async () => {
    pem('first');
    const yaml = fs.readFileSync(stack.file('sigd.yaml'), 'utf8');
    fs.writeFileSync(stack.file('sigd.yaml'), yaml.replace('  tokens:\n', `  certificate: admin.pem\n  private_key: admin.key\n  tokens:\n`));
    const sigd = stack.procs.get('sigd');
    sigd.kill('SIGTERM');
    await sigd.exited;
    stack.startSigd();
    port = stack.sigdAdmin;
    const ready = await until(() => get('/readyz').then((r) => r.status === 200 && r, () => false), 'sigd is ready');
    assert.equal(ready.CN, 'first');
    assert.equal(ready.protocol, 'TLSv1.3');
    assert.equal((await get('/healthz', {}, { maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
    await assert.rejects(get('/healthz', {}, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
    assert.equal((await get('/v1/calls')).status, 401);
    assert.equal((await get('/metrics')).status, 401);
    pem('second');
    stack.procs.get('sigd').kill('SIGHUP');
    await until(async () => (await get('/healthz')).CN === 'second', 'the other certificate');
    fs.writeFileSync(stack.file('admin.pem'), 'nothing');
    stack.procs.get('sigd').kill('SIGHUP');
    await until(() => stack.log('sigd.log').includes('who may ask stays as it was'), 'that is told');
    assert.equal((await get('/healthz')).CN, 'second');
  });

  test('more than may be asked is answered by 429', async () => {
    const all = await Promise.all(Array.from({ length: 25 }, () => get('/v1/calls', { authorization: 'Bearer token-of-the-tests' })));
    const late = all.filter((r) => r.status === 429);
    assert.ok(late.length >= 10, `${late.length} of 25`);
    assert.ok(late.every((r) => r.after === '1'));
    assert.equal((await get('/healthz')).status, 200);
  });
});
