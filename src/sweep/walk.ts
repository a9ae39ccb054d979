/** One after another, several pairs of QEMUs at a time. */
import path from 'node:path';
import { Cancelled } from '../model/deadline.js';

/** What the check of one gets. */
export interface Visit<Item> {
  readonly item: Item;
  /** its own; does not exist yet */
  readonly directory: string;
  readonly signal: AbortSignal;
}

export interface Walk<Item, Result> {
  readonly items: readonly Item[];
  /** holds the directory of each */
  readonly directory: string;
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly check: (visit: Visit<Item>) => Promise<Result>;
  readonly onResult: (result: Result) => Promise<void>;
}

export interface Walked<Result> {
  /** what is there, in the order of the items: less than all after an abort or a failure */
  readonly results: Result[];
  /** what kept the walk from going on */
  readonly failure?: Error;
}

/** Never throws: what is there when something fails is worth keeping. */
export async function walk<Item, Result>(options: Walk<Item, Result>): Promise<Walked<Result>> {
  const { items, directory, jobs, onResult, check } = options;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const results: (Result | undefined)[] = items.map(() => undefined);
  const failures: Error[] = [];
  const queue = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (signal.aborted) return;
      try {
        const result = await check({ item, directory: path.join(directory, `d${index}`), signal });
        results[index] = result;
        await onResult(result);
      } catch (error) {
        if (error instanceof Cancelled) return;
        failures.push(error instanceof Error ? error : new Error(String(error)));
        failed.abort(new Cancelled());
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  const done = results.filter((result) => result !== undefined);
  const [failure] = failures;
  return failure === undefined ? { results: done } : { results: done, failure };
}
