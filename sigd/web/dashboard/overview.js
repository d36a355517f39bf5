// The cluster at a glance. SPDX-License-Identifier: MIT
import { html } from './html.js';
import { askAll, at, rows, useAsk } from './api.js';
import { fixed, NONE, num } from './format.js';
import { EventList } from './events.js';
import { flat, NodeTable } from './nodes.js';
import { Card, Trouble } from './parts.js';
import { Plot } from './plot.js';
import { link } from './router.js';
import { live, useChanges, useLive } from './store.js';

const DAY_MS = 86400000;
const ALARMS = '/v1/alarms?limit=500';

// How many there are in a list; '+': it goes on behind those that were asked for.
const size = (list, total = rows(list).length) => (list ? `${num(total)}${list.next ? '+' : ''}` : NONE);

// Alarms of a day.
function useAlarms() {
  const { data } = useAsk(ALARMS, { every: 15000, read: askAll });
  const today = rows(data).filter(({ time }) => Date.now() - Date.parse(time) < DAY_MS).length;
  const whole = today < rows(data).length; // older ones are behind them
  return { alarms: data && size(whole ? { ...data, next: null } : data, today), some: today > 0 };
}

// One figure; mood: what it is when it is not as usual.
const Tile = ({ name, value, unit, mood, href, note }) => html`<li class="tile" data-mood=${mood}>
  <a href=${href}><span>${name}</span><b>${value}${unit && html` <small>${unit}</small>`}</b>${note && html`<em>${note}</em>`}</a></li>`;

function Tiles() {
  const { alarms, some } = useAlarms();
  const p = live.points.at(-1);
  const c = live.figures?.connections;
  const down = c ? c.down + c.broken : undefined;
  const asr = p?.setups > 0 ? p.answers / p.setups : null;
  return html`<ul class="tiles" aria-label="Figures of now">
    <${Tile} name="Calls" value=${num(p?.calls)} href=${link('calls')} />
    <${Tile} name="Set-ups" value=${num(p?.setups)} unit="/s" href=${link('calls')} note=${asr !== null && `${Math.min(100, Math.round(asr * 100))} % answered`} />
    <${Tile} name="Failures" value=${num(p?.failures)} unit="/s" href=${link('calls', [], { list: 'recent' })} mood=${p?.failures > 0 ? 'bad' : 'calm'} />
    <${Tile} name="Registered users" value=${num(live.figures?.registered)} href=${link('registrations')} note=${p && `${num(p.flows)} connections`} />
    <${Tile} name="MOS" value=${fixed(p?.mos)} href=${link('calls')} mood=${p?.mos && p.mos < 3.6 ? 'wait' : 'calm'} note=${p?.worst && `worst ${fixed(p.worst)}`} />
    <${Tile} name="Connections down" value=${num(down)} href=${link('connections')} mood=${down ? 'bad' : 'calm'} note=${c?.forced ? `${c.forced} forced` : ''} />
    <${Tile} name="Alarms, a day" value=${alarms ?? NONE} href=${link('events')} mood=${some ? 'wait' : 'calm'} />
  </ul>`;
}

function Plots() {
  const { points } = live;
  if (points.length < 2) return html`<p class="empty" role="status">Figures come once a second; plots begin with the second one.</p>`;
  const times = points.map((p) => p.time);
  const of = (key) => points.map((p) => p[key]);
  return html`<div class="plots">
    <${Plot} title="Calls" times=${times} max=${4} series=${[{ name: 'calls', ink: 'accent', values: of('calls'), fill: true }, { name: 'media sessions', ink: 'second', values: of('sessions') }]} />
    <${Plot} title="Set-up rate" times=${times} max=${1} unit="/s" series=${[{ name: 'set-ups', ink: 'accent', values: of('setups'), fill: true }, { name: 'answered', ink: 'good', values: of('answers') }]} />
    <${Plot} title="Failures" times=${times} max=${1} unit="/s" series=${[{ name: 'failed', ink: 'bad', values: of('failures'), fill: true }]} />
    <${Plot} title="MOS" times=${times} min=${1} max=${4.5} say=${(v) => fixed(v)} series=${[{ name: 'mean', ink: 'accent', values: of('mos') }, { name: 'worst', ink: 'bad', values: of('worst') }]} />
    <${Plot} title="Load, the busiest" times=${times} max=${20} unit=" %" series=${[{ name: 'sigd', ink: 'accent', values: of('sigLoad') }, { name: 'mediad', ink: 'second', values: of('mediaLoad') }]} />
    <${Plot} title="Loop delay, the worst" times=${times} max=${5} unit=" ms" series=${[{ name: 'mediad', ink: 'second', values: of('lag'), fill: true }]} />
  </div>`;
}

// For a token of one tenant: figures of the cluster are not told to it.
function OfTenant({ tenant }) {
  const now = useAsk(at`/v1/tenants/${tenant}`, { every: 5000 });
  const calls = useAsk(at`/v1/calls${{ tenant, limit: 1 }}`, { every: 5000 });
  const devices = useAsk(at`/v1/registrations${{ tenant, limit: 500 }}`, { every: 15000, read: askAll });
  const lines = useAsk(at`/v1/connections${{ tenant, limit: 500 }}`, { every: 10000, read: askAll });
  const { alarms, some } = useAlarms();
  useChanges('calls', calls.again);
  useChanges('connections', lines.again);
  const t = now.data;
  const told = new Set(rows(devices.data).map((r) => `${r.user} ${r.device}`)).size; // one may be in two answers
  const down = lines.data && rows(lines.data).filter((c) => ['down', 'broken'].includes(c.state?.state)).length;
  return html`<h1>${tenant}</h1>
    <${Trouble} problem=${now.problem ?? calls.problem} what="This tenant" />
    <ul class="tiles" aria-label="Figures of now">
      <${Tile} name="Calls" value=${num(calls.data?.total)} href=${link('calls')} note=${t?.limits.calls ? `of ${num(t.limits.calls)}` : ''} />
      <${Tile} name="Devices" value=${size(devices.data, told)} href=${link('registrations')} note=${t && `${num(t.users)} users in the table`} />
      <${Tile} name="Connections" value=${num(t?.connections)} href=${link('connections')} mood=${down ? 'bad' : 'calm'} note=${down ? `${down} down` : ''} />
      <${Tile} name="Alarms, a day" value=${alarms ?? NONE} href=${link('events')} mood=${some ? 'wait' : 'calm'} />
    </ul>
    <${Card} title="Latest events" side=${html`<a href=${link('events')}>All</a>`}><${EventList} limit=${20} /><//>`;
}

export const Overview = ({ access }) => (access?.tenant ? html`<${OfTenant} tenant=${access.tenant} />` : html`<${OfCluster} access=${access} />`);

function OfCluster({ access }) {
  useLive((l) => l.figures); // each second
  const nodes = useAsk('/v1/nodes?limit=500', { every: 5000, read: askAll });
  const workers = nodes.data && flat(rows(nodes.data));
  return html`<h1 class="unseen">Overview</h1>
    <${Tiles} />
    <${Plots} />
    <div class="columns">
      <${Card} title="Nodes" side=${html`<a href=${link('nodes')}>All</a>`}>
        <${Trouble} problem=${nodes.problem} what="Nodes" />
        ${workers && html`<${NodeTable} nodes=${workers} brief access=${access} again=${nodes.again} />`}
      <//>
      <${Card} title="Latest events" side=${html`<a href=${link('events')}>All</a>`}><${EventList} limit=${12} /><//>
    </div>`;
}
