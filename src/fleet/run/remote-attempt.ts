/** An attempt that another host runs, as the run sees it: where it is, and its end. */
import type { Attempt, Ended, StartedAttempt } from '../../schedule/attempts.js';
import type { Job } from '../messages.js';

export class RemoteAttempt implements StartedAttempt {
  readonly ended: Promise<Ended | undefined>;
  /** hosts that took it, by their claim; the last one runs it */
  readonly hosts = new Map<number, string>();
  isOver = false;
  #settle: (ended: Ended | undefined) => void = () => undefined;

  constructor(
    readonly id: string,
    /** of its queue, as JSON */
    readonly need: string,
    readonly attempt: Attempt,
    readonly job: Job,
    private readonly give: {
      /** nobody shall run it any more */
      readonly up: (attempt: RemoteAttempt) => void;
    },
  ) {
    this.ended = new Promise((resolve) => (this.#settle = resolve));
  }

  /** the newest claim; undefined before the first */
  get claim(): number | undefined {
    return this.hosts.size === 0 ? undefined : Math.max(...this.hosts.keys());
  }

  get host(): string | undefined {
    return this.claim === undefined ? undefined : this.hosts.get(this.claim);
  }

  end(ended: Ended | undefined): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#settle(ended);
  }

  readonly withdraw = (): void => {
    if (this.isOver || this.claim !== undefined) return;
    this.give.up(this);
    this.end(undefined);
  };

  readonly cancel = (): void => {
    if (this.isOver) return;
    this.give.up(this);
    this.end(
      this.claim === undefined
        ? undefined
        : { outcome: { kind: 'cancelled' }, durationMs: 0, phases: [], host: this.host },
    );
  };
}
