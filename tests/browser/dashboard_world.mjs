// dashboard_world.mjs: two nodes of each daemon, a tenant with PBXs and users,
// and calls between them, for who looks at the dashboard.
// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { watch } from '../system/lib/openapi.mjs';
import { B, freeUdp, until } from '../system/lib/stack.mjs';
import { World } from '../system/lib/pbx_world.mjs';
import { Suite } from './lib.mjs';

export const EVIL = '<img src=x onerror="window.hacked=1">';
export const TOKEN = 'token-of-the-tests';
// One that only reads; of one tenant, that may write; of the other tenant.
export const READER = 'reader-reader';
export const MINE = 'mine-mine';
export const THEIRS = 'theirs-theirs';
const shots = path.join(B, 'log', 'dashboard');

export class Dashboard {
  suite = new Suite();

  async start() {
    fs.mkdirSync(shots, { recursive: true });
    await this.suite.start({ tokens: { reader: 'scope: read', mine: 'scope: write, tenant: t0', theirs: 'scope: read, tenant: t1' }, dashboard: path.join(B, 'dashboard'), rtpPorts: 100, sip: 'sip: {t1: 100ms}\n',
      routing: async (stack) => {
        this.world ??= new World(stack, { count: 2 });
        await this.world.open();
        await this.tunnels(stack);
        return this.world.routing();
      } });
    await this.second();
    this.tenant = this.world.tenant();
    return this;
  }

  get stack() { return this.suite.stack; }

  // From node to node: each has a certificate of the cluster's own authority.
  async tunnels(stack) {
    const make = (name, ...more) => execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', `/CN=${name}`, '-keyout', stack.file(`${name}.key`), '-out', stack.file(`${name}.pem`), ...more], { stdio: 'ignore' });
    make('cluster');
    for (const node of ['s1', 's2']) make(node, '-CA', stack.file('cluster.pem'), '-CAkey', stack.file('cluster.key'), '-addext', `subjectAltName=DNS:${node}`,
      '-addext', 'basicConstraints=critical,CA:FALSE');
    this.tunnel = { s1: await freeUdp(1), s2: await freeUdp(1) };
    fs.appendFileSync(stack.file('sigd.yaml'), this.tunnelOf(stack, 's1', 's2'));
  }

  tunnelOf(stack, node, other) {
    return `tunnel:
  bind: 127.0.0.1:${this.tunnel[node]}
  certificate: ${stack.file(`${node}.pem`)}
  private_key: ${stack.file(`${node}.key`)}
  ca: ${stack.file('cluster.pem')}
  peers: [{node: ${other}, address: "127.0.0.1:${this.tunnel[other]}"}]
`;
  }

  // The other node of each.
  async second() {
    const { stack } = this;
    const mediaAdmin = await freeUdp(1);
    await stack.writeMediad('mediad2', 'm2', mediaAdmin);
    let text = fs.readFileSync(stack.file('sigd.yaml'), 'utf8').replace('node: s1', 'node: s2').replace(this.tunnelOf(stack, 's1', 's2'), this.tunnelOf(stack, 's2', 's1'));
    for (const port of [stack.wssPort, stack.wsPort, stack.udpPort, stack.sigdAdmin]) {
      const other = await freeUdp(1);
      if (port === stack.sigdAdmin) this.otherAdmin = other;
      text = text.replaceAll(`:${port}`, `:${other}`);
    }
    watch(this.otherAdmin);
    fs.writeFileSync(stack.file('sigd2.yaml'), text);
    stack.startMediad(undefined, 'mediad2');
    stack.run('sigd2', path.join(B, 'sigd'), ['-c', stack.file('sigd2.yaml')]);
    await stack.ready(mediaAdmin, 'mediad2');
    await stack.ready(this.otherAdmin, 'sigd2');
  }

  // A call from one PBX to another one, that is up, both hear each other.
  async call() {
    const { desk, pbx } = this.tenant;
    const out = await desk.callWith('100', { rtp: { frequency: 1000 } });
    const into = await pbx.incoming();
    into.ring();
    await into.pickUp({ frequency: 440 });
    const res = await out.final;
    if (res.code !== 200) throw new Error(`${res.first} ${res.why}`);
    await Promise.all([out.rtp.hears(440), into.rtp.hears(1000)]);
    return { out, into, end: () => out.bye() };
  }

  // A call that is over, in which the callee was not heard; its id.
  async silent() {
    const { desk, pbx } = this.tenant;
    const out = await desk.callWith('100', { rtp: { frequency: 1000 } });
    const into = await pbx.incoming();
    into.ring();
    into.answer();
    await out.final;
    const id = await this.id();
    await until(async () => {
      const { items } = await this.ask(`/v1/calls/${id}/timeline`);
      return items.some(({ kind }) => kind === 'leg.quiet');
    }, 'it is known that nothing comes', 20000);
    await out.bye();
    await until(async () => (await this.ask(`/v1/calls/${id}/timeline`)).state === 'ended', 'its end is told');
    return id;
  }

  async ask(at, options = {}) {
    const res = await fetch(`http://127.0.0.1:${this.stack.sigdAdmin}${at}`, { headers: { authorization: `Bearer ${TOKEN}` }, ...options });
    return res.json();
  }

  // The id of the call that is up.
  async id() {
    const answer = await until(async () => {
      const list = await this.ask('/v1/calls');
      return (list.items ?? list.calls).length > 0 && list;
    }, 'a call is listed');
    return (answer.items ?? answer.calls).at(-1).id;
  }

  // { width, height, scheme, bypassCSP, token: null: none }
  async open(view = '', { width = 1280, height = 800, scheme = 'light', token = TOKEN, bypassCSP = false } = {}) {
    const context = await this.suite.browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce', bypassCSP });
    const page = await context.newPage();
    page.setDefaultTimeout(15000);
    page.faults = [];
    page.on('pageerror', (e) => page.faults.push(`${e}`));
    page.on('console', (m) => { if (/Content Security Policy|TrustedScript|TrustedHTML|Uncaught/.test(m.text())) page.faults.push(m.text()); });
    // questions that have no answer yet, but for the stream, which has no end
    page.asked = new Set();
    page.on('request', (r) => { if (!r.url().includes('/v1/stream')) page.asked.add(r); });
    for (const end of ['requestfinished', 'requestfailed']) page.on(end, (r) => page.asked.delete(r));
    page.base = `http://127.0.0.1:${this.stack.sigdAdmin}/dashboard/`;
    if (token) {
      await page.goto(`${page.base}icon.svg`);
      await page.evaluate((t) => sessionStorage.setItem('cordboard-token', t), token);
    }
    await page.goto(`${page.base}#/${view}`);
    return page;
  }

  shot(page, name, more = {}) { return page.screenshot({ path: path.join(shots, `${name}.png`), ...more }); }

  async stop() {
    this.world?.close();
    await this.suite.stop();
  }
}
