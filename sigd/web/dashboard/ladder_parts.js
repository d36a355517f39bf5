// What a ladder is drawn from: who took part, and each message between them.
// SPDX-License-Identifier: MIT

const HERE = 'cordboard';

// 'INVITE', '180 Ringing'
export function short(line) {
  const answer = line.match(/^SIP\/2\.0 (\d{3}) ?(.*)$/);
  return answer ? `${answer[1]} ${answer[2]}`.trim() : line.split(' ')[0];
}

export function kind(line) {
  const code = line.match(/^SIP\/2\.0 (\d)/)?.[1];
  if (!code) return 'request';
  return code === '1' ? 'early' : code === '2' ? 'good' : code === '3' ? 'wait' : 'bad';
}

const header = (text, name) => text.match(new RegExp(`^${name}\\s*:\\s*(.*?)\\r?$`, 'mi'))?.[1] ?? '';
export const cseq = (text) => header(text, 'CSeq');
export const hasSdp = (text) => /^(?:content-type|c)\s*:\s*application\/sdp/mi.test(text);

const peer = (msg) => (msg.remote ? `${msg.remote}` : `${msg.transport} at ${msg.worker}`);

// The user part of a URI in a header.
const userOf = (text, name) => header(text, name).match(/sips?:([^@;>]*)@/)?.[1] ?? '';

// Who is at the other end of the first message that went there or came.
function label(msg) {
  const request = !msg.line.startsWith('SIP/2.0');
  // what comes in is from its From; what goes out to who it is for
  const name = request === (msg.direction === 'in') ? 'From' : 'To';
  return userOf(msg.text, request ? name : msg.direction === 'in' ? 'To' : 'From');
}

// { columns: [{ id, name, detail }], rows: [{ msg, from, to, gap }] }: who began
// is on the left, we are next to him, who was called on the right.
export function parts(messages) {
  const others = new Map();
  for (const msg of messages) {
    const id = peer(msg);
    if (!others.has(id)) others.set(id, { id, name: label(msg) || id, detail: `${msg.remote ?? ''} ${msg.transport}`.trim() });
  }
  const [first, ...rest] = [...others.values()];
  const columns = first ? [first, { id: HERE, name: 'Cordboard', detail: [...new Set(messages.map((m) => m.worker))].join(', ') }, ...rest] : [];
  const column = new Map(columns.map(({ id }, i) => [id, i]));
  const rows = messages.map((msg, i) => {
    const [there, here] = [column.get(peer(msg)), column.get(HERE)];
    return { msg, from: msg.direction === 'in' ? there : here, to: msg.direction === 'in' ? here : there,
      gap: i ? msg.us - messages[i - 1].us : 0 };
  });
  return { columns, rows };
}
