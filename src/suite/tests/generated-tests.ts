/**
 * Generated tests: each is what its path says (migration/generated/combination.ts), so that a run
 * needs no list of them.
 */
import { combinationOfPath } from '../../migration/generated/combination.js';
import type { Combination } from '../../migration/generated/combination.js';
import { orRefused } from '../../migration/generated/refusal.js';
import {
  addressOf,
  connectionOf,
  flowOf,
  guestOf,
  hooksOf,
  isPostcopy,
  settingsOf,
} from '../../migration/generated/settings.js';
import { factors } from '../../migration/generated/factors.js';
import { postcopy } from '../../migration/flows/postcopy.js';
import type { PostcopyCommon } from '../../migration/flows/postcopy.js';
import { reliablePreempt } from '../../migration/preempt.js';
import type { Need } from '../../model/features.js';
import { fileTest, postcopyTest, precopyTest } from '../definition.js';
import type { TestDefinition, TestFacts } from '../definition.js';
import { needsTls } from '../needs.js';
import { needsIgnoredBlocks } from './file/file-tests.js';
import { needsMultifdThenPostcopy } from './postcopy-tests.js';

const known = new Set(
  factors.flatMap(({ values }) => values.flatMap(({ capability }) => capability ?? [])),
);

/** What does not follow from the settings. */
function needsOf(combination: Combination): Need[] {
  const has = (value: string): boolean => combination.has(value);
  const unknown = (settingsOf(combination).capabilities ?? []).filter((name) => !known.has(name));
  return [
    ...(has('tls') ? [needsTls] : []),
    ...(has('postcopy-preempt') ? [reliablePreempt] : []),
    ...(has('multifd') && isPostcopy(combination) ? [needsMultifdThenPostcopy] : []),
    ...(has('mapped-ram') && has('x-ignore-shared') ? [needsIgnoredBlocks] : []),
    ...unknown.map((name): Need => ({ kind: 'capability', name, since: 'another release' })),
  ];
}

function definitionOf(combination: Combination, facts: TestFacts): TestDefinition {
  const common = { ...facts, ...settingsOf(combination), ...hooksOf(combination) };
  const flow = combination.valueOf('flow');
  switch (flowOf(combination)) {
    case 'file':
      return fileTest({ ...common, connect: addressOf(combination), live: flow === 'live' });
    case 'precopy':
      return precopyTest({ ...common, ...connectionOf(combination) });
    case 'postcopy': {
      const settings: PostcopyCommon = {
        ...settingsOf(combination),
        ...hooksOf(combination),
        recovery: flow === 'recovery' ? 'once' : undefined,
      };
      return {
        ...postcopyTest({ ...facts, ...settings }),
        run: async (context) => await postcopy(context, settings, addressOf(combination)),
      };
    }
  }
}

export function generatedTest(combination: Combination): TestDefinition {
  const definition = definitionOf(combination, {
    path: combination.path,
    level: 'thorough',
    origin: 'drover',
    guest: guestOf(combination),
    needs: needsOf(combination),
  });
  return {
    ...definition,
    run: async (context) => await orRefused(context, async () => await definition.run(context)),
  };
}

/** The test that a path names; undefined for any other path. */
export function findGenerated(path: string): TestDefinition | undefined {
  const combination = combinationOfPath(path);
  return combination === undefined ? undefined : generatedTest(combination);
}
