/**
 * `--extract DIR`: RAM blocks, device state and its description as files. Nothing that exists is
 * written over.
 */
import { mkdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { MemoryImage } from '../../../memory/image.js';
import { deviceSections } from '../../../memory/device-states.js';
import { showName } from '../offline-output.js';
import type { OfflineSession } from '../offline-output.js';
import { unwritable, writeNewFile } from '../new-file.js';
import { holesIn } from '../source/places.js';
import { FileNames, safeName } from './safe-name.js';

const pieceBytes = 1024 ** 2;

export interface ExtractedFile {
  readonly file: string;
  /** what it is, by the name the source gives it */
  readonly what: string;
  readonly bytes: number;
  /** holes of the file in place of memory that the source lacks */
  readonly absentBytes: number;
}

export interface Extracted {
  readonly files: readonly ExtractedFile[];
  /** RAM blocks without a file, since the source holds nothing of them */
  readonly leftOut: readonly string[];
}

export async function extract(
  image: MemoryImage,
  folder: string,
  session: OfflineSession,
): Promise<Extracted> {
  const { signal, progress } = session;
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw unwritable(folder, cause, 'name a folder');
  });
  const names = new FileNames();
  const done: ExtractedFile[] = [];
  const leftOut: string[] = [];
  const write = async (
    name: string,
    what: string,
    bytes: number,
    fill: (file: FileHandle) => Promise<number>,
  ): Promise<void> => {
    signal.throwIfAborted();
    const file = path.join(folder, name);
    const absent = await writeNewFile(file, fill, { advice: 'extract into an empty folder' });
    done.push({ file, what, bytes, absentBytes: absent });
  };

  for (const [index, block] of image.blocks.entries()) {
    if (block.contentElsewhere) {
      leftOut.push(block.name);
      continue;
    }
    const name = names.take(`ram-${safeName(block.name)}`, '.bin');
    const onProgress = progress.step(`writing ${name}`);
    await write(name, `RAM block ${showName(block.name)}`, block.length, async (file) => {
      const range = { block: index, start: 0, end: block.length, fileOffset: 0 };
      const target = { fd: file.fd, fileBytes: block.length };
      const { absent } = await image.extract([range], target, { signal, onProgress });
      return absent - holesIn(block, image.format) * block.pageBytes;
    });
  }
  const { report } = image;
  const extracted = { files: done, leftOut };
  if (report === null) return extracted;
  const copy = async (file: FileHandle, offset: number, length: number): Promise<number> => {
    for (let at = 0; at < length; at += pieceBytes) {
      signal.throwIfAborted();
      const piece = Math.min(pieceBytes, length - at);
      await file.writeFile(await image.readInput(report.mainInput, offset + at, piece));
    }
    return 0;
  };
  for (const { name, instance, offset, length } of deviceSections(image)) {
    const file = names.take(`device-${safeName(name)}-${instance}`, '.bin');
    const what = `state of ${showName(name)}, instance ${instance}`;
    await write(file, what, length, async (handle) => await copy(handle, offset, length));
  }
  if (report.vmdescLength > 0) {
    const name = names.take('description', '.json');
    const { vmdescOffset, vmdescLength } = report;
    const fill = async (handle: FileHandle): Promise<number> =>
      await copy(handle, vmdescOffset, vmdescLength);
    await write(name, 'description of the device state', vmdescLength, fill);
  }
  progress.clear();
  return extracted;
}
