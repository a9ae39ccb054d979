/** What a benchmark measures of real migrations holds together, and leaves nothing behind. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from '../migration/context.js';
import { planFor } from '../migration/context.fixtures.js';
import { probeHost } from '../migration/host/host-probes.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { realQemu } from '../qemu/qemus.fixtures.js';
import type { QemuVersion } from '../qemu/qemus.fixtures.js';
import { runAttempt } from '../suite/attempt.js';
import type { AttemptReport } from '../suite/attempt.js';
import { benchTest } from '../suite/bench.js';
import { taskOf } from './bench-spec.js';
import { resolveScenario } from './scenario.js';
import type { ScenarioInput } from '../suite/scenario-input.js';

interface Run {
  readonly version: QemuVersion;
  readonly scenario: ScenarioInput;
  readonly probes?: boolean;
  /** hears that the migration begins */
  readonly onMigrate?: (context: TestContext, cancel: () => void) => void;
}

const small = { memoryMiB: 32 };

/** descriptors of guest memory that this process has open */
const memoryOpen = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${fd}`);
      return /memory-backend|\/dev\/shm/.test(file) ? [file] : [];
    } catch {
      return [];
    }
  });

async function measure(run: Run): Promise<AttemptReport> {
  const { version, scenario, probes, onMigrate } = run;
  using scratch = new Scratch();
  const directory = path.join(scratch.directory, 'test');
  mkdirSync(directory);
  const task = taskOf(resolveScenario(scenario, 'test'), {}, probes);
  const plan = await planFor(realQemu(version), scratch.directory);
  const cancelled = new AbortController();
  const { signal } = cancelled;
  const host = await probeHost(task.spec.transport.needs, { plan, directory, signal });
  const report = await runAttempt({
    definition: benchTest('/bench/test', task),
    plan: { ...plan, host, slowness: 4 },
    directory,
    timeoutMs: 120_000,
    rerun: 'drover bench',
    signal,
    onPhase: () => undefined,
    onStatus: () => undefined,
    interference: {
      phase: (name, context) => {
        if (name !== 'migrate') return;
        onMigrate?.(context, () => {
          cancelled.abort();
        });
      },
    },
  });
  assert.deepEqual(scratch.processes(), []);
  assert.deepEqual(memoryOpen(), []);
  return report;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** @returns what the two have in common, checked */
function coherent({ outcome, measured, course }: AttemptReport): {
  readonly measured: NonNullable<AttemptReport['measured']>;
  readonly course: NonNullable<AttemptReport['course']>;
} {
  assert.equal(outcome.kind, 'passed', JSON.stringify(outcome));
  assert.ok(measured !== undefined && course !== undefined);
  const text = JSON.stringify(measured);
  const { guestDowntimeMs = -1, guestDowntimeErrorMs = -1, stopToResumeMs = 0 } = measured;
  assert.ok(guestDowntimeErrorMs > 0, text);
  // the guest stands still before STOP, and until after RESUME
  assert.ok(guestDowntimeMs > stopToResumeMs - guestDowntimeErrorMs, text);
  assert.ok((measured.deviceDowntimeMs ?? 0) > 0, text);
  assert.ok((measured.deviceDowntimeErrorMs ?? 0) > 0, text);
  assert.ok((measured.guestLostMs ?? -1) >= 0, text);
  assert.ok((measured.destinationPeakBytes ?? 0) > 32 * 2 ** 20, text);
  const { marks, progress, processor, guestSpeed } = course;
  const [stop, resume] = ['STOP', 'RESUME'].map((wanted) =>
    marks.findIndex(({ name }) => name === wanted),
  );
  assert.ok(stop !== undefined && resume !== undefined && 0 <= stop && stop < resume, text);
  assert.ok(progress.length > 1 && progress.some((point) => point.transferredBytes !== undefined));
  const ofSource = processor.filter(({ side }) => side === 'source');
  const usedMs = measured.sourceProcessorMs ?? 0;
  assert.ok(sum(ofSource.map(({ ms }) => ms)) >= usedMs, JSON.stringify(processor));
  assert.ok(ofSource.some(({ threads, ms }) => threads === 'vCPU' && ms > 0));
  // it wrote before, and not in the middle of the downtime
  assert.ok(guestSpeed !== undefined && sum(guestSpeed.pages) > 1000);
  const middleMs = ((marks[stop]?.atMs ?? 0) + (marks[resume]?.atMs ?? 0)) / 2;
  const bin = Math.floor((middleMs - guestSpeed.fromMs) / guestSpeed.binMs);
  if (stopToResumeMs > 40) assert.equal(guestSpeed.pages[bin], 0, text);
  return { measured, course };
}

for (const version of ['7.2', '10.0', '11.1'] as const) {
  const { skip } = realQemu(version);
  test(
    `QEMU ${version}: postcopy is measured while its memory stays intact`,
    { skip },
    async () => {
      // A guest that a busy host does not run has nothing to send after the first iteration: so
      // postcopy begins within it.
      const scenario: ScenarioInput = {
        guest: small,
        migration: {
          transport: 'postcopy',
          postcopyAfterBytes: 8 * 2 ** 20,
          parameters: { 'max-bandwidth': 40_000_000 },
        },
      };
      const { measured, course } = coherent(await measure({ version, scenario }));
      assert.ok((measured.postcopyBytes ?? 0) > 2 ** 20);
      assert.equal(course.downtimeParts.length > 0, version !== '7.2');
      assert.equal(course.faultLatency !== undefined, version === '11.1');
    },
  );
}

test('precopy by multifd, in parts', { skip: realQemu('11.1').skip }, async () => {
  const guest = { ...small, writers: 2 };
  const scenario: ScenarioInput = { guest, migration: { transport: 'multifd', channels: 2 } };
  const { measured, course } = coherent(await measure({ version: '11.1', scenario }));
  assert.ok(course.processor.some(({ threads }) => threads === 'multifd send'));
  assert.ok(sum(course.processor.map(({ ms }) => ms)) > 0);
  assert.ok((measured.multifdBytes ?? 0) > 2 ** 20);
  const steps = course.downtimeParts.filter(({ kind }) => kind === 'step');
  assert.deepEqual(
    steps.map(({ name }) => name),
    [
      'vm-stopped',
      'iterable-saved',
      'non-iterable-saved',
      'precopy-loadvm-completed',
      'precopy-bh-enter',
      'precopy-bh-announced',
      'precopy-bh-vm-started',
    ],
  );
  // their beginning and end are near the events
  const { stopToResumeMs = 0 } = measured;
  const partsMs = sum(steps.map(({ ms }) => ms));
  assert.ok(partsMs > stopToResumeMs / 2 && partsMs < 2 * stopToResumeMs + 100, String(partsMs));
  const devices = course.downtimeParts.filter(({ kind }) => kind === 'device');
  for (const side of ['source', 'destination'] as const) {
    assert.ok(
      devices.some((part) => part.side === side && part.name === 'ram'),
      side,
    );
  }
});

test('through a file', { skip: realQemu('10.0').skip }, async () => {
  const scenario: ScenarioInput = { guest: small, migration: { transport: 'mapped-ram' } };
  const { measured } = coherent(await measure({ version: '10.0', scenario }));
  assert.ok((measured.guestDowntimeMs ?? 0) > (measured.restoreMs ?? Infinity));
});

const unix: ScenarioInput = { guest: small, migration: { transport: 'unix' } };

test(
  'private memory is not watched, and --no-probes measures nothing of this',
  { skip: realQemu('10.0').skip },
  async () => {
    const scenario: ScenarioInput = { ...unix, machine: { backend: 'anon' } };
    const { measured, course } = await measure({ version: '10.0', scenario });
    assert.equal(measured?.guestDowntimeMs, undefined);
    assert.ok((measured?.deviceDowntimeMs ?? 0) > 0, 'the device shows it all the same');
    assert.equal(course?.guestSpeed, undefined);
    assert.ok((course?.marks.length ?? 0) > 3 && (measured?.stopToResumeMs ?? 0) > 0);
    const without = await measure({ version: '10.0', scenario: unix, probes: false });
    assert.equal(without.outcome.kind, 'passed');
    assert.equal(without.course, undefined);
    assert.equal(without.measured?.guestDowntimeMs, undefined);
    assert.equal(without.measured?.deviceDowntimeMs, undefined);
    assert.ok((without.measured?.stopToResumeMs ?? 0) > 0);
  },
);

test(
  'the watch ends with a QEMU that is killed, and with a run that is cancelled',
  { skip: realQemu('10.0').skip },
  async () => {
    const { outcome } = await measure({
      version: '10.0',
      scenario: unix,
      onMigrate: ({ machines }) => {
        setTimeout(() => {
          process.kill(machines[1]?.pid ?? 0, 'SIGKILL');
        }, 700);
      },
    });
    assert.equal(outcome.kind === 'failed' && outcome.failure.code, 'qemu-exited');
    const cancelled = await measure({
      version: '10.0',
      scenario: unix,
      onMigrate: (_context, cancel) => {
        setTimeout(cancel, 200);
      },
    });
    assert.equal(cancelled.outcome.kind, 'cancelled');
  },
);

test(
  'a guest that writes nothing completes in the slow start, and the failure says what to change',
  { skip: realQemu('10.0').skip },
  async () => {
    let stopped: Promise<unknown> | undefined;
    const { outcome } = await measure({
      version: '10.0',
      scenario: { ...unix, guest: { memoryMiB: 16 } },
      probes: false,
      onMigrate: ({ machines }) => {
        stopped = machines[0]?.qmp.execute('stop');
      },
    });
    await stopped;
    assert.ok(outcome.kind === 'failed', outcome.kind);
    assert.equal(outcome.failure.code, 'idle-guest');
    assert.match(outcome.failure.message, /during its slow start.*: give the guest more memory/);
  },
);
