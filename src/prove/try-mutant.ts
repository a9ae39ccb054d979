/** One damaged migration into a destination of its own, and all checks on what arrives. */
import { printableLine } from '../model/text/printable.js';
import type { GuestShape } from '../guest/shape.js';
import { checkPair } from '../sweep/check-pair.js';
import type { PairRequest } from '../sweep/check-pair.js';
import type { SweepOutcome } from '../sweep/outcome.js';
import { compare, letRun } from './arrived.js';
import { whyEquivalent } from './equivalence.js';
import type { Finding, MutantResult } from './findings.js';
import type { Mutant } from './mutants.js';
import { replay } from './recording.js';
import type { Recording } from './recording.js';

export interface TryRequest extends PairRequest {
  readonly guest: GuestShape;
  readonly recording: Recording;
  readonly mutant: Mutant;
}

/** @throws Cancelled when the signal was aborted; the destination has ended then, too */
export async function tryMutant({
  guest,
  recording,
  mutant,
  ...request
}: TryRequest): Promise<MutantResult> {
  const findings: Finding[] = [];
  let equivalent: string | undefined;
  let hidden: string | undefined;
  const { outcome, durationMs } = await checkPair(request, guest, async (run) => {
    const destination = await replay(run.context, recording, mutant.edits);
    run.step = 'comparison';
    const comparison = await compare(recording, destination, mutant);
    findings.push(...comparison.findings);
    findings.push(...(await letRun(destination)));
    if (findings.length === 0) {
      equivalent = await whyEquivalent(recording, mutant, comparison.saved, run.context);
      hidden = whyHidden(recording, mutant, comparison.excused);
    }
    return nothingElse;
  });
  const { recording: kind, region, damage, text } = mutant;
  const about = { recording: kind, region, damage, text, durationMs };
  if (outcome.kind === 'broken') {
    return { ...about, fate: 'broken', reason: outcome.words.join('; '), findings };
  }
  const refusal = refusalOf(outcome);
  if (refusal !== undefined) return { ...about, fate: 'refused', findings: [refusal] };
  if (findings.length > 0) return { ...about, fate: 'killed', findings };
  if (equivalent !== undefined)
    return { ...about, fate: 'equivalent', reason: equivalent, findings };
  return { ...about, fate: 'survived', ...(hidden && { reason: hidden }), findings };
}

/** What the comparison left out of the damaged place, or expected there. */
function whyHidden(
  { image }: Recording,
  { pages, field }: Mutant,
  excused: readonly string[],
): string | undefined {
  const names = [
    ...pages.map(({ block }) => `RAM block ${image.blocks[block]?.name ?? ''}: `),
    ...(field ? [field.section, `device state ${field.section}`, 'device state: '] : []),
  ];
  return excused.find((text) => names.some((name) => text.startsWith(name)));
}

/** for the sweep: what was found is not its outcome */
const nothingElse: SweepOutcome = {
  ...{ kind: 'equal', sections: 0, blocks: 0, ramBytes: 0, functions: 0, registers: 0 },
  ...{ expected: [], notCompared: [] },
};

function refusalOf(outcome: SweepOutcome): Finding | undefined {
  switch (outcome.kind) {
    case 'refused':
    case 'crashed':
    case 'timed-out': {
      const [first = 'no reason given'] = outcome.words;
      const words = printableLine(`${outcome.kind} during ${outcome.during}: ${first}`);
      return { check: 'qemu', named: false, words };
    }
    default:
      return undefined;
  }
}
