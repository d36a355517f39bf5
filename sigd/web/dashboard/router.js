// Which view is shown, from the part of the address behind '#'.
// SPDX-License-Identifier: MIT
import { useEffect, useState } from './html.js';

// '#/calls/0123?tenant=a' -> { view: 'calls', args: ['0123'], query: { tenant: 'a' } }
export function read(hash = window.location.hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [view, ...args] = path.split('/').map((part) => {
    try { return decodeURIComponent(part); } catch { return part; }
  });
  return { view: view || 'overview', args, query: Object.fromEntries(new URLSearchParams(query)) };
}

export function link(view, args = [], query = {}) {
  const given = Object.entries(query).filter(([, v]) => v !== '' && v !== undefined && v !== null);
  const tail = given.length ? `?${new URLSearchParams(given)}` : '';
  return `#/${[view, ...args].map(encodeURIComponent).join('/')}${tail}`;
}

export const go = (...to) => { window.location.hash = link(...to); };

// The same view with another query, without a step back to here.
export function refine(query) {
  const now = read();
  window.history.replaceState(null, '', link(now.view, now.args, { ...now.query, ...query }));
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

// Back to the first view; what was read here is no step back any more.
export const reset = () => window.history.replaceState(null, '', '#/');

export function useRoute() {
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const look = () => setRoute(read());
    window.addEventListener('hashchange', look);
    return () => window.removeEventListener('hashchange', look);
  }, []);
  return route;
}
