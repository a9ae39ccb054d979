/**
 * QMP over one stream: greeting, capabilities, commands with ids (in-band and out-of-band), events,
 * file descriptors. Every command has a deadline. Knows nothing of processes: when the stream ends,
 * it says so, and the machine layer adds why.
 */
import type { Duplex } from 'node:stream';
import { HarnessError } from '../model/errors.js';
import { timeoutError, within } from '../model/deadline.js';
import type { WaitOptions } from '../model/deadline.js';
import { asObject, asString, isObject } from '../model/json.js';
import type { Json, JsonObject } from '../model/json.js';
import { deferred } from '../model/deferred.js';
import type { Side } from '../model/outcome.js';
import { EventLog } from './events.js';
import { parseGreeting } from './greeting.js';
import type { Greeting } from './greeting.js';
import { LineSender } from './line-sender.js';
import type { FdSender } from './line-sender.js';
import { LineSplitter } from './line-splitter.js';
import type { Transcript } from './transcript.js';

/** QEMU answered a command with an error object. */
export class QmpCommandError extends HarnessError {
  constructor(
    readonly command: string,
    readonly errorClass: string,
    readonly desc: string,
    side: Side | undefined,
  ) {
    super({
      code: 'qmp-error',
      blame: 'contract',
      message: `${side === undefined ? 'QEMU' : `the ${side} QEMU`} refused ${command}: ${desc}`,
      side,
      lastSeen: `${errorClass}: ${desc}`,
    });
  }
}

export interface QmpClientOptions {
  readonly socket: Duplex;
  readonly side?: Side;
  readonly transcript?: Transcript;
  readonly sendFds?: FdSender;
  /** called for every command that QEMU did not refuse */
  readonly onAccepted?: (command: string, args: JsonObject | undefined) => void;
  /** in tests of Drover: an answer that a command gets instead of being sent */
  readonly answer?:
    ((command: string, args: JsonObject | undefined) => Json | undefined) | undefined;
  /** default deadline of a command; default: 30 s */
  readonly commandMs?: number;
}

export interface ExecuteOptions extends Partial<WaitOptions> {
  /** send as `exec-oob`; needs the capability at the handshake */
  readonly oob?: boolean;
  /** descriptors to send along (SCM_RIGHTS); stay open here */
  readonly fds?: readonly number[];
}

interface Pending {
  readonly command: string;
  readonly resolve: (value: Json) => void;
  readonly reject: (error: Error) => void;
}

const defaultTimeoutMs = 30_000;

export class QmpClient {
  readonly events: EventLog;
  readonly #socket: Duplex;
  readonly #options: QmpClientOptions;
  readonly #sender: LineSender;
  readonly #pending = new Map<string, Pending>();
  #greeting = deferred<JsonObject>();
  #nextId = 1;
  #closed: Error | undefined;

