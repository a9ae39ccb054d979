/** Connections that native code passes on; declared in native/addon/relay.cc. */

export type SocketAddress =
  { readonly path: string } | { readonly host: string; readonly port: number };

export interface NativeRelayedConnection {
  /** that the source sent; -1 before it sent anything */
  readonly firstByte: number;
  readonly toDestination: NativeTraffic;
  readonly toSource: NativeTraffic;
}

/** What one direction of a connection has carried. Times are of `process.hrtime`; 0: none. */
export interface NativeTraffic {
  /** from the sender */
  readonly takenBytes: number;
  /** to the receiver */
  readonly passedBytes: number;
  /** by faults */
  readonly droppedBytes: number;
  /** when the first byte was taken, and the last one so far */
  readonly firstMs: number;
  readonly lastMs: number;
  /** that have begun, and when the last of them did */
  readonly faults: number;
  readonly faultMs: number;
}

export type NativeFaultAction =
  | 'stall'
  | 'blackhole'
  | 'fin'
  | 'rst'
  | 'half-close'
  | 'drop'
  | 'flip'
  | 'delay'
  | 'rate'
  | 'hold-back';

/** native/core/hop/hop_fault.h says what each action does. */
export interface NativeFault {
  /** in the order in which they were made; null: all, those to come as well */
  readonly connection: number | null;
  readonly toSource: boolean;
  readonly action: NativeFaultAction;
  /** bytes of this direction after which it begins; at once if there were more */
  readonly at: number;
  /** bytes, the bit, nanoseconds, or bytes a second */
  readonly amount: number;
  /** `fin` and `rst`: closes the sender's socket as well */
  readonly closesSender: boolean;
}

/**
 * A thread that passes on what both sides of each connection send, without a copy, or does harm to
 * it on order.
 */
export interface NativeRelay {
  /** 0 with a UNIX socket, and when closed */
  readonly port: number;
  /** in the order in which they were made, those that have ended as well */
  readonly connections: NativeRelayedConnection[];
  /** why the host could not serve a connection at once, if it could not: an error with `errno` */
  readonly exhausted: Error | null;
  /** an order or a `heal` does not hold yet */
  readonly isPending: boolean;
  answer(): void;
  order(fault: NativeFault): void;
  /** Ends all faults; what was closed stays closed. */
  heal(): void;
  /** Ends all connections. */
  close(): void;
}

export interface NativeRelayAddon {
  /**
   * Listens at `here`, and connects to `target` for each connection.
   * @param isWithheld the source hears nothing from the destination before `answer`, unless the
   *   destination is gone
   */
  openRelay(here: SocketAddress, target: SocketAddress, isWithheld: boolean): NativeRelay;
}
