/**
 * Which part of the tests runs here: `--shard 2/5`, or the environment variables of a CI system.
 */
import { closeSync, openSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { usageError } from '../../model/errors.js';
import type { Shard } from '../../model/events.js';
import { planShards } from '../../schedule/shards.js';
import type { Timings } from '../../schedule/timings.js';
import type { TestDefinition } from '../../suite/definition.js';
import type { ShardEnvironment } from '../process/environment.js';

export interface ShardRequest {
  /** from 1 */
  readonly index: number;
  readonly total: number;
}

const mostShards = 10_000;

function isShard(index: number, total: number): boolean {
  return (
    Number.isSafeInteger(index) &&
    Number.isSafeInteger(total) &&
    index >= 1 &&
    index <= total &&
    total <= mostShards
  );
}

export function shardArgument(text: string): ShardRequest {
  const [, index, total] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const request = { index: Number(index), total: Number(total) };
  if (isShard(request.index, request.total)) return request;
  throw new InvalidArgumentError(
    `expected INDEX/TOTAL with an index from 1 to TOTAL, such as 2/5, not '${text}'.`,
  );
}

/** The shard that the environment names; undefined without one. */
export function shardOfEnvironment(given: ShardEnvironment): ShardRequest | undefined {
  const pairs = [
    {
      names: ['TEST_SHARD_INDEX', 'TEST_TOTAL_SHARDS'],
      from: 0,
      index: given.shardIndex,
      total: given.totalShards,
    },
    {
      names: ['CI_NODE_INDEX', 'CI_NODE_TOTAL'],
      from: 1,
      index: given.nodeIndex,
      total: given.nodeTotal,
    },
  ];
  for (const { names, from, index, total } of pairs) {
    // a CI job that is not split has a total of 1, with or without an index
    if (total === undefined || (Number(total) === 1 && index === undefined)) continue;
    const request = { index: Number(index ?? NaN) + 1 - from, total: Number(total) };
    if (!isShard(request.index, request.total)) {
      throw usageError(
        'shard-environment',
        `${names.join(' and ')} are '${index ?? ''}' and '${total}': expected an index from ${from} to ${from === 1 ? 'the total' : 'one below the total'}; set both or neither`,
      );
    }
    if (request.total > 1) return request;
  }
  return undefined;
}

/** Bazel assumes that a run which does not touch this file does not support shards. */
export function touchStatusFile(file: string | undefined): void {
  if (file === undefined) return;
  try {
    closeSync(openSync(file, 'a'));
  } catch (cause) {
    throw usageError(
      'shard-environment',
      `TEST_SHARD_STATUS_FILE: cannot write '${file}': ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

export interface ShardOfRun {
  readonly tests: readonly TestDefinition[];
  readonly shard: Shard | undefined;
}

/** @param nameOf the name of a test in events */
export function takeShard(
  request: ShardRequest | undefined,
  selected: readonly TestDefinition[],
  timings: Timings,
  nameOf: (test: TestDefinition) => string,
): ShardOfRun {
  if (request === undefined) return { tests: selected, shard: undefined };
  const allTests = selected.map(nameOf);
  const unseen = selected.map((test) => ({ test: nameOf(test), level: test.level }));
  const { by, shards } = planShards(unseen, request.total, timings);
  const mine = new Set(shards[request.index - 1]);
  return {
    tests: selected.filter((test) => mine.has(nameOf(test))),
    shard: { ...request, by, allTests },
  };
}
