// A tune as 8 kHz mono WAV, for the demo's telephone to play: a chord of
// bells, without a file of others, over and over: the telephone hangs up when
// the file is at its end. SPDX-License-Identifier: MIT
import fs from 'node:fs';

const rate = 8000;
const seconds = 8;
const times = 75; // ten minutes
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
const tune = Buffer.alloc(2 * samples.length);
samples.forEach((s, i) => tune.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, s))), 2 * i));
const head = Buffer.alloc(44);
head.write('RIFF', 0);
head.writeUInt32LE(36 + times * tune.length, 4);
head.write('WAVEfmt ', 8);
head.writeUInt32LE(16, 16);
head.writeUInt16LE(1, 20);
head.writeUInt16LE(1, 22);
head.writeUInt32LE(rate, 24);
head.writeUInt32LE(2 * rate, 28);
head.writeUInt16LE(2, 32);
head.writeUInt16LE(16, 34);
head.write('data', 36);
head.writeUInt32LE(times * tune.length, 40);
fs.writeFileSync(process.argv[2], Buffer.concat([head, ...Array(times).fill(tune)]));
