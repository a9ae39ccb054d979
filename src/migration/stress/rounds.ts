/**
 * A guest under stress, moved round after round. Each round: it runs on one side, is migrated while it writes, all that it
 * stamped is checked as it has arrived, and it must go on there and nowhere else. The next round moves it on from there, or
 * begins with a new one.
 */
import { rmSync } from 'node:fs';
import type { MigrationFigures, Phase, Side } from '../../model/outcome.js';
import type { RoundFigures } from '../../model/stress.js';
import { pagesOf } from '../../model/stamps.js';
import type { MemoryVerdict } from '../../model/verdict.js';
import type { TestContext } from '../context.js';
import type { FlowResult } from '../migration.js';
import { checkArrival } from './arrival.js';
import { both } from '../../model/both.js';
import { retire, startMember } from './machines.js';
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
  /** @returns whether there is to be another one */
  finished(result: RoundResult): Promise<boolean>;
}

const other: Readonly<Record<Side, Side>> = { source: 'destination', destination: 'source' };

/** Goes on until `hooks.finished` says that it is enough, or memory is damaged, or something breaks. */
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

/** Every page is stamped once a pass is through: only then is there something to lose. */
async function wholePass({ machine }: Member): Promise<void> {
  const { context } = machine;
  const { pacePagesPerSecond: pace, passesPerB } = context.platform;
  const paceMs = pace === undefined ? 0 : (1000 * pagesOf(context.stamped) * passesPerB) / pace;
  // a host too busy for the pace is no reason to give up
  const timeoutMs = context.patience.memoryMs + 3 * paceMs;
  await machine.serial.waitForB({ timeoutMs, signal: context.signal });
}
