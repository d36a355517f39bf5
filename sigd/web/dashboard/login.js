// Asks for the token. SPDX-License-Identifier: MIT
import { html, useState } from './html.js';
import { ask, sendable, setToken } from './api.js';
import { ThemeButton } from './theme.js';

export function Login() {
  const [state, setState] = useState({});
  const submit = async (e) => {
    e.preventDefault();
    const given = new FormData(e.target).get('token').trim();
    if (!given) return;
    if (!sendable(given)) {
      setState({ why: 'A token has no such character: one of these may be a blank, or cannot be seen. Copy it anew.' });
      return;
    }
    setState({ busy: true });
    sessionStorage.setItem('cordboard-token', given);
    try {
      await ask('/v1/token');
      setToken(given);
    } catch (problem) {
      setToken(null);
      setState({ why: problem.status === 401 ? 'This token is not known here.' : problem.message });
    }
  };
  return html`<main class="login" id="main">
    <form onSubmit=${submit}>
      <img src="icon.svg" alt="" width="40" height="40" />
      <h1>Cordboard</h1>
      <label>Token <input name="token" type="password" autocomplete="current-password" autofocus required spellcheck="false" /></label>
      <p class="trouble" role="alert" hidden=${!state.why}>${state.why}</p>
      <button class="go" disabled=${state.busy}>Log in</button>
      <p class="soft">One of <code>admin.tokens</code> in sigd.yaml; <code>cordctl token</code> makes one. This tab alone keeps it, until it is closed.</p>
      <${ThemeButton} />
    </form>
  </main>`;
}
