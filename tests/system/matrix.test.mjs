// Some cells of the kill matrix; `make soak` has all of them. SEED repeats a
// choice. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import { Matrix, shuffled } from './lib/matrix.mjs';

const CELLS = Number(process.env.CELLS ?? 6);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));

describe(`${CELLS} cells of the kill matrix, SEED=${SEED}`, { timeout: 600000 }, () => {
  const matrix = new Matrix();
  before(() => matrix.start());
  after(() => matrix.stop());

  for (const cell of shuffled(SEED).slice(0, CELLS)) {
    test(`${cell.process} dies when a call with ${cell.kind} ${cell.moment}: ${cell.expected}`, () => matrix.run(cell));
  }

  test('nothing is left', () => matrix.settled());
});
