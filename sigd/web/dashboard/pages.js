// Lists that come by pages: all that are open anew when something happens, more
// of them when asked for. An answer may have few rows, or none, and not be the
// last: the server looks at so many for one, whether they fit or not.
// SPDX-License-Identifier: MIT
import { html, useCallback, useEffect, useRef, useState } from './html.js';
import { oneByOne, pageOf, repeat, rows } from './api.js';
import { num } from './format.js';
import { refine } from './router.js';

const PAGE = 100;
const SEARCH_MS = 5000; // then it is said how far the search has come
const AGAIN_MOST = 10; // answers that are asked for anew

// The first of each: a row of the next page may have come to the first one since,
// and of registrations one may be in two.
function once(items, id) {
  const seen = new Set();
  return items.filter((row) => !seen.has(id(row)) && seen.add(id(row)));
}

const count = (pages) => pages.reduce((sum, page) => sum + rows(page).length, 0);

// One list: `pages` are the answers, each begins where the one before ended.
// tell(pages, problem, busy).
function listOf(path, tell) {
  let pages = [];
  let more = false;

  // From behind `got` on, until enough(got); told(got): after each.
  async function walk(got, enough, signal, told) {
    for (let cursor = got.at(-1)?.next; !got.length || (cursor && !enough(got)); cursor = got.at(-1).next) {
      got.push(await pageOf(path, cursor, { signal }));
      if (signal.aborted) return;
      told?.(got);
    }
  }

  // Until there are a page more of rows than there were, or some seconds are over.
  async function extend(signal) {
    const until = Date.now() + SEARCH_MS;
    const had = count(pages);
    const before = pages.length;
    await walk([...pages], (got) => got.length > before && (count(got) >= had + PAGE || Date.now() > until), signal, (got) => {
      pages = [...got];
      tell(pages, undefined, true);
    });
  }

  // As far as it is open; what is behind the bound stays as it was, if it still
  // begins where this ends: else some that have moved would be in neither.
  async function refresh(signal) {
    const had = count(pages);
    const far = pages.length;
    const got = [];
    await walk(got, () => got.length >= AGAIN_MOST || (count(got) >= had && got.length >= far), signal);
    const joins = got.at(-1).next && got.at(-1).next === pages[got.length - 1]?.next;
    if (!signal.aborted) pages = [...got, ...joins ? pages.slice(got.length) : []];
  }

  const job = oneByOne(async (signal) => {
    const asked = more || !pages.length;
    more = false;
    let problem;
    try {
      await (asked ? extend : refresh)(signal);
    } catch (e) {
      problem = e;
    }
    if (!signal.aborted) tell(pages, problem, false);
  });
  return { ...job, more: () => { more = true; job.run(); } };
}

// { items, problem, loading, again, total, next, asked: answers so far, busy, more };
// id(row): its key
export function usePages(path, { every = 0, id = (row) => row.id } = {}) {
  const [state, setState] = useState({});
  const job = useRef(null);
  useEffect(() => {
    if (!path) return undefined;
    const list = listOf(path, (pages, problem, busy) => setState({ path, pages, problem, busy }));
    job.current = list;
    const stop = repeat(list.run, every);
    return () => { stop(); list.end(); };
  }, [path, every]);
  const again = useCallback(() => job.current?.run(), []);
  const more = useCallback(() => job.current?.more(), []);
  const { pages = [], problem, busy } = state.path === path ? state : {};
  return { items: once(pages.flatMap(rows), id), asked: pages.length, next: pages.at(-1)?.next ?? null, total: pages[0]?.total, data: pages[0], problem,
    busy, still: pages.length > AGAIN_MOST, loading: Boolean(path) && state.path !== path, again, more };
}

export const More = ({ list }) => html`${list.still && html`<p class="soft">Only the first ${AGAIN_MOST} parts of this list are kept up to date.</p>`}
  ${list.next && html`<p class="more"><button type="button" aria-disabled=${Boolean(list.busy)} onClick=${() => { if (!list.busy) list.more(); }}>Show more</button></p>`}`;

// What an empty list says: that there is none only where all was looked at.
// question: what the page itself looks for; none, unfit: of a list that is whole.
export function nothing(list, question, { none, unfit }) {
  if (question && list.items.length) return list.next ? `None of the ${num(list.items.length)} that are shown fits.` : unfit;
  if (!list.next) return question ? unfit : none;
  return `${list.busy ? 'Searching: none' : 'None'} so far, ${num(list.asked)} part${list.asked === 1 ? '' : 's'} of the list searched; there is more.`;
}

// What the server finds among all, of the kinds in `names` ({ parameter: text, or
// [text, values that it takes] }): { user: 'alice' }, or nothing.
export const filterOf = ({ query: { by, of } }, names) => (Object.hasOwn(names, by) && of ? { [by]: of } : {});

// Where there is more than what is shown, the search finds only what is; this
// has the server look. onPick: the search is to be empty.
export function Filter({ route, names, question, next, onPick }) {
  const { by, of } = route.query;
  const text = question.trim();
  const pick = (name) => { onPick(); refine({ by: name, of: text, q: '' }); };
  const kinds = Object.entries(names).map(([name, kind]) => [name, ...[kind].flat(1)]);
  if (Object.hasOwn(names, by) && of) {
    return html`<p class="soft">Only those with ${kinds.find(([name]) => name === by)[1]} <b>${of}</b>. <button type="button" class="small" onClick=${() => refine({ by: '', of: '' })}>Show all</button></p>`;
  }
  if (!next || !text) return null;
  return html`<p class="soft">Only those shown are searched. Among all: <span class="acts">${kinds.filter(([, , values]) => !values || values.includes(text)).map(([name, kind]) => html`<button type="button"
    class="small" key=${name} onClick=${() => pick(name)}>${kind} ${text}</button>`)}</span></p>`;
}
