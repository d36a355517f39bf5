// Asks /v1 with the token that the user gave. It is kept for this tab alone.
// SPDX-License-Identifier: MIT
import { useCallback, useEffect, useRef, useState } from './html.js';

const KEY = 'cordboard-token';
const lost = new Set();

export const token = () => sessionStorage.getItem(KEY);

// Whoever shows the login is told when there is a token, or none any more.
export function onToken(fn) {
  lost.add(fn);
  return () => lost.delete(fn);
}

export function setToken(value) {
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.removeItem(KEY);
  for (const fn of lost) fn(value ?? null);
}

// A problem document (RFC 9457), or what the network said.
export class Problem extends Error {
  constructor(status, body = {}) {
    super([body.detail ?? body.title ?? `The answer was ${status}.`,
      ...(body.errors ?? []).map((e) => [e.field ?? e.pointer, e.text ?? e.detail].filter(Boolean).join(': '))].join(' '));
    Object.assign(this, { status, body });
  }
}

export async function raw(path, { method = 'GET', body, headers = {}, signal } = {}) {
  let response;
  try {
    response = await fetch(path, { method, signal, cache: 'no-store', body: body === undefined ? undefined : JSON.stringify(body),
      headers: { authorization: `Bearer ${token() ?? ''}`, ...body === undefined ? {} : { 'content-type': 'application/json' }, ...headers } });
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new Problem(0, { detail: 'The server cannot be reached.' });
  }
  if (response.ok) return response;
  const problem = new Problem(response.status, await response.json().catch(() => ({})));
  if (response.status === 401) setToken(null);
  throw problem;
}

export async function ask(path, options) {
  const response = await raw(path, options);
  return /json/.test(response.headers.get('content-type') ?? '') ? response.json() : null;
}

// A path with its segments and query encoded: at`/v1/x/${name}${{ tenant }}`.
export function at(parts, ...values) {
  return parts.reduce((path, part, i) => {
    const value = values[i - 1];
    if (value === null || typeof value !== 'object') return path + encodeURIComponent(value) + part;
    const query = new URLSearchParams(Object.entries(value).filter(([, v]) => v !== '' && v !== null && v !== undefined));
    return `${path}${[...query].length ? `?${query}` : ''}${part}`;
  });
}

// The rows of a list, whatever its name is.
export const rows = (answer) => answer?.items ?? Object.values(answer ?? {}).find(Array.isArray) ?? [];

// { data, problem, loading, again }: asked when the path changes, and each
// `every` ms while it is seen. What was there stays until there is something new.
export function useAsk(path, { every = 0 } = {}) {
  const [state, setState] = useState({ loading: Boolean(path) });
  const turn = useRef(0);
  const again = useCallback(async () => {
    if (!path) return;
    const mine = ++turn.current;
    try {
      const data = await ask(path);
      if (mine === turn.current) setState({ data, loading: false, path });
    } catch (problem) {
      if (mine === turn.current) setState((old) => ({ data: old.path === path ? old.data : undefined, problem, loading: false, path }));
    }
  }, [path]);
  useEffect(() => {
    setState((old) => ({ ...old, loading: Boolean(path) }));
    again();
    if (!every || !path) return () => { turn.current++; };
    const timer = setInterval(() => { if (!document.hidden) again(); }, every);
    return () => { clearInterval(timer); turn.current++; };
  }, [again, every]);
  return { ...state, again };
}

// Gives the user a file that needs the token.
export async function download(path, name) {
  const blob = await (await raw(path)).blob();
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
