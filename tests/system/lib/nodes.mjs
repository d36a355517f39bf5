// nodes.mjs: a Cordboard of two nodes of each kind, with the tunnel between the
// two of sigd. SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import path from 'node:path';
import fs from 'node:fs';
import { watch } from './openapi.mjs';
import { B, Stack, freeUdp } from './stack.mjs';

function freeTcp() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

const openssl = (...args) => execFileSync('openssl', args, { stdio: 'ignore' });

export class Nodes extends Stack {
  // After start(): this.second is as the stack, for the other node of sigd.
  async start(env) {
    await super.start(env);
    await this.startSecond(env);
    return this;
  }

  async write() {
    await super.write();
    const ports = [];
    while (new Set(ports).size < 5) ports.push(await freeTcp());
    const [wss, ws, admin, mediaAdmin, tunnel] = [...new Set(ports)];
    this.tunnelPort = await freeTcp();
    this.second = Object.create(this, Object.fromEntries(Object.entries({
      wssPort: wss, wsPort: ws, sigdAdmin: admin, mediadAdmin: mediaAdmin, udpPort: await freeUdp(1),
    }).map(([name, value]) => [name, { value, writable: true }])));
    watch(admin);
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', '/CN=cluster', '-keyout', this.file('ca.key'), '-out', this.file('ca.pem'));
    const text = fs.readFileSync(this.file('sigd.yaml'), 'utf8');
    const tunnelOf = (node, bind, peer, at) => {
      const ext = this.file(`${node}.ext`);
      fs.writeFileSync(ext, `subjectAltName=DNS:${node}`);
      openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${node}`,
        '-keyout', this.file(`${node}.key`), '-out', this.file(`${node}.csr`));
      openssl('x509', '-req', '-in', this.file(`${node}.csr`), '-CA', this.file('ca.pem'), '-CAkey', this.file('ca.key'),
        '-CAcreateserial', '-days', '2', '-out', this.file(`${node}.pem`), '-extfile', ext);
      return `tunnel:\n  bind: 127.0.0.1:${bind}\n  certificate: ${this.file(`${node}.pem`)}\n`
        + `  private_key: ${this.file(`${node}.key`)}\n  ca: ${this.file('ca.pem')}\n`
        + `  peers:\n    - {node: ${peer}, address: "127.0.0.1:${at}"}\n`;
    };
    fs.writeFileSync(this.file('sigd.yaml'), text + tunnelOf('s1', this.tunnelPort, 's2', tunnel));
    let other = text.replace('node: s1', 'node: s2').replace(this.file('run'), this.file('run2'));
    for (const name of ['wssPort', 'wsPort', 'udpPort', 'sigdAdmin']) {
      other = other.replaceAll(`:${this[name]}\n`, `:${this.second[name]}\n`);
    }
    fs.writeFileSync(this.file('sigd2.yaml'), other + tunnelOf('s2', tunnel, 's1', this.tunnelPort));
    fs.mkdirSync(this.file('run2'), { recursive: true, mode: 0o700 });
    await this.writeMediad('mediad2', 'm2', mediaAdmin);
  }

  async startSecond(env) {
    this.startMediad(env, 'mediad2');
    await this.ready(this.second.mediadAdmin, 'mediad2');
    this.startSigd2(env);
    await this.ready(this.second.sigdAdmin, 'sigd2');
  }

  startSigd2(env) { return this.run('sigd2', path.join(B, 'sigd'), ['-c', this.file('sigd2.yaml')], env); }

  async stop() {
    for (const name of ['sigd2', 'mediad2']) {
      const child = this.procs.get(name);
      if (!child || child.code !== undefined) continue;
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await child.exited;
    }
    await super.stop();
  }

  // Of an answer of /v1: by is the stack of the node that is asked.
  async rest(method, what, { by = this, body, token = 'token-of-the-tests' } = {}) {
    const response = await fetch(`http://127.0.0.1:${by.sigdAdmin}${what}`, {
      method, headers: { authorization: `Bearer ${token}`, ...body ? { 'content-type': 'application/json' } : {} },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null };
  }
}
