/** Every test Drover brings along, and how one is found by its path. */
import { beyondTests } from './beyond.js';
import { cancelTests } from './cancel.js';
import { chainTests } from './chain.js';
import { compressionTests } from './compression.js';
import { cprTests } from './cpr.js';
import type { TestDefinition } from './definition.js';
import { fdTests } from './fd.js';
import { fileTests } from './file.js';
import { limitTests } from './limits.js';
import { multifdTests } from './multifd.js';
import { postcopyTests } from './postcopy.js';
import { precopyTests } from './precopy.js';
import { rdmaTests } from './rdma.js';
import { tlsTests } from './tls.js';
import { validationTests } from './validation.js';

export const allTests: readonly TestDefinition[] = [
  ...precopyTests,
  ...rdmaTests,
  ...tlsTests,
  ...postcopyTests,
  ...multifdTests,
  ...compressionTests,
  ...fileTests,
  ...fdTests,
  ...cancelTests,
  ...limitTests,
  ...cprTests,
  ...validationTests,
  ...beyondTests,
  ...chainTests,
];

/** `path` without the architecture in front */
export function findTest(path: string): TestDefinition | undefined {
  return allTests.find((test) => test.path === path);
}
