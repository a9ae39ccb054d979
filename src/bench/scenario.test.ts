import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { packageRoot } from '../model/scratch.fixtures.js';
import { stressTransports } from '../migration/stress/transports.js';
import { needsOfSpec } from '../suite/stress.js';
import { taskOf } from './bench-spec.js';
import { builtInGroups, builtInScenarios } from './built-in.js';
import { chooseGroups, chooseScenarios, scenariosInJson } from './choose-scenarios.js';
import { resolveScenario } from './scenario.js';

const chosen = (
  names: readonly string[],
  scenarios?: readonly unknown[],
  sweeps: Parameters<typeof chooseScenarios>[0]['sweeps'] = [],
): string[] => {
  const own = scenarios === undefined ? undefined : { name: 'own.json', scenarios };
  return chooseScenarios({ names, own, sweeps }).map(({ name }) => name);
};

test('the built-in scenarios have different names, computed from their values', () => {
  const names = builtInScenarios.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const name of ['unix', 'multifd:8', 'postcopy-preempt', 'mapped-ram']) {
    assert.ok(names.includes(name), `${name} among ${names.join(' ')}`);
  }
  assert.ok(names.includes('tcp+xbzrle,stamp=wide,xbzrle-cache-size=268435456'));
  const inGroups = builtInGroups.flatMap(({ scenarios }) => scenarios);
  for (const each of inGroups) {
    const same = builtInScenarios.find(({ name }) => name === each.name);
    assert.deepEqual(each, same, 'a name stands for the same values in every group');
  }
  for (const { name: group, scenarios } of builtInGroups) {
    const own = scenarios.map(({ name }) => name);
    assert.equal(new Set(own).size, own.length, group);
  }
  assert.deepEqual(chosen([]), basic);
});

const basic = (builtInGroups[0]?.scenarios ?? []).map(({ name }) => name);

test('a group, or all below a name, is chosen; guestperf has its 42 scenarios', () => {
  const inGroup = (...groups: string[]) => chooseScenarios({ names: [], groups, sweeps: [] });
  assert.equal(inGroup('guestperf').length, 42);
  assert.equal(inGroup('guestperf/pause-iters').length, 4);
  assert.deepEqual(
    inGroup('tls').map(({ name }) => name),
    ['tcp,tls=psk', 'multifd:4,tls=psk', 'tcp,tls=x509', 'multifd:4,tls=x509'],
  );
  assert.throws(() => inGroup('guestpref'), /no group 'guestpref'/);
  const all = chooseGroups({ names: [], sweeps: [], isAll: true });
  assert.deepEqual(all, builtInGroups);
});

test('every xbzrle cache is a power of two of bytes, and no larger than the guest', () => {
  for (const { name, guest, migration } of builtInScenarios) {
    const bytes = migration.parameters?.['xbzrle-cache-size'];
    if (bytes === undefined) continue;
    assert.ok(Number.isInteger(Math.log2(Number(bytes))), name);
    assert.ok(Number(bytes) <= guest.memoryMiB * 2 ** 20, name);
  }
});

test('a field that a module sets to undefined has its default', () => {
  const input = {
    guest: { memoryMiB: undefined },
    migration: { transport: 'multifd', channels: undefined, tls: undefined },
  };
  assert.deepEqual(
    resolveScenario(input, ''),
    resolveScenario({ migration: { transport: 'multifd' } }, ''),
  );
});

test('only values that are not the default are in a name', () => {
  const { name } = resolveScenario(
    {
      guest: { memoryMiB: 512, writers: 1, workingSetMiB: 64 },
      migration: { transport: 'postcopy', postcopyAfter: 3, parameters: { 'max-bandwidth': 1000 } },
      limits: { downtimeLimitMs: 100 },
    },
    '',
  );
  assert.equal(
    name,
    'postcopy,memoryMiB=512,workingSetMiB=64,downtimeLimitMs=100,postcopyAfter=3,max-bandwidth=1000',
  );
});

test('a switch after some bytes is in the name and in what the migration takes', () => {
  const migration = { transport: 'postcopy', postcopyAfterBytes: 5_000_000 };
  const scenario = resolveScenario({ migration }, '');
  assert.equal(scenario.name, 'postcopy,postcopyAfterBytes=5000000');
  assert.equal(taskOf(scenario, {}).spec.postcopyAfterBytes, 5_000_000);
});

