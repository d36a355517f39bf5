// Lists that come by pages: the first anew when something happens, more of them
// when asked for. SPDX-License-Identifier: MIT
import { html, useEffect, useState } from './html.js';
import { ask, rows, useAsk } from './api.js';
import { refine } from './router.js';

const sep = (path) => (path.includes('?') ? '&' : '?');

// The first of each: a row of the next page may have come to the first one since,
// and of registrations one may be in two.
function once(items, id) {
  const seen = new Set();
  return items.filter((row) => !seen.has(id(row)) && seen.add(id(row)));
}

// { items, problem, loading, again, total, next, More }; id(row): its key
export function usePages(path, { every = 0, id = (row) => row.id } = {}) {
  const first = useAsk(path, { every });
  const [rest, setRest] = useState({ items: [], next: undefined });
  const [problem, setProblem] = useState();
  useEffect(() => { setRest({ items: [], next: undefined }); setProblem(undefined); }, [path]);
  const next = rest.next === undefined ? first.data?.next : rest.next;
  const onMore = async () => {
    try {
      const page = await ask(`${path}${sep(path)}cursor=${encodeURIComponent(next)}`);
      setRest({ items: [...rest.items, ...rows(page)], next: page.next ?? null });
    } catch (e) {
      setProblem(e);
    }
  };
  const More = () => (next ? html`<p class="more"><button type="button" onClick=${onMore}>Show more</button></p>` : null);
  return { items: once([...rows(first.data), ...rest.items], id), next, total: first.data?.total, data: first.data, problem: first.problem ?? problem,
    loading: first.loading, again: first.again, More };
}

// What the server finds among all, of the kinds in `names` ({ parameter: text }):
// { user: 'alice' }, or nothing.
export const filterOf = ({ query: { by, of } }, names) => (names[by] && of ? { [by]: of } : {});

// Where there is more than what is shown, the search finds only what is; this
// has the server look. onPick: the search is to be empty.
export function Filter({ route, names, question, next, onPick }) {
  const { by, of } = route.query;
  const text = question.trim();
  const pick = (name) => { onPick(); refine({ by: name, of: text, q: '' }); };
  if (names[by] && of) {
    return html`<p class="soft">Only those with ${names[by]} <b>${of}</b>. <button type="button" class="small" onClick=${() => refine({ by: '', of: '' })}>Show all</button></p>`;
  }
  if (!next || !text) return null;
  return html`<p class="soft">Only those shown are searched. Among all: <span class="acts">${Object.entries(names).map(([name, kind]) => html`<button type="button"
    class="small" key=${name} onClick=${() => pick(name)}>${kind} ${text}</button>`)}</span></p>`;
}
