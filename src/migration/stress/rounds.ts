/**
 * A guest that migrates round after round. In each round it runs on one side and migrates while it
 * writes; Drover checks all its stamps at the destination, where it must run, and nowhere else. The
 * next round migrates it back, or starts a new guest.
 */
import { rmSync } from 'node:fs';
import type { MigrationFigures, Phase, Side } from '../../model/outcome.js';
import type { RoundFigures } from '../../model/stress.js';
import type { MemoryVerdict } from '../../model/verdict.js';
import type { TestContext } from '../context.js';
import type { FlowResult } from '../migration.js';
import { checkArrival } from './arrival.js';
import { both } from '../../model/both.js';
import { forgetKeys } from './encryption.js';
import { retire, startMember, wholePass } from './machines.js';
import type { Member } from './machines.js';
import { moveGuest } from './move.js';
import type { StressSpec } from './spec.js';

export interface RoundResult {
  readonly round: number;
  readonly figures: RoundFigures;
  readonly migration: MigrationFigures;
  readonly verdict: MemoryVerdict;
}

export interface RoundHooks {
  started(round: number): void;
  phase(phase: Phase): void;
  /** @returns whether another round follows */
  finished(result: RoundResult): Promise<boolean>;
}

const other: Readonly<Record<Side, Side>> = { source: 'destination', destination: 'source' };

/** Ends when `hooks.finished` returns false, memory is damaged, or an error occurs. */
export async function stressRounds(
  context: TestContext,
  spec: StressSpec,
  hooks: RoundHooks,
  firstRound: number,
): Promise<FlowResult> {
  const phase = (name: Phase): void => {
    context.observer.phase(name);
    hooks.phase(name);
  };
  let home: Member | undefined;
  let before: MemoryVerdict | undefined;
  for (let round = firstRound; ; round++) {
    hooks.started(round);
    phase('launch');
    const side = home?.machine.side ?? 'source';
    const [from, to] = await both(
      home === undefined
        ? startMember(context, spec, { side, round, receives: false })
        : Promise.resolve(home),
      startMember(context, spec, { side: other[side], round, receives: true }),
    );
    phase('warm-up');
    if (home === undefined) await wholePass(from);

    phase('migrate');
    const moved = await moveGuest({ context, spec, from: from.machine, to: to.machine, round });

    phase('verify');
    const verdict = await checkArrival({ from: from.machine, to: to.machine, before });
    if (!verdict.intact) return { verdict, figures: moved.migration };

    phase('end');
    await retire(from);
    rmSync(context.file(`round${round}.mig`), { force: true });
    forgetKeys(context, round);
    const figures = { ...moved.figures, verifyMs: verdict.elapsedMs, verifiedPages: verdict.pages };
    const more = await hooks.finished({ round, figures, migration: moved.migration, verdict });
    if (more && spec.pingPong) {
      home = to;
      before = verdict;
    } else {
      await retire(to);
      if (!more) return { verdict, figures: moved.migration };
    }
  }
}
