// No secret gets to where people look: passwords of users and of our logins at
// PBXs, what one could log in with instead (their hashes), tokens, keys of
// webhooks. Everything that the daemons have written is searched. The append
// file of Redis has each command that was ever sent there.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Issuer } from './lib/jwt.mjs';
import { Receiver, SECRET } from './lib/receiver.mjs';
import { Ua } from './lib/sip.mjs';
import { B, Stack, until } from './lib/stack.mjs';
import { WebSocketSip } from './lib/ws.mjs';

const ADMIN = 'token-of-the-tests';
const HOMER = 'Pigeon-post-6104';
const PASSWORD = { alice: 'Tiger-lily-8817', bob: 'Quartz-mine-3309', wrong: 'Mistyped-moth-4451', pbx: 'Harbour-light-7720', found: 'In-redis-cedar-5512' };
const REALM = { users: 'cordboard', pbx: 'pbx.realm' };
const issuer = new Issuer('https://file.test');

// A PBX that wants to be shown a password by who registers.
class Registrar extends Ua {
  static async listen(stack) {
    const ua = new Registrar();
    Object.assign(ua, { stack, transport: 'udp', address: '127.0.0.1', domain: 'pbx.test', user: 'pbx', password: 'x', waiting: new Map(),
      served: new Map(), calls: new Map(), rung: [], heard: [], sent: [] });
    await ua.connect();
    return ua;
  }

  requested(msg) {
    if (msg.method !== 'REGISTER') {
      if (msg.method !== 'ACK') this.respond(msg, msg.method === 'OPTIONS' ? 200 : 404, { tag: 'p' });
      return;
    }
    const given = msg.get('authorization');
    if (!given) {
      this.respond(msg, 401, { tag: 'p', headers: [['WWW-Authenticate', `Digest realm="${REALM.pbx}", nonce="n1", algorithm=MD5, qop="auth"`]] });
      return;
    }
    this.shown = given;
    this.respond(msg, 200, { tag: 'p', headers: [['Contact', msg.get('contact')], ['Expires', '60']] });
  }
}

