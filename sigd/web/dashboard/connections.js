// PBXs and carriers: how they are doing, and what may be done about it.
// SPDX-License-Identifier: MIT
import { html, useState } from './html.js';
import { ask, at } from './api.js';
import { ago, clock, many, ms, NONE } from './format.js';
import { Action, Empty, fits, mayAct, Search, State, Table, Trouble } from './parts.js';
import { Filter, filterOf, More, nothing, usePages } from './pages.js';
import { link } from './router.js';
import { useChanges } from './store.js';
import { useTenant } from './tenants.js';

const FORCE = [
  ['up', 'Force up', 'It gets calls, whatever probes say.'], ['drain', 'Drain', 'It gets no new calls; those there are go on.'],
  ['down', 'Force down', 'It gets no new calls.'], ['auto', 'Automatic', 'Probes and calls say again how it is doing.'],
];

export function ConnectionActs({ row, access, again }) {
  const path = at`/v1/connections/${row.tenant}/${row.name}`;
  return html`<span class="acts">
    ${row.kind === 'register' && html`<${Action} name="Register" again=${again} access=${access} ask=${`${row.name} and its lines are registered anew.`}
      act=${() => ask(`${path}/register`, { method: 'POST' })} />`}
    ${FORCE.filter(([state]) => (state === 'auto' ? row.state.forced : true)).map(([state, name, what]) => html`<${Action} key=${state} name=${name} again=${again}
      danger=${state === 'down'} access=${access} ask=${`${row.name}: ${what}`} act=${() => ask(path, { method: 'PATCH', body: { state } })} />`)}</span>`;
}

const FILTERS = { search: 'anywhere', kind: ['the kind', ['trunk', 'register', 'inbound']],
  state: ['the state', ['up', 'trial', 'down', 'broken', 'busy', 'draining', 'forced', 'full']] };

const registration = ({ registration: r }) => (r ? html`<${State} state=${r.state} /> ${r.code && r.state !== 'registered' ? `${r.code} ${r.why ?? ''}` : ''}
  ${r.expires ? html`<small class="soft">${ago(r.expires)}</small>` : ''}` : NONE);

export function Connections({ route, access }) {
  const { tenant, picker } = useTenant(route, access);
  const [question, setQuestion] = useState(route.query.q ?? '');
  const list = usePages(tenant ? at`/v1/connections${{ tenant, ...filterOf(route, FILTERS) }}` : null, { every: 5000, id: (c) => c.name });
  useChanges('connections', list.again);
  const shown = list.items.filter((c) => fits(question, c.name, c.kind, c.address, c.state?.state));
  const columns = [
    { name: 'Name', cell: (c) => c.name },
    { name: 'Kind', cell: (c) => c.kind },
    { name: 'State', cell: (c) => html`<${State} state=${c.state.state} /> ${c.state.forced ? html`<span class="tag">forced</span>` : ''}` },
    { name: 'Why', wide: true, cell: (c) => [c.state.reason, c.state.since && `since ${clock(c.state.since)}`, c.state.by && `by ${c.state.by}`, c.state.on_behalf_of && `for ${c.state.on_behalf_of}`].filter(Boolean).join(', ') || NONE },
    { name: 'Registration', cell: registration },
    { name: 'Answers in', num: true, cell: (c) => ms(c.health?.answer_ms) },
    { name: 'Calls', num: true, cell: (c) => (c.max_calls ? `${c.calls} of ${c.max_calls}` : c.calls) },
    { name: 'Address', cell: (c) => c.address },
    ...mayAct(access) ? [{ name: '', cell: (c) => html`<${ConnectionActs} row=${c} access=${access} again=${list.again} />` }] : [],
  ];
  return html`<header class="head"><h1>Connections</h1><${Search} label="Search connections" value=${question} onInput=${setQuestion} />${picker}
      <span class="count" role="status" aria-live="polite">${question ? `${shown.length} of ` : ''}${many(list.items.length, 'connection')}${list.next ? ' shown' : ''}</span></header>
    <${Trouble} problem=${list.problem} what="Connections" />
    <${Filter} route=${route} names=${FILTERS} question=${question} next=${list.next} onPick=${() => setQuestion('')} />
    ${!tenant && html`<${Empty}>Say whose: a tenant.<//>`}
    ${list.data && html`<${Table} label="Connections" columns=${columns} rows=${shown} id=${(c) => c.name} href=${(c) => link('connections', [c.tenant, c.name])}
      empty=${nothing(list, question || route.query.of, { none: 'This tenant has no connection.', unfit: 'No connection fits.' })} /><${More} list=${list} />`}`;
}
