/** The other end of a device's socket: a UNIX socket that one QEMU connects to when it starts. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { timeoutError, within } from '../../../model/deadline.js';
import type { WaitOptions } from '../../../model/deadline.js';
import { deferred } from '../../../model/deferred.js';

export class DeviceSocket implements AsyncDisposable {
  readonly #connected = deferred<Socket>();
  #socket: Socket | undefined;

  private constructor(
    readonly file: string,
    private readonly server: Server,
  ) {}

  /** @param heard gets what the device sends */
  static async listen(file: string, heard: (bytes: Buffer) => void): Promise<DeviceSocket> {
    const server = createServer();
    const end = new DeviceSocket(file, server);
    server.on('connection', (socket) => {
      end.#socket = socket;
      // a QEMU that goes away is noticed by those who talk to it
      socket.on('error', () => undefined);
      socket.on('data', heard);
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
