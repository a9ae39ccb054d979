/**
 * Differences between the device state of a source and of a destination that are no fault of the
 * migration. Each row was found by running the catalogue, and says why the field may differ. What a
 * version of a section writes never changes, so a row names bytes: it needs no description of the
 * fields.
 */

interface ExpectedDifference {
  /** section of device state, as QEMU names it; of a PCI device without its address */
  readonly device: string;
  /** of the section */
  readonly version: number;
  /** where in it: first byte and length */
  readonly bytes: readonly (readonly [number, number])[];
  readonly fields: readonly string[];
  /** QEMU versions in which it was seen */
  readonly versions: string;
  readonly reason: string;
}

export const expectedDifferences: readonly ExpectedDifference[] = [
  {
    device: 'globalstate',
    version: 1,
    // all of it
    bytes: [[0, 256]],
    fields: ['size', 'runstate'],
    versions: '7.2 to 11.1',
    reason: 'it names the run state, which is that of each side',
  },
  {
    device: 'mc146818rtc',
    version: 3,
    bytes: [
      [229, 8],
      [237, 8],
    ],
    fields: ['update_timer', 'next_alarm_time'],
    versions: '7.2 to 11.1',
    reason: 'the clock follows the host, and loading computes its next tick again',
  },
  {
    device: 'mc146818rtc',
    version: 3,
    // seconds, minutes, hours, then day of the week, day, month and year, two places for the
    // century
    bytes: [
      [0, 1],
      [2, 1],
      [4, 1],
      [6, 4],
      [0x32, 1],
      [0x37, 1],
    ],
    fields: ['cmos_data'],
    versions: '7.2 to 11.1',
    reason: 'the time of day goes on with the host while the guest stands still',
  },
  {
    device: 'mc146818rtc',
    version: 3,
    // register C
    bytes: [[12, 1]],
    fields: ['cmos_data'],
    versions: '11.1',
    reason: 'each second the clock sets the flag that says so',
  },
  {
    device: 'e1000e',
    version: 1,
    bytes: [
      [4205, 1],
      [4206, 16],
      [4222, 4],
    ],
    fields: ['core.rx_desc_len', 'core.rxbuf_sizes', 'core.rx_desc_buf_size'],
    versions: '11.1',
    reason: 'loading derives it from registers that are equal',
  },
  {
    device: 'igb',
    version: 1,
    bytes: [[4282, 1]],
    fields: ['core.rx_desc_len'],
    versions: '11.1',
    reason: 'loading derives it from registers that are equal',
  },
];

interface ExpectedRamDifference extends Omit<ExpectedDifference, 'device' | 'version'> {
  /** as QEMU names it */
  readonly block: string;
}

/** The same for RAM blocks that devices bring: here, one page each. */
export const expectedRamDifferences: readonly ExpectedRamDifference[] = [
  {
    block: 'vmclock_page',
    bytes: [
      [0x0c, 4],
      [0x10, 8],
    ],
    fields: ['seq_count', 'disruption_marker'],
    versions: '10.0 to 11.1',
    reason: 'loading counts them up: that is how the device tells the guest of the migration',
  },
];

const pageBytes = 4096;

/** How much of a block is needed to look for a reason; undefined where no difference has one. */
export function bytesForReason(block: string): number | undefined {
  return expectedRamDifferences.some((row) => row.block === block) ? pageBytes : undefined;
}

/** As `reasonsFor`, for a RAM block of one page. */
export function ramReasonsFor(block: string, first: Buffer, second: Buffer): string[] | undefined {
  const rows = expectedRamDifferences.filter((row) => row.block === block);
  return reasonsIn(rows, first, second);
}

/** One section of device state on both sides. */
export interface SectionPair {
  readonly name: string;
  readonly version: number;
  readonly first: Buffer;
  readonly second: Buffer;
}

/**
 * Why all that differs in a section may differ, each reason once; undefined if something may not.
 */
export function reasonsFor({ name, version, first, second }: SectionPair): string[] | undefined {
  const device = name.replace(/^([0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\//, '');
  const rows = expectedDifferences.filter(
    (row) => row.device === device && row.version === version,
  );
  return reasonsIn(rows, first, second);
}

function reasonsIn(
  rows: readonly Pick<ExpectedDifference, 'bytes' | 'reason'>[],
  first: Buffer,
  second: Buffer,
): string[] | undefined {
  if (first.length !== second.length) return undefined;
  const reasons = new Set<string>();
  for (const [at, byte] of first.entries()) {
    if (byte === second[at]) continue;
    const row = rows.find(({ bytes }) =>
      bytes.some(([start, length]) => at >= start && at < start + length),
    );
    if (row === undefined) return undefined;
    reasons.add(row.reason);
  }
  return [...reasons];
}
