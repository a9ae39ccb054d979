/**
 * Keeps what probes found, since a binary does not change while its file does not. One small file
 * per binary; unreadable or foreign ones count as missing, and a cache that cannot be written
 * only costs time.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { safeParse } from 'valibot';
import type { GenericSchema } from 'valibot';
import type { QemuBinary } from './binary.js';

/** raise when the shape or the meaning of anything kept changes */
const cacheFormat = 7;

export interface CacheEntry<T> {
  readonly kind: string;
  readonly binary: QemuBinary<string>;
  /** what else the answer depends on */
  readonly extra: string;
  /** which answers to keep, and the shape that a kept answer must have */
  readonly shape: GenericSchema<unknown, T>;
}

export class ProbeCache {
  /** `directory` undefined: keep nothing */
  constructor(private readonly directory: string | undefined) {}

  /** what `compute` gives, from the cache where it is there and of the right shape */
  async get<T>(wanted: CacheEntry<T>, compute: () => Promise<T>): Promise<T> {
    const file = this.#file(wanted.kind, wanted.binary, wanted.extra);
    if (file === undefined) return await compute();
    const kept = safeParse(wanted.shape, read(file));
    if (kept.success) return kept.output;
    const value = await compute();
    // only a valid answer is kept: a failure may be temporary
    if (safeParse(wanted.shape, value).success) write(file, value);
    return value;
  }

  #file(kind: string, binary: QemuBinary<string>, extra: string): string | undefined {
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
