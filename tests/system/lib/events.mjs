// events.mjs: a reader of GET /v1/stream: server-sent events by fetch(), each of
// which is held against docs/openapi.yaml. SPDX-License-Identifier: MIT
import { checkEvent } from './openapi.mjs';
import { until } from './stack.mjs';

export class Events {
  // headers: besides the token; query: begins with '?'
  static async open(port, { token = 'token-of-the-tests', headers = {}, query = '' } = {}) {
    const events = new Events();
    events.list = [];
    events.comments = 0;
    events.wrong = null;
    events.control = new AbortController();
    const response = await fetch(`http://127.0.0.1:${port}/v1/stream${query}`,
      { headers: { authorization: `Bearer ${token}`, ...headers }, signal: events.control.signal });
    events.status = response.status;
    events.type = response.headers.get('content-type');
    events.after = response.headers.get('retry-after');
    if (response.status !== 200) {
      events.problem = response.json();
      return events;
    }
    // a body that is not waited for is not told of an abort by every Node.js
    const ended = new Promise((done) => { events.control.signal.addEventListener('abort', done); });
    events.over = Promise.race([events.read(response.body.getReader()).catch(() => {}), ended]);
    return events;
  }

  async read(reader) {
    const decoder = new TextDecoder();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop();
      blocks.forEach((block) => this.take(block));
    }
  }

  take(block) {
    const fields = { event: 'message' };
    for (const line of block.split('\n')) {
      const [, name, value] = line.match(/^([^:]*):? ?(.*)$/);
      if (name) fields[name] = value;
      else this.comments++;
    }
    if (!fields.data) return;
    const event = { ...fields, data: JSON.parse(fields.data) };
    try {
      checkEvent(event);
    } catch (e) {
      this.wrong ??= e;
    }
    this.list.push(event);
  }

  of(type) { return this.list.filter(({ event }) => event === type); }

  // The first of that type that fits.
  get(type, fits = () => true, limit = undefined) {
    return until(() => {
      if (this.wrong) throw this.wrong;
      return this.of(type).find(({ data }) => fits(data));
    }, `the event ${type}`, limit);
  }

  // Throws as well when one of them was not as the document says.
  async close() {
    this.control.abort();
    await this.over;
    if (this.wrong) throw this.wrong;
  }
}
