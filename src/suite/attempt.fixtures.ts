/** One attempt over a real QEMU, and what came of it; for tests of what goes wrong. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { HostFacts } from '../model/host-facts.js';
import type { Failure, Outcome } from '../model/outcome.js';
import { planFor } from '../migration/context.fixtures.js';
import type { Interference } from '../migration/context.js';
import { probeHost } from '../migration/host/host-probes.js';
import { realQemu } from '../qemu/qemus.fixtures.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { runAttempt } from './attempt.js';
import type { TestDefinition } from './definition.js';

export const qemu = realQemu('10.0');
export const facts = { path: '/migration/made-up', level: 'smoke' } as const;

/**
 * @param known facts about the host; default: what is found out about it
 * @param on which QEMU
 */
export async function outcomeOf(
  definition: TestDefinition,
  timeoutMs = 30_000,
  interference: Interference = {},
  known?: HostFacts,
  on = qemu,
): Promise<Outcome> {
  using scratch = new Scratch();
  const directory = path.join(scratch.directory, 'test');
  mkdirSync(directory);
  const plan = await planFor(on, scratch.directory);
  const signal = new AbortController().signal;
  const host = known ?? (await probeHost(definition.needs ?? [], { plan, directory, signal }));
  const { outcome } = await runAttempt({
    definition,
    plan: { ...plan, host },
    directory,
    timeoutMs,
    interference,
    rerun: 'drover run',
    signal,
    onPhase: () => undefined,
    onStatus: () => undefined,
  });
  assert.deepEqual(scratch.processes(), []);
  if (outcome.kind !== 'passed') {
    const evidence = new Set(readdirSync(directory));
    const all = [...evidence].join(', ');
    for (const name of ['outcome.json', 'diagnosis.txt', 'rerun.txt']) {
      assert.ok(evidence.has(name), `${name} among ${all}`);
    }
    // a run of several rounds removes the files of machines that have ended well
    assert.match(all, /\bsource(-round\d+)?\.qmp\.jsonl\b/);
  }
  return outcome;
}

export async function failureOf(
  definition: TestDefinition,
  timeoutMs?: number,
  interference?: Interference,
  known?: HostFacts,
): Promise<Failure> {
  const outcome = await outcomeOf(definition, timeoutMs, interference, known);
  assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
  return outcome.failure;
}
