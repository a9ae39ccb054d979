/** The checks on what arrived: both sides compared, the guest by itself, its stamps. */
import { Cancelled } from '../model/deadline.js';
import { HarnessError, toFailure } from '../model/errors.js';
import { counted, hex } from '../model/text/format.js';
import { printableLine } from '../model/text/printable.js';
import type { PageDamage } from '../model/verdict.js';
import type { MemoryImage } from '../memory/image.js';
import { compareSavedDevices, savedDevices } from '../migration/arrival/compare-devices.js';
import type { DeviceComparison } from '../migration/arrival/compare-devices.js';
import { blocksOf, compareSides, openBlocks } from '../migration/arrival/compare-ram.js';
import type { RamComparison } from '../migration/arrival/compare-ram.js';
import { doubtOf } from '../migration/arrival/expected-differences.js';
import type { TestMachine } from '../migration/context.js';
import { waitSigns } from '../migration/sign-of-life.js';
import { checkStopped, requireStarts } from '../migration/verify.js';
import { waitEvent } from '../migration/waits.js';
import type { Finding } from './findings.js';
import type { Mutant } from './mutants.js';
import type { RecordedPage } from './recorded-pages.js';
import type { Recording } from './recording.js';

export interface Comparison {
  readonly findings: readonly Finding[];
  /** the file with what the destination saved of its devices */
  readonly saved: string;
  /** what was not compared, and differences that count as no fault, each with its reason */
  readonly excused: readonly string[];
}

/** Nobody runs: all RAM and all device state of both sides. */
export async function compare(
  recording: Recording,
  destination: TestMachine,
  mutant: Mutant,
): Promise<Comparison> {
  using ram = openBlocks({ pid: destination.pid, blocks: await blocksOf(destination) });
  const memory = await compareSides(recording.sourceRam, ram, destination.context.signal);
  using devices = await savedDevices(destination);
  const state = await compareState(recording, devices, destination);
  return {
    findings: [...ramFindings(memory, recording, mutant), ...stateFindings(state, mutant)],
    saved: devices.label,
    excused: [memory, state].flatMap(({ notCompared, expected }) => [...notCompared, ...expected]),
  };
}

async function compareState(
  { description, source, sourceDevices }: Recording,
  devices: MemoryImage,
  destination: TestMachine,
): Promise<DeviceComparison> {
  const { arch, accel } = destination.spec;
  const obstacle = doubtOf(arch, accel !== 'tcg');
  if (obstacle !== undefined) {
    const notCompared = [`device state: ${obstacle}`];
    return { sections: 0, differences: [], states: [], expected: [], notCompared };
  }
  return await compareSavedDevices(sourceDevices, devices, {
    isOneQemu: source.binary.command === destination.binary.command,
    describe: () => Promise.resolve([description, description]),
  });
}

function ramFindings(
  { differences, runs }: RamComparison,
  { image }: Recording,
  { pages }: Mutant,
): Finding[] {
  const [first] = differences;
  if (first === undefined) return [];
  // the comparison's pages may be smaller than the guest's
  const isDamaged = (block: string, at: number): boolean =>
    pages.some((page) => {
      const { name, pageBytes } = image.blocks[page.block] ?? {};
      return name === block && page.offset <= at && at < page.offset + (pageBytes ?? 0);
    });
  const named = runs.every(({ block, start, end }) => {
    for (let at = start; at < end; at += 4096) if (!isDamaged(block, at)) return false;
    return true;
  });
  const words = differences.slice(0, 2).map((line) => line.trim());
  return [{ check: 'ram', named: named && runs.length > 0, words: words.join('; ') }];
}

function stateFindings({ differences, states }: DeviceComparison, { field }: Mutant): Finding[] {
  const [first] = differences;
  if (first === undefined) return [];
  const name = field && (field.instance === 0 ? field.section : sectionName(field));
  const [state, ...others] = states;
  const named = others.length === 0 && state?.section === name && state?.field === field?.path;
  return [{ check: 'state', named: named && field !== undefined, words: first }];
}

const sectionName = ({ section, instance }: NonNullable<Mutant['field']>): string =>
  `${section}, instance ${instance}`;

const isOneOf =
  (known: readonly RecordedPage[]) =>
  ({ start, pages }: PageDamage): boolean =>
    pages === 1 && known.some(({ address }) => address === start);

/** The guest goes on by itself, then memory is checked as after any migration. */
export async function letRun(
  destination: TestMachine,
  { pages }: Pick<Mutant, 'pages'>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { events } = destination.qmp;
  const tried = async (check: Finding['check'], work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (error instanceof Cancelled) throw error;
      if (!(error instanceof HarnessError) || error.blame === 'host') throw error;
      const words = printableLine(toFailure(error).message);
      findings.push({ check, named: false, words });
    }
  };
  await tried('guest', async () => {
    const since = events.cursor;
    await destination.qmp.execute('cont');
    await waitEvent(destination, 'RESUME', since);
    await waitSigns(destination);
    requireStarts(destination, 0);
  });
  await tried('stamps', async () => {
    const since = events.cursor;
    const { running } = await destination.qmp.execute('query-status');
    await destination.qmp.execute('stop');
    if (running === true) await waitEvent(destination, 'STOP', since);
    const { intact, damagedPages, slices } = await checkStopped(destination);
    if (intact) return;
    const damage = slices.flatMap((slice) => slice.damage);
    const [first] = damage;
    findings.push({
      check: 'stamps',
      named: first !== undefined && damage.every(isOneOf(pages)),
      words: `${counted(damagedPages, 'damaged page')}; the first is ${first?.kind ?? 'not listed'}, at ${hex(first?.start ?? 0)}`,
    });
  });
  return findings;
}
