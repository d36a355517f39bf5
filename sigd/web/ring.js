// ring.js: the tones that a phone makes by itself: ringing, ringback and keys
// (ITU-T E.180, Q.23), without a sound file. SPDX-License-Identifier: MIT

const rows = [697, 770, 852, 941];
const columns = [1209, 1336, 1477];
const keys = ['123', '456', '789', '*0#'];

let context = null;
let playing = null;

function tone(frequencies, at, seconds, gain) {
  const volume = context.createGain();
  volume.connect(context.destination);
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(gain, at + 0.01);
  volume.gain.setValueAtTime(gain, at + seconds - 0.01);
  volume.gain.linearRampToValueAtTime(0, at + seconds);
  for (const f of frequencies) {
    const oscillator = context.createOscillator();
    oscillator.frequency.value = f;
    oscillator.connect(volume);
    oscillator.start(at);
    oscillator.stop(at + seconds);
  }
}

// A browser may refuse sound before a first click: then there is none.
function ready() {
  context ??= new AudioContext();
  if (context.state === 'suspended') context.resume().catch(() => {});
}

const cadences = {
  incoming: { every: 3000, play: (t) => { tone([480, 620], t, 0.4, 0.15); tone([480, 620], t + 0.6, 0.4, 0.15); } },
  ringing: { every: 5000, play: (t) => tone([425], t, 1, 0.05) },
};

export function ring(kind) {
  if (playing?.kind === kind) return;
  clearInterval(playing?.timer);
  playing = null;
  const cadence = cadences[kind];
  if (!cadence) return;
  ready();
  const once = () => cadence.play(context.currentTime);
  once();
  playing = { kind, timer: setInterval(once, cadence.every) };
}

export function key(digit) {
  const row = keys.findIndex((k) => k.includes(digit));
  if (row < 0) return;
  ready();
  tone([rows[row], columns[keys[row].indexOf(digit)]], context.currentTime, 0.12, 0.05);
}