test('scenarios of a file replace the built-in ones, which can still be named', () => {
  const own = [{ migration: { transport: 'multifd', channels: 16 } }];
  assert.deepEqual(chosen([], own), ['multifd:16']);
  assert.deepEqual(chosen(['unix', 'multifd:16'], own), ['unix', 'multifd:16']);
});

test('a sweep makes one scenario of each value; two sweeps make all combinations', () => {
  assert.deepEqual(
    chosen(['multifd:4'], undefined, [{ field: 'channels', values: [1, 2, 4, 8] }]),
    ['multifd:1', 'multifd:2', 'multifd:4', 'multifd:8'],
  );
  assert.deepEqual(chosen(['tcp'], undefined, [{ field: 'sourceCpus', values: [0, '0-3'] }]), [
    'tcp,sourceCpus=0',
    'tcp,sourceCpus=0-3',
  ]);
  assert.deepEqual(
    chosen(['tcp'], undefined, [
      { field: 'memoryMiB', values: [256, 512] },
      { field: 'max-bandwidth', values: [1, 2] },
    ]),
    [
      'tcp,max-bandwidth=1',
      'tcp,max-bandwidth=2',
      'tcp,memoryMiB=512,max-bandwidth=1',
      'tcp,memoryMiB=512,max-bandwidth=2',
    ],
  );
});

const faults: readonly (readonly [unknown, RegExp])[] = [
  [{}, /own\.json: scenario 1: migration: /],
  [{ migration: { transport: 'pigeon' } }, /migration\.transport: .*"unix"/],
  [{ migration: { transport: 'unix' }, surprise: 1 }, /surprise: /],
  [{ migration: { transport: 'unix', channels: 2 } }, /transport unix has one channel only/],
  [{ migration: { transport: 'tcp', postcopyAfter: 2 } }, /transport tcp is no postcopy/],
  [{ migration: { transport: 'tcp', postcopyAfterBytes: 2 } }, /transport tcp is no postcopy/],
  [
    { migration: { transport: 'postcopy', postcopyAfter: 1, postcopyAfterBytes: 2 } },
    /give it or migration\.postcopyAfter, not both/,
  ],
  [
    { migration: { transport: 'postcopy', postcopyAfterBytes: 0 } },
    /postcopyAfterBytes: expected a whole number from 1 to/,
  ],
  [
    { migration: { transport: 'unix' }, guest: { memoryMiB: 1 } },
    /guest\.memoryMiB: expected a whole number from 16/,
  ],
  [
    { migration: { transport: 'unix' }, guest: { workingSetMiB: 256 } },
    /workingSetMiB: it must be less/,
  ],
  [
    { migration: { transport: 'mapped-ram', tls: 'psk' } },
    /migration\.tls: transport mapped-ram has no connection/,
  ],
  [{ migration: { transport: 'tcp', tlsPriority: 'NORMAL' } }, /only with migration\.tls/],
  [{ migration: { transport: 'postcopy', pauseAfter: 1 } }, /postcopy, which stops the guest/],
  [
    { migration: { transport: 'tcp', capabilities: ['dirty-limit'] } },
    /migration\.capabilities: dirty-limit: it needs a dirty ring/,
  ],
  [
    { migration: { transport: 'tcp', capabilities: ['pause-before-switchover'] } },
    /pause-before-switchover: nobody would continue/,
  ],
  [
    { machine: { accel: 'tcg', dirtyRingSize: 4096 }, migration: { transport: 'tcp' } },
    /dirtyRingSize: only KVM/,
  ],
  [
    { migration: { transport: 'multifd', tls: 'psk', capabilities: ['zero-copy-send'] } },
    /zero-copy-send needs multifd without TLS and compression/,
  ],
  [
    { migration: { transport: 'mapped-ram', parameters: { 'direct-io': true } } },
    /direct-io with transport mapped-ram-multifd only/,
  ],
  [
    { machine: { sourceCpus: '0-' }, migration: { transport: 'tcp' } },
    /machine\.sourceCpus: expected processors such as 0-3,8/,
  ],
  [
    { migration: { transport: 'unix', parameters: { 'downtime-limit': 1 } } },
    /give limits\.downtimeLimitMs instead of parameter downtime-limit/,
  ],
];
for (const [scenario, message] of faults) {
  test(`refused, with the place: ${JSON.stringify(scenario)}`, () => {
    assert.throws(() => chosen([], [scenario]), { code: 'bad-scenario', message });
  });
}

