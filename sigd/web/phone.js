// phone.js: the page of the softphone. line.js knows SIP, figures.js and
// ring.js know sound; here is what is shown. SPDX-License-Identifier: MIT
import { Line } from './line.js';
import { Figures, Level } from './figures.js';
import { ring, key } from './ring.js';

const $ = (id) => document.getElementById(id);
const letters = { 2: 'ABC', 3: 'DEF', 4: 'GHI', 5: 'JKL', 6: 'MNO', 7: 'PQRS', 8: 'TUV', 9: 'WXYZ', 0: '+' };

const shown = { state: 'off', call: null };
let figures = null;
let level = null;
let ticker = null;

function note(text) {
  const line = document.createElement('li');
  line.textContent = `${new Date().toLocaleTimeString()}  ${text}`;
  $('log').prepend(line);
  while ($('log').children.length > 50) $('log').lastChild.remove();
}

const line = new Line({
  note,
  state(kind, text, code) {
    shown.state = kind;
    $('state').dataset.state = kind;
    $('state').textContent = text;
    // to ask again with the same password would not help
    if (kind === 'bad' && (code === 401 || code === 403 || code === 404)) {
      line.logout();
      $('refused').textContent = text;
      $('refused').hidden = false;
    }
    if (kind === 'on') $('password').value = '';
    note(text);
    draw();
  },
  call(call, text) {
    if (!call) rest(text);
    else if (call.state === 'up' && !figures) watch(call);
    shown.call = call;
    ring(call?.state === 'incoming' || call?.state === 'ringing' ? call.state : null);
    draw();
  },
  sound(stream) {
    $('audio').srcObject = stream;
    level?.close();
    level = new Level(stream);
  },
  sight(far, near) {
    show('far', far);
    show('near', near);
    $('sight').hidden = !far && !near;
  },
});

function show(id, track) {
  $(id).srcObject = track ? new MediaStream([track]) : null;
  if (id === 'near') $(id).hidden = !track;
}

// --- one call's figures, twice a second ---------------------------------------

function put(id, value, unit, digits = 0) {
  $(id).textContent = value === null ? '–' : `${typeof value === 'number' ? value.toFixed(digits) : value}${unit}`;
}

function clock(since) {
  const seconds = Math.floor((Date.now() - since) / 1000);
  const two = (n) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  return `${hours ? `${hours}:` : ''}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

async function tick() {
  const { call } = shown;
  if (!call || !figures) return;
  $('level').style.setProperty('--level', level ? level.read().toFixed(2) : '0');
  progress(call);
  const now = await figures.read();
  put('codec', now.codec, '');
  put('loss', now.loss, ' %', 1);
  put('jitter', now.jitter, ' ms');
  put('rtt', now.rtt, ' ms');
}

function watch(call) {
  figures = new Figures(call.session.connection);
  ticker = setInterval(tick, 500);
}

function rest(text) {
  clearInterval(ticker);
  level?.close();
  figures = level = null;
  $('audio').srcObject = null;
  $('ended').textContent = text ?? '';
  $('sent').textContent = '';
  $('keys').hidden = true;
  for (const id of ['codec', 'loss', 'jitter', 'rtt']) put(id, null, '');
}

// --- what is shown -----------------------------------------------------------------

function progress(call) {
  const held = call.held ? 'on hold' : call.heldByPeer ? 'the other side holds' : '';
  const texts = { incoming: 'is calling', calling: 'calling …', ringing: 'ringing …' };
  $('progress').textContent = texts[call.state] ?? [clock(call.since), held].filter(Boolean).join(' · ');
}

function press(id, on, text) {
  $(id).setAttribute('aria-pressed', String(on));
  $(id).textContent = text;
}

function draw() {
  const { call } = shown;
  const logged = line.ua !== null;
  $('login').hidden = logged || !!call;
  $('dial').hidden = !logged || !!call;
  $('incall').hidden = !call;
  $('logout').hidden = !logged || !!call;
  $('call').disabled = shown.state !== 'on';
  if (!call) return;
  const up = call.state === 'up';
  $('peer').textContent = call.peer;
  $('avatar').textContent = call.peer.slice(0, 1).toUpperCase();
  $('avatar').dataset.state = call.state;
  $('talking').hidden = $('figures').hidden = !up;
  $('answer').hidden = call.state !== 'incoming';
  $('hangup').textContent = call.state === 'incoming' ? 'Decline' : 'Hang up';
  press('mute', call.muted, call.muted ? 'Unmute' : 'Mute');
  press('hold', call.held, call.held ? 'Resume' : 'Hold');
  press('camera', !!call.camera, call.camera ? 'No camera' : 'Camera');
  press('keypad', !$('keys').hidden, 'Keys');
  $('keypad').setAttribute('aria-expanded', String(!$('keys').hidden));
  progress(call);
}

// --- keys ----------------------------------------------------------------------------

function dialled(digit) {
  $('number').value += digit;
  key(digit);
}

function sent(digit) {
  if (line.digit(digit)) $('sent').textContent += digit;
}

for (const pad of document.querySelectorAll('.pad')) {
  for (const digit of '123456789*0#') {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.digit = digit;
    button.append(digit);
    const small = document.createElement('small');
    small.textContent = letters[digit] ?? '';
    button.append(small);
    button.addEventListener('click', () => (pad.dataset.for === 'dtmf' ? sent : dialled)(digit));
    pad.append(button);
  }
}

document.addEventListener('keydown', (e) => {
  if (shown.call?.state === 'up' && e.target.tagName !== 'INPUT' && '0123456789*#'.includes(e.key)) sent(e.key);
});

// --- what is pressed ------------------------------------------------------------------

$('login').addEventListener('submit', (e) => {
  e.preventDefault();
  const user = $('user').value.trim();
  $('refused').hidden = true;
  try { localStorage.setItem('user', user); } catch { /* a private window */ }
  line.login(user, $('password').value);
  draw();
});
$('dial').addEventListener('submit', (e) => {
  e.preventDefault();
  const number = $('number').value.trim();
  if (number && shown.state === 'on') line.dial(number);
});
$('erase').addEventListener('click', () => { $('number').value = $('number').value.slice(0, -1); });
$('logout').addEventListener('click', () => { line.logout(); draw(); });
$('answer').addEventListener('click', () => line.answer());
$('hangup').addEventListener('click', () => line.hangup());
$('mute').addEventListener('click', () => line.toggleMute());
$('hold').addEventListener('click', () => line.toggleHold());
$('camera').addEventListener('click', () => line.toggleCamera());
$('keypad').addEventListener('click', () => { $('keys').hidden = !$('keys').hidden; draw(); });

// The address may say who calls whom: #user=alice&call=echo
const wish = new URLSearchParams(location.hash.slice(1));
try { $('user').value = wish.get('user') ?? localStorage.getItem('user') ?? ''; } catch { /* a private window */ }
$('number').value = wish.get('call') ?? '';
for (const number of ['echo', 'tone', 'milliwatt']) $('numbers').append(new Option(number));
draw();
