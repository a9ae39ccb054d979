/**
 * Compares the dumps of device state of two QEMUs: what would break a migration, in each direction.
 * Pure.
 */
import type { DumpedState, VmstateDump } from './dump.js';
import { effect, none, versionText } from './differences.js';
import type { DeviceDifferences, Difference, Effect } from './differences.js';
import { fieldDifferences } from './two-layouts.js';
import { layoutOf } from './leaf-fields.js';
import type { Layout } from './leaf-fields.js';

/** Devices with differences, in the order of A's dump; those that only B has come last. */
export function compareDumps(a: VmstateDump, b: VmstateDump): DeviceDifferences[] {
  const found: DeviceDifferences[] = [];
  const add = (device: string, differences: readonly Difference[]): void => {
    if (differences.length > 0) found.push({ device, differences });
  };
  if (a.machine !== b.machine) {
    const reason =
      'The stream names the machine type, and the destination refuses another than its own.';
    const both = effect('must', reason);
    add('', [
      { kind: 'machine', path: '', a: a.machine, b: b.machine, forward: both, backward: both },
    ]);
  }
  const renamed = renamedDevices(a, b);
  const cameFrom = new Set(renamed.values());
  for (const [device, stateA] of a.devices) {
    const name = b.devices.has(device) ? device : renamed.get(device);
    if (name === undefined) {
      add(device, [onlyOne('device-removed', stateA)]);
      continue;
    }
    const stateB = b.devices.get(name);
    const rename: Difference[] =
      name === device
        ? []
        : [
            {
              kind: 'device-renamed',
              path: '',
              a: device,
              b: name,
              forward: sameSection,
              backward: sameSection,
            },
          ];
    if (stateA === undefined || stateB === undefined) {
      const one = stateA ?? stateB;
      const kind = stateA === undefined ? 'device-added' : 'device-removed';
      add(device, one === undefined ? rename : [...rename, onlyOne(kind, one)]);
      continue;
    }
    const layouts = [layoutOf(stateA, a.hasCounts), layoutOf(stateB, b.hasCounts)] as const;
    add(device, [
      ...rename,
      ...sectionDifferences(stateA, stateB),
      ...compareLayouts(stateA, stateB, layouts, [a, b]),
    ]);
  }
  for (const [device, state] of b.devices) {
    if (!a.devices.has(device) && !cameFrom.has(device))
      add(device, [onlyOne('device-added', state)]);
  }
  return found;
}

const sameSection = effect(
  'harmless',
  'The stream has the name of the section, which is the same; only the command line has the other name.',
);

/** A device that one QEMU does not have. A guest with it cannot start there. */
function onlyOne(
  kind: 'device-removed' | 'device-added',
  state: DumpedState | undefined,
): Difference {
  const there = state === undefined ? 'without description' : `section ${state.name}`;
  const lost = effect(
    'may',
    'Only a guest with this device breaks: the destination does not know its section.',
  );
  const isRemoved = kind === 'device-removed';
  const [a, b] = isRemoved ? [there, 'absent'] : ['absent', there];
  return {
    kind,
    path: '',
    a,
    b,
    forward: isRemoved ? lost : none,
    backward: isRemoved ? none : lost,
  };
}

/**
 * Devices that only one side has, if exactly one on each side has the same section name and number
 * of fields.
 */
function renamedDevices(a: VmstateDump, b: VmstateDump): Map<string, string> {
  const alone = (one: VmstateDump, other: VmstateDump): [string, DumpedState][] =>
    [...one.devices].flatMap(([type, state]) =>
      state === undefined || other.devices.has(type) ? [] : [[type, state]],
    );
  const [onlyA, onlyB] = [alone(a, b), alone(b, a)];
  const isLike = (one: DumpedState, other: DumpedState): boolean =>
    one.name === other.name && one.fields.length === other.fields.length;
  const found = new Map<string, string>();
  for (const [type, state] of onlyA) {
    const [candidate, ...others] = onlyB.filter(([, other]) => isLike(state, other));
    const rivals = onlyA.filter(([, other]) => isLike(state, other));
    if (candidate !== undefined && others.length === 0 && rivals.length === 1)
      found.set(type, candidate[0]);
  }
  return found;
}

