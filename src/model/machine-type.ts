/**
 * Chooses the versioned machine type for all QEMUs that run one guest in turn. For a pair these are
 * upstream's rules: the alias is resolved in each binary, and the first of these names that all
 * know is taken.
 */
import { usageError } from './errors.js';
import type { MachineType, QemuFeatures } from './features.js';

export interface MachineRequest {
  /** the platform's alias, such as q35 */
  readonly alias: string;
  /** the user's choice: a versioned name (has a '-' and a '.') or another alias */
  readonly wanted?: string;
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
  ...qemus: readonly QemuFeatures[]
): MachineChoice {
  const { alias, wanted } = request;
  const name = wanted ?? alias;
  if (wanted !== undefined) {
    for (const [index, features] of qemus.entries()) {
      requireKnown(wanted, features, role(index, qemus.length));
    }
    if (isVersioned(wanted)) return { kind: 'chosen', machine: wanted };
  }
  const meant: string[] = [];
  for (const features of qemus) {
    const found = find(features, name)?.name;
    if (found === undefined) {
      return {
        kind: 'absent',
        reason: `machine ${name} not supported by QEMU ${features.version}`,
      };
    }
    meant.push(found);
  }
  const common = meant.find((machine) =>
    qemus.every((features) => find(features, machine) !== undefined),
  );
  if (common !== undefined) return { kind: 'chosen', machine: common };
  const versions = qemus.map(
    ({ version }, index) =>
      `the ${role(index, qemus.length)} (${version}) resolves it to ${String(meant[index])}`,
  );
  throw usageError(
    'no-common-machine',
    `no common version of machine ${name}: ${versions.join(', ')}, and not every QEMU knows one of these; name a machine type that all know with --machine`,
  );
}

/**
 * The newest version of the platform's machine that all know; where its machines have no versions,
 * the machine itself. Undefined when there is none.
 */
export function newestCommonMachine(
  alias: string,
  ...qemus: readonly QemuFeatures[]
): string | undefined {
  const known = qemus.map(({ machines }) => new Set(machines.map(({ name }) => name)));
  const meant = qemus.flatMap((features) => find(features, alias)?.name ?? []);
  const families = new Set(meant.map(familyOf));
  const [newest] = (qemus[0]?.machines ?? [])
    .map(({ name }) => name)
    .filter((name) => families.has(familyOf(name)) && known.every((names) => names.has(name)))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return newest;
}

/** the name without its version */
const familyOf = (name: string): string => name.replace(/-\d+(\.\d+)+$/, '');

/** the name of a QEMU in a pair or a chain */
function role(index: number, count: number): string {
  if (count > 2) return `${ordinals[index] ?? `${index + 1}th`} QEMU`;
  return index === 0 ? 'source' : 'destination';
}

const ordinals = ['first', 'second', 'third'];

function requireKnown(name: string, features: QemuFeatures, role: string): void {
  if (find(features, name) !== undefined) return;
  const near = features.machines
    .map((machine) => machine.name)
    .filter((known) => known.includes('-') && known.split('-')[1] === name.split('-')[1])
    // the newest first
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .slice(0, 8);
  const hint =
    near.length === 0 ? "; QEMU's -machine help lists all" : `; it has ${near.join(', ')}`;
  throw usageError(
    'unknown-machine',
    `the ${role.replace(/ QEMU$/, '')} QEMU (${features.version}) does not know machine type ${name}${hint}`,
  );
}
