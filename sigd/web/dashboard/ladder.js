// The ladder of a call's SIP: a column for each who took part, an arrow for each
// message; one that is clicked, or entered, is read whole.
// SPDX-License-Identifier: MIT
import { html, useEffect, useMemo, useRef, useState } from './html.js';
import { clockMs } from './format.js';
import { Dialog } from './parts.js';
import { cseq, hasSdp, kind, parts, short } from './ladder_parts.js';

const ROW = 30;
const HEAD = 46;
const COLUMN_MAX = 300;
// time: width of its column; left: of half a name; min: from one to the next
const WIDE = { time: 74, left: 56, min: 128, right: 70, name: 20, detail: 26 };
const NARROW = { time: 50, left: 36, min: 82, right: 44, name: 10, detail: 0 };
const LONG_US = 1_000_000; // a pause that is shown as one

const offset = (us) => (us < 1_000_000 ? `+${Math.round(us / 1000)} ms` : `+${(us / 1_000_000).toFixed(us < 10_000_000 ? 2 : 1)} s`);

function Arrow({ row, x, y, nr, form, onOpen, onStep }) {
  const { msg } = row;
  const [a, b] = [x(row.from), x(row.to)];
  const dir = b > a ? 1 : -1;
  const text = `${short(msg.line)}${hasSdp(msg.text) ? ' ·SDP' : ''}`;
  const onKey = (e) => {
    if (e.key === 'Enter' || e.key === ' ') onOpen();
    else if (e.key === 'ArrowDown') onStep(1);
    else if (e.key === 'ArrowUp') onStep(-1);
    else return;
    e.preventDefault();
  };
  return html`<g class="arrow" data-kind=${kind(msg.line)} role="button" tabindex=${nr ? '-1' : '0'} data-nr=${nr}
      aria-label="${offset(msg.us)} ${short(msg.line)}, ${msg.direction === 'in' ? 'received' : 'sent'}" onClick=${onOpen} onKeyDown=${onKey}>
    <rect class="row" x="0" y=${y - ROW + 9} width="100%" height=${ROW} rx="4"></rect>
    <text class="time" x=${form.time - 8} y=${y + 1} text-anchor="end">${offset(msg.us)}</text>
    <line x1=${a} y1=${y} x2=${b - dir * 6} y2=${y}></line>
    <path d="M${b} ${y} l${-dir * 8} -4 v8 z"></path>
    <text class="label" x=${(a + b) / 2} y=${y - 5} text-anchor="middle">${text.length > form.min / 4 ? `${text.slice(0, form.min / 4 - 1)}…` : text}</text>
  </g>`;
}

function Message({ rows, nr, columns, onNr, onClose }) {
  const { msg, from, to } = rows[nr];
  const [copied, setCopied] = useState(false);
  useEffect(() => setCopied(false), [nr]);
  const copy = () => navigator.clipboard?.writeText(msg.text).then(() => setCopied(true), () => {});
  const onKey = (e) => {
    const next = nr + ({ ArrowRight: 1, ArrowLeft: -1 }[e.key] ?? 0);
    if (next !== nr && rows[next]) onNr(next);
  };
  return html`<${Dialog} title=${short(msg.line)} onClose=${onClose} wide>
    <div onKeyDown=${onKey}>
    <p class="soft">${columns[from].name} → ${columns[to].name}, ${clockMs(msg.time)}, ${msg.transport}
      ${msg.remote ? ` ${msg.remote}` : ''}, worker ${msg.worker}, CSeq ${cseq(msg.text)}</p>
    <pre class="message" tabindex="0" aria-label="The message">${msg.text}</pre>
    <footer><span class="soft">${nr + 1} of ${rows.length}</span>
      <button type="button" disabled=${!rows[nr - 1]} onClick=${() => onNr(nr - 1)}>← Before</button>
      <button type="button" disabled=${!rows[nr + 1]} onClick=${() => onNr(nr + 1)}>After →</button>
      <button type="button" onClick=${copy}>${copied ? 'Copied' : 'Copy'}</button></footer></div>
  <//>`;
}

export function Ladder({ messages }) {
  const box = useRef();
  const [width, setWidth] = useState(0);
  const [open, setOpen] = useState(null);
  const { columns, rows } = useMemo(() => parts(messages), [messages]);
  useEffect(() => {
    const sizes = new ResizeObserver(([{ contentRect }]) => setWidth(contentRect.width));
    sizes.observe(box.current);
    return () => sizes.disconnect();
  }, []);

  const form = width < 480 ? NARROW : WIDE;
  const step = Math.min(COLUMN_MAX, Math.max(form.min, (width - form.time - form.left - form.right) / Math.max(1, columns.length - 1)));
  const x = (i) => form.time + form.left + i * step;
  const full = columns.length ? x(columns.length - 1) + form.right : 0;
  const focus = (nr) => box.current.querySelector(`[data-nr="${nr}"]`)?.focus();
  const ys = [];
  rows.reduce((y, { gap }) => { ys.push(y + (gap > LONG_US ? 14 : 0)); return ys.at(-1) + ROW; }, HEAD + 22);
  const height = (ys.at(-1) ?? HEAD) + 16;
  return html`<div class="ladder scroll" ref=${box}>
    ${width > 0 && html`<svg width=${full} height=${height} role="group" aria-label="Messages in order; the arrow keys go from one to the next">
      ${columns.map((c, i) => html`<g key=${c.id} class=${c.id === 'cordboard' ? 'who us' : 'who'}>
        <title>${c.name} ${c.detail}</title>
        <text class="name" x=${x(i)} y="16" text-anchor="middle">${c.name.slice(0, form.name)}</text>
        <text class="detail" x=${x(i)} y="31" text-anchor="middle">${c.detail.slice(0, form.detail)}</text>
        <line class="life" x1=${x(i)} y1="38" x2=${x(i)} y2=${height}></line></g>`)}
      ${rows.map((row, nr) => html`<${Arrow} key=${nr} nr=${nr} form=${form} row=${row} x=${x} y=${ys[nr]}
        onOpen=${() => setOpen(nr)} onStep=${(by) => focus(nr + by)} />`)}
    </svg>`}
    ${rows[open] && html`<${Message} rows=${rows} nr=${open} columns=${columns} onNr=${setOpen} onClose=${() => setOpen(null)} />`}
  </div>`;
}