function sectionDifferences(a: DumpedState, b: DumpedState): Difference[] {
  if (a.name === b.name) return [];
  const both = effect(
    'must',
    'The stream has the section under this name, which the destination does not know.',
  );
  return [
    { kind: 'section-renamed', path: '', a: a.name, b: b.name, forward: both, backward: both },
  ];
}

/** For a device or a subsection: both have their version in the stream. */
function compareLayouts(
  a: DumpedState,
  b: DumpedState,
  [layoutA, layoutB]: readonly [Layout, Layout],
  dumps: readonly [VmstateDump, VmstateDump],
): Difference[] {
  return [
    ...versionDifferences(a, b),
    ...fieldDifferences({ state: a, layout: layoutA }, { state: b, layout: layoutB }),
    ...subsectionDifferences(layoutA, layoutB, dumps),
  ];
}

/** Whether the destination accepts the version in the stream. */
function accepted(sent: DumpedState, known: DumpedState): Effect {
  if (sent.version > known.version) {
    return effect(
      'must',
      `Version ${sent.version} is sent, and the destination knows no newer than ${known.version}.`,
    );
  }
  if (sent.version < known.minimumVersion) {
    return effect(
      'must',
      `Version ${sent.version} is sent, and the destination accepts none before ${known.minimumVersion}.`,
    );
  }
  return effect(
    'harmless',
    `Version ${sent.version} is sent, and the destination accepts ${known.minimumVersion} to ${known.version}.`,
  );
}

function versionDifferences(a: DumpedState, b: DumpedState): Difference[] {
  const effects = { forward: accepted(a, b), backward: accepted(b, a) };
  if (a.version !== b.version) {
    return [{ kind: 'version', path: '', a: versionText(a), b: versionText(b), ...effects }];
  }
  if (a.minimumVersion === b.minimumVersion) return [];
  return [{ kind: 'minimum-version', path: '', a: versionText(a), b: versionText(b), ...effects }];
}

function subsectionDifferences(
  a: Layout,
  b: Layout,
  dumps: readonly [VmstateDump, VmstateDump],
): Difference[] {
  const unknown = effect(
    'may',
    'Where its condition holds it is sent, and the destination, which does not know it, ends the migration.',
  );
  const taken = effect(
    'may',
    'Where its condition holds it is sent, and the destination ends the migration or takes it for another subsection of the same name.',
  );
  const alone = (one: DumpedState, others: ReadonlyMap<string, DumpedState>): Effect =>
    others.has(one.name) ? taken : unknown;
  const notSent = effect(
    'harmless',
    'The source does not send it, and the destination does not need it.',
  );
  const [namedA, namedB] = [byName(a.subsections), byName(b.subsections)];
  const found: Difference[] = [];
  for (const [path, one] of namedA) {
    const other = namedB.get(path);
    if (other === undefined) {
      found.push({
        kind: 'subsection-removed',
        path,
        a: versionText(one),
        b: 'absent',
        forward: alone(one, namedB),
        backward: notSent,
      });
      continue;
    }
    const layouts = [
      layoutOf(one, dumps[0].hasCounts),
      layoutOf(other, dumps[1].hasCounts),
    ] as const;
    for (const difference of compareLayouts(one, other, layouts, dumps)) {
      found.push({
        ...difference,
        path: difference.path === '' ? path : `${path}: ${difference.path}`,
        forward: whereSent(difference.forward),
        backward: whereSent(difference.backward),
      });
    }
  }
  for (const [path, other] of namedB) {
    if (namedA.has(path)) continue;
    found.push({
      kind: 'subsection-added',
      path,
      a: 'absent',
      b: versionText(other),
      forward: notSent,
      backward: alone(other, namedA),
    });
  }
  return found;
}

/** Several structures of a device may have the same subsection: the second one gets a number. */
function byName(subsections: readonly DumpedState[]): Map<string, DumpedState> {
  const found = new Map<string, DumpedState>();
  const seen = new Map<string, number>();
  for (const subsection of subsections) {
    const before = seen.get(subsection.name) ?? 0;
    seen.set(subsection.name, before + 1);
    found.set(before === 0 ? subsection.name : `${subsection.name} (${before + 1})`, subsection);
  }
  return found;
}

function whereSent({ severity, reason }: Effect): Effect {
  if (severity !== 'must') return { severity, reason };
  return effect(
    'may',
    `Only where the subsection is sent: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`,
  );
}
