// docs/openapi.yaml is true: each operation of it is asked, and each answer is
// as it says; and there is no route that it does not know.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { until } from './lib/stack.mjs';
import { Suite, tenants } from './lib/suite.mjs';
import { document, operations, seen } from './lib/openapi.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
// what a stack of healthy daemons does not answer by
const RARE = ['202', '409', '500', '503', '504', '422', '304', '413', '429'];

describe('the OpenAPI document', { timeout: 120000 }, () => {
  const suite = new Suite({ rtpPorts: 40, tokens: { theirs: 'scope: write, tenant: t9', reader: 'scope: read' }, routing: () => `${tenants(1)}    connections:
      pbx: {kind: trunk, address: "127.0.0.1:9", domain: pbx.test, probe: 0s}
      line: {kind: register, address: "127.0.0.1:9", domain: pbx.test, username: u, password: p}
` });
  const { stack } = suite;
  const token = { authorization: 'Bearer token-of-the-tests' };
  let call;
  before(async () => {
    await suite.start();
    const tenant = suite.tenant();
    const phone = await tenant.phone('alice');
    // of whose connections one is to be closed
    for (const user of ['bob', 'carol']) await tenant.phone(user, { transport: 'ws' });
    call = await phone.call('echo');
    assert.equal((await call.final).code, 200);
  });
  after(async () => {
    await suite.stop();
  });

  const ask = (method, path, { headers = token, body, type = 'application/json' } = {}) => fetch(`http://127.0.0.1:${stack.sigdAdmin}${path}`,
    { method, body, headers: { ...headers, ...body === undefined ? {} : { 'content-type': type } } });
  const json = async (path) => (await ask('GET', path)).json();

  // What stands for the names in paths, and what is asked besides.
  async function things() {
    const { calls } = await json('/v1/calls');
    const [trace] = await until(async () => ((list) => list.length && list)((await json('/v1/traces?tenant=t0&user=alice')).traces), 'a trace is kept');
    const { registrations } = await json('/v1/registrations?tenant=t0');
    const of = (user) => ({ tenant: 't0', user, name: 'line', node: 's1', device: registrations.find((r) => r.user === user).device,
      call: calls[0].id, trace: trace.id });
    return { ...of('alice'), [LAST[0]]: of('bob'), [LAST[1]]: of('carol') };
  }
  const QUERY = {
    'GET /v1/alarms': ['?limit=0', '?limit=500'],
    'GET /v1/refused': ['', '?tenant=t0', '?tenant=none', '?tenant=t0&limit=x'],
    'GET /v1/registrations': ['', '?tenant=t0', '?tenant=t0&user=alice', '?tenant=t0&cursor=x'],
    'GET /v1/connections': ['', '?tenant=t0', '?tenant=none', '?tenant=t0&cursor=x'],
    'GET /v1/traces': ['', '?tenant=t0', '?tenant=t0&limit=1', '?tenant=t0&cursor=x', '?tenant=t0&user=alice', '?call_id=nothing', '?limit=501'],
    'GET /v1/traces/messages': ['', '?tenant=t0&user=alice'],
    'GET /v1/calls': ['', '?tenant=t0', '?limit=-1', '?state=recent', '?state=all', '?cursor=x', '?state=recent&cursor=1-2-16', '?user=alice&number=echo'],
  };
  const BODY = {
    'PUT /v1/log-levels': ['{"level": "info", "for": "1m", "areas": [{"area": "sigd/proxy", "level": "debug"}]}', '{"level": "default"}',
      '{"level": "info", "node": "none"}', '{"level": "loud"}', '['],
    'POST /v1/calls/hangup': ['{"tenant": "t0", "user": "dave"}', '{"tenant": "none"}', '{}', '[', '{"tenant": "t0", "user": 1}'],
    'POST /v1/routes/explain': ['{"tenant": "t0", "caller": "alice", "callee": "echo"}', '{"calee": 1}'],
    'POST /v1/routes/validate': ['tenants: {t: {domains: [a], realm: r}}', 'tenants: {t: {domain: a}}'],
    'PATCH /v1/connections/{tenant}/{name}': ['{"state": "drain", "reason": "a test"}', '{"state": "up", "by": "us"}', '{"state": "auto"}', '{"state": "on"}', 'no'],
  };
  // Those that end what the others need, in this order.
  const LAST = ['POST /v1/registrations/{tenant}/{user}/{device}/disconnect', 'DELETE /v1/registrations/{tenant}/{user}/{device}',
    'DELETE /v1/registrations/{tenant}/{user}', 'DELETE /v1/calls/{id}', 'POST /v1/calls/hangup', 'POST /v1/nodes/{node}/drain',
    'POST /v1/nodes/{node}/undrain'];

  const filled = (template, names) => template.replace(/\{([^}]+)\}/g, (_, name) => encodeURIComponent(names[name]
    ?? (template.includes('/traces/') ? names.trace : names.call) ?? 'x'));
  const typeOf = (id) => (id.endsWith('/validate') ? 'application/yaml' : 'application/json');
  const op = (name) => operations.find(({ id }) => id === name).op;
  const OPEN = ['GET /openapi.json', 'GET /healthz', 'GET /readyz'];

  test('a token of another tenant gets 403, 404 or an empty list of each operation', async () => {
    const known = await things();
    const callid = encodeURIComponent(call.callid ?? (await call.final).callid);
    const more = {
      'GET /v1/calls': [`?call_id=${callid}`, '?state=all', '?state=recent', '?user=alice'],
      'GET /v1/traces': [`?call=${known.call}`, `?call_id=${callid}`, '?tenant=t0&user=alice', '?user=alice'],
      'GET /v1/traces/messages': [`?call=${known.call}&after=0`, '?tenant=t0&user=alice&after=0', '?user=alice&after=0'],
      'GET /v1/stream': ['?tenant=t0'],
    };
    const own = ['GET /v1/token', 'POST /v1/routes/validate']; // tell of the token, of what was sent
    const wrong = [];
    for (const { id, method, template } of operations) {
      if (OPEN.includes(id) || own.includes(id)) continue;
      const queries = id === 'GET /v1/stream' ? more[id] : ['', '?tenant=t0', ...more[id] ?? []];
      for (const query of queries) {
        for (const body of (BODY[id] ?? [undefined]).slice(0, 1)) {
          const answer = await ask(method, filled(template, known) + query, { headers: { authorization: 'Bearer theirs-theirs' }, body, type: typeOf(id) });
          const text = await answer.text();
          const lists = () => Object.values(JSON.parse(text)).filter(Array.isArray);
          const empty = () => method === 'GET' && lists().length && lists().every((list) => !list.length);
          const asks = answer.status === 400 && !query.includes('tenant=t0') && method === 'GET'; // something is missing
          if (![403, 404].includes(answer.status) && !asks && !(answer.status === 200 && empty())) wrong.push(`${id}${query}: ${answer.status} ${text.slice(0, 200)}`);
          if (/alice|"t0"|127\.0\.0\.1:/.test(text)) wrong.push(`${id}${query} tells: ${text.slice(0, 200)}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
    assert.equal((await json('/v1/calls')).calls.length, 1);
    assert.equal((await json('/v1/registrations?tenant=t0')).registrations.length, 3);
  });

  test('a token that reads gets 403 of each operation that changes something', async () => {
    const known = await things();
    const asks = ['POST /v1/routes/explain', 'POST /v1/routes/validate'];
    const got = {};
    for (const { id, method, template } of operations.filter((o) => o.method !== 'GET')) {
      const answer = await ask(method, filled(template, known), { headers: { authorization: 'Bearer reader-reader' }, body: BODY[id]?.[0], type: typeOf(id) });
      await answer.arrayBuffer();
      got[id] = answer.status;
    }
    assert.deepEqual(got, Object.fromEntries(Object.keys(got).map((id) => [id, asks.includes(id) ? 200 : 403])));
  });

  // Who asks for less than all by a wrong name is not to get, or to end, all.
  test('a name that an operation does not know is refused, and named', async () => {
    const known = await things();
    const wrong = [];
    for (const { id, method, template, params } of operations) {
      if (OPEN.includes(id) || id === 'GET /metrics') continue;
      const path = filled(template, known);
      const [body] = BODY[id] ?? [];
      const type = typeOf(id);
      const refused = async (status, field, query, sent) => {
        const answer = await ask(method, path + query, { body: sent, type });
        const doc = await answer.json();
        const named = doc.errors?.some((error) => error.field === field || error.text?.includes(`"${field}"`));
        if (answer.status !== status || !named || answer.headers.get('connection') === 'close') wrong.push(`${id}${query} ${sent ?? ''}: ${answer.status} ${JSON.stringify(doc)}`);
      };
      await refused(400, 'nosuch', '?nosuch=1', body);
      if (body?.startsWith('{')) await refused(422, id.endsWith('/explain') ? 'nosuch' : '#/nosuch', '', JSON.stringify({ ...JSON.parse(body), nosuch: 1 }));
      // and each that the document knows is known; of these values nothing is done
      for (const { name } of params.filter((p) => p.in === 'query')) {
        if (op(id).responses['200']?.content?.['text/event-stream']) continue;
        const answer = await ask(method, `${path}?${name}=%01`, { body, type });
        if (/no such name/.test(await answer.text())) wrong.push(`${id} does not know ${name}`);
      }
    }
    assert.deepEqual(wrong, []);
    assert.equal((await json('/v1/calls')).calls.length, 1);
  });

  test('each operation answers as it says', async () => {
    const known = await things();
    const order = [...operations].sort((a, b) => LAST.indexOf(a.id) - LAST.indexOf(b.id));
    for (const { id, method, template, op } of order) {
      if (op.responses['200']?.content?.['text/event-stream']) continue; // has a test of its own
      const path = (names) => filled(template, names);
      const bodies = BODY[id] ?? [undefined];
      const type = typeOf(id);
      if (op.responses['401'] && id !== 'GET /metrics') assert.equal((await ask(method, path(known), { headers: {} })).status, 401, id);
      for (const query of QUERY[id] ?? ['']) {
        for (const body of bodies) await (await ask(method, path(known[id] ?? known) + query, { body, type })).arrayBuffer();
      }
      // no node would ever be drained by this one
      const none = { tenant: 'none', user: 'nobody', name: 'none', node: 'none', call: '0'.repeat(16), trace: '0'.repeat(41) };
      if (template.includes('{')) await (await ask(method, path(none), { body: bodies[0] })).arrayBuffer();
    }
    const wanting = [];
    for (const { id, op } of operations) {
      const codes = [...seen.get(id) ?? []].map(String);
      const can = Object.keys(op.responses).filter((code) => code !== 'default' && !RARE.includes(code));
      if (op.responses['200']?.content?.['text/event-stream'] || id === 'GET /metrics') continue;
      // 409: not as this stack is; where it is, another test asks, and is held against the document as well
      if (!codes.some((code) => code < 300 || (code === '409' && !LAST.includes(id)))) wanting.push(`${id}: never answered well, ${codes}`);
      for (const code of can.filter((c) => !codes.includes(c) && ['401', '404'].includes(c))) wanting.push(`${id}: never by ${code}`);
    }
    assert.deepEqual(wanting, []);
  });

  test('what the server itself refuses is a problem document, too', async () => {
    for (const [method, path, status, options] of [
      ['GET', '/v1/none', 404], ['DELETE', '/v1/calls', 405], ['GET', '/v1/calls', 406, { headers: { ...token, accept: 'text/html' } }],
      ['POST', '/v1/routes/explain', 415, { body: '{}', type: 'text/plain' }], ['GET', `/v1/calls?x=${'y'.repeat(2000)}`, 414],
      ['GET', '/v1/calls?x=%zz', 400]]) {
      const answer = await ask(method, path, options);
      assert.ok([status, 400].includes(answer.status), `${method} ${path.slice(0, 40)}: ${answer.status}`);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json');
      const doc = await answer.json();
      assert.equal(doc.status, answer.status);
      if (status === 405) assert.equal(answer.headers.get('allow'), 'GET, HEAD');
    }
  });

  test('it is served as it stands there, with an ETag', async () => {
    const answer = await ask('GET', '/openapi.json', { headers: {} });
    assert.deepEqual(await answer.json(), document);
    const again = await ask('GET', '/openapi.json', { headers: { 'if-none-match': answer.headers.get('etag') } });
    assert.equal(again.status, 304);
  });

  test('each route is in it, and it has no other', () => {
    const files = execFileSync('grep', ['-rlE', 'struct admin_route [a-z_]+\\[\\]', 'sigd', 'common', '--include=*.c'], { cwd: root }).toString().trim().split('\n');
    const routes = files.flatMap((file) => [...fs.readFileSync(`${root}/${file}`, 'utf8')
      .matchAll(/\{"(GET|POST|PUT|PATCH|DELETE)",\s+"([^"]+)"/g)].map(([, method, path]) => `${method} ${path}`));
    const pages = /^GET \/dashboard/;
    assert.deepEqual(operations.map(({ id }) => id).sort(), [...new Set(routes)].filter((r) => !pages.test(r)).sort());
  });
});
