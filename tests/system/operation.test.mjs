// Start, reload and end of the real daemons, as an operator sees them.
// SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { B, EXIT_ADDRESS, Stack, until } from './lib/stack.mjs';
import { Ua } from './lib/sip.mjs';
import { Suite, tenants } from './lib/suite.mjs';

const EXIT_USAGE = 64;
const EXIT_CONFIG = 78;

// Ends by itself: { code, text } of both outputs.
function run(daemon, ...args) {
  return new Promise((done) => {
    const child = spawn(path.join(B, daemon), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { text += data; });
    child.on('close', (code, signal) => done({ code: signal ?? code, text }));
  });
}

const get = (port, what) => fetch(`http://127.0.0.1:${port}/${what}`).then(async (r) => ({ status: r.status, text: await r.text() }));

// What a log says from now on.
function listen(stack, name) {
  const from = stack.log(`${name}.log`).length;
  return (pattern) => until(() => stack.log(`${name}.log`).slice(from).split('\n').find((l) => pattern.test(l)), `${name} says ${pattern}`);
}

describe('start', { timeout: 120000 }, () => {
  const stack = new Stack({ routing: tenants(1) });
  after(() => stack.stop());

  test('without Redis both daemons say so, wait, and serve when it is there', async () => {
    await stack.write();
    stack.startMediad();
    stack.startSigd();
    for (const [name, port] of [['sigd', stack.sigdAdmin], ['mediad', stack.mediadAdmin]]) {
      await until(() => get(port, 'healthz').then((r) => r.status === 200, () => false), `${name} lives`);
      const ready = await get(port, 'readyz');
      assert.equal(ready.status, 503);
      assert.equal(JSON.parse(ready.text).redis, false);
      assert.equal((await get(port, 'metrics')).status, 200);
      for (const slot of [1, 2]) {
        await until(() => stack.log(`${name}.log`).split('\n').some((l) => l.includes(`proc=${name}/${slot} `)
          && l.includes('lvl=warn') && /redis (cannot be used|not reachable): retrying/.test(l)
          && l.includes(stack.file('r.sock'))), `${name}/${slot} says where it looks for Redis`);
      }
      assert.equal(stack.procs.get(name).code, undefined);
    }
    await stack.startRedis();
    await stack.ready(stack.mediadAdmin, 'mediad');
    await stack.ready(stack.sigdAdmin, 'sigd');
    const alice = await Ua.open(stack, { user: 'alice', domain: 't0.test' });
    assert.equal((await alice.register()).code, 200);
    // sigd looks for media workers once a second
    const call = await until(async () => {
      const next = alice.call('echo');
      return (await next.final).code === 200 && next;
    }, 'a call is answered');
    await call.bye();
    alice.close();
    await stack.audit();
  });
});

