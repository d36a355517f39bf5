// raw.mjs: HTTP/1.1 as bytes, so that what no client would send is sent, too.
// One connection that is kept, one request at a time.
// SPDX-License-Identifier: MIT
import net from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

// The first whole answer in data, and how long it is; undefined: not yet.
function answer(data, method, ended) {
  const end = data.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const [line, ...lines] = data.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1]);
  const headers = new Map(lines.map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]));
  const stream = headers.get('content-type')?.startsWith('text/event-stream');
  const none = method === 'HEAD' || stream || [204, 304].includes(status);
  const length = none ? 0 : Number(headers.get('content-length') ?? (ended ? data.length - end - 4 : NaN));
  if (!(data.length - end - 4 >= length)) return undefined;
  return { status, headers, body: data.subarray(end + 4, end + 4 + length), size: end + 4 + length, stream };
}

export class Raw {
  constructor(port, { from = '127.0.0.1' } = {}) {
    Object.assign(this, { port, from });
  }

  connect() {
    return new Promise((done, fail) => {
      const socket = net.connect({ port: this.port, host: '127.0.0.1', localAddress: this.from }, () => done());
      const now = (fn) => (arg) => { if (this.socket === socket) { fn(arg); this.look?.(); } };
      Object.assign(this, { socket, data: Buffer.alloc(0), ended: undefined, used: 0 });
      socket.on('error', (e) => fail(e));
      socket.on('data', now((chunk) => { this.data = Buffer.concat([this.data, chunk]); }));
      socket.on('close', now(() => { this.ended = true; }));
    });
  }

  // What comes of these bytes (of a stream its beginning); status 0: the
  // connection was closed instead. One that was used before may just have been.
  async send(bytes, method = String(bytes).split(' ')[0]) {
    if (!this.socket || this.ended) await this.connect();
    this.socket.write(bytes);
    const found = await this.next(method);
    if (found.status || !this.used) return found;
    return this.send(bytes, method);
  }

  next(method) {
    return new Promise((done) => {
      this.look = () => {
        const found = answer(this.data, method, this.ended);
        if (!found && !this.ended) return;
        this.look = undefined;
        this.used += found ? 1 : 0;
        if (found) this.data = this.data.subarray(found.size);
        if (found?.stream || found?.headers.get('connection')?.toLowerCase() === 'close') this.close();
        done(found ?? { status: 0, headers: new Map(), body: Buffer.alloc(0) });
      };
      this.look();
    });
  }

  // headers: [[name, text or bytes]]
  ask(method, target, headers = [], body = undefined) {
    const all = [['Host', `127.0.0.1:${this.port}`], ...headers, ...body === undefined ? [] : [['Content-Length', Buffer.byteLength(body)]]];
    return this.send(Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n`),
      ...all.flatMap(([name, value]) => [Buffer.from(`${name}: `), Buffer.isBuffer(value) ? value : Buffer.from(String(value)), Buffer.from('\r\n')]),
      Buffer.from('\r\n'), Buffer.from(body ?? '')]), method);
  }

  // Until it is closed by the other side.
  closed() {
    return new Promise((done) => { if (this.ended) done(); else this.socket.once('close', done); });
  }

  close() {
    this.ended = true;
    this.socket?.destroy();
  }
}
