// Brings a fresh clone to the point where Drover can be run, built or tested, and does nothing, fast,
// when it is there already: node scripts/setup.mjs run|build|native|pack
// Leaves out how each product is made: see setup/stages.mjs.
import path from 'node:path';
import process from 'node:process';
import { SetupFailure } from './setup/command.mjs';
import { withLock } from './setup/lock.mjs';
import { TARGETS, prebuildStage } from './setup/prebuild.mjs';
import * as stages from './setup/stages.mjs';

/**
 * What set-up makes for each profile: `run` starts Drover; `build` makes all of this clone; `native` only what is
 * compiled from C++; `pack` what `npm pack` ships.
 */
const PROFILES = {
  run: [stages.systemStage(['build', 'run']), ...stages.buildStages],
  build: [stages.systemStage(['build']), ...stages.buildStages],
  native: [stages.systemStage(['build']), stages.npmStage, stages.nativeStage],
  pack: [
    stages.systemStage(['build', 'pack']),
    ...[stages.npmStage, stages.typescriptStage],
    ...Object.keys(TARGETS).map(prebuildStage),
  ],
};

export function stagesOf(profile) {
  if (Object.hasOwn(PROFILES, profile)) return PROFILES[profile];
  throw new SetupFailure(`no such profile: ${profile}`, {
    advice: `usage: node scripts/setup.mjs ${Object.keys(PROFILES).join('|')}`,
  });
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
