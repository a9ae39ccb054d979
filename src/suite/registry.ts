/** Every test Drover brings along, and how one is found by its path. */
import type { TestDefinition } from './definition.js';
import { fileTests } from './file.js';
import { multifdTests } from './multifd.js';
import { precopyTests } from './precopy.js';

export const allTests: readonly TestDefinition[] = [...precopyTests, ...fileTests, ...multifdTests];

/** `path` without the architecture in front */
export function findTest(path: string): TestDefinition | undefined {
  return allTests.find((test) => test.path === path);
}
