/** The test's end of a device's socket: a UNIX socket that one QEMU connects to when it starts. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { timeoutError, within } from '../../../model/deadline.js';
import type { WaitOptions } from '../../../model/deadline.js';
import { deferred } from '../../../model/deferred.js';

export class DeviceSocket implements AsyncDisposable {
  readonly #connected = deferred<Socket>();
  #socket: Socket | undefined;
  #pending: Buffer = Buffer.alloc(0);

  private constructor(
    readonly file: string,
    private readonly server: Server,
  ) {}

  /**
   * @param take reads one message at the beginning of what the device sent; returns its length, 0
   * while it is incomplete
   */
  static async listen(file: string, take: (bytes: Buffer) => number): Promise<DeviceSocket> {
    const server = createServer();
    const end = new DeviceSocket(file, server);
    server.on('connection', (socket) => {
      end.#socket = socket;
      // the test's QMP connection notices the end of QEMU
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        end.#pending = Buffer.concat([end.#pending, bytes]);
        for (let length = take(end.#pending); length > 0; length = take(end.#pending)) {
          end.#pending = end.#pending.subarray(length);
        }
      });
      end.#connected.resolve(socket);
    });
    server.listen(file);
    await once(server, 'listening');
    return end;
  }

  async send(bytes: Buffer, wait: WaitOptions): Promise<void> {
    const socket = await within(this.#connected.promise, wait, () =>
      timeoutError({ waitedFor: `connection to ${this.file}`, timeoutMs: wait.timeoutMs }),
    );
    socket.write(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.destroy();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }
}
