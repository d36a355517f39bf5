// jwt.mjs: an issuer of tokens for tests: ES256, a key set, and a server for it.
// SPDX-License-Identifier: MIT
import { createServer } from 'node:http';
import { generateKeyPairSync, sign } from 'node:crypto';

const b64 = (data) => Buffer.from(data).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

export class Issuer {
  constructor(name = 'https://id.test', audience = 'phone') {
    Object.assign(this, { name, audience, keys: [] });
    this.rotate();
  }

  // Another key signs from now on; the former ones stay in the set.
  rotate() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const kid = `k${this.keys.length + 1}`;
    this.keys.push({ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' });
    Object.assign(this, { privateKey, kid });
  }

  set() { return JSON.stringify({ keys: this.keys }); }

  token(sub, { seconds = 300, ...claims } = {}) {
    const head = b64(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: this.kid }));
    const body = b64(JSON.stringify({ iss: this.name, aud: this.audience, sub, exp: now() + seconds, ...claims }));
    const sig = sign('sha256', Buffer.from(`${head}.${body}`), { key: this.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${head}.${body}.${b64(sig)}`;
  }

  // Serves the set; counts how often it was fetched.
  async serve() {
    this.fetched = 0;
    this.server = createServer((_, res) => {
      ++this.fetched;
      res.writeHead(this.broken ? 500 : 200, { 'content-type': 'application/json' }).end(this.set());
    });
    await new Promise((done) => { this.server.listen(0, '127.0.0.1', done); });
    this.url = `http://127.0.0.1:${this.server.address().port}/jwks.json`;
  }

  close() { this.server?.close(); }
}
