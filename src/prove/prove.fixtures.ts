/** A recording of a real guest, for tests of what becomes of it. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { contextFor, planFor } from '../migration/context.fixtures.js';
import { Scratch } from '../model/scratch.fixtures.js';
import type { RealQemu } from '../qemu/qemus.fixtures.js';
import { record } from './recording.js';
import type { Recording, RecordingKind } from './recording.js';
import type { MutantResult } from './findings.js';
import type { Mutant } from './mutants.js';
import { tryMutant } from './try-mutant.js';

/** of the usual stamps, which hold the page's address */
const guest = { stamp: 'wide' } as const;

export interface RecordedGuest {
  readonly recording: Recording;
  try(mutant: Pick<Mutant, 'edits'> & Partial<Mutant>): Promise<MutantResult>;
}

/** Records, hands over, and ends all QEMUs. */
export async function withRecording(
  qemu: RealQemu,
  kind: RecordingKind,
  body: (guest: RecordedGuest) => Promise<void>,
): Promise<void> {
  using scratch = new Scratch();
  const plan = await planFor(qemu, scratch.directory);
  await using context = contextFor(plan, scratch.directory, guest);
  using recording = await record(context, kind);
  const folder = path.join(scratch.directory, 'tried');
  mkdirSync(folder);
  let tried = 0;
  await body({
    recording,
    try: async (mutant) =>
      await tryMutant({
        ...{ plan, recording, guest, timeoutMs: 60_000 },
        ...{ signal: context.signal, directory: path.join(folder, String(tried++)) },
        mutant: {
          ...{ recording: kind, damage: 'head', region: 'state', text: 'a test', pages: [] },
          ...mutant,
        },
      }),
  });
}
