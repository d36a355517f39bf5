// sip.mjs: a SIP user agent for system tests, over UDP or WebSocket. It does
// what it is told and no more, right or wrong; what RFC 3261 asks of every user
// agent (repeating, answering repeats, ACK) it does by itself, unless told not
// to. SPDX-License-Identifier: MIT
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { until } from './stack.mjs';
import { StreamSip } from './stream.mjs';
import { WebSocketSip } from './ws.mjs';

const REPEAT_MS = 100;
const REPEAT_MAX_MS = 1000;

const hex = (n) => randomBytes(n).toString('hex');

// --- messages ------------------------------------------------------------------

export class Message {
  constructor(text) {
    const end = text.indexOf('\r\n\r\n');
    const [first, ...lines] = text.slice(0, end).split('\r\n');
    this.text = text;
    this.first = first;
    this.headers = lines.map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()];
    });
    this.body = text.slice(end + 4);
    if (first.startsWith('SIP/2.0 ')) {
      this.code = Number(first.slice(8, 11));
      this.reason = first.slice(12);
    } else {
      [this.method, this.uri] = first.split(' ');
    }
    this.cseq = Number(this.get('cseq').split(' ')[0]);
    this.cseqMethod = this.get('cseq').split(' ')[1];
    this.branch = param(this.get('via'), 'branch');
  }

  all(name) { return this.headers.filter(([n]) => n === name).map(([, value]) => value); }

  get(name) { return this.all(name)[0] ?? ''; }

  get callid() { return this.get('call-id'); }

  tag(name) { return param(this.get(name), 'tag'); }

  // URI within the brackets of a header
  target(name) { return this.get(name).match(/<([^>]*)>/)?.[1] ?? this.get(name); }

  // who of ours refused it, by docs/errors.md
  get why() { return this.get('reason'); }
}

const param = (value, name) => value.match(new RegExp(`;${name}=([^;,\\s>]*)`))?.[1] ?? '';

const unquote = (text) => text.replace(/^"|"$/g, '');

