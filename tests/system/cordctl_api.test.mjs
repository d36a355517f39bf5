// cordctl asks a running Cordboard: each command as a table and as JSON, at two
// nodes of each daemon; and what it says when it may not, or nobody is there.
// SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { secondSigd } from './lib/second.mjs';
import { Ua } from './lib/sip.mjs';
import { B, until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

const cordctl = path.resolve(B, 'cordctl');
const TOKEN = 'token-of-the-tests';

const routing = `tenants:
  demo:
    domains: [t.test]
    realm: cordboard
    users:
      alice: {password: alice-secret}
      bob: {password: bob-secret}
      carol: {password: carol-secret, record: always}
    connections:
      pbx: {kind: trunk, address: '127.0.0.1:9', probe: 300ms, probe_down: 1, answer_within: 200ms}
      office: {kind: register, address: '127.0.0.1:9', username: '2001', password: office-secret, probe: 0s}
    routes:
      - {name: echo, match: {callee: echo}, to: {service: echo}}
      - {name: out, match: {callee: '0.*'}, to: {connection: pbx}}
`;

describe('cordctl asks', { timeout: 480000 }, () => {
  const suite = new Suite({ routing, rtpPorts: 40, mediad: 'recording: {dir: rec, format: wav, min_free: 0}\n' });
  const { stack } = suite;
  let nodes;

  const spawned = (args, { node = stack, env = {}, token = TOKEN, url = `http://127.0.0.1:${node.sigdAdmin}` } = {}) => spawn(cordctl, args,
    { env: { ...process.env, CORDCTL_URL: url, CORDCTL_TOKEN: token, COLUMNS: '', ...env } });
  const run = (args, options) => new Promise((done) => {
    const child = spawned(args, options);
    const said = { out: '', err: '' };
    child.stdout.on('data', (data) => { said.out += data; });
    child.stderr.on('data', (data) => { said.err += data; });
    child.on('close', (code) => done({ code, ...said }));
  });
  const good = async (args, options) => {
    const said = await run(args, options);
    assert.equal(said.code, 0, `${args.join(' ')}: ${JSON.stringify(said)}`);
    assert.equal(said.err, '');
    return said.out;
  };
  const json = async (args, options) => JSON.parse(await good([...args, '--json'], options));
  const lines = (out) => out.trimEnd().split('\n');
  const phone = async (user, node, transport = 'udp') => {
    const ua = await Ua.open(node, { user, domain: 't.test', transport });
    suite.uas.push(ua);
    assert.equal((await ua.register()).code, 200);
    return ua;
  };

  before(async () => {
    await suite.start();
    nodes = [stack, await secondSigd(stack)];
    const server = net.createServer();
    const port = await new Promise((done) => { server.listen(0, '127.0.0.1', () => done(server.address().port)); });
    server.close();
    await stack.writeMediad('mediad2', 'm2', port);
    stack.startMediad({}, 'mediad2');
    await stack.ready(port, 'mediad2');
  });
  afterEach(() => suite.hangUp());
  after(async () => {
    await nodes?.[1].stop();
    await suite.stop();
  });

  test('nodes, and what they are told', async () => {
    const rows = lines(await until(async () => {
      const out = await good(['nodes']);
      return lines(out).filter((row) => / serving +2 /.test(row)).length === 4 && out;
    }, 'four nodes with two workers'));
    assert.match(rows[0], /^NODE +DAEMON +STATE +WORKERS +CALLS +SETUPS +CONNECTED +VERSION +SINCE$/);
    for (const [node, daemon] of [['s1', 'sigd'], ['s2', 'sigd'], ['m1', 'mediad'], ['m2', 'mediad']]) {
      assert.ok(rows.some((row) => new RegExp(`^${node} +${daemon} +serving +2 `).test(row)), rows.join('\n'));
    }
    assert.equal((await json(['nodes'], { node: nodes[1] })).nodes.length, 4);
    assert.match(await good(['drain', 'm2', '--move', 'idle']), /^m2 +mediad +drain/m);
    assert.match(await good(['undrain', 'm2'], { node: nodes[1] }), /^m2 /m);
    assert.ok((await json(['undrain', 'm2'])).nodes[0].node === 'm2');
    const none = await run(['drain', 'nobody']);
    assert.equal(none.code, 1);
    assert.match(none.err, /^cordctl: .*\(404\)$/m);
  });

  test('who is registered, calls, and one of them', async () => {
    const alice = await phone('alice', nodes[0], 'wss');
    await phone('bob', nodes[1]);
    const registered = lines(await good(['registrations', '--tenant', 'demo']));
    assert.match(registered[0], /^USER +CONTACT +EXPIRES +FLOW/);
    // bob is at no node, as he came by UDP
    const connected = lines(await until(async () => {
      const out = await good(['nodes', '--daemon', 'sigd']);
      return /^s1 +sigd +serving +2 +- +\d+ +1 /m.test(out) && out;
    }, 'alice is connected to s1'));
    assert.match(connected.find((row) => row.startsWith('s2')), /^s2 +sigd +serving +2 +- +\d+ +0 /);
    assert.equal(registered.length, 3, registered.join('\n'));
    assert.ok(registered.some((row) => /^alice .* s1\/\d\/wss\//.test(row)) && registered.some((row) => /^bob .* s2\/\d\/udp\//.test(row)), registered.join('\n'));
    assert.ok(JSON.stringify(await json(['registrations', '--tenant', 'demo', '--user', 'bob'])).includes('"bob"'));
    assert.deepEqual((await json(['registrations', '--tenant', 'demo', '--search', 'BO'])).registrations.map((r) => r.user), ['bob']);
    assert.equal((await json(['connections', '--search', 'pb'])).connections.length, 1);
    assert.equal((await json(['connections', '--state', 'forced'])).connections.length, 0);
    assert.equal((await json(['calls', '--state', 'recent', '--since', '2026-01-01T00:00:00Z', '--until', '2026-01-02T00:00:00Z', '--mos-below', '3.5'])).calls.length, 0);

    const call = alice.call('echo');
    assert.equal((await call.final).code, 200);
    const rows = lines(await good(['calls', '--tenant', 'demo'], { node: nodes[1] }));
    assert.match(rows[0], /^CALL +STARTED +STATE +TENANT +CALLER +CALLEE/);
    const [, id] = /^([0-9a-f]{16}) +\S+ +up +demo +alice +echo/.exec(rows[1]) ?? assert.fail(rows.join('\n'));
    assert.ok(JSON.stringify(await json(['calls'])).includes(id));

    // as narrow as a terminal may be
    const narrow = lines(await good(['calls'], { env: { COLUMNS: '60' } }));
    assert.ok(narrow.every((row) => [...row].length <= 60), narrow.join('\n'));
    assert.ok(narrow[1].includes('\u2026'), narrow[1]);

    // its sheet comes within seconds
    const one = await until(async () => {
      const out = await run(['call', id]);
      return (out.code || /^1 +browser /m.test(out.out)) && out;
    }, 'its leg is told');
    assert.equal(one.code, 0, one.err);
    assert.match(one.out, new RegExp(`^call +${id}$`, 'm'));
    assert.match(one.out, /^caller +user=alice/m);
    // what its leg got, lost and sent: numbers, whatever they are
    assert.match(one.out, /^LEG +PROFILE +CODEC +WAY +IN +LOST +OUT +RTT +MOS$\n^1 +browser +\S+ +\S+ +\d+ +\d+ +\d+ /m);
    // its ladder, and what came of it
    assert.equal(one.err, '');
    assert.match(one.out, /^verdict +[a-z-]+: \S/m);
    assert.match(one.out, /^\d\d:\d\d:\d\d\.\d{3} +<-- 127\.0\.0\.1:\d+ +INVITE sip:echo@t\.test/m);
    assert.match(one.out, /^\d\d:\d\d:\d\d\.\d{3} +\| +[a-z]+\.[a-z]+/m);
    assert.ok((await json(['call', id])).items.length > 3);
    assert.match(one.out, /^decision +\S/m);
    assert.match(one.out, /^\S+ +\| +sdp\.agreed leg 1 .* chosen=\S+.* \[m\d\/\d\]$/m);
    assert.match(one.out, /^\S+ +\| +call\.begun .* caller=alice/m);
    const none = await run(['call', 'f'.repeat(16)]);
    assert.deepEqual([none.code, none.out], [1, '']);
    assert.match(none.err, /^cordctl: .*\(404\)\n$/);
    // by the Call-ID of SIP, too
    const [, callid] = /^Call-ID +(\S+)$/m.exec(one.out);
    assert.match(await good(['call', callid]), new RegExp(`^call +${id}$`, 'm'));
    assert.equal((await json(['call', callid])).id, id);
    assert.equal((await run(['call', 'no-such-call'])).code, 1);

    // what was said of it, all at once and as it comes
    const said = await until(async () => {
      const out = await good(['trace', '--call', id]);
      return / ACK|^ACK /m.test(out) && out;
    }, 'the ACK is traced');
    assert.match(said, /^INVITE sip:echo@t\.test SIP\/2\.0$/m);
    assert.match(said, /^\S+Z in WSS 127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+ \[s1\/\d\]$/m);
    assert.ok(!/response="/.test(said));
    const follower = spawned(['trace', '-f', '--tenant', 'demo', '--user', 'alice'], { node: nodes[1] });
    let followed = '';
    follower.stdout.on('data', (data) => { followed += data; });
    await until(async () => {
      await alice.register();
      return /^REGISTER /m.test(followed);
    }, 'it follows');
    follower.kill();
    assert.ok(!/^INVITE /m.test(followed), 'from now on');
    assert.ok((await json(['trace', '--call', id])).messages.length > 3);
    await call.bye();
    const over = await until(async () => {
      const out = await good(['call', id]);
      return /^state +ended$/m.test(out) && /\| +call\.ended .*why=/.test(out) && out;
    }, 'it has ended');
    for (const shows of [/^tenant +demo$/m, /^started +\d{4}-/m, /^ended +\d{4}-/m, /^caller +alice$/m, /^callee +echo$/m, /^decision +\S/m]) assert.match(over, shows);
    const recent = await until(async () => lines(await good(['calls', '--recent'])).find((row) => row.startsWith(id)), 'it is listed');
    assert.match(recent, /^\S+ +\S+ +ended +demo +alice +echo +\d+\.\d s +hangup /);
    assert.match(lines(await good(['calls', '--state', 'all']))[0], /CALLEE +LASTED +REASON +MOS +MEDIA$/);
    // as many as are wanted, be it more than an answer holds
    assert.ok((await good(['trace', '--call', id, '--limit', '1000'])).length > 0);
    assert.equal((await good(['trace', '--call', id, '--limit', '2'])).match(/^\S+Z (in|out) /gm).length, 2);
  });

  test('an option that a command has no use for is refused, and what does not fit', async () => {
    for (const [args, why] of [[['tenants', '--tenant', 't0'], 'tenants takes no --tenant'], [['calls', '--agent', 'x'], 'calls takes no --agent'],
      [['nodes', '-f'], 'nodes takes no --follow'], [['hangup', '0123456789abcdef', '--tenant', 'demo'], 'hangup 0123456789abcdef takes no --tenant'],
      [['levels', '--node', 's1'], 'levels takes no --node'], [['reload', '--daemon', 'sigd'], 'reload takes no --daemon'],
      [['latency', '--tenant', 'demo', '--user', 'bob', '--limit', '1'], 'latency takes no --limit'], [['trace', '1', '-f'], 'trace 1 takes no --follow'],
      [['calls', '--recent', '--state', 'live'], '--recent is --state recent: one of them'],
      [['connections', '--search', 'x'.repeat(2100)], 'what is asked is too long'], [['call', 'x'.repeat(2100)], 'what is asked is too long'],
      [['hangup', '0123456789abcdef'.repeat(200)], 'what is asked is too long'], [['drain', 'x'.repeat(2100)], 'what is asked is too long'],
      [['log', '--tenant', 'demo', '--user', 'x'.repeat(2100)], 'what is asked is too long']]) {
      const no = await run(args);
      assert.deepEqual([no.code, no.out], [64, ''], `${args.join(' ').slice(0, 80)}: ${JSON.stringify(no)}`);
      assert.ok(no.err.startsWith(`cordctl: ${why}\n`), no.err);
    }
  });

  test('what is not all, or not right, is said, and is no success', async () => {
    const answers = { '/v1/calls/hangup': [202, { calls: 5000, within_ms: 51500, more: true }], '/v1/traces/messages': [200, { messages: [], gap: '2026-03-01T12:00:00Z', next: '1' }],
      '/v1/tenants': [400, { detail: 'No.', errors: [{ field: 'limit', detail: 'No.' }, { field: '#/a', text: 'Neither.' }] }] };
    const server = http.createServer((req, res) => {
      const [code, body] = answers[req.url.replace(/\?.*/, '')];
      res.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
    try {
      for (const [args, shown, said] of [[['hangup', '--tenant', 'demo'], /^5000 +51500 +yes$/m, 'there are more calls: ask again\n'],
        [['hangup', '--tenant', 'demo', '--json'], /"more":true/, 'there are more calls: ask again\n'],
        [['trace', '--tenant', 'demo', '--user', 'alice'], /^$/, 'more was said than can be followed: some is missing\n'],
        [['tenants'], /^$/, 'No. (400)\n  limit\n  #/a: Neither.\n']]) {
        const { code, out, err } = await run(args, { url: `http://127.0.0.1:${server.address().port}` });
        assert.deepEqual([code, err], [1, `cordctl: ${said}`], args.join(' '));
        assert.match(out, shown);
      }
    } finally {
      server.close();
    }
  });

  test('a name of dots is a name, and no way up', async () => {
    const asked = [];
    const server = http.createServer((req, res) => {
      asked.push(req.url);
      res.writeHead(404, { 'content-type': 'application/json' }).end('{"detail": "None."}');
    });
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
    try {
      for (const name of ['.', '..']) assert.equal((await run(['hangup', name], { url: `http://127.0.0.1:${server.address().port}` })).code, 1);
      assert.deepEqual(asked, ['/v1/calls/.', '/v1/calls/..']);
    } finally {
      server.close();
    }
  });

  test('what a call came to is told as far as it is known, and that not all is', async () => {
    const id = '0'.repeat(16);
    const answers = { '/v1/calls/sip-1/timeline': [200, { id, state: 'refused', caller: 'alice', callee: '1', decision: 'a\nb', items: [{ time: '2026-03-01T12:00:00.004Z', kind: 'call.refused', worker: 's1/0', data: { why: 'no-route' } }] }],
      [`/v1/calls/${id}`]: [200, { id, state: 'ended' }], '/v1/calls/2/timeline': [503, { detail: 'Not now.' }], '/v1/calls/2': [200, { id: '2', state: 'up', tenant: 'demo' }],
      '/v1/calls/3/timeline': [200, { id: '3', state: 'up', tenant: 'demo', items: [] }], '/v1/calls/3': [503, { detail: 'Not now.' }] };
    const server = http.createServer((req, res) => {
      const [code, body] = answers[req.url] ?? [404, { detail: 'None.' }];
      res.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
    const url = `http://127.0.0.1:${server.address().port}`;
    try {
      assert.equal(await good(['call', 'sip-1'], { url }), `call         ${id}\nstate        refused\ncaller       alice\ncallee       1\ndecision     a\n             b\n\n`
        + '12:00:00.004   |  call.refused  why=no-route  [s1/0]\n');
      for (const one of ['2', '3']) {
        const half = await run(['call', one], { url });
        assert.deepEqual([half.code, half.err], [69, 'cordctl: Not now. (503)\n']);
        assert.match(half.out, new RegExp(`^call +${one}\ntenant +demo\nstate +up\n`));
      }
    } finally {
      server.close();
    }
  });

  test('who follows stays when nobody answers for a while', async () => {
    const asked = [];
    const say = (after, text) => [200, { messages: text ? [{ time: 't', direction: 'in', text }] : [], gap: null, next: after }];
    const answers = [say('1', ''), say('2', 'one'), [503, { detail: 'Not now.' }], null, [429, { detail: 'Wait.' }, { 'retry-after': '3600' }], say('3', 'two')];
    const server = http.createServer((req, res) => {
      asked.push(new URL(req.url, 'http://x').searchParams.get('after'));
      const answer = answers[asked.length - 1];
      if (asked.length > answers.length) return;
      if (answer) res.writeHead(answer[0], { 'content-type': 'application/json', ...answer[2] }).end(JSON.stringify(answer[1]));
      else req.socket.destroy();
    });
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
    const follower = spawned(['trace', '-f', '--tenant', 'demo', '--user', 'alice'], { url: `http://127.0.0.1:${server.address().port}` });
    const ended = new Promise((done) => { follower.on('close', done); });
    let followed = '';
    follower.stdout.on('data', (data) => { followed += data; });
    try {
      await until(() => /^two$/m.test(followed), 'it has come back', 20000);
      assert.deepEqual(asked.slice(0, 6), [null, '1', '2', '2', '2', '2']);
      assert.match(followed, /^one$/m);
    } finally {
      follower.kill();
      await ended;
      server.closeAllConnections();
      server.close();
    }
    // who never got an answer does not wait for one
    assert.equal((await run(['trace', '-f', '--tenant', 'demo', '--user', 'alice'], { url: 'http://127.0.0.1:1' })).code, 69);
  });

  // whoever may register may write what he likes
  test('what strangers write moves no cursor and turns no text around', async () => {
    const steers = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
    const hostile = 'Phone\u009b2J\u202e\u2066gnp \u00e9';
    const dots = 'Phone.2J..gnp \u00e9';
    const ua = await Ua.open(nodes[0], { user: 'bob', domain: 't.test', transport: 'wss' });
    suite.uas.push(ua);
    assert.equal((await ua.register({ headers: [['User-Agent', hostile]] })).code, 200);
    const call = ua.call('echo', { headers: [['User-Agent', hostile], ['Subject', hostile]], user: 'bob' });
    assert.equal((await call.final).code, 200);
    const id = await until(async () => /^([0-9a-f]{16}) +\S+ +up +demo +bob/m.exec(await good(['calls']))?.[1], 'it is up');
    const said = await until(async () => {
      const out = await good(['trace', '--tenant', 'demo', '--user', 'bob']);
      return /^INVITE /m.test(out) && out;
    }, 'the INVITE is traced');
    assert.ok(said.includes(`User-Agent: ${dots}`), said);
    const registered = await good(['registrations', '--tenant', 'demo', '--user', 'bob']);
    assert.ok(registered.includes(dots), registered);
    const logged = await good(['log', '--tenant', 'demo', '--user', 'bob']);
    assert.ok(logged.includes(dots), logged);
    for (const out of [said, registered, logged, await good(['call', id]), await good(['calls'])]) assert.doesNotMatch(out, steers);
    await call.bye();
    await ua.register({ expires: 0 });
  });

  test('an answer that means harm is told without its sequences', async () => {
    const esc = '\u001b]0;x\u0007\u009b2J\u202e';
    const answers = { '/v1/nodes': [500, { detail: `no${esc}`, errors: [{ detail: esc }] }], '/v1/routes/explain': [200, { text: `way${esc}\nback\n` }],
      '/v1/calls/1': [200, { id: esc, state: esc, caller: { user: esc }, media: { legs: [{ profile: esc }] } }],
      '/v1/calls/1/timeline': [200, { verdict: { code: esc, sentence: esc, advice: esc },
        items: [{ time: esc, direction: 'in', line: esc, remote: esc }, { time: esc, kind: esc, leg: esc, worker: esc }] }] };
    const server = http.createServer((req, res) => {
      if (req.url.startsWith('/v1/calls/2')) { // a proxy on the way
        res.writeHead(502, { 'content-type': 'text/html' }).end('<html>Bad Gateway');
        return;
      }
      const [code, body] = answers[req.url.replace(/\?.*/, '')];
      res.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
    try {
      for (const [args, shown] of [[['nodes'], /^cordctl: no\.\]0;x\.\.2J\. \(500\)$/m], [['call', '1'], /^verdict +\.\]0;x\.\.2J\.: \.\]0/m],
        [['route', 'explain', '--api', '--callee', '1'], /^way\.\]0;x\.\.2J\.\nback\n$/]]) {
        const { out, err } = await run(args, { url: `http://127.0.0.1:${server.address().port}` });
        assert.match(out + err, shown);
        assert.doesNotMatch(out + err, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/, args.join(' '));
      }
      const { code, err } = await run(['call', '2'], { url: `http://127.0.0.1:${server.address().port}` });
      assert.deepEqual([code, err], [69, 'cordctl: it was refused (502)\n']);
    } finally {
      server.close();
    }
  });

  // more than an answer holds, of a Cordboard that has them
  test('a list comes with all its pages, or as many as it takes', async () => {
    const names = Array.from({ length: 250 }, (_, i) => ({ node: `n${i}`, daemon: 'sigd', state: 'serving', workers: [] }));
    const asked = [];
    const server = http.createServer((req, res) => {
      const { searchParams: query } = new URL(req.url, 'http://x');
      asked.push(query.get('limit'));
      const from = Number(query.get('cursor') ?? 0);
      // the first page is empty, and not the last
      const to = query.get('cursor') === null ? 0 : Math.min(from + Math.min(Number(query.get('limit') ?? 100), 100), names.length);
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ nodes: names.slice(from, to), next: to < names.length ? String(to) : null }));
    });
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
    const url = `http://127.0.0.1:${server.address().port}`;
    try {
      assert.deepEqual(lines(await good(['nodes'], { url })).slice(1).map((row) => row.split(' ')[0]), names.map((n) => n.node));
      assert.deepEqual(asked.splice(0), ['500', '500', '500', '500']);
      assert.equal(lines(await good(['nodes', '--limit', '130'], { url })).length, 131);
      assert.deepEqual(asked.splice(0), ['130', '130', '30']);
      assert.equal(lines(await good(['nodes', '--limit', '2000'], { url })).length, 251);
      assert.equal(asked.splice(0)[0], '500');
      const pages = lines(await good(['nodes', '--json'], { url })).map((line) => JSON.parse(line));
      assert.deepEqual(pages.flatMap((p) => p.nodes), names);
    } finally {
      server.close();
    }
    const no = await run(['nodes', '--limit', 'x']);
    assert.equal(no.code, 1);
    assert.match(no.err, /from 1 to 500/);
  });

  test('what comes with two pages is told once', async () => {
    const all = [['alice', 'i:1'], ['alice', 'i:2'], ['bob', 'i:1'], ['carol', 'i:1']].map(([user, device]) => ({ user, device, contact: 'sip:same', expires: '2026-12-24T17:00:00Z' }));
    const pages = { '': [all[0], all[1]], 1: [all[1], all[2]], 2: [all[0], all[3]] };
    const server = http.createServer((req, res) => {
      const cursor = new URL(req.url, 'http://x').searchParams.get('cursor') ?? '';
      res.end(JSON.stringify({ tenant: 'demo', registrations: pages[cursor], next: { '': '1', 1: '2' }[cursor] ?? null }));
    });
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
    const url = `http://127.0.0.1:${server.address().port}`;
    const users = async (...more) => lines(await good(['registrations', '--tenant', 'demo', ...more], { url })).slice(1).map((row) => row.split(' ')[0]);
    try {
      assert.deepEqual(await users(), ['alice', 'alice', 'bob', 'carol']);
      // of four that are wanted the fourth is on the third page
      assert.deepEqual(await users('--limit', '4'), ['alice', 'alice', 'bob', 'carol']);
    } finally {
      server.close();
    }
  });

  test('alarms, refused calls, traces and tenants', async () => {
    const at = Date.now();
    for (const [i, kind] of ['guessing', 'source-rate', 'guessing'].entries()) {
      await stack.redis.call('XADD', 'cb:alarms', `${at + i}-0`, 'kind', kind, 'worker', `s${i}/1`, 'load', '0', 'tenant', 'demo', 'name', `n${i}`, 'source', `192.0.2.${i}`, 'why', '');
    }
    const since = ['--since', new Date(at).toISOString()];
    const alarms = lines(await good(['alarms', ...since, '--kind', 'guessing', '--tenant', 'demo']));
    assert.match(alarms[0], /^TIME +KIND +TENANT +NAME +SOURCE +WORKER +WHY$/);
    assert.deepEqual(alarms.slice(1).map((row) => row.split(/ +/).slice(1, 6)), [['guessing', 'demo', 'n2', '192.0.2.2', 's2/1'], ['guessing', 'demo', 'n0', '192.0.2.0', 's0/1']]);
    const names = async (...args) => (await json(['alarms', ...since, ...args])).alarms.map((a) => a.name);
    assert.deepEqual(await names('--name', 'n1'), ['n1']);
    assert.deepEqual(await names('--source', '2.2'), ['n2']);
    assert.deepEqual(await names('--worker', 's0'), ['n0']);
    assert.deepEqual(await names('--until', new Date(at + 1).toISOString()), ['n1', 'n0']);
    assert.deepEqual(await names('--kind', 'guessing', '--limit', '1'), ['n2']);

    await stack.redis.call('XADD', 'cb:{m:demo}:refused', '*', 'callid', 'x-1', 'worker', 's1/0', 'from', 'pbx', 'caller', 'bob', 'callee', '0900', 'code', '403', 'why', 'no');
    await stack.redis.call('XADD', 'cb:{m:demo}:refused', '*', 'callid', 'x-2', 'worker', 's1/0', 'from', '', 'caller', 'eve', 'callee', '0901', 'code', '404', 'why', 'no');
    const refused = lines(await good(['refused', '--tenant', 'demo', ...since]));
    assert.match(refused[0], /^TIME +CODE +CALLER +CALLEE +BY +WORKER +CALL-ID$/);
    assert.match(refused[1], /^\S+ +404 +eve +0901 +- +s1\/0 +x-2$/);
    assert.match(refused[2], /^\S+ +403 +bob +0900 +pbx +s1\/0 +x-1$/);
    for (const [option, value] of [['caller', 'bob'], ['callee', '0900'], ['connection', 'pbx'], ['code', '403'], ['call-id', 'x-1']]) {
      assert.deepEqual((await json(['refused', '--tenant', 'demo', `--${option}`, value])).refused.map((r) => r.callid), ['x-1'], option);
    }

    const bob = await phone('bob', nodes[0]);
    const call = bob.call('echo');
    const { callid } = await call.final;
    await call.bye();
    const traced = new RegExp(`^([0-9a-f]{41}) +\\S+ +\\S+ +\\d+ +([0-9a-f]{16}) +demo/bob +${callid}$`, 'm');
    const traces = await until(async () => {
      const out = await good(['traces', '--tenant', 'demo', ...since]);
      return traced.test(out) && out;
    }, 'the call is traced');
    assert.match(lines(traces)[0], /^TRACE +BEGAN +LAST +MESSAGES +CALL +OF +CALL-ID$/);
    const [, id, of] = traced.exec(traces);
    assert.deepEqual((await json(['traces', '--call', of])).traces.map((t) => t.id), [id]);
    assert.deepEqual((await json(['traces', '--call-id', callid])).traces.map((t) => t.id), [id]);
    assert.ok((await json(['traces', '--tenant', 'demo', '--user', 'bob', ...since])).traces.some((t) => t.id === id));
    assert.match(await good(['trace', id]), /^INVITE sip:echo@t\.test SIP\/2\.0$/m);
    assert.equal((await json(['trace', id])).id, id);
    assert.equal((await run(['trace', '0'.repeat(41)])).code, 1);
    for (const [option, value] of [['number', 'bob'], ['call-id', callid], ['reason', 'hangup']]) {
      await until(async () => (await json(['calls', '--recent', `--${option}`, value])).calls.some((c) => c.id === of), option);
      assert.equal((await json(['calls', '--recent', `--${option}`, 'none'])).calls.length, 0);
    }
    assert.ok((await json(['registrations', '--tenant', 'demo', '--address', '127.0.0.1', '--user', 'bob'])).registrations.length > 0);
    assert.deepEqual((await json(['registrations', '--tenant', 'demo', '--agent', 'no such phone'])).registrations, []);
    assert.equal((await json(['connections', '--kind', 'trunk', '--search', 'pbx'])).connections.length, 1);
    assert.equal((await json(['connections', '--kind', 'inbound', '--search', 'pbx'])).connections.length, 0);
    assert.deepEqual((await json(['nodes', '--daemon', 'mediad'])).nodes.map((n) => n.node), ['m1', 'm2']);
    assert.deepEqual((await json(['nodes', '--state', 'lost'])).nodes, []);
    assert.match(await good(['tenants']), /^TENANT +USERS +CONNECTIONS +ROUTES +CALLS +OF +PER SECOND +OF\ndemo +\d+ +\d+ +\d+ /);
    await bob.register({ expires: 0 });
  });

  test('connections, logs and round trips', async () => {
    const rows = lines(await until(async () => {
      const out = await good(['connections', '--tenant', 'demo']);
      return /^pbx +trunk +down /m.test(out) && out;
    }, 'the connection is down'));
    assert.match(rows[0], /^CONNECTION +KIND +STATE/);
    assert.equal((await json(['connections', '--tenant', 'demo'])).tenant ?? 'demo', 'demo');
    assert.match(await good(['log', '--tenant', 'demo', '--connection', 'pbx']), / down +1 +no answer|down +1/);
    const bob = await phone('bob', nodes[1]);
    assert.match(await good(['log', '--tenant', 'demo', '--user', 'bob']), /registered|moved|refreshed/);
    assert.ok((await json(['log', '--tenant', 'demo', '--user', 'bob', '--limit', '1'])).entries.length === 1);
    assert.match(await good(['latency', '--tenant', 'demo', '--user', 'bob']), /^MINUTE +OF +MIN/);
    assert.ok(Array.isArray((await json(['latency', '--tenant', 'demo', '--connection', 'pbx'])).series));
    await bob.register({ expires: 0 });
  });

  test('what logs say is changed for a while, and back', async () => {
    const rows = lines(await good(['levels']));
    assert.match(rows[0], /^NODE +DAEMON +LEVEL +FORCED +UNTIL +AREAS +CALL$/);
    assert.deepEqual(rows.slice(1).map((row) => row.split(/ +/).slice(0, 4)), [['m1', 'mediad', 'debug', 'no'], ['m2', 'mediad', 'debug', 'no'], ['s1', 'sigd', 'debug', 'no'], ['s2', 'sigd', 'debug', 'no']]);
    const set = ['levels', 'warn', '--node', 's1', '--daemon', 'sigd', '--for', '10m', '--area', 'sigd/proxy=info', '--area', 'sigd/journal=error', '--call', '0123456789abcdef'];
    const said = lines(await good(set));
    assert.equal(said.length, 2);
    assert.match(said[1], /^s1 +sigd +warn +yes +\S+ +sigd\/proxy=info sigd\/journal=error +0123456789abcdef$/);
    const { nodes: all } = await json(['levels'], { node: nodes[1] });
    assert.deepEqual(all.filter((n) => n.forced).map((n) => n.node), ['s1']);
    assert.deepEqual(all.find((n) => n.forced).areas, [{ area: 'sigd/proxy', level: 'info' }, { area: 'sigd/journal', level: 'error' }]);
    assert.equal((await json(['levels', 'default'])).nodes.filter((n) => n.forced).length, 0);
    const no = await run(['levels', 'loud']);
    assert.equal(no.code, 1);
    assert.match(no.err, /^cordctl: .*\(422\)/);
    assert.match((await run(['levels', 'info', '--area', 'sigd'])).err, /\(422\)/);
    assert.equal((await run(['levels', 'info', ...Array(9).fill(['--area', 'sigd=info']).flat()])).code, 64);
  });

  test('files are loaded anew, and what is wrong with them is said', async () => {
    const file = stack.file('routing.yaml');
    const text = fs.readFileSync(file, 'utf8');
    const rows = lines(await good(['reload']));
    assert.match(rows[0], /^WORKER +STATE +VERSION +LOADED$/);
    assert.deepEqual(rows.slice(1).map((row) => row.split(/ +/).slice(0, 2)), [['s1/1', 'loaded'], ['s1/2', 'loaded']]);
    fs.writeFileSync(file, `${text}nonsense: 1\n`);
    const no = await run(['reload']);
    fs.writeFileSync(file, text);
    assert.equal(no.code, 1);
    assert.match(no.err, /nonsense/);
    assert.equal((await json(['reload'])).workers.length, 2);
    assert.match(await good(['reload', 'm2']), /^m2 +mediad +serving /m);
    await until(() => stack.log('mediad2.log').includes('msg=reloaded'), 'it did so');
    assert.equal((await json(['reload', 's2', '--daemon', 'sigd'])).nodes[0].node, 's2');
    assert.equal((await run(['reload', 'm2', '--daemon', 'sigd'])).code, 1);
  });

  test('a connection is taken out and back, and registers anew', async () => {
    const office = ['--tenant', 'demo', '--connection', 'office'];
    const rows = lines(await good(['force', 'drain', ...office, '--reason', 'new firmware', '--by', 'anna']));
    assert.match(rows[0], /^CONNECTION +KIND +STATE/);
    assert.match(rows[1], /^office +register +draining .* new firmware$/);
    const { state } = (await json(['connections', '--search', 'office'], { node: nodes[1] })).connections[0];
    assert.deepEqual([state.forced, state.reason, state.on_behalf_of], [true, 'new firmware', 'anna']);
    for (const [word, is] of [['down', 'forced'], ['up', 'up']]) assert.equal((await json(['force', word, ...office])).state.state, is);
    assert.equal((await json(['force', 'auto', ...office])).state.forced, false);
    assert.equal((await run(['force', 'sideways', ...office])).code, 1);
    assert.equal((await run(['force', 'up', '--tenant', 'demo', '--connection', 'none'])).code, 1);
    const tried = async () => (await json(['log', ...office])).entries.reduce((n, e) => n + e.count, 0);
    const before = await tried();
    assert.match(await good(['register', ...office]), /^TENANT +REGISTERS ANEW\ndemo +office\n$/);
    assert.deepEqual(await json(['register', ...office]), { tenant: 'demo', name: 'office' });
    await until(async () => await tried() > before, 'it is tried anew');
    assert.match((await run(['register', '--tenant', 'demo', '--connection', 'pbx'])).err, /We do not register there\. \(409\)/);
    for (const args of [['force', ...office], ['force', 'up', '--tenant', 'demo'], ['register', '--connection', 'office']]) assert.equal((await run(args)).code, 64, args.join(' '));
  });

  test('a device is disconnected, and a user unregistered', async () => {
    const who = ['--tenant', 'demo', '--user', 'carol'];
    const devices = async () => (await json(['registrations', ...who])).registrations.map((r) => r.device);
    const one = await phone('carol', nodes[0], 'wss');
    const [device] = await devices();
    assert.match(await good(['disconnect', ...who, '--device', device], { node: nodes[1] }), /^UNREGISTERED +DISCONNECTED +FLOW +DEVICE\nno +yes +s1\//);
    await until(() => one.gone, 'it is closed');
    await until(async () => (await devices()).length === 0, 'it has gone');
    const two = await phone('carol', nodes[0], 'wss');
    const three = await phone('carol', nodes[1], 'wss');
    const [first] = await devices();
    assert.match(await good(['unregister', ...who, '--device', first]), /^UNREGISTERED .*\nyes +no +s[12]\/.*\n$/);
    assert.equal((await devices()).length, 1);
    assert.ok(!two.gone && !three.gone);
    const all = (await json(['unregister', ...who, '--disconnect'])).devices;
    assert.deepEqual(all.map((d) => [d.unregistered, d.disconnected]), [[true, true]]);
    await until(() => two.gone !== three.gone, 'that one is closed');
    assert.deepEqual(await devices(), []);
    assert.match((await run(['unregister', ...who])).err, /There is no such registration\. \(404\)/);
    for (const args of [['unregister', '--tenant', 'demo'], ['disconnect', ...who]]) assert.equal((await run(args)).code, 64, args.join(' '));
    const long = await run(['unregister', '--tenant', 'demo', '--user', 'x'.repeat(3000)]);
    assert.deepEqual([long.code, long.out], [64, '']);
    assert.match(long.err, /a name is too long/);
  });

  test('a recording is paused and goes on', async () => {
    const carol = await phone('carol', nodes[0]);
    const alice = await phone('alice', nodes[0]);
    const call = carol.call('alice');
    const rung = await alice.incoming();
    rung.answer();
    assert.equal((await call.final).code, 200);
    await rung.up();
    const id = await until(async () => /^([0-9a-f]{16}) +\S+ +up +demo +carol/m.exec(await good(['calls']))?.[1], 'it is up');
    await until(async () => (await run(['pause', id])).code === 0, 'it is recorded');
    assert.equal(await good(['pause', id]), `${id} recording paused\n`);
    assert.equal(await good(['resume', id], { node: nodes[1] }), `${id} recording on\n`);
    assert.deepEqual(await json(['pause', id]), { recording: 'paused' });
    await call.bye();
    await until(async () => (await run(['pause', id])).code === 1, 'it is over');
    assert.equal((await run(['resume'])).code, 64);
  });

  test('where a number would go', async () => {
    const question = ['route', 'explain', '--api', '--tenant', 'demo', '--caller', 'alice', '--callee', '0123'];
    assert.match(await good(question), /pbx/);
    const { plan, version } = await json(question);
    assert.ok(plan && version);
    const wrong = await run(['route', 'explain', '--api', '--tenant', 'nobody', '--callee', '1']);
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /^cordctl: /);
  });

  test('the token is that of a file, or of the environment; without one nothing is told', async () => {
    fs.writeFileSync(stack.file('token'), `${TOKEN}\n`, { mode: 0o600 });
    await good(['nodes', '--token-file', stack.file('token')], { token: 'not-this-one' });
    for (const token of ['', 'wrong']) {
      const no = await run(['nodes'], { token });
      assert.equal(no.code, 77, JSON.stringify(no));
      assert.match(no.err, /^cordctl: .*\(401\)/);
      assert.equal(no.out, '');
    }
    assert.equal((await run(['nodes', '--token-file', stack.file('none')])).code, 66);
  });

  test('certificates are checked', async () => {
    const server = https.createServer({ key: fs.readFileSync(stack.file('tls.key')), cert: fs.readFileSync(stack.file('tls.pem')) },
      (req, res) => res.end(JSON.stringify({ nodes: [{ node: req.headers.authorization }] })));
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
    const url = `https://127.0.0.1:${server.address().port}/`;
    try {
      const no = await run(['nodes'], { url });
      assert.equal(no.code, 69);
      assert.match(no.err, /certificate/i);
      assert.match(await good(['nodes', '--ca', stack.file('tls.pem'), '--url', url], { url: 'http://127.0.0.1:1' }), new RegExp(`^Bearer ${TOKEN}`, 'm'));
    } finally {
      server.close();
    }
  });

  test('nobody is there, and what is no command', async () => {
    const away = await run(['nodes'], { url: 'http://127.0.0.1:1' });
    assert.equal(away.code, 69);
    assert.match(away.err, /^cordctl: http:\/\/127\.0\.0\.1:1\/v1\/nodes\?limit=500: /);
    for (const args of [['callz'], ['call'], ['nodes', 'x'], ['calls', '--tenand', 'x'], ['registrations'], ['trace'], ['log', '--tenant', 'x'], ['drain']]) {
      const no = await run(args);
      assert.equal(no.code, 64, args.join(' '));
      assert.match(no.err, /^cordctl: /);
    }
    assert.match((await run(['callz'])).err, /did you mean calls\?/);
    assert.equal((await run(['nodes'], { url: 'file:///etc/passwd' })).code, 69);
  });

  // these nodes have no tunnel to each other, so one is left to say BYE
  test('a call is hung up', async () => {
    await nodes[1].stop();
    const alice = await phone('alice', nodes[0], 'wss');
    for (const json of [false, true]) {
      const call = alice.call('echo');
      assert.equal((await call.final).code, 200);
      const id = await until(async () => /^([0-9a-f]{16}) +\S+ +up /m.exec(await good(['calls']))?.[1], 'it is up');
      const out = await good(['hangup', id, ...json ? ['--json'] : []]);
      if (json) JSON.parse(out || '{}');
      else assert.match(out, new RegExp(`^${id} ends$`, 'm'));
      await call.ended();
      await until(async () => !(await good(['calls'])).includes(id), 'it is gone');
      await until(async () => new RegExp(`^${id} +\\S+ +ended +demo +alice`, 'm').test(await good(['calls', '--recent'])), 'it was');
    }
    assert.equal((await run(['hangup', 'f'.repeat(16)])).code, 1);
    assert.equal((await run(['hangup'])).code, 64);
  });

  test('all calls of a user are hung up', async () => {
    const alice = await phone('alice', nodes[0], 'wss');
    const bob = await phone('bob', nodes[0], 'wss');
    const calls = [];
    for (const ua of [alice, alice, bob]) {
      calls.push(ua.call('echo'));
      assert.equal((await calls.at(-1).final).code, 200);
    }
    assert.match(await good(['hangup', '--tenant', 'demo', '--user', 'alice']), /^ENDING +WITHIN MS +MORE\n2 +\d+ +no\n$/);
    await Promise.all([calls[0].ended(), calls[1].ended()]);
    assert.equal((await json(['calls'])).calls.length, 1);
    assert.equal((await json(['hangup', '--tenant', 'demo', '--connection', 'pbx'])).calls, 0);
    assert.equal((await json(['hangup', '--tenant', 'demo'])).calls, 1);
    await calls[2].ended();
  });

  test('the manual, the completion and --help name every command and option', async () => {
    const read = (file) => fs.readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    const source = read('sigd/cordctl/cordctl_remote.c');
    const man = read('docs/man/cordctl.1');
    const completion = read('deploy/cordctl.bash');
    const help = await good(['--help']);
    const commands = [...source.matchAll(/^\t\{"([a-z]+)", cordctl_remote_/gm)].map(([, name]) => name);
    const options = [...source.matchAll(/^\t\{"([a-z-]+)", (?:required|no)_argument/gm)].map(([, name]) => name);
    assert.ok(commands.length >= 23 && options.length >= 37, `${commands.length}, ${options.length}`);
    for (const name of commands) {
      assert.match(man, new RegExp(`^\\.(It )?Cm ${name}\\b`, 'm'), name);
      assert.match(completion, new RegExp(`\\b${name}\\b`), name);
      assert.match(help, new RegExp(`\\b${name}\\b`), name);
    }
    for (const name of options) {
      assert.match(man, new RegExp(`Fl -${name.replace('-', '.')}\\b`), name);
      assert.match(completion, new RegExp(`--${name}[ ']`), name);
      assert.match(help, new RegExp(`--${name}[ ,.;\n]`), name);
    }
  });
});
