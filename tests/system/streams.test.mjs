// SIP over TCP and TLS with Debian's baresip: telephones that register, PBXs
// that we call, workers that die.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { Baresip } from './lib/pbx_baresip.mjs';
import { Stack, until } from './lib/stack.mjs';

const TRANSPORTS = ['tcp', 'tls'];
const USERS = TRANSPORTS.flatMap((t) => [`a${t}`, `b${t}`]);
const pbxs = {};

const trunk = (t, stack) => `      pbx-${t}: {kind: trunk, address: "127.0.0.1:${pbxs[t].port + (t === 'tls')}", transport: ${t}, `
  + `${t === 'tls' ? `domain: pbx.test, tls: {ca: "${stack.file('pbx.pem')}"}, ` : ''}answer_within: 5s, probe: 0s}`;

const routing = (stack) => `tenants:
  demo:
    domains: [localhost]
    realm: cordboard
    users:
${USERS.map((user) => `      ${user}: {password: ${user}-secret, algorithms: [MD5]}`).join('\n')}
    connections:
${TRANSPORTS.map((t) => trunk(t, stack)).join('\n')}
      gone: {kind: trunk, address: "127.0.0.1:1", transport: tcp, answer_within: 30s, probe: 0s}
    routes:
${TRANSPORTS.map((t) => `      - {name: ${t}, match: {callee: ${t}}, to: {connections: [gone, pbx-${t}]}}`).join('\n')}
      - {name: echo, match: {callee: echo}, to: {service: echo}}
`;

describe('telephones and PBXs over TCP and TLS', { timeout: 360000 }, () => {
  const stack = new Stack({ rtpPorts: 100, streams: true, routing });
  const phones = {};

  before(async () => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
      '-days', '2', '-subj', '/CN=pbx', '-addext', 'subjectAltName=URI:sip:pbx.test',
      '-keyout', stack.file('pbx.key'), '-out', stack.file('pbx.pem')], { stdio: 'ignore' });
    fs.writeFileSync(stack.file('pbx-both.pem'), fs.readFileSync(stack.file('pbx.key'), 'utf8') + fs.readFileSync(stack.file('pbx.pem'), 'utf8'));
    for (const t of TRANSPORTS) {
      pbxs[t] = await new Baresip(stack, { user: t, frequency: 600, certificate: t === 'tls' ? stack.file('pbx-both.pem') : undefined }).start();
    }
    await stack.start();
    for (const t of TRANSPORTS) for (const user of [`a${t}`, `b${t}`]) phones[user] = await phone(user, t, user[0] === 'a' ? 440 : 1000);
  });
  after(async () => {
    for (const one of [...Object.values(phones), ...Object.values(pbxs)]) await one.stop();
    await stack.stop();
  });

  async function phone(user, t, frequency) {
    const made = await new Baresip(stack, {
      user, host: 'localhost', frequency,
      account: `;auth_pass=${user}-secret;outbound="sip:127.0.0.1:${stack[`${t}Port`]};transport=${t}";regint=60`,
    }).start();
    phones[user] = made;
    await until(() => stack.redis.call('EXISTS', `cb:{a:demo/${user}}:bind`), `${user} is registered`);
    return made;
  }

  async function talk(from, to, uri) {
    await from.dial(uri);
    await Promise.all([from.event('CALL_ESTABLISHED'), to.event('CALL_ESTABLISHED')]);
    await Promise.all([from.hears(to.frequency), to.hears(from.frequency)]);
    await from.hangup();
    await Promise.all([from.event('CALL_CLOSED'), to.event('CALL_CLOSED')]);
  }

  for (const t of TRANSPORTS) {
    test(`two telephones over ${t} hear each other`, () => talk(phones[`a${t}`], phones[`b${t}`], `sip:b${t}@localhost`));
    test(`a telephone calls a PBX over ${t}, past one that refuses`, () => talk(phones[`b${t}`], pbxs[t], `sip:${t}@localhost`));
  }

  test('a telephone over tcp calls one over tls', () => talk(phones.atcp, phones.btls, 'sip:btls@localhost'));

  test('a reader that stops is closed, and nobody else waits', async () => {
    const mute = net.connect(stack.tcpPort, '127.0.0.1');
    mute.on('error', () => {});
    const closed = new Promise((done) => { mute.on('close', done); });
    const options = 'OPTIONS sip:localhost SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:1;branch=z9hG4bKN\r\nMax-Forwards: 70\r\n'
      + 'From: <sip:a@localhost>;tag=1\r\nTo: <sip:localhost>\r\nCall-ID: mute-N\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n';
    mute.pause();
    let n = 0;
    const more = setInterval(() => {
      for (let i = 0; i < 200 && !mute.writableNeedDrain && !mute.destroyed; i++, n++) mute.write(options.replaceAll('N', String(n)));
    }, 5);
    await talk(phones.atcp, phones.btcp, 'sip:btcp@localhost');
    await until(async () => {
      const text = await fetch(`http://127.0.0.1:${stack.sigdAdmin}/metrics`).then((r) => r.text());
      return Number(/^cordboard_sig_limit_(?:queue|unread)_total(?:\{[^}]*\})? ([1-9]\d*)/m.exec(text)?.[1] ?? 0);
    }, 'it is closed', 30000).finally(() => clearInterval(more));
    mute.resume();
    await closed;
  });

  test('workers die: PBXs are connected to again', async () => {
    const dead = Object.values(stack.workers('sigd'));
    for (const pid of dead) process.kill(pid, 'SIGKILL');
    await until(() => {
      const now = Object.values(stack.workers('sigd'));
      return now.length === dead.length && now.every((pid) => !dead.includes(pid));
    }, 'others serve');
    await stack.ready(stack.sigdAdmin, 'sigd');
    await phones.atcp.stop();
    const again = await phone('atcp', 'tcp', 440);
    await talk(again, pbxs.tls, 'sip:tls@localhost');
    await talk(again, pbxs.tcp, 'sip:tcp@localhost');
  });
});
