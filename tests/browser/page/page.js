// page.js: JsSIP and SIP.js in one page, driven by the browser tests through
// window.phone. SPDX-License-Identifier: MIT
import JsSIP from 'jssip';
import * as SIP from 'sip.js';
import { camera as cameraOf, prefer, watch } from './picture.js';
import { listen, microphone } from './sound.js';
import { ice, stats } from './stats.js';

const GATHERING_MS = 500; // for candidates; then an offer has those that there are

const calls = new Map();
let next = 1;

function keep(call) {
  call.id = next++;
  call.log = [];
  call.final = null;
  calls.set(call.id, call);
  return call;
}

function attach(call, pc) {
  call.pc = pc;
  pc.addEventListener('track', (e) => {
    if (e.track.kind === 'video') {
      call.eye = watch(e.track);
      return;
    }
    call.ear = listen(new MediaStream([e.track]));
  });
}

// A microphone, and a camera when a colour is given for it.
async function both(frequency, color) {
  const sound = await microphone(frequency);
  return typeof color === 'string' ? new MediaStream([...sound.getTracks(), ...cameraOf(color).getTracks()]) : sound;
}

// --- the two libraries behind one face -----------------------------------

function jssip({ url, user, password, host, jwt, ice }) {
  const plain = { iceServers: [], ...ice };
  const ua = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(url)],
    uri: `sip:${user}@${host}`,
    password,
    ...(jwt && { authorization_jwt: `Bearer ${jwt}` }),
    register_expires: 300,
    connection_recovery_min_interval: 1,
    connection_recovery_max_interval: 2,
  });
  const phone = { ua, registered: null, incoming: null };
  const follow = (call, session) => {
    call.session = session;
    if (session.connection) attach(call, session.connection);
    else session.on('peerconnection', (e) => attach(call, e.peerconnection));
    // gathering may have no end where an address has just gone
    session.on('icecandidate', ({ ready }) => setTimeout(ready, GATHERING_MS));
    session.on('progress', () => call.log.push('progress'));
    session.on('confirmed', () => { call.up = true; });
    session.on('failed', (e) => { call.final = e.message?.status_code ?? e.cause; });
    // whom a REFER names is called; who takes this one's place is answered
    const tone = async () => ({ mediaStream: await microphone(call.frequency ?? 1000), pcConfig: plain });
    session.on('refer', async ({ accept }) => {
      const options = await tone();
      accept((made) => { phone.incoming = take(made, call.frequency); }, options);
    });
    session.on('replaces', ({ accept }) => {
      accept(async (made) => {
        phone.incoming = take(made, call.frequency);
        made.answer(await tone());
      });
    });
    session.on('hold', () => call.log.push('hold'));
    session.on('unhold', () => call.log.push('unhold'));
    session.on('ended', (e) => { call.final = e.originator === 'remote' ? 'remote' : 'local'; });
  };
  const take = (session, frequency) => {
    const call = keep({ frequency });
    follow(call, session);
    return call.id;
  };
  ua.on('registered', () => { phone.registered = 200; });
  ua.on('registrationFailed', (e) => { phone.registered = e.response?.status_code ?? e.cause; });
  ua.on('newRTCSession', ({ originator, session }) => {
    if (originator !== 'remote') return;
    const call = keep({});
    follow(call, session);
    phone.incoming = call.id;
  });
  ua.start();
  // camera: true: its m-line comes first and carries the bundle of both; a
  // colour: it shows that.
  phone.call = async (target, frequency, camera) => {
    const call = keep({ frequency });
    const pcConfig = { ...plain, ...(camera === true && { bundlePolicy: 'max-bundle' }) };
    const session = ua.call(target, { mediaStream: await both(frequency, camera), pcConfig });
    if (camera === true) session.connection.addTransceiver('video');
    follow(call, session);
    return call.id;
  };
  phone.answer = async (id, frequency, camera) => {
    calls.get(id).frequency = frequency;
    calls.get(id).session.answer({ mediaStream: await both(frequency, camera), pcConfig: plain });
  };
  phone.hangup = (id) => calls.get(id).session.terminate();
  phone.transfer = (id, to) => {
    const { session, log } = calls.get(id);
    const other = calls.get(to).session;
    session.refer(other.remote_identity.uri, {
      replaces: other,
      eventHandlers: {
        requestSucceeded: () => log.push('referred'),
        requestFailed: (e) => log.push(`refused ${e.cause}`),
        accepted: () => log.push('transferred'),
        failed: (e) => log.push(`failed ${e.status_line?.status_code}`),
      },
    });
  };
  // within a call
  phone.show = (id, color) => {
    const { session } = calls.get(id);
    session.connection.addTrack(cameraOf(color).getTracks()[0]);
    session.renegotiate();
  };
  // false: it is not ready to
  phone.restart = (id) => {
    const call = calls.get(id);
    call.pc.restartIce();
    return call.session.renegotiate({ rtcOfferConstraints: { iceRestart: true } }, () => call.log.push('restarted'));
  };
  phone.hold = (id) => calls.get(id).session.hold();
  phone.resume = (id) => calls.get(id).session.unhold();
  phone.press = (id, keys) => calls.get(id).session.sendDTMF(keys, { transportType: 'RFC2833', duration: 100, interToneGap: 70 });
  phone.stop = () => ua.stop();
  return phone;
}

