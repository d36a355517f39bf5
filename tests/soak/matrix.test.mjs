// All cells of the kill matrix, in an order of chance, for SOAK_S seconds at most
// (20 minutes; 0: until all have been). SEED repeats an order. SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import { CELLS, Matrix, shuffled } from '../system/lib/matrix.mjs';

const LIMIT_S = Number(process.env.SOAK_S ?? 1200);
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));

describe('the whole kill matrix', { timeout: 4 * 3600 * 1000 }, () => {
  const matrix = new Matrix();
  const end = Date.now() + LIMIT_S * 1000;
  let passed = 0;
  before(() => matrix.start());
  after(() => matrix.stop());

  for (const cell of shuffled(SEED)) {
    test(`${cell.process} dies when a call with ${cell.kind} ${cell.moment}: ${cell.expected}`, async (t) => {
      if (LIMIT_S && Date.now() > end) {
        t.skip('time is up');
        return;
      }
      await matrix.run(cell);
      passed++;
    });
  }

  test('nothing is left', async (t) => {
    const { ports, descriptors, keys, rss } = await matrix.settled();
    t.diagnostic(`SEED=${SEED}: ${passed} of ${CELLS.length} cells, ${JSON.stringify(matrix.counts)}; pairs of ports ${ports}, `
      + `${JSON.stringify(descriptors)}, ${keys} keys (${matrix.before.keys}), the largest worker ${rss} kB (${matrix.before.rss})`);
  });
});
