// coturn.mjs: a real TURN server at an address of its own (netns.sh has its name, without which
// Firefox takes no turns:): UDP and TCP, and TLS on 443.
// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { until } from '../system/lib/stack.mjs';

const NAME = 'turn.test';
const USER = 'page';
const PASSWORD = 'page-secret';

export class Coturn {
  constructor(address) { this.address = address; }

  // Its certificate, which no authority has signed; gives the digest by which Chromium is told
  // to take it (--ignore-certificate-errors-spki-list).
  certify(dir) {
    this.key = `${dir}/turn.key`;
    this.pem = `${dir}/turn.pem`;
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
      '-days', '2', '-subj', '/CN=turn', '-addext', `subjectAltName=DNS:${NAME}`,
      '-keyout', this.key, '-out', this.pem], { stdio: 'ignore' });
    const der = execFileSync('openssl', ['pkey', '-in', this.key, '-pubout', '-outform', 'DER']);
    return createHash('sha256').update(der).digest('base64');
  }

  // It relays to any address that is no loopback one; those of this network are documentation's.
  async start(stack) {
    this.stack = stack;
    stack.run('coturn', 'turnserver', ['-n', '--log-file=stdout', '--verbose', '--no-cli', '--no-dtls',
      `--listening-ip=${this.address}`, `--relay-ip=${this.address}`, '--listening-port=3478', '--tls-listening-port=443',
      `--cert=${this.pem}`, `--pkey=${this.key}`, `--realm=${NAME}`, '--lt-cred-mech', `--user=${USER}:${PASSWORD}`,
      `--userdb=${stack.file('turn.db')}`, `--pidfile=${stack.file('turn.pid')}`]);
    await until(() => this.log().includes('TLS/TCP listener opened on'), 'coturn listens')
      .catch((e) => { throw new Error(`${e.message}:\n${this.log()}`); });
    return this;
  }

  log() { return this.stack.log('coturn.log'); }

  // A page's configuration of ICE: this way and no other.
  ice(url) {
    return { iceTransportPolicy: 'relay', iceServers: [{ urls: url, username: USER, credential: PASSWORD }] };
  }

  tls() { return this.ice(`turns:${NAME}:443?transport=tcp`); }

  udp() { return this.ice(`turn:${this.address}:3478`); }

  async stop() {
    const child = this.stack?.procs.get('coturn');
    if (!child || child.code !== undefined) return;
    child.kill('SIGKILL');
    await child.exited;
  }
}
