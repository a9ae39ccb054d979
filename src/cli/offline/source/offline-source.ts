/**
 * Opens what a command is given as SOURCE: a file, several files of one stream, `-` for standard
 * input, a snapshot as FILE#NAME, or `pid:N`, a QEMU whose guest is stopped. A live guest is
 * watched before and after it is read, since memory that changes while it is read shows nothing.
 */
import { stat } from 'node:fs/promises';
import os from 'node:os';
import { HarnessError } from '../../../model/errors.js';
import { guestActivity } from '../../../memory/guest-activity.js';
import { openImage } from '../../../memory/image.js';
import type { MemoryImage } from '../../../memory/image.js';
import { describeLiveGuest, findLiveGuest, openLiveGuest } from '../../../memory/live-guest.js';
import type { LiveGuest } from '../../../memory/live-guest.js';
import { hex } from '../../../model/text/format.js';
import type { Environment } from '../../process/environment.js';
import { unreadable, usage } from '../bad-source.js';
import { split, unpack } from '../containers/unpack.js';
import type { Container, UnpackedFile } from '../containers/unpack.js';
import { openOptions } from './offline-options.js';
import type { SourceOptions } from './offline-options.js';
import type { OfflineSession } from '../offline-output.js';

interface Expected {
  readonly allowRunning?: boolean;
  readonly files?: ReadonlyMap<string, string>;
  readonly unpacked?: readonly UnpackedFile[];
  readonly problem?: string | undefined;
}

export class OfflineSource implements Disposable {
  readonly image: MemoryImage;
  /** for people: what was read */
  readonly label: string;
  /** the architecture, where the source says so */
  readonly arch: string | undefined;
  /** what the memory was packed in, the outermost first */
  readonly containers: readonly Container[];
  /** why unpacking may not have given all of it */
  readonly problem: string | undefined;
  readonly #live: LiveGuest | undefined;
  readonly #allowRunning: boolean;
  /** how each file looked before it was opened, by its name */
  readonly #files: ReadonlyMap<string, string>;

  constructor(
    image: MemoryImage,
    live: LiveGuest | undefined,
    { allowRunning = true, files = new Map(), unpacked = [], problem }: Expected,
  ) {
    this.containers = unpacked.flatMap(({ containers }) => containers);
    this.problem = problem;
    this.#files = files;
    this.image = image;
    this.#live = live;
    this.#allowRunning = allowRunning;
    this.label = live === undefined ? image.label : describeLiveGuest(live);
    this.arch = live?.words.arch;
  }

  get live(): boolean {
    return this.#live !== undefined;
  }

