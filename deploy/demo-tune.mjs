// A short tune as 8 kHz mono WAV, for the demo's telephone to play: a chord
// of bells, without a file of others. SPDX-License-Identifier: MIT
import fs from 'node:fs';

const rate = 8000;
const seconds = 8;
const notes = [523.25, 659.25, 783.99, 1046.5, 783.99, 659.25, 587.33, 698.46, 880, 1174.66, 880, 698.46];
const samples = new Float64Array(rate * seconds);
for (let i = 0; i < 24; i++) {
  const f = notes[i % notes.length];
  const at = Math.floor(i * rate / 3);
  for (let n = 0; at + n < samples.length && n < 1.5 * rate; n++) {
    const t = n / rate;
    const bell = Math.sin(2 * Math.PI * f * t) + 0.4 * Math.sin(4 * Math.PI * f * t) * Math.exp(-4 * t);
    samples[at + n] += 0.18 * bell * Math.exp(-3 * t) * Math.min(1, n / 40);
  }
}
const wav = Buffer.alloc(44 + 2 * samples.length);
wav.write('RIFF', 0);
wav.writeUInt32LE(wav.length - 8, 4);
wav.write('WAVEfmt ', 8);
wav.writeUInt32LE(16, 16);
wav.writeUInt16LE(1, 20);
wav.writeUInt16LE(1, 22);
wav.writeUInt32LE(rate, 24);
wav.writeUInt32LE(2 * rate, 28);
wav.writeUInt16LE(2, 32);
wav.writeUInt16LE(16, 34);
wav.write('data', 36);
wav.writeUInt32LE(2 * samples.length, 40);
samples.forEach((s, i) => wav.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, s))), 44 + 2 * i));
fs.writeFileSync(process.argv[2], wav);
