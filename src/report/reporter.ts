/**
 * What a reporter is, and the fan-out to all reporters of a run. A failing reporter never stops the
 * tests: the first error of each is kept until the end, when the exit code becomes 3.
 */
import { timeoutError, within } from '../model/deadline.js';
import { toFailure } from '../model/errors.js';
import type { DroverEvent } from '../model/events.js';
import type { Failure } from '../model/outcome.js';
import { printableLine } from '../model/text/printable.js';

export interface Reporter {
  readonly name: string;
  onEvent(event: DroverEvent): void;
  /** Called once, after the last event, also without a `run-finished`. */
  close(): Promise<void>;
}

export interface ReporterProblem {
  readonly reporter: string;
  /** the first error */
  readonly failure: Failure;
  /** how many followed */
  readonly further: number;
}

/** Writing a report takes milliseconds; this is for a disk or a reader that hangs. */
const closeTimeoutMs = 30_000;

export class Reporters {
  readonly #members: readonly Reporter[];
  readonly #timeoutMs: number;
  readonly #problems = new Map<Reporter, ReporterProblem>();

  constructor(members: readonly Reporter[], options: { readonly timeoutMs?: number } = {}) {
    this.#members = members;
    this.#timeoutMs = options.timeoutMs ?? closeTimeoutMs;
  }

  onEvent(event: DroverEvent): void {
    for (const member of this.#members) {
      try {
        member.onEvent(event);
      } catch (error) {
        this.#note(member, error);
      }
    }
  }

  /** Closes all reporters, even if one fails, and returns the reports that are incomplete. */
  async close(): Promise<readonly ReporterProblem[]> {
    await Promise.all(this.#members.map((member) => this.#closeOne(member)));
    return this.#members.flatMap((member) => this.#problems.get(member) ?? []);
  }

  async #closeOne(member: Reporter): Promise<void> {
    const timeoutMs = this.#timeoutMs;
    try {
      await within(member.close(), { timeoutMs }, () =>
        timeoutError({ waitedFor: `end of the ${member.name} report`, timeoutMs, blame: 'host' }),
      );
    } catch (error) {
      this.#note(member, error);
    }
  }

  #note(member: Reporter, error: unknown): void {
    const known = this.#problems.get(member);
    this.#problems.set(
      member,
      known === undefined
        ? { reporter: member.name, failure: toFailure(error), further: 0 }
        : { ...known, further: known.further + 1 },
    );
  }
}

export function problemLine({ reporter, failure, further }: ReporterProblem): string {
  const more = further === 0 ? '' : ` (and ${String(further)} more)`;
  return printableLine(`the ${reporter} report is incomplete: ${failure.message}${more}`);
}
