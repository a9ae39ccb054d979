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
    findings.push(...(await letRun(destination, mutant)));
    if (findings.length === 0) {
      equivalent = await whyEquivalent(recording, mutant, comparison.saved, run.context);
      hidden = whyHidden(recording, mutant, comparison.excused);
    }
    return nothingElse;
  });
  const { recording: kind, region, damage, text } = mutant;
  const about = { recording: kind, region, damage, text, durationMs };
  const trouble = troubleOf(outcome, findings.length > 0);
  if (trouble !== undefined) return { ...about, fate: 'broken', reason: trouble, findings };
  const refusal = refusalOf(outcome);
  if (refusal !== undefined) {
    const fate = findings.length > 0 ? 'killed' : 'refused';
    return { ...about, fate, findings: [refusal, ...findings] };
  }
  if (findings.length > 0) return { ...about, fate: 'killed', findings };
  if (equivalent !== undefined)
    return { ...about, fate: 'equivalent', reason: equivalent, findings };
  return { ...about, fate: 'survived', ...(hidden && { reason: hidden }), findings };
}

/** What the comparison left out of the damaged place, or expected there. */
function whyHidden(
  { image }: Recording,
  { pages, field, section }: Mutant,
  excused: readonly string[],
): string | undefined {
  const names = [
    ...pages.map(({ block }) => `RAM block ${image.blocks[block]?.name ?? ''}: `),
    ...[field, section].flatMap((place) =>
      place ? [place.section, `device state ${place.section}`, 'device state: '] : [],
    ),
  ];
  return excused.find((text) => names.some((name) => text.startsWith(name)));
}

/** for the sweep: what was found is not its outcome */
const nothingElse: SweepOutcome = {
  ...{ kind: 'equal', sections: 0, blocks: 0, ramBytes: 0, functions: 0, registers: 0 },
  ...{ expected: [], notCompared: [] },
};

/**
 * Why the outcome says nothing of the damage: a destination without a stream failed, or Drover was
 * not done in time with one that has completed.
 */
export function troubleOf(outcome: SweepOutcome, isFound: boolean): string | undefined {
  switch (outcome.kind) {
    case 'equal':
    case 'differs':
      return undefined;
    case 'refused':
    case 'crashed':
      return outcome.during === 'start' ? outcome.words.join('; ') : undefined;
    case 'timed-out':
      return outcome.during === 'migration' || isFound
        ? undefined
        : `${outcome.kind} during ${outcome.during}: ${outcome.words.join('; ')}`;
    case 'broken':
    case 'cannot-start':
    case 'not-migratable':
      return outcome.words.join('; ');
  }
}

/** What QEMU did. A destination that has completed is in time, whatever Drover needs after that. */
function refusalOf(outcome: SweepOutcome): Finding | undefined {
  const isOfQemu =
    outcome.kind === 'refused' ||
    outcome.kind === 'crashed' ||
    (outcome.kind === 'timed-out' && outcome.during === 'migration');
  if (!isOfQemu) return undefined;
  const [first = 'no reason given'] = outcome.words;
  const words = printableLine(`${outcome.kind} during ${outcome.during}: ${first}`);
  return { check: 'qemu', named: false, words };
}
