/** What the downtime consists of, by QEMU's trace events; QEMU 10.0 has them, 7.2 not. */
import { readFileSync } from 'node:fs';
import type { DowntimePart } from '../../model/measured.js';
import type { Side } from '../../model/outcome.js';
import { QmpCommandError } from '../../qmp/client.js';
import type { TestMachine } from '../context.js';

/** so that the lines of the trace have times in every QEMU */
export const traceArgs = ['-msg', 'timestamp=on'];

/** QEMU writes the events to its standard error. A QEMU without them accepts the pattern. */
export async function traceDowntime({ qmp }: TestMachine): Promise<void> {
  try {
    await qmp.execute('trace-event-set-state', { name: 'vmstate_downtime_*', enable: true });
  } catch (error) {
    // compiled without tracing
    if (!(error instanceof QmpCommandError)) throw error;
  }
}

export function readDowntimeParts(machines: Readonly<Record<Side, TestMachine>>): DowntimePart[] {
  const textOf = (side: Side): string =>
    readFileSync(machines[side].process.spec.outputPath, 'utf8');
  return downtimeParts({ source: textOf('source'), destination: textOf('destination') });
}

/** `PID@SECONDS:EVENT ...` up to QEMU 10.0, `ISO-TIME EVENT ...` since */
const line = /^(?:\d+@(\d+\.\d+):|(\S+Z) )vmstate_downtime_(checkpoint|save|load) (.*)$/;
const device = /idstr=(.*) instance_id=(-?\d+) downtime=(-?\d+)$/;

interface Checkpoint {
  readonly side: Side;
  readonly name: string;
  readonly atMs: number;
}

/** Steps first, in the order of time: each ends at the checkpoint of its name. Pure. */
export function downtimeParts(output: Readonly<Record<Side, string>>): DowntimePart[] {
  const checkpoints: Checkpoint[] = [];
  const devices = new Map<string, DowntimePart>();
  for (const side of ['source', 'destination'] as const) {
    for (const text of output[side].split('\n')) {
      const [, seconds, iso = '', event, rest = ''] = line.exec(text) ?? [];
      if (event === 'checkpoint') {
        const atMs = seconds === undefined ? isoMs(iso) : 1000 * Number(seconds);
        checkpoints.push({ side, name: rest.trim().replace(/^(src|dst)-/, ''), atMs });
        continue;
      }
      const [, id = '', instance, us] = device.exec(rest) ?? [];
      if (event === undefined || us === undefined || us === '0') continue;
      const name = instance === '0' ? id : `${id} #${String(instance)}`;
      const key = `${side} ${name}`;
      const ms = Number(us) / 1000 + (devices.get(key)?.ms ?? 0);
      devices.set(key, { side, name, kind: 'device', ms });
    }
  }
  return [...stepsOf(checkpoints), ...devices.values()];
}

function stepsOf(checkpoints: readonly Checkpoint[]): DowntimePart[] {
  const inOrder = checkpoints
    // the source notices the end only after the guest runs at the destination
    .filter(({ name }) => name !== 'downtime-end')
    .sort((a, b) => a.atMs - b.atMs);
  return inOrder.slice(1).map(({ side, name, atMs }, index) => {
    const ms = atMs - (inOrder[index]?.atMs ?? atMs);
    return { side, name, kind: 'step', ms };
  });
}

/** `Date` drops the microseconds */
function isoMs(text: string): number {
  const [, whole = '', micros = '0'] = /^(.*\.\d{3})(\d*)Z$/.exec(text) ?? [];
  return Date.parse(`${whole}Z`) + Number(`0.${micros}`);
}
