// lib.mjs: one Chromium (or Firefox) and one stack for a suite of browser tests.
// SPDX-License-Identifier: MIT
import { afterEach } from 'node:test';
import { createRequire } from 'node:module';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { B, Stack, longest, sleep, until } from '../system/lib/stack.mjs';

const npm = path.join(B, 'npm/tests/node_modules');
const require = createRequire(path.join(npm, 'x.js'));
const { chromium } = require('playwright-core');

export function bundle() {
  const page = fileURLToPath(new URL('page', import.meta.url));
  const out = path.join(B, 'testpage');
  fs.mkdirSync(out, { recursive: true });
  execFileSync(path.join(npm, '.bin/esbuild'), [path.join(page, 'page.js'), '--bundle', '--target=es2022',
    '--log-level=warning', `--outfile=${path.join(out, 'page.js')}`], { env: { ...process.env, NODE_PATH: npm } });
  fs.copyFileSync(path.join(page, 'index.html'), path.join(out, 'index.html'));
  return out;
}

const CHROMIUM = {
  executablePath: '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--autoplay-policy=no-user-gesture-required',
    // loopback addresses as candidates, not mDNS names
    '--disable-features=WebRtcHideLocalIpsWithMdns', '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream'],
};

export const launch = (args = []) => chromium.launch({ ...CHROMIUM, args: [...CHROMIUM.args, ...args] });

// Debian's Firefox, by WebDriver BiDi: playwright drives builds of its own
// alone. The microphone is the page's own tone, so no prompt must come up.
async function firefox(prefs) {
  const browser = await require('puppeteer-core').launch({
    browser: 'firefox', executablePath: '/usr/bin/firefox-esr', headless: true, acceptInsecureCerts: true,
    extraPrefsFirefox: {
      'media.autoplay.default': 0, // allowed
      'media.autoplay.blocking_policy': 0,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
      'network.proxy.type': 0,
      ...prefs,
    },
  });
  return {
    version: () => browser.version(),
    newContext: () => browser.createBrowserContext(),
    close: () => browser.close(),
  };
}

// Made within describe(): after each case it puts away what that one has left.
export class Suite {
  constructor() {
    this.phones = new Set();
    afterEach(() => this.tidy());
  }

  // What a case that failed has left, pages and calls, so that the next one
  // does not fail for it.
  async tidy() {
    const left = [...this.phones];
    this.phones.clear();
    if (!left.length) return;
    const within = (promise) => Promise.race([promise.catch(() => {}), sleep(5000)]); // it may be frozen
    await Promise.all(left.map((phone) => within(phone.close())));
    await Promise.all(this.stack.agents.map((agent) => within(agent.tidy())));
    await this.stack.audit(10000).catch(() => {});
  }

  async start(options = {}) {
    this.stack = await new Stack({ webRoot: bundle(), ...options }).start();
    this.browser = options.browser === 'firefox' ? await firefox(options.prefs) : await launch(options.args);
    return this;
  }

  async phone(library, user, password = `${user}-secret`, { host = 'localhost', browser = this.browser, port = this.stack.wssPort,
    at = 'localhost', query = '', jwt, ice } = {}) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    page.on('pageerror', (e) => { process.stderr.write(`# page: ${e}\n`); });
    const base = `${at}:${port}`;
    await page.goto(`https://${base}/`);
    await page.evaluate(([lib, options]) => window.phone.start(lib, options),
      [library, { url: `wss://${base}/ws${query}`, user, password, host, jwt, ice }]);
    const registered = await until(() => page.evaluate(() => window.phone.registered()), `${user} has an answer`);
    const phone = new Phone(page, context, registered, () => this.phones.delete(phone));
    this.phones.add(phone);
    return phone;
  }

  // Another Chromium, which can be killed, or freeze, as if its network was
  // gone: { browser, kill(), freeze() }
  async chromium() {
    // a bare root knows no name "localhost"
    const server = await chromium.launchServer({ ...CHROMIUM, host: '127.0.0.1' });
    return {
      browser: await chromium.connect(server.wsEndpoint()),
      kill: () => server.kill(),
      freeze: () => process.kill(-server.process().pid, 'SIGSTOP'),
    };
  }

  async stop() {
    await this.browser?.close();
    await this.stack?.stop();
  }
}

class Phone {
  constructor(page, context, registered, closed) {
    Object.assign(this, { page, context, registered, closed });
  }

  call(target, frequency = 1000, camera = false) {
    return this.page.evaluate(([t, f, c]) => window.phone.call(t, f, c), [target, frequency, camera]);
  }

  incoming() { return until(() => this.page.evaluate(() => window.phone.incoming()), 'a call comes'); }

  answer(id, frequency = 1000, camera = false) {
    return this.page.evaluate(([i, f, c]) => window.phone.answer(i, f, c), [id, frequency, camera]);
  }

