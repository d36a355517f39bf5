// many.mjs: registrations by the hundred thousand.
// SPDX-License-Identifier: MIT
import net from 'node:net';
import { sleep } from './stack.mjs';

// The binding of a user for so many others of the tenant (u0, u1 and so on), as
// Redis has it: no binary byte is lost.
export async function manyLike(stack, user, count, tenant = 'demo') {
  const [device, value] = await stack.redis.call('HGETALL', `cb:{a:${tenant}/${user}}:bind`);
  const conn = net.connect(stack.redis.sock);
  let got = 0;
  conn.on('data', (data) => { for (const byte of data) got += byte === 10; });
  for (let i = 0; i < count; i++) {
    const args = ['HSET', `cb:{a:${tenant}/u${i}}:bind`, device, value];
    const ok = conn.write(`*${args.length}\r\n${args.map((a) => `$${Buffer.byteLength(a)}\r\n${a}\r\n`).join('')}`);
    if (!ok) await new Promise((done) => { conn.once('drain', done); });
  }
  while (got < count) await sleep(20);
  conn.destroy();
}
