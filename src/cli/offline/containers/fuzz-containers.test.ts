/** A short run of what `npm run fuzz -- --target qcow2` does, of each such target, for as long as wanted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testSeed } from '../../../model/drawing.fixtures.js';
import { samplesSkip } from '../../../memory/samples.fixtures.js';
import { fuzzContainer } from './fuzz-containers.fixtures.js';

for (const [target, most] of [
  ['qcow2', 80],
  ['libvirt', 80],
  ['compressed', 60],
] as const) {
  test(
    `mutated ${target} files are read or refused, and nothing else`,
    { skip: samplesSkip },
    async (t) => {
      t.diagnostic(`seed ${testSeed}`);
      const { executions, read } = await fuzzContainer(target, testSeed, (count) => count >= most);
      t.diagnostic(`${read} of ${executions} were read`);
      assert.equal(executions, most);
    },
  );
}
