// watcher.mjs: a user agent that subscribes (RFC 6665), publishes (RFC 3903)
// and hears NOTIFYs. SPDX-License-Identifier: MIT
import { randomBytes } from 'node:crypto';
import { Ua } from './sip.mjs';
import { until } from './stack.mjs';

const hex = (n) => randomBytes(n).toString('hex');

// A subscription; it is the device's, whatever connection that has now.
class Subscription {
  constructor(ua, uri, event) {
    Object.assign(this, { ua, uri, event, callid: hex(10), localTag: hex(6), cseq: 0, heard: [], route: [] });
  }

  async ask(expires = 600, headers = []) {
    const all = [['Event', this.event], ['Expires', expires], ['Contact', this.ua.contact], ...headers,
      ...this.route.map((r) => ['Route', r])];
    const ids = { callid: this.callid, fromTag: this.localTag, toTag: this.remoteTag, to: this.remoteUri ?? this.uri };
    const uri = this.target ?? this.uri;
    const res = await this.ua.challenged({ method: 'SUBSCRIBE', uri, headers: all },
      (h) => this.ua.request('SUBSCRIBE', uri, { ...ids, headers: h, cseq: ++this.cseq }));
    if (res.code < 300) this.made(res, 'to', res.all('record-route').reverse());
    return res;
  }

  // Of a 2xx or a NOTIFY, whichever comes first (RFC 6665 4.4.1).
  made(msg, far, route) {
    if (!this.remoteTag) Object.assign(this, { remoteTag: msg.tag(far), remoteUri: msg.target(far), route });
    this.target = msg.target('contact') || this.target;
  }

  notified(msg) {
    this.made(msg, 'from', msg.all('record-route'));
    this.heard.push(msg);
  }

  // A NOTIFY with this in its body.
  hears(part, limit) {
    return until(() => this.heard.find((msg) => msg.body.includes(part)), `NOTIFY with ${part}`, limit)
      .catch((e) => { throw new Error(`${e.message}; heard ${this.heard.map((msg) => msg.body).join('; ')}`); });
  }

  ends() {
    return until(() => this.heard.find((msg) => /^terminated/.test(msg.get('subscription-state'))), 'the last NOTIFY');
  }
}

export class Watcher extends Ua {
  // options: of Ua.open()
  static async open(stack, options = {}) {
    const plain = await Ua.open(stack, { transport: 'ws', ...options });
    const ua = Object.assign(Object.setPrototypeOf(plain, Watcher.prototype), { instance: hex(8), watches: [], unasked: [] });
    await ua.comes();
    return ua;
  }

  // Registers, as the device that it is.
  async comes() {
    const res = await this.register({ params: `;+sip.instance="<urn:uuid:${this.instance}>";reg-id=1`,
      headers: [['Supported', 'outbound, path']] });
    if (res.code !== 200) throw new Error(`${this.user} cannot register: ${res.first} ${res.why}`);
  }

  // The connection is new; the device, its Contact and subscriptions stay.
  async back() {
    const { contact, host } = this;
    this.gone = false;
    await this.connect();
    Object.assign(this, { contact, host });
    await this.comes();
  }

  async watch(who, event) {
    const sub = new Subscription(this, `sip:${who}@${this.domain}`, event);
    this.watches.push(sub);
    const res = await sub.ask();
    if (res.code >= 300) throw new Error(`no subscription: ${res.first} ${res.why}`);
    return sub;
  }

  // What is known of somebody; the answer. etag: of what it changes.
  publish(event, type, body, etag) {
    const uri = this.aor;
    let cseq = 0;
    const headers = [['Event', event], ['Expires', 600], ...etag ? [['SIP-If-Match', etag]] : []];
    return this.challenged({ method: 'PUBLISH', uri, headers }, (h) => {
      const req = this.write('PUBLISH', uri, { callid: this.publishId ??= hex(10), headers: h, cseq: ++cseq });
      req.text = req.text.replace(/Content-Length: 0\r\n\r\n$/,
        `Content-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      return this.send(req);
    });
  }

  requested(msg) {
    if (msg.method !== 'NOTIFY') {
      super.requested(msg);
      return;
    }
    const fresh = !this.served.has(`${msg.branch} ${msg.method}`);
    const sub = this.watches.find((w) => w.callid === msg.callid && w.localTag === msg.tag('to'));
    if (fresh && sub) sub.notified(msg);
    else if (fresh) this.unasked.push(msg);
    this.respond(msg, sub || !msg.tag('to') ? 200 : 481);
  }
}
