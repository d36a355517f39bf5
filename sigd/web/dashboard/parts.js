// What the views have in common: tables, states, dialogs, what went wrong.
// SPDX-License-Identifier: MIT
import { html, useEffect, useRef, useState } from './html.js';
import { NONE } from './format.js';

// How a state is meant, for its colour; the word itself says it, too.
const MOODS = {
  good: ['up', 'serving', 'registered', 'ok', 'answered', 'loaded', 'on'],
  wait: ['setup', 'trying', 'trial', 'busy', 'full', 'draining', 'drained', 'drain', 'forced', 'pending', 'unknown', 'wait'],
  bad: ['down', 'broken', 'failed', 'gone', 'off', 'lost', 'absent'],
};
export const mood = (state) => Object.keys(MOODS).find((name) => MOODS[name].includes(state)) ?? 'calm';

export const State = ({ state, as = mood(state) }) => html`<span class="state" data-mood=${as}>${state ?? NONE}</span>`;

export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

export function Trouble({ problem, what = 'This' }) {
  if (!problem) return null;
  const absent = problem.status === 404 && problem.body?.detail === undefined;
  if (absent) return html`<p class="empty">${what} cannot be shown: this server does not offer it.</p>`;
  return html`<p class="trouble" role="alert">${problem.message}</p>`;
}

export const Facts = ({ facts }) => html`<dl class="facts">
  ${facts.filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
</dl>`;

export const Card = ({ title, side, id, children, wide }) => html`<section class="card ${wide ? 'wide' : ''}" aria-label=${title} id=${id}>
  <header><h2>${title}</h2>${side}</header>
  ${children}
</section>`;

const filled = (cell) => (cell === null || cell === undefined || cell === '' || cell === false ? NONE : cell);

// On a phone a row is a card, without what is empty.
// columns: { name, cell(row), num: right-aligned figures, wide: takes what is
// left }; href(row): where the first cell leads.
export function Table({ columns, rows, id, href, empty = 'There is nothing here.', label }) {
  if (!rows.length) return html`<${Empty}>${empty}<//>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}, a table">
    <table aria-label=${label}>
      <thead><tr>${columns.map((c) => html`<th scope="col" class=${c.num ? 'num' : ''} key=${c.name}>${c.name || html`<span class="unseen">Actions</span>`}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr key=${id(row)}>
        ${columns.map((c, i) => {
          const cell = filled(c.cell(row));
          return html`<td key=${c.name} data-name=${c.name} class="${c.num ? 'num' : ''} ${c.wide ? 'wide' : ''} ${cell === NONE ? 'none' : ''}"><span class="cell">
            ${i === 0 && href ? html`<a href=${href(row)}>${cell}</a>` : cell}</span></td>`;
        })}
      </tr>`)}</tbody>
    </table>
  </div>`;
}

// A modal window; Escape closes it, and the focus goes back to where it was.
export function Dialog({ title, onClose, children, wide }) {
  const ref = useRef();
  useEffect(() => {
    const before = document.activeElement;
    ref.current.showModal();
    return () => before?.focus?.();
  }, []);
  // its padding is its own target, too
  const outside = (e) => {
    const box = ref.current.getBoundingClientRect();
    const within = e.clientX >= box.left && e.clientX <= box.right && e.clientY >= box.top && e.clientY <= box.bottom;
    if (e.target === ref.current && !within) onClose();
  };
  return html`<dialog ref=${ref} class=${wide ? 'wide' : ''} aria-label=${title} onClose=${onClose} onMouseDown=${outside}>
    <header><h2>${title}</h2>
      <button type="button" class="plain" onClick=${onClose} aria-label="Close">✕</button></header>
    ${children}
  </dialog>`;
}

// Whether commands are offered: not to a token that only reads (the shell says
// that it is one). Where that is not known the server says so when asked.
export const mayAct = (access) => access?.write !== false;

// A button that asks first. act: async; what it throws is shown. again: when done.
export function Action({ name, ask, act, again, danger, access }) {
  const [open, setOpen] = useState(false);
  const [state, setState] = useState({});
  const close = () => { setOpen(false); setState({}); };
  const yes = async () => {
    setState({ busy: true });
    try {
      await act();
      close();
      again?.();
    } catch (problem) {
      setState({ problem });
      setOpen(true); // who has closed it meanwhile is told, too
    }
  };
  if (!mayAct(access)) return null;
  return html`<button type="button" class=${danger ? 'danger small' : 'small'} onClick=${() => setOpen(true)}>${name}</button>
    ${open && html`<${Dialog} title=${name} onClose=${close}>
      <p>${ask}</p>
      ${state.problem && html`<p class="trouble" role="alert">${state.problem.status === 403 ? `This token may not do that. ${state.problem.message}` : state.problem.message}</p>`}
      <footer><button type="button" onClick=${close}>Cancel</button>
        <button type="button" class=${danger ? 'danger' : 'go'} disabled=${state.busy} onClick=${yes}>${name}</button></footer>
    <//>`}`;
}

// The search of a list; '/' goes there (shell.js).
export const Search = ({ value, onInput, label }) => html`<label class="search"><span class="unseen">${label}</span>
  <input type="search" data-search value=${value} placeholder="${label}  ( / )" autocomplete="off" spellcheck="false"
    onInput=${(e) => onInput(e.target.value)} /></label>`;

// Does any of these texts have all words of the question?
export const fits = (question, ...texts) => {
  const all = texts.filter(Boolean).join(' ').toLowerCase();
  return question.toLowerCase().split(/\s+/).every((word) => all.includes(word));
};
