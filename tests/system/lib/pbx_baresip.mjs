// pbx_baresip.mjs: Debian's baresip as a legacy PBX: RTP (or SRTP by SDES or DTLS) and G.711 alone,
// a tone as its voice, what it hears in a file. Driven over its ctrl_tcp.
// SPDX-License-Identifier: MIT
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { freeUdp, longest, until } from './stack.mjs';
import { RATE, isTone, strongest, tone, wav, writeWav } from './pbx_sound.mjs';

const MODULES = '/usr/lib/baresip/modules';
const LOOK = RATE / 2;
const VIDEO = `video_source fakevideo,nil
video_display fakevideo,nil
video_size 320x240
video_bitrate 256000
video_fps 15
`;
const CODECS = { G722: [16000, 1, 'g722'], opus: [48000, 2, 'opus'] };
const VOICE_S = 120; // after it baresip is silent

const freeTcp = () => new Promise((done) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});

// In a page: the mean colour of a PNG.
async function mean(text) {
  const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]));
  const paint = Object.assign(document.createElement('canvas'), { width: 16, height: 16 }).getContext('2d');
  paint.drawImage(bitmap, 0, 0, 16, 16);
  const { data } = paint.getImageData(0, 0, 16, 16);
  return [0, 1, 2].map((c) => data.filter((_, i) => i % 4 === c).reduce((sum, x) => sum + x, 0) / 256);
}

const tcpIsFree = (port) => new Promise((done) => {
  const server = net.createServer().on('error', () => done(false));
  server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
});

// It binds UDP and TCP, and TLS one above.
async function freeBoth() {
  return until(async () => {
    const port = await freeUdp(2);
    return await tcpIsFree(port) && await tcpIsFree(port + 1) && port;
  }, 'ports for baresip');
}

export class Baresip {
  // options: codec (PCMU, PCMA, G722, opus), frequency of its tone, user; account: more
  // parameters; certificate: PEM file with key, of its TLS, on the next port;
  // secure: srtp, srtp-mand, srtp-mandf, dtls_srtp; mux: RTCP on RTP's port;
  // video: a test picture by VP8; address: not 127.0.0.1
  constructor(stack, {
    codec = 'PCMU', frequency = 440, user = '100', host, account = '', answer = 'auto', certificate, secure, mux,
    video = false, address = '127.0.0.1',
  } = {}) {
    Object.assign(this, { stack, codec, frequency, user, host, account, answer, certificate, secure, mux, video, address, events: [] });
  }

  async start() {
    this.port = await freeBoth();
    this.ctrl = await freeTcp();
    this.name = `baresip-${this.port}`;
    this.dir = this.stack.file(this.name);
    fs.mkdirSync(this.dir, { recursive: true });
    // even: of an odd one libre would make the port before it, of somebody else
    const free = await freeUdp(22);
    const rtp = free + (free % 2);
    this.rtp = rtp;
    const [rate, channels, module] = CODECS[this.codec] ?? [RATE, 1, 'g711'];
    fs.writeFileSync(path.join(this.dir, 'config'), `poll_method epoll
sip_listen ${this.address}:${this.port}
net_interface ${this.address}${this.certificate ? `\nsip_certificate ${this.certificate}` : ''}
audio_source aufile,${path.join(this.dir, 'tone.wav')}
audio_player aubridge,nil
audio_alert aubridge,nil
ausrc_srate ${rate}
auplay_srate ${rate}
ausrc_channels 1
auplay_channels 1
${this.video ? VIDEO : ''}rtp_ports ${rtp}-${rtp + 20}
rtcp_mux ${this.mux ? 'yes' : 'no'}
ctrl_tcp_listen 127.0.0.1:${this.ctrl}
snd_path ${this.dir}
module_path ${MODULES}
${[module, 'aufile', 'aubridge', 'sndfile', ...this.video ? ['vp8', 'fakevideo', 'snapshot'] : [], ...this.secure ? [this.secure.startsWith('dtls') ? 'dtls_srtp' : 'srtp'] : []].map((m) => `module ${m}.so`).join('\n')}
${['uuid', 'account'].map((m) => `module_tmp ${m}.so`).join('\n')}
${['menu', 'ctrl_tcp'].map((m) => `module_app ${m}.so`).join('\n')}
`);
    fs.writeFileSync(path.join(this.dir, 'accounts'), `<sip:${this.user}@${this.host ?? `${this.address}:${this.port}`}>`
      + `${this.secure ? `;mediaenc=${this.secure}` : ''};answermode=${this.answer};audio_codecs=${this.codec}/${rate}/${channels};video_codecs=${this.video ? 'vp8' : 'none'}${this.account || ';regint=0'}\n`);
    fs.writeFileSync(path.join(this.dir, 'contacts'), '');
    fs.writeFileSync(path.join(this.dir, 'tone.wav'), writeWav(tone(this.frequency, 0.25, rate), VOICE_S, rate));
    this.stack.agents.push(this);
    this.child = this.stack.run(this.name, 'baresip', ['-f', this.dir]);
    await until(() => this.connect().then(() => true, () => {
      if (this.child.code !== undefined) throw new Error(`baresip ended:\n${this.stack.log(`${this.name}.log`)}`);
      return false;
    }), 'baresip listens');
    return this;
  }

