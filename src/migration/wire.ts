/**
 * The connections of a migration as they are on the wire: Drover passes on what each side sends to
 * the other. What went over them needs no figure of QEMU's.
 */
import { contractError } from '../model/errors.js';
import { loadAddon } from '../native/addon.js';
import type { NativeRelay } from '../native/relay-addon.js';

/** `withheld`: as plain, and the source hears nothing from the destination before `answer` */
export const wireKinds = ['plain', 'tls', 'withheld'] as const;
export type WireKind = (typeof wireKinds)[number];

/** TLS begins with a record of this type, a handshake (RFC 8446, 5.1) */
const handshake = 0x16;

/** One connection. */
export interface WireConnection {
  readonly isTls: boolean;
  /** by the source */
  readonly sentBytes: number;
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
    return this.relay.connections.map(({ firstByte, sentBytes }) => ({
      isTls: firstByte === handshake,
      sentBytes,
    }));
  }

  get isWithheld(): boolean {
    return this.#withheld;
  }

  /** From now on the source hears what the destination has sent. */
  answer(): void {
    this.#withheld = false;
    this.relay.answer();
  }

  [Symbol.dispose](): void {
    this.relay.close();
  }
}
