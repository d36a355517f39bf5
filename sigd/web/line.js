// line.js: the registration and the one call of this phone, without a page.
// What happens is told through `on`: state(kind, text), call(call | null),
// sound(stream), sight(far, near): tracks of video or null; note(text). SPDX-License-Identifier: MIT
import JsSIP from 'jssip';
import { Mender } from './mend.js';

// The gateway has a public address: the browser needs no STUN server, and its
// host candidates are enough.
const media = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };

// What the far side's codes mean to somebody who is no engineer.
const meanings = {
  401: 'Wrong user or password',
  403: 'Not allowed',
  404: 'Nobody has this number',
  408: 'No answer',
  480: 'Not available',
  481: 'The call is over',
  486: 'Busy',
  487: 'Cancelled',
  488: 'No common way to talk (codecs)',
  503: 'The service is busy, try again soon',
  600: 'Busy',
  603: 'Declined',
};

export function meaning(code, cause) {
  const known = meanings[code];
  if (code) return known ? `${known} (${code})` : `Refused: ${code} ${cause ?? ''}`.trim();
  if (cause === JsSIP.C.causes.USER_DENIED_MEDIA_ACCESS) return 'No microphone, or not allowed to use it';
  if (cause === JsSIP.C.causes.BYE) return 'The other side hung up';
  if (cause === JsSIP.C.causes.CANCELED) return 'Cancelled';
  return cause ?? 'Call ended';
}

export class Line {
  constructor(on) {
    this.on = on;
    this.ua = null;
    this.call = null;
  }

  login(user, password) {
    this.logout();
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new JsSIP.WebSocketInterface(`${scheme}://${location.host}/ws`);
    const ua = new JsSIP.UA({
      sockets: [socket],
      uri: new JsSIP.URI('sip', user, location.hostname).toString(),
      password,
      register_expires: 300,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 15,
      user_agent: 'Cordboard phone',
    });
    // an old one that is still stopping has nothing to say any more
    const mine = (h) => (e) => { if (this.ua === ua) h(e); };
    this.ua = ua;
    ua.on('connecting', mine(() => this.on.state('wait', 'connecting')));
    ua.on('registered', mine(() => this.on.state('on', `online as ${user}`)));
    ua.on('unregistered', mine(() => this.on.state('off', 'offline')));
    ua.on('disconnected', mine(() => this.on.state('wait', 'connection lost, trying again')));
    ua.on('registrationFailed', mine((e) => {
      this.on.state('bad', meaning(e.response?.status_code, e.cause), e.response?.status_code);
    }));
    ua.on('newRTCSession', mine(({ originator, session }) => {
      if (originator !== 'remote') return;
      if (this.call) {
        this.on.note(`a second call, from ${session.remote_identity.uri.user}, was told that this line is busy`);
        session.terminate({ status_code: 486 });
        return;
      }
      this.follow(session);
    }));
    ua.start();
  }

  logout() {
    const { ua } = this;
    this.ua = null;
    ua?.stop();
    if (this.call) this.over('Logged out');
    if (ua) this.on.state('off', 'offline');
  }

  dial(number) {
    if (!this.ua || this.call) return;
    try {
      this.follow(this.ua.call(number, media));
    } catch {
      this.on.note(`${number} cannot be called`);
    }
  }

  follow(session) {
    const incoming = session.direction === 'incoming';
    const name = session.remote_identity.display_name || session.remote_identity.uri.user;
    const call = {
      session,
      mender: new Mender(session, () => call.state === 'up' && this.ua?.isRegistered()),
      peer: name,
      state: incoming ? 'incoming' : 'calling',
      since: 0,
      muted: false,
      held: false,
      heldByPeer: false,
      camera: null,
      far: null,
    };
    const changed = (state) => {
      if (this.call !== call) return;
      if (state) call.state = state;
      this.on.call(call);
    };
    this.call = call;
    const look = () => this.on.sight(call.far, call.camera);
    const listen = (pc) => {
      pc.addEventListener('iceconnectionstatechange', () => { if (this.call === call) call.mender.look(); });
      pc.addEventListener('track', heard);
    };
    const heard = (e) => {
      if (e.track.kind === 'video') {
        // it is there before a picture comes, and stays when none comes any more
        const seen = (track) => () => { if (this.call === call) { call.far = track; look(); } };
        e.track.addEventListener('unmute', seen(e.track));
        e.track.addEventListener('mute', seen(null));
        return;
      }
      this.on.sound(e.streams[0] ?? new MediaStream([e.track]));
    };
    if (session.connection) listen(session.connection);
    else session.on('peerconnection', (e) => listen(e.peerconnection));
    session.on('progress', (e) => { if (e.originator === 'remote') changed('ringing'); });
    session.on('confirmed', () => {
      call.since ||= Date.now();
      changed('up');
    });
    session.on('muted', () => { call.muted = true; changed(); });
    session.on('unmuted', () => { call.muted = false; changed(); });
    session.on('hold', (e) => {
      call[e.originator === 'local' ? 'held' : 'heldByPeer'] = true;
      changed();
    });
    session.on('unhold', (e) => {
      call[e.originator === 'local' ? 'held' : 'heldByPeer'] = false;
      changed();
    });
    const done = (e) => {
      if (this.call !== call) return;
      const own = e.originator === 'local';
      const code = own ? 0 : e.message?.status_code;
      this.over(own && e.cause !== JsSIP.C.causes.USER_DENIED_MEDIA_ACCESS ? 'You hung up' : meaning(code, e.cause));
    };
    session.on('failed', done);
    session.on('ended', done);
    this.on.note(incoming ? `call from ${name}` : `calling ${name}`);
    this.on.call(call);
  }

  over(text) {
    this.call?.mender.stop();
    this.call?.camera?.stop();
    this.call = null;
    this.on.sight(null, null);
    this.on.note(text);
    this.on.call(null, text);
  }

  answer() { this.call?.session.answer(media); }

  hangup() { this.call?.session.terminate(); }

  toggleMute() {
    const { call } = this;
    if (call?.muted) call.session.unmute({ audio: true });
    else call?.session.mute({ audio: true });
  }

  toggleHold() {
    const { call } = this;
    if (call?.held) call.session.unhold();
    else call?.session.hold();
  }

  // A camera within the call: it is offered, and the other side may refuse.
  async toggleCamera() {
    const { call } = this;
    if (call?.state !== 'up') return;
    const pc = call.session.connection;
    const sender = pc.getSenders().find((s) => s.track === call.camera && call.camera);
    if (sender) {
      call.camera.stop();
      call.camera = null;
      pc.removeTrack(sender);
    } else {
      try {
        const stream = await navigator.mediaDevices.getUserMedia({ video: true });
        [call.camera] = stream.getVideoTracks();
        if (this.call !== call) { call.camera.stop(); return; }
        pc.addTrack(call.camera, stream);
      } catch {
        this.on.note('No camera, or not allowed to use it');
        return;
      }
    }
    call.session.renegotiate();
    this.on.sight(call.far, call.camera);
    this.on.call(call);
  }

  // RFC 4733, as part of the media: what menus of PBXs listen to.
  digit(digit) {
    if (this.call?.state !== 'up') return false;
    this.call.session.sendDTMF(digit, { duration: 120, interToneGap: 80, transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833 });
    return true;
  }
}
