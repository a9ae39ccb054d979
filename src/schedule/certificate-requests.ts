/**
 * Workers ask the main thread for certificates, so that one thread makes each certificate of a run
 * once.
 */
import { timeoutError, within } from '../model/deadline.js';
import { deferred } from '../model/deferred.js';
import type { Deferred } from '../model/deferred.js';
import { makeCertificates } from '../credentials/certificates.js';
import type { CertificateFiles, CertificateMaker } from '../credentials/certificates.js';
import type { FromWorker, ToWorker } from './protocol.js';

type Request = Extract<FromWorker, { type: 'certificates' }>;
type Answer = Extract<ToWorker, { id: number }>;

const timeoutMs = 30_000;

/** The worker's side, for one attempt. */
export class CertificateRequests {
  readonly #waiting = new Map<number, Deferred<CertificateFiles>>();
  #lastId = 0;

  constructor(private readonly send: (request: Request) => void) {}

  readonly make: CertificateMaker = async (request, signal) => {
    const id = ++this.#lastId;
    const answer = deferred<CertificateFiles>();
    this.#waiting.set(id, answer);
    this.send({ type: 'certificates', id, request });
    return await within(answer.promise, { timeoutMs, signal }, () =>
      timeoutError({ waitedFor: 'certificates of the main thread', timeoutMs, blame: 'host' }),
    );
  };

  onAnswer(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.type === 'certificates') waiting?.resolve(answer.files);
    else waiting?.reject(new Error(answer.why));
  }
}

/** The main thread's side. */
export async function answerRequest({ id, request }: Request): Promise<Answer> {
  try {
    return { type: 'certificates', id, files: await makeCertificates(request) };
  } catch (error) {
    // in words: not every error can be sent
    const why = error instanceof Error ? error.message : String(error);
    return { type: 'no-certificates', id, why };
  }
}
