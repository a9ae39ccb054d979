/** Workers have the main thread make certificates, so that what a run needs is made once, and by one thread. */
import { timeoutError, within } from '../model/deadline.js';
import { deferred } from '../model/deferred.js';
import type { Deferred } from '../model/deferred.js';
import { makeCertificates } from '../migration/certificates.js';
import type { CertificateFiles, CertificateMaker } from '../migration/certificates.js';
import type { FromWorker, ToWorker } from './protocol.js';

type Request = Extract<FromWorker, { type: 'certificates' }>;
type Answer = Extract<ToWorker, { type: 'certificates' }>;

const timeoutMs = 30_000;

/** The worker's side, for one attempt. */
export class CertificateRequests {
  readonly #waiting = new Map<number, Deferred<CertificateFiles>>();
  #lastId = 0;

  constructor(
    private readonly send: (request: Request) => void,
    private readonly signal: AbortSignal,
  ) {}

  readonly make: CertificateMaker = async (wish) => {
    const id = ++this.#lastId;
    const answer = deferred<CertificateFiles>();
    this.#waiting.set(id, answer);
    this.send({ type: 'certificates', id, wish });
    return await within(answer.promise, { timeoutMs, signal: this.signal }, () =>
      timeoutError({ waitedFor: 'certificates of the main thread', timeoutMs, blame: 'host' }),
    );
  };

  onAnswer({ id, made }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (made instanceof Error) waiting?.reject(made);
    else waiting?.resolve(made);
  }
}

/** The main thread's side. */
export async function answerRequest({ id, wish }: Request): Promise<Answer> {
  const made = await makeCertificates(wish).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
  return { type: 'certificates', id, made };
}
