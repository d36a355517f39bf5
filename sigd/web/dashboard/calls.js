// Calls: those there are, and those of late. SPDX-License-Identifier: MIT
import { html, useEffect, useState } from './html.js';
import { at } from './api.js';
import { who } from './facts.js';
import { clock, fixed, lasting, NONE } from './format.js';
import { fits, Search, State, Table, Trouble } from './parts.js';
import { Filter, filterOf, More, nothing, usePages } from './pages.js';
import { link, refine } from './router.js';
import { useChanges } from './store.js';
import { useTenant } from './tenants.js';

// Calls that a list has shown, for the page of one of which nothing else is left;
// emptied when somebody logs out (main.js).
export const seen = new Map();
const SEEN_MAX = 2000;

function remember(calls) {
  for (const call of calls) seen.set(call.id, call);
  for (const id of seen.keys()) {
    if (seen.size <= SEEN_MAX) return;
    seen.delete(id);
  }
}

const via = (side) => (side?.connection ? html` <small class="soft">via ${side.connection}</small>` : side?.service ? html` <small class="soft">service</small>` : '');
const mosOf = (call) => call.quality?.mos;

// How an end is meant: what both sides wanted, what one did not, and what nobody did.
const ENDS = { calm: ['hangup', 'ok', 'replaced', 'elsewhere', 'admin', 'operator', 'moved', 'call-expired'], wait: ['cancelled', 'busy', 'declined', 'no-answer'] };
const moodOf = (c) => (c.state === 'up' ? 'good' : c.state === 'setup' ? 'wait' : Object.keys(ENDS).find((m) => ENDS[m].includes(c.reason)) ?? 'bad');

const COLUMNS = [
  { name: 'Started', cell: (c) => clock(c.started) },
  { name: 'Caller', wide: true, cell: (c) => html`${who(c.caller)}${via(c.caller)}` },
  { name: 'Callee', wide: true, cell: (c) => html`${who(c.callee)}${via(c.callee)}` },
  { name: 'State', cell: (c) => html`<${State} state=${c.reason ?? c.state} as=${moodOf(c)} />` },
  { name: 'Lasting', num: true, cell: (c) => lasting(c.ended ? (c.answered ? c.talk_ms : c.duration_ms) : Date.now() - Date.parse(c.answered ?? c.started)) },
];
const FILTERS = { user: 'the user', number: 'the number', connection: 'the connection', call_id: 'the Call-ID' };
const MOS = { name: 'MOS', num: true, cell: (c) => fixed(mosOf(c)) };
const TENANT = { name: 'Tenant', cell: (c) => c.tenant };
const MEDIA = { name: 'Media', cell: (c) => c.media_worker ?? NONE };

export function Calls({ route, access }) {
  const { tenant, picker } = useTenant(route, access, { any: true });
  const list = route.query.list === 'recent' ? 'recent' : 'live';
  const [question, setQuestion] = useState(route.query.q ?? '');
  const [, tick] = useState(0);
  const calls = usePages(at`/v1/calls${{ state: list === 'recent' ? 'recent' : '', tenant, ...filterOf(route, FILTERS) }}`, { every: 5000 });
  useChanges('calls', calls.again);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  const onQuestion = (q) => { setQuestion(q); refine({ q }); };
  const newest = [...calls.items].sort((a, b) => Date.parse(b.started ?? 0) - Date.parse(a.started ?? 0));
  const shown = newest.filter((c) => fits(question, c.id, c.call_id, c.tenant, c.state, c.reason, c.media_worker,
    ...[c.caller, c.callee].flatMap((s) => [s?.user, s?.uri, s?.connection, s?.service])));
  useEffect(() => remember(calls.items.filter((c) => c.ended)), [calls.data, calls.asked]);
  const some = (read) => calls.items.some(read);
  return html`<header class="head"><h1>Calls</h1>
      <div class="tabs" role="group" aria-label="Which calls">${[['live', 'Live'], ['recent', 'Recent']].map(([name, text]) => html`<button type="button" key=${name}
        aria-pressed=${list === name} onClick=${() => refine({ list: name === 'live' ? '' : name })}>${text}</button>`)}</div>
      <${Search} label="Search calls" value=${question} onInput=${onQuestion} />${picker}
      <span class="count" role="status" aria-live="polite">${question ? `${shown.length} of ${calls.items.length}${calls.next ? ' shown' : ''}` : `${calls.total ?? calls.items.length}`} ${list}</span></header>
    <${Trouble} problem=${calls.problem} what="This list" />
    <${Filter} route=${route} names=${FILTERS} question=${question} next=${calls.next} onPick=${() => setQuestion('')} />
    ${list === 'live' && calls.next && html`<p class="soft">Live calls come in the order of their ids, not of time: there are others, newer ones, too, behind those that are shown.</p>`}
    ${calls.data && html`<${Table} label="Calls" rows=${shown} id=${(c) => c.id} href=${(c) => link('calls', [c.id])}
      columns=${[...COLUMNS, ...some(mosOf) ? [MOS] : [], TENANT, ...some((c) => c.media_worker) ? [MEDIA] : []]}
      empty=${nothing(calls, question || route.query.of, { none: list === 'recent' ? 'No call has ended of late.' : 'Nobody is on the phone.', unfit: 'No call fits.' })} /><${More} list=${calls} />`}`;
}
