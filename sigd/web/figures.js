// figures.js: what the browser itself measures of a call: codec, loss,
// jitter, round trip, and the level that is heard.
// SPDX-License-Identifier: MIT

// Loss of the latest few seconds, not of the whole call: what is heard now.
const WINDOW = 5;

export class Figures {
  constructor(pc) {
    this.pc = pc;
    this.history = [];
  }

  async read() {
    const stats = await this.pc.getStats();
    const out = { codec: null, loss: null, jitter: null, rtt: null };
    for (const s of stats.values()) {
      if (s.type === 'inbound-rtp' && s.kind === 'audio') this.inbound(out, s, stats);
      if (s.type === 'remote-inbound-rtp' && s.kind === 'audio' && s.roundTripTime !== undefined) {
        out.rtt = s.roundTripTime * 1000;
      }
      if (s.type === 'candidate-pair' && s.nominated && out.rtt === null && s.currentRoundTripTime !== undefined) {
        out.rtt = s.currentRoundTripTime * 1000;
      }
    }
    return out;
  }

  inbound(out, s, stats) {
    const codec = stats.get(s.codecId);
    this.history.push({ got: s.packetsReceived, lost: s.packetsLost });
    if (this.history.length > WINDOW + 1) this.history.shift();
    const first = this.history[0];
    const got = s.packetsReceived - first.got;
    const lost = Math.max(0, s.packetsLost - first.lost);
    if (got + lost > 0) out.loss = (100 * lost) / (got + lost);
    out.jitter = s.jitter * 1000;
    if (codec) out.codec = codec.mimeType.replace('audio/', '');
  }
}

// Level of a stream, 0..1, on a scale as the ear has it (-60..0 dBFS).
export class Level {
  constructor(stream) {
    this.context = new AudioContext();
    this.analyser = this.context.createAnalyser();
    this.context.createMediaStreamSource(stream).connect(this.analyser);
    this.samples = new Float32Array(this.analyser.fftSize);
  }

  read() {
    this.analyser.getFloatTimeDomainData(this.samples);
    let power = 0;
    for (const x of this.samples) power += x * x;
    const db = 10 * Math.log10(power / this.samples.length + 1e-12);
    return Math.min(1, Math.max(0, (db + 60) / 60));
  }

  close() { this.context.close(); }
}
