// pbx_sound.mjs: G.711, tones, and what is heard: a sine's frequency and level
// by Goertzel's algorithm. 8 kHz, samples from -1 to 1.
// SPDX-License-Identifier: MIT
export const RATE = 8000;

// --- G.711 (ITU-T): the segment, then four bits within it ------------------------

const BIAS = 33;

function ulawDecode(code) {
  const c = ~code & 0xff;
  const magnitude = ((((c & 0x0f) << 1) + BIAS) << ((c >> 4) & 7)) - BIAS;
  return (c & 0x80 ? -magnitude : magnitude) / 8192;
}

function alawDecode(code) {
  const c = code ^ 0x55;
  const segment = (c >> 4) & 7;
  const mantissa = ((c & 0x0f) << 1) + 1;
  const magnitude = segment ? (mantissa + 32) << (segment - 1) : mantissa;
  return (c & 0x80 ? magnitude : -magnitude) / 4096;
}

// The nearest code of a table of 256 values.
function nearest(decode) {
  const sorted = Array.from({ length: 256 }, (_, code) => ({ code, value: decode(code) }))
    .sort((a, b) => a.value - b.value);
  return (x) => {
    let [low, high] = [0, 255];
    while (high - low > 1) {
      const mid = (low + high) >> 1;
      if (sorted[mid].value <= x) low = mid;
      else high = mid;
    }
    return (x - sorted[low].value < sorted[high].value - x ? sorted[low] : sorted[high]).code;
  };
}

const g711 = (name, pt, decode) => ({ name, pt, decode, encode: nearest(decode) });

export const PCMU = g711('PCMU', 0, ulawDecode);
export const PCMA = g711('PCMA', 8, alawDecode);
export const CODECS = { PCMU, PCMA };

// --- tones ------------------------------------------------------------------------

// Sample n of a sine: of any n, so that a tone goes on over packets.
export const tone = (frequency, amplitude = 0.25, rate = RATE) => (n) => amplitude * Math.sin((2 * Math.PI * frequency * n) / rate);

// The strongest frequency, its level in dB (a sine of amplitude 1 is 0 dB), and
// in dB of it what else there is.
export function strongest(samples, rate = RATE) {
  const n = samples.length;
  if (!n) return { frequency: 0, level: -180, noise: 0 };
  const w = samples.map((x, i) => x * 0.5 * (1 - Math.cos((2 * Math.PI * i) / (n - 1))));
  const amplitude = (f) => {
    const k = 2 * Math.cos((2 * Math.PI * f) / rate);
    let [a, b] = [0, 0];
    for (let i = 0; i < n; i++) [a, b] = [w[i] + k * a - b, a];
    // the window's mean is 0.5
    return Math.sqrt(Math.max(0, a * a + b * b - k * a * b)) / (n / 2) / 0.5;
  };
  let best = { frequency: 0, amplitude: 0 };
  const look = (from, to, step) => {
    for (let f = from; f <= to; f += step) {
      const found = amplitude(f);
      if (found > best.amplitude) best = { frequency: f, amplitude: found };
    }
  };
  const coarse = Math.max(1, rate / n);
  look(100, Math.min(0.425 * rate, 6800), coarse);
  look(best.frequency - coarse, best.frequency + coarse, coarse / 20);
  // the window's mean square is 3/8
  const all = w.reduce((sum, x) => sum + x * x, 0) / n / 0.375;
  const sine = best.amplitude ** 2 / 2;
  return { frequency: best.frequency, level: 20 * Math.log10(best.amplitude || 1e-9),
    noise: 10 * Math.log10(Math.max(all - sine, 1e-9) / (sine || 1e-9)) };
}

// A tone, and little else: G.711 and Opus leave less than -20 dB of it.
export const isTone = (heard, frequency) => Math.abs(heard.frequency - frequency) < 2
  && heard.level > -60 && heard.noise < -20;

// Effective value in dB (a sine of amplitude 1 is 0 dB).
export function loudness(samples) {
  const power = samples.reduce((sum, x) => sum + x * x, 0) / (samples.length || 1);
  return 10 * Math.log10(2 * power || 1e-18);
}

// Samples of a RIFF file of 16-bit PCM, one channel, as far as it is written;
// { samples, rate }.
export function wav(data) {
  if (data.length < 44 || data.toString('latin1', 0, 4) !== 'RIFF') return { samples: [], rate: RATE };
  const rate = data.readUInt32LE(24);
  const at = data.indexOf('data') + 8;
  const step = data.readUInt16LE(32); // bytes: of several channels the first
  const samples = Array.from({ length: Math.floor((data.length - at) / step) }, (_, i) => data.readInt16LE(at + step * i) / 32768);
  return { samples, rate };
}

// A file of the same kind.
export function writeWav(sound, seconds, rate = RATE) {
  const n = seconds * rate;
  const data = Buffer.alloc(44 + 2 * n);
  data.write('RIFF', 0);
  data.writeUInt32LE(36 + 2 * n, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20); // PCM
  data.writeUInt16LE(1, 22); // one channel
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(2 * rate, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(2 * n, 40);
  for (let i = 0; i < n; i++) data.writeInt16LE(Math.round(sound(i) * 32767), 44 + 2 * i);
  return data;
}