const MASKED = /^(Proxy-)?Authorization: Digest .*response="?\*\*\*/m; // as a message says it
const MASKED_JSON = /Authorization: Digest [^\n]*?response=(\\")?\*\*\*/; // in a text of JSON

const ha1 = (algorithm, user, realm, password) => createHash(algorithm).update(`${user}:${realm}:${password}`).digest('hex');

describe('secrets', { timeout: 240000 }, () => {
  let stack;
  let pbx;
  let receiver;
  let homer;
  let heard = Buffer.alloc(0); // by the capture server
  const left = [];
  const tokens = [];
  before(async () => {
    receiver = new Receiver();
    await receiver.listen();
    homer = createSocket('udp4', (data) => { heard = Buffer.concat([heard, data]); });
    await new Promise((done) => { homer.bind(0, '127.0.0.1', done); });
    stack = new Stack({
      sip: `events:
  file: events.jsonl
  hooks:
    - {name: all, url: "http://127.0.0.1:${receiver.port}/", secret: ${SECRET}}
trace:
  homer: {address: "127.0.0.1:${homer.address().port}", transport: udp, id: 77, key: ${HOMER}}
`,
      routing: async (made) => {
        fs.writeFileSync(made.file('jwks.json'), issuer.set());
        pbx = await Registrar.listen(made);
        return `tenants:
  demo:
    domains: [localhost]
    realm: ${REALM.users}
    users_in_redis: true
    users:
      alice: {password: ${PASSWORD.alice}}
      bob: {password: ${PASSWORD.bob}}
    connections:
      office: {kind: register, address: "${pbx.host}", transport: udp, listener: udp, username: "2001", password: "${PASSWORD.pbx}", probe: 1s}
    routes:
      - {name: echo, match: {callee: echo}, to: {service: echo}}
      - {name: out, match: {callee: "9[0-9]+"}, to: {connection: office}}
  tok:
    domains: [tok.test]
    realm: ${REALM.users}
    jwt: {keys: jwks.json, issuer: '${issuer.name}', audience: phone, skew: 0s, server: 'https://file.test/token'}
    users: {alice: {}}
    routes:
      - {name: echo, match: {callee: echo}, to: {service: echo}}
`;
      } });
    await stack.start();
    // a feed begins with what happens once it is there
    await until(async () => (await stack.redis.call('EXISTS', 'cb:{h:all}:places', 'cb:{n:s1}:file:places')) === 2, 'the feeds');
  });
  after(async () => {
    for (const ua of left) ua.close();
    pbx?.close();
    await stack.stop();
    await receiver.close();
    homer.close();
  });

  async function ua(user, options = {}) {
    const one = await Ua.open(stack, { user, password: PASSWORD[user], ...options });
    left.push(one);
    return one;
  }

  // All that can be logged in, called or asked for, right and wrong.
  async function live() {
    await until(() => pbx.shown, 'we are registered at the PBX');
    await stack.redis.call('HSET', 'cb:{a:demo/carol}:user', 'ha1_md5', ha1('md5', 'carol', REALM.users, PASSWORD.found),
      'ha1_sha256', ha1('sha256', 'carol', REALM.users, PASSWORD.found));
    for (const transport of ['udp', 'ws', 'wss']) {
      const alice = await ua('alice', { transport });
      assert.equal((await alice.register()).code, 200);
      assert.equal((await alice.register({ password: PASSWORD.wrong })).code, 401);
      const call = alice.call('echo');
      assert.equal((await call.final).code, 200);
      await call.bye();
      await alice.call('912345').final;
      await alice.call('nobody').final;
      assert.notEqual((await alice.call('echo', { password: PASSWORD.wrong }).final).code, 200);
    }
    const carol = await ua('carol', { password: PASSWORD.found });
    assert.equal((await carol.register()).code, 200);
    assert.notEqual((await carol.register({ password: PASSWORD.wrong })).code, 200);
    const bob = await ua('bob');
    assert.equal((await bob.register()).code, 200);
    // tokens: at the upgrade and in a request, right and stale
    for (const seconds of [300, -10]) {
      const token = issuer.token('alice', { seconds });
      tokens.push(token);
      await WebSocketSip.open(stack.wsPort, { path: `/ws?access_token=${token}`, messages: () => {}, closed: () => {} }).then((ws) => ws.close(), () => {});
      const alice = await ua('alice', { domain: 'tok.test' });
      await alice.request('REGISTER', 'sip:tok.test', { to: alice.aor, headers: [['Contact', alice.contact], ['Authorization', `Bearer ${token}`]] });
    }
  }

  const url = (where) => `http://127.0.0.1:${stack.sigdAdmin}${where}`;

  async function get(where, options = {}) {
    const res = await fetch(url(where), { ...options, headers: { authorization: `Bearer ${ADMIN}`, ...options.headers } });
    const body = Buffer.from(await res.arrayBuffer());
    assert.ok(res.ok, `${where}: ${res.status} ${body}`);
    return body;
  }

  // What has happened, as the dashboard hears it.
  async function stream(since) {
    const end = new AbortController();
    const res = await fetch(url(`/v1/stream?since=${since}`), { headers: { authorization: `Bearer ${ADMIN}` }, signal: end.signal });
    assert.equal(res.status, 200);
    let text = '';
    for await (const part of res.body) {
      text += Buffer.from(part);
      if (/^event: call\.ended$/m.test(text) && /^event: figures$/m.test(text)) break;
    }
    end.abort();
    return { where: 'stream', body: Buffer.from(text) };
  }

  // What people read of a call and of a message is there, and without what it hides.
  const shows = (place, ...patterns) => {
    for (const pattern of patterns) assert.match(place.body.toString(), pattern, place.where);
    return place;
  };

  // What REST shows to who may see all.
  async function answers() {
    const found = [];
    const ask = async (where, options) => {
      const body = await get(where, options);
      found.push({ where, body });
      return body.toString();
    };
    for (const where of ['/healthz', '/readyz', '/metrics', '/openapi.json', '/v1/token', '/v1/log-levels', '/v1/nodes', '/v1/alarms', '/v1/calls', '/v1/refused?tenant=demo',
      '/v1/registrations?tenant=demo', '/v1/registrations?tenant=tok', '/v1/registrations?tenant=demo&user=alice', '/v1/registrations/demo/alice/log',
      '/v1/connections?tenant=demo', '/v1/connections/demo/office', '/v1/connections/demo/office/log', '/v1/connections/demo/office/latency',
      '/v1/tenants', '/v1/tenants/demo', '/v1/registrations/demo/alice/latency']) await ask(where);
    await fetch(`http://127.0.0.1:${stack.mediadAdmin}/metrics`).then(async (r) => found.push({ where: 'mediad', body: Buffer.from(await r.text()) }));
    await ask('/v1/routes/explain', { method: 'POST', body: JSON.stringify({ tenant: 'demo', callee: '912345', caller: 'alice' }), headers: { 'content-type': 'application/json' } });
    return { found, ask };
  }

  // Each trace, as people and Wireshark read it.
  async function traces(ask) {
    const ids = new Set();
    for (const whose of ['tenant=demo&user=alice', 'tenant=demo&user=carol', 'tenant=demo&connection=office', 'tenant=demo&user=bob', 'tenant=tok&user=alice']) {
      for (const { id } of JSON.parse(await ask(`/v1/traces?${whose}`)).traces) ids.add(id);
    }
    const messages = [];
    for (const id of ids) {
      messages.push(...JSON.parse(await ask(`/v1/traces/${id}`)).messages);
      await ask(`/v1/traces/${id}/pcap`);
    }
    for (const method of ['REGISTER', 'INVITE']) assert.ok(messages.some(({ text }) => text.startsWith(`${method} `) && MASKED.test(text)), `a ${method} with its mask`);
    assert.ok(messages.some(({ text }) => /^Authorization: Bearer \*\*\*/m.test(text)), 'a token\'s mask');
    // these come a second after they were said
    await until(async () => JSON.parse(await ask('/v1/traces/messages?tenant=demo&user=alice&after=0&limit=500')).messages
      .some(({ text }) => text.startsWith('REGISTER ') && MASKED.test(text)), 'what is said');
    return ids.size;
  }

  // Each call that was, and what people see of it at a terminal.
  async function calls(ask) {
    const found = [];
    const env = { ...process.env, CORDCTL_URL: url(''), CORDCTL_TOKEN: ADMIN, COLUMNS: '' };
    const cordctl = async (...args) => {
      const { stdout } = await promisify(execFile)(path.resolve(B, 'cordctl'), args, { env, maxBuffer: 1 << 26 });
      found.push({ where: `cordctl ${args.join(' ')}`, body: Buffer.from(stdout) });
      return found.at(-1);
    };
    const { calls: recent } = JSON.parse(await ask('/v1/calls?state=recent'));
    assert.ok(recent.length >= 3, `${recent.length} calls`);
    for (const { id } of recent) {
      await ask(`/v1/calls/${id}`);
      shows({ where: 'timeline', body: await ask(`/v1/calls/${id}/timeline`) }, /INVITE sip:/, MASKED_JSON);
      shows(await cordctl('call', id), /^verdict /m, / INVITE sip:/);
      shows(await cordctl('call', id, '--json'), MASKED_JSON);
      shows(await cordctl('trace', '--call', id), /^INVITE /m, MASKED);
    }
    shows(await cordctl('trace', '--tenant', 'demo', '--user', 'alice'), /^REGISTER /m, MASKED);
    shows(await cordctl('trace', '--tenant', 'demo', '--connection', 'office', '--json'), /REGISTER sip:/, MASKED_JSON);
    shows(await cordctl('trace', '--tenant', 'tok', '--user', 'alice'), /^Authorization: Bearer \*\*\*/m);
    for (const whose of ['--user=alice', '--connection=office']) {
      await cordctl('log', '--tenant', 'demo', whose);
      await cordctl('latency', '--tenant', 'demo', whose);
    }
    for (const args of [['calls'], ['nodes'], ['registrations', '--tenant', 'demo'], ['connections', '--tenant', 'demo']]) await cordctl(...args);
    return found;
  }

  // All files below the stack's folder but those where secrets are kept.
  function files(dir = stack.dir) {
    return fs.readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
      const file = path.join(dir, entry.name);
      if (entry.isDirectory()) return files(file);
      return entry.isFile() && !['sigd.yaml', 'mediad.yaml', 'routing.yaml', 'keys', 'tls.key'].includes(entry.name) ? [file] : [];
    });
  }

  test('what was said, kept, told and logged has none of them', async (t) => {
    const began = Date.now();
    await live();
    await until(async () => JSON.stringify(await stack.redis.call('KEYS', 'cb:{t:*')).includes(':sip:'), 'traces');
    await until(() => receiver.of('call.ended').length >= 3, 'events');
    const { found, ask } = await answers();
    const count = await traces(ask);
    assert.ok(count >= 5, `${count} traces`);
    found.push(...await calls(ask), await stream(began));
    const hashes = Object.entries({ alice: REALM.users, bob: REALM.users }).flatMap(([user, realm]) => ['md5', 'sha256']
      .map((algorithm) => ha1(algorithm, user, realm, PASSWORD[user])));
    hashes.push(ha1('md5', '2001', REALM.pbx, PASSWORD.pbx), ha1('sha256', '2001', REALM.pbx, PASSWORD.pbx));
    // what answered a challenge can be guessed from beside a desk
    const responses = [...left.flatMap((one) => one.sent), pbx.shown ?? ''].flatMap((text) => [...text.matchAll(/response="([0-9a-f]+)"/g)].map(([, r]) => r));
    assert.ok(responses.length > 10);
    const secrets = [...Object.values(PASSWORD), ...hashes, ...responses, ...tokens, SECRET, ADMIN, HOMER];
    const places = [
      ...files().map((file) => ({ where: file, body: fs.readFileSync(file) })), ...found,
      { where: 'webhooks', body: Buffer.from(JSON.stringify([...receiver.events.values()])) },
      ...['sigd', 'mediad'].flatMap((name) => Object.values(stack.children(name)).map((pid) => ({ where: `cmdline of ${name}`, body: fs.readFileSync(`/proc/${pid}/cmdline`) })))];
    // who captures gets the key to it, by its specification, and nothing else
    places.push(shows({ where: 'homer', body: Buffer.from(heard.toString('latin1').replaceAll(HOMER, ''), 'latin1') }, /REGISTER sip:/, MASKED));
    const logs = places.filter(({ where }) => where.endsWith('.log'));
    assert.ok(logs.length >= 3 && logs.some(({ body }) => body.includes('lvl=debug')), 'the logs say all that they can');
    assert.ok(places.some(({ where, body }) => where.includes('appendonly') && body.length > 10000), 'all commands of Redis');
    for (const { where, body } of places) {
      for (const secret of secrets) assert.ok(!body.includes(secret), `${where} has ${secret}`);
    }
    // where an operator has put them, and nowhere else: a user of Redis
    const carol = ha1('md5', 'carol', REALM.users, PASSWORD.found);
    for (const { where, body } of places) {
      if (!where.includes('appendonly')) assert.ok(!body.includes(carol), where);
    }
    t.diagnostic(`${places.length} places, ${count} traces, ${secrets.length} secrets`);
  });
});
