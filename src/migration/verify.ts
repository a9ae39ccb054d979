/**
 * The proof at the end of a migration: the guest really runs at the destination, really stops when
 * stopped, and its memory is whole. Then both QEMUs are ended and must go in good order.
 */
import { HarnessError } from '../model/errors.js';
import type { MemoryVerdict } from '../model/verdict.js';
import type { Machine } from '../qemu/machine.js';
import { describeExit } from '../qemu/spawn.js';
import type { TestContext } from './context.js';
import { waitByteChange, waitEvent } from './waits.js';

/**
 * Watches the guest run, stops it, and checks every stamped page.
 *
 * That nothing moves any more is shown by a second check: between the two a running guest would
 * have stamped thousands of pages (under TCG it stamps tens of them in a microsecond), which would show
 * as another generation or another edge.
 */
export async function verifyMemory(context: TestContext, machine: Machine): Promise<MemoryVerdict> {
  const { range } = context.platform;
  await waitByteChange(context, machine, range.start);
  const since = machine.qmp.events.cursor;
  await machine.qmp.execute('stop');
  await waitEvent(context, machine, 'STOP', since);
  const ram = await machine.ram(range, context.signal);
  const verdict = await ram.checkStopped(range, { signal: context.signal });
  const again = await ram.checkStopped(range, { signal: context.signal });
  const moved =
    verdict.generation !== again.generation ||
    verdict.edge !== again.edge ||
    verdict.damagedPages !== again.damagedPages;
  if (moved) {
    throw new HarnessError({
      code: 'memory-moves',
      blame: 'contract',
      message: `guest memory on the ${machine.side} changed although the guest is stopped`,
      side: machine.side,
      waitedFor: describe(verdict),
      lastSeen: describe(again),
    });
  }
  if (!verdict.intact) await dump(context, machine);
  return verdict;
}

function describe(verdict: MemoryVerdict): string {
  const edge = verdict.edge === null ? 'no edge' : `edge at 0x${verdict.edge.toString(16)}`;
  return `generation ${verdict.generation}, ${edge}, ${verdict.damagedPages} damaged pages`;
}

/** Damaged memory is evidence: both sides' RAM is written beside the transcripts. */
async function dump(context: TestContext, damaged: Machine): Promise<void> {
  const { start, end } = context.platform.range;
  for (const machine of context.machines) {
    if (machine.process.status !== undefined) continue;
    const filename = context.file(`${machine.side}.ram`);
    await machine.qmp
      .execute('pmemsave', { val: start, size: end - start, filename }, { timeoutMs: 30_000 })
      .catch((error: unknown) => {
        if (machine === damaged) throw error;
      });
  }
}

export interface ExpectedExit {
  readonly machine: Machine;
  /** 0: asked to quit, it goes in good order. 1: it ends itself, after a failed migration */
  readonly status: 0 | 1;
}

/** Ends machines, each of which must end as expected. */
export async function endMachines(
  context: TestContext,
  expected: readonly ExpectedExit[],
): Promise<void> {
  context.observer.phase('end');
  const problems = await Promise.all(
    expected.map(async ({ machine, status }) => await endOne(context, machine, status)),
  );
  for (const problem of problems) if (problem !== undefined) throw problem;
}

async function endOne(
  context: TestContext,
  machine: Machine,
  wanted: 0 | 1,
): Promise<HarnessError | undefined> {
  if (wanted === 1) await machine.process.waitForExit(context.patience.exitMs, context.signal);
  const early = wanted === 0 ? machine.process.status : undefined;
  const report = await machine.end();
  const { side } = machine;
  const details = [...report.stuck, ...machine.process.outputTail()];
  if (wanted === 0 && early === undefined && report.rung !== 'quit') {
    return new HarnessError({
      code: 'no-orderly-exit',
      blame: 'contract',
      message: `the ${side} QEMU did not quit when asked by QMP; it took SIG${report.rung.toUpperCase()}`,
      side,
      details,
    });
  }
  if (early !== undefined || report.status.code !== wanted) {
    return new HarnessError({
      code: 'wrong-exit',
      blame: 'contract',
      message: `the ${side} QEMU ${describeExit(report.status)}${early === undefined ? '' : ' before it was asked to'}; expected: ${wanted === 0 ? 'status 0 when asked to quit' : 'status 1, by itself'}`,
      side,
      details,
    });
  }
  return undefined;
}
