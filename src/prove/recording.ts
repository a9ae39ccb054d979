/**
 * A migration of a running guest whose destination is files: what was sent, and the source that sent
 * it, which has stopped with the memory and the device state that must arrive.
 */
import { copyFile } from 'node:fs/promises';
import { HarnessError, contractError, saysHostExhausted } from '../model/errors.js';
import { shellQuote } from '../model/shell.js';
import { openImage } from '../memory/image.js';
import type { MemoryImage } from '../memory/image.js';
import type { Description } from '../memory/device-states.js';
import { readDescription } from '../memory/device-states.js';
import { savedDevices } from '../migration/arrival/compare-devices.js';
import { blocksOf, openBlocks } from '../migration/arrival/compare-ram.js';
import type { SideRam } from '../migration/arrival/compare-ram.js';
import { giveTellingValues } from '../migration/arrival/telling-values.js';
import { migrate, migrateIncoming, setCapability, setParameters } from '../migration/commands.js';
import type { TestContext, TestMachine } from '../migration/context.js';
import { convergingRate } from '../migration/pair.js';
import { waitGuestPasses, waitSerial, waitStatus } from '../migration/waits.js';
import { ChannelPlayer, ChannelRecorder } from './channels.js';
import { editInPlace, editedFile, editsOf } from './edit.js';
import type { Edit } from './edit.js';

/** How a migration goes into files. */
export const recordingKinds = ['precopy', 'multifd', 'mapped-ram'] as const;
export type RecordingKind = (typeof recordingKinds)[number];

const capabilities: Readonly<Record<RecordingKind, readonly string[]>> = {
  precopy: [],
  multifd: ['multifd'],
  'mapped-ram': ['mapped-ram'],
};

const channels = 2;

export class Recording implements Disposable {
  constructor(
    readonly kind: RecordingKind,
    /** the main stream first */
    readonly files: readonly string[],
    /** what the files hold */
    readonly image: MemoryImage,
    readonly source: TestMachine,
    readonly sourceRam: SideRam,
    /** what the source saved of its devices afterwards, which a destination saves too */
    readonly sourceDevices: MemoryImage,
    readonly description: Description,
  ) {}

  [Symbol.dispose](): void {
    this.image[Symbol.dispose]();
    this.sourceRam[Symbol.dispose]();
    this.sourceDevices[Symbol.dispose]();
  }
}

/** The guest runs while its memory is sent. Its machine belongs to the context. */
export async function record(context: TestContext, kind: RecordingKind): Promise<Recording> {
  const { deadlines, signal, plan } = context;
  const firmware = context.writeGuest();
  const source = await context.startMachine({
    ...{ side: 'source', memory: { kind: 'anon' }, firmware },
    tag: `-${kind}`,
  });
  await setUp(source, kind);
  await setParameters(source, convergingRate);
  await waitSerial(source);
  await grow(source);
  await giveTellingValues(source);
  const fileOf = (part: number | string): string => context.file(`${kind}-${part}.recorded`);
  let files: readonly string[];
  if (kind === 'mapped-ram') {
    files = [fileOf('file')];
    const since = await migrate(source, { uri: `file:${files[0] ?? ''}` });
    await waitStatus(source, { goal: 'completed', since }).catch((error: unknown) => {
      throw hostsFault(error);
    });
  } else {
    const path = context.file(`${kind}-recorder`);
    await using recorder = await ChannelRecorder.listen(path, fileOf);
    const since = await migrate(source, { uri: `unix:${path}` });
    try {
      await waitStatus(source, { goal: 'completed', since });
    } catch (error) {
      throw recorder.failure ?? error;
    }
    await recorder.written(deadlines.statusMs, signal);
    files = recorder.files;
  }
  const options = { format: 'stream', machine: plan.machine } as const;
  const image = await openImage(files, options, { signal });
  const { completeness, completenessReason } = image.report ?? {};
  if (completeness !== 'complete') {
    throw contractError(
      'incomplete-recording',
      `the source completed, and what it sent is not complete: ${completenessReason ?? ''}`,
      { side: 'source', details: [`files: ${files.map(shellQuote).join(' ')}`] },
    );
  }
  return new Recording(
    ...([kind, files, image, source] as const),
    openBlocks({ pid: source.pid, blocks: await blocksOf(source) }),
    await savedDevices(source),
    await readDescription(image),
  );
}

/** Twice this, for a page of 256 generations ago. A wait counts no more than a byte does. */
const passes = 130;

/** Until each page has been written that often: a byte comes round before, so there it is no use. */
async function grow(source: TestMachine): Promise<void> {
  const { stamped, deadlines, signal } = source.context;
  const { stamp = 'byte', start: address } = stamped;
  if (stamp === 'byte') return;
  const ram = await source.ram(stamped, signal);
  const goal = { ram, address, passes, timeoutMs: deadlines.statusMs, signal };
  for (const half of [goal, goal]) await waitGuestPasses(source, half);
}

/** A QEMU that writes the file itself says what the host lacked. */
function hostsFault(error: unknown): unknown {
  if (!(error instanceof HarnessError) || !saysHostExhausted(error.message)) return error;
  return new HarnessError({ ...error.input, code: 'recording-failed', blame: 'host' });
}

async function setUp(machine: TestMachine, kind: RecordingKind): Promise<void> {
  for (const name of [...capabilities[kind], 'events']) await setCapability(machine, name);
  if (kind === 'multifd') await setParameters(machine, { 'multifd-channels': channels });
}

/** Starts a destination that does not run, and sends it a recording with edits. */
export async function replay(
  context: TestContext,
  recording: Recording,
  edits: readonly Edit[],
): Promise<TestMachine> {
  const { kind, files } = recording;
  const firmware = context.writeGuest();
  const destination = await context.startMachine({
    ...{ side: 'destination', memory: { kind: 'anon' }, firmware },
    ...{ paused: true, incoming: 'defer' },
  });
  await setUp(destination, kind);
  context.observer.phase('migrate');
  const since = destination.qmp.events.cursor;
  if (kind === 'mapped-ram') {
    const copy = context.file('damaged.file');
    await copyFile(files[0] ?? '', copy);
    await editInPlace(copy, editsOf(edits, 0));
    await destination.qmp.execute('migrate-incoming', { uri: `file:${copy}` });
    await waitStatus(destination, { goal: 'completed', since });
    return destination;
  }
  const path = context.file('player');
  await migrateIncoming(destination, { uri: `unix:${path}` });
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  using player = new ChannelPlayer();
  const playing = player.play(
    path,
    files.map((file, index) => editedFile(file, editsOf(edits, index), signal)),
    signal,
  );
  // A recording that cannot be read on ends the stream as damage would.
  const waited = waitStatus(destination, { goal: 'completed', since }).finally(() => {
    over.abort();
  });
  const [loaded, played] = await Promise.allSettled([waited, playing]);
  for (const part of [played, loaded]) if (part.status === 'rejected') throw part.reason;
  return destination;
}
