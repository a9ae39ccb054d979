import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

/** How a process ends that gets a signal, or two, while it catches them or after. */
async function endOf(...lines: readonly string[]): Promise<readonly unknown[]> {
  const module = new URL('./signals.js', import.meta.url).href;
  const script = [
    `import { catchSignals } from ${JSON.stringify(module)};`,
    'const get = async () => {',
    "  process.kill(process.pid, 'SIGINT');",
    '  await new Promise((resolve) => setTimeout(resolve, 20));',
    '};',
    ...lines,
  ].join('\n');
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: 'ignore',
  });
  const end: readonly unknown[] = await once(child, 'close');
  return end;
}

test('the first signal cancels, the second forces', async () => {
  const caught = 'const interruption = catchSignals(77); await get();';
  assert.deepEqual(await endOf(caught, 'process.exit(interruption.signal.aborted ? 5 : 6)'), [
    5,
    null,
  ]);
  assert.deepEqual(await endOf(caught, 'await get(); process.exit(6)'), [77, null]);
});

test('a signal that comes when all is cleaned up gives the same exit code', async () => {
  const over = 'interruption[Symbol.dispose](); await get(); process.exit(6)';
  const caught = 'const interruption = catchSignals(77);';
  assert.deepEqual(await endOf(caught, over), [77, null]);
  assert.deepEqual(await endOf(caught, 'await get();', over), [77, null]);
});
