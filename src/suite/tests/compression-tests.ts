/**
 * Compressed migration in the main channel: xbzrle sends the difference to the page that was sent
 * before.
 */
import { precopyTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';
import { unixSocket } from './unix-socket.js';

const MiB = 1024 * 1024;

export const compressionTests: readonly TestDefinition[] = [
  precopyTest({
    path: '/migration/precopy/unix/xbzrle',
    level: 'thorough',
    ...unixSocket,
    capabilities: ['xbzrle'],
    sourceParameters: { 'xbzrle-cache-size': 32 * MiB },
    live: true,
    // the first iteration only fills the cache
    iterations: 2,
  }),
  precopyTest({
    path: '/migration/precopy/unix/xbzrle/small-cache',
    level: 'full',
    origin: 'drover',
    ...unixSocket,
    capabilities: ['xbzrle'],
    // 16 pages
    sourceParameters: { 'xbzrle-cache-size': 64 * 1024 },
    guest: { pages: 4096 },
    live: true,
    iterations: 2,
  }),
];
