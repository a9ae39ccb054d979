/**
 * Runs one native operation on an image, with cancellation by a signal, progress reports, and
 * Drover's errors.
 */
import { untilAborted } from './in-flight.js';
import { Cancelled } from '../model/deadline.js';
import { contractError } from '../model/errors.js';
import type { NativeImageTask, NativeOpened, NativeOpening } from '../native/image-addon.js';
import type { NativeError } from '../native/task.js';
import { isNative, toRamError } from './native-errors.js';
import { hex } from '../model/text/format.js';

/** `total` is 0 while it is unknown. Must not throw. */
export type OnProgress = (done: number, total: number) => void;

export interface WorkOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

const progressEveryMs = 100;
const neverAborted = new AbortController().signal;

/** `source` names the image in errors. */
export async function runImageTask<T>(
  start: () => NativeImageTask<T>,
  source: string,
  { signal = neverAborted, onProgress }: WorkOptions,
): Promise<T> {
  refuseAborted(signal);
  let timer: NodeJS.Timeout | undefined;
  try {
    const task = start();
    if (onProgress !== undefined) {
      timer = setInterval(() => {
        const { done, total } = task.progress();
        onProgress(done, total);
      }, progressEveryMs);
    }
    return await untilAborted(task, signal);
  } catch (error) {
    // Whatever error the work ended with: the caller cancelled it.
    refuseAborted(signal);
    throw toImageError(error, source);
  } finally {
    clearInterval(timer);
  }
}

/** What fills a file while it is read. */
export interface Writer {
  /** settles when all of the file is there, or when the writer was stopped */
  readonly ended: Promise<unknown>;
  /** Ends it: no more of the file is needed. */
  readonly stop: () => void;
}

/**
 * Damaged content may be the writer's fault: for so long, ms, it may go on and say so. The rest of a
 * damaged file is of no use, and unpacking it can take hours.
 */
const lastWordMs = 1000;

/**
 * Opens a file that is still being written. What the writer rejects with comes before any error of
 * reading; progress is the writer's. Where the content is damaged and nothing of it is to be read,
 * the writer is stopped.
 */
export async function openBehindWriter(
  { ended: writing, stop }: Writer,
  start: () => NativeOpening,
  source: string,
  { signal }: WorkOptions,
): Promise<NativeOpened> {
  const startBehind = (): NativeOpening => {
    const task = start();
    writing.then(
      () => task.written(),
      () => task.cancel(),
    );
    return task;
  };
  const opening = runImageTask(startBehind, source, { signal });
  let timer: NodeJS.Timeout | undefined;
  const stopSoon = (): void => {
    timer = setTimeout(stop, lastWordMs);
  };
  const settled = opening.then(({ image }) => {
    if (image === null) stopSoon();
  }, stopSoon);
  try {
    await writing;
  } finally {
    await settled;
    clearTimeout(timer);
  }
  return await opening;
}

function refuseAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new Cancelled();
}

/** Errors that appear only when pages are read: the file is damaged, the host is not at fault. */
const damage: Partial<Record<NativeError['code'], string>> = {
  'bad-data': 'a page cannot be decoded',
  'too-small': 'the file was cut short while it was read',
};

function toImageError(error: unknown, source: string): unknown {
  if (!isNative(error)) return error;
  const what = damage[error.code];
  if (what === undefined) return toRamError(error, source);
  const { address } = error;
  const at = address === undefined ? '' : ` at offset ${address} (${hex(address)})`;
  return contractError('image-broken', `${source}: ${what}${at}: ${error.message}`, {
    cause: error,
  });
}
