/** All of Drover's own tests, and how to find one by its path. */
import { cancelTests } from './tests/cancel/cancel-tests.js';
import { chainTests, pingPongTest } from './tests/chain-tests.js';
import { coloTests } from './tests/colo/colo-tests.js';
import { findCombinedFault } from './tests/combined-fault-tests.js';
import { compressionTests } from './tests/compression-tests.js';
import { cprTests } from './tests/cpr/cpr-tests.js';
import type { TestDefinition } from './definition.js';
import { deviceTests } from './tests/devices/device-tests.js';
import { faultTests } from './tests/fault-tests.js';
import { fdTests } from './tests/fd-tests.js';
import { fileTests } from './tests/file/file-tests.js';
import { linuxTests } from './tests/linux-tests.js';
import { throttleTests } from './tests/throttle/throttle-tests.js';
import { findGenerated } from './tests/generated-tests.js';
import { hmpTests } from './tests/hmp/hmp-tests.js';
import { iterationsTests } from './tests/iterations-tests.js';
import { multifdTests } from './tests/multifd-tests.js';
import { postcopyTests } from './tests/postcopy-tests.js';
import { precopyTests } from './tests/precopy-tests.js';
import { rdmaTests } from './tests/rdma-tests.js';
import { tlsTests } from './tests/tls-tests.js';
import { validationTests } from './tests/validation-tests.js';

export const allTests: readonly TestDefinition[] = [
  ...precopyTests,
  ...rdmaTests,
  ...tlsTests,
  ...postcopyTests,
  ...multifdTests,
  ...compressionTests,
  ...iterationsTests,
  ...fileTests,
  ...fdTests,
  ...faultTests,
  ...cancelTests,
  ...throttleTests,
  ...cprTests,
  ...validationTests,
  ...hmpTests,
  ...coloTests,
  ...deviceTests,
  ...chainTests,
  pingPongTest,
  ...linuxTests,
];

/** @param path without the architecture */
export function findTest(path: string): TestDefinition | undefined {
  return (
    allTests.find((test) => test.path === path) ?? findCombinedFault(path) ?? findGenerated(path)
  );
}
