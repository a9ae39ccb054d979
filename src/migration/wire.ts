/**
 * The connections of a migration as they are on the wire: Drover passes on what each side sends to
 * the other. What went over them needs no figure of QEMU's.
 */
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import type { NetConnectOpts, Server, Socket } from 'node:net';
import { contractError } from '../model/errors.js';

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

interface Relayed {
  readonly source: Socket;
  readonly destination: Socket;
  firstByte?: number | undefined;
}

export class Wire implements Disposable {
  readonly #relayed: Relayed[] = [];
  readonly #server: Server;
  #withheld: boolean;

  private constructor(
    private readonly target: NetConnectOpts,
    kind: WireKind,
  ) {
    this.#withheld = kind === 'withheld';
    // Each direction ends by itself, and the answers of the return path are too short to wait for
    // more.
    const options = { allowHalfOpen: true, noDelay: true };
    this.#server = createServer(options, (source) => {
      this.#relay(source, createConnection({ ...this.target, ...options }));
    });
    // without it, a process that has no descriptor left would end; the migration then fails by
    // itself
    this.#server.on('error', () => {
      this[Symbol.dispose]();
    });
  }

  /**
   * Listens in place of the destination.
   * @param uri where the destination listens
   * @param file for the socket, if that is a UNIX socket
   */
  static async open(uri: string, file: string, kind: WireKind): Promise<Wire> {
    const [, tcpHost, port, path] = /^(?:tcp:(.+):(\d+)|unix:(.+))$/.exec(uri) ?? [];
    if (tcpHost === undefined && path === undefined) {
      throw contractError('no-listening-address', `the destination listens on ${uri}`);
    }
    const host = tcpHost?.replaceAll(/[[\]]/g, '');
    const wire = new Wire(path === undefined ? { host, port: Number(port) } : { path }, kind);
    // certificates name the host
    wire.#server.listen(path === undefined ? { host, port: 0 } : { path: file });
    await once(wire.#server, 'listening');
    return wire;
  }

  /** where the source has to connect */
  get uri(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') return `unix:${address ?? ''}`;
    const { family, port } = address;
    return `tcp:${family === 'IPv6' ? `[${address.address}]` : address.address}:${port}`;
  }

  get connections(): readonly WireConnection[] {
    return this.#relayed.map(({ source, firstByte }) => ({
      isTls: firstByte === handshake,
      sentBytes: source.bytesRead,
    }));
  }

  get isWithheld(): boolean {
    return this.#withheld;
  }

  /** From now on the source hears what the destination has sent. */
  answer(): void {
    if (!this.#withheld) return;
    this.#withheld = false;
    for (const { source, destination } of this.#relayed) destination.pipe(source);
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const { source, destination } of this.#relayed) {
      source.destroy();
      destination.destroy();
    }
  }

  #relay(source: Socket, destination: Socket): void {
    const relayed: Relayed = { source, destination };
    this.#relayed.push(relayed);
    source.once('data', (bytes) => {
      relayed.firstByte = bytes[0];
    });
    source.pipe(destination);
    if (!this.#withheld) destination.pipe(source);
    // QEMU may end, or shut its socket down, in the middle: the other one has to notice.
    source.on('error', () => destination.destroy());
    destination.on('error', () => source.destroy());
  }
}
