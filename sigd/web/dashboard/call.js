// One call: what came of it, on top; then how it went, and why.
// SPDX-License-Identifier: MIT
import { html, useEffect, useMemo, useRef, useState } from './html.js';
import { ask, at, download, oneByOne, repeat, rows, useAsk } from './api.js';
import { seen as listed } from './calls.js';
import { factsOf, known, who } from './facts.js';
import { clockMs } from './format.js';
import { Ladder } from './ladder.js';
import { Leg } from './legs.js';
import { fits, Action, Card, Empty, Facts, Search, Trouble } from './parts.js';
import { link } from './router.js';
import { useChanges } from './store.js';

const POLL_MS = 5000;
const FIGURES_MAX = 720;

// Figures of each leg, as they come: a point for each sheet that is new.
function usePoints(media) {
  const kept = useRef(new Map());
  const legs = media?.legs ?? [];
  for (const leg of legs) {
    const list = kept.current.get(leg.leg) ?? [];
    const time = Date.parse(media.updated) / 1000;
    if (list.at(-1)?.time === time) continue;
    const { received: r = {}, sent: s = {}, voice = {} } = leg;
    const before = list.at(-1)?.raw ?? { got: 0, lost: 0, sent: 0, gone: 0 };
    const now = { got: r.packets ?? 0, lost: r.lost ?? 0, sent: s.packets ?? 0, gone: s.lost ?? 0 };
    const share = (lost, all) => (all > 0 ? Math.max(0, (lost / all) * 100) : null);
    list.push({ time, raw: now, in_mos: r.mos, out_mos: s.mos_whole_way ?? s.mos, jitter: r.jitter_ms, rtt: leg.rtt_ms, level: voice.level_dbov,
      in_loss: share(now.lost - before.lost, now.got - before.got + now.lost - before.lost), out_loss: share(now.gone - before.gone, now.sent - before.sent) });
    kept.current.set(leg.leg, list.slice(-FIGURES_MAX));
  }
  return kept.current;
}

// Of figures in the timeline (docs/timeline.md): { leg -> points }; counts are
// since the row before.
function pointsOf(items) {
  const legs = new Map();
  for (const { leg, time, data = {} } of items.filter((i) => i.kind === 'figures' && i.leg)) {
    const n = (key, by = 1) => (data[key] === undefined ? undefined : Number(data[key]) / by);
    const share = (lost, all) => (all > 0 ? Math.max(0, (100 * (lost ?? 0)) / all) : undefined);
    const list = legs.get(leg) ?? [];
    list.push({ time: Date.parse(time) / 1000, in_mos: n('mos', 100) || undefined, out_mos: n('far-mos', 100) || undefined, jitter: n('jitter'), rtt: n('rtt'),
      level: n('level'), in_loss: share(n('lost'), (n('in') ?? 0) + (n('lost') ?? 0)), out_loss: share(n('far-lost'), n('out')) });
    legs.set(leg, list);
  }
  return legs;
}

// What is no fault of anybody; all other codes are.
const MOODS = { ok: 'good', up: 'good', 'in-progress': 'good', setup: 'wait', ended: 'calm', 'ended-by-operator': 'calm', unknown: 'calm', redirected: 'calm',
  cancelled: 'wait', busy: 'wait', declined: 'wait', 'no-answer': 'wait' };

function Verdict({ verdict, call }) {
  const known = verdict ?? { code: call?.state, sentence: call?.state === 'up' ? 'The call is up.' : call?.state === 'setup' ? 'The call is being set up.' : 'The call has ended.' };
  const good = MOODS[known.code] ?? (verdict ? 'bad' : 'calm');
  return html`<section class="verdict" data-mood=${good} aria-label="Verdict">
    <p>${known.sentence}</p><code>${known.code}</code>
    ${known.advice && html`<p class="soft">${known.advice}</p>`}</section>`;
}

// --- the SIP of all its traces ---------------------------------------------------

// ended: nothing more comes when there is as much as before.
function useMessages(id, items, ended) {
  const [state, setState] = useState({});
  const past = useRef(ended);
  past.current = ended;
  const told = items.filter((i) => i.what === 'sip' && i.text !== undefined && i.text !== null);
  useEffect(() => {
    let before = -1;
    let stop = null;
    const job = oneByOne(async (signal) => {
      try {
        const late = past.current;
        const traces = rows(await ask(at`/v1/traces${{ call: id }}`, { signal }));
        const whole = await Promise.all(traces.map((t) => ask(at`/v1/traces/${t.id}`, { signal })));
        if (signal.aborted) return;
        const messages = whole.flatMap((t) => t.messages).sort((a, b) => Date.parse(a.time) - Date.parse(b.time) || a.us - b.us);
        if (late && messages.length === before) stop();
        before = messages.length;
        const first = Math.min(...messages.map((m) => Date.parse(m.time)));
        setState({ traces, messages: traces.length > 1 ? messages.map((m) => ({ ...m, us: (Date.parse(m.time) - first) * 1000 })) : messages });
      } catch (problem) {
        if (!signal.aborted) setState((old) => ({ ...old, problem }));
      }
    });
    stop = repeat(job.run, POLL_MS);
    return () => { stop(); job.end(); };
  }, [id]);
  const messages = state.messages ?? told;
  const count = messages.length;
  return { ...state, messages: useMemo(() => messages, [count, id]) };
}

