/**
 * The connections of a migration as they are on the wire: Drover passes on what each side sends to
 * the other. What went over them needs no figure of QEMU's. On request Drover does harm to them.
 */
import { pollUntil } from '../model/deadline.js';
import { contractError } from '../model/errors.js';
import { loadAddon } from '../native/addon.js';
import type { NativeFaultAction, NativeRelay, NativeTraffic } from '../native/relay-addon.js';
import type { Side } from '../model/outcome.js';

/** `withheld`: as plain, and the source hears nothing from the destination before `answer` */
export const wireKinds = ['plain', 'tls', 'withheld'] as const;
export type WireKind = (typeof wireKinds)[number];

/** TLS begins with a record of this type, a handshake (RFC 8446, 5.1) */
const handshake = 0x16;
/** a thread takes an order in microseconds, if the host lets it run */
const takenMs = 30_000;

/** One connection. */
export interface WireConnection {
  readonly isTls: boolean;
  /** by the source */
  readonly sentBytes: number;
  /** what went towards each side */
  readonly toward: Readonly<Record<Side, NativeTraffic>>;
}

export type WireAction = NativeFaultAction;

/** What Drover does to the connections instead of passing on what is sent. */
export interface WireFault {
  readonly action: WireAction;
  /** the direction */
  readonly toward: Side;
  /** the number of the connection, in the order in which the source makes them; default: all */
  readonly connection?: number;
  /** begins when the sender has sent this many bytes; default: at once */
  readonly at?: number;
  /**
   * of drop and hold-back: bytes; of flip: the bit of the next byte; of delay: milliseconds; of
   * rate: bytes a second
   */
  readonly amount?: number;
  /** of fin and rst: the sender's socket is closed, too, not the receiver's alone */
  readonly closesSender?: boolean;
}

export class Wire implements Disposable {
  #withheld: boolean;

  private constructor(
    private readonly relay: NativeRelay,
    /** where the source has to connect */
    readonly uri: string,
    kind: WireKind,
  ) {
    this.#withheld = kind === 'withheld';
  }

  /**
   * Listens in place of the destination.
   * @param uri where the destination listens
   * @param file for the socket, if that is a UNIX socket
   */
  static open(uri: string, file: string, kind: WireKind): Wire {
    const [, tcpHost, port, path] = /^(?:tcp:(.+):(\d+)|unix:(.+))$/.exec(uri) ?? [];
    const isWithheld = kind === 'withheld';
    const addon = loadAddon();
    if (path !== undefined) {
      return new Wire(addon.openRelay({ path: file }, { path }, isWithheld), `unix:${file}`, kind);
    }
    if (tcpHost === undefined) {
      throw contractError('no-listening-address', `the destination listens on ${uri}`);
    }
    // certificates name the host
    const host = tcpHost.replaceAll(/[[\]]/g, '');
    const relay = addon.openRelay({ host, port: 0 }, { host, port: Number(port) }, isWithheld);
    return new Wire(relay, `tcp:${tcpHost}:${relay.port}`, kind);
  }

  get connections(): readonly WireConnection[] {
    return this.relay.connections.map(({ firstByte, toDestination, toSource }) => ({
      isTls: firstByte === handshake,
      sentBytes: toDestination.takenBytes,
      toward: { source: toSource, destination: toDestination },
    }));
  }

  /** why the host could not serve a connection when QEMU asked for it */
  get hostTrouble(): string | undefined {
    return this.relay.exhausted?.message;
  }

  get isWithheld(): boolean {
    return this.#withheld;
  }

  /** From now on the source hears what the destination has sent. */
  answer(): void {
    this.#withheld = false;
    this.relay.answer();
  }

  /** Resolves when it holds: what is sent from then on meets it. */
  async fault(fault: WireFault, signal: AbortSignal): Promise<void> {
    const { action, toward, connection = null, at = 0, amount = 0, closesSender = false } = fault;
    this.relay.order({
      action,
      connection,
      at,
      closesSender,
      toSource: toward === 'source',
      amount: action === 'delay' ? Math.round(amount * 1e6) : amount,
    });
    await this.#taken(signal);
  }

  /** Ends all faults; what was closed stays closed. */
  async heal(signal: AbortSignal): Promise<void> {
    this.relay.heal();
    await this.#taken(signal);
  }

  async #taken(signal: AbortSignal): Promise<void> {
    const poll = { waitedFor: 'fault of a connection', blame: 'host', signal } as const;
    await pollUntil({ ...poll, timeoutMs: takenMs, everyMs: 1 }, () =>
      this.relay.isPending ? 'the thread of the relay did not run' : undefined,
    );
  }

  [Symbol.dispose](): void {
    this.relay.close();
  }
}
