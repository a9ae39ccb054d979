import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HarnessError } from '../model/errors.js';
import type { QemuFeatures } from '../model/features.js';
import type { ProbedQemu } from '../migration/plan.js';
import { machineName } from './document.js';
import { selectMachines } from './select.js';
import type { MachineSelection } from './select.js';

function qemu(arch: string, machines: readonly string[]): ProbedQemu<string> {
  const command = `qemu-system-${arch}`;
  const features = {
    ...{ version: '10.0.0', package: '', accelerators: ['tcg'], capabilities: [], parameters: [] },
    ...{ commands: {}, transports: [], socketTypes: [], channelTypes: [], compressions: [] },
    ...{ parameterValues: {}, statuses: [], migrationFigures: [], devices: [] },
    ...{ refusedTogether: {}, tlsObstacle: '' },
    machines: machines.map((name) => ({ name })),
  } satisfies QemuFeatures;
  return { binary: { command, program: command, arch, isPrefixed: false }, features };
}

const targets = [
  {
    source: qemu('x86_64', ['pc-q35-10.0', 'pc-q35-9.2', 'microvm', 'none']),
    destination: qemu('x86_64', ['microvm', 'pc-q35-9.2']),
  },
  { source: qemu('sparc', ['SS-5', 'LX']), destination: qemu('sparc', ['LX', 'SS-5']) },
];

function selected(own: Partial<MachineSelection> = {}) {
  const usual = { machine: /./, every: 1, live: true, env: {} };
  const { checks, known, onlyAtSource } = selectMachines(targets, { ...usual, ...own });
  const names = checks.map(({ plan, mode }) =>
    machineName({ target: plan.arch, machine: plan.machine, mode }),
  );
  return { names, known, onlyAtSource };
}

test('each machine type stopped, and live where the guest runs; not what the destination lacks', () => {
  const { names, known, onlyAtSource } = selected();
  assert.deepEqual(names, [
    'x86_64 microvm stopped',
    'x86_64 pc-q35-9.2 stopped',
    'x86_64 pc-q35-9.2 live',
    'sparc LX stopped',
    'sparc SS-5 stopped',
  ]);
  assert.deepEqual(onlyAtSource, ['x86_64 pc-q35-10.0']);
  assert.ok(known.has('x86_64 pc-q35-9.2 stopped') && !known.has('x86_64 none stopped'));
  assert.ok(!known.has('x86_64 pc-q35-10.0 stopped'), 'a baseline shows that it is gone');
});

test('a pattern selects, of these each n-th is taken, and live can be left out', () => {
  assert.deepEqual(selected({ machine: /^S/ }).names, ['sparc SS-5 stopped']);
  assert.deepEqual(selected({ every: 3 }).names, ['x86_64 microvm stopped', 'sparc SS-5 stopped']);
  assert.ok(selected({ live: false }).names.every((name) => name.endsWith(' stopped')));
  assert.throws(
    () => selected({ machine: /^zzz/ }),
    (error) => error instanceof HarnessError && error.blame === 'usage',
  );
});
