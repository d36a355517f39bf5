// pbx_wire.mjs: a TCP connection that can be cut: it stands between a client
// and a port, and passes bytes. SPDX-License-Identifier: MIT
import net from 'node:net';

export class Wire {
  static open(port) {
    const wire = new Wire();
    wire.pairs = new Set();
    wire.server = net.createServer((near) => {
      const far = net.connect(port, '127.0.0.1');
      const pair = [near, far];
      wire.pairs.add(pair);
      const end = () => { near.destroy(); far.destroy(); wire.pairs.delete(pair); };
      for (const socket of pair) {
        socket.on('error', end);
        socket.on('close', end);
      }
      near.pipe(far).pipe(near);
    });
    return new Promise((done) => {
      wire.server.listen(0, '127.0.0.1', () => {
        wire.port = wire.server.address().port;
        done(wire);
      });
    });
  }

  // All connections there are, both ways, without a word of TLS.
  cut() { for (const [near, far] of [...this.pairs]) { near.resetAndDestroy(); far.resetAndDestroy(); } }

  close() {
    this.server.close();
    this.cut();
  }
}
