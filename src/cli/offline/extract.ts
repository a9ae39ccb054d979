/** `--extract DIR`: RAM blocks, device state and its description as files. Nothing that exists is written over. */
import { open, mkdir, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { HarnessError } from '../../model/errors.js';
import type { MemoryImage } from '../../memory/image.js';
import { deviceSections } from '../../memory/device-states.js';
import { showName } from './offline-output.js';
import type { OfflineSession } from './offline-output.js';
import { FileNames, safeName } from './safe-name.js';

const pieceBytes = 1024 ** 2;

export interface ExtractedFile {
  readonly file: string;
  /** what it is, by the name the source gives it */
  readonly what: string;
  readonly bytes: number;
}

export async function extract(
  image: MemoryImage,
  folder: string,
  session: OfflineSession,
): Promise<ExtractedFile[]> {
  const { signal, progress } = session;
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw unwritable(folder, cause);
  });
  const names = new FileNames();
  const done: ExtractedFile[] = [];
  const write = async (
    name: string,
    what: string,
    bytes: number,
    fill: (file: FileHandle) => Promise<unknown>,
  ): Promise<void> => {
    signal.throwIfAborted();
    const file = path.join(folder, name);
    // 'wx': a file or link that is there already is left alone.
    const handle = await open(file, 'wx', 0o600).catch((cause: unknown) => {
      throw unwritable(file, cause);
    });
    try {
      await fill(handle);
    } catch (cause) {
      // A part of it would look like the whole.
      await rm(file, { force: true });
      throw isWriting(cause) ? unwritable(file, cause) : cause;
    } finally {
      await handle.close();
    }
    done.push({ file, what, bytes });
  };

  for (const [index, block] of image.blocks.entries()) {
    if (block.contentElsewhere) continue;
    const name = names.take(`ram-${safeName(block.name)}`, '.bin');
    const onProgress = progress.step(`writing ${name}`);
    await write(name, `RAM block ${showName(block.name)}`, block.length, async (file) => {
      await image.extract(index, file.fd, { signal, onProgress });
    });
  }
  const { report } = image;
  if (report === null) return done;
  const copy = async (file: FileHandle, offset: number, length: number): Promise<void> => {
    for (let at = 0; at < length; at += pieceBytes) {
      signal.throwIfAborted();
      const piece = Math.min(pieceBytes, length - at);
      await file.writeFile(await image.readInput(report.mainInput, offset + at, piece));
    }
  };
  for (const { name, instance, offset, length } of deviceSections(image)) {
    const file = names.take(`device-${safeName(name)}-${instance}`, '.bin');
    const what = `state of ${showName(name)}, instance ${instance}`;
    await write(file, what, length, async (handle) => {
      await copy(handle, offset, length);
    });
  }
  if (report.vmdescLength > 0) {
    const name = names.take('description', '.json');
    await write(name, 'description of the device state', report.vmdescLength, async (handle) => {
      await copy(handle, report.vmdescOffset, report.vmdescLength);
    });
  }
  progress.clear();
  return done;
}

/** Native code says in its message which call failed. */
function isWriting(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  return 'syscall' in cause || /\b(pwrite|ftruncate): /.test(cause.message);
}

function unwritable(file: string, cause: unknown): HarnessError {
  const native = /\b(?:pwrite|ftruncate): (.*)$/m.exec(String(cause))?.[1];
  const code = native ?? (cause as NodeJS.ErrnoException).code ?? String(cause);
  const exists = code === 'EEXIST';
  return new HarnessError({
    code: 'extract-failed',
    blame: exists || code === 'ENOTDIR' ? 'usage' : 'host',
    message: exists
      ? `${file}: exists already; extract into an empty folder`
      : `${file}: cannot be written (${code})`,
    cause,
  });
}
