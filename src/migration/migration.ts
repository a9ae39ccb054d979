/**
 * One migration of a pair: its command, waits for its statuses and events, and the checks at its
 * end.
 */
import { Cancelled } from '../model/deadline.js';
import { HarnessError } from '../model/errors.js';
import { asString } from '../model/json.js';
import type { JsonObject } from '../model/json.js';
import { endStatuses } from '../model/outcome.js';
import type { ArrivalCheck } from '../model/arrival.js';
import type { FaultReport } from '../model/fault-report.js';
import type { Measured, Timeline } from '../model/measured.js';
import type { LegResult, MigrationFigures, Refusal, Side } from '../model/outcome.js';
import type { MemoryVerdict } from '../model/verdict.js';
import { countSockets } from '../qemu/open-files.js';
import type { EventCursor, QmpEvent } from '../qmp/events.js';
import { compareArrival, stateDiffers } from './arrival/arrival-check.js';
import type { Arrival } from './arrival/arrival-check.js';
import { figuresOf } from './commands.js';
import type { Target } from './commands.js';
import type { TestContext, TestMachine } from './context.js';
import { requireConnections, requireEffects } from './effects.js';
import type { PairSettings } from './pair-settings.js';
import { endBoth, requireRunning, requireStarts, verifyMemory, verifyStopped } from './verify.js';
import { damageOfSilent } from './sign-of-life.js';
import type { Wire } from './wire.js';
import { waitEvent, waitStatus, wrongStatus } from './waits.js';
import { soon } from './deadlines.js';

/** The result of a flow that went as expected. */
export interface FlowResult {
  readonly verdict?: MemoryVerdict;
  /** where memory is damaged, if not at the destination */
  readonly damagedSide?: Side;
  readonly figures?: MigrationFigures;
  /** absent where the two sides never stood still at one time */
  readonly arrival?: ArrivalCheck | undefined;
  /** of a guest that migrated several times; verdict and figures are of the last leg */
  readonly legs?: readonly LegResult[];
  /** of a test that disturbed the connections */
  readonly fault?: FaultReport;
  /** QEMU refused what the test asked for, and the test takes that for an answer */
  readonly refused?: Refusal;
  /** of a benchmark */
  readonly measured?: Measured;
  readonly course?: Timeline | undefined;
  /** the leg on which memory was damaged, for the message */
  readonly leg?: string;
}

/** What went wrong on one of several migrations of a guest: `cause`. */
export class LegError extends Error {
  override readonly name = 'LegError';

  constructor(
    readonly leg: string,
    override readonly cause: unknown,
  ) {
    super(leg);
  }
}

/** what a migration needs of its pair */
export interface Sides {
  readonly context: TestContext;
  readonly settings: PairSettings;
  readonly source: TestMachine;
  readonly destination: TestMachine;
  ensureConverge(): Promise<void>;
  ensureNonConverge(): Promise<void>;
  sendFaster(): Promise<void>;
  readonly wire?: Wire | undefined;
  /** how a test breaks the connection of a postcopy; default: by `migrate-pause` */
  readonly cutConnection?: (() => Promise<void>) | undefined;
}

export interface StatusOptions {
  /** the source, unless given */
  readonly side?: Side;
  /**
   * statuses that may come before; any other is a failure. Undefined: all but failed and completed
   */
  readonly through?: readonly string[];
  /** default: the deadline of a status */
  readonly timeoutMs?: number;
}

const soonMs = 5000;

export class Migration {
  /** the events of this migration come after these cursors; `resume` moves that of the source */
  readonly since: Record<Side, EventCursor>;
  /** the source's answer to query-migrate after the last wait for a status there */
  answer: JsonObject = {};
  #arrival: Arrival | undefined;
  /** of the source, before it connects */
  readonly #sockets: number;

  private constructor(readonly pair: Sides) {
    const { source, destination } = pair;
    this.since = {
      source: source.qmp.events.cursor,
      destination: destination.qmp.events.cursor,
    };
    this.#sockets = countSockets(source.pid);
  }

  static async start(pair: Sides, target: Target): Promise<Migration> {
    const migration = new Migration(pair);
    await pair.source.qmp.execute('migrate', { ...target });
    return migration;
  }

  /** Continues a paused postcopy over a new connection. */
  async resume(target: Target): Promise<void> {
    const { source } = this.pair;
    this.since.source = source.qmp.events.cursor;
    await source.qmp.execute('migrate', { ...target, resume: true });
  }

  /**
   * Waits for a status.
   * @returns the answer of query-migrate after that
   */
  async until(status: string, options: StatusOptions = {}): Promise<JsonObject> {
    const { side = 'source', through, timeoutMs } = options;
    const wanted = { goal: status, through, timeoutMs, since: this.since[side] };
    const answer = await waitStatus(this.pair[side], wanted);
    if (side === 'source') this.answer = answer;
    return answer;
  }

  /**
   * Waits for a status that takes QEMU milliseconds. After 5 s, more on a slow host, `late` says
   * what is wrong.
   */
  async untilSoon(
    status: string,
    late: (facts: { readonly waitedFor: string; readonly lastSeen?: string }) => HarnessError,
    options: StatusOptions = {},
  ): Promise<void> {
    const timeoutMs = soon(soonMs, this.pair.context);
    try {
      await this.until(status, { ...options, timeoutMs });
    } catch (error) {
      if (!(error instanceof HarnessError) || error.code !== 'deadline') throw error;
      const waitedFor = `status ${status} within ${(timeoutMs / 1000).toFixed(0)} s`;
      const { lastSeen } = error.input;
      throw late(lastSeen === undefined ? { waitedFor } : { waitedFor, lastSeen });
    }
  }