function sipjs({ url, user, password, host, ice }) {
  let frequency = 1000;
  const ua = new SIP.UserAgent({
    uri: SIP.UserAgent.makeURI(`sip:${user}@${host}`),
    authorizationUsername: user,
    authorizationPassword: password,
    transportOptions: { server: url },
    sessionDescriptionHandlerFactory: SIP.Web.defaultSessionDescriptionHandlerFactory(
      () => Promise.resolve(microphone(frequency)),
    ),
    sessionDescriptionHandlerFactoryOptions: {
      iceGatheringTimeout: GATHERING_MS, peerConnectionConfiguration: { iceServers: [], ...ice },
    },
    sipExtensionReplaces: SIP.SIPExtension.Supported,
    logLevel: 'error',
  });
  const phone = { ua, registered: null, incoming: null };
  const follow = (call, session) => {
    call.session = session;
    session.delegate = {
      async onRefer(referral) {
        await referral.accept();
        const made = keep({});
        const inviter = referral.makeInviter();
        follow(made, inviter);
        inviter.invite();
        phone.incoming = made.id;
      },
    };
    session.stateChange.addListener((state) => {
      if (state === SIP.SessionState.Established) {
        call.up = true;
        const pc = session.sessionDescriptionHandler.peerConnection;
        call.pc = pc;
        call.ear = listen(new MediaStream(pc.getReceivers().map((r) => r.track)));
      }
      if (state === SIP.SessionState.Terminated && call.final === null) call.final = call.by ?? 'remote';
    });
  };
  ua.delegate = {
    onInvite(invitation) {
      const call = keep({});
      follow(call, invitation);
      phone.incoming = call.id;
      if (invitation.replacee) invitation.accept();
    },
  };
  const registerer = new SIP.Registerer(ua, { expires: 300 });
  registerer.stateChange.addListener((state) => {
    if (state === SIP.RegistererState.Registered) phone.registered = 200;
  });
  ua.start().then(() => registerer.register({
    requestDelegate: { onReject: (r) => { phone.registered = r.message.statusCode; } },
  })).catch((e) => { phone.registered = String(e); });
  phone.call = (target, hz) => {
    frequency = hz;
    const call = keep({});
    const inviter = new SIP.Inviter(ua, SIP.UserAgent.makeURI(`sip:${target}@${host}`));
    follow(call, inviter);
    inviter.invite({
      requestDelegate: {
        onProgress: () => call.log.push('progress'),
        onReject: (r) => { call.final = r.message.statusCode; },
      },
    });
    return call.id;
  };
  phone.transfer = (id, to) => {
    const { session, log } = calls.get(id);
    session.refer(calls.get(to).session, {
      requestDelegate: {
        onAccept: () => log.push('referred'),
        onReject: (r) => log.push(`refused ${r.message.statusCode}`),
      },
      onNotify(notification) {
        notification.accept();
        if (/ 200 /.test(notification.request.body)) log.push('transferred');
      },
    });
  };
  phone.restart = (id) => {
    const { pc, session, log } = calls.get(id);
    pc.restartIce();
    session.invite({
      sessionDescriptionHandlerOptions: { offerOptions: { iceRestart: true } },
      requestDelegate: { onAccept: () => log.push('restarted') },
    });
    return true;
  };
  phone.answer = (id, hz) => { frequency = hz; return calls.get(id).session.accept(); };
  phone.hangup = (id) => {
    const call = calls.get(id);
    call.by = 'local';
    if (call.session.state === SIP.SessionState.Established) return call.session.bye();
    return call.session instanceof SIP.Inviter ? call.session.cancel() : call.session.reject();
  };
  phone.stop = () => ua.stop();
  lamps(phone, ua, host, registerer);
  return phone;
}

