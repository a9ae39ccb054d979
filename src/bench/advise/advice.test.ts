import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample, ScenarioResult } from '../document.js';
import { resolveScenario } from '../scenario.js';
import type { Scenario } from '../scenario.js';
import { advise } from './advice.js';
import { calibrated, foreignness, parseCalibration, speedOf } from './calibration.js';
import type { Calibration } from './calibration.js';
import { adviceLines } from './text.js';

const host = { hostname: 'h', kernel: '6', cpu: 'c', cores: 2, memoryBytes: 1, node: 'v20' };
const qemu = { command: 'q', version: '11.1.3', package: '', arch: 'x86_64', digest: 'd' };

/** 0.25 GB in a second, 0.1 s of downtime */
const sample = (factor = 1): Sample => ({
  label: 'A',
  pair: 1,
  measured: {
    totalMs: 1100 * factor,
    stopToResumeMs: 100 * factor,
    setupMs: 5,
    sentBeforeBytes: 1e6,
    transferredBytes: 251e6,
    sourceProcessorMs: 500,
    destinationProcessorMs: 250,
  },
});
const resultOf = (scenario: Scenario, samples: readonly Sample[]): ScenarioResult => ({
  scenario,
  machine: 'm',
  accel: 'tcg',
  isPartial: false,
  samples,
  comparisons: [],
});
const scenarioOf = (migration: object): Scenario => calibrated(resolveScenario({ migration }, ''));
const speed = (migration: object, samples: readonly Sample[]) => {
  const scenario = resolveScenario({ migration }, '');
  const found = speedOf(scenario.name, resultOf(scenarioOf(migration), samples));
  if (typeof found === 'string') throw new Error(found);
  return found;
};
const three = [sample(), sample(1.1), sample(1.2)];

const calibration: Calibration = {
  version: 1,
  drover: '0',
  time: '2026-11-30T00:00:00Z',
  ...{ host, qemu, accel: 'kvm', machine: 'm', memoryBytes: 2 ** 28 },
  scenarios: [
    speed({ transport: 'tcp' }, three),
    speed({ transport: 'multifd', channels: 2, tls: 'x509' }, three),
    speed({ transport: 'postcopy' }, three),
  ],
  missing: [{ name: 'multifd:9', why: 'no' }],
};

test('a speed is the median of the migrations that converged by themselves', () => {
  const tcp = speed({ transport: 'tcp' }, [
    ...three,
    { label: 'A', pair: 9, measured: { ...sample(50).measured, isForced: true } },
  ]);
  assert.equal(Math.round(tcp.bytesPerSecond / 1e6), 227);
  assert.equal(tcp.wireShare, 1);
  assert.equal(Math.round(tcp.fixedDowntimeMs), 110);
  assert.equal(tcp.sourceSecondsPerGigabyte, 2);
  assert.equal(tcp.destinationSecondsPerGigabyte, 1);
  assert.equal(tcp.migrations, 3);
  assert.ok(Math.abs(tcp.spread - (250 - 250 / 1.2) / 227.27) < 0.001);
  const zstd = { 'multifd-compression': 'zstd' };
  const compressed = speed({ transport: 'multifd', parameters: zstd }, [sample()]);
  // 256 MiB, and 128 MiB that the guest wrote in that second
  assert.equal(Math.round(compressed.bytesPerSecond / 2 ** 20), 384);
  assert.ok(compressed.wireShare < 1);
  const [failed] = [
    { label: 'A', pair: 1, failure: { kind: 'failed', code: 'x', message: 'why' } },
  ];
  assert.equal(
    speedOf('tcp', resultOf(scenarioOf({ transport: 'tcp' }), [failed as Sample])),
    'why',
  );
});

