// The page that sigd serves: register and call. One session at a time.
// SPDX-License-Identifier: MIT
import JsSIP from 'jssip';

const $ = (id) => document.getElementById(id);
let ua = null;
let session = null;
let meter = null;

function note(text) {
  const line = document.createElement('li');
  line.textContent = `${new Date().toLocaleTimeString()}  ${text}`;
  $('log').prepend(line);
  while ($('log').children.length > 50) $('log').lastChild.remove();
}

function state(kind, text) {
  $('state').dataset.state = kind;
  $('state').textContent = text;
}

function buttons() {
  const ringing = session && session.direction === 'incoming' && !session.isEstablished();
  $('call').hidden = !!session;
  $('answer').hidden = !ringing;
  $('hangup').hidden = !session;
  $('figures').hidden = !(session && session.isEstablished());
}

function over(text) {
  note(text);
  session = null;
  clearInterval(meter);
  $('audio').srcObject = null;
  buttons();
}

// Level and figures, once a second, from what the browser itself measures.
function watch(pc) {
  let analyser = null;
  let context = null;
  clearInterval(meter);
  meter = setInterval(async () => {
    if (!session || pc.connectionState === 'closed') {
      context?.close();
      clearInterval(meter);
      return;
    }
    const stream = $('audio').srcObject;
    if (!analyser && stream) {
      context = new AudioContext();
      analyser = context.createAnalyser();
      context.createMediaStreamSource(stream).connect(analyser);
    }
    if (analyser) {
      const samples = new Float32Array(analyser.fftSize);
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
      $('level').value = Math.min(1, Math.sqrt(power) * 2);
    }
    const stats = await pc.getStats();
    for (const s of stats.values()) {
      if (s.type === 'inbound-rtp' && s.kind === 'audio') {
        $('codec').textContent = stats.get(s.codecId)?.mimeType.replace('audio/', '') ?? '–';
        $('received').textContent = s.packetsReceived;
        $('lost').textContent = s.packetsLost;
        $('jitter').textContent = `${Math.round(s.jitter * 1000)} ms`;
      }
      if (s.type === 'remote-inbound-rtp' && s.roundTripTime !== undefined) {
        $('rtt').textContent = `${Math.round(s.roundTripTime * 1000)} ms`;
      }
    }
  }, 1000);
}

function follow(next) {
  session = next;
  const listen = (pc) => {
    pc.addEventListener('track', (e) => {
      $('audio').srcObject = e.streams[0] ?? new MediaStream([e.track]);
    });
    watch(pc);
  };
  if (session.connection) listen(session.connection);
  else session.on('peerconnection', (e) => listen(e.peerconnection));
  session.on('progress', (e) => { if (e.originator === 'remote') note('ringing'); });
  session.on('confirmed', () => { note('connected'); buttons(); });
  session.on('failed', (e) => over(`failed: ${e.message?.status_code ?? ''} ${e.cause}`));
  session.on('ended', (e) => over(`ended: ${e.cause}`));
  buttons();
}

// The gateway has a public address: the browser needs no STUN server, and its
// host candidates are enough.
const options = {
  mediaConstraints: { audio: true, video: false },
  pcConfig: { iceServers: [] },
};

function register(user, password) {
  ua?.stop();
  const path = location.protocol === 'https:' ? 'wss' : 'ws';
  const socket = new JsSIP.WebSocketInterface(`${path}://${location.host}/ws`);
  ua = new JsSIP.UA({
    sockets: [socket],
    uri: `sip:${user}@${location.hostname}`,
    password,
    register_expires: 300,
  });
  ua.on('registered', () => { state('on', `registered as ${user}`); $('dial').hidden = false; });
  ua.on('unregistered', () => state('off', 'not registered'));
  ua.on('registrationFailed', (e) => state('bad', `refused: ${e.response?.status_code ?? ''} ${e.cause}`));
  ua.on('disconnected', () => state('bad', 'no connection, trying again'));
  ua.on('newRTCSession', ({ originator, session: next }) => {
    if (originator !== 'remote') return;
    if (session) {
      next.terminate({ status_code: 486 });
      return;
    }
    note(`call from ${next.remote_identity.uri.user}`);
    follow(next);
  });
  ua.start();
}

$('login').addEventListener('submit', (e) => {
  e.preventDefault();
  register($('user').value.trim(), $('password').value);
});
$('dial').addEventListener('submit', (e) => {
  e.preventDefault();
  note(`calling ${$('number').value.trim()}`);
  follow(ua.call($('number').value.trim(), options));
});
$('answer').addEventListener('click', () => session?.answer(options));
$('hangup').addEventListener('click', () => session?.terminate());