  constructor(options: QmpClientOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#sender = new LineSender({
      ...options,
      closed: (cause) => this.#closedError(cause),
    });
    this.events = new EventLog(options.side);
    this.expectGreeting();
    const lines = new LineSplitter((line) => {
      this.#onLine(line);
    });
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        lines.push(chunk);
      } catch (error) {
        this.#close(error instanceof Error ? error : new Error(String(error)));
      }
    });
    this.#socket.on('error', (error) => {
      this.#close(this.#closedError(error));
    });
    this.#socket.on('end', () => {
      this.#close(this.#closedError());
    });
    this.#socket.on('close', () => {
      this.#close(this.#closedError());
    });
  }

  /**
   * To be called before QEMU replaces itself by another one, which greets again on this connection:
   * the next `handshake` is with that one.
   */
  expectGreeting(): void {
    this.#greeting = deferred<JsonObject>();
    this.#greeting.promise.catch(() => undefined);
    if (this.#closed !== undefined) this.#greeting.reject(this.#closed);
  }

  /** Waits for the greeting and negotiates; `oob` is asked for only when wanted. */
  async handshake(options: WaitOptions & { readonly oob?: boolean }): Promise<Greeting> {
    const raw = await within(this.#greeting.promise, options, () =>
      timeoutError({
        waitedFor: 'QMP greeting',
        timeoutMs: options.timeoutMs,
        lastSeen: 'nothing on the QMP connection',
        side: this.#options.side,
      }),
    );
    const greeting = parseGreeting(raw);
    if (options.oob === true && !greeting.capabilities.includes('oob')) {
      throw new HarnessError({
        code: 'qmp-no-oob',
        blame: 'contract',
        message: 'this QEMU offers no out-of-band QMP commands',
        side: this.#options.side,
      });
    }
    await this.execute('qmp_capabilities', options.oob === true ? { enable: ['oob'] } : undefined, {
      timeoutMs: options.timeoutMs,
      signal: options.signal,
    });
    return greeting;
  }

  async execute(
    command: string,
    args?: JsonObject,
    options: ExecuteOptions = {},
  ): Promise<JsonObject> {
    return asObject(await this.executeRaw(command, args, options));
  }

  /** like `execute`, for commands whose answer is an array or a string */
  async executeRaw(
    command: string,
    args?: JsonObject,
    options: ExecuteOptions = {},
  ): Promise<Json> {
    if (this.#closed !== undefined) throw this.#closed;
    const instead = this.#options.answer?.(command, args);
    if (instead !== undefined) return instead;
    const id = String(this.#nextId++);
    const key = options.oob === true ? 'exec-oob' : 'execute';
    const line = JSON.stringify({ [key]: command, arguments: args, id });
    const answer = deferred<Json>();
    this.#pending.set(id, { command, resolve: answer.resolve, reject: answer.reject });
    const timeoutMs = options.timeoutMs ?? this.#options.commandMs ?? defaultTimeoutMs;
    try {
      this.#options.transcript?.record('>', line);
      this.#sender.send(`${line}\n`, options.fds ?? [], answer.reject);
      const value = await within(answer.promise, { timeoutMs, signal: options.signal }, () =>
        timeoutError({
          waitedFor: `answer to QMP ${command}`,
          timeoutMs,
          lastSeen: this.events.tail,
          side: this.#options.side,
        }),
      );
      this.#options.onAccepted?.(command, args);
      return value;
    } finally {
      this.#pending.delete(id);
    }
  }

  /** ends the connection from our side */
  close(): void {
    this.#close(this.#closedError());
    this.#socket.destroy();
  }

  #onLine(line: string): void {
    if (line === '') return;
    this.#options.transcript?.record('<', line);
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch (cause) {
      this.#close(
        new HarnessError({
          code: 'qmp-garbage',
          blame: 'contract',
          message: `the QMP connection received a line that is not JSON: ${line.slice(0, 200)}`,
          side: this.#options.side,
          cause,
        }),
      );
      return;
    }
    if (!isObject(message)) return;
    if ('QMP' in message) {
      this.#greeting.resolve(message);
    } else if (typeof message['event'] === 'string') {
      this.events.add(message['event'], asObject(message['data']), timeStamp(message));
    } else {
      this.#onReply(message);
    }
  }

  #onReply(message: JsonObject): void {
    const id = asString(message['id']);
    // A reply without our id belongs to no command of ours (QEMU reports a parse error so).
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (pending === undefined) return;
    if ('return' in message) {
      pending.resolve(message['return'] ?? null);
      return;
    }
    const error = asObject(message['error']);
    pending.reject(
      new QmpCommandError(
        pending.command,
        asString(error['class']) ?? 'GenericError',
        asString(error['desc']) ?? JSON.stringify(message),
        this.#options.side,
      ),
    );
  }

  #close(reason: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#greeting.reject(reason);
    for (const pending of this.#pending.values()) pending.reject(reason);
    this.#pending.clear();
    this.events.close(reason);
  }

  #closedError(cause?: Error): HarnessError {
    const waiting = [...this.#pending.values()].map((pending) => pending.command);
    const whose = this.#options.side === undefined ? '' : `the ${this.#options.side} `;
    return new HarnessError({
      code: 'qmp-closed',
      blame: 'contract',
      message: `${whose}QEMU closed its QMP connection`,
      side: this.#options.side,
      lastSeen: this.events.tail,
      waitedFor: waiting.length === 0 ? undefined : `answer to QMP ${waiting.join(', ')}`,
      cause,
    });
  }
}

/** milliseconds since 1970 */
function timeStamp(message: JsonObject): number | undefined {
  const { seconds, microseconds } = asObject(message['timestamp']);
  return typeof seconds === 'number' && typeof microseconds === 'number'
    ? seconds * 1000 + microseconds / 1000
    : undefined;
}
