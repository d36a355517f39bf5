// Lists that come by pages: the first anew when something happens, more of them
// when asked for. SPDX-License-Identifier: MIT
import { html, useEffect, useState } from './html.js';
import { ask, rows, useAsk } from './api.js';

const sep = (path) => (path.includes('?') ? '&' : '?');

// { items, problem, loading, again, total, More }
export function usePages(path, { every = 0 } = {}) {
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
  return { items: [...rows(first.data), ...rest.items], total: first.data?.total, data: first.data, problem: first.problem ?? problem,
    loading: first.loading, again: first.again, More };
}
