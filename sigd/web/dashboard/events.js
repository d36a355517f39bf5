// What happens, as it happens; and the alarms of the last days.
// SPDX-License-Identifier: MIT
import { html, useState } from './html.js';
import { clock } from './format.js';
import { Empty, fits, Search, State, Table, Trouble } from './parts.js';
import { More, nothing, usePages } from './pages.js';
import { link } from './router.js';
import { live, useLive } from './store.js';

const MOODS = {
  'call.answered': 'good', 'connection.up': 'good', 'connection.mended': 'good', 'leg.heard': 'good', 'registration.added': 'good',
  'registration.lost': 'wait', 'registration.expired': 'wait', 'connection.forced': 'wait', 'connection.down': 'bad', 'connection.broken': 'bad', 'leg.quiet': 'bad', 'recording.lost': 'bad',
};
const moodOf = ({ type, data }) => MOODS[type] ?? (type.startsWith('security.') ? 'bad' : type === 'call.ended' && !data.answered && data.reason !== 'cancelled' ? 'wait' : 'calm');

const side = (s) => (typeof s === 'string' ? s : s?.user || s?.uri?.replace(/^sips?:/, '') || s?.connection || '');
const began = (call) => live.events.find((e) => /^call\.(re)?started$/.test(e.type) && e.data.call === call)?.data;

// In a line of words.
function words({ type, data }) {
  if (type.startsWith('call.')) {
    const { caller, callee } = data.caller || data.callee ? data : began(data.call) ?? data;
    return [[side(caller), side(callee)].filter(Boolean).join(' → '), data.reason].filter(Boolean).join(', ');
  }
  return [data.user, data.name, data.source, data.why, data.text, data.flow].filter(Boolean).join(', ');
}

export function EventList({ limit, question = '', kinds }) {
  const last = useLive((l) => l.events[0]?.id);
  const cut = useLive((l) => l.cut);
  const list = live.events.filter((e) => (!kinds || kinds(e)) && fits(question, e.type, e.tenant, words(e), e.data.call)).slice(0, limit);
  if (!list.length) return html`<${Empty}>${question ? 'None of the latest events fits.' : 'Nothing has happened of late.'}<//>`;
  return html`<div role="log" aria-label="Events, the newest first" data-last=${last}><ol class="events">
    ${list.map((e) => html`<li key=${e.id}><time datetime=${e.time}>${clock(e.time)}</time>
      <span class="state" data-mood=${moodOf(e)}>${e.type}</span>
      <span class="what">${e.data.call ? html`<a href=${link('calls', [e.data.call])}>${words(e) || e.data.call}</a>` : words(e)}</span>
      <span class="soft">${e.tenant ?? ''}</span></li>`)}
  </ol>${cut && html`<p class="soft">Until ${clock(cut)} older ones are left out.</p>`}</div>`;
}

const KINDS = { all: null, calls: (e) => e.type.startsWith('call.') || e.type.startsWith('leg.'), registrations: (e) => e.type.startsWith('registration.'),
  connections: (e) => e.type.startsWith('connection.'), security: (e) => e.type.startsWith('security.') };

const alarmId = (a) => `${a.time} ${a.kind} ${a.worker} ${a.tenant} ${a.name} ${a.source}`;

export function Events() {
  const [question, setQuestion] = useState('');
  const [kind, setKind] = useState('all');
  const alarms = usePages('/v1/alarms', { every: 10000, id: alarmId });
  const fitting = alarms.items.filter((a) => fits(question, a.kind, a.tenant, a.name, a.source, a.why));
  const columns = [
    { name: 'Time', cell: (a) => clock(a.time) },
    { name: 'Alarm', cell: (a) => html`<${State} state=${a.kind} as=${/up|mended/.test(a.kind) ? 'good' : 'bad'} />` },
    { name: 'Whom', cell: (a) => [a.tenant, a.name].filter(Boolean).join(' / ') },
    { name: 'Source', cell: (a) => a.source },
    { name: 'Why', wide: true, cell: (a) => a.why },
    { name: 'Worker', cell: (a) => a.worker },
  ];
  return html`<header class="head"><h1>Events</h1>
      <${Search} label="Search events" value=${question} onInput=${setQuestion} />
      <label class="pick"><span class="unseen">Kind</span><select value=${kind} onChange=${(e) => setKind(e.target.value)}>
        ${Object.keys(KINDS).map((k) => html`<option key=${k} value=${k}>${k}</option>`)}</select></label></header>
    <section class="card" aria-label="Live"><header><h2>Live</h2></header><${EventList} limit=${150} question=${question} kinds=${KINDS[kind]} /></section>
    <section class="card" aria-label="Alarms"><header><h2>Alarms of the last days</h2></header>
      <${Trouble} problem=${alarms.problem} what="Alarms" />
      ${alarms.data && html`<${Table} label="Alarms" columns=${columns} rows=${fitting} id=${alarmId}
        empty=${nothing(alarms, question, { none: 'No alarm.', unfit: 'No alarm fits.' })} /><${More} list=${alarms} />`}
    </section>`;
}