// A challenge of each algorithm that is offered.
export function challenges(response) {
  const values = [...response.all('www-authenticate'), ...response.all('proxy-authenticate')];
  return values.map((value) => Object.fromEntries([...value.replace(/^Digest\s+/, '')
    .matchAll(/(\w+)=("[^"]*"|[^,\s]*)/g)].map(([, name, val]) => [name, unquote(val)])));
}

// The value of an Authorization header.
export function digest(challenge, { user, password, method, uri, nc = 1 }) {
  const algorithm = challenge.algorithm ?? 'MD5';
  const hash = (...parts) => createHash(algorithm === 'SHA-256' ? 'sha256' : 'md5')
    .update(parts.join(':')).digest('hex');
  const cnonce = hex(4);
  const count = nc.toString(16).padStart(8, '0');
  const response = hash(hash(user, challenge.realm, password), challenge.nonce, count, cnonce, 'auth',
    hash(method, uri));
  return `Digest username="${user}", realm="${challenge.realm}", nonce="${challenge.nonce}", uri="${uri}", `
    + `algorithm=${algorithm}, qop=auth, nc=${count}, cnonce="${cnonce}", response="${response}"`;
}

// What a browser describes, with a DTLS identity that nobody will ever see.
export function browserSdp(offer) {
  const mid = offer?.match(/a=mid:(\S+)/)?.[1] ?? '0';
  const opus = offer?.match(/a=rtpmap:(\d+) opus/)?.[1] ?? '111';
  const fingerprint = randomBytes(32).toString('hex').toUpperCase().match(/../g).join(':');
  return ['v=0', `o=- ${Math.floor(Math.random() * 1e9)} 2 IN IP4 127.0.0.1`, 's=-', 't=0 0', `a=group:BUNDLE ${mid}`,
    `m=audio 9 UDP/TLS/RTP/SAVPF ${opus}`, 'c=IN IP4 0.0.0.0', 'a=rtcp:9 IN IP4 0.0.0.0',
    `a=ice-ufrag:${hex(4)}`, `a=ice-pwd:${hex(12)}`, `a=fingerprint:sha-256 ${fingerprint}`,
    `a=setup:${offer ? 'active' : 'actpass'}`, `a=mid:${mid}`, 'a=sendrecv', 'a=rtcp-mux',
    `a=rtpmap:${opus} opus/48000/2`, ''].join('\r\n');
}

// What a telephone describes; nothing is ever sent from there.
export function phoneSdp(address = '127.0.0.1') {
  const net = `IN ${address.includes(':') ? 'IP6' : 'IP4'} ${address}`;
  return ['v=0', `o=- ${Math.floor(Math.random() * 1e9)} 2 ${net}`, 's=-', `c=${net}`, 't=0 0',
    'm=audio 4000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=sendrecv', ''].join('\r\n');
}

// --- a user agent ---------------------------------------------------------------

export class Ua {
  // options: user, password, transport (udp, tcp, tls, ws, wss), domain, address: of this
  // host, 127.0.0.1 or ::1, of udp any of 127.0.0.0/8; upgrade: of its WebSocket (ws.mjs);
  // tls: options of its connection, header: of that (stream.mjs)
  static async open(stack, options = {}) {
    const ua = new Ua();
    Object.assign(ua, {
      stack, transport: 'udp', address: '127.0.0.1', domain: 'localhost', password: `${options.user}-secret`, ...options,
      waiting: new Map(), served: new Map(), calls: new Map(), rung: [], heard: [], sent: [],
    });
    await ua.connect();
    return ua;
  }

  async connect() {
    const took = (text) => this.took(text);
    if (this.transport === 'udp') {
      const ipv6 = this.address.includes(':');
      this.socket = createSocket(ipv6 ? 'udp6' : 'udp4');
      this.socket.on('message', (data) => took(data.toString()));
      await new Promise((done) => { this.socket.bind(0, this.address, done); });
      this.host = `${ipv6 ? `[${this.address}]` : this.address}:${this.socket.address().port}`;
    } else if (['tcp', 'tls'].includes(this.transport)) {
      this.stream = await StreamSip.open(this.stack[`${this.transport}Port`],
        { messages: took, closed: () => this.cut(), secure: this.transport === 'tls', options: this.tls, header: this.header });
      this.host = `127.0.0.1:${this.stream.socket.localPort}`;
    } else {
      this.ws = await WebSocketSip.open(this.stack[`${this.transport}Port`], { ...this.upgrade,
        messages: took, closed: () => this.cut(), host: this.address, secure: this.transport === 'wss' });
      this.host = `${hex(6)}.invalid`;
    }
    this.contact = `<sip:${hex(4)}@${this.host};transport=${this.ws ? 'ws' : this.transport}>`;
    this.aor = `sip:${this.user}@${this.domain}`;
  }

  // What it describes; offer: of the other side, in an answer.
  sdp(offer) { return this.ws ? browserSdp(offer) : phoneSdp(this.address); }

  // The connection has ended: no answer comes.
  cut() {
    this.gone = true;
    for (const txn of this.waiting.values()) txn.cut();
  }

  raw(text) {
    this.sent.push(text);
    if (this.ws) this.ws.send(text);
    else if (this.stream) this.stream.send(text);
    else this.socket.send(text, this.stack.udpPort, this.address.includes(':') ? this.address : '127.0.0.1');
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    for (const { timer } of this.waiting.values()) clearTimeout(timer);
    for (const call of this.calls.values()) call.quiet();
    this.socket?.close();
    this.ws?.close();
    this.stream?.close();
  }

  took(text) {
    if (text.length < 5) return; // a keep-alive
    const msg = new Message(text);
    this.heard.push(msg);
    if (msg.code) this.response(msg);
    else this.requested(msg);
  }

  // --- as a client --------------------------------------------------------------

  // Writes a request. headers: [name, value], instead of ours when a name is one of them.
  write(method, uri, { headers = [], body = '', ...rest }) {
    const has = (name) => headers.some(([n]) => n.toLowerCase() === name);
    const branch = rest.branch ?? `z9hG4bK${hex(8)}`;
    const lines = [`${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/${this.transport.toUpperCase()} ${this.host};branch=${branch};rport`];
    if (!has('max-forwards')) lines.push('Max-Forwards: 70');
    if (!has('from')) lines.push(`From: <${this.aor}>;tag=${rest.fromTag ?? hex(6)}`);
    if (!has('to')) lines.push(`To: <${rest.to ?? uri}>${rest.toTag ? `;tag=${rest.toTag}` : ''}`);
    lines.push(`Call-ID: ${rest.callid ?? hex(10)}`, `CSeq: ${rest.cseq ?? 1} ${rest.cseqMethod ?? method}`);
    for (const [name, value] of headers) lines.push(`${name}: ${value}`);
    if (body && !has('content-type')) lines.push('Content-Type: application/sdp');
    lines.push(`Content-Length: ${Buffer.byteLength(body)}`, '', body);
    return { text: lines.join('\r\n'), branch, method };
  }

  // Sends what write() gave, repeats it, and hears the answers. Resolves with
  // the final one; provisional: called with each of the others.
  send({ text, branch, method }, { provisional = () => {}, final = () => {}, limit = 15000, repeat = true } = {}) {
    return new Promise((done, fail) => {
      const txn = { method, provisional, text };
      const giveUp = setTimeout(() => {
        clearTimeout(txn.timer);
        fail(new Error(`no final answer within ${limit} ms: ${text.split('\r\n')[0]}`));
      }, limit);
      txn.cut = () => { clearTimeout(giveUp); if (!txn.done) fail(new Error('the connection ended')); };
      txn.final = (msg) => { clearTimeout(giveUp); clearTimeout(txn.timer); final(msg); done(msg); };
      const again = (ms) => {
        txn.timer = setTimeout(() => {
          if (txn.proceeding && method === 'INVITE') return;
          this.raw(text);
          again(Math.min(ms * 2, REPEAT_MAX_MS));
        }, ms);
      };
      this.waiting.set(`${branch} ${method}`, txn);
      this.raw(text);
      if (repeat && this.socket) again(REPEAT_MS);
    });
  }

  request(method, uri, options = {}) { return this.send(this.write(method, uri, options), options); }

  response(msg) {
    const txn = this.waiting.get(`${msg.branch} ${msg.cseqMethod}`);
    if (!txn) return;
    if (msg.code < 200) {
      txn.proceeding = true;
      txn.provisional(msg);
      return;
    }
    if (txn.method === 'INVITE' && msg.code >= 300) this.ackRefusal(txn, msg);
    if (txn.method === 'INVITE' && msg.code < 300) this.caller(msg)?.accepted(msg);
    if (!txn.done) txn.final(msg);
    txn.done = true;
  }

  // Whose INVITE is answered: that with our tag in From.
  caller(msg) {
    const own = this.calls.get(msg.callid);
    return own?.localTag === msg.tag('from') ? own : this.calls.get(`${msg.callid} ${msg.tag('from')}`);
  }

  // The ACK of a refusal belongs to the INVITE's transaction (RFC 3261 17.1.1.3).
  ackRefusal(txn, msg) {
    const invite = new Message(txn.text);
    this.raw([`ACK ${invite.uri} SIP/2.0`, `Via: ${invite.get('via')}`, 'Max-Forwards: 70',
      `From: ${invite.get('from')}`, `To: ${msg.get('to')}`, `Call-ID: ${msg.callid}`, `CSeq: ${msg.cseq} ACK`,
      'Content-Length: 0', '', ''].join('\r\n'));
  }

  // A request outside dialogs, with credentials when it is challenged, and
  // again when the nonce was too old. send(headers): a promise of the answer.
  // algorithm: of the answer; else the strongest that is offered.
  async challenged(options, send) {
    let res = await send(options.headers ?? []);
    for (let i = 0; i < 3 && [401, 407].includes(res.code); i++) {
      if (i && !challenges(res).some((c) => c.stale === 'true')) break;
      res = await send([...options.headers ?? [], this.credentials(res, options)]);
    }
    return res;
  }

  authorized(method, uri, options = {}) {
    const callid = options.callid ?? hex(10);
    let cseq = options.cseq ?? 1;
    return this.challenged({ ...options, method, uri }, (headers) => this.request(method, uri,
      { ...options, callid, headers, cseq: cseq++ }));
  }

  credentials(challenged, { method, uri, algorithm, nc, user = this.user, password = this.password }) {
    const offered = challenges(challenged);
    const chosen = algorithm ? offered.find((c) => c.algorithm === algorithm) : offered[0];
    return [challenged.code === 401 ? 'Authorization' : 'Proxy-Authorization',
      digest(chosen, { user, password, method, uri, nc })];
  }

  // options as of authorized(), and: expires, contact, params of the Contact
  register({ expires = 300, contact = this.contact, params = '', headers = [], ...options } = {}) {
    this.registerId ??= hex(10);
    this.registerSeq = (this.registerSeq ?? 0) + 10;
    return this.authorized('REGISTER', `sip:${this.domain}`, {
      callid: this.registerId, cseq: this.registerSeq, to: this.aor, ...options,
      headers: [...contact ? [['Contact', `${contact}${params}`]] : [], ['Expires', expires], ...headers],
    });
  }

  // Which worker of sigd reads what we send.
  async worker() {
    const before = this.stack.log('sigd.log').length;
    const res = await this.register({ expires: 60 });
    if (res.code !== 200) throw new Error(`cannot ask for the worker: ${res.code}`);
    const line = await until(() => this.stack.log('sigd.log').slice(before).split('\n')
      .find((l) => l.includes('msg=registered') && l.includes(`user=${this.user} `)), 'the worker says who it is');
    return Number(line.match(/proc=sigd\/(\d+)/)[1]);
  }

  // another kind of user agent may have another kind of call
  newCall() { return new Call(this); }

  call(target, options = {}) { return this.newCall().invite(target, options); }

  // --- as a server ---------------------------------------------------------------

  requested(msg) {
    const key = `${msg.branch} ${msg.method}`;
    const call = this.find(msg);
    if (msg.method === 'ACK') {
      call?.acked(msg);
      return;
    }
    if (this.served.has(key)) { // a repeat
      const last = this.served.get(key);
      if (last) this.raw(last);
      return;
    }
    this.served.set(key, '');
    if (msg.method === 'INVITE' && !msg.tag('to')) {
      const incoming = this.newCall().rings(msg);
      this.calls.set(`${msg.callid} ${incoming.localTag}`, incoming);
      this.rung.push(incoming);
    } else if (call) {
      call.request(msg);
    } else {
      this.respond(msg, 481);
    }
  }

  // The call that a request belongs to: of a CANCEL that of its INVITE, else
  // that with our tag in To.
  find(msg) {
    if (msg.method === 'CANCEL') return [...this.calls.values()].find((call) => call.invited?.branch === msg.branch);
    const own = this.calls.get(msg.callid);
    return own?.localTag === msg.tag('to') ? own : this.calls.get(`${msg.callid} ${msg.tag('to')}`);
  }

  // headers as in write()
  respond(msg, code, { tag = '', headers = [], body = '' } = {}) {
    const to = msg.get('to');
    const lines = [`SIP/2.0 ${code} ${code < 300 ? 'OK' : 'No'}`,
      ...msg.all('via').map((v) => `Via: ${v}`), ...msg.all('record-route').map((v) => `Record-Route: ${v}`),
      `From: ${msg.get('from')}`, `To: ${to}${tag && !to.includes(';tag=') ? `;tag=${tag}` : ''}`,
      `Call-ID: ${msg.callid}`, `CSeq: ${msg.get('cseq')}`,
      ...headers.map(([name, value]) => `${name}: ${value}`),
      ...body ? ['Content-Type: application/sdp'] : [], `Content-Length: ${Buffer.byteLength(body)}`, '', body];
    const text = lines.join('\r\n');
    this.served.set(`${msg.branch} ${msg.method}`, text);
    this.raw(text);
    return text;
  }

  incoming(limit) { return until(() => this.rung.shift(), `${this.user} is called`, limit); }
}

// --- a call, from either side ----------------------------------------------------

export class Call {
  constructor(ua) { Object.assign(this, { ua, ack: true, route: [], cseq: 1, progress: [], requests: [], answers: [] }); }

  // Repeats nothing any more.
  quiet() { clearTimeout(this.timer); }

  // Our side of the dialog as headers of a request.
  get ids() { return { callid: this.callid, fromTag: this.localTag, toTag: this.remoteTag, to: this.remoteUri }; }

  // --- as the caller

  // options: sdp, headers, ack (false: never acknowledge), limit, callid, localTag, and those
  // of Ua.authorized(). this.final: a promise of the final response.
  invite(target, options = {}) {
    const uri = target.startsWith('sip:') ? target : `sip:${target}@${this.ua.domain}`;
    const { sdp = this.ua.sdp(), headers = [], ack = true } = options;
    Object.assign(this, { uri, ack, localTag: options.localTag ?? hex(6), callid: options.callid ?? hex(10), remoteUri: uri });
    this.ua.calls.set(this.callid, this);
    this.final = this.attempts(uri, {
      ...options, ...this.ids, body: sdp, headers: [['Contact', this.ua.contact], ...headers],
      provisional: (msg) => this.progress.push(msg),
    });
    this.final.catch(() => {}); // whoever waits for it hears of it
    return this;
  }

  attempts(uri, options) {
    this.cseq = 0;
    return this.ua.challenged({ ...options, method: 'INVITE', uri }, (headers) => {
      this.cseq++;
      this.sent = this.ua.write('INVITE', uri, { ...options, headers, cseq: this.cseq });
      return this.ua.send(this.sent, options);
    });
  }

  ringing() { return until(() => this.progress.find((msg) => msg.code >= 180), 'it rings'); }

  // A 2xx, each time it comes.
  accepted(msg) {
    // the first one makes the dialog; of a later one only the target counts
    // (RFC 3261 12.2.1.2)
    if (this.invited || (this.answers.length && msg.cseq !== this.answers[0].cseq)) {
      this.target = msg.target('contact');
    } else {
      this.remoteTag = msg.tag('to');
      this.target = msg.target('contact');
      this.route = msg.all('record-route').reverse();
    }
    this.answers.push(msg);
    if (this.ack) this.sendAck();
  }

  sendAck(options = {}) {
    this.ua.raw(this.ua.write('ACK', this.target, {
      ...this.ids, cseq: this.cseq, headers: this.route.map((r) => ['Route', r]), ...options,
    }).text);
  }

  // Repeats the INVITE as the network may.
  repeat() { this.ua.raw(this.sent.text); }

  cancel() {
    const invite = new Message(this.sent.text);
    return this.ua.request('CANCEL', this.uri, { ...this.ids, branch: invite.branch, cseq: this.cseq, toTag: '' });
  }

  // --- as the callee

  rings(msg) {
    Object.assign(this, {
      invited: msg, callid: msg.callid, remoteTag: msg.tag('from'), localTag: hex(6), remoteUri: msg.target('from'),
      target: msg.target('contact'), route: msg.all('record-route'),
    });
    return this;
  }

  ring(code = 180) { this.ua.respond(this.invited, code, { tag: this.localTag, headers: [['Contact', this.ua.contact]] }); }

  reject(code) { this.ua.respond(this.invited, code, { tag: this.localTag }); }

  // 200, until its ACK has come.
  answer(sdp = this.ua.sdp(this.invited.body)) {
    const text = this.ua.respond(this.invited, 200,
      { tag: this.localTag, headers: [['Contact', this.ua.contact]], body: sdp });
    const again = (ms) => {
      this.timer = setTimeout(() => {
        if (this.ackMessage || this.over) return;
        this.ua.raw(text);
        again(Math.min(ms * 2, REPEAT_MAX_MS));
      }, ms);
    };
    again(REPEAT_MS);
  }

  acked(msg) { this.ackMessage = msg; }

  up() { return until(() => this.ackMessage, 'the ACK comes'); }

  // --- both

  request(msg) {
    this.requests.push(msg);
    if (msg.method === 'CANCEL') {
      this.ua.respond(msg, 200);
      this.reject(487);
      this.cancelled = msg;
    } else {
      if (msg.method === 'BYE') this.over = true;
      this.ua.respond(msg, 200, { headers: [['Contact', this.ua.contact]] });
    }
  }

  // The other side's BYE.
  ended(limit) {
    return until(() => this.requests.find((msg) => msg.method === 'BYE'), `BYE comes to ${this.ua.user}`, limit);
  }

  // A request in the dialog; by: another user agent sends it; the rest as in
  // Ua.write(), to say something else than what is right.
  async within(method, { by = this.ua, route = this.route, uri = this.target, headers = [], ...options } = {}) {
    this.cseq++;
    return by.request(method, uri, {
      ...this.ids, cseq: this.cseq, ...options,
      headers: [...route.map((r) => ['Route', r]), ['From', `<${this.ua.aor}>;tag=${options.fromTag ?? this.localTag}`],
        ...headers],
    });
  }

  async bye(options = {}) {
    const res = await this.within('BYE', options);
    if (res.code < 300) this.over = true;
    return res;
  }
}
