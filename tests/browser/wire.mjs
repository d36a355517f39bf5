// wire.mjs: a bad line between pages and mediad, in a process of its own: what comes to one address
// goes on to the same port of another one, and back, each packet late by another time (so order is
// not kept), some not at all, some twice. SPDX-License-Identifier: MIT
import { createSocket } from 'node:dgram';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const GOOD = { delay: 0, spread: 0, loss: 0, twice: 0 }; // ms, ms, of one, of one

// { address, to, ports }; is(bad) changes it at once.
export class Wire {
  async open(where) {
    this.child = fork(fileURLToPath(import.meta.url), [JSON.stringify(where)], { env: { ...process.env, WIRE: '1' } });
    await once(this.child, 'message');
    return this;
  }

  is(bad) { this.child.send({ ...GOOD, ...bad }); }

  close() { this.child?.kill(); }
}

let line = GOOD;

function late(send) {
  const chance = Math.random();
  if (chance < line.loss) return;
  const once_ = () => setTimeout(send, line.delay + (Math.random() * 2 - 1) * line.spread);
  once_();
  if (chance > 1 - line.twice) once_();
}

// One socket for each who talks to us, as a NAT has it.
function carry({ address, to }, port) {
  const front = createSocket('udp4').bind(port, address);
  const backs = new Map();
  front.on('message', (data, from) => {
    const name = `${from.address}:${from.port}`;
    if (!backs.has(name)) {
      const back = createSocket('udp4').bind(0, address);
      back.on('message', (answer) => late(() => front.send(answer, from.port, from.address)));
      backs.set(name, back);
    }
    late(() => backs.get(name).send(data, port, to));
  });
  return once(front, 'listening');
}

if (process.env.WIRE) {
  const where = JSON.parse(process.argv[2]);
  await Promise.all(where.ports.map((port) => carry(where, port)));
  process.on('message', (bad) => { line = bad; });
  process.on('disconnect', () => process.exit());
  process.send('ready');
}
