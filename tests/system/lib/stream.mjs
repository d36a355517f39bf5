// stream.mjs: SIP over TCP and TLS: messages by their Content-Length.
// SPDX-License-Identifier: MIT
import net from 'node:net';
import tls from 'node:tls';

export class StreamSip {
  // messages: called with each text; closed: once, when the connection ends;
  // options: of tls.connect() or net.connect(); header: before the first
  static open(port, { messages, closed = () => {}, secure = false, options = {}, header = '' }) {
    return new Promise((done, fail) => {
      const stream = new StreamSip();
      stream.messages = messages;
      stream.data = Buffer.alloc(0);
      stream.socket = secure ? tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
        : net.connect({ port, host: '127.0.0.1', ...options });
      stream.socket.setNoDelay(true);
      stream.socket.on('error', fail);
      stream.socket.on('close', () => { stream.closed = true; fail(new Error('connection closed')); closed(); });
      stream.socket.on(secure ? 'secureConnect' : 'connect', () => { if (header) stream.socket.write(header); done(stream); });
      stream.socket.on('data', (chunk) => {
        stream.data = Buffer.concat([stream.data, chunk]);
        stream.take();
      });
    });
  }

  take() {
    for (;;) {
      let from = 0;
      while (this.data[from] === 13 || this.data[from] === 10) from++;
      const end = this.data.indexOf('\r\n\r\n', from);
      if (end < 0) return;
      const length = Number(this.data.toString('latin1', from, end).match(/^(?:content-length|l)\s*:\s*(\d+)/mi)?.[1] ?? 0);
      if (this.data.length < end + 4 + length) return;
      const text = this.data.toString('utf8', from, end + 4 + length);
      this.data = this.data.subarray(end + 4 + length);
      this.messages(text);
    }
  }

  // a promise that it has left
  send(data) { return new Promise((done) => { this.socket.write(data, done); }); }

  close() { this.socket.destroy(); }
}
