/** Connections that native code passes on; declared in native/addon/relay.cc. */

export type SocketAddress =
  { readonly path: string } | { readonly host: string; readonly port: number };

export interface NativeRelayedConnection {
  /** that the source sent; -1 before it sent anything */
  readonly firstByte: number;
  /** by the source */
  readonly sentBytes: number;
}

/** A thread that passes on what both sides of each connection send, without a copy. */
export interface NativeRelay {
  /** 0 with a UNIX socket, and when closed */
  readonly port: number;
  /** in the order in which they were made, those that have ended as well */
  readonly connections: NativeRelayedConnection[];
  answer(): void;
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
