/**
 * Keeps what probes found, since a binary does not change while its file does not. One small file
 * per binary; unreadable or foreign ones are as good as none, and a cache that cannot be written
 * only costs time.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { QemuBinary } from './binary.js';

/** raise when the shape of anything kept changes */
const cacheFormat = 2;

export class ProbeCache {
  /** `directory` undefined: keep nothing */
  constructor(private readonly directory: string | undefined) {}

  /** what `compute` gives, from the cache where it is there; `extra` is what else the answer depends on */
  async get<T>(
    kind: string,
    binary: QemuBinary,
    extra: string,
    compute: () => Promise<T>,
  ): Promise<T> {
    const file = this.#file(kind, binary, extra);
    if (file === undefined) return await compute();
    const kept = read(file) as T | undefined;
    if (kept !== undefined) return kept;
    const value = await compute();
    write(file, value);
    return value;
  }

  #file(kind: string, binary: QemuBinary, extra: string): string | undefined {
    if (this.directory === undefined) return undefined;
    const stat = statSync(binary.program, { bigint: true });
    const key = [
      cacheFormat,
      binary.command,
      binary.program,
      stat.dev,
      stat.ino,
      stat.size,
      stat.mtimeNs,
      stat.ctimeNs,
      extra,
    ].join('\0');
    const hash = createHash('sha256').update(key).digest('hex').slice(0, 24);
    return path.join(this.directory, `${kind}-${hash}.json`);
  }
}

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function write(file: string, value: unknown): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(value), { mode: 0o600 });
    renameSync(temporary, file);
  } catch {
    // the next run probes again
  }
}
