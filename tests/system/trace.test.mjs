// What was said is found by who said it, without its secrets; a capture server
// hears it, and Wireshark reads what is downloaded. SPDX-License-Identifier: MIT
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { Kamailio } from './lib/kamailio.mjs';
import { freeUdp, until } from './lib/stack.mjs';
import { Suite } from './lib/suite.mjs';

// What its packet says of a message, as kamailio's sipcapture reads it, which the
// makers of Homer wrote; first: of the first message, us.
const packet = (m, first) => ({ family: '2', protocol: m.transport === 'UDP' ? '17' : '6', from: (m.direction === 'in' ? m.remote : m.local) ?? '0.0.0.0:0',
  to: (m.direction === 'in' ? m.local : m.remote) ?? '0.0.0.0:0', us: first + m.us, type: '1', agent: '77', key: 'homer-secret', callid: /^Call-ID: (.*)$/im.exec(m.text)[1].trim(), text: m.text });
const sorted = (list) => list.map((one) => JSON.stringify(one)).sort();

for (const transport of ['udp', 'tcp']) {
  describe(`traces, and homer over ${transport}`, { timeout: 240000 }, () => {
    let suite;
    let homer;
    before(async () => {
      const port = await freeUdp(1);
      suite = new Suite({ sigd: `trace:
  homer: {address: "127.0.0.1:${port}", transport: ${transport}, id: 77, key: homer-secret}
` });
      homer = new Kamailio(suite.stack, { role: 'capture' });
      homer.port = port;
      await homer.start();
      await suite.start();
    });
    afterEach(() => suite.hangUp());
    after(async () => {
      await suite.stop();
      await homer.stop();
    });

    const get = (path) => fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}/v1/${path}`,
      { headers: { Authorization: 'Bearer token-of-the-tests' } });
    const json = async (path) => {
      const res = await get(path);
      assert.equal(res.status, 200, res.ok ? path : `${path}: ${await res.text()}`);
      return res.json();
    };
    // the one that is asked for, once this many messages are kept
    const traced = (query, count) => until(async () => {
      const { traces } = await json(`traces?${query}`);
      return traces[0]?.messages_kept >= count && traces[0];
    }, `${count} messages of ${query}`);

    test('a call is found by its parties, with all that was said, in order', async () => {
      const tenant = suite.tenant();
      const alice = await tenant.phone('alice', { transport: 'ws' });
      const bob = await tenant.phone('bob', { transport: 'udp' });
      const out = alice.call('bob');
      const into = await bob.incoming();
      into.ring();
      await out.ringing();
      into.answer();
      assert.equal((await out.final).code, 200);
      await into.up();
      await out.bye();
      const callid = out.callid ?? (await out.final).callid;
      const name = tenant.domain.replace('.test', '');

      // INVITE, 407, ACK; INVITE 2, 100 if nothing else was as fast, 180 2, 200 2, ACK 2, BYE 2, 200 2
      const found = await until(async () => {
        const trace = await traced(`call_id=${encodeURIComponent(callid)}`, 15);
        const { messages: kept } = await json(`traces/${trace.id}`);
        return kept.length === 15 + kept.filter(({ line }) => /^SIP\/2.0 100 /.test(line)).length && trace;
      }, 'all that was said');
      assert.match(found.call, /^[0-9a-f]{16}$/);
      for (const user of ['alice', 'bob']) {
        assert.ok(found.parties.some((p) => p.tenant === name && p.user === user), JSON.stringify(found.parties));
        const of = await json(`traces?tenant=${name}&user=${user}`);
        assert.ok(of.traces.some((t) => t.id === found.id), user);
      }
      assert.equal((await json(`traces?call=${found.call}`)).traces[0].id, found.id);

      // ... by the device of one of them, which has no instance
      const device = alice.contact.slice(1, -1);
      const mine = await json(`traces?tenant=${name}&user=alice&device=${encodeURIComponent(device)}`);
      assert.ok(mine.traces.some((t) => t.id === found.id), 'of a device');
      assert.deepEqual((await json(`traces?tenant=${name}&user=alice&device=sip:other`)).traces, []);

      // in two parts: as they were written, by each worker some at once
      const { messages } = await json(`traces/${found.id}`);
      const one = await until(async () => {
        const part = await json(`traces/messages?call=${found.call}&after=0&limit=5`);
        return part.messages.length >= 5 && part;
      }, 'the first part');
      const two = await until(async () => {
        const part = await json(`traces/messages?call=${found.call}&after=${one.next}`);
        return one.messages.length + part.messages.length >= messages.length && part;
      }, 'the other part');
      const parts = [...one.messages, ...two.messages].sort((a, b) => a.us - b.us);
      assert.deepEqual(parts.map((m) => m.text), messages.map((m) => m.text));
      assert.equal(two.messages[0].trace, found.id);
      assert.deepEqual((await json(`traces/messages?call=${found.call}&after=${two.next}`)).messages, []);
      assert.deepEqual((await json(`traces/messages?call=${found.call}`)).messages, [], 'from now on');
      assert.equal(messages[0].direction, 'in');
      assert.match(messages[0].line, /^INVITE sip:bob@/);
      assert.equal(messages[0].transport, 'WS');
      assert.ok(messages.every((m, i) => !i || m.us >= messages[i - 1].us), 'in order');
      const lines = messages.map((m) => `${m.direction} ${m.transport} ${m.line}`);
      for (const line of [/^out UDP INVITE /, /^in UDP SIP\/2.0 180/, /^out WS SIP\/2.0 180/, /^in UDP SIP\/2.0 200/,
        /^out WS SIP\/2.0 200/, /^in WS ACK /, /^out UDP ACK /, /^in WS BYE /, /^out UDP BYE /]) {
        assert.ok(lines.some((l) => line.test(l)), `${line}: ${lines.join('\n')}`);
      }
      for (const m of messages) assert.equal(m.text.split('\r\n')[0], m.line);
      assert.ok(messages.some((m) => /response=\*\*\*/.test(m.text)), 'credentials are masked');
      assert.ok(!messages.some((m) => /response="/.test(m.text)));

      const pcap = await get(`traces/${found.id}/pcap`);
      assert.equal(pcap.headers.get('content-type'), 'application/vnd.tcpdump.pcap');
      const file = suite.stack.file('trace.pcap');
      fs.writeFileSync(file, Buffer.from(await pcap.arrayBuffer()));
      const shark = spawnSync('tshark', ['-r', file, '-T', 'fields', '-e', 'sip.Call-ID', '-e', 'sip.Method', '-e', 'sip.Status-Code'],
        { encoding: 'utf8' });
      const rows = shark.stdout.trim().split('\n');
      assert.equal(rows.length, messages.length, shark.stderr);
      assert.ok(rows.every((row) => row.startsWith(`${callid}\t`)), shark.stdout);
      assert.ok(rows.some((row) => row.includes('\tBYE')));

      // the capture server has heard the same, at the same microseconds
      const told = await until(() => {
        const mine = homer.heard().filter((p) => p.callid === callid);
        return mine.length >= messages.length && mine;
      }, 'packets of the call');
      const first = Math.min(...told.map((p) => p.us));
      assert.equal(Math.floor(first / 1000), Date.parse(messages[0].time));
      assert.deepEqual(sorted(told), sorted(messages.map((m) => packet(m, first))));
    });

    test('who could not log in is found by that name', async () => {
      const tenant = suite.tenant();
      const ua = await tenant.ua('dave', { transport: 'udp', password: 'not-his-secret' });
      await ua.register();
      const name = tenant.domain.replace('.test', '');
      const found = await traced(`tenant=${name}&user=dave`, 4);
      const { messages } = await json(`traces/${found.id}`);
      assert.ok(messages.filter((m) => /^SIP\/2.0 401/.test(m.line)).length >= 2);
      assert.ok(!JSON.stringify(messages).includes('not-his-secret'));
    });

    test('what there is not is said so', async () => {
      const unsaid = await get('traces');
      assert.equal(unsaid.status, 400);
      // a tenant alone is enough for a list of them, and not to follow
      assert.match((await unsaid.json()).errors[0].detail, /tenant, alone or with user/);
      assert.match((await (await get('traces/messages?tenant=t0')).json()).errors[0].detail, /^Say whose: call, or tenant with user /);
      assert.equal((await get('traces?tenant=t0&user=a&connection=b')).status, 400);
      assert.equal((await get('traces?call=zz')).status, 400);
      for (const [query, field] of [['', 'tenant'], ['?call=zz', 'call'], ['?call=0123456789abcdef&after=x', 'after']]) {
        const refused = await get(`traces/messages${query}`);
        assert.equal(refused.status, 400);
        assert.equal((await refused.json()).errors[0].field, field);
      }
      assert.equal((await get(`traces/${'0'.repeat(41)}`)).status, 404);
      assert.equal((await get('traces/..%2f')).status, 404);
      assert.equal((await get(`traces/${'0'.repeat(41)}/pcap`)).status, 404);
      assert.deepEqual((await json('traces?call_id=nobody')).traces, []);
      assert.equal((await fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}/v1/traces?call_id=x`)).status, 401);
    });
  });
}

