/** Requests of an agent to its coordinator, whatever the address: the name in the certificate is fixed. */
import { Agent, request } from 'node:https';
import type { RequestOptions } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { checkServerIdentity } from 'node:tls';
import { timeoutError, within } from '../../model/deadline.js';
import { serverName } from '../limits.js';

export interface CoordinatorPlace {
  readonly host: string;
  readonly port: number;
}

/** PEM texts; absent before a host has joined */
export interface Identity {
  readonly authority?: string;
  readonly certificate?: string;
  readonly key?: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Ask {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: string | Readable;
  readonly bytes?: number;
  readonly timeoutMs: number;
}

/** an answer is a certificate or a sentence */
const mostBytes = 64 * 1024;

export class CoordinatorClient implements Disposable {
  readonly #agent: Agent;

  /** @param who without an authority, the coordinator is not checked: only for what a digest checks */
  constructor(
    readonly place: CoordinatorPlace,
    who: Identity,
  ) {
    const { authority, certificate, key } = who;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 4,
      ...(authority === undefined
        ? { rejectUnauthorized: false }
        : {
            ca: authority,
            checkServerIdentity: (_host, found) => checkServerIdentity(serverName, found),
          }),
      ...{ cert: certificate, key, minVersion: 'TLSv1.3' as const },
    });
  }

  /** @throws HarnessError `deadline`, or what the connection says */
  async ask({ method, path, body, bytes, timeoutMs }: Ask): Promise<Answer> {
    const { host, port } = this.place;
    const text = typeof body === 'string' ? Buffer.from(body) : undefined;
    const options: RequestOptions = {
      ...{ host, port, method, path, agent: this.#agent },
      headers: {
        ...(text === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(body === undefined ? {} : { 'Content-Length': text?.length ?? bytes ?? 0 }),
      },
    };
    const asked = request(options);
    const answered = new Promise<Answer>((resolve, reject) => {
      asked.once('error', reject);
      asked.once('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= mostBytes) chunks.push(chunk);
          else response.destroy(new Error('the answer is too long'));
        });
        response.once('error', reject);
        response.once('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
    });
    try {
      if (body === undefined || text !== undefined) asked.end(text);
      // an answer that comes before the end of the content is the answer
      else pipeline(body as Readable, asked).catch(() => undefined);
      return await within(answered, { timeoutMs }, () =>
        timeoutError({
          waitedFor: `answer of the coordinator at ${host}:${port} to ${method} ${path}`,
          timeoutMs,
          blame: 'host',
        }),
      );
    } finally {
      if (!asked.closed) asked.destroy();
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** The sentence in a refusal. */
export function refusalOf({ status, text }: Answer): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // not of the coordinator
  }
  return `HTTP status ${status}`;
}
