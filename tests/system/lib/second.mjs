// second.mjs: another node of sigd, beside the one of a stack, with the same
// Redis, keys and table. SPDX-License-Identifier: MIT
import fs from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { watch } from './openapi.mjs';
import { B, freeUdp } from './stack.mjs';

const freeTcp = () => new Promise((done) => {
  const server = createServer();
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});

// A view of the stack whose ports are those of node s2, for user agents; its
// process is stack.procs.get('sigd-s2'). admin: the address of its REST.
export async function secondSigd(stack, node = 's2', admin = '127.0.0.1') {
  const second = Object.create(stack);
  const name = `sigd-${node}`;
  let text = fs.readFileSync(stack.file('sigd.yaml'), 'utf8').replace('node: s1', `node: ${node}`)
    .replace(`run_dir: ${stack.file('run')}`, `run_dir: ${stack.file(`run-${node}`)}`);
  for (const port of ['wssPort', 'wsPort', 'sigdAdmin', 'tcpPort', 'tlsPort', 'otherPort', 'udpPort']) {
    second[port] = port === 'udpPort' ? await freeUdp(1) : await freeTcp();
    text = text.replaceAll(`:${stack[port]}`, `:${second[port]}`);
  }
  watch(second.sigdAdmin);
  text = text.replace(`bind: 127.0.0.1:${second.sigdAdmin}`, `bind: "${admin}:${second.sigdAdmin}"`);
  fs.mkdirSync(stack.file(`run-${node}`), { recursive: true, mode: 0o700 });
  fs.writeFileSync(stack.file(`${name}.yaml`), text);
  stack.run(name, path.join(B, 'sigd'), ['-c', stack.file(`${name}.yaml`)]);
  await stack.ready(second.sigdAdmin, name, admin);
  second.stop = async () => {
    const child = stack.procs.get(name);
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), 10000);
    await child.exited;
    clearTimeout(killer);
  };
  return second;
}
