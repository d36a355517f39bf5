// ws.mjs: a WebSocket client for SIP (RFC 6455, RFC 7118), no more than tests
// need: text messages, ping, close. SPDX-License-Identifier: MIT
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

function frame(opcode, payload) {
  const data = Buffer.from(payload);
  const mask = randomBytes(4);
  const head = data.length < 126 ? Buffer.from([0x80 | opcode, 0x80 | data.length])
    : Buffer.from([0x80 | opcode, 0x80 | 126, data.length >> 8, data.length & 0xff]);
  for (let i = 0; i < data.length; i++) data[i] ^= mask[i % 4];
  return Buffer.concat([head, mask, data]);
}

export class WebSocketSip {
  // messages: called with each text; closed: once, when the connection ends
  // path, protocol, lines: of the request, when they are others; from: another
  // address of ours
  static open(port, { messages = () => {}, closed = () => {}, host = '127.0.0.1', secure = false,
    path = '/ws', protocol = 'sip', lines = '', from }) {
    return new Promise((done, fail) => {
      const ws = new WebSocketSip();
      ws.messages = messages;
      const to = { port, host, localAddress: from };
      ws.socket = secure ? tls.connect({ ...to, rejectUnauthorized: false }) : net.connect(to);
      ws.data = Buffer.alloc(0);
      ws.socket.setNoDelay(true);
      ws.socket.on('error', fail);
      ws.socket.on('close', () => { ws.closed = true; fail(new Error('connection closed')); closed(); });
      ws.socket.on(secure ? 'secureConnect' : 'connect', () => ws.socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${lines}`
        + 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
        + `Sec-WebSocket-Protocol: ${protocol}\r\n`
        + `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`));
      ws.socket.on('data', (chunk) => {
        ws.data = Buffer.concat([ws.data, chunk]);
        if (!ws.up) {
          const end = ws.data.indexOf('\r\n\r\n');
          if (end < 0) return;
          const head = ws.data.toString('latin1', 0, end);
          if (!head.startsWith('HTTP/1.1 101')) { fail(new Error(head.split('\r\n')[0])); return; }
          ws.data = ws.data.subarray(end + 4);
          ws.up = true;
          done(ws);
        }
        ws.frames();
      });
    });
  }

  frames() {
    for (;;) {
      if (this.data.length < 2) return;
      let len = this.data[1] & 0x7f;
      const at = len < 126 ? 2 : 4;
      if (len >= 126) len = this.data.length < 4 ? Infinity : this.data.readUInt16BE(2);
      if (this.data.length < at + len) return;
      const payload = this.data.subarray(at, at + len);
      const opcode = this.data[0] & 0x0f;
      this.data = this.data.subarray(at + len);
      if (opcode === TEXT || opcode === BINARY) this.messages(payload.toString());
      else if (opcode === PING) this.socket.write(frame(PONG, payload));
      else if (opcode === PONG) this.pong = payload.toString();
      else if (opcode === CLOSE) {
        this.code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
        this.socket.end();
      }
    }
  }

  // a promise that it has left
  send(text, opcode = TEXT) { return new Promise((done) => { this.socket.write(frame(opcode, text), done); }); }

  binary(data) { return this.send(data, BINARY); }

  close() { this.socket.destroy(); }
}
