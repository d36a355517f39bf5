// mmdb.mjs: a small MaxMind database (maxmind.github.io/MaxMind-DB, 2.0): a
// binary tree of addresses, 32 bits a record, then the data, then what it says
// of itself. IPv6, with IPv4 at ::/96. SPDX-License-Identifier: MIT
const TYPES = { string: 2, map: 7, uint16: 5, uint32: 6, uint64: 9, array: 11 };

function head(type, size) {
  const bytes = [(type > 7 ? 0 : type << 5) | Math.min(size, 29)];
  if (type > 7) bytes.push(type - 7);
  if (size >= 29) bytes.push(size - 29);
  return Buffer.from(bytes);
}

const number = (type, bytes, value) => {
  const data = Buffer.alloc(bytes);
  data.writeUIntBE(value, bytes > 6 ? bytes - 6 : 0, Math.min(bytes, 6));
  return Buffer.concat([head(type, bytes), data]);
};

// Of text, arrays, objects, and of numbers as [bytes, value] in n()
const n = (bytes, value) => ({ bytes, value });
function encode(what) {
  if (typeof what === 'string') return Buffer.concat([head(TYPES.string, Buffer.byteLength(what)), Buffer.from(what)]);
  if (Array.isArray(what)) return Buffer.concat([head(TYPES.array, what.length), ...what.map(encode)]);
  if (what.bytes) return number(TYPES[`uint${what.bytes * 8}`], what.bytes, what.value);
  const entries = Object.entries(what);
  return Buffer.concat([head(TYPES.map, entries.length), ...entries.flatMap(([key, value]) => [encode(key), encode(value)])]);
}

// rows: [['192.0.2.0/24', { country, continent, subdivision }]], IPv4, none
// within another
export function mmdb(rows) {
  const nodes = [[null, null]];
  const data = [];
  let size = 0;
  for (const [net, { country, continent, subdivision }] of rows) {
    const [address, bits] = net.split('/');
    const bytes = [...Buffer.alloc(12), ...address.split('.').map(Number)];
    const leaf = { at: size };
    data.push(encode({ country: { iso_code: country }, continent: { code: continent },
      ...subdivision && { subdivisions: [{ iso_code: subdivision }] } }));
    size += data.at(-1).length;
    let node = 0;
    for (let i = 0, end = 96 + Number(bits); i < end; i++) {
      const side = (bytes[i >> 3] >> (7 - (i & 7))) & 1;
      if (i + 1 === end) nodes[node][side] = leaf;
      else node = nodes[node][side] ??= nodes.push([null, null]) - 1;
    }
  }
  const tree = Buffer.alloc(nodes.length * 8);
  nodes.flat().forEach((to, i) => tree.writeUInt32BE(to === null ? nodes.length : to.at === undefined ? to : nodes.length + 16 + to.at, i * 4));
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), encode({
    node_count: n(4, nodes.length), record_size: n(2, 32), ip_version: n(2, 6), database_type: 'GeoLite2-City', languages: ['en'],
    binary_format_major_version: n(2, 2), binary_format_minor_version: n(2, 0), build_epoch: n(8, 1780000000),
    description: { en: 'made by a test' } })]);
}
