// Real browsers and a telephone of G.711 behind networks that lose: what is heard at both ends.
// nft drops what is as long as RTP (DTLS and SIP come through), once the call is up.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { Suite } from './lib.mjs';
import { OWN, inOwnNetwork } from './netns.mjs';
import { sleep, until } from '../system/lib/stack.mjs';
import { Baresip } from '../system/lib/pbx_baresip.mjs';

inOwnNetwork();

const nft = (...args) => execFileSync('/usr/sbin/nft', args, { stdio: ['ignore', 'ignore', 'inherit'] });
const able = fs.existsSync('/usr/sbin/nft');
const TONE = 440;
const TIMES = 30;

// Percent, of what pages and mediad send each other, and mediad and telephones (PCMU of 20 ms).
function lose(page, telephone) {
  nft('add', 'table', 'inet', 'bad');
  nft('flush', 'table', 'inet', 'bad');
  nft('add', 'chain', 'inet', 'bad', 'in', '{ type filter hook input priority 0; }');
  const drop = (share) => ['numgen', 'random', 'mod', '100', '<', String(share), 'drop'];
  const rule = (length, share) => share
    && nft('add', 'rule', 'inet', 'bad', 'in', 'ip', 'daddr', OWN, 'udp', 'length', length, ...drop(share));
  rule('180', telephone);
  rule('{ 50-179, 181-500 }', page);
}

// The share of looks, one each 200 ms, at which the tone is heard as it should be.
async function heard(phone, call) {
  let good = 0;
  for (let i = 0; i < TIMES; i++) {
    await sleep(200);
    const { frequency, level } = await phone.page.evaluate((id) => window.phone.hear(id), call) ?? {};
    if (Math.abs(frequency - TONE) < 5 && level > -20) good++;
  }
  return good / TIMES;
}

function suiteOf(browser) {
  const suite = new Suite();
  const rig = { suite };
  before(() => suite.start({
    browser,
    mediaAddress: OWN,
    rtpPorts: 200,
    routing: async (stack) => {
      rig.pbx ??= await new Baresip(stack, { codec: 'PCMU', frequency: TONE, user: '100', address: OWN }).start();
      return `tenants:
  demo:
    domains: ["localhost", "127.0.0.1"]
    realm: cordboard
    media_policies:
      redundant: {order: listed, codecs: [red, opus]}
    users:
      alice: {password: alice-secret}
      bob: {password: bob-secret, media_policy: redundant}
    connections:
      pbx: {kind: trunk, address: "${OWN}:${rig.pbx.port}", codecs: PCMU}
    routes:
      - {name: pbx, match: {callee: "100"}, to: {connection: pbx}}
`;
    },
  }));
  after(async () => {
    await rig.pbx?.stop();
    await suite.stop();
  });
  return rig;
}

// What mediad tells of a leg that it received, once its figures are of now.
async function received(suite, profile) {
  const get = async (path) => (await fetch(`http://127.0.0.1:${suite.stack.sigdAdmin}${path}`,
    { headers: { authorization: 'Bearer token-of-the-tests' } })).json();
  const { calls: [{ id }] } = await get('/v1/calls?tenant=demo');
  const packets = async () => {
    const { media } = await get(`/v1/calls/${id}`);
    return media?.legs.find((leg) => (leg.profile === 'browser') === (profile === 'browser'))?.received;
  };
  const before = (await packets())?.packets ?? 0;
  return until(async () => {
    const now = await packets();
    return now?.packets > before && now;
  }, 'the figures come');
}

async function impaired(t, rig, user, losses) {
  const { suite, pbx } = rig;
  lose(0, 0);
  const phone = await suite.phone('jssip', user);
  const call = await phone.call('100', 1000);
  await phone.up(call);
  await phone.hears(call, TONE);
  await pbx.hears(1000);
  const first = await phone.stats(call);
  lose(...losses);
  const share = await heard(phone, call);
  await pbx.hears(1000);
  const last = await phone.stats(call);
  const [page, telephone] = await Promise.all([received(suite, 'browser'), received(suite, 'rtp')]);
  lose(0, 0);
  const got = last.received - first.received;
  const lost = (last.lost - first.lost) / (got + last.lost - first.lost);
  const concealed = (last.concealed - first.concealed) / (last.samples - first.samples);
  t.diagnostic(`${await suite.browser.version()}: loss ${losses} %: ${(100 * lost).toFixed(1)} % lost on the way to the page, `
    + `${(100 * concealed).toFixed(1)} % of its samples concealed by it, the tone in ${(100 * share).toFixed(0)} % of ${TIMES} looks; `
    + `of the page ${page.lost} lost, ${page.restored ?? 0} restored, ${page.concealed ?? 0} concealed, ${page.repaired ?? 0} repaired, `
    + `of the telephone ${telephone.lost} lost, ${telephone.concealed ?? 0} concealed`);
  await phone.hangup(call);
  await pbx.event('CALL_CLOSED');
  await phone.close();
  await suite.stack.audit();
  return { lost, share, concealed, page, telephone };
}

for (const browser of ['chromium', 'firefox']) {
  describe(`${browser} on a bad network`, { timeout: 360000, skip: !able && 'nft is not installed' }, () => {
    const rig = suiteOf(browser);

    test('what the telephone\'s network loses is made good before the page hears of it', async (t) => {
      const { lost, share, telephone } = await impaired(t, rig, 'alice', [0, 5]);
      assert.ok(telephone.concealed > 0, 'the loss is concealed here');
      assert.ok(lost < 0.005, `${lost} lost`);
      // what a page conceals without loss is what a busy machine delays: told, and not judged
      assert.ok(share > 0.7, `the tone is there ${share} of the time`);
    });

    test('5 % lost everywhere: both ends hear the tone', async (t) => {
      const { lost, share, concealed, telephone } = await impaired(t, rig, 'alice', [5, 5]);
      assert.ok(concealed > 0, 'the page conceals');
      assert.ok(telephone.concealed > 0, 'and so do we');
      assert.ok(lost > 0.01 && lost < 0.12, `${lost} lost`);
      assert.ok(share > 0.7, `the tone is there ${share} of the time`);
    });

    if (browser === 'chromium')
      test('redundant audio of a page: 10 % lost, and the telephone hears the tone', async (t) => {
        const { page } = await impaired(t, rig, 'bob', [10, 0]);
        assert.ok(page.lost > 0 && page.restored > 0, `${page.lost} lost, ${page.restored} restored`);
      });
  });
}
