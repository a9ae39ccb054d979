/** One attempt of a test that is part of no report: for its outcome alone. */
import { rmSync } from 'node:fs';
import type { Outcome } from '../model/outcome.js';
import { startTask } from './attempts.js';
import type { AttemptsSetup, PlannedTest } from './attempts.js';

/** @param input evidence of a failure goes to its folder, and is removed @param number of the try in the run */
export async function tryOut(
  input: AttemptsSetup & { readonly signal: AbortSignal },
  { path, name, file }: PlannedTest,
  number: number,
): Promise<Outcome> {
  const started = startTask(
    { ...input, keep: false, emit: () => undefined },
    {
      of: { test: name, attempt: 1 },
      task: { path, file },
      directoryName: `try-${number}`,
      keptName: () => `tried-${number}`,
    },
  );
  input.signal.addEventListener('abort', started.cancel, { once: true });
  try {
    const { outcome, directory } = await started.ended;
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    return outcome;
  } finally {
    input.signal.removeEventListener('abort', started.cancel);
  }
}
