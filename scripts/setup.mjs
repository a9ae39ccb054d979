// Brings a fresh clone to the point where Drover can be run, built or tested, and does nothing, fast,
// when it is there already: node scripts/setup.mjs run|build|native|test
// Leaves out how each product is made: see setup/stages.mjs.
import path from 'node:path';
import process from 'node:process';
import { SetupFailure } from './setup/command.mjs';
import { withLock } from './setup/lock.mjs';
import * as stages from './setup/stages.mjs';

/**
 * `run` starts Drover; `build` makes what `npm pack` ships; `native` only what is compiled from C++;
 * `test` is all. `ownQemu`: the user names a QEMU, so the system's need not be there.
 */
export function stagesOf(profile, { ownQemu = false } = {}) {
  const { npmStage, nativeStage, guestStage, typescriptStage, systemStage, qemuStage } = stages;
  switch (profile) {
    case 'run':
      return [
        systemStage(ownQemu ? ['build'] : ['build', 'run']),
        npmStage,
        nativeStage,
        guestStage,
        typescriptStage,
      ];
    case 'build':
      return [systemStage(['build']), npmStage, nativeStage, guestStage, typescriptStage];
    case 'native':
      return [systemStage(['build']), npmStage, nativeStage];
    case 'test':
      return [
        systemStage(['build', 'run', 'test', 'lint', 'fuzz']),
        npmStage,
        nativeStage,
        guestStage,
        typescriptStage,
        ...stages.TEST_QEMU_VERSIONS.map((version) => qemuStage(version)),
      ];
    default:
      throw new SetupFailure(`no such profile: ${profile}`, {
        advice: 'usage: node scripts/setup.mjs run|build|native|test',
      });
  }
}

/** To stderr: what is printed on stdout belongs to the job that follows. */
const say = (text) => {
  process.stderr.write(`drover set-up: ${text}\n`);
};

/**
 * Makes the stale ones of `wanted`, in order. `onFailure(stage, error)` decides whether to go on after
 * a stage failed; without it, the failure is thrown.
 */
export async function setUp(wanted, { onFailure, onMade } = {}) {
  if (wanted.every((stage) => stage.isFresh())) return;
  await withLock(path.join(stages.ROOT, '.cache/setup.lock'), say, async () => {
    for (const stage of wanted) {
      if (stage.isFresh()) continue;
      say(`${stage.title()} ...`);
      const startMs = performance.now();
      try {
        await stage.make();
      } catch (error) {
        if (!onFailure?.(stage, error)) throw error;
        continue;
      }
      const tookMs = performance.now() - startMs;
      onMade?.(stage, tookMs);
      say(`${stage.id} done in ${(tookMs / 1000).toFixed(1)} s`);
    }
  });
}

/** Runs `main`; a failed set-up becomes one message and exit code 3. */
export async function endingCleanly(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    process.stderr.write(`${error.describe()}\n`);
    process.exitCode = 3;
  }
}

if (process.argv[1] === import.meta.filename) {
  await endingCleanly(() => setUp(stagesOf(process.argv[2])));
}
