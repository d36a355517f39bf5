// sound.js: a tone instead of a microphone, and an ear for what is heard: the
// frequency and the level of both are known. SPDX-License-Identifier: MIT

const RATE = 48000;
const WINDOW = 16384; // samples that an ear looks at
const LEVEL = 0.25; // of full scale

// --- by Web Audio: Chromium ------------------------------------------------------

function webAudio() {
  const context = new AudioContext();
  context.resume();
  return {
    microphone(frequency) {
      const source = context.createOscillator();
      const gain = context.createGain();
      const out = context.createMediaStreamDestination();
      source.frequency.value = frequency;
      gain.gain.value = LEVEL;
      source.connect(gain).connect(out);
      source.start();
      return out.stream;
    },
    ear(stream) {
      const analyser = context.createAnalyser();
      analyser.fftSize = WINDOW;
      context.createMediaStreamSource(stream).connect(analyser);
      const samples = new Float32Array(WINDOW);
      return async () => {
        analyser.getFloatTimeDomainData(samples);
        return { samples, rate: context.sampleRate };
      };
    },
  };
}

// --- without its clock -----------------------------------------------------------
// Firefox starts an AudioContext's clock when a sound card does, and where
// tests run there is none. Media elements and recorders need no card.

// Minutes of a tone, as a file.
function wave(frequency, seconds) {
  const count = RATE * seconds;
  const out = new DataView(new ArrayBuffer(44 + 2 * count));
  const text = (at, s) => [...s].forEach((c, i) => out.setUint8(at + i, c.charCodeAt(0)));
  text(0, 'RIFF');
  out.setUint32(4, 36 + 2 * count, true);
  text(8, 'WAVEfmt ');
  out.setUint32(16, 16, true);
  out.setUint16(20, 1, true); // PCM
  out.setUint16(22, 1, true);
  out.setUint32(24, RATE, true);
  out.setUint32(28, 2 * RATE, true);
  out.setUint16(32, 2, true);
  out.setUint16(34, 16, true);
  text(36, 'data');
  out.setUint32(40, 2 * count, true);
  for (let i = 0; i < count; i++) out.setInt16(44 + 2 * i, 32767 * LEVEL * Math.sin((2 * Math.PI * frequency * i) / RATE), true);
  return new Blob([out], { type: 'audio/wav' });
}

async function record(stream, ms) {
  const recorder = new MediaRecorder(stream, { mimeType: 'audio/ogg;codecs=opus' });
  const parts = [];
  recorder.ondataavailable = (e) => parts.push(e.data);
  const stopped = new Promise((done) => { recorder.onstop = done; });
  recorder.start();
  await new Promise((done) => { setTimeout(done, ms); });
  recorder.stop();
  await stopped;
  return new Blob(parts).arrayBuffer();
}

function elements() {
  const playing = [];
  return {
    async microphone(frequency) {
      const element = new Audio(URL.createObjectURL(wave(frequency, 120)));
      playing.push(element);
      const stream = element.mozCaptureStream();
      await element.play();
      return stream;
    },
    ear(stream) {
      return async () => {
        const file = await record(stream, 500);
        const sound = file.byteLength && await new OfflineAudioContext(1, 1, RATE).decodeAudioData(file).catch(() => null);
        const samples = sound && sound.getChannelData(0).slice(-WINDOW);
        return samples?.length === WINDOW ? { samples, rate: RATE } : null;
      };
    },
  };
}

const way = 'mozCaptureStream' in HTMLMediaElement.prototype ? elements() : webAudio();

// Instead of a microphone: a sine of this frequency, 0.25 of full scale.
export const { microphone } = way;

// An ear: { hear() }, which gives the strongest frequency heard, and its level
// in dB of full scale (a sine of amplitude 1 is 0 dB).
export function listen(stream) {
  // browsers decode a remote track only when something plays it
  const audio = new Audio();
  audio.srcObject = stream;
  audio.muted = true;
  audio.play();
  const take = way.ear(stream);
  return {
    audio,
    async hear() {
      const heard = await take();
      return heard && strongest(heard.samples, heard.rate);
    },
  };
}

// Hann window, then a search by Goertzel over 1 Hz steps: coarse, then fine.
function strongest(samples, rate) {
  const n = samples.length;
  const w = samples.map((x, i) => x * 0.5 * (1 - Math.cos((2 * Math.PI * i) / (n - 1))));
  const level = (f) => {
    const k = 2 * Math.cos((2 * Math.PI * f) / rate);
    let a = 0;
    let b = 0;
    for (let i = 0; i < n; i++) { const c = w[i] + k * a - b; b = a; a = c; }
    // amplitude of the sine; the window's mean is 0.5
    return Math.sqrt(a * a + b * b - k * a * b) / (n / 2) / 0.5;
  };
  let best = { frequency: 0, amplitude: 0 };
  for (let f = 100; f < 3400; f += 2) {
    const amplitude = level(f);
    if (amplitude > best.amplitude) best = { frequency: f, amplitude };
  }
  const around = best.frequency;
  for (let f = around - 2; f <= around + 2; f += 0.1) {
    const amplitude = level(f);
    if (amplitude > best.amplitude) best = { frequency: f, amplitude };
  }
  return { frequency: best.frequency, level: 20 * Math.log10(best.amplitude || 1e-9) };
}
