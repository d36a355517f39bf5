// A device's or a connection's register log, and its round trips over time.
// SPDX-License-Identifier: MIT
import { html } from './html.js';
import { at, rows, useAsk } from './api.js';
import { clock, ms, NONE } from './format.js';
import { ConnectionActs } from './connections.js';
import { Card, Facts, State, Table, Trouble } from './parts.js';
import { Plot } from './plot.js';
import { link } from './router.js';

const INKS = ['accent', 'second', 'good', 'wait', 'bad'];

// A curve for each device and kind of round trip: WebSocket ping, OPTIONS, REGISTER,
// RTCP.
function Latency({ series }) {
  const times = [...new Set(series.flatMap((s) => s.minutes.map((m) => Date.parse(m.time) / 1000)))].sort((a, b) => a - b);
  if (times.length < 2) {
    const first = series[0]?.minutes[0];
    return html`<p class="empty">${first ? `One minute was measured yet: ${ms(first.avg_ms)} (${series[0].kind}).` : 'No round trip was measured yet.'}</p>`;
  }
  const values = ({ minutes }) => {
    const by = new Map(minutes.map((m) => [Date.parse(m.time) / 1000, m.avg_ms]));
    return times.map((t) => by.get(t));
  };
  const name = (s, i) => (series.filter((o) => o.kind === s.kind).length > 1 ? `${s.kind} ${i + 1}` : s.kind);
  return html`<div class="plots few"><${Plot} title="Round trips" unit=" ms" max=${5} times=${times}
    series=${series.map((s, i) => ({ name: name(s, i), ink: INKS[i % INKS.length], values: values(s) }))} /></div>`;
}

const BAD = ['refused', 'failed', 'lost', 'expired', 'down', 'broken'];
const GOOD = ['registered', 'refreshed', 'up', 'mended'];
const COLUMNS = [
  { name: 'Time', cell: (e) => clock(e.time) },
  { name: 'What', cell: (e) => html`<${State} state=${e.event} as=${BAD.includes(e.event) ? 'bad' : GOOD.includes(e.event) ? 'good' : 'calm'} />
    ${e.count > 1 ? html` <small class="soft" title="since ${clock(e.since)}">${e.count} times</small>` : ''}` },
  { name: 'Why', wide: true, cell: (e) => [e.code, e.reason, e.name].filter(Boolean).join(' ') || NONE },
  { name: 'From', cell: (e) => [e.transport, e.address].filter(Boolean).join(' ') || NONE },
  { name: 'Agent', wide: true, cell: (e) => e.agent },
  { name: 'Device', cell: (e) => e.device && html`<code title=${e.device}>${e.device.slice(-12)}</code>` },
  { name: 'For', num: true, cell: (e) => (e.expires_s ? `${e.expires_s} s` : NONE) },
  { name: 'Took', num: true, cell: (e) => ms(e.rtt_ms ?? undefined) },
  { name: 'Worker', cell: (e) => e.worker },
];

function Connection({ tenant, name, access }) {
  const { data: c, problem, again } = useAsk(at`/v1/connections/${tenant}/${name}`, { every: 5000 });
  return html`<${Trouble} problem=${problem} what="This connection" />
    ${c && html`<${Card} title="Now" side=${html`<${ConnectionActs} row=${c} access=${access} again=${again} />`}>
      <${Facts} facts=${[['kind', c.kind], ['address', c.address], ['domain', c.domain], ['state', html`<${State} state=${c.state.state} />`], ['why', c.state.reason],
        ['registration', c.registration && [c.registration.state, c.registration.code, c.registration.why].filter(Boolean).join(' ')],
        ['probed', c.health && `${c.health.state}, ${ms(c.health.answer_ms)}`], ['calls', c.calls]]} /><//>`}`;
}

export function LogPage({ route, access }) {
  const [tenant, name] = route.args;
  const log = useAsk(at`/v1/${route.view}/${tenant}/${name}/log`, { every: 10000 });
  const latency = useAsk(at`/v1/${route.view}/${tenant}/${name}/latency`, { every: 10000 });
  const entries = rows(log.data);
  return html`<header class="head"><nav aria-label="Back"><a href=${link(route.view, [], { tenant })}>${route.view}</a></nav>
      <h1>${name} <small>${tenant}</small></h1>
      <a class="button small" href=${link('calls', [], { q: name, tenant })}>Calls</a></header>
    ${route.view === 'connections' && html`<${Connection} tenant=${tenant} name=${name} access=${access} />`}
    <${Card} title="Round trips"><${Trouble} problem=${latency.problem} what="The latency log" />${latency.data && html`<${Latency} series=${rows(latency.data)} />`}<//>
    <${Card} title="Register log"><${Trouble} problem=${log.problem} what="The register log" />
      ${log.data && html`<${Table} label="Register log" columns=${COLUMNS} rows=${entries} id=${(e) => `${e.time}${e.since}${e.event}${e.device}`} empty="Nothing is noted." />`}<//>`;
}
