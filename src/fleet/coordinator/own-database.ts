/**
 * The database that a coordinator brings: its PostgreSQL, started again where it ends by itself (a kernel
 * that ran out of memory, somebody's kill), so that a run goes on.
 */
import { issuePair } from '../../credentials/private-authority.js';
import type { KeyPair } from '../../credentials/private-authority.js';
import { toFailure } from '../../model/errors.js';
import type { DatabaseAccess } from '../database/connect.js';
import { PrivateServer } from '../database/private-server.js';
import type { PrivateServerSpec } from '../database/private-server.js';
import { databaseName, ownerRole } from '../database/server-configuration.js';
import { serverName } from '../limits.js';

/** something is wrong with it then */
const mostStarts = 5;

export class OwnDatabase implements AsyncDisposable {
  #server: PrivateServer;
  #isOver = false;
  /** settles, with why, when it cannot be kept up */
  readonly ended: Promise<string>;

  private constructor(
    readonly access: DatabaseAccess,
    server: PrivateServer,
    spec: PrivateServerSpec,
    note: (text: string) => void,
  ) {
    this.#server = server;
    this.ended = this.#keep(spec, note);
  }

  static async start(
    spec: PrivateServerSpec,
    authority: KeyPair,
    note: (text: string) => void,
  ): Promise<OwnDatabase> {
    const server = await PrivateServer.start(spec);
    const { port } = server;
    const owner = await issuePair(authority, { kind: 'client', commonName: ownerRole });
    const { listen } = spec;
    const access = {
      // on this host, whatever address agents use
      host: listen === '0.0.0.0' ? '127.0.0.1' : listen === '::' ? '::1' : listen,
      ...{ port, database: databaseName, role: ownerRole },
      tls: { authority: authority.certificate, serverName, ...owner },
    };
    return new OwnDatabase(access, server, { ...spec, port }, note);
  }

  async #keep(spec: PrivateServerSpec, note: (text: string) => void): Promise<string> {
    for (let starts = 1; ; starts++) {
      const end = await this.#server.ended;
      if (this.#isOver || starts === mostStarts) return end;
      note(`${end}: starting it again`);
      try {
        this.#server = await PrivateServer.start(spec);
      } catch (error) {
        return `${end}, and does not start again: ${toFailure(error).message}`;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#server[Symbol.asyncDispose]();
  }
}
