// pbx_rtp.mjs: plain RTP as a legacy PBX has it: G.711 in 20 ms packets, a tone
// out, what comes in measured; RFC 4733 events, exactly as told.
// SPDX-License-Identifier: MIT
import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { until } from './stack.mjs';
import { CODECS, RATE, isTone, loudness, strongest, tone } from './pbx_sound.mjs';

const FRAME_MS = 20;
const FRAME = (RATE * FRAME_MS) / 1000;
const KEEP = RATE / 2; // samples that are looked at: half a second
const EVENT_PT = 101;
const KEYS = '0123456789*#ABCD';
const REPORT_MS = 1000;

const bind = (socket, port, address) => new Promise((done, fail) => {
  socket.once('error', fail);
  socket.bind(port, address, () => { socket.off('error', fail); done(); });
});

// An even port and the next one.
async function ports(address) {
  const type = address.includes(':') ? 'udp6' : 'udp4';
  for (let i = 0; i < 100; i++) {
    const [rtp, rtcp] = [createSocket(type), createSocket(type)];
    const base = 33000 + 2 * Math.floor(Math.random() * 12000);
    try {
      await bind(rtp, base, address);
      await bind(rtcp, base + 1, address);
      return [rtp, rtcp, base];
    } catch {
      rtp.close();
      rtcp.close();
    }
  }
  throw new Error('no free pair of ports');
}

// What is read of an SDP: { address, port, codecs, event (payload type),
// direction }
export function readSdp(sdp) {
  const [, port, pts] = sdp.match(/^m=audio (\d+) RTP\/AVP ([\d ]+)/m) ?? [];
  return {
    port: Number(port),
    address: sdp.match(/^c=IN IP[46] (\S+)/m)?.[1],
    codecs: (pts ?? '').trim().split(' ').map((pt) => Object.values(CODECS).find((c) => c.pt === Number(pt)))
      .filter(Boolean),
    event: Number(sdp.match(/^a=rtpmap:(\d+) telephone-event\/8000/m)?.[1] ?? NaN),
    direction: sdp.match(/^a=(sendrecv|sendonly|recvonly|inactive)/m)?.[1] ?? 'sendrecv',
  };
}

export const MIRROR = { sendrecv: 'sendrecv', sendonly: 'recvonly', recvonly: 'sendonly', inactive: 'inactive' };

export class Rtp {
  // options: codecs: names, best first; frequency: of the tone; dtmf: false:
  // knows no telephone-event; address: of this host, 127.0.0.1 or ::1
  static async open({ codecs = ['PCMU', 'PCMA'], frequency = 440, dtmf = true, address = '127.0.0.1' } = {}) {
    const rtp = new Rtp();
    const [socket, rtcp, port] = await ports(address);
    Object.assign(rtp, {
      address, socket, rtcp, port, dtmf, codecs: codecs.map((name) => CODECS[name]), sound: tone(frequency),
      ssrc: randomBytes(4).readUInt32BE(), seq: randomBytes(2).readUInt16BE(), timestamp: randomBytes(4).readUInt32BE(),
      samples: [], events: [], queue: [], received: 0, lost: 0, ssrcs: new Set(), faults: [], reports: 0, sent: 0,
      version: 1, direction: 'sendrecv', first: null, packets: [],
    });
    socket.on('message', (data) => rtp.took(data));
    rtcp.on('message', () => { rtp.reports++; });
    return rtp;
  }

  // --- offer and answer -----------------------------------------------------------

  sdp({ direction = this.direction, codecs = this.codecs, event = EVENT_PT } = {}) {
    this.direction = direction;
    const dtmf = this.dtmf && !Number.isNaN(event);
    const net = `IN ${this.address.includes(':') ? 'IP6' : 'IP4'} ${this.address}`;
    return ['v=0', `o=pbx 1 ${this.version++} ${net}`, 's=-', `c=${net}`, 't=0 0',
      `m=audio ${this.port} RTP/AVP ${[...codecs.map((c) => c.pt), ...dtmf ? [event] : []].join(' ')}`,
      ...codecs.map((c) => `a=rtpmap:${c.pt} ${c.name}/8000`),
      ...dtmf ? [`a=rtpmap:${event} telephone-event/8000`, `a=fmtp:${event} 0-16`] : [],
      'a=ptime:20', `a=${direction}`, ''].join('\r\n');
  }

