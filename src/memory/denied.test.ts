/**
 * Reading a process that is not ours. In a file, and so a process, of its own: it gives up its
 * privileges.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAddon } from '../native/addon.js';
import { openStoppedProcess } from './image.js';
import { openProcessRam } from './open-ram.js';

test("memory of somebody else's process is denied, and the error says why", async () => {
  loadAddon(); // while we may still read it
  if (process.getuid?.() === 0) process.setuid?.(65534);
  const regions = [{ address: 0, size: 4096, hostAddress: 0x1000n }];
  const isDenied = (error: unknown): boolean =>
    error instanceof Error &&
    'code' in error &&
    error.code === 'process-memory-denied' &&
    error.message.includes('ptrace policy');
  await assert.rejects(openProcessRam({ pid: 1, regions }), isDenied);
  assert.throws(() => openStoppedProcess(1, regions, 4096), isDenied);
});
