// What came by the stream: figures of the last ten minutes, the latest events.
// Views are told at most four times a second. SPDX-License-Identifier: MIT
import { useEffect, useRef, useState } from './html.js';
import { follow } from './stream.js';

const POINTS = 600;
const EVENTS = 300;
const TELL_MS = 250;
const RATE_S = 5;
const AGAIN_MS = 1000;

const empty = () => ({ figures: null, points: [], events: [], cut: '', changes: { calls: 0, registrations: 0, connections: 0 } });
// cut: until when some events may be missing
export const live = { state: 'off', why: '', ...empty() };

const listeners = new Set();
let timer = 0;
let told = new Set(); // ids of events: some come twice

function tell() {
  timer ||= setTimeout(() => {
    timer = 0;
    for (const fn of listeners) fn();
  }, TELL_MS);
}

// How much totals of workers have grown; one that began anew begins at 0.
function growth(workers, before, member) {
  return workers.reduce((sum, worker) => {
    const old = before.find((w) => w.daemon === worker.daemon && w.worker === worker.worker);
    return sum + Math.max(0, (worker[member] ?? 0) - (old?.[member] ?? worker[member] ?? 0));
  }, 0);
}

const most = (workers, member) => workers.reduce((max, w) => Math.max(max, w[member] ?? 0), 0);

function point(figures) {
  const time = Date.parse(figures.time) / 1000;
  const from = live.points.findLast((p) => p.time <= time - RATE_S) ?? live.points[0];
  const seconds = from ? Math.max(1, time - from.time) : 1;
  const by = (daemon) => figures.workers.filter((w) => w.daemon === daemon);
  return {
    time, figures, calls: figures.calls,
    setups: from ? growth(figures.workers, from.figures.workers, 'calls') / seconds : 0,
    answers: from ? growth(figures.workers, from.figures.workers, 'answered') / seconds : 0,
    failures: from ? Math.max(0, figures.failed - from.figures.failed) / seconds : 0,
    mos: figures.mos.mean ?? null, worst: figures.mos.worst ?? null,
    sigLoad: most(by('sigd'), 'load_permille') / 10, mediaLoad: most(by('mediad'), 'load_permille') / 10,
    lag: most(by('mediad'), 'lag_ms'),
    sessions: by('mediad').reduce((sum, w) => sum + (w.sessions ?? 0), 0),
    flows: by('sigd').reduce((sum, w) => sum + (w.flows ?? 0), 0),
  };
}

function onFigures(figures) {
  live.figures = figures;
  live.points.push(point(figures));
  if (live.points.length > POINTS) live.points.shift();
}

function onEvent({ type, data }) {
  let value;
  try {
    value = JSON.parse(data);
  } catch {
    return;
  }
  if (type === 'figures') onFigures(value);
  else if (type === 'cut') live.cut = value.until;
  else if (!told.has(value.id)) {
    told.add(value.id);
    const before = live.events.findIndex((e) => e.time <= value.time);
    live.events.splice(before < 0 ? live.events.length : before, 0, value);
    if (live.events.length > EVENTS) live.events.pop();
    if (told.size > 4 * EVENTS) told = new Set(live.events.map(({ id }) => id));
    const kind = `${type.split('.')[0]}s`;
    if (kind in live.changes) live.changes[kind]++;
  }
  tell();
}

// Returns what ends it: who logs in next sees nothing of what was there before.
export function start() {
  let over = false;
  const end = follow(onEvent, (state, why = '') => {
    if (over) return;
    Object.assign(live, { state, why });
    tell();
  });
  return () => {
    over = true;
    end();
    Object.assign(live, { state: 'off', why: '' }, empty());
    told = new Set();
  };
}

// Draws the view anew when select(live) is another value.
export function useLive(select = (l) => l.figures) {
  const [value, setValue] = useState(() => select(live));
  useEffect(() => {
    const look = () => setValue(() => select(live));
    listeners.add(look);
    look();
    return () => listeners.delete(look);
  }, []);
  return value;
}

// Calls fn when something of that kind has happened: soon, and not more than once
// a second however much goes on.
export function useChanges(kind, fn) {
  const count = useLive((l) => l.changes[kind]);
  const { current } = useRef({ timer: 0 });
  current.fn = fn;
  useEffect(() => {
    if (!count || current.timer) return;
    current.timer = setTimeout(() => {
      current.timer = 0;
      current.fn();
    }, AGAIN_MS);
  }, [count]);
  useEffect(() => () => clearTimeout(current.timer), []);
}
