// Where would this call go, and why? SPDX-License-Identifier: MIT
import { html, useState } from './html.js';
import { ask } from './api.js';
import { Card, State, Trouble } from './parts.js';
import { refine } from './router.js';
import { useTenant } from './tenants.js';

const FIELDS = [
  ['callee', 'Callee', { required: true, placeholder: '+49301234 or alice' }],
  ['caller', 'Caller', { placeholder: 'alice' }],
  ['from', 'Comes by', { placeholder: 'a connection; empty: a user' }],
  ['source', 'From address', { placeholder: '192.0.2.1' }],
  ['time', 'At', { type: 'datetime-local' }],
  ['method', 'Method', { placeholder: 'INVITE' }],
];

function question(form, tenant) {
  const given = Object.fromEntries([...new FormData(form)].map(([k, v]) => [k, v.trim()]).filter(([, v]) => v));
  if (given.time) given.time = new Date(given.time).toISOString();
  return { ...tenant ? { tenant } : {}, ...given };
}

const name = (t) => t.connection ?? t.user ?? t.service ?? t.name ?? (t.reject ? `${t.reject.code ?? ''} ${t.reject.reason ?? ''}` : undefined) ?? t.target
  ?? t.kind ?? Object.values(t).filter((v) => typeof v !== 'object').join(' ');
const details = (t) => Object.entries(t).filter(([k, v]) => !['connection', 'user', 'service', 'health', 'name'].includes(k) && typeof v !== 'object' && v !== '')
  .map(([k, v]) => `${k} ${v}`).join(', ');

// What the explanation says of each step, in words: '  2. route "one" (file:19): why'.
const sentences = (text) => new Map([...text.matchAll(/^\s*(\d+)\. .*?\): (.*)$/gm)].map(([, nr, why]) => [Number(nr), why]));
const place = (s) => (s.file ? `${s.file.split('/').pop()}:${s.line}` : '');

function Steps({ plan, text }) {
  const why = sentences(text);
  return html`<ol class="steps" aria-label="Rules, in order">
    ${plan.unlisted ? html`<li class="soft">${plan.unlisted} more that did not fit</li>` : ''}
    ${plan.steps.map((s, i) => {
      const hit = /^match/.test(s.why ?? '') || s.matched === true;
      return html`<li key=${i} data-state=${hit ? 'hit' : 'passed'}><b>${s.route ?? `step ${s.step}`}</b>
        <span>${why.get(s.step) ?? s.why}</span><small class="soft" title=${s.file}>${place(s)}</small></li>`;
    })}
  </ol>`;
}

function Targets({ plan }) {
  if (!plan.targets.length) return html`<p class="trouble">Nobody is tried.</p>`;
  return html`<ol class="targets" aria-label="Targets, in the order in which they are tried">
    ${plan.targets.map((t, i) => html`<li key=${i}><i class="nr" aria-hidden="true">${i + 1}</i><div><b>${name(t)}</b>
      ${t.health && html` <${State} state=${t.health} />`}${details(t) && html`<br /><span class="soft">${details(t)}</span>`}</div></li>`)}
    ${(plan.left_out ?? []).map((l) => html`<li class="out" key=${l.connection}><i class="nr" aria-hidden="true">×</i><div><b>${l.connection}</b> <span class="soft">${l.why}</span></div></li>`)}
  </ol>`;
}

export function RouteTester({ route, access }) {
  const { tenant, picker } = useTenant(route, access);
  const [state, setState] = useState({});
  const submit = async (e) => {
    e.preventDefault();
    const asked = question(e.target, tenant);
    refine({ ...Object.fromEntries(FIELDS.map(([key]) => [key, ''])), ...asked });
    setState((old) => ({ ...old, busy: true, problem: null }));
    try {
      setState({ answer: await ask('/v1/routes/explain', { method: 'POST', body: asked }) });
    } catch (problem) {
      setState({ problem });
    }
  };
  const { answer, problem } = state;
  return html`<header class="head"><h1>Route tester</h1>${picker}</header>
    <form class="fields card" onSubmit=${submit} aria-label="The call">
      ${FIELDS.map(([key, label, more]) => html`<label key=${key}>${label}<input name=${key} defaultValue=${key === 'time' ? '' : route.query[key] ?? ''} autocomplete="off" spellcheck="false" ...${more} /></label>`)}
      <button class="go" disabled=${state.busy}>Explain</button>
    </form>
    <${Trouble} problem=${problem} what="The route tester" />
    ${answer && html`<div class="columns" role="status">
      <${Card} title="Rules" side=${html`<span class="soft">${answer.plan.considered} looked at, table ${String(answer.version).slice(0, 8)}</span>`}><${Steps} plan=${answer.plan} text=${answer.text} /><//>
      <${Card} title="Targets"><${Targets} plan=${answer.plan} />
        <details><summary>In words</summary><pre tabindex="0">${answer.text}</pre></details><//>
    </div>`}`;
}
