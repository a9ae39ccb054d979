/**
 * One migration that is measured, between two new QEMUs. The guest runs on at the destination by
 * itself, so that the downtime is QEMU's own; then Drover stops it and checks all its stamps.
 */
import { both } from '../../model/both.js';
import type { TestContext } from '../context.js';
import type { FlowResult } from '../migration.js';
import { endBoth, requireRunning, requireStarts, verifyMemory } from '../verify.js';
import { DevicePulses } from './device-pulses.js';
import { startMember, wholePass } from './machines.js';
import { moveGuest } from './move.js';
import type { StressSpec } from './spec.js';

export async function measuredMigration(
  context: TestContext,
  given: StressSpec,
): Promise<FlowResult> {
  const spec = { ...given, autostart: true };
  const round = 1;
  using pulses = spec.probes === true ? DevicePulses.open(context) : undefined;
  context.observer.phase('launch');
  const [from, to] = await both(
    startMember(context, spec, { side: 'source', round, receives: false, pulses }),
    startMember(context, spec, { side: 'destination', round, receives: true, pulses }),
  );
  const source = from.machine;
  const destination = to.machine;
  context.observer.phase('warm-up');
  await wholePass(from);

  context.observer.phase('migrate');
  const moved = await moveGuest({ context, spec, from: source, to: destination, round, pulses });

  context.observer.phase('verify');
  await requireRunning(source, false);
  const verdict = await verifyMemory(destination);
  if (!verdict.intact) return { verdict, figures: moved.migration };
  requireStarts(source, 1);
  requireStarts(destination, 0);
  await requireRunning(source, false);
  await endBoth({ source, destination });
  const measured = { ...moved.measured, isForced: moved.figures.forced };
  return { verdict, figures: moved.migration, measured, course: moved.course };
}