describe('operation', { timeout: 240000 }, () => {
  const suite = new Suite();
  const { stack } = suite;
  before(() => suite.start());
  afterEach(async () => {
    suite.hangUp();
    await stack.audit();
  });
  after(() => suite.stop());

  // Another configuration of a daemon, with other ports, changed by edit().
  async function configured(name, edit = (text) => text) {
    const other = new Stack({ routing: tenants(1) });
    await other.write();
    const file = other.file(`${name}.yaml`);
    fs.writeFileSync(file, edit(fs.readFileSync(file, 'utf8'), other));
    return { other, file };
  }

  test('health, readiness and metrics are there, and nothing else', async () => {
    for (const [port, prefix] of [[stack.sigdAdmin, 'cordboard_sig_'], [stack.mediadAdmin, 'cordboard_media_']]) {
      assert.deepEqual(await get(port, 'healthz'), { status: 200, text: 'ok\n' });
      assert.equal(JSON.parse((await get(port, 'readyz')).text).ready, true);
      // workers say their figures every two seconds
      let metrics;
      await until(async () => {
        metrics = await get(port, 'metrics');
        return metrics.text.includes(prefix);
      }, `figures of ${prefix}`);
      assert.equal(metrics.status, 200);
      for (const line of metrics.text.trim().split('\n')) {
        assert.match(line, /^(# (HELP|TYPE) [a-z0-9_]+ .*|[a-z0-9_]+(\{[^}]*\})? -?[0-9.e+]+)$/);
      }
      assert.equal((await get(port, 'nothing')).status, 404);
      assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`, { method: 'POST' })).status, 405);
    }
  });

  const ports = [
    ['sigd', 'listener wss', 'wssPort', 'tcp', 'sigd.yaml'], ['sigd', 'listener ws', 'wsPort', 'tcp', 'sigd.yaml'],
    ['sigd', 'listener udp', 'udpPort', 'udp', 'sigd.yaml'], ['sigd', 'listener admin', 'sigdAdmin', 'tcp', 'admin.bind'],
    ['mediad', 'listener admin', 'mediadAdmin', 'tcp', 'admin.bind'],
    ['mediad', 'listener lo', 'mediaPort', 'udp', 'browser_port_base'],
  ];
  for (const [daemon, listener, port, proto, hint] of ports) {
    test(`${daemon}: when the port of ${listener} is in use it says which, and how to choose another`, async () => {
      const { other, file } = await configured(daemon);
      const number = other[port] ?? Number(fs.readFileSync(file, 'utf8').match(/browser_port_base: (\d+)/)[1]);
      const holder = proto === 'tcp' ? net.createServer() : createSocket('udp4');
      await new Promise((done) => {
        if (proto === 'tcp') holder.listen(number, '127.0.0.1', done);
        else holder.bind(number, '127.0.0.1', done);
      });
      const { code, text } = await run(daemon, '-c', file);
      await new Promise((done) => { holder.close(done); });
      await other.stop();
      assert.equal(code, EXIT_ADDRESS);
      const line = text.split('\n').find((l) => l.includes('in use'));
      for (const word of [listener, `127.0.0.1:${number}/${proto}`, 'in use by another program', hint]) {
        assert.ok(line.includes(word), `"${line}" names ${word}`);
      }
    });
  }

  test('--check prints what is in effect, without secrets', async () => {
    for (const daemon of ['sigd', 'mediad']) {
      const { code, text } = await run(daemon, '-c', stack.file(`${daemon}.yaml`), '--check');
      assert.equal(code, 0);
      assert.match(text, /^workers: 2$/m);
      assert.match(text, /^stall: 2s$/m, 'with defaults');
      assert.ok(!text.includes('token-of-the-tests'));
    }
  });

  const mistakes = [
    ['sigd', /workers: 2/, 'wrokers: 2', /sigd\.yaml:2:1: unknown key "wrokers".*did you mean "workers"/],
    ['sigd', /workers: 2/, 'workers: many', /sigd\.yaml:2:10: /],
    ['sigd', /run_dir: .*/, 'run_dir: [', /sigd\.yaml:\d+:\d+: /],
    ['sigd', /keys: keys/, 'keys: nowhere', /nowhere/],
    ['sigd', /certificate: .*/, '', /certificate and private_key go together/],
    ['mediad', /node: m1/, 'node: Über', /mediad\.yaml:1:7: /],
    ['mediad', /srtp: .*|drain: .*/, 'drain: soon', /mediad\.yaml:\d+:8: /],
    ['mediad', /keys: keys/, 'keys: nowhere', /nowhere/],
  ];
  for (const [daemon, what, becomes, says] of mistakes) {
    test(`${daemon} refuses "${becomes || `no ${what.source.split(':')[0]}`}", to check and to start`, async () => {
      const { other, file } = await configured(daemon, (text) => text.replace(what, becomes));
      for (const args of [['--check'], []]) {
        const { code, text } = await run(daemon, '-c', file, ...args);
        assert.equal(code, EXIT_CONFIG);
        assert.match(text, says);
      }
      await other.stop();
    });
  }

  test('sigd --check tells every mistake of the routing table by line and column', async () => {
    const { other, file } = await configured('sigd');
    fs.writeFileSync(other.file('routing.yaml'), tenants(20).replaceAll('max_devices: 2', 'max_devices: two'));
    const { code, text } = await run('sigd', '-c', file, '--check');
    await other.stop();
    assert.equal(code, EXIT_CONFIG);
    assert.equal([...text.matchAll(/routing\.yaml:\d+:50: /g)].length, 20, text.slice(0, 400));
  });

  test('what is not an option is answered with the usage', async () => {
    for (const daemon of ['sigd', 'mediad']) {
      for (const args of [[], ['--nothing'], ['-c', 'x', 'y']]) {
        const { code, text } = await run(daemon, ...args);
        assert.equal(code, EXIT_USAGE);
        assert.match(text, /usage: /);
      }
      assert.equal((await run(daemon, '-V')).code, 0);
    }
  });

  test('SIGHUP: a new routing table serves the next request, in every worker, and calls go on', async () => {
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.phone('alice'), await tenant.phone('bob', { transport: 'ws' })];
    const out = alice.call('bob');
    const into = await bob.incoming();
    into.answer();
    assert.equal((await out.final).code, 200);
    assert.equal((await alice.call('news').final).code, 404);

    const file = stack.file('routing.yaml');
    const old = fs.readFileSync(file, 'utf8');
    fs.writeFileSync(file, old.replaceAll('callee: "tone"', 'callee: "tone|news"'));
    const says = listen(stack, 'sigd');
    stack.procs.get('sigd').kill('SIGHUP');
    for (const slot of [1, 2]) await says(new RegExp(`proc=sigd/${slot} .*loaded anew`));
    for (const ua of [alice, bob]) {
      const news = ua.call('news');
      assert.equal((await news.final).code, 200);
      assert.equal((await news.bye()).code, 200);
    }
    assert.equal((await out.within('INFO')).code, 200);
    assert.equal((await out.bye()).code, 200);

    fs.writeFileSync(file, old);
    const again = listen(stack, 'sigd');
    stack.procs.get('sigd').kill('SIGHUP');
    for (const slot of [1, 2]) await again(new RegExp(`proc=sigd/${slot} .*loaded anew`));
    assert.equal((await alice.call('news').final).code, 404);
  });

  test('SIGHUP: a bad routing table changes nothing and is told by line and column', async () => {
    const alice = await suite.tenant().ua('alice');
    const file = stack.file('routing.yaml');
    const old = fs.readFileSync(file, 'utf8');
    for (const [bad, at] of [[old.replace('alice: {password', 'alice: {pasword'), /routing\.yaml:6:15: unknown key/],
      [old.replace('callee: "tone"', 'callee: "tone("'), /routing\.yaml:13:\d+: /],
      [`${old}\n  t0: {}\n`, /routing\.yaml:\d+:3: /], ['tenants: [', /routing\.yaml:\d+:\d+: /]]) {
      fs.writeFileSync(file, bad);
      const says = listen(stack, 'sigd');
      stack.procs.get('sigd').kill('SIGHUP');
      assert.match(await says(/lvl=error .*routing table cannot be used/), at);
      await says(/the new configuration is not used/);
      const call = alice.call('tone');
      assert.equal((await call.final).code, 200);
      assert.equal((await call.bye()).code, 200);
    }
    // the end of a call is written just after the 200 to its BYE
    await stack.audit();
    // a worker that starts while the file is bad has what the others have
    const before = stack.workers('sigd');
    process.kill(before[1], 'SIGKILL');
    await until(() => stack.workers('sigd')[1] && stack.workers('sigd')[1] !== before[1], 'the worker lives again');
    for (let i = 0; i < 8; i++) {
      const ua = await suite.tenant().ua('alice');
      assert.equal((await ua.register()).code, 200);
    }
    assert.equal(stack.procs.get('sigd').code, undefined);
    fs.writeFileSync(file, old);
  });

  test('SIGUSR1 and SIGUSR2 turn the log to debug and back', async () => {
    const { other, file } = await configured('sigd', (text, o) => text.replace('log_level: debug', 'log_level: info')
      .replaceAll(o.file('r.sock'), stack.file('r.sock')).replace('node: s1', 'node: s9'));
    other.run('sigd', path.join(B, 'sigd'), ['-c', file]);
    await other.ready(other.sigdAdmin, 'sigd');
    const ua = await Ua.open(other, { user: 'alice', domain: 't0.test' });
    const lines = () => other.log('sigd.log').split('\n').filter((l) => l.includes('lvl=debug')).length;
    await ua.register();
    assert.equal(lines(), 0);
    other.procs.get('sigd').kill('SIGUSR1');
    await until(async () => { await ua.register(); return lines() > 0; }, 'debug is written');
    other.procs.get('sigd').kill('SIGUSR2');
    await until(async () => {
      const was = lines();
      await ua.register();
      return lines() === was;
    }, 'and no more');
    ua.close();
    await other.stop();
    assert.equal(other.procs.get('sigd').code, 0);
  });
});

describe('the end', { timeout: 240000 }, () => {
  let suite;
  afterEach(async () => {
    suite.hangUp();
    await suite.stack.stop();
  });

  const begin = async (options) => {
    suite = new Suite(options);
    await suite.start();
    return suite.stack;
  };

  test('SIGTERM to sigd: what rings may be answered, new work is 503, dialogs are served, then it ends with 0', async () => {
    const stack = await begin({ sigd: 'drain: 20s\n' });
    const tenant = suite.tenant();
    const [alice, bob, carol] = [await tenant.phone('alice'), await tenant.phone('bob'), await tenant.phone('carol', { transport: 'ws' })];
    const up = alice.call('bob');
    const first = await bob.incoming();
    first.answer();
    await up.final;
    const [ringing, waiting] = [alice.call('carol'), alice.call('carol')];
    const [into, other] = [await carol.incoming(), await carol.incoming()];
    for (const call of [into, other]) call.ring();
    for (const call of [ringing, waiting]) await call.ringing();

    stack.procs.get('sigd').kill('SIGTERM');
    const refused = await until(async () => {
      const next = alice.call('echo');
      const res = await next.final;
      if (res.code === 200) await next.bye();
      return res.code === 503 && res;
    }, 'new calls are refused');
    assert.match(refused.why, /draining/);
    assert.ok(Number(refused.get('retry-after')) > 0);
    assert.equal((await alice.register()).code, 503);
    assert.equal((await alice.request('OPTIONS', `sip:${tenant.domain}`)).code, 503);
    await assert.rejects(tenant.ua('dave', { transport: 'ws' }), /ECONNREFUSED/, 'no new connections');

    assert.equal((await up.bye()).code, 200);
    await first.ended();
    const [mine, its] = into.invited.callid === ringing.callid ? [into, other] : [other, into];
    mine.answer();
    assert.equal((await ringing.final).code, 200);
    await mine.up();
    assert.equal((await ringing.bye()).code, 200);
    await mine.ended();
    // the last thing that it waits for
    assert.equal(stack.procs.get('sigd').code, undefined);
    its.reject(486);
    assert.equal((await waiting.final).code, 486);
    assert.equal(await stack.procs.get('sigd').exited, 0);
    assert.match(stack.log('sigd.log'), /proc=sigd msg=stopped/);
  });

  test('SIGTERM to sigd: what still rings when its time is over is 503, and the device stops', async () => {
    const stack = await begin({ sigd: 'drain: 500ms\n' });
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob')];
    const call = alice.call('bob');
    const into = await bob.incoming();
    into.ring();
    await call.ringing();
    stack.procs.get('sigd').kill('SIGTERM');
    const res = await call.final;
    assert.equal(res.code, 503);
    assert.match(res.why, /draining/);
    await until(() => into.cancelled, 'CANCEL');
    assert.equal(await stack.procs.get('sigd').exited, 0);
    suite.hangUp();
    await stack.audit();
  });

  test('SIGTERM to mediad: its calls go on, new ones go to another node, and it ends with its last call', async () => {
    const stack = await begin({ drain: '60s' });
    const tenant = suite.tenant();
    const alice = await tenant.ua('alice');
    const old = alice.call('echo');
    assert.equal((await old.final).code, 200);

    const admin = await new Promise((done) => {
      const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => done(port));
      });
    });
    await stack.writeMediad('mediad2', 'm2', admin);
    stack.startMediad({}, 'mediad2');
    await stack.ready(admin, 'mediad2');
    stack.procs.get('mediad').kill('SIGTERM');
    await until(async () => (await get(stack.mediadAdmin, 'readyz')).status === 503, 'it is not ready any more');
    // what a heartbeat says sigd reads a second later
    const media = () => stack.log('sigd.log').split('\n').filter((l) => l.includes('call begins')).pop().match(/media=(\S+)/)[1];
    await until(async () => {
      const next = alice.call('echo');
      const res = await next.final;
      assert.ok([200, 503].includes(res.code), `${res.code}`);
      if (res.code !== 200) return false;
      await next.bye();
      return media().startsWith('m2/');
    }, 'calls go to the other node');
    for (let i = 0; i < 10; i++) {
      const next = alice.call('echo');
      assert.equal((await next.final).code, 200);
      assert.match(media(), /^m2\//);
      await next.bye();
    }
    assert.equal(stack.procs.get('mediad').code, undefined, 'the call holds it');
    assert.equal((await old.bye()).code, 200);
    assert.equal(await stack.procs.get('mediad').exited, 0);
  });

  test('SIGTERM to mediad: when its time is over both sides of its calls are told', async () => {
    const stack = await begin({ drain: '300ms' });
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob')];
    const call = alice.call('bob');
    const into = await bob.incoming();
    into.answer();
    await call.final;
    stack.procs.get('mediad').kill('SIGTERM');
    await Promise.all([call.ended(), into.ended()]);
    assert.equal(await stack.procs.get('mediad').exited, 0);
    suite.hangUp();
    // sigd asks the worker that is gone to drop the session, for 10 s
    await stack.audit(20000);
  });

  test('SIGTERM to mediad: the end of a recording is told, though the disk is slow', async () => {
    const stack = await begin({ drain: '300ms', env: { CORDBOARD_FAULT: 'tap.close=delay:7000' },
      routing: tenants().replaceAll('realm: cordboard', 'realm: cordboard\n    record: always'),
      mediad: 'recording: {dir: rec, format: wav, min_free: 0}\n' });
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob')];
    const call = alice.call('bob');
    const into = await bob.incoming();
    into.answer();
    await call.final;
    await until(() => fs.existsSync(stack.file('rec')), 'it is being recorded');
    stack.procs.get('mediad').kill('SIGTERM');
    await Promise.all([call.ended(), into.ended()]);
    assert.equal(await stack.procs.get('mediad').exited, 0);
    const facts = await stack.redis.call('XRANGE', 'cb:facts', '-', '+');
    assert.ok(facts.some(([, f]) => f.includes('recording.ended') && f.some((v) => /end=whole/.test(v))), 'it is told');
    suite.hangUp();
    await stack.audit(20000);
  });

  test('a second SIGTERM ends a daemon at once', async () => {
    const stack = await begin({ drain: '60s', sigd: 'drain: 60s\n' });
    const tenant = suite.tenant();
    const [alice, bob] = [await tenant.ua('alice'), await tenant.phone('bob')];
    const call = alice.call('bob', { limit: 500 });
    (await bob.incoming()).ring();
    await call.ringing();
    for (const name of ['sigd', 'mediad']) {
      const says = listen(stack, name);
      stack.procs.get(name).kill('SIGTERM');
      await says(/msg=stopping/);
      stack.procs.get(name).kill('SIGTERM');
      assert.equal(await stack.procs.get(name).exited, 0);
    }
  });

  test('a daemon whose parent is killed leaves no process behind', async () => {
    const stack = await begin();
    for (const name of ['sigd', 'mediad']) {
      const workers = Object.values(stack.workers(name));
      assert.equal(workers.length, 2);
      stack.procs.get(name).kill('SIGKILL');
      await stack.procs.get(name).exited;
      await until(() => workers.every((pid) => !fs.existsSync(`/proc/${pid}`)), `the workers of ${name} end`);
    }
  });
});
