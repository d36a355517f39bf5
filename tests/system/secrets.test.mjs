// No secret gets to where people look: passwords of users and of our logins at
// PBXs, what one could log in with instead (their hashes), tokens, keys of
// webhooks. Everything that the daemons have written is searched. The append
// file of Redis has each command that was ever sent there.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Issuer } from './lib/jwt.mjs';
import { Receiver, SECRET } from './lib/receiver.mjs';
import { Ua } from './lib/sip.mjs';
import { Stack, until } from './lib/stack.mjs';
import { WebSocketSip } from './lib/ws.mjs';

const ADMIN = 'token-of-the-tests';
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

const ha1 = (algorithm, user, realm, password) => createHash(algorithm).update(`${user}:${realm}:${password}`).digest('hex');

describe('secrets', { timeout: 120000 }, () => {
  let stack;
  let pbx;
  let receiver;
  const left = [];
  const tokens = [];
  before(async () => {
    receiver = new Receiver();
    await receiver.listen();
    stack = new Stack({
      sip: `events:
  file: events.jsonl
  hooks:
    - {name: all, url: "http://127.0.0.1:${receiver.port}/", secret: ${SECRET}}
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

  // What REST shows to who may see all.
  async function answers() {
    const found = [];
    const get = async (where, options = {}) => {
      const res = await fetch(`http://127.0.0.1:${stack.sigdAdmin}${where}`, { ...options, headers: { authorization: `Bearer ${ADMIN}`, ...options.headers } });
      const body = Buffer.from(await res.arrayBuffer());
      found.push({ where, body });
      return res.ok ? body.toString() : '{}';
    };
    for (const where of ['/healthz', '/readyz', '/metrics', '/openapi.json', '/v1/nodes', '/v1/alarms', '/v1/calls', '/v1/refused?tenant=demo',
      '/v1/registrations?tenant=demo', '/v1/registrations?tenant=tok', '/v1/registrations/demo/alice/log', '/v1/registrations/demo/alice',
      '/v1/connections?tenant=demo', '/v1/connections/demo/office', '/v1/connections/demo/office/log', '/v1/tenants', '/v1/limits',
      '/v1/registrations/demo/alice/latency', '/v1/traces/messages?user=demo/alice']) await get(where);
    await fetch(`http://127.0.0.1:${stack.mediadAdmin}/metrics`).then(async (r) => found.push({ where: 'mediad', body: Buffer.from(await r.text()) }));
    await get('/v1/routes/explain', { method: 'POST', body: JSON.stringify({ tenant: 'demo', callee: '912345', user: 'alice' }), headers: { 'content-type': 'application/json' } });
    // each trace, as people and Wireshark read it
    const ids = new Set();
    for (const who of ['user=alice', 'user=carol', 'connection=office', 'user=bob']) {
      const list = JSON.parse(await get(`/v1/traces?tenant=demo&${who}`));
      for (const { call_id: id } of list.traces ?? list.items ?? []) ids.add(id);
    }
    for (const { call_id: id } of (JSON.parse(await get('/v1/traces?tenant=tok&user=alice')).traces ?? [])) ids.add(id);
    for (const id of ids) {
      await get(`/v1/traces/${encodeURIComponent(id)}`);
      await get(`/v1/traces/${encodeURIComponent(id)}/pcap`);
    }
    return { found, traces: ids.size };
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
    await live();
    await until(async () => JSON.stringify(await stack.redis.call('KEYS', 'cb:{t:*')).includes(':sip:'), 'traces');
    await until(() => receiver.of('call.ended').length >= 3, 'events');
    const { found, traces } = await answers();
    assert.ok(traces >= 5, `${traces} traces`);
    const hashes = Object.entries({ alice: REALM.users, bob: REALM.users }).flatMap(([user, realm]) => ['md5', 'sha256']
      .map((algorithm) => ha1(algorithm, user, realm, PASSWORD[user])));
    hashes.push(ha1('md5', '2001', REALM.pbx, PASSWORD.pbx), ha1('sha256', '2001', REALM.pbx, PASSWORD.pbx));
    // what answered a challenge can be guessed from beside a desk
    const responses = [...left.flatMap((one) => one.sent), pbx.shown ?? ''].flatMap((text) => [...text.matchAll(/response="([0-9a-f]+)"/g)].map(([, r]) => r));
    assert.ok(responses.length > 10);
    const secrets = [...Object.values(PASSWORD), ...hashes, ...responses, ...tokens, SECRET, ADMIN];
    const places = [
      ...files().map((file) => ({ where: file, body: fs.readFileSync(file) })), ...found,
      { where: 'webhooks', body: Buffer.from(JSON.stringify([...receiver.events.values()])) },
      ...['sigd', 'mediad'].flatMap((name) => Object.values(stack.children(name)).map((pid) => ({ where: `cmdline of ${name}`, body: fs.readFileSync(`/proc/${pid}/cmdline`) })))];
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
    t.diagnostic(`${places.length} places, ${traces} traces, ${secrets.length} secrets`);
  });
});
