/**
 * Which versioned machine type both QEMUs of a pair are started with. Upstream's rules: the alias is
 * resolved in each binary; equal names are used as they are, else the destination's knowledge of the
 * source's type decides, else the source's of the destination's.
 */
import { HarnessError } from './errors.js';
import type { MachineType, QemuFeatures } from './features.js';

export interface MachineRequest {
  /** the platform's alias, such as q35 */
  readonly alias: string;
  /** the user's wish: a versioned name (has a '-' and a '.') or another alias */
  readonly wanted?: string | undefined;
}

export type MachineChoice =
  | { readonly kind: 'chosen'; readonly machine: string }
  /** the platform is not there at all: tests are skipped */
  | { readonly kind: 'absent'; readonly reason: string };

function find(features: QemuFeatures, name: string): MachineType | undefined {
  return (
    features.machines.find((machine) => machine.name === name) ??
    features.machines.find((machine) => machine.alias === name)
  );
}

function isVersioned(name: string): boolean {
  return name.includes('-') && name.includes('.');
}

export function chooseMachine(
  request: MachineRequest,
  source: QemuFeatures,
  destination: QemuFeatures,
): MachineChoice {
  const { alias, wanted } = request;
  if (wanted !== undefined && isVersioned(wanted)) {
    requireKnown(wanted, source, 'source');
    requireKnown(wanted, destination, 'destination');
    return { kind: 'chosen', machine: wanted };
  }
  const name = wanted ?? alias;
  if (wanted !== undefined) {
    requireKnown(name, source, 'source');
    requireKnown(name, destination, 'destination');
  }
  const atSource = find(source, name)?.name;
  const atDestination = find(destination, name)?.name;
  if (atSource === undefined || atDestination === undefined) {
    const where = atSource === undefined ? source : destination;
    return { kind: 'absent', reason: `machine ${name} not supported by QEMU ${where.version}` };
  }
  if (atSource === atDestination) return { kind: 'chosen', machine: atSource };
  if (find(destination, atSource) !== undefined) return { kind: 'chosen', machine: atSource };
  if (find(source, atDestination) !== undefined) return { kind: 'chosen', machine: atDestination };
  throw new HarnessError({
    code: 'no-common-machine',
    blame: 'usage',
    message: `no common version of machine ${name}: the source (${source.version}) makes it ${atSource}, the destination (${destination.version}) ${atDestination}, and neither knows the other's; name one that both know with --machine`,
  });
}

function requireKnown(name: string, features: QemuFeatures, side: string): void {
  if (find(features, name) !== undefined) return;
  const near = features.machines
    .map((machine) => machine.name)
    .filter((known) => known.split('-')[1] === name.split('-')[1])
    .slice(0, 8);
  const hint = near.length === 0 ? '' : `; it has ${near.join(', ')}`;
  throw new HarnessError({
    code: 'unknown-machine',
    blame: 'usage',
    message: `the ${side} QEMU (${features.version}) does not know machine type ${name}${hint}`,
  });
}
