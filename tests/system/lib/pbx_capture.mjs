// pbx_capture.mjs: what a stack sends and receives over UDP, as tshark sees it.
// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { until } from './stack.mjs';

const WORKERS_MAX = 8;

export class Capture {
  // stack: started. Without the right to capture, or the program: why it cannot.
  static async open(stack) {
    const capture = new Capture();
    const yaml = fs.readFileSync(stack.file('mediad.yaml'), 'utf8');
    const browsers = Number(yaml.match(/browser_port_base: (\d+)/)[1]);
    const [, first, last] = yaml.match(/rtp_ports: \[(\d+), (\d+)\]/);
    capture.sip = stack.udpPort;
    capture.file = stack.file('suite.pcapng');
    capture.child = stack.run('dumpcap', 'dumpcap', ['-q', '-i', 'lo', '-B', '32', '-w', capture.file, '-f',
      `udp and (port ${capture.sip} or portrange ${first}-${last} or portrange ${browsers}-${browsers + WORKERS_MAX - 1})`]);
    await until(() => {
      const { code, failure } = capture.child;
      if (code !== undefined || failure) capture.why = `${failure ?? stack.log('dumpcap.log')}`.trim().split('\n')[0];
      return capture.why || (fs.existsSync(capture.file) && fs.statSync(capture.file).size > 0);
    }, 'dumpcap captures');
    return capture;
  }

  async stop() {
    if (this.why) return;
    this.child.kill('SIGINT');
    await this.child.exited;
  }

  fields(filter, ...names) {
    const out = execFileSync('tshark', ['-r', this.file, '-2', '-d', `udp.port==${this.sip},sip`, '-Y', filter, '-T', 'fields',
      ...names.flatMap((name) => ['-e', name])], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });
    return out.toString().split('\n').filter(Boolean).map((line) => line.split('\t'));
  }

  // How many packets of each kind there are.
  kinds() {
    const found = {};
    for (const [kind] of this.fields('udp', '_ws.col.Protocol')) found[kind] = (found[kind] ?? 0) + 1;
    return found;
  }

  // Of SRTCP tshark reads the ciphertext, too, as if it were reports.
  // A hello in two fragments that a browser repeats (RFC 6347 4.2.4), because
  // the machine is busy, is an error to tshark, and none.
  malformed() {
    return this.fields('_ws.malformed or _ws.expert.severity == "Error"', 'frame.number', '_ws.col.Protocol',
      '_ws.expert.message', '_ws.col.Info')
      .filter(([, kind, message]) => kind !== 'SRTCP' && !(kind === 'DTLSv1.2' && /retransmission/.test(message))).map((parts) => parts.join(' '));
  }
}
