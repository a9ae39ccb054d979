/**
 * What a coordinator answers by HTTPS: its authority's certificate to anybody, a certificate to who brings
 * a token, and nothing else without a certificate of the fleet.
 */
import { createServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { createAdaptorServer } from '@hono/node-server';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import type { KeyPair } from '../../credentials/private-authority.js';
import { HarnessError, toFailure, usageError } from '../../model/errors.js';
import { hostOf, roleOf } from '../database/tables.js';
import { enrolBytes } from '../limits.js';
import { enrol } from './enrol.js';
import type { EnrolDesk } from './enrol.js';
import type { EvidenceStore } from './evidence-store.js';

export interface CoordinatorOptions {
  readonly desk: EnrolDesk;
  readonly evidence: EvidenceStore;
  readonly server: KeyPair;
  readonly listen: string;
  readonly port: number;
  /** what people should know of it, one sentence each */
  readonly note: (text: string) => void;
}

interface Bindings {
  Bindings: HttpBindings;
}

/** one request of a slow network: a file of the largest size */
const requestMs = 120_000;

export function coordinatorApp({ desk, evidence, note }: CoordinatorOptions): Hono<Bindings> {
  const app = new Hono<Bindings>();
  app.get('/authority', (c) => c.text(desk.authority.certificate));
  app.post('/enrol', bodyLimit({ maxSize: enrolBytes }), async (c) => {
    const address = c.env.incoming.socket.remoteAddress ?? 'an unknown address';
    try {
      const message: unknown = await c.req.json().catch(() => undefined);
      const welcome = await enrol(desk, message);
      note(`agent '${hostOf(welcome.database.role)}' joined from ${address}`);
      return c.json(welcome);
    } catch (error) {
      note(`refused a request to join from ${address}: ${toFailure(error).message}`);
      throw error;
    }
  });
  app.use('/evidence/*', async (c, next) => {
    const { socket } = c.env.incoming;
    const problem = socket instanceof TLSSocket ? strangerProblem(socket) : 'TLS is required';
    if (problem === undefined) await next();
    else return c.json({ error: problem }, 401);
    return undefined;
  });
  app.on('HEAD', '/evidence/:digest', (c) =>
    c.body(null, evidence.has(c.req.param('digest')) ? 200 : 404),
  );
  app.put('/evidence/:digest', async (c) => {
    const content = c.req.raw.body;
    if (content === null) return c.json({ error: 'evidence refused: an empty request' }, 400);
    await evidence.put(
      c.req.param('digest'),
      Readable.fromWeb(content as ReadableStream<Uint8Array>),
    );
    return c.body(null, 204);
  });
  app.notFound((c) => c.json({ error: 'the coordinator has no such address' }, 404));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
    const { message } = toFailure(error);
    const isTheirs = error instanceof HarnessError && error.blame === 'usage';
    if (!isTheirs) note(`a request failed: ${message}`);
    return c.json({ error: message }, isTheirs ? 403 : 500);
  });
  return app;
}

/** Why a connection is not that of an agent; undefined for one with a certificate of the fleet. */
function strangerProblem(socket: TLSSocket): string | undefined {
  const certificate = socket.getPeerCertificate();
  if (Object.keys(certificate).length === 0) {
    return 'a client certificate of the fleet is required: join first (drover agent --join LINE)';
  }
  if (!socket.authorized) {
    return `the client certificate is not of this fleet: ${String(socket.authorizationError)}`;
  }
  const { CN: names } = certificate.subject;
  const name = [names].flat()[0] ?? '';
  return name.startsWith(roleOf('')) ? undefined : "the client certificate is not an agent's";
}

export interface CoordinatorServer extends AsyncDisposable {
  readonly port: number;
}

/** @throws HarnessError `cannot-listen` */
export async function serveCoordinator(options: CoordinatorOptions): Promise<CoordinatorServer> {
  const { desk, server: own, listen, port } = options;
  const server = createAdaptorServer({
    fetch: coordinatorApp(options).fetch,
    createServer,
    serverOptions: {
      ...{ cert: own.certificate, key: own.key, ca: desk.authority.certificate },
      // asked for, and looked at where it matters: who joins has none yet
      ...{ requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' },
    },
  });
  if ('requestTimeout' in server) server.requestTimeout = requestMs;
  try {
    server.listen(port, listen);
    await once(server, 'listening');
  } catch (cause) {
    throw usageError('cannot-listen', `cannot listen on ${listen}: ${toFailure(cause).message}`, {
      cause,
    });
  }
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}
