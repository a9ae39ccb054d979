import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { sampleNamed, samplesSkip, unpack } from '../memory/samples.fixtures.js';
import { drawing, testSeed } from '../model/drawing.fixtures.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { decodeState } from './decode.js';
import { readDevice } from './description.js';
import { DescriptionError, outlineOf, parsePiece } from './outline.js';
import { findSections } from './sections.fixtures.js';

const rounds = 400;

test(
  'a description or a section with bytes changed never crashes and never takes long',
  { skip: samplesSkip },
  (t) => {
    using scratch = new Scratch();
    const [file] = unpack(sampleNamed('q102-mapped'), scratch.directory);
    const { text, sections } = findSections(readFileSync(file!));
    const random = drawing(testSeed);
    const tally = { refused: 0, misfits: 0, whole: 0 };
    let slowestMs = 0;
    for (let round = 0; round < rounds; round++) {
      const changed = Buffer.from(text);
      // Bytes that mean something to JSON come up often: digits, brackets, quotes.
      const alphabet = '0123456789{}[],:"\\-e.\u007f';
      for (let change = random(8); change >= 0; change--) {
        changed[random(changed.length)] = alphabet.charCodeAt(random(alphabet.length));
      }
      const startedMs = performance.now();
      try {
        const outline = outlineOf(changed);
        for (const [index, piece] of outline.devices.entries()) {
          const { structure } = readDevice(parsePiece(changed, piece), piece.start);
          const payload = sections[index]?.payload ?? Buffer.alloc(0);
          const { whole, state } = decodeState(structure, payload);
          tally[whole ? 'whole' : 'misfits'] += 1;
          assert.ok(JSON.stringify(state).length < 10_000_000);
        }
      } catch (error) {
        if (!(error instanceof DescriptionError)) throw error;
        tally.refused += 1;
      }
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
    }
    t.diagnostic(`seed ${testSeed}: ${JSON.stringify(tally)}, slowest ${slowestMs.toFixed(0)} ms`);
    assert.ok(tally.refused > 0 && tally.misfits > 0 && tally.whole > 0);
  },
);