  connect() {
    return new Promise((done, fail) => {
      const conn = net.connect(this.ctrl, '127.0.0.1');
      let data = '';
      conn.on('error', fail);
      conn.on('connect', () => { this.conn = conn; done(); });
      conn.on('data', (chunk) => {
        data += chunk.toString('latin1');
        for (;;) { // netstrings: length:text,
          const at = data.indexOf(':');
          const len = Number(data.slice(0, at));
          if (at < 0 || data.length < at + len + 2) return;
          this.events.push(JSON.parse(data.slice(at + 1, at + 1 + len)));
          data = data.slice(at + len + 2);
        }
      });
    });
  }

  // An answer of its command line.
  async command(command, params = '') {
    const token = String(this.events.length + Math.random());
    const text = JSON.stringify({ command, params, token });
    this.conn.write(`${Buffer.byteLength(text)}:${text},`);
    return until(() => this.events.find((e) => e.response && e.token === token), `baresip answers ${command}`);
  }

  // An event of this type that was not taken before, if there is one.
  take(type) {
    const found = this.events.find((e) => e.event && e.type === type && !e.taken);
    if (found) found.taken = true;
    return found;
  }

  event(type) { return until(() => this.take(type), `baresip tells ${type}`); }

  // What it has said since it was asked last, on its standard output.
  said() {
    const all = this.stack.log(`${this.name}.log`);
    const news = all.slice(this.read ?? 0);
    this.read = all.length;
    return news;
  }

  dial(uri) { return this.command('dial', uri); }

  hangup() { return this.command('hangup'); }

  // No call, and nothing that was told and not waited for.
  async tidy() {
    await this.command('hangupall', 'all');
    for (const event of this.events) event.taken = true;
  }

  // What it has heard in its latest call, in a file of the sndfile module.
  heard() {
    const files = fs.readdirSync(this.dir).filter((name) => name.endsWith('-dec.wav'));
    const latest = files.map((name) => path.join(this.dir, name))
      .sort((a, b) => fs.statSync(a).mtimeMs - fs.statSync(b).mtimeMs).pop();
    return latest ? { file: latest, ...wav(fs.readFileSync(latest)) } : { samples: [], rate: RATE };
  }

  // From now on, in a call in which it hears: stop() tells the longest time in which nothing came,
  // in ms. (Of a held call nothing is written.)
  watch() {
    const { file } = this.heard();
    return longest(() => fs.statSync(file).size);
  }

  // From now on: what it heard before, in this call or in one before it, counts for nothing.
  async hears(frequency) {
    let found = null;
    const before = this.heard();
    return until(() => {
      const { samples, rate, file } = this.heard();
      if (samples.length < (file === before.file ? before.samples.length + LOOK : 2 * LOOK)) return false;
      found = strongest(samples.slice(-LOOK), rate);
      return isTone(found, frequency) && found;
    }, `baresip hears ${frequency} Hz`).catch((e) => { throw new Error(`${e.message}; heard ${JSON.stringify(found)}`); });
  }

  // The picture that it sees now, a PNG; null: none yet.
  async snapshot() {
    const file = path.join(this.dir, `seen${this.events.length}.png`);
    await this.command('snapshot_recv', file);
    return until(() => fs.existsSync(file) && fs.readFileSync(file).includes('IEND') && fs.readFileSync(file), 'a snapshot', 1000)
      .catch(() => null);
  }

  // Waits until its picture is red; a browser's page reads it.
  async seesRed(page) {
    let seen = null;
    await until(async () => {
      const png = await this.snapshot();
      seen = png && await page.evaluate(mean, png.toString('base64')).catch(() => null);
      return seen && seen[0] > seen[1] + 60 && seen[0] > seen[2] + 60;
    }, 'baresip sees red').catch((e) => { throw new Error(`${e.message}; seen ${JSON.stringify(seen)}`); });
    return seen;
  }

  async stop() {
    this.conn?.destroy();
    if (!this.child || this.child.code !== undefined) return;
    this.child.kill('SIGTERM');
    const killer = setTimeout(() => this.child.kill('SIGKILL'), 3000);
    await this.child.exited;
    clearTimeout(killer);
  }
}
