/** Compressed migration in the main channel: xbzrle, which sends what changed of a page sent before. */
import { setParameters } from '../../migration/commands.js';
import { precopyTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';
import { needsCapability, needsParameter } from '../needs.js';

const MiB = 1024 * 1024;

export const compressionTests: readonly TestDefinition[] = [
  precopyTest({
    path: '/migration/precopy/unix/xbzrle',
    level: 'thorough',
    needs: [needsCapability('xbzrle', '1.2'), needsParameter('xbzrle-cache-size', '2.11')],
    listen: 'unix:$DIR/migsocket',
    connect: 'unix:$DIR/migsocket',
    capabilities: ['xbzrle'],
    startHook: async ({ source }) => {
      await setParameters(source, { 'xbzrle-cache-size': 32 * MiB });
    },
    live: true,
    // the first pass only fills the cache
    passes: 2,
    usualMs: 900,
  }),
];
