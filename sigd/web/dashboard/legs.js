// The legs of a call: how far each has come, codecs, figures over time.
// SPDX-License-Identifier: MIT
import { html } from './html.js';
import { fixed, lasting, ms, num } from './format.js';
import { Facts, State } from './parts.js';
import { Plot } from './plot.js';

const STEPS = [
  ['remote_sdp', 'remote SDP'], ['local_sdp', 'local SDP'], ['stun_seen', 'STUN seen'], ['pair_nominated', 'nominated'],
  ['dtls_done', 'DTLS'], ['first_packet_in', 'first RTP in'], ['first_packet_out', 'first RTP out'],
];
// Which of them a leg of that profile goes through.
const ICE = ['stun_seen', 'pair_nominated'];
const needs = (profile, step) => !((ICE.includes(step) && profile !== 'browser') || (step === 'dtls_done' && !['browser', 'dtls'].includes(profile)));

function Rungs({ leg }) {
  const steps = STEPS.filter(([step]) => needs(leg.profile, step) || leg.ladder_ms?.[step] !== undefined);
  const missing = steps.find(([step]) => leg.ladder_ms?.[step] === undefined)?.[0];
  return html`<ol class="rungs" aria-label="How far this leg has come">
    ${steps.map(([step, name]) => {
      const at = leg.ladder_ms?.[step];
      const state = at !== undefined ? 'done' : step === missing ? 'missing' : 'open';
      return html`<li key=${step} data-state=${state}><span>${name}</span><b>${at === undefined ? (state === 'missing' ? 'not reached' : '–') : ms(at)}</b></li>`;
    })}
  </ol>`;
}

const stream = (s) => s && [s.packets !== undefined && `${num(s.packets)} packets`, s.lost !== undefined && `${num(s.lost)} lost`,
  s.jitter_ms !== undefined && `jitter ${ms(s.jitter_ms)}`, s.mos && `MOS ${fixed(s.mos)}`, s.refused ? `${num(s.refused)} refused` : ''].filter(Boolean).join(', ');

const CURVES = [
  ['MOS', [['from it', 'in_mos', 'accent'], ['what it hears', 'out_mos', 'second']], { min: 1, max: 4.5, say: (v) => fixed(v) }],
  ['Loss', [['from it', 'in_loss', 'accent'], ['to it', 'out_loss', 'second']], { unit: ' %', max: 2 }],
  ['Jitter and round trip', [['jitter', 'jitter', 'accent'], ['round trip', 'rtt', 'second']], { unit: ' ms', max: 20 }],
  ['Level', [['dBov', 'level', 'accent']], { min: -80, max: 0 }],
];

// points: { time, in_mos, ... } of this leg.
function Quality({ points, over }) {
  const curves = CURVES.map(([title, series, options]) => [title, series.filter(([, key]) => points.some((p) => Number.isFinite(p[key]))), options])
    .filter(([, series]) => series.length);
  if (points.length < 2 || !curves.length) return html`<p class="soft">${over ? 'It was too short for plots.' : 'Plots begin with the second report; one comes each few seconds.'}</p>`;
  const times = points.map((p) => p.time);
  return html`<div class="plots few">${curves.map(([title, series, options]) => html`<${Plot} key=${title} title=${title} times=${times} ...${options}
    series=${series.map(([name, key, ink]) => ({ name, ink, values: points.map((p) => (Number.isFinite(p[key]) ? p[key] : null)) }))} />`)}</div>`;
}

export function Leg({ leg, points, over }) {
  const { codec = {}, voice = {} } = leg;
  const who = leg.leg === 1 ? 'the caller' : leg.service ? `service ${leg.service}` : 'a callee';
  return html`<section class="leg" aria-label="Leg ${leg.leg}">
    <h3>Leg ${leg.leg} <small>${who}</small> <span class="tag">${leg.profile}</span>
      ${leg.srtp && html`<span class="tag">${leg.srtp}</span>`}
      ${voice.unheard && html`<${State} state=${`not heard: ${voice.unheard}`} as="bad" />`}</h3>
    <${Rungs} leg=${leg} />
    ${codec.chosen && html`<p class="codec"><span class="soft">offered</span> ${codec.offered} <span class="soft">→ chosen</span> <b>${codec.chosen}</b>
      ${codec.way && html`<span class="tag">${codec.way}</span>`}</p>
      <p class="soft">${codec.why}</p>`}
    <${Facts} facts=${[['from it', stream(leg.received)], ['to it', stream(leg.sent)], ['round trip', leg.rtt_ms && ms(leg.rtt_ms)],
      ['level', voice.level_dbov !== undefined && `${voice.level_dbov} dBov, peak ${voice.peak_dbov ?? '–'}`],
      ['not heard for', voice.unheard_ms ? lasting(voice.unheard_ms) : null], ['taken over', leg.resumes ? `${leg.resumes} times` : null]].map(([n, v]) => [n, v || null])} />
    <${Quality} points=${points} over=${over} />
  </section>`;
}
