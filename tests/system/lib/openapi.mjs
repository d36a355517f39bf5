// openapi.mjs: what docs/openapi.yaml says of a request and its answer. Every
// fetch() of a test that goes to a sigd of its stack is looked at, so an answer
// that the document does not know fails whichever test it comes to.
// SPDX-License-Identifier: MIT
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';

const require = createRequire(process.env.NODE_PATH ? `${process.env.NODE_PATH}/x.js` : import.meta.url);
const Ajv = require('ajv/dist/2020').default;
const YAML = require('yaml');

export const document = YAML.parse(fs.readFileSync(fileURLToPath(new URL('../../../docs/openapi.yaml', import.meta.url)), 'utf8'));

// What the server refuses before an operation is asked: `default`.
const REFUSALS = [400, 403, 404, 405, 406, 413, 414, 415, 421, 429, 500];

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true,
  formats: { 'date-time': (text) => !Number.isNaN(Date.parse(text)), binary: true, uri: true } });

// A member that the document does not know fails as well: an object that names
// its members has no others. What is a part of another one (allOf, oneOf, anyOf)
// is judged with the whole, so each schema is there twice: "whole" and "part".
const composed = ['allOf', 'oneOf', 'anyOf'];
function strict(schema, role) {
  if (Array.isArray(schema)) return schema.map((one) => strict(one, role));
  if (schema === null || typeof schema !== 'object') return schema;
  const made = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$ref') made.$ref = `${role}${value}`;
    else if (composed.includes(key)) made[key] = strict(value, 'part');
    else if (['properties', 'patternProperties', 'schemas'].includes(key)) made[key] = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, strict(one, key === 'schemas' ? role : 'whole')]));
    else if (['items', 'additionalProperties', 'prefixItems'].includes(key)) made[key] = strict(value, 'whole');
    else made[key] = value;
  }
  const named = schema.properties || composed.some((key) => schema[key]);
  if (role === 'whole' && named && schema.additionalProperties === undefined) made.unevaluatedProperties = false;
  return made;
}
for (const role of ['whole', 'part']) ajv.addSchema({ $id: role, components: { schemas: strict({ schemas: document.components.schemas }, role).schemas } });

const resolve = (node) => (node?.$ref ? node.$ref.slice(2).split('/').reduce((at, key) => at[key], document) : node);
const compiled = new Map();

function validate(schema, value, what) {
  if (!compiled.has(schema)) {
    compiled.set(schema, ajv.compile(strict(schema, 'whole')));
  }
  const check = compiled.get(schema);
  if (!check(value)) throw new Error(`${what} is not as docs/openapi.yaml says: ${ajv.errorsText(check.errors)}\n${JSON.stringify(value).slice(0, 2000)}`);
}

// Every operation: { id: "GET /v1/calls", template, method, op, params }.
export const operations = Object.entries(document.paths).flatMap(([template, item]) => Object.entries(item)
  .filter(([method]) => ['get', 'post', 'put', 'patch', 'delete'].includes(method))
  .map(([method, op]) => ({ id: `${method.toUpperCase()} ${template}`, template, method: method.toUpperCase(), op,
    params: [...item.parameters ?? [], ...op.parameters ?? []].map(resolve) })));

export function operation(method, pathname) {
  const name = method === 'HEAD' ? 'GET' : method;
  const fits = operations.filter(({ method: m, template }) => m === name
    && new RegExp(`^${template.replace(/[.]/g, '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`).test(pathname));
  // what stands there literally goes first
  return fits.sort((a, b) => a.template.split('{').length - b.template.split('{').length)[0];
}

function checkRequest({ id, op, params }, url, body, type) {
  for (const [name, value] of url.searchParams) {
    const known = params.find((p) => p.in === 'query' && p.name === name);
    if (!known) throw new Error(`${id}: docs/openapi.yaml knows no parameter ${name}`);
    const { type: kind } = resolve(known.schema);
    validate(known.schema, ['integer', 'number'].includes(kind) ? Number(value) : kind === 'boolean' ? value === 'true' : value, `${id}: ${name}`);
  }
  for (const p of params) {
    if (p.in === 'query' && p.required && !url.searchParams.has(p.name)) throw new Error(`${id}: ${p.name} is missing`);
  }
  const content = op.requestBody?.content?.['application/json'];
  if (content && type?.startsWith('application/json')) validate(content.schema, JSON.parse(body), `${id}: what was sent`);
}

// Throws when the answer is not documented. sent: { method, url, body, type }
// of the request, whose form counts only when it was taken.
export async function check(sent, answer) {
  const url = new URL(sent.url);
  const found = operation(sent.method, url.pathname);
  const { status } = answer;
  if (!found) {
    if (status < 400) throw new Error(`${sent.method} ${url.pathname} is answered, and docs/openapi.yaml does not know it`);
    return undefined;
  }
  const { id, op } = found;
  const said = resolve(op.responses[status] ?? (REFUSALS.includes(status) ? op.responses.default : undefined));
  if (!said) throw new Error(`${id} was answered by ${status}, which docs/openapi.yaml does not know: ${await answer.text()}`);
  if (status < 300) checkRequest(found, url, sent.body, sent.type);
  const type = answer.headers.get('content-type')?.split(';')[0];
  if (!said.content || sent.method === 'HEAD') return { id, status };
  const content = said.content[type];
  if (!content) throw new Error(`${id} was answered by ${status} of ${type}, which docs/openapi.yaml does not know`);
  if (/json$/.test(type)) validate(content.schema, await answer.json(), `${id} by ${status}`);
  return { id, status };
}

// Throws when an event of /v1/stream is none that its schema knows: what stands
// behind `event:`, `id:` (may be absent) and `data:`.
export function checkEvent({ event, id, data }) {
  const { Event, Figures, Cut } = document.components.schemas;
  validate({ figures: Figures, cut: Cut }[event] ?? Event, data, `the event ${event}`);
  const own = !['figures', 'cut'].includes(event);
  if (own && data.type !== event) throw new Error(`an event of the type ${data.type} is told as ${event}`);
  if (own && Number(id) !== Date.parse(data.time)) throw new Error(`the id of an event of ${data.time} is ${id}`);
}

// An answer that can be read more than once. (Node 18 keeps a process alive for
// each clone() of a Response that is not read to its end.)
function copies({ status, statusText, headers }, body) {
  const none = [101, 204, 205, 304].includes(status); // may have no body (Fetch, "null body status")
  return () => new Response(none ? null : body, { status, statusText, headers });
}

const watched = new Set();
const real = globalThis.fetch;
export const seen = new Map(); // id -> statuses

// From now on what goes to this port of 127.0.0.1 is looked at.
export function watch(port) {
  if (!watched.size) {
    globalThis.fetch = async (input, init = {}) => {
      const answer = await real(input, init);
      const url = String(input.url ?? input);
      if (![...watched].some((p) => url.startsWith(`http://127.0.0.1:${p}/`))) return answer;
      if (answer.headers.get('content-type')?.startsWith('text/event-stream')) return answer;
      const headers = new Headers(init.headers);
      const again = copies(answer, await answer.arrayBuffer());
      const did = await check({ method: init.method ?? 'GET', url, body: init.body, type: headers.get('content-type') }, again());
      if (did) seen.set(did.id, (seen.get(did.id) ?? new Set()).add(did.status));
      return again();
    };
  }
  watched.add(port);
}
