/**
 * How the offline commands write: JSON with 64-bit numbers, colours where wanted, and the session
 * around a command.
 */
import pc from 'picocolors';
import { HarnessError } from '../../model/errors.js';
import { printableLine } from '../../model/text/printable.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { ProgressLine } from './progress-line.js';
import { catchSignals } from '../process/signals.js';

type Paint = (text: string) => string;

export interface OfflinePaint {
  readonly strong: Paint;
  readonly warning: Paint;
  readonly damaged: Paint;
  readonly intact: Paint;
  readonly faint: Paint;
}

function offlinePaint(environment: Environment): OfflinePaint {
  const { bold, dim, green, red, yellow } = pc.createColors(
    environment.color && !environment.plain && process.stdout.isTTY,
  );
  return {
    strong: bold,
    warning: yellow,
    damaged: (text) => bold(red(text)),
    intact: green,
    faint: dim,
  };
}

/** Integers that a JSON number cannot hold become text. */
export function toJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_, member: unknown) => {
      if (typeof member === 'bigint') {
        return member <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(member) : member.toString();
      }
      return member instanceof Float64Array ? Array.from(member) : member;
    },
    2,
  );
}

/**
 * Names from files hold any bytes, one character each: UTF-8 where they are, and never control
 * characters.
 */
export function showName(name: string): string {
  const bytes = Buffer.from(name, 'latin1');
  const text = bytes.toString('utf8');
  return printableLine(text.includes('\ufffd') ? name : text);
}

export interface OfflineSession {
  readonly signal: AbortSignal;
  readonly progress: ProgressLine;
  readonly paint: OfflinePaint;
  /** a remark that is no result, for stderr */
  note(text: string): void;
}

/**
 * Runs a command's work; Ctrl-C cancels it. A file that is recognised and damaged is a finding:
 * exit code 1. The work gives the exit code.
 */
export async function offlineSession(
  environment: Environment,
  work: (session: OfflineSession) => Promise<number>,
): Promise<number> {
  using progress = new ProgressLine(process.stderr, environment.plain);
  const write = (text: string): void => {
    progress.clear();
    process.stderr.write(`drover: ${text}\n`);
  };
  using interruption = catchSignals(exitCodes.cancelled);
  interruption.tell = () => {
    write('cancelling (once more to force)');
  };
  try {
    return await work({
      signal: interruption.signal,
      progress,
      paint: offlinePaint(environment),
      note: write,
    });
  } catch (error) {
    if (!(error instanceof HarnessError) || error.code !== 'image-broken') throw error;
    write([error.message, ...(error.input.details ?? []).map((line) => `  ${line}`)].join('\n'));
    return exitCodes.failed;
  }
}
