// A small plot over time: uPlot in the colours of the page, with its latest
// values in words. SPDX-License-Identifier: MIT
import uPlot from 'uplot';
import { html, useEffect, useRef, useState } from './html.js';
import { num } from './format.js';
import { colour, onTheme } from './theme.js';

const HEIGHT = 132;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400]; // s, between times

function options({ series, width, min, max }) {
  const soft = colour('soft');
  const line = colour('line');
  const axis = { stroke: soft, font: '11px system-ui, sans-serif', ticks: { show: false }, grid: { stroke: line, width: 1 } };
  return {
    width, height: HEIGHT, legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { setScale: false } },
    padding: [8, 8, 0, 0],
    scales: { y: { range: (u, low, high) => [min ?? Math.min(0, low ?? 0), Math.max(max ?? 0, high ?? 0) || 1] } },
    axes: [{ ...axis, space: 70, incrs: STEPS, size: 24, grid: { show: false },
      values: [[3600, '{HH}:{mm}'], [60, '{HH}:{mm}'], [1, '{HH}:{mm}:{ss}']].map(([step, form]) => [step, form, null, null, null, null, null, null, 1]) },
    { ...axis, size: 38, space: 26, values: (u, splits) => splits.map((v) => (v === null ? '' : num(v))) }],
    series: [{}, ...series.map(({ name, ink, fill }) => ({
      label: name, stroke: colour(ink), width: 1.5, points: { show: false }, spanGaps: false,
      ...fill ? { fill: colour(`${ink}-wash`) } : {},
    }))],
  };
}

// series: { name, ink: colour of style.css, values, fill }; times: unix s;
// unit: behind the figures; say: how one is written.
export function Plot({ title, times, series, unit = '', min, max, say = num }) {
  const box = useRef();
  const plot = useRef(null);
  const [at, setAt] = useState(null);
  const [turn, setTurn] = useState(0);
  const data = [times, ...series.map(({ values }) => values)];

  useEffect(() => onTheme(() => setTurn((n) => n + 1)), []);
  useEffect(() => {
    const made = new uPlot({ ...options({ series, width: box.current.clientWidth, min, max }),
      hooks: { setCursor: [(u) => setAt(u.cursor.idx ?? null)] } }, data, box.current);
    plot.current = made;
    const sizes = new ResizeObserver(([{ contentRect }]) => made.setSize({ width: Math.floor(contentRect.width), height: HEIGHT }));
    sizes.observe(box.current);
    return () => { sizes.disconnect(); made.destroy(); };
  }, [turn, series.map(({ name }) => name).join()]);
  useEffect(() => plot.current.setData(data));

  const nr = at ?? times.length - 1;
  const when = at !== null && times[at] ? new Date(times[at] * 1000).toTimeString().slice(0, 8) : '';
  return html`<figure class="plot">
    <figcaption><strong>${title}</strong>
      <ul>${series.map(({ name, ink, values }) => html`<li key=${name}><i class="key" data-ink=${ink} aria-hidden="true"></i>${name}
        <b>${values[nr] === null || values[nr] === undefined ? '–' : `${say(values[nr])}${unit}`}</b></li>`)}
        ${when && html`<li class="soft">${when}</li>`}</ul></figcaption>
    <div ref=${box} class="canvas" aria-hidden="true"></div>
  </figure>`;
}