  // What the other side said: media goes there from now on.
  remote(sdp) {
    const far = readSdp(sdp);
    if (!far.port) throw new Error(`no plain RTP in:\n${sdp}`);
    this.far = far;
    this.codec = this.codecs.find((c) => far.codecs.includes(c));
    if (!this.codec) throw new Error(`no codec of ours in:\n${sdp}`);
    // RFC 3264 6.1: who puts us on hold hears nothing of us
    this.sending = ['sendrecv', 'recvonly'].includes(far.direction);
    if (!this.timer) this.start();
    return far;
  }

  answer(offer) {
    const far = this.remote(offer);
    return this.sdp({ direction: MIRROR[far.direction], codecs: [this.codec], event: far.event });
  }

  // --- out --------------------------------------------------------------------------

  start() {
    this.begun = performance.now();
    this.ticks = 0;
    const tick = () => {
      // by the clock, not by the timer, which is late
      while (this.ticks * FRAME_MS <= performance.now() - this.begun) {
        this.ticks++;
        if (this.sending) this.frame();
        if (this.ticks % (REPORT_MS / FRAME_MS) === 0) this.report();
        this.timestamp = (this.timestamp + FRAME) >>> 0;
      }
    };
    this.timer = setInterval(tick, FRAME_MS / 2);
    tick();
  }

  frame() {
    const event = this.queue.shift();
    if (event) {
      this.event ??= this.timestamp;
      this.packet(this.far.event, this.event, event.payload, event.marker);
      if (event.last) this.event = null;
      return;
    }
    const payload = Buffer.alloc(FRAME);
    for (let i = 0; i < FRAME; i++) payload[i] = this.codec.encode(this.sound(this.ticks * FRAME + i));
    this.packet(this.codec.pt, this.timestamp, payload, this.sent === 0);
  }

  packet(pt, timestamp, payload, marker) {
    const head = Buffer.alloc(12);
    head[0] = 0x80;
    head[1] = (marker ? 0x80 : 0) | pt;
    head.writeUInt16BE(this.seq, 2);
    head.writeUInt32BE(timestamp, 4);
    head.writeUInt32BE(this.ssrc, 8);
    this.seq = (this.seq + 1) & 0xffff;
    this.sent++;
    this.socket.send(Buffer.concat([head, payload]), this.far.port, this.far.address);
  }

  // A sender report without a report block (RFC 3550 6.4.1), and a name.
  report() {
    const now = Date.now() / 1000 + 2208988800;
    const sr = Buffer.alloc(28);
    sr.writeUInt32BE(0x80c80006, 0);
    sr.writeUInt32BE(this.ssrc, 4);
    sr.writeUInt32BE(Math.floor(now) >>> 0, 8);
    sr.writeUInt32BE(Math.floor((now % 1) * 2 ** 32) >>> 0, 12);
    sr.writeUInt32BE(this.timestamp, 16);
    sr.writeUInt32BE(this.sent, 20);
    sr.writeUInt32BE((this.sent * FRAME) >>> 0, 24);
    const sdes = Buffer.from([0x81, 0xca, 0, 3, 0, 0, 0, 0, 1, 3, 0x70, 0x62, 0x78, 0, 0, 0]);
    sdes.writeUInt32BE(this.ssrc, 4);
    this.rtcp.send(Buffer.concat([sr, sdes]), this.far.port + 1, this.far.address);
  }

  // Keys, one after the other: RFC 4733 2.5.1, the end sent three times.
  async press(keys, { ms = 100, pause = 60 } = {}) {
    for (const key of keys) {
      const updates = Math.floor(ms / FRAME_MS);
      for (let i = 1; i <= updates + 2; i++) {
        const end = i >= updates;
        const duration = Math.min(i, updates) * FRAME;
        this.queue.push({
          payload: Buffer.from([KEYS.indexOf(key), (end ? 0x80 : 0) | 10, duration >> 8, duration & 0xff]),
          marker: i === 1, last: i === updates + 2,
        });
      }
      await until(() => !this.queue.length, `${key} is sent`);
      const at = this.ticks + Math.ceil(pause / FRAME_MS);
      await until(() => this.ticks >= at, 'a pause');
    }
  }

