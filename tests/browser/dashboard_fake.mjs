// dashboard_fake.mjs: the dashboard before a server that answers as a test wants:
// late, by many pages, or not at all. What it answers is as docs/openapi.yaml
// says, or the test fails. SPDX-License-Identifier: MIT
import { afterEach } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { B } from '../system/lib/stack.mjs';
import { check } from '../system/lib/openapi.mjs';
import { launch } from './lib.mjs';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const BEAT_MS = 500;

export const problem = (status, detail) => ({ status, body: { type: 'about:blank', title: 'No', status, ...detail ? { detail } : {} } });

// Of the cluster, when all is well.
export const figures = (more = {}) => ({ time: new Date().toISOString(), workers: [], calls: 0, ended: 0, failed: 0, connections: { down: 0, broken: 0, forced: 0 },
  registered: 0, mos: { legs: 0 }, ...more });

// Made within describe().
export class Fake {
  looking = new Set(); // answers to GET /v1/stream

  pages = [];

  constructor() {
    afterEach(() => this.tidy());
    this.reset();
  }

  reset() {
    this.asked = []; // { what: 'GET /v1/calls', query, body, token }
    this.faults = [];
    this.silent = false; // nothing comes by the stream
    this.away = false; // there is none
    this.answers = new Map();
    this.on('GET /v1/token', () => ({ name: 'test', scope: 'write', tenant: null }));
    this.on('GET /v1/tenants', () => ({ tenants: ['t0', 't1'].map((tenant) => this.tenant(tenant)), next: null }));
    this.on('GET /v1/alarms', () => ({ alarms: [], next: null }));
    this.on('GET /v1/nodes', () => ({ nodes: [], next: null }));
  }

  tenant(tenant) {
    return { tenant, domains: [`${tenant}.test`], users: 0, connections: 0, routes: 0, limits: { calls: 0, calls_per_second: 0 }, used: { calls: null, calls_per_second: null } };
  }

  // answer({ query, body, token }): an answer, problem(), or a promise of one
  on(what, answer) { this.answers.set(what, answer); }

  of(what) { return this.asked.filter((a) => a.what === what); }

  async start() {
    this.server = http.createServer((req, res) => { this.serve(req, res).catch((e) => { this.faults.push(`${e}`); res.destroy(); }); });
    await new Promise((done) => { this.server.listen(0, '127.0.0.1', done); });
    this.base = `http://127.0.0.1:${this.server.address().port}/`;
    this.beat = setInterval(() => { if (!this.silent) for (const res of this.looking) res.write(':\n\n'); }, BEAT_MS);
    this.browser = await launch();
  }

  async serve(req, res) {
    const url = new URL(req.url, this.base);
    if (url.pathname === '/v1/stream') return this.stream(req, res);
    if (!url.pathname.startsWith('/v1/')) {
      const file = url.pathname === '/' ? 'index.html' : path.basename(url.pathname);
      res.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'text/plain' });
      return res.end(fs.readFileSync(path.join(B, 'dashboard', file)));
    }
    const what = `${req.method} ${decodeURIComponent(url.pathname)}`;
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const ask = { what, query: Object.fromEntries(url.searchParams), body: body && JSON.parse(body), token: req.headers.authorization?.replace('Bearer ', '') };
    this.asked.push(ask);
    const answer = await (this.answers.get(what) ?? (() => problem(404, 'There is nothing of that name.')))(ask);
    const { status, body: said } = Number.isInteger(answer.status) && answer.body ? answer : { status: 200, body: answer };
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    await check({ method: req.method, url: url.href, body, type: req.headers['content-type'] }, new Response(JSON.stringify(said), { status, headers: { 'content-type': type } }))
      .catch((e) => this.faults.push(e.message));
    res.writeHead(status, { 'content-type': type });
    return res.end(JSON.stringify(said));
  }

  stream(req, res) {
    if (this.away) return res.destroy();
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.flushHeaders();
    this.looking.add(res);
    req.on('close', () => this.looking.delete(res));
    return this.silent || res.write(':\n\n');
  }

  tell(type, data) {
    for (const res of this.looking) res.write(`id: ${Date.now()}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  nr = 0;

  // An event of docs/events.md.
  event(type, data = {}, tenant = 't0') {
    this.nr++;
    this.tell(type, { id: `news-${Date.now()}-${this.nr}`, type, time: new Date().toISOString(), tenant, data });
  }

  // token null: nobody is logged in
  async open(view = '', { token = 'a-token' } = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.setDefaultTimeout(25000);
    page.on('pageerror', (e) => this.faults.push(`${e}`));
    if (token) await context.addInitScript((t) => { if (!sessionStorage.getItem('told')) { sessionStorage.setItem('told', '1'); sessionStorage.setItem('cordboard-token', t); } }, token);
    await page.goto(`${this.base}#/${view}`);
    this.pages.push(page);
    return page;
  }

  async tidy() {
    for (const page of this.pages.splice(0)) await page.context().close();
    const { faults } = this;
    this.reset();
    assert.deepEqual(faults, [], 'what was answered is as documented, and the page did not fail');
  }

  async stop() {
    clearInterval(this.beat);
    await this.browser?.close();
    this.server?.closeAllConnections();
    this.server?.close();
  }
}
