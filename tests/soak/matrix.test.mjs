// All cells of the kill matrix, in an order of chance. SOAK_S=1200 begins none
// after so many seconds: then it is no proof of all. SEED repeats an order.
// SPDX-License-Identifier: MIT
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { CELLS, Matrix, shuffled } from '../system/lib/matrix.mjs';

const LIMIT_S = Number(process.env.SOAK_S ?? 0);
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
        t.skip('SOAK_S is up');
        return;
      }
      await matrix.run(cell);
      passed++;
    });
  }

  test(LIMIT_S ? `some cells, those of ${LIMIT_S} s` : 'all cells', (t) => {
    t.diagnostic(`SEED=${SEED}: ${passed} of ${CELLS.length} cells`);
    if (!LIMIT_S) assert.equal(passed, CELLS.length);
  });

  test('nothing is left', async (t) => {
    const { ports, descriptors, keys, rss } = await matrix.settled();
    t.diagnostic(`SEED=${SEED}: ${passed} of ${CELLS.length} cells, ${JSON.stringify(matrix.counts)}, silent for ${matrix.silence} ms at most when a media worker died; pairs of ports ${ports}, `
      + `${JSON.stringify(descriptors)}, ${keys} keys (${matrix.before.keys}), the largest worker ${rss} kB (${matrix.before.rss})`);
  });
});
