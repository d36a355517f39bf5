// GET /v1/stream: server-sent events, read by fetch(), which can send the token.
// SPDX-License-Identifier: MIT
import { raw } from './api.js';

const RETRY_MS = 2000;
const SILENT_MS = 7000; // something comes each second: the way is dead
const BEFORE_MS = 15 * 60000; // what happened of late is there at once

// The fields of one event (HTML, 9.2.6), or null: a comment.
function parse(block) {
  const event = { type: 'message', data: '' };
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const value = line.slice(colon + 1).replace(/^ /, '');
    const name = line.slice(0, colon);
    if (name === 'event') event.type = value;
    else if (name === 'data') event.data += value;
    else if (name === 'id') event.id = value;
  }
  return event.data ? event : null;
}

// Takes whole events from what came; what is left is the begin of the next.
function take(text, onEvent) {
  const blocks = text.split('\n\n');
  const rest = blocks.pop();
  for (const block of blocks) {
    const event = parse(block);
    if (event) onEvent(event);
  }
  return rest;
}

// Reads while the page is seen. onState: 'on', 'off', 'wait', and why. Returns
// what ends it.
export function follow(onEvent, onState) {
  let control = null;
  let timer = 0;
  let last = String(Date.now() - BEFORE_MS);
  let ended = false;
  let watch = 0;

  // told each time that something comes
  function heard() {
    clearTimeout(watch);
    watch = setTimeout(() => control?.abort(new Error('Nothing comes from the server.')), SILENT_MS);
  }

  async function read() {
    control = new AbortController();
    onState('wait');
    heard();
    const response = await raw('/v1/stream', { signal: control.signal, headers: { 'last-event-id': last } });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (let first = true; ; first = false) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      if (first) onState('on');
      rest = take(rest + value, (event) => {
        if (event.id) last = event.id;
        onEvent(event);
      });
    }
  }

  async function run() {
    timer = 0;
    let why = 'The stream has ended.';
    try {
      await read();
    } catch (e) {
      if (e.status === 401) return;
      const cause = control.signal.aborted ? control.signal.reason : e;
      why = cause.name === 'AbortError' ? '' : cause.message;
    } finally {
      clearTimeout(watch);
      control = null;
    }
    onState('off', why);
    if (!ended && !document.hidden) timer = setTimeout(run, RETRY_MS);
  }

  // a browser has six connections to us: a tab that nobody sees keeps none
  function onSeen() {
    if (document.hidden) {
      clearTimeout(timer);
      timer = 0;
      control?.abort();
    } else if (!control && !timer) {
      run();
    }
  }

  document.addEventListener('visibilitychange', onSeen);
  run();
  return () => {
    ended = true;
    document.removeEventListener('visibilitychange', onSeen);
    clearTimeout(timer);
    control?.abort();
  };
}