  /**
   * After reading: throws when the guest has begun to run meanwhile, or a file is not what it was.
   */
  async requireUnchanged(signal: AbortSignal): Promise<void> {
    for (const [word, before] of this.#files) {
      const now = await stampOf(word);
      if (now === before) continue;
      throw new HarnessError({
        code: 'source-changed',
        blame: 'usage',
        message: `${word}: another process changed it while Drover read it; wait until it is complete, and try again`,
        details: [`before: ${before}`, `now: ${now}`],
      });
    }
    if (this.#live !== undefined && !this.#allowRunning) {
      await requireStopped(this.#live.pid, signal);
    }
  }

  [Symbol.dispose](): void {
    this.image[Symbol.dispose]();
  }
}

/**
 * @param words SOURCE arguments that belong together
 * @param given with `live` the guest may run
 */
export async function openSource(
  words: readonly string[],
  given: SourceOptions & { readonly live?: boolean },
  environment: Pick<Environment, 'temporaryDirectory' | 'forQemu'>,
  { signal, progress }: Pick<OfflineSession, 'signal' | 'progress'>,
): Promise<OfflineSource> {
  const allowRunning = given.live === true;
  const options = openOptions(given, environment.temporaryDirectory);
  const onProgress = progress.step(`reading ${words[0] ?? ''}`);
  const work = { signal, onProgress };
  const pid = pidOf(words);
  if (pid !== undefined) {
    const guest = findLiveGuest(pid);
    if (!allowRunning) await requireStopped(pid, signal);
    return new OfflineSource(await openLiveGuest(guest, options, work), guest, { allowRunning });
  }
  await requireReadable(words);
  const files = new Map<string, string>();
  for (const { file } of words.map(split)) {
    if (file !== '-' && (await stat(file)).isFile()) files.set(file, await stampOf(file));
  }
  // What a user says of the format or the place in the file is of the file as it is.
  const plain = options.format !== undefined || options.fileOffset !== undefined;
  const folder = options.temporaryFolder ?? os.tmpdir();
  const env = environment.forQemu;
  const unpacked: UnpackedFile[] = [];
  try {
    for (const label of words) {
      const { salvage } = options;
      const follow = words.length === 1;
      unpacked.push(await unpack(label, { label, folder, env, ...work, salvage, plain, follow }));
    }
    const offset = unpacked.find((each) => each.offset !== undefined)?.offset;
    // Nothing else is in these, whatever the first bytes look like.
    const isStream = unpacked.some(({ containers }) =>
      containers.some(({ kind }) => kind === 'libvirt save image' || kind === 'qcow2 image'),
    );
    const growing = unpacked.find((each) => each.growing);
    const image = await openImage(
      unpacked.map(({ fd }, index) => ({ file: fd, label: words[index] ?? '' })),
      {
        ...options,
        format: isStream ? 'stream' : options.format,
        fileOffset: options.fileOffset ?? offset,
      },
      work,
      growing === undefined ? undefined : { ended: growing.complete, stop: growing.stop },
    );
    requirePageStart(image, options.rawAddress);
    const problems = await Promise.all(unpacked.map(({ complete }) => complete));
    const problem = problems.find((each) => each !== undefined);
    return new OfflineSource(image, undefined, { files, unpacked, problem });
  } catch (error) {
    throw guessed(error, unpacked);
  } finally {
    for (const each of unpacked) each[Symbol.dispose]();
  }
}

/** Pages are compared and exported as a whole: raw memory cannot begin within one. */
function requirePageStart(image: MemoryImage, address = 0): void {
  const pageBytes = image.blocks[0]?.pageBytes ?? 1;
  if (image.format !== 'raw' || address % pageBytes === 0) return;
  image[Symbol.dispose]();
  throw usage(
    `--address ${hex(address)}: begins within a page of ${pageBytes} bytes; give the address of a page, and by --offset where that page starts in the file`,
  );
}

/**
 * Where a stream was only looked for, the file may be memory that holds a stream's first bytes by
 * chance.
 */
function guessed(error: unknown, unpacked: readonly UnpackedFile[]): unknown {
  const prefix = unpacked
    .flatMap(({ containers }) => containers)
    .find(({ kind }) => kind === 'prefix');
  if (!(error instanceof HarnessError) || prefix?.kind !== 'prefix') return error;
  const { details = [] } = error.input;
  const how = `taken for a migration stream behind a prefix of ${prefix.bytes} bytes; --offset names another place, --format raw takes the file as memory`;
  return new HarnessError({ ...error.input, details: [how, ...details] });
}

/** Size and time of the last change: a write to the file changes one of them. */
async function stampOf(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found === undefined ? 'gone' : `${found.size} bytes, written at ${found.mtimeNs} ns`;
}

export function pidOf(words: readonly string[]): number | undefined {
  const given = words
    .map((word) => /^pid:([^]*)$/.exec(word)?.[1])
    .find((text) => text !== undefined);
  if (given === undefined) return undefined;
  if (!/^[1-9]\d{0,9}$/.test(given))
    throw usage(`pid:${given}: expected a process id, such as pid:4242`);
  if (words.length > 1)
    throw usage(`pid:${given}: a live guest takes no further files; leave them out`);
  return Number(given);
}

/** @param advice what a user can do */
export async function requireStopped(
  pid: number,
  signal: AbortSignal,
  advice = "stop it first (monitor command 'stop'), or use --live (may show false damage)",
): Promise<void> {
  const activity = await guestActivity(pid, { signal });
  if (activity.kind === 'stopped') return;
  throw new HarnessError({
    code: 'guest-running',
    blame: 'usage',
    message: `pid:${pid}: the guest is running (${activity.why}), so its memory changes while Drover reads it`,
    details: [advice],
  });
}

/** Says it here, in the user's words, before native code says it in the kernel's. */
async function requireReadable(words: readonly string[]): Promise<void> {
  for (const word of words) {
    if (word === '-') continue;
    const found = await stat(split(word).file).catch((cause: unknown) => {
      throw unreadable(word, cause);
    });
    // Among several files, an empty one is a channel that was never used.
    if (found.isFile() && found.size === 0 && words.length === 1) throw usage(`${word}: is empty`);
  }
}
