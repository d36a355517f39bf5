// Nodes and workers of both daemons: load, state, versions; drain.
// SPDX-License-Identifier: MIT
import { html } from './html.js';
import { ask, askAll, at, rows, useAsk } from './api.js';
import { ago, ms, NONE } from './format.js';
import { Action, mayAct, State, Table, Trouble } from './parts.js';
import { useLive } from './store.js';

// Rows of workers; the first of a node has what may be done with it.
export const flat = (nodes) => nodes.flatMap((node) => node.workers.map((worker, i) => ({
  ...node, ...worker, daemon: node.daemon, draining: Boolean(node.drain), first: i === 0, gone: node.state === 'lost' })));

// What most workers of a daemon have; another value is drift.
function usual(nodes, read) {
  const counts = new Map();
  for (const node of nodes) {
    const key = `${node.daemon} ${read(node)}`;
    if (read(node) && node.state !== 'lost') counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return (node) => !read(node) || [...counts].every(([key, n]) => !key.startsWith(`${node.daemon} `) || n <= counts.get(`${node.daemon} ${read(node)}`));
}

const Hash = ({ value, same }) => html`<code class=${same ? '' : 'differs'} title=${same ? value : `${value}: another than most have`}>
  ${value.slice(0, 8)}${!same && html`<span class="unseen"> differs</span>`}</code>`;

function Load({ permille }) {
  if (permille === undefined) return NONE;
  const share = Math.min(100, permille / 10);
  return html`<span class="load"><meter min="0" max="100" high="80" optimum="0" value=${share} aria-label="Load">${share} %</meter><b>${Math.round(share)} %</b></span>`;
}

const READ = {
  version: (n) => n.version,
  config: (n) => n.config,
  routes: (n) => n.routes?.version,
};

function Drain({ node, access, again }) {
  if (!node.first || node.gone) return null;
  const { draining, node: name } = node;
  return html`<${Action} name=${`${draining ? 'Undrain' : 'Drain'} ${name}`} again=${again} access=${access}
    ask=${draining ? `${node.daemon} of node ${name} takes new calls again.` : `${node.daemon} of node ${name} takes no new calls; those that it has go on to their end.`}
    act=${() => ask(at`/v1/nodes/${name}/${draining ? 'undrain' : 'drain'}${{ daemon: node.daemon }}`, { method: 'POST' })} />`;
}

export function NodeTable({ nodes, brief, access, again }) {
  const figures = useLive((l) => l.figures);
  const now = (node) => figures?.workers.find((w) => w.daemon === node.daemon && w.worker === node.worker) ?? {};
  const same = Object.fromEntries(Object.entries(READ).map(([key, read]) => [key, usual(nodes, read)]));
  const sorted = [...nodes].sort((a, b) => a.daemon.localeCompare(b.daemon) || a.worker.localeCompare(b.worker, 'en', { numeric: true }));
  const some = (key) => nodes.some((n) => READ[key](n));
  const hash = (name, key) => (some(key) ? [{ name, cell: (n) => READ[key](n) && html`<${Hash} value=${READ[key](n)} same=${same[key](n)} />` }] : []);
  const columns = [
    { name: 'Worker', cell: (n) => html`<b>${n.worker}</b> <small class="soft">${n.daemon}</small>` },
    { name: 'State', cell: (n) => html`<${State} state=${n.state} />` },
    { name: 'Load', cell: (n) => html`<${Load} permille=${n.cpu_permille} />` },
    { name: 'Calls', num: true, cell: (n) => now(n).sessions ?? n.sessions },
    { name: 'Set-ups', num: true, cell: (n) => n.setups },
    ...hash('Routes', 'routes'), ...hash('Config', 'config'),
    ...brief ? [] : [
      ...hash('Version', 'version'),
      { name: 'Loop delay', num: true, cell: (n) => ms(n.lag_ms) },
      { name: 'Address', cell: (n) => n.address ?? NONE },
      { name: 'Epoch', num: true, cell: (n) => n.epoch ?? NONE },
      { name: 'Seen', cell: (n) => ago(n.seen) },
      ...nodes.some((n) => n.keys) ? [{ name: 'Keys', cell: (n) => html`<span class=${n.keys_differ ? 'differs' : ''}>${(n.keys ?? []).join(' ')}</span>` }] : [],
      ...mayAct(access) ? [{ name: '', cell: (n) => html`<${Drain} node=${n} access=${access} again=${again} />` }] : [],
    ],
  ];
  return html`<${Table} label="Nodes" columns=${columns} rows=${sorted} id=${(n) => `${n.daemon} ${n.worker}`} empty="No worker was seen in the last hour." />`;
}

export function Nodes({ access }) {
  const nodes = useAsk('/v1/nodes?limit=500', { every: 3000, read: askAll });
  const list = flat(rows(nodes.data));
  const drift = Object.entries(READ).filter(([, read]) => {
    const same = usual(list, read);
    return list.some((n) => n.state !== 'lost' && !same(n));
  }).map(([key]) => ({ version: 'the version', config: 'the configuration', routes: 'the routing table' })[key]);
  return html`<header class="head"><h1>Nodes</h1></header>
    <${Trouble} problem=${nodes.problem} what="Nodes" />
    ${drift.length > 0 && html`<p class="trouble" role="status">Not all workers have the same: ${drift.join(', ')}.</p>`}
    ${nodes.data && html`<${NodeTable} nodes=${list} access=${access} again=${nodes.again} />`}`;
}