test('files that hold no scenarios, names that do not exist and sweeps that cannot be are refused', () => {
  for (const text of ['{', '[]', '{"version": 2, "scenarios": []}']) {
    assert.throws(() => scenariosInJson(text, 'own.json'), { code: 'bad-scenario' });
  }
  assert.throws(() => chosen(['multifd:5']), {
    code: 'no-such-scenario',
    message: /no scenario 'multifd:5'; did you mean 'multifd:1'\?/,
  });
  assert.throws(() => chosen(['unix'], undefined, [{ field: 'channels', values: [2] }]), {
    message: /--sweep channels=2 of unix: .*one channel only/,
  });
});

test('a scenario becomes what the migration story takes, with the parameters of a side', () => {
  const scenario = resolveScenario(
    {
      guest: { workingSetMiB: 64, pacePagesPerSecond: 0 },
      migration: { transport: 'tcp', capabilities: ['xbzrle'], parameters: { 'max-bandwidth': 5 } },
    },
    '',
  );
  const { spec, guest } = taskOf(scenario, { 'max-bandwidth': 4 });
  assert.deepEqual(spec.transport.capabilities, ['xbzrle']);
  assert.deepEqual(spec.parameters, { 'max-bandwidth': 4 });
  assert.equal(taskOf(scenario, { 'downtime-limit': 20 }).spec.downtimeLimitMs, 20);
  assert.equal(spec.downtimeLimitMs, 300);
  assert.equal(guest.pages, 16_384);
  assert.equal(guest.pacePagesPerSecond, undefined);
});

test('encryption, the dirty ring, the place and the stop of a scenario reach the migration', () => {
  const scenario = resolveScenario(
    {
      machine: { dirtyRingSize: 4096, sourceCpus: '0-1', destinationNode: 1 },
      migration: { transport: 'tcp', tls: 'psk', capabilities: ['dirty-limit'], pauseAfter: 0 },
    },
    '',
  );
  assert.equal(scenario.machine.accel, 'kvm');
  const { spec } = taskOf(scenario, {});
  assert.equal(spec.accelOptions, 'dirty-ring-size=4096');
  assert.equal(spec.placement?.source?.cpus, '0-1');
  assert.equal(spec.placement.destination?.node, 1);
  assert.equal(spec.pauseAfter, 0);
  const needs = needsOfSpec(spec);
  assert.ok(needs.some(({ kind }) => kind === 'tls'));
  assert.ok(needs.some((need) => need.kind === 'host' && need.name === 'dirty-ring'));
});

test('a downtime limit of B is a number of milliseconds, and not of postcopy', () => {
  const taken = (transport: string, value: string | number | boolean) => (): void => {
    taskOf(resolveScenario({ migration: { transport } }, ''), { 'downtime-limit': value });
  };
  for (const value of ['fast', true, 2_000_001]) {
    assert.throws(taken('tcp', value), {
      code: 'bad-bench',
      message: /whole milliseconds from 0 to 2000000, not '/,
    });
  }
  assert.throws(taken('postcopy', 20), { code: 'bad-bench', message: /not apply to postcopy/ });
});

test('the published schema takes the built-in scenarios and no unknown transport', () => {
  const file = path.join(packageRoot, 'docs', 'reference', 'bench-scenarios.schema.json');
  const validate = new Ajv({ strict: false }).compile(
    JSON.parse(readFileSync(file, 'utf8')) as object,
  );
  const scenarios = builtInScenarios.map(({ name: _name, ...input }) => input);
  assert.ok(validate({ version: 1, scenarios }), JSON.stringify(validate.errors));
  for (const { name } of stressTransports) {
    assert.ok(validate({ version: 1, scenarios: [{ migration: { transport: name } }] }), name);
  }
  for (const scenario of [{ migration: { transport: 'pigeon' } }, { guest: {} }]) {
    assert.ok(!validate({ version: 1, scenarios: [scenario] }), JSON.stringify(scenario));
  }
});
