// page.mjs: a browser's page without the browser: SIP over WebSocket, ICE checks,
// DTLS by openssl(1), SRTP of its own; each step only when it is told to, so
// that a test can leave one out. SPDX-License-Identifier: MIT
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { CODECS, tone } from './pbx_sound.mjs';
import { Ua } from './sip.mjs';
import { until } from './stack.mjs';

const CHECK_MS = 200;
const FRAME = 160;
const FRAME_MS = 20;

// --- STUN (RFC 8489), as a controlling agent sends it ------------------------------

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
const crc32 = (bytes) => ~bytes.reduce((c, b) => (c >>> 8) ^ CRC[(c ^ b) & 0xff], 0xffffffff) >>> 0;

const attribute = (type, value) => {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)]);
};

const uint32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n >>> 0); return b; };

function check({ username, password }) {
  const head = Buffer.concat([Buffer.from([0, 1, 0, 0]), uint32(0x2112a442), randomBytes(12)]);
  let body = Buffer.concat([attribute(0x0006, Buffer.from(username)), attribute(0x0024, uint32(0x6e7f00ff)),
    attribute(0x802a, randomBytes(8)), attribute(0x0025, Buffer.alloc(0))]);
  const length = (more) => { head.writeUInt16BE(body.length + more, 2); return Buffer.concat([head, body]); };
  const mac = createHmac('sha1', password).update(length(24)).digest();
  body = Buffer.concat([body, attribute(0x0008, mac)]);
  const print = attribute(0x8028, uint32(crc32(length(8)) ^ 0x5354554e));
  return Buffer.concat([head, body, print]);
}

// --- SRTP (RFC 3711), AES-CM and HMAC-SHA1-80 --------------------------------------

function derive(key, salt, label, length) {
  const iv = Buffer.concat([salt, Buffer.alloc(2)]);
  iv[7] ^= label;
  return createCipheriv('aes-128-ctr', key, iv).update(Buffer.alloc(length));
}

class Srtp {
  constructor(key, salt) {
    this.key = derive(key, salt, 0, 16);
    this.auth = derive(key, salt, 1, 20);
    this.salt = derive(key, salt, 2, 14);
  }

  // of the first 65,536 packets
  protect(packet) {
    const iv = Buffer.concat([this.salt, Buffer.alloc(2)]);
    for (let i = 0; i < 4; i++) iv[4 + i] ^= packet[8 + i];
    for (let i = 0; i < 2; i++) iv[12 + i] ^= packet[2 + i];
    const cipher = createCipheriv('aes-128-ctr', this.key, iv);
    const out = Buffer.concat([packet.subarray(0, 12), cipher.update(packet.subarray(12))]);
    const tag = createHmac('sha1', this.auth).update(out).update(Buffer.alloc(4)).digest().subarray(0, 10);
    return Buffer.concat([out, tag]);
  }
}

// --- the page ----------------------------------------------------------------------

const line = (sdp, name) => sdp.match(new RegExp(`^a=${name}:(\\S+)`, 'm'))?.[1];

export class Page extends Ua {
  // options: of Ua.open(); liar: its SDP has another fingerprint than its certificate
  static async open(stack, options = {}) {
    const page = new Page();
    Object.assign(page, {
      stack, transport: 'ws', address: '127.0.0.1', domain: 'localhost', password: `${options.user}-secret`, ...options,
      waiting: new Map(), served: new Map(), calls: new Map(), rung: [], heard: [], sent: [],
      ufrag: randomBytes(4).toString('hex'), pwd: randomBytes(12).toString('hex'), heardRtp: 0,
    });
    page.certify();
    page.udp = createSocket('udp4');
    page.udp.on('message', (data) => page.packet(data));
    await new Promise((done) => { page.udp.bind(0, '127.0.0.1', done); });
    page.at = `127.0.0.1:${page.udp.address().port}`;
    await page.connect();
    return page;
  }

  certify() {
    this.cert = this.stack.file(`page-${this.ufrag}.pem`);
    this.keyFile = this.stack.file(`page-${this.ufrag}.key`);
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', '/CN=page', '-keyout', this.keyFile, '-out', this.cert], { stdio: 'ignore' });
    const text = execFileSync('openssl', ['x509', '-in', this.cert, '-noout', '-fingerprint', '-sha256'], { encoding: 'utf8' });
    this.fingerprint = this.liar ? randomBytes(32).toString('hex').toUpperCase().match(/../g).join(':') : text.trim().split('=')[1];
  }

