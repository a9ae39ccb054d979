/** What it means for a device or machine that a QEMU ended, or that a migration failed. Pure. */
import { saysHostExhausted } from '../model/errors.js';
import type { Side } from '../model/outcome.js';
import type { SweepOutcome, SweepStep } from './outcome.js';

/** A QEMU that ended by itself. */
export interface Departure {
  readonly side: Side;
  readonly code: number | null;
  readonly signal: string | null;
  /** it had answered: it was there with the device or machine */
  readonly wasUp: boolean;
  readonly during: SweepStep;
  /** how it ended, in one sentence */
  readonly message: string;
  /** its last lines */
  readonly words: readonly string[];
}

/** Whether these words say that the host has no more of something. */
export const isHostProblem = (words: readonly string[]): boolean =>
  saysHostExhausted(words.join('\n'));

/** what others send: the kernel when memory is used up, a user, a service manager */
const fromOutside = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']);

/** A sanitizer ends QEMU with status 1, as QEMU itself ends when it refuses something. */
const sanitizer = /\b(?:Address|Leak|Memory|Thread|UndefinedBehavior)Sanitizer\b|^==\d+==ABORTING/;

/** The same by a shell around QEMU: 128 and the signal's number. */
const fromOutsideOfShell = new Set([128 + 9, 128 + 15, 128 + 2, 128 + 1]);

/** A shell says so when what it ran was ended by a signal: 128 and its number. */
const isShellsSignal = (code: number | null): boolean => code !== null && code > 128 && code < 160;

export function outcomeOfDeparture(departure: Departure): SweepOutcome {
  const { side, code, signal, wasUp, message, words } = departure;
  const during = wasUp ? departure.during : 'start';
  const isFromOutside =
    signal === null ? fromOutsideOfShell.has(code ?? 0) : fromOutside.has(signal);
  if (isFromOutside || isHostProblem(words)) {
    return { kind: 'broken', words: [message, ...words] };
  }
  const died =
    signal !== null || isShellsSignal(code) || words.some((line) => sanitizer.test(line));
  if (!died && side === 'destination' && during !== 'comparison') {
    return { kind: 'refused', side, during, words };
  }
  if (!died && side === 'source' && !wasUp) return { kind: 'cannot-start', words };
  return { kind: 'crashed', side, during, words: [message, ...words] };
}

/** The source sees this when the destination has gone, or does not read on. */
const otherSide =
  /broken pipe|connection reset|connection refused|unable to (?:read|write)|channel error|failed to (?:connect|send|receive)|return path|sibling|input\/output|end.of.file/i;

/**
 * Whether a source whose migration failed is the one that failed: then the destination sees the end
 * of the stream and ends too, with words that blame what it read.
 *
 * @param why `error-desc` of the source
 */
export const isSourcesFault = (why: string | undefined): why is string =>
  why !== undefined && why !== '' && !otherSide.test(why);
