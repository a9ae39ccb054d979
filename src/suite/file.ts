/** Migration to a file and back. */
import { fileTest } from './definition.js';
import type { TestDefinition } from './definition.js';
import { needsFileTransport } from './needs.js';

export const fileTests: readonly TestDefinition[] = [
  fileTest({
    path: '/migration/precopy/file',
    level: 'smoke',
    needs: [needsFileTransport],
    connect: 'file:$DIR/migfile',
    usualMs: 600,
  }),
];
