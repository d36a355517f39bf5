// docs/routing.md is true: its files are put down as they stand there, its
// commands are run in order, and say what is printed there. DOCS=write: what
// they say is put into the page. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { B } from './lib/stack.mjs';

const page = fileURLToPath(new URL('../../docs/routing.md', import.meta.url));
const parts = fs.readFileSync(page, 'utf8').split(/^(```.*\n[^]*?^```\n)/m);

// Versions change with the release, times with the machine.
const plain = (text) => text.replace(/version [0-9a-f]{16}/g, 'version ................');

describe('docs/routing.md', { timeout: 120000 }, () => {
  let dir;
  const env = { ...process.env, PATH: `${path.resolve(B)}:${process.env.PATH}`, NO_COLOR: '1' };
  before(() => { dir = fs.mkdtempSync(path.join(os.tmpdir(), 'docs-')); });
  after(() => {
    fs.rmSync(dir, { recursive: true, force: true });
    if (process.env.DOCS === 'write') fs.writeFileSync(page, parts.join(''));
  });

  // What a person sees.
  function say(command) {
    const { stdout, status } = spawnSync('sh', ['-c', `${command} 2>&1`], { cwd: dir, env, encoding: 'utf8' });
    assert.ok(status === 0 || status === 1, `${command}: ${status} ${stdout}`);
    return plain(`$ ${command}\n${stdout}`);
  }

  let step = '';
  parts.forEach((part, i) => {
    step = /^## (.*)$/m.exec(part)?.[1] ?? step;
    const block = /^```(\w+)(?: (\S+))?\n([^]*?)^```\n$/m.exec(part);
    if (!block) return;
    const [, kind, file, text] = block;
    test(`${step}: ${file ?? kind} ${i}`, () => {
      if (file) {
        fs.writeFileSync(path.join(dir, file), text);
        return;
      }
      assert.equal(kind, 'console');
      const said = [...text.matchAll(/^\$ (.*)$/gm)].map(([, command]) => say(command)).join('');
      if (process.env.DOCS === 'write') parts[i] = `\`\`\`console\n${said}\`\`\`\n`;
      else assert.equal(text, said);
    });
  });
});
