// Light or dark: as the system says, until the user says otherwise.
// SPDX-License-Identifier: MIT
import { html, useEffect, useState } from './html.js';

const KEY = 'cordboard-theme';
const NEXT = { auto: 'light', light: 'dark', dark: 'auto' };
const NAMES = { auto: 'As the system', light: 'Light', dark: 'Dark' };
const SIGNS = { auto: '◐', light: '☀', dark: '☾' };
const listeners = new Set();

export const chosen = () => localStorage.getItem(KEY) ?? 'auto';

export function apply(theme = chosen()) {
  document.documentElement.dataset.theme = theme;
  for (const fn of listeners) fn();
}

export function onTheme(fn) {
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  listeners.add(fn);
  system.addEventListener('change', fn);
  return () => {
    listeners.delete(fn);
    system.removeEventListener('change', fn);
  };
}

// A colour of style.css, as canvases want it.
export const colour = (name) => {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
};

export function ThemeButton() {
  const [theme, setTheme] = useState(chosen);
  useEffect(() => apply(theme), [theme]);
  const change = () => {
    localStorage.setItem(KEY, NEXT[theme]);
    setTheme(NEXT[theme]);
  };
  return html`<button type="button" class="plain" onClick=${change} title="Colours: ${NAMES[theme]}"
    aria-label="Colours: ${NAMES[theme]}. Change">${SIGNS[theme]}</button>`;
}
