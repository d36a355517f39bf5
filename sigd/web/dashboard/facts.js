// What is known of a call: from its record while there is one, else from its
// timeline. SPDX-License-Identifier: MIT
import { html } from './html.js';
import { clock, lasting } from './format.js';
import { State } from './parts.js';

const userOf = (uri) => uri?.match(/^sips?:([^@;]+)@/)?.[1];
export const who = (side) => side?.user || side?.service || userOf(side?.uri) || side?.number || side?.connection || side?.uri || '–';

const last = (items, kind) => items.findLast((i) => i.kind === kind)?.data ?? {};
const given = (object) => Object.fromEntries(Object.entries(object).filter(([, v]) => v !== null && v !== undefined && v !== ''));

// Of what its workers have noted (docs/timeline.md).
function told(timeline) {
  const items = timeline?.items ?? [];
  const [begun, up, end] = ['call.begun', 'call.up', 'call.ended'].map((kind) => last(items, kind));
  return given({
    id: timeline?.id, state: timeline?.state, tenant: timeline?.tenant, call_id: timeline?.call_id,
    caller: { user: begun.caller ?? end.caller ?? timeline?.caller, connection: begun.connection ?? end.connection, source: begun.source, transport: begun.transport },
    callee: given({ user: up.user ?? end['to-user'], connection: up.connection ?? end['to-connection'], service: up.service ?? end.service,
      number: begun.callee ?? timeline?.callee, tenant: end.there }),
    started: timeline?.began, answered: timeline?.answered, ended: timeline?.ended, media_worker: begun.media, rule: begun.rule,
    reason: end.why ?? last(items, 'call.refused').why, by: end.by,
  });
}

// call: of /v1/calls/{id}, of which little is left behind its end; row: of a list
// that was seen; timeline. Null: nothing is known.
export function known(call, row, timeline) {
  if (!call && !row && !timeline) return null;
  const log = timeline ? told(timeline) : {};
  const all = { ...log, ...given(row ?? {}), ...given(call ?? {}) };
  const side = (name) => ({ ...given(log[name] ?? {}), ...given(row?.[name] ?? {}), ...given(call?.[name] ?? {}) });
  return { ...all, caller: side('caller'), callee: side('callee'), state: log.state ?? all.state };
}

const party = (side) => html`${who(side)} <small class="soft">${[side.uri, side.connection && `via ${side.connection}`, side.tenant && `of ${side.tenant}`,
  side.source && `from ${[side.transport, side.source].filter(Boolean).join(' ')}`].filter(Boolean).join(' ')}</small>`;

export const factsOf = (call) => [
  ['state', html`<${State} state=${call.state} />`], ['tenant', call.tenant],
  ['caller', party(call.caller)],
  ['called', call.callee.number && call.callee.number !== who(call.callee) ? call.callee.number : null],
  ['callee', party(call.callee)],
  ['by the rule', call.rule],
  ['started', call.started && clock(call.started)], ['answered', call.answered && clock(call.answered)], ['ended', call.ended && clock(call.ended)],
  [call.answered ? 'talked for' : 'lasted', call.started && lasting((call.ended ? Date.parse(call.ended) : Date.now()) - Date.parse(call.answered ?? call.started))],
  ['ended because', call.reason && [call.reason, call.by && `by the ${call.by}`].filter(Boolean).join(', ')],
  ['media worker', call.media_worker ?? call.media?.worker], ['Call-ID', call.call_id && html`<code>${call.call_id}</code>`],
];
