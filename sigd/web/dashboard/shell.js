// The frame of all views: where one can go, whether it is live, who is logged in.
// SPDX-License-Identifier: MIT
import { html, useEffect, useRef } from './html.js';
import { setToken } from './api.js';
import { link } from './router.js';
import { useLive } from './store.js';
import { ThemeButton } from './theme.js';

export const VIEWS = [
  ['overview', 'Overview'], ['calls', 'Calls'], ['registrations', 'Registrations'], ['connections', 'Connections'],
  ['routes', 'Routes'], ['nodes', 'Nodes'], ['events', 'Events'],
];
// What is of the whole cluster is not for a token of one tenant.
const OF_CLUSTER = ['nodes'];
const WORDS = { on: 'live', wait: 'connecting', off: 'not live' };

// '/' goes to the search of the view; Escape leaves it, or empties it.
function onKey(e) {
  const search = document.querySelector('[data-search]');
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName);
  if (e.key === '/' && search && !typing && !e.ctrlKey && !e.metaKey && !document.querySelector('dialog[open]')) {
    e.preventDefault();
    search.focus();
    search.select();
  } else if (e.key === 'Escape' && e.target === search) {
    if (search.value) {
      search.value = '';
      search.dispatchEvent(new Event('input', { bubbles: true }));
    } else {
      search.blur();
    }
  }
}

function LiveState() {
  const state = useLive((l) => l.state);
  const why = useLive((l) => l.why);
  return html`<p class="live" role="status" aria-live="polite" title=${why}><span class="state" data-mood=${{ on: 'good', wait: 'wait', off: 'bad' }[state]}>${WORDS[state]}</span></p>`;
}

export function Shell({ route, access, children }) {
  useEffect(() => {
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  // on a phone the one that is shown may be out of sight
  const views = useRef();
  useEffect(() => {
    const now = views.current?.querySelector('[aria-current]');
    if (now) views.current.scrollLeft = now.offsetLeft - (views.current.clientWidth - now.offsetWidth) / 2;
  }, [route.view, access]);
  const name = VIEWS.find(([view]) => view === route.view)?.[1] ?? 'Cordboard';
  useEffect(() => { document.title = `${name} · Cordboard`; }, [name]);
  return html`<a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); document.getElementById('main').focus(); }}>To the content</a>
  <header class="bar">
    <a class="brand" href=${link('overview')}><img src="icon.svg" alt="" width="22" height="22" /><span>Cordboard</span></a>
    <nav aria-label="Views"><ul ref=${views}>${VIEWS.filter(([view]) => !access?.tenant || !OF_CLUSTER.includes(view)).map(([view, text]) => html`<li key=${view}>
      <a href=${link(view)} aria-current=${view === route.view ? 'page' : undefined}>${text}</a></li>`)}</ul></nav>
    <div class="tools">
      <${LiveState} />
      ${access?.tenant && html`<span class="tag" title="What this token may see">${access.tenant}</span>`}
      ${access?.write === false && html`<span class="tag" title="This token changes nothing">read-only</span>`}
      <${ThemeButton} />
      <button type="button" class="plain" onClick=${() => setToken(null)}>Log out</button>
    </div>
  </header>
  <main id="main" tabindex="-1">${children}</main>`;
}