  // --- in ---------------------------------------------------------------------------

  took(data) {
    if (data.length < 12 || data[0] >> 6 !== 2) { this.faults.push('not RTP'); return; }
    const pt = data[1] & 0x7f;
    const at = { seq: data.readUInt16BE(2), timestamp: data.readUInt32BE(4), ssrc: data.readUInt32BE(8) };
    this.first ??= performance.now();
    this.received++;
    const now = performance.now();
    this.gap = Math.max(this.gap ?? 0, now - (this.lastHeard ?? now));
    this.lastHeard = now;
    this.order(at, pt);
    const payload = data.subarray(12);
    if (this.far && pt === this.far.event) this.key(at, payload, data[1] >> 7);
    else if (pt === this.codec?.pt) this.hear(payload);
    // what we offered may come before the answer has been read (RFC 3264, 5.1)
    else if (this.far || !this.codecs.some((c) => c.pt === pt)) this.faults.push(`payload type ${pt}`);
  }

  // Sequence, timestamp and SSRC as RFC 3550 5.1 has them.
  order({ seq, timestamp, ssrc }, pt) {
    if (this.ssrcs.size && !this.ssrcs.has(ssrc)) this.faults.push('another SSRC');
    this.ssrcs.add(ssrc);
    if (this.lastSeq !== undefined) {
      const step = (seq - this.lastSeq) & 0xffff;
      if (step === 0 || step > 0x8000) this.faults.push(`sequence ${this.lastSeq} -> ${seq}`);
      else this.lost += step - 1;
      const ahead = (timestamp - this.lastTimestamp) >>> 0;
      if (ahead > 0x80000000) this.faults.push(`timestamp ${this.lastTimestamp} -> ${timestamp} (${pt})`);
    }
    this.lastSeq = seq;
    this.lastTimestamp = timestamp;
  }

  hear(payload) {
    for (const code of payload) this.samples.push(this.codec.decode(code));
    if (this.samples.length > 2 * KEEP) this.samples.splice(0, this.samples.length - KEEP);
    this.pieces?.push(...Array.from(payload, this.codec.decode));
  }

  key({ timestamp }, payload, marker) {
    const [key, flags] = payload;
    const duration = payload.readUInt16BE(2);
    let event = this.events.find((e) => e.timestamp === timestamp);
    if (!event) {
      event = { key: KEYS[key] ?? key, timestamp, packets: 0, ends: 0, markers: 0, duration: 0 };
      this.events.push(event);
    }
    if (KEYS[key] !== event.key) this.faults.push(`an event is ${event.key} and ${KEYS[key]}`);
    if (duration < event.duration) this.faults.push(`${event.key} becomes shorter`);
    event.duration = duration;
    event.packets++;
    event.markers += marker;
    event.ends += flags >> 7;
  }

  get keys() { return this.events.map(({ key }) => key).join(''); }

  // The longest time without a packet since the last look, in ms.
  watch() {
    const gap = Math.max(this.gap ?? 0, performance.now() - this.lastHeard);
    this.gap = 0;
    return gap;
  }

  forget() { this.samples = []; }

  // Every sample from now on, until it is called again.
  record() {
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }

  // Waits for a steady tone; what is heard.
  async hears(frequency, limit = 15000) {
    let heard = null;
    this.forget();
    return until(async () => {
      if (this.samples.length < KEEP) return false;
      heard = strongest(this.samples.slice(-KEEP));
      if (isTone(heard, frequency)) return heard;
      this.forget();
      return false;
    }, `the PBX hears ${frequency} Hz`, limit).catch((e) => {
      throw new Error(`${e.message}; heard ${JSON.stringify(heard)}, ${this.received} packets`);
    });
  }

  // Nothing comes, or what comes is silence, for so long.
  async silent(ms = 500, limit = 15000) {
    await until(async () => {
      this.forget();
      const [before, end] = [this.received, performance.now() + ms];
      await until(() => performance.now() >= end, 'a while');
      return this.received === before || loudness(this.samples) < -50;
    }, 'the PBX hears nothing', limit);
  }

  close() {
    clearInterval(this.timer);
    this.timer = null;
    if (this.closed) return;
    this.closed = true;
    this.socket.close();
    this.rtcp.close();
  }
}
