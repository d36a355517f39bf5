// receiver.mjs: who is told of events by webhook, and checks each signature.
// SPDX-License-Identifier: MIT
import { createHmac } from 'node:crypto';
import http from 'node:http';

export const SECRET = 'a-secret-of-the-tests';

// A receiver: what it has taken, by id, how often, in which posts; and what it
// says: to an event, or to all of an array.
export class Receiver {
  constructor() {
    this.events = new Map();
    this.times = new Map();
    this.posts = [];
    this.connections = 0;
    this.answer = () => 200;
    this.answerAll = null;
    this.bad = 0;
    this.server = http.createServer((req, res) => {
      let body = '';
      req.on('data', (data) => { body += data; });
      req.on('end', () => {
        const id = req.headers['webhook-id'];
        const signed = createHmac('sha256', SECRET).update(`${id}.${req.headers['webhook-timestamp']}.${body}`).digest('base64');
        if (req.headers['webhook-signature'] !== `v1,${signed}` || Math.abs(req.headers['webhook-timestamp'] - Date.now() / 1000) > 60) ++this.bad;
        const said = JSON.parse(body);
        const events = Array.isArray(said) ? said : undefined;
        const code = events ? this.answerAll?.(events) ?? 200 : this.answer(said);
        if (code === 200) {
          this.posts.push({ id, events, bytes: body.length });
          for (const [key, event] of events ? events.map((e) => [e.id, e]) : [[id, said]]) {
            this.events.set(key, event);
            this.times.set(key, (this.times.get(key) ?? 0) + 1);
          }
        }
        res.writeHead(code).end();
      });
    });
    this.server.on('connection', () => { this.connections++; });
  }

  async listen(port = 0) {
    await new Promise((done) => { this.server.listen(port, '127.0.0.1', done); });
    this.port = this.server.address().port;
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((done) => { this.server.close(done); });
  }

  of(type, call) { return [...this.events.values()].filter((e) => e.type === type && (!call || e.data.call === call || e.data.call_id === call)); }
}
