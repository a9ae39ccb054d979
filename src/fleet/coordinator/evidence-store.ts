/**
 * The files that agents keep of their attempts, each under the SHA-256 of its content. A name is a digest
 * and nothing else, so that no name leads out of the folder; a file gets its name only after all of it
 * has arrived and has this digest.
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants, copyFileSync, createWriteStream, mkdirSync, statSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { usageError } from '../../model/errors.js';
import { mebibytes } from '../../schedule/budget.js';
import { evidenceBytes } from '../limits.js';
import type { EvidenceFile } from '../messages.js';
import { pathProblem } from '../safe-path.js';

export class EvidenceStore {
  constructor(
    private readonly directory: string,
    private readonly mostBytes = evidenceBytes,
  ) {
    mkdirSync(path.join(directory, 'arriving'), { recursive: true, mode: 0o700 });
  }

  has(sha256: string): boolean {
    return statSync(this.#file(sha256), { throwIfNoEntry: false }) !== undefined;
  }

  /** @throws HarnessError `evidence-refused` for another content, or more of it than may be */
  async put(sha256: string, content: Readable): Promise<void> {
    const file = this.#file(sha256);
    const arriving = path.join(this.directory, 'arriving', randomBytes(12).toString('hex'));
    const hash = createHash('sha256');
    let bytes = 0;
    const { mostBytes } = this;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        hash.update(chunk);
        done(
          bytes > mostBytes
            ? refused(`the file is larger than ${mebibytes(mostBytes)}, the limit of one attempt`)
            : null,
          chunk,
        );
      },
    });
    try {
      await pipeline(content, measure, createWriteStream(arriving, { flags: 'wx', mode: 0o600 }));
      const found = hash.digest('hex');
      if (found !== sha256) {
        throw refused(`the content has the digest ${found} and not ${sha256}, which was announced`);
      }
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      await rename(arriving, file);
    } finally {
      await rm(arriving, { force: true });
    }
  }

  /** Copies the files of an attempt into a folder that exists. @returns those that are not here */
  copyInto(folder: string, files: readonly EvidenceFile[]): EvidenceFile[] {
    return files.filter((file) => {
      // checked when the message was read; a second time where it matters
      if (pathProblem(file.path) !== undefined || !this.has(file.sha256)) return true;
      const target = path.join(folder, file.path);
      mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
      copyFileSync(this.#file(file.sha256), target, constants.COPYFILE_FICLONE);
      return false;
    });
  }

  /** Removes files that arrived longer ago. */
  async sweep(olderThanMs: number): Promise<void> {
    const before = Date.now() - olderThanMs;
    const entries = await readdir(this.directory, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const file = path.join(entry.parentPath, entry.name);
      if (entry.isFile() && (await stat(file)).mtimeMs < before) await rm(file, { force: true });
    }
  }

  #file(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) {
      throw refused(`'${sha256.slice(0, 80)}' is no SHA-256 in lower-case hex`);
    }
    return path.join(this.directory, sha256.slice(0, 2), sha256);
  }
}

const refused = (why: string): Error => usageError('evidence-refused', `evidence refused: ${why}`);