test('what converges comes first; a narrow margin may converge; the rest says what it needs', () => {
  const workload = {
    memoryBytes: 2e9,
    workingSetBytes: 2e9,
    dirtyBytesPerSecond: 215e6,
    networkBytesPerSecond: 1.25e9,
    downtimeMs: 300,
  };
  const { scenarios } = advise(calibration, workload);
  assert.deepEqual(
    scenarios.map(({ name, verdict }) => [name, verdict]),
    [
      ['postcopy', 'converges'],
      ['tcp', 'may-converge'],
      ['multifd:2,tls=x509', 'may-converge'],
    ],
  );
  const text = adviceLines(advise(calibration, { ...workload, dirtyBytesPerSecond: 1e9 })).join(
    '\n',
  );
  assert.match(text, /postcopy +converges/);
  assert.match(text, /tcp +does not converge +227 MB\/s +no end +no end +no end +needs 8\.91 s/);
  assert.match(text, /not measured, multifd:9: no/);
  assert.match(text, /^ {2}unsure, all: processor time contains the guest's own$/m);
  assert.match(text, /^settings for postcopy \(on both sides, where no side is named\):$/m);
  assert.match(text, /migrate-start-postcopy/);
  assert.match(text, /virsh migrate --live --verbose --postcopy --postcopy-after-precopy/);
});

test('with compression no prediction is sure', () => {
  const parameters = { 'multifd-compression': 'zstd' };
  const zstd = speed({ transport: 'multifd', parameters }, three);
  const [only] = advise(
    { ...calibration, scenarios: [zstd] },
    {
      memoryBytes: 1e9,
      workingSetBytes: 1e9,
      dirtyBytesPerSecond: 0,
      networkBytesPerSecond: 1e9,
      downtimeMs: 500,
    },
  ).scenarios;
  assert.equal(only?.verdict, 'may-converge');
  assert.ok(only.doubts.some((doubt) => doubt.includes('compress far better')));
});

test('a guest that writes faster than the host sends leaves no speed', () => {
  const forced = { ...sample(), measured: { ...sample().measured, isForced: true } };
  const why = speedOf('tcp', resultOf(scenarioOf({ transport: 'tcp' }), [forced]));
  assert.match(
    typeof why === 'string' ? why : '',
    /did not converge while the calibration's guest wrote 128 MiB\/s/,
  );
});

test('settings name the channels, the keys, and the downtime limit without the fixed part', () => {
  const { scenarios } = advise(calibration, {
    memoryBytes: 2e9,
    workingSetBytes: 2e9,
    dirtyBytesPerSecond: 1e6,
    networkBytesPerSecond: 1.25e9,
    downtimeMs: 300,
  });
  const flags = scenarios.find(({ name }) => name.includes('tls'))?.flags;
  assert.deepEqual(flags?.qemu, [
    'destination: -incoming defer',
    'source: -object tls-creds-x509,id=tls0,dir=KEYS,endpoint=client',
    'destination: -object tls-creds-x509,id=tls0,dir=KEYS,endpoint=server',
  ]);
  const { arguments: set } = JSON.parse(flags.qmp[1] ?? '') as { arguments: unknown };
  assert.deepEqual(set, {
    'multifd-channels': 2,
    'tls-creds': 'tls0',
    'max-bandwidth': 1.25e9,
    'downtime-limit': 190,
  });
  assert.match(
    flags.virsh?.[0] ?? '',
    /--parallel --parallel-connections 2 --tls --bandwidth 1192/,
  );
  assert.match(flags.virsh?.[1] ?? '', /migrate-setmaxdowntime DOMAIN 190/);
});

test('a calibration is read back, and belongs to its host, QEMU and accelerator', () => {
  const text = JSON.stringify(calibration);
  assert.deepEqual(parseCalibration(text, 'c.json'), calibration);
  for (const bad of [
    ...['{', '{}', 'null', text.replace('"version":1', '"version":2')],
    text.replace('"time":', '"when":'),
    text.replace('"transport":"tcp"', '"transport":"pigeon"'),
    text.replace('"spread":', '"spreads":'),
  ]) {
    assert.throws(() => parseCalibration(bad, 'c.json'), {
      code: 'bad-calibration',
      message: /^--calibration: c\.json: .*; give another file, or remove this one/,
    });
  }
  const here = { host, qemu, accel: 'kvm' };
  assert.equal(foreignness(calibration, here), undefined);
  const other = { ...here, host: { ...host, hostname: 'i' } };
  assert.match(foreignness(calibration, other) ?? '', /another host: h, and here it is i/);
  assert.match(foreignness(calibration, { ...here, accel: 'tcg' }) ?? '', /another accelerator/);
  const rebuilt = { ...here, qemu: { ...qemu, digest: 'e' } };
  assert.match(foreignness(calibration, rebuilt) ?? '', /another build of QEMU 11\.1\.3/);
});
