// Whose lists are shown. SPDX-License-Identifier: MIT
import { html, useEffect, useState } from './html.js';
import { askAll, rows, useAsk } from './api.js';
import { refine } from './router.js';

const KEY = 'cordboard-tenant';

// Whose they were is nothing for who logs in next.
export const forget = () => sessionStorage.removeItem(KEY);

// { tenant, picker }: from the address, else the one before, else the first.
export function useTenant(route, access, { any = false } = {}) {
  const tenants = useAsk('/v1/tenants?limit=500', { read: askAll });
  const names = rows(tenants.data).map((t) => t.tenant ?? t.id ?? t.name);
  const [typed, setTyped] = useState(() => sessionStorage.getItem(KEY) ?? '');
  const before = any || (names.length && !names.includes(typed)) ? '' : typed;
  const tenant = access?.tenant || route.query.tenant || before || (any ? '' : names[0]) || '';
  useEffect(() => { if (tenant) sessionStorage.setItem(KEY, tenant); }, [tenant]);
  const pick = (name) => { setTyped(name); refine({ tenant: name }); };
  const options = [...new Set([...names, ...tenant ? [tenant] : []])];
  const picker = access?.tenant ? null : html`<label class="pick"><span class="unseen">Tenant</span>
    ${tenants.problem ? html`<input value=${tenant} placeholder="Tenant" spellcheck="false" autocomplete="off" onChange=${(e) => pick(e.target.value.trim())} />`
    : html`<select value=${tenant} onChange=${(e) => pick(e.target.value)}>
      ${any && html`<option value="">all tenants</option>`}
      ${options.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}</select>`}</label>`;
  return { tenant, picker, names };
}