// What is no call: SIP.js alone. Everything that is heard is kept.
function lamps(phone, ua, host, registerer) {
  const uri = (target) => SIP.UserAgent.makeURI(`sip:${target}@${host}`);
  const heard = [];
  const subscribers = [];
  const keep = (kind) => (thing) => {
    const { request } = thing;
    heard.push({ kind, event: request.getHeader('Event'), state: request.getHeader('Subscription-State'), body: request.body });
    thing.accept?.();
  };
  ua.delegate.onNotify = keep('unasked');
  ua.delegate.onMessage = keep('message');
  // as an application does it: SIP.js leaves it to its user
  const registers = { requestDelegate: { onAccept: () => { phone.registered = 200; } } };
  const back = () => ua.reconnect().then(() => registerer.register(registers), () => setTimeout(back, 300));
  ua.delegate.onDisconnect = (error) => { if (error) back(); };
  const answer = (send) => new Promise((done) => {
    send({ onAccept: (r) => done(r.message.statusCode), onReject: (r) => done(r.message.statusCode) });
  });
  Object.assign(phone, {
    heard,
    watch(target, event) {
      const subscriber = new SIP.Subscriber(ua, uri(target), event, { expires: 600 });
      subscriber.delegate = { onNotify: keep('notify') };
      subscribers.push(subscriber);
      subscriber.subscribe();
      return subscribers.length - 1;
    },
    watching: (id) => subscribers[id].state,
    renew: (id) => subscribers[id].subscribe(),
    unwatch: (id) => subscribers[id].unsubscribe(),
    say: (target, text) => answer((requestDelegate) => new SIP.Messager(ua, uri(target), text).message({ requestDelegate })),
    // the same one again, with what it said before
    publish(target, body) {
      phone.publisher ??= new SIP.Publisher(ua, uri(target), 'presence',
        { body, contentType: 'application/pidf+xml', expires: 600, unpublishOnClose: false });
      phone.publisher.publish(body);
    },
    published: () => phone.publisher.state === SIP.PublisherState.Published,
  });
}

let phone = null;
window.phone = {
  start(library, options) {
    phone = library === 'sip.js' ? sipjs(options) : jssip(options);
  },
  registered: () => phone.registered,
  forget: () => { phone.registered = null; },
  incoming: () => { const id = phone.incoming; phone.incoming = null; return id; },
  call: (target, frequency, camera) => phone.call(target, frequency, camera),
  answer: (id, frequency, camera) => { phone.answer(id, frequency, camera); },
  show: (id, color) => { phone.show(id, color); },
  prefer,
  see: (id) => calls.get(id).eye?.() ?? null,
  hangup: (id) => { phone.hangup(id); },
  transfer: (id, to) => { phone.transfer(id, to); },
  hold: (id) => phone.hold(id),
  restart: (id) => phone.restart(id),
  ice: (id) => ice(calls.get(id).pc),
  resume: (id) => phone.resume(id),
  press: (id, keys) => { phone.press(id, keys); },
  watch: (target, event) => phone.watch(target, event),
  watching: (id) => phone.watching(id),
  renew: (id) => phone.renew(id),
  unwatch: (id) => phone.unwatch(id),
  say: (target, text) => phone.say(target, text),
  publish: (target, body) => phone.publish(target, body),
  published: () => phone.published(),
  heard: () => phone.heard,
  stop: () => phone.stop(),
  state: (id) => { const c = calls.get(id); return { up: !!c.up, final: c.final, log: c.log }; },

  hear: async (id) => (await calls.get(id).ear?.hear()) ?? null,
  stats: (id) => stats(calls.get(id).pc),
};
