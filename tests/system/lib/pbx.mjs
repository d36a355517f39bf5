// pbx.mjs: a legacy PBX: SIP over UDP, plain RTP with G.711. It challenges,
// registers others, refuses, keeps silent, holds and presses keys, as it is told.
// SPDX-License-Identifier: MIT
import { createHash, randomBytes } from 'node:crypto';
import { Call, Ua } from './sip.mjs';
import { MIRROR, Rtp, readSdp } from './pbx_rtp.mjs';

const md5 = (...parts) => createHash('md5').update(parts.join(':')).digest('hex');

// Whether these credentials answer that challenge (RFC 7616, MD5, qop=auth).
function right(value, { realm, username, password, nonces }, method) {
  const f = Object.fromEntries([...value.matchAll(/(\w+)="?([^",]*)"?/g)].map(([, name, val]) => [name, val]));
  return f.username === username && f.realm === realm && nonces.has(f.nonce) && f.response === md5(
    md5(username, realm, password), f.nonce, f.nc, f.cnonce, f.qop, md5(method, f.uri));
}

// A call with media: an RTP session of its own.
export class PbxCall extends Call {
  async media(options) {
    this.rtp ??= await Rtp.open({ ...this.ua.rtp, ...options });
    this.ua.sessions.push(this.rtp);
    return this.rtp;
  }

  // 200 with our side of the media; options: of Rtp
  async pickUp(options) {
    const rtp = await this.media(options);
    this.answer(rtp.answer(this.invited.body));
    await this.up();
    return rtp;
  }

  // An 18x with media.
  async progressWith(code = 183, options = {}) {
    const rtp = await this.media(options);
    this.ua.respond(this.invited, code,
      { tag: this.localTag, headers: [['Contact', this.ua.contact]], body: rtp.answer(this.invited.body) });
    return rtp;
  }

  // A re-INVITE of ours with this direction; the final response.
  async direct(direction) {
    const res = await this.within('INVITE', { body: this.rtp.sdp({ direction, codecs: [this.rtp.codec] }),
      headers: [['Contact', this.ua.contact]] });
    if (res.code === 200) this.rtp.remote(res.body);
    return res;
  }

  hold() { return this.direct('sendonly'); }

  resume() { return this.direct('sendrecv'); }

  // Theirs.
  request(msg) {
    if (!['INVITE', 'UPDATE'].includes(msg.method) || !msg.body) {
      super.request(msg);
      return;
    }
    this.requests.push(msg);
    this.directions = [...this.directions ?? [], readSdp(msg.body).direction];
    this.ua.respond(msg, 200, { headers: [['Contact', this.ua.contact]], body: this.rtp.answer(msg.body) });
  }

  get mirrored() { return MIRROR[this.directions?.at(-1) ?? 'sendrecv']; }

  quiet() {
    super.quiet();
    this.rtp?.close();
  }
}

export class Pbx extends Ua {
  // options: of Ua.open(), and rtp: of Rtp.open(); challenge: { realm,
  // username, password, methods }: who may call and register; silent: hears,
  // says nothing; refuse: { code, headers } for each call
  static async open(stack, options = {}) {
    const pbx = new Pbx();
    Object.assign(pbx, {
      stack, transport: 'udp', address: '127.0.0.1', domain: 'localhost', user: '100', rtp: {}, sessions: [],
      waiting: new Map(), served: new Map(), calls: new Map(), rung: [], heard: [], sent: [], bound: new Map(),
      refused: [], ...options,
    });
    if (pbx.challenge) pbx.challenge = { methods: ['INVITE', 'REGISTER'], nonces: new Set(), ...pbx.challenge };
    await pbx.connect();
    pbx.contact = `<sip:${pbx.user}@${pbx.host}>`;
    return pbx;
  }

  newCall() { return new PbxCall(this); }

  // A call of ours, with media; options: of Call.invite(), rtp: of Rtp.open()
  async callWith(target, { rtp: media, ...options } = {}) {
    const call = this.newCall();
    const rtp = await call.media(media);
    call.invite(target, { sdp: rtp.sdp(), ...options });
    call.final.then((res) => { if (res.code === 200) rtp.remote(res.body); }).catch(() => {});
    return call;
  }

  requested(msg) {
    if (this.silent) return;
    const fresh = !msg.tag('to') && !this.served.has(`${msg.branch} ${msg.method}`);
    if (fresh && this.challenge?.methods.includes(msg.method) && !this.trusts(msg)) {
      const nonce = randomBytes(8).toString('hex');
      this.challenge.nonces.add(nonce);
      const [code, name] = msg.method === 'REGISTER' ? [401, 'WWW'] : [407, 'Proxy'];
      this.respond(msg, code, { tag: 'challenge', headers: [[`${name}-Authenticate`,
        `Digest realm="${this.challenge.realm}", nonce="${nonce}", algorithm=MD5, qop="auth"`]] });
    } else if (fresh && msg.method === 'REGISTER') this.registered(msg);
    else if (fresh && msg.method === 'OPTIONS') this.respond(msg, 200, { tag: 'alive' });
    else if (fresh && msg.method === 'INVITE' && this.refuse) {
      this.refused.push(msg);
      this.respond(msg, this.refuse.code, { tag: 'refused', headers: this.refuse.headers });
    } else super.requested(msg);
  }

  trusts(msg) {
    const given = msg.get('authorization') || msg.get('proxy-authorization');
    return given && right(given, this.challenge, msg.method);
  }

  // As a registrar: who is where, until when.
  registered(msg) {
    const uri = msg.target('contact');
    const expires = Number(msg.get('contact').match(/;expires=(\d+)/)?.[1] ?? msg.get('expires') ?? 3600);
    const user = msg.get('to').match(/sip:([^@>]*)@/)?.[1];
    if (expires) this.bound.set(user, uri);
    else this.bound.delete(user);
    this.respond(msg, 200, { tag: 'registrar', headers: expires
      ? [['Contact', `<${uri}>;expires=${this.grants ?? expires}`]] : [] });
  }

  // Gone, without a word.
  vanish() {
    for (const rtp of this.sessions) rtp.close();
    this.close();
  }
}
