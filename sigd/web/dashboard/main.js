// The dashboard of operators and support people. SPDX-License-Identifier: MIT
import 'uplot/dist/uPlot.min.css';
import { html, render, useEffect, useState } from './html.js';
import { onToken, token } from './api.js';
import { useAccess } from './access.js';
import { reset, useRoute } from './router.js';
import { start } from './store.js';
import { apply } from './theme.js';
import { Login } from './login.js';
import { Shell } from './shell.js';
import { Overview } from './overview.js';
import { Calls, seen } from './calls.js';
import { CallPage } from './call.js';
import { Registrations } from './registrations.js';
import { Connections } from './connections.js';
import { LogPage } from './log.js';
import { RouteTester } from './tester.js';
import { Nodes } from './nodes.js';
import { Events } from './events.js';
import { forget } from './tenants.js';

const VIEWS = { overview: Overview, calls: Calls, registrations: Registrations, connections: Connections,
  routes: RouteTester, nodes: Nodes, events: Events };

function viewOf({ view, args }) {
  if (view === 'calls' && args.length) return CallPage;
  if ((view === 'registrations' || view === 'connections') && args.length === 2) return LogPage;
  return VIEWS[view] ?? Overview;
}

// What one who looked has left is not for who logs in next.
function leave() {
  seen.clear();
  forget();
  reset();
}

function Inside() {
  const route = useRoute();
  const access = useAccess();
  useEffect(start, []);
  useEffect(() => leave, []);
  const View = viewOf(route);
  // what may be seen decides what is asked for
  if (!access) return html`<${Shell} route=${route} access=${access}><p class="empty" role="status">One moment …</p><//>`;
  return html`<${Shell} route=${route} access=${access}>
    <${View} key=${[route.view, ...route.args].join('/')} route=${route} access=${access} />
  <//>`;
}

function App() {
  const [known, setKnown] = useState(token);
  useEffect(() => onToken(setKnown), []);
  return known ? html`<${Inside} key=${known} />` : html`<${Login} />`;
}

apply();
render(html`<${App} />`, document.getElementById('app'));
