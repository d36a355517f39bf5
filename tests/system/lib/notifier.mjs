// notifier.mjs: a PBX that has lamps and mailboxes: it takes SUBSCRIBE (RFC
// 6665), PUBLISH (RFC 3903) and MESSAGE, and notifies who watches.
// SPDX-License-Identifier: MIT
import { randomBytes } from 'node:crypto';
import { Pbx } from './pbx.mjs';
import { until } from './stack.mjs';

const hex = (n) => randomBytes(n).toString('hex');

const TYPES = {
  dialog: 'application/dialog-info+xml',
  presence: 'application/pidf+xml',
  'message-summary': 'application/simple-message-summary',
};

// What stands in a NOTIFY of each kind about somebody.
export const BODIES = {
  dialog: (entity, state) => `<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="1" state="full" entity="${entity}"><dialog id="1"><state>${state}</state></dialog></dialog-info>`,
  presence: (entity, state) => `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="${entity}"><tuple id="1"><status><basic>${state}</basic></status></tuple></presence>`,
  'message-summary': (entity, state) => `Messages-Waiting: ${state}\r\nMessage-Account: ${entity}\r\nVoice-Message: 2/8 (0/2)\r\n`,
};

// One who watches, as the PBX sees it.
class Watch {
  constructor(pbx, msg) {
    Object.assign(this, {
      pbx, asked: [msg], callid: msg.callid, localTag: hex(6), remoteTag: msg.tag('from'), seq: 0,
      event: msg.get('event').split(';')[0], remote: msg.target('from'), local: msg.target('to'),
      target: msg.target('contact'), route: msg.all('record-route'), state: 'active',
    });
  }

  // It asks again: for longer, or for no more.
  again(msg) {
    this.asked.push(msg);
    this.target = msg.target('contact');
  }

  get ended() { return Number(this.asked.at(-1).get('expires')) === 0; }

  // headers: [name, value]; the answer.
  notify(state, { tag = this.localTag } = {}) {
    const body = BODIES[this.event](this.local, state);
    return this.pbx.tell('NOTIFY', this.target, { callid: this.callid, cseq: ++this.seq, toTag: this.remoteTag, to: this.remote,
      from: `<${this.local}>;tag=${tag}`, route: this.route, type: TYPES[this.event], body,
      headers: [['Event', this.event], ['Subscription-State', this.ended ? 'terminated;reason=timeout' : 'active;expires=600']] });
  }
}

export class Notifier extends Pbx {
  static async open(stack, options = {}) {
    const pbx = await Pbx.open(stack, options);
    return Object.assign(Object.setPrototypeOf(pbx, Notifier.prototype), { watches: [], published: [], messages: [] });
  }

  // A request with any body.
  tell(method, uri, { from, type, body = '', route = [], headers = [], ...ids }) {
    const written = this.write(method, uri, { ...ids,
      headers: [['From', from ?? `<sip:${this.user}@${this.domain}>;tag=${hex(6)}`], ['Contact', this.contact],
        ...route.map((r) => ['Route', r]), ...headers] });
    written.text = written.text.replace(/Content-Length: 0\r\n\r\n$/,
      `${type ? `Content-Type: ${type}\r\n` : ''}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    return this.send(written);
  }

  // Voicemail that nobody asked for (RFC 3842).
  mail(user, domain, state) {
    const account = `sip:${user}@${domain}`;
    return this.tell('NOTIFY', account, { to: account, type: TYPES['message-summary'],
      body: BODIES['message-summary'](account, state), headers: [['Event', 'message-summary'], ['Subscription-State', 'active']] });
  }

  requested(msg) {
    const fresh = !this.served.has(`${msg.branch} ${msg.method}`);
    const mine = { SUBSCRIBE: 'watched', PUBLISH: 'publishes', MESSAGE: 'says' }[msg.method];
    const asks = this.challenge?.methods.includes(msg.method) && !this.trusts(msg);
    if (!fresh || !mine) super.requested(msg);
    else if (asks) this.ask(msg);
    else this[mine](msg);
  }

  ask(msg) {
    const nonce = hex(8);
    this.challenge.nonces.add(nonce);
    this.respond(msg, 401, { tag: 'challenge', headers: [['WWW-Authenticate',
      `Digest realm="${this.challenge.realm}", nonce="${nonce}", algorithm=MD5, qop="auth"`]] });
  }

  watched(msg) {
    let watch = this.watches.find((w) => w.callid === msg.callid && w.localTag === msg.tag('to'));
    if (msg.tag('to') && !watch) {
      this.respond(msg, 481);
      return;
    }
    if (watch) watch.again(msg);
    else this.watches.push(watch = new Watch(this, msg));
    this.respond(msg, 200, { tag: watch.localTag, headers: [['Contact', this.contact], ['Expires', msg.get('expires') || 600]] });
    watch.notify(watch.event === 'message-summary' ? 'no' : 'closed').catch(() => {});
  }

  publishes(msg) {
    if (msg.get('sip-if-match') && !this.published.some(({ etag }) => etag === msg.get('sip-if-match'))) {
      this.respond(msg, 412, { tag: 'etag' });
      return;
    }
    const etag = hex(4);
    this.published.push({ msg, etag });
    this.respond(msg, 200, { tag: 'etag', headers: [['SIP-ETag', etag], ['Expires', msg.get('expires') || 600]] });
  }

  says(msg) {
    this.messages.push(msg);
    this.respond(msg, 202, { tag: 'said' });
  }

  // The n-th (from 0) that watches.
  watch(n = 0) { return until(() => this.watches[n], `somebody watches ${this.name}`); }
}
