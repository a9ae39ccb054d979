/** The guest runs on a machine and is migrated meanwhile; what went wrong with it is a difference. */
import { HarnessError } from '../model/errors.js';
import { precopy } from '../migration/flows/precopy.js';
import type { SweepRun } from '../sweep/sweep-run.js';
import type { SweepOutcome } from '../sweep/outcome.js';

const nothing = { sections: 0, blocks: 0, ramBytes: 0, functions: 0, registers: 0 };

export async function migrateLive(run: SweepRun): Promise<SweepOutcome> {
  try {
    const { verdict, arrival } = await precopy(run.context, {
      listen: 'unix:$DIR/migration',
      connect: 'unix:$DIR/migration',
      live: true,
    });
    const {
      sections = 0,
      blocks = 0,
      ramBytes = 0,
      expected = [],
      notCompared = [],
    } = arrival ?? {};
    const compared = { ...nothing, sections, blocks, ramBytes, expected, notCompared };
    if (verdict?.intact !== false) return { kind: 'equal', ...compared };
    return differs([`guest memory is damaged: ${verdict.damagedPages} pages`], compared);
  } catch (error) {
    if (!isFinding(error, run.step)) throw error;
    return differs([error.message, ...(error.input.details ?? [])]);
  }
}

/** The machine arrived, but not as it was, or the guest sees something wrong. */
function isFinding(error: unknown, step: SweepRun['step']): error is HarnessError {
  if (!(error instanceof HarnessError) || error.blame !== 'contract') return false;
  return (step === 'comparison' || step === 'end') && !departures.has(error.code);
}

/** of these the sweep has outcomes of its own */
const departures = new Set(['deadline', 'qemu-exited', 'wrong-exit']);

function differs(
  texts: readonly string[],
  compared: object & typeof nothing = nothing,
): SweepOutcome {
  const differences = texts.map((text) => ({ section: 'guest', text }));
  return { expected: [], notCompared: [], ...compared, kind: 'differs', differences };
}