function Signalling({ id, items, ended }) {
  const { messages, traces, problem } = useMessages(id, items, ended);
  const [trouble, setTrouble] = useState();
  const pcap = async (t) => {
    try {
      await download(at`/v1/traces/${t.id}/pcap`, `${id}.pcap`);
    } catch (e) {
      setTrouble(e);
    }
  };
  return html`<${Card} title="Signalling" wide side=${html`<span class="acts">${(traces ?? []).map((t, i) => html`<button type="button" class="small" key=${t.id}
      onClick=${() => pcap(t)}>pcap${traces.length > 1 ? ` ${i + 1}` : ''}</button>`)}</span>`}>
    <${Trouble} problem=${messages.length ? trouble : problem ?? trouble} what="The trace" />
    ${messages.length > 0 ? html`<${Ladder} messages=${messages} />` : !problem && html`<${Empty}>No message was traced.<//>`}<//>`;
}

// --- all that happened -----------------------------------------------------------

const group = (item) => (item.what === 'sip' ? 'sip' : item.kind?.split('.')[0] ?? 'other');
const details = (item) => (item.what === 'sip' ? `${item.direction === 'in' ? '←' : '→'} ${item.line}`
  : Object.entries(item.data ?? {}).map(([k, v]) => `${k} ${v}`).join(', '));

function Timeline({ items, cut }) {
  const [question, setQuestion] = useState('');
  const [hidden, setHidden] = useState(new Set());
  const groups = [...new Set(items.map(group))].sort();
  const shown = items.filter((i) => !hidden.has(group(i)) && fits(question, i.kind, i.worker, details(i), i.leg && `leg ${i.leg}`));
  const toggle = (name) => setHidden((old) => new Set(old.has(name) ? [...old].filter((n) => n !== name) : [...old, name]));
  return html`<div class="head">
      <div class="chips" role="group" aria-label="Kinds that are shown">${groups.map((name) => html`<button type="button" class="chip" key=${name}
        aria-pressed=${!hidden.has(name)} onClick=${() => toggle(name)}>${name}</button>`)}</div>
      <${Search} label="Search the timeline" value=${question} onInput=${setQuestion} /></div>
    <div class="timeline" tabindex="0" role="region" aria-label="What happened, in order"><ol>${shown.map((item, i) => html`<li key=${i} data-group=${group(item)}>
      <time datetime=${item.time}>${clockMs(item.time)}</time><span class="tag">${item.what === 'sip' ? 'sip' : item.kind}</span>
      <span class="what">${details(item)}</span><span class="soft">${[item.leg && `leg ${item.leg}`, item.worker].filter(Boolean).join(', ')}</span></li>`)}</ol></div>
    ${cut?.items > 0 && html`<p class="soft">${cut.items} more in the middle are not shown.</p>`}`;
}

// --- the page ----------------------------------------------------------------------

export function CallPage({ route, access }) {
  const [id] = route.args;
  const call = useAsk(at`/v1/calls/${id}`, { every: POLL_MS });
  const timeline = useAsk(at`/v1/calls/${id}/timeline`, { every: POLL_MS });
  const items = timeline.data?.items ?? [];
  const seen = usePoints(call.data?.media);
  const told = pointsOf(items);
  const is = known(call.data, listed.get(id), timeline.data);
  const over = is?.state === 'ended' || is?.state === 'refused';
  useChanges('calls', () => {
    if (over) return;
    call.again();
    timeline.again();
  });
  if (!is) {
    return html`<header class="head"><nav aria-label="Back"><a href=${link('calls')}>calls</a></nav><h1>Call <code>${id}</code></h1></header>
      ${call.problem ? html`<${Trouble} problem=${call.problem} />` : html`<p class="empty" role="status">One moment …</p>`}`;
  }
  const decision = is.decision ?? timeline.data?.decision;
  return html`<header class="head"><nav aria-label="Back"><a href=${link('calls')}>calls</a></nav>
      <h1>${who(is.caller)} → ${who(is.callee)} <small><code>${id}</code></small></h1>
      ${!over && html`<${Action} name="Hang up" danger ask="The call ends now, on both sides." again=${call.again} access=${access}
        act=${() => ask(at`/v1/calls/${id}`, { method: 'DELETE' })} />`}</header>
    <${Verdict} verdict=${timeline.data?.verdict} call=${is} />
    <${Card} title="Facts"><${Facts} facts=${factsOf(is)} /><//>
    <${Signalling} id=${id} items=${items} ended=${over} />
    <${Card} title="Media" wide>${is.media?.legs?.length ? html`<div class="legs">${is.media.legs.map((leg) => html`<${Leg} key=${leg.leg} leg=${leg} over=${over}
      points=${told.get(leg.leg)?.length > 1 ? told.get(leg.leg) : seen.get(leg.leg) ?? []} />`)}</div>` : html`<${Empty}>Nothing is known of its media.<//>`}<//>
    ${decision && html`<${Card} title="Why it went there"><pre tabindex="0" aria-label="The routing table's explanation">${decision}</pre><//>`}
    <${Card} title="Timeline" wide>${timeline.problem ? html`<${Trouble} problem=${timeline.problem} what="The timeline" />`
      : timeline.data && html`<${Timeline} items=${items} cut=${timeline.data.cut} />`}<//>`;
}
