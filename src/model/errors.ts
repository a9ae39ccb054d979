/** The one error class of Drover, and its plain form for crossing threads. */
import type { Failure, Phase, Side } from './outcome.js';

/** Who must act on an error: it decides between `failed`, `broken` and exit code 2. */
export type Blame = 'usage' | 'host' | 'contract';

export interface HarnessErrorInput {
  /** stable, kebab-case */
  readonly code: string;
  /**
   * `contract` = QEMU or the guest broke it; `host` = this machine or Drover; `usage` = the user's
   * input
   */
  readonly blame: Blame;
  readonly message: string;
  readonly phase?: Phase;
  readonly side?: Side;
  readonly waitedFor?: string;
  readonly lastSeen?: string;
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

export class HarnessError extends Error {
  override readonly name = 'HarnessError';
  readonly code: string;
  readonly blame: Blame;
  readonly input: HarnessErrorInput;

  constructor(input: HarnessErrorInput) {
    super(input.message, input.cause === undefined ? undefined : { cause: input.cause });
    this.code = input.code;
    this.blame = input.blame;
    this.input = input;
  }
}

type Facts = Omit<HarnessErrorInput, 'code' | 'blame' | 'message'>;

/** QEMU or the guest broke the contract. */
export function contractError(code: string, message: string, facts: Facts = {}): HarnessError {
  return new HarnessError({ ...facts, code, blame: 'contract', message });
}

/** The user has to change what was given. */
export function usageError(code: string, message: string, facts: Facts = {}): HarnessError {
  return new HarnessError({ ...facts, code, blame: 'usage', message });
}

function describe(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function causesOf(error: unknown): string[] {
  const causes: string[] = [];
  let current: unknown = error instanceof Error ? error.cause : undefined;
  while (current !== undefined && causes.length < 8) {
    causes.push(current instanceof Error ? current.message : describe(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return causes;
}

/** What `node:assert` throws: a test's own claim that does not hold. */
export function isAssertion(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_ASSERTION';
}

/**
 * Any thrown value as plain data. An error that is not ours has its stack in the details, and is
 * Drover's own fault, unless `isForeign`: it comes from a user's own test.
 */
export function toFailure(error: unknown, phase?: Phase, isForeign = false): Failure {
  const causes = causesOf(error);
  if (error instanceof HarnessError) {
    const { code, message, side, waitedFor, lastSeen, details } = error.input;
    return {
      code,
      message,
      phase: error.input.phase ?? phase,
      side,
      waitedFor,
      lastSeen,
      details: details?.length === 0 ? undefined : details,
      causes: causes.length === 0 ? undefined : causes,
    };
  }
  const problem = hostProblem(error);
  if (problem !== undefined) return { ...problem, phase };
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  const stack = lines.filter((line) => line.startsWith('    at ')).slice(0, 7);
  return {
    code: isAssertion(error) ? 'assertion' : isForeign ? 'test-threw' : 'internal',
    message: error instanceof Error ? error.message : String(error),
    phase,
    details: stack.length === 0 ? undefined : stack.map((line) => line.trim()),
    causes: causes.length === 0 ? undefined : causes,
  };
}

const fileErrors: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EEXIST: 'a file of this name exists',
  EACCES: 'permission denied',
};

/** Why a file cannot be used, without its path, which the caller names. */
export function fileProblem(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  const known = typeof code === 'string' ? fileErrors[code] : undefined;
  return known ?? (error instanceof Error ? error.message : String(error));
}

/** What a system call says when the host has no more of something. */
const exhausted: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EMFILE: 'this process has as many open files as it may have',
  ENFILE: 'the host has as many open files as it may have',
  ENOMEM: 'the host has no more memory',
};

/** QEMU reports a full disk or exhausted memory as its own failure, but the host is at fault. */
export const saysHostExhausted = (text: string): boolean =>
  /No space left on device|Cannot allocate memory|Too many open files/i.test(text);

/** The host is at fault then, not Drover. */
function hostProblem(error: unknown): Failure | undefined {
  const name: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  const what = typeof name === 'string' ? exhausted[name] : undefined;
  if (what === undefined || !(error instanceof Error)) return undefined;
  return { code: 'host-exhausted', message: `${what}: ${error.message}` };
}