  // A camera within a call.
  show(id, color) { return this.page.evaluate(([i, c]) => window.phone.show(i, c), [id, color]); }

  // False: this browser cannot send it.
  prefer(codec) { return this.page.evaluate((c) => window.phone.prefer(c), codec); }

  // Waits until pictures come of which this colour ('red', 'green', 'blue') is
  // the most, and are decoded.
  async sees(id, color, limit = 15000) {
    const others = ['red', 'green', 'blue'].filter((c) => c !== color);
    let seen = null;
    try {
      return await until(async () => {
        seen = await this.page.evaluate((i) => window.phone.see(i), id);
        return seen && others.every((c) => seen[color] > seen[c] + 60) && seen;
      }, `a ${color} picture`, limit);
    } catch (e) {
      throw new Error(`${e.message}; seen ${JSON.stringify(seen)} ${JSON.stringify(await this.stats(id))}`);
    }
  }

  // Any picture that moves, and is not black.
  async seesSome(id) {
    let seen = null;
    let frames = 0;
    await until(async () => {
      seen = await this.page.evaluate((i) => window.phone.see(i), id);
      ({ video: { frames = 0 } = {} } = await this.stats(id));
      return frames > 20 && seen && seen.red + seen.green + seen.blue > 60;
    }, 'a picture').catch(async (e) => { throw new Error(`${e.message}; seen ${JSON.stringify([seen, await this.stats(id)])}`); });
    return { seen, frames };
  }

  hangup(id) { return this.page.evaluate((i) => window.phone.hangup(i), id); }

  // This call's other party takes the place of ours in that one.
  transfer(id, to) { return this.page.evaluate(([i, t]) => window.phone.transfer(i, t), [id, to]); }

  // What became of it: 'referred', 'transferred' ...
  told(id, what) { return until(async () => (await this.state(id)).log.includes(what), what); }

  // JsSIP alone
  hold(id) { return this.page.evaluate((i) => window.phone.hold(i), id); }

  resume(id) { return this.page.evaluate((i) => window.phone.resume(i), id); }

  // Other ICE credentials, and an INVITE that tells them. False: not now.
  restart(id) { return this.page.evaluate((i) => window.phone.restart(i), id); }

  ice(id) { return this.page.evaluate((i) => window.phone.ice(i), id); }

  press(id, keys) { return this.page.evaluate(([i, k]) => window.phone.press(i, k), [id, keys]); }

  state(id) { return this.page.evaluate((i) => window.phone.state(i), id); }

  stats(id) { return this.page.evaluate((i) => window.phone.stats(i), id); }

  async up(id) {
    let state = null;
    return until(async () => {
      state = await this.state(id);
      if (state.final !== null) throw new Error(`the call ended: ${JSON.stringify(state)}`);
      return state.up;
    }, 'the call is up').catch((e) => { throw new Error(`${e.message} ${JSON.stringify(state)}`); });
  }

  final(id) { return until(async () => (await this.state(id)).final, 'the call ends'); }

  // Waits until a steady tone is heard at the frequency, then says what is
  // heard: three looks in a row, a window of samples apart, that agree.
  async hears(id, frequency, limit = 15000) {
    let heard = null;
    let steady = 0;
    let last = -Infinity;
    try {
      return await until(async () => {
        heard = await this.page.evaluate((i) => window.phone.hear(i), id);
        const there = heard && Math.abs(heard.frequency - frequency) < 2 && heard.level > -60;
        steady = there && Math.abs(heard.level - last) < 0.3 ? steady + 1 : 0;
        last = there ? heard.level : -Infinity;
        if (steady < 3) await sleep(200);
        return steady >= 3 && heard;
      }, `${frequency} Hz`, limit);
    } catch (e) {
      const stats = await this.stats(id).catch(String);
      throw new Error(`${e.message}; heard ${JSON.stringify(heard)} ${JSON.stringify(stats)}`);
    }
  }

  // Waits until nothing is heard, or silence.
  async silent(id, limit = 15000) {
    let heard = null;
    let quiet = 0;
    await until(async () => {
      heard = await this.page.evaluate((i) => window.phone.hear(i), id);
      quiet = heard && heard.level < -60 ? quiet + 1 : 0;
      if (quiet < 3) await sleep(100);
      return quiet >= 3;
    }, 'silence', limit).catch((e) => { throw new Error(`${e.message}; heard ${JSON.stringify(heard)}`); });
  }

  // From now on: stop() tells the longest time without a packet, in ms.
  watch(id) { return longest(async () => (await this.stats(id)).received ?? 0); }

  async close() {
    await this.page.evaluate(() => window.phone.stop()).catch(() => {});
    await this.context.close().catch(() => {});
    this.closed();
  }
}