// As a worker would have written them (sigd/trace/trace_msg.h, trace_pack.h).
function record(us, text) {
  const head = Buffer.alloc(8 + 3 + 4 + 3 + 3 + 4);
  head.writeBigUInt64BE(BigInt(us), 0);
  head.writeUInt8(1, 9); // UDP
  head.writeUInt8(4, 10); // the worker's name
  head.write('a1/1', 11);
  head.writeUInt32BE(text.length, 21);
  return Buffer.concat([head, Buffer.from(text)]);
}

// A length of LZ4, beyond the 15 that its token has.
const longer = (n) => Buffer.from([...Array(Math.floor((n - 15) / 255)).fill(255), (n - 15) % 255]);

function batch(one, times = 1) {
  const size = Buffer.alloc(5);
  size.writeUInt8(1, 0);
  size.writeUInt32BE(one.length * times, 1);
  if (times === 1) return Buffer.concat([size, Buffer.from([0xf0]), longer(one.length), one]);
  // the same again and again, and once more as it is
  const back = Buffer.alloc(2);
  back.writeUInt16LE(one.length);
  return Buffer.concat([size, Buffer.from([0xff]), longer(one.length), one, back, longer(one.length * (times - 2) - 4),
    Buffer.from([0xf0]), longer(one.length), one]);
}

