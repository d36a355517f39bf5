// Devices that can be reached. SPDX-License-Identifier: MIT
import { html, useState } from './html.js';
import { ask, at } from './api.js';
import { ago, many } from './format.js';
import { Action, Empty, fits, mayAct, Search, Table, Trouble } from './parts.js';
import { Filter, filterOf, More, nothing, usePages } from './pages.js';
import { link } from './router.js';
import { useChanges } from './store.js';
import { useTenant } from './tenants.js';

const transport = (flow) => flow?.split('/')[2]?.toUpperCase() ?? '';
const FILTERS = { search: 'anywhere', user: 'the user', device: 'in its device', address: 'in its address', agent: 'in its agent' };
// one may come with two pages, and two devices may have the same contact
const key = (r) => `${r.user} ${r.device}`;
const worker = (flow) => flow?.split('/').slice(0, 2).join('/') ?? '';

function Acts({ row, tenant, access, again }) {
  const base = at`/v1/registrations/${tenant}/${row.user}/${row.device}`;
  return html`<span class="acts">
    <${Action} name="Disconnect" again=${again} access=${access} ask=${`The connection of ${row.user} is closed; the device may come back at once.`}
      act=${() => ask(`${base}/disconnect`, { method: 'POST' })} />
    <${Action} name="Unregister" danger again=${again} access=${access} ask=${`${row.user} cannot be reached at this device until it registers again.`}
      act=${() => ask(base, { method: 'DELETE' })} /></span>`;
}

export function Registrations({ route, access }) {
  const { tenant, picker } = useTenant(route, access);
  const [question, setQuestion] = useState(route.query.q ?? '');
  const list = usePages(tenant ? at`/v1/registrations${{ tenant, ...filterOf(route, FILTERS) }}` : null, { every: 10000, id: key });
  useChanges('registrations', list.again);
  const shown = list.items.filter((r) => fits(question, r.user, r.device, r.contact, r.address, r.agent, r.flow));
  const columns = [
    { name: 'User', cell: (r) => r.user },
    { name: 'Agent', wide: true, cell: (r) => r.agent },
    { name: 'Over', cell: (r) => transport(r.flow) },
    { name: 'Address', cell: (r) => r.address },
    { name: 'Worker', cell: (r) => worker(r.flow) },
    { name: 'Contact', wide: true, cell: (r) => html`<code>${r.contact}</code>` },
    { name: 'Expires', cell: (r) => ago(r.expires) },
    ...mayAct(access) ? [{ name: '', cell: (r) => html`<${Acts} row=${r} tenant=${tenant} access=${access} again=${list.again} />` }] : [],
  ];
  return html`<header class="head"><h1>Registrations</h1><${Search} label="Search registrations" value=${question} onInput=${setQuestion} />${picker}
      <span class="count" role="status" aria-live="polite">${question ? `${shown.length} of ` : ''}${many(question ? list.items.length : list.total ?? list.items.length, 'device')}${list.next ? ' shown' : ''}</span></header>
    <${Trouble} problem=${list.problem} what="Registrations" />
    <${Filter} route=${route} names=${FILTERS} question=${question} next=${list.next} onPick=${() => setQuestion('')} />
    ${!tenant && html`<${Empty}>Say whose: a tenant.<//>`}
    ${list.data && html`<${Table} label="Registrations" columns=${columns} rows=${shown} id=${key}
      href=${(r) => link('registrations', [tenant, r.user])} empty=${nothing(list, question || route.query.of, { none: 'No device is registered.', unfit: 'No device fits.' })} /><${More} list=${list} />`}`;
}
