// Who asks: real telephones and tokens, by the real binaries.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Issuer } from './lib/jwt.mjs';
import { Baresip } from './lib/pbx_baresip.mjs';
import { Ua } from './lib/sip.mjs';
import { Stack, until } from './lib/stack.mjs';
import { WebSocketSip } from './lib/ws.mjs';

const fromFile = new Issuer('https://file.test');
const fromUrl = new Issuer('https://url.test');

const routing = () => `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    users:
      alice: {password: alice-secret}
      desk: {password: desk-secret, algorithms: [MD5]}
    connections:
      hq: {kind: inbound, username: office, password: office-secret, algorithms: [MD5], answer_within: 2s}
    routes:
      - {name: hq, match: {callee: office}, to: {connection: hq}}
      - {name: echo, match: {callee: echo}, to: {service: echo}}
  tok:
    domains: [tok.test]
    realm: cordboard
    users_in_redis: true
    jwt: {keys: jwks.json, issuer: '${fromFile.name}', audience: phone, skew: 0s, server: 'https://file.test/token'}
    users: {alice: {}, bob: {password: bob-secret}}
    routes:
      - {name: echo, match: {callee: echo}, to: {service: echo}}
  url:
    domains: [url.test]
    realm: cordboard
    jwt: {url: '${fromUrl.url}', issuer: '${fromUrl.name}', audience: phone, claim: aor, refresh: 1h}
    users: {alice: {}, bob: {}}
`;

