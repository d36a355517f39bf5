// Asks /v1 with the token that the user gave. It is kept for this tab alone.
// SPDX-License-Identifier: MIT
import { useCallback, useEffect, useRef, useState } from './html.js';

const KEY = 'cordboard-token';
const ANSWER_MS = 30000; // for an answer; hanging up and the like take five seconds at most
const WALK = 20; // answers of one list
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

// Whether it can be sent in a header (RFC 6750, 2.1, and what else can be seen).
export const sendable = (text) => /^[\x21-\x7e]+$/.test(text);

export async function raw(path, { method = 'GET', body, headers = {}, signal } = {}) {
  const sent = token() ?? '';
  let response;
  try {
    response = await fetch(path, { method, signal, cache: 'no-store', body: body === undefined ? undefined : JSON.stringify(body),
      headers: { authorization: `Bearer ${sent}`, ...body === undefined ? {} : { 'content-type': 'application/json' }, ...headers } });
  } catch (e) {
    if (signal?.aborted) throw e;
    throw new Problem(0, { detail: 'The server cannot be reached.' });
  }
  if (response.ok) return response;
  const problem = new Problem(response.status, await response.json().catch(() => ({})));
  // of the token of now: who has logged in meanwhile stays so
  if (response.status === 401 && (token() ?? '') === sent) setToken(null);
  throw problem;
}

// Ends what takes too long: work(signal). signal: of who asks, who may end it, too.
async function within(signal, work) {
  const control = new AbortController();
  const end = () => control.abort(signal.reason);
  const timer = setTimeout(() => control.abort(new Problem(0, { detail: 'The server has not answered in time.' })), ANSWER_MS);
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  try {
    return await work(control.signal);
  } catch (e) {
    throw control.signal.aborted ? control.signal.reason : e;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

export const ask = (path, options = {}) => within(options.signal, async (signal) => {
  const response = await raw(path, { ...options, signal });
  return /json/.test(response.headers.get('content-type') ?? '') ? response.json() : null;
});

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

// The page behind `cursor` of the list at `path`.
export const pageOf = (path, cursor, options) => ask(cursor ? `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}` : path, options);

// All of a list that has an end: { items, next: not null when this was not all }.
export async function askAll(path, options) {
  const items = [];
  let next = null;
  for (let n = 0; n < WALK && (!n || next); n++) {
    const page = await pageOf(path, next, options);
    items.push(...rows(page));
    next = page.next ?? null;
  }
  return { items, next };
}

// One at a time: what is wanted while it is done is done once more behind it, so
// that an answer comes however much happens meanwhile. work(signal): async.
export function oneByOne(work) {
  const control = new AbortController();
  let busy = false;
  let wanted = false;
  const run = async () => {
    wanted = true;
    if (busy) return;
    busy = true;
    while (wanted && !control.signal.aborted) {
      wanted = false;
      await work(control.signal);
    }
    busy = false;
  };
  return { run, end: () => control.abort() };
}

// Runs `run` now and each `every` ms while the page is seen; returns what ends it.
export function repeat(run, every) {
  run();
  const timer = every && setInterval(() => { if (!document.hidden) run(); }, every);
  return () => clearInterval(timer);
}

// { data, problem, loading, again }: asked when the path changes, and each
// `every` ms while it is seen. What was there stays until there is something new;
// what was of another path does not. read: ask, or askAll.
export function useAsk(path, { every = 0, read = ask } = {}) {
  const [state, setState] = useState({});
  const job = useRef(null);
  const again = useCallback(() => job.current?.run(), []);
  useEffect(() => {
    if (!path) return undefined;
    const mine = oneByOne(async (signal) => {
      try {
        const data = await read(path, { signal });
        if (!signal.aborted) setState({ data, path });
      } catch (problem) {
        if (!signal.aborted) setState((old) => ({ data: old.path === path ? old.data : undefined, problem, path }));
      }
    });
    job.current = mine;
    const stop = repeat(mine.run, every);
    return () => { stop(); mine.end(); };
  }, [path, every]);
  const { data, problem } = state.path === path ? state : {};
  return { data, problem, loading: Boolean(path) && state.path !== path, again };
}

// Gives the user a file that needs the token.
export async function download(path, name) {
  const blob = await (await within(null, (signal) => raw(path, { signal }))).blob();
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
