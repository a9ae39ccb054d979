/**
 * The record of a run: every event as one JSON line. The log writes each line before it handles the
 * next event, so the line survives a crash of this process (it reaches the disk at the end).
 *
 * A log holds complete lines only. If a line cannot be written, the log cuts it off and ends there:
 * a gap in the middle would be a false record.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { HarnessError } from '../../model/errors.js';
import type { DroverEvent } from '../../model/events.js';
import type { Reporter } from '../reporter.js';

export interface EventLogOptions {
  readonly path: string;
  /** whether to overwrite the record of an earlier run; otherwise that is an error */
  readonly replace: boolean;
}

/** Writes all of `bytes` or throws; tests pass one that simulates a full disk. */
export type WriteSync = (fd: number, bytes: Uint8Array, offset: number) => number;

export class EventLog implements Reporter {
  readonly name = 'event log';
  readonly #path: string;
  readonly #write: WriteSync;
  #fd: number | undefined;
  #wholeBytes = 0;
  #ended = false;

  constructor({ path, replace }: EventLogOptions, write: WriteSync = writeSync) {
    this.#path = path;
    this.#write = write;
    try {
      this.#fd = openSync(path, replace ? 'w' : 'wx', 0o644);
    } catch (cause) {
      throw this.#error('usage', 'open', cause);
    }
  }

  onEvent(event: DroverEvent): void {
    if (this.#fd === undefined || this.#ended) return;
    const line = Buffer.from(`${JSON.stringify(this.#relative(event))}\n`);
    try {
      let written = 0;
      while (written < line.length) written += this.#write(this.#fd, line, written);
      this.#wholeBytes += line.length;
    } catch (cause) {
      this.#ended = true;
      this.#cutTornLine();
      throw this.#error('host', 'write', cause);
    }
  }

  /** A relative path: the evidence is still found after the folder was moved. */
  #relative(event: DroverEvent): DroverEvent {
    if (event.type !== 'test-finished' || event.directory === undefined) return event;
    const below = relative(dirname(resolve(this.#path)), resolve(event.directory));
    const isBelow = below !== '' && !below.startsWith('..') && !isAbsolute(below);
    return isBelow ? { ...event, directory: below } : event;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#closeNow();
      resolve();
    });
  }

  #closeNow(): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    this.#fd = undefined;
    try {
      fsyncSync(fd);
    } catch (cause) {
      // Pipes and devices have nothing to sync.
      if ((cause as NodeJS.ErrnoException).code !== 'EINVAL') {
        throw this.#error('host', 'write', cause);
      }
    } finally {
      closeSync(fd);
    }
  }

  #cutTornLine(): void {
    if (this.#fd === undefined) return;
    try {
      ftruncateSync(this.#fd, this.#wholeBytes);
    } catch {
      // Not a regular file, or a failing disk: the error that is being thrown already says so.
    }
  }

  #error(blame: 'host' | 'usage', verb: string, cause: unknown): HarnessError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot ${verb} the event log ${this.#path}: ${reason}`;
    return new HarnessError({ code: 'event-log', blame, message, cause });
  }
}
