// Figures and times as people read them. SPDX-License-Identifier: MIT

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

export const NONE = '–';

export const num = (value) => (value === null || value === undefined || Number.isNaN(value) ? NONE : number.format(value));
export const many = (n, what) => `${num(n)} ${what}${n === 1 ? '' : 's'}`;
export const fixed = (value, digits = 2) => (Number.isFinite(value) ? value.toFixed(digits) : NONE);
export const percent = (value) => (Number.isFinite(value) ? `${fixed(value * 100, value < 0.1 ? 1 : 0)} %` : NONE);

// Of today the time alone.
export function clock(text) {
  if (!text) return NONE;
  const date = new Date(text);
  return (date.toDateString() === new Date().toDateString() ? time : day).format(date);
}

export const clockMs = (text) => (text ? `${time.format(new Date(text))}.${String(new Date(text).getMilliseconds()).padStart(3, '0')}` : NONE);

// 7 s, 3:07, 2:03:07
export function lasting(ms) {
  if (!Number.isFinite(ms)) return NONE;
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const two = (n) => String(n).padStart(2, '0');
  const m = Math.floor(s / 60);
  return m < 60 ? `${m}:${two(s % 60)}` : `${Math.floor(m / 60)}:${two(m % 60)}:${two(s % 60)}`;
}

// 12 s ago, in 5 min
export function ago(text, now = Date.now()) {
  if (!text) return NONE;
  const s = Math.round((now - Date.parse(text)) / 1000);
  const size = Math.abs(s);
  const [n, unit] = size < 60 ? [size, 's'] : size < 5400 ? [Math.round(size / 60), 'min']
    : size < 129600 ? [Math.round(size / 3600), 'h'] : [Math.round(size / 86400), 'd'];
  return s < 0 ? `in ${n} ${unit}` : `${n} ${unit} ago`;
}

export const ms = (value) => (Number.isFinite(value) ? `${num(value)} ms` : NONE);