describe('who follows', { timeout: 240000 }, () => {
  const suite = new Suite({ tokens: { other: 'tenant: t0, scope: read' } });
  before(() => suite.start());
  after(() => suite.stop());

  // nr: of the trace, whose user is of that number
  async function keep(nr, batches) {
    const script = `local bytes = function(hex) return (string.gsub(hex, '..', function(x) return string.char(tonumber(x, 16)) end)) end
      local id = ARGV[1]
      redis.call('ZADD', 'cb:{t:0}:by:t:t0/u:user' .. ARGV[2], ARGV[3], id)
      redis.call('HSET', 'cb:{t:0}:of:' .. id, 'call_id', id, 'labels', 't:t0/u:user' .. ARGV[2])
      for i = 4, #ARGV do redis.call('RPUSH', 'cb:{t:0}:sip:' .. id, bytes(ARGV[i])) end`;
    await suite.stack.redis.call('EVAL', script, 0, String(nr).padStart(40, '0'), nr, Date.now(), ...batches.map((b) => b.toString('hex')));
  }

  async function answer(query, token = 'token-of-the-tests') {
    const began = Date.now();
    const res = await fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}/v1/traces/messages?${query}`, { headers: { Authorization: `Bearer ${token}` } });
    const text = await res.text();
    return { ...JSON.parse(text), status: res.status, after: res.headers.get('retry-after'), bytes: text.length, ms: Date.now() - began };
  }

  test('gets many large messages all, in order, with a bounded answer for each question', async () => {
    const first = (Date.now() - 200000) * 1000;
    const text = (i) => `OPTIONS sip:${i}@t0.test SIP/2.0\r\nSubject: ${'x'.repeat(60000)}\r\n\r\n`;
    await keep(1, Array.from({ length: 150 }, (_, i) => batch(record(first + i * 1000000, text(i)))));
    const told = [];
    let next = '0';
    for (let i = 0; i < 40 && told.length < 150; i++) {
      const part = await until(async () => {
        const got = await answer(`tenant=t0&user=user1&after=${next}&limit=500`);
        return got.status === 200 && got;
      }, 'it need not wait');
      assert.equal(part.gap, null);
      assert.ok(part.bytes < 2.5 * 1024 * 1024, `${part.bytes} bytes`);
      assert.ok(BigInt(part.next) > BigInt(next));
      told.push(...part.messages);
      ({ next } = part);
    }
    assert.deepEqual(told.map((m) => Number(m.line.match(/sip:(\d+)@/)[1])), Array.from({ length: 150 }, (_, i) => i));
    // from the end on nothing of all that was before is looked at
    const end = await until(async () => {
      const got = await answer(`tenant=t0&user=user1&after=${first + 148 * 1000000}`);
      return got.status === 200 && got;
    }, 'it need not wait');
    assert.deepEqual(end.messages.map((m) => m.line), ['OPTIONS sip:149@t0.test SIP/2.0']);
  });

  test('is told that something is missing where more was said than can be looked through', async () => {
    const us = (Date.now() - 60000) * 1000;
    // a megabyte each, in two kilobytes
    await keep(2, Array.from({ length: 60 }, (_, i) => batch(record(us + i, `OPTIONS sip:a SIP/2.0\r\nSubject: ${'y'.repeat(900)}\r\n\r\n`), 1000)));
    const part = await until(async () => {
      const got = await answer('tenant=t0&user=user2&after=0');
      return got.status === 200 && got;
    }, 'the test before is a second away');
    assert.ok(part.messages.length > 0 && part.messages.length <= 1002, `${part.messages.length} messages`);
    assert.ok(Date.parse(part.gap) > 0, `the gap is ${part.gap}`);
    assert.ok(part.bytes < 2.5 * 1024 * 1024, `${part.bytes} bytes`);
    // many at once are told to wait, and others need not
    const asked = Array.from({ length: 20 }, () => answer('tenant=t0&user=user2&after=0'));
    const other = await answer('tenant=t0&user=user2&after=0', 'other-other');
    assert.equal(other.status, 200, other.detail);
    const all = await Promise.all(asked);
    const refused = all.filter(({ status }) => status === 429);
    assert.ok(refused.length > 0, `${refused.length} of 20 are told to wait`);
    assert.ok(refused.every(({ after: seconds }) => seconds === '1'));
    await until(async () => (await answer('tenant=t0&user=user2&after=0')).status === 200, 'a second later');
  });
});