  sdp(offer) {
    const mid = line(offer ?? '', 'mid') ?? '0';
    return ['v=0', `o=- ${Math.floor(Math.random() * 1e9)} 2 IN IP4 127.0.0.1`, 's=-', 't=0 0', `a=group:BUNDLE ${mid}`,
      'm=audio 9 UDP/TLS/RTP/SAVPF 0', 'c=IN IP4 0.0.0.0', 'a=rtcp:9 IN IP4 0.0.0.0', `a=ice-ufrag:${this.ufrag}`,
      `a=ice-pwd:${this.pwd}`, `a=fingerprint:sha-256 ${this.fingerprint}`, `a=setup:${offer ? 'active' : 'actpass'}`,
      `a=mid:${mid}`, 'a=sendrecv', 'a=rtcp-mux', 'a=rtpmap:0 PCMU/8000', ''].join('\r\n');
  }

  packet(data) {
    if (data[0] < 4) this.checked ||= data.readUInt16BE(0) === 0x0101;
    else if (data[0] >= 20 && data[0] < 64) this.toOpenssl?.(data);
    else if (data[0] >> 6 === 2) this.heardRtp++;
  }

  out(data) { if (!this.closed) this.udp.send(data, this.far.port, this.far.address); }

  // ICE, with what the other side has described.
  async ice(sdp) {
    const [, address, port] = sdp.match(/^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host/mi) ?? [];
    this.far = { address, port: Number(port) };
    const login = { username: `${line(sdp, 'ice-ufrag')}:${this.ufrag}`, password: line(sdp, 'ice-pwd') };
    const again = () => this.out(check(login));
    this.timers = [setInterval(again, CHECK_MS)];
    again();
    await until(() => this.checked, 'a check is answered');
  }

  // DTLS, as a client; its datagrams go by the socket of the checks.
  async dtls() {
    const inner = createSocket('udp4');
    let back = null;
    inner.on('message', (data, from) => { back = from; this.out(data); });
    this.toOpenssl = (data) => { if (back && !this.closed) inner.send(data, back.port, back.address); };
    await new Promise((done) => { inner.bind(0, '127.0.0.1', done); });
    this.inner = inner;
    this.openssl = spawn('openssl', ['s_client', '-dtls1_2', '-connect', `127.0.0.1:${inner.address().port}`, '-mtu', '1200',
      '-use_srtp', 'SRTP_AES128_CM_SHA1_80', '-keymatexport', 'EXTRACTOR-dtls_srtp', '-keymatexportlen', '60',
      '-cert', this.cert, '-key', this.keyFile], { stdio: ['pipe', 'pipe', 'ignore'] });
    let said = '';
    this.openssl.stdout.on('data', (data) => { said += data; });
    const hex = await until(() => said.match(/Keying material: ([0-9A-F]{120})/)?.[1], 'the handshake ends');
    const keys = Buffer.from(hex, 'hex');
    this.srtp = new Srtp(keys.subarray(0, 16), keys.subarray(32, 46));
  }

  // A tone, from now on.
  speak(frequency = 1000) {
    const sound = tone(frequency);
    const ssrc = randomBytes(4);
    const begun = performance.now();
    let sent = 0;
    const tick = () => {
      while (sent * FRAME_MS <= performance.now() - begun) {
        const head = Buffer.concat([Buffer.from([0x80, 0, sent >> 8 & 0xff, sent & 0xff]), uint32(sent * FRAME), ssrc]);
        const payload = Buffer.from(Array.from({ length: FRAME }, (_, i) => CODECS.PCMU.encode(sound(sent * FRAME + i))));
        this.out(this.srtp.protect(Buffer.concat([head, payload])));
        sent++;
      }
    };
    this.timers.push(setInterval(tick, FRAME_MS / 2));
  }

  close() {
    if (this.closed) return;
    super.close();
    for (const timer of this.timers ?? []) clearInterval(timer);
    this.openssl?.kill();
    this.inner?.close();
    this.udp.close();
  }
}