  /** Waits for an event by name, on the source unless given. */
  async untilEvent(name: string, side: Side = 'source'): Promise<void> {
    await waitEvent(this.pair[side], name, this.since[side]);
  }

  /**
   * While memory is sent: the source must have as many connections as its capabilities and
   * parameters say.
   */
  requireConnections(): void {
    const { settings, source } = this.pair;
    requireConnections(settings, countSockets(source.pid) - this.#sockets);
  }

  /** QEMU's figures in the last answer */
  get figures(): MigrationFigures {
    return figuresOf(this.answer);
  }

  /** Does `work` while QEMU sends memory. Fails at once if the migration or either QEMU ends. */
  async whileActive<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { context, source, destination } = this.pair;
    const over = new AbortController();
    const signal = AbortSignal.any([context.signal, over.signal]);
    const options = {
      what: 'end of the migration',
      since: this.since.source,
      timeoutMs: context.deadlines.statusMs,
      signal,
    };
    const isEnd = ({ name, data }: QmpEvent): boolean =>
      name === 'MIGRATION' && endStatuses.includes(asString(data['status']) ?? '');
    const end = source.qmp.events.wait(isEnd, options).then(async ({ data }) => {
      throw await wrongStatus(source, 'active', [asString(data['status']) ?? '']);
    });
    // only the loss of the connection ends this wait
    const loss = destination.qmp.events.wait(() => false, options);
    try {
      return await Promise.race([
        work(signal),
        end,
        loss.then(() => Promise.reject(new Cancelled())),
      ]);
    } finally {
      over.abort(new Cancelled());
      await Promise.allSettled([end, loss]);
    }
  }

  /**
   * Both sides stand still, and all memory is at the destination: compares them, and lets the guest
   * run on there. If they differ it stays as it is, and `arrive` says so.
   */
  async compareAndContinue(): Promise<void> {
    const { context, source, destination } = this.pair;
    if (this.#arrival !== undefined) return;
    if (context.plan.arrival !== 'stamps') {
      context.observer.phase('verify');
      this.#arrival = await compareArrival(source, destination);
      if (this.#arrival.differences.length > 0) return;
    }
    await destination.qmp.execute('cont');
  }

  /** The guest runs on at the destination, at the latest right after QEMU has loaded it. */
  async untilResumed(): Promise<void> {
    const { context, destination } = this.pair;
    const since = this.since.destination;
    const isLoaded = ({ name, data }: QmpEvent): boolean =>
      name === 'RESUME' || (name === 'MIGRATION' && data['status'] === 'completed');
    await destination.qmp.events.wait(isLoaded, {
      what: 'event RESUME',
      since,
      timeoutMs: context.deadlines.eventMs,
      signal: context.signal,
    });
    try {
      await waitEvent(destination, 'RESUME', since, soon(soonMs, context));
    } catch (error) {
      if (error instanceof HarnessError && error.code === 'deadline') {
        await requireRunning(destination, true);
      }
      throw error;
    }
  }

  /**
   * The end of every migration that completes: the guest runs at the destination, and only there,
   * its memory is intact, and both QEMUs quit when asked.
   */
  async arrive(
    options: { readonly endHook?: () => Promise<void> | void } = {},
  ): Promise<FlowResult> {
    const { pair, figures } = this;
    const { context, settings, source, destination } = pair;
    if (destination.spec.paused === true) {
      await this.until('completed', { side: 'destination' });
      await this.compareAndContinue();
    }
    const arrival = this.#arrival;
    if (arrival !== undefined && arrival.differences.length > 0) {
      // Stamps that are damaged say more than bytes that differ.
      const verdict = await verifyStopped(destination);
      if (verdict.intact) throw stateDiffers(context, arrival);
      await endBoth(pair).catch(() => undefined);
      return { verdict, figures };
    }
    await this.untilResumed();
    if (settings.suspend === true) await destination.qmp.execute('system_wakeup');
    const damage = await damageOfSilent(destination);
    if (damage !== undefined) {
      await endBoth(pair).catch(() => undefined);
      return { verdict: damage, figures };
    }
    await requireRunning(source, false);
    await options.endHook?.();

    context.observer.phase('verify');
    const isProved =
      context.plan.arrival === 'exact' && (arrival?.check.ramBytes ?? 0) >= source.spec.ramBytes;
    const verdict = isProved ? undefined : await verifyMemory(destination);
    if (verdict?.intact === false) {
      // The damage is what to report, whatever happens at the end.
      await endBoth(pair).catch(() => undefined);
      return { verdict, figures };
    }
    // A suspended guest starts once more when it wakes up at the destination.
    requireStarts(source, 1);
    requireStarts(destination, settings.suspend === true ? 1 : 0);
    // Neither side's memory shows that both guests run; query-status does.
    await requireRunning(source, false);
    const { start, end } = context.platform.range;
    const stampedBytes = end - start;
    requireEffects({ settings, answer: this.answer, wire: pair.wire, stampedBytes });
    await endBoth(pair);
    return { verdict, figures, arrival: arrival?.check };
  }
}
