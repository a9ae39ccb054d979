/** Drover's exit codes: part of its interface. */
import type { Counts } from '../../schedule/policy.js';
import type { Blame } from '../../model/errors.js';

export const exitCodes = {
  passed: 0,
  failed: 1,
  usage: 2,
  /** what was asked for is not all in the file */
  incomplete: 2,
  broken: 3,
  cancelled: 130,
} as const;

/** @param flaky tests that passed only on a retry, with --flaky-fails */
export function exitCodeOf(counts: Counts, cancelled: boolean, flaky = 0): number {
  if (cancelled) return exitCodes.cancelled;
  if (counts.failed > 0 || flaky > 0) return exitCodes.failed;
  if (counts.broken > 0) return exitCodes.broken;
  return exitCodes.passed;
}

export function exitCodeOfBlame(blame: Blame): number {
  return blame === 'usage' ? exitCodes.usage : exitCodes.broken;
}

/** Of several runs: cancelled before failed before broken before wrong usage before passed. */
export function worstExitCode(codes: readonly number[]): number {
  const { passed, failed, usage, broken, cancelled } = exitCodes;
  const order: readonly number[] = [cancelled, failed, broken, usage];
  return order.find((code) => codes.includes(code)) ?? passed;
}