describe('authentication', { timeout: 180000 }, () => {
  const stack = new Stack({
    rtpPorts: 100,
    routing: (made) => {
      fs.writeFileSync(made.file('jwks.json'), fromFile.set());
      return routing();
    },
  });
  const left = [];
  before(async () => {
    await fromUrl.serve();
    await stack.start();
  });
  after(async () => {
    for (const one of left) await (one.close ? one.close() : one.stop());
    await stack.stop();
    fromUrl.close();
  });
  // key: where its binding stands
  const baresip = async (user, key) => {
    const made = await new Baresip(stack, {
      user, host: 'localhost',
      account: `;auth_pass=${user}-secret;outbound="sip:127.0.0.1:${stack.udpPort};transport=udp";regint=60`,
    }).start();
    left.push(made);
    await until(() => stack.redis.call('EXISTS', `cb:{${key}}:bind`), `${user} is registered`);
    return made;
  };

  // Debian's libre reads only the first challenge, and knows only MD5
  test('a real PBX that knows only MD5 registers here, calls and is called', async () => {
    const pbx = await baresip('office', 'i:demo/hq');
    const alice = await Ua.open(stack, { user: 'alice', transport: 'ws' });
    left.push(alice);
    await alice.register();
    const out = await alice.call('office');
    assert.equal((await out.final).code, 200);
    await pbx.event('CALL_ESTABLISHED');
    assert.equal((await out.bye()).code, 200);
    await pbx.event('CALL_CLOSED');
    await pbx.dial('sip:alice@localhost');
    const into = await alice.incoming();
    into.ring();
    into.answer();
    await pbx.event('CALL_ESTABLISHED');
    await pbx.hangup();
    await into.ended();
  });

  test('so does a telephone', async () => {
    const phone = await baresip('desk', 'a:demo/desk');
    await phone.dial('sip:echo@localhost');
    await phone.event('CALL_ESTABLISHED');
    await phone.hangup();
    await until(() => phone.events.some((e) => e.type === 'CALL_CLOSED'), 'it has hung up');
  });

  // --- tokens --------------------------------------------------------------------

  const shown = []; // none of them may stand in a log
  const token = (issuer, ...args) => {
    shown.push(issuer.token(...args));
    return shown.at(-1);
  };
  const phone = async (user, upgrade, domain = 'tok.test') => {
    const ua = await Ua.open(stack, { user, domain, transport: 'ws', upgrade });
    left.push(ua);
    return ua;
  };
  const once = { expires: 60 };
  // Without credentials of any kind.
  const plain = (ua, expires = 60) => ua.request('REGISTER', `sip:${ua.domain}`, {
    to: ua.aor, headers: [['Contact', `${ua.contact};expires=${expires}`]] });

  test('a token in the URL or a header logs in', async () => {
    const ways = (t) => [
      { path: `/ws?access_token=${t}` }, { path: `/ws?x=1&access_token=${t}&y=2` },
      { lines: `Authorization: Bearer ${t}\r\n` },
    ];
    for (const upgrade of ways(token(fromFile, 'alice'))) {
      const ua = await phone('alice', upgrade);
      const res = await plain(ua, once.expires);
      assert.equal(res.code, 200, `${Object.keys(upgrade)}: ${res.first}`);
      const call = await ua.call('echo');
      assert.equal((await call.final).code, 200);
      assert.equal((await call.bye()).code, 200);
      ua.close();
    }
  });

  test('it is good for who is named in it alone, and for no longer than it says', async () => {
    const ua = await phone('alice', { path: `/ws?access_token=${token(fromFile, 'sip:alice@tok.test', { seconds: 3 })}` });
    const res = await plain(ua, 3600);
    assert.equal(res.code, 200);
    assert.ok(Number(/expires=(\d+)/.exec(res.get('contact'))[1]) <= 3, res.get('contact'));
    const bob = Object.assign(ua, { user: 'bob', aor: 'sip:bob@tok.test' });
    assert.equal((await plain(bob)).code, 403);
    Object.assign(ua, { user: 'alice', aor: 'sip:alice@tok.test' });
    await until(async () => !await stack.redis.call('EXISTS', 'cb:{a:tok/alice}:bind'), 'its registration has ended');
    await until(async () => (await plain(ua)).code === 401, 'the token has ended');
    // another domain's
    const foreign = await phone('alice', { path: `/ws?access_token=${token(fromFile, 'sip:alice@url.test')}` });
    assert.equal((await plain(foreign)).code, 403);
  });

  test('what is not right does not open', async () => {
    const good = token(fromFile, 'alice');
    const [head, body] = good.split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const bad = ['', 'x', `${head}.${body}.`, `${none}.${body}.`, `${good}x`, token(fromFile, 'alice', { seconds: -60 }),
      token(fromFile, 'alice', { aud: 'other' }), token(fromFile, 'alice', { pad: 'x'.repeat(9000) }), token(new Issuer(), 'alice')];
    for (const text of bad.filter(Boolean)) {
      await assert.rejects(WebSocketSip.open(stack.wsPort, { path: `/ws?access_token=${text}` }), /401/, text.slice(0, 20));
    }
    // the longest list of subprotocols, and one longer
    const list = (len) => `sip${',x'.repeat(len)}`.slice(0, len).replace(/,$/, 'x');
    (await WebSocketSip.open(stack.wsPort, { protocol: list(126) })).close();
    await assert.rejects(WebSocketSip.open(stack.wsPort, { protocol: list(127) }), /400/);
    // without one, passwords are as good as ever
    const bob = await phone('bob', {});
    const res = await plain(bob);
    assert.equal(res.code, 401);
    assert.match(res.text, /WWW-Authenticate: Bearer realm="cordboard", authz_server="https:\/\/file.test\/token"/);
  });

  test('Bearer in SIP (RFC 8898)', async () => {
    const ua = await Ua.open(stack, { user: 'alice', domain: 'tok.test' });
    left.push(ua);
    const register = (text) => ua.request('REGISTER', 'sip:tok.test', { to: ua.aor,
      headers: [['Contact', ua.contact], ['Expires', '60'], ['Authorization', `Bearer ${text}`]] });
    assert.equal((await register(token(fromFile, 'alice'))).code, 200);
    assert.equal((await register(token(fromFile, 'bob'))).code, 403);
    const res = await register(`${token(fromFile, 'alice').slice(0, -4)}AAAA`);
    assert.equal(res.code, 401);
    assert.match(res.text, /error="invalid_token"/);
  });

  test('users in Redis show tokens, too, with or without a password', async () => {
    await stack.redis.call('HSET', 'cb:{a:tok/carol}:user', 'max_devices', '1');
    const register = (ua, user, text) => ua.request('REGISTER', 'sip:tok.test', { to: `sip:${user}@tok.test`,
      headers: [['From', `<sip:${user}@tok.test>;tag=1`], ['Contact', `<sip:${user}@${ua.host}>`], ['Expires', '60'], ['Authorization', `Bearer ${text}`]] });
    const ua = await Ua.open(stack, { user: 'carol', domain: 'tok.test' });
    left.push(ua);
    assert.equal((await register(ua, 'carol', token(fromFile, 'carol'))).code, 200);
    assert.equal((await register(ua, 'carol', token(fromFile, 'alice'))).code, 403);
    assert.equal((await register(ua, 'nobody', token(fromFile, 'nobody'))).code, 403);
    await stack.redis.call('DEL', 'cb:{a:tok/carol}:bind');
    const page = await phone('carol', { path: `/ws?access_token=${token(fromFile, 'carol')}` });
    assert.equal((await plain(page)).code, 200);
    const call = await page.call('echo');
    assert.equal((await call.final).code, 200);
    assert.equal((await call.bye()).code, 200);
    await stack.redis.call('DEL', 'cb:{a:tok/carol}:user');
    assert.equal((await plain(page)).code, 403);
  });

  test('its clock and ours may differ by so much', async () => {
    const sub = { aor: 'alice', seconds: -10 };
    const ua = await phone('alice', { path: `/ws?access_token=${token(fromUrl, '1', sub)}` }, 'url.test');
    const res = await plain(ua, 3600);
    assert.equal(res.code, 200);
    assert.ok(Number(/expires=(\d+)/.exec(res.get('contact'))[1]) <= 20, res.get('contact'));
    await assert.rejects(WebSocketSip.open(stack.wsPort, { path: `/ws?access_token=${token(fromUrl, '1', { aor: 'alice', seconds: -31 })}` }), /401/);
  });

  test('keys are fetched', async () => {
    const sub = { aor: ['sip:bob@url.test', 'sip:alice@url.test'] };
    const open = () => phone('alice', { path: `/ws?access_token=${token(fromUrl, '1234', sub)}` }, 'url.test');
    assert.equal((await plain(await open())).code, 200);
    assert.ok(fromUrl.fetched <= 2, 'once for each worker');
  });

  test('of a key that is taken out, and of another audience, too', async () => {
    const open = async () => {
      const made = await phone('bob', { path: `/ws?access_token=${token(fromFile, 'bob')}` });
      assert.equal((await plain(made)).code, 200);
      return made;
    };
    const reload = (text) => {
      fs.writeFileSync(stack.file('jwks.json'), fromFile.set());
      fs.writeFileSync(stack.file('routing.yaml'), text);
      stack.procs.get('sigd').kill('SIGHUP');
    };
    const before = await open();
    fromFile.rotate();
    reload(routing());
    const opens = () => open().catch(() => null);
    const fresh = await until(opens, 'the new key is there');
    assert.equal((await plain(before)).code, 200, 'the former one is, too');
    fromFile.keys.shift();
    reload(routing());
    await until(async () => (await plain(before)).code === 401, 'its key is taken out');
    assert.equal((await plain(fresh)).code, 200);
    reload(routing().replace('audience: phone, skew', 'audience: desk, skew'));
    await until(async () => (await plain(fresh)).code === 401, 'it is for others');
    reload(routing());
    await until(opens, 'as before');
  });

  test('connections of an issuer that is taken out are worth nothing more', async () => {
    const ua = await phone('bob', { path: `/ws?access_token=${token(fromFile, 'bob')}` });
    const other = await phone('alice', { path: `/ws?access_token=${token(fromUrl, '1', { aor: 'alice' })}` }, 'url.test');
    assert.equal((await plain(ua)).code, 200);
    const now = routing().replace(`issuer: '${fromFile.name}'`, "issuer: 'https://another.test'").replace(/\n    jwt: {url: .*\n.*/, '\n    users: {alice: {password: x}}');
    fs.writeFileSync(stack.file('routing.yaml'), now);
    stack.procs.get('sigd').kill('SIGHUP');
    await until(async () => (await plain(ua)).code === 401, 'it is asked for a password');
    await until(async () => (await plain(other)).code === 401, 'of a tenant that has none now, too');
  });

  test('no log has a token or a password', () => {
    const logs = stack.log('sigd.log');
    assert.ok(shown.length > 10);
    for (const text of shown) {
      assert.ok(!logs.includes(text));
      assert.ok(!logs.includes(text.split('.')[2]), 'its signature');
    }
    assert.doesNotMatch(logs, /(alice|bob|desk|office)-secret|access_token/);
    assert.match(logs, /a token was refused/);
  });
});
