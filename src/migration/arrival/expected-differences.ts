/**
 * Differences between the device state of a source and of a destination that are no fault of the migration. Each row was found
 * by running the catalogue, and says why the field may differ.
 */
import type { Json } from '../../model/json.js';
import type { FieldDifference } from '../../vmstate/compare.js';

interface ExpectedDifference {
  /** section of device state, as QEMU names it; of a PCI device without its address */
  readonly device: string;
  /** without indexes of arrays */
  readonly fields: readonly string[];
  /** of a field of bytes: these may differ, and no other; default: all */
  readonly bytes?: readonly number[];
  /** QEMU versions in which it was seen */
  readonly versions: string;
  readonly reason: string;
}

export const expectedDifferences: readonly ExpectedDifference[] = [
  {
    device: 'mc146818rtc',
    fields: ['update_timer', 'next_alarm_time'],
    versions: '7.2 to 11.1',
    reason: 'the clock follows the host, and loading computes its next tick anew',
  },
  {
    device: 'mc146818rtc',
    fields: ['cmos_data'],
    // seconds, minutes, hours, day of the week, day, month, year, century
    bytes: [0, 2, 4, 6, 7, 8, 9, 0x32, 0x37],
    versions: '7.2 to 11.1',
    reason: 'the time of day goes on with the host while the guest stands still',
  },
  {
    device: 'e1000e',
    fields: ['core.rx_desc_len', 'core.rxbuf_sizes', 'core.rx_desc_buf_size'],
    versions: '11.1',
    reason: 'loading derives it from registers that are equal',
  },
];

/**
 * Why a field of a section may differ; undefined if it may not.
 * @param isOneQemu whether source and destination are the same program: then a field that one side lacks is a difference
 */
export function reasonFor(
  section: string,
  { path, a, b }: FieldDifference,
  isOneQemu: boolean,
): string | undefined {
  if (a === undefined || b === undefined) {
    return isOneQemu
      ? undefined
      : `only the ${a === undefined ? 'destination' : 'source'} saves it`;
  }
  const device = section.replace(/^([0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\//, '');
  const field = path.replace(/\[\d+\]/g, '');
  const row = expectedDifferences.find(
    (each) => each.device === device && each.fields.includes(field) && onlyIn(each.bytes, a, b),
  );
  return row?.reason;
}

/** Whether two fields of bytes, in hexadecimal, differ only at these places. */
function onlyIn(bytes: readonly number[] | undefined, a: Json, b: Json): boolean {
  if (bytes === undefined) return true;
  if (typeof a !== 'string' || typeof b !== 'string' || a.length !== b.length) return false;
  const [first, second] = [Buffer.from(a, 'hex'), Buffer.from(b, 'hex')];
  return first.every((byte, at) => byte === second[at] || bytes.includes(at));
}
