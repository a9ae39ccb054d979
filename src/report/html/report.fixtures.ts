/**
 * A report with one of everything, made of a scripted run and of evidence that is hostile where it
 * can be.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AttemptTimeline, DroverEvent } from '../../model/events.js';
import * as fixtures from '../run.fixtures.js';
import { htmlReporter } from './html-reporter.js';

export const hostile = `</script><script>globalThis.harmed = 1</script><img src=x onerror='globalThis.harmed = 1'><!--<script>`;

const timeline: AttemptTimeline = {
  machines: [
    { name: 'source', side: 'source', startMs: 10 },
    { name: 'destination', side: 'destination', startMs: 30 },
  ],
  events: [
    { ms: 100, machine: 0, name: 'MIGRATION', value: 'setup' },
    { ms: 110, machine: 0, name: 'MIGRATION', value: 'active' },
    { ms: 111, machine: 1, name: 'MIGRATION', value: 'active' },
    { ms: 200, machine: 0, name: 'MIGRATION_PASS', value: 2 },
    { ms: 300, machine: 0, name: 'STOP' },
    { ms: 400, machine: 0, name: 'MIGRATION', value: 'completed' },
    { ms: 402, machine: 1, name: 'RESUME' },
  ],
};

const line = (ms: number, dir: '>' | '<', msg: unknown): string =>
  `${JSON.stringify({ ms, dir, msg })}\n`;

/** What a failed attempt leaves, below `folder`. */
function evidence(folder: string): string {
  const directory = join(folder, 'results', 'tcp plain-1');
  mkdirSync(directory, { recursive: true });
  const write = (name: string, content: string | Buffer): void => {
    writeFileSync(join(directory, name), content);
  };
  write(
    'source.qmp.jsonl',
    line(20, '<', { QMP: { version: {} } }) +
      line(50, '>', { execute: 'migrate', arguments: { uri: hostile } }) +
      line(60, '<', { error: { class: 'GenericError', desc: hostile } }) +
      '{"ms":70,"dir":"<","msg":{"torn',
  );
  // earlier than the source's by its own clock, later by that of the attempt
  write('destination.qmp.jsonl', line(35, '<', { event: 'MIGRATION', data: { status: 'active' } }));
  write('source.stderr', `qemu: ${hostile}\n`);
  write('destination.ram', Buffer.alloc(40_000, 0));
  write('long.txt', `first line\n${'x'.repeat(40_000)}\nlast line\n`);
  return directory;
}

/** 2 failed, 1 broken, 1 flaky, 1 retried, 2 skipped, 2 passed, of two pairs of versions. */
export function everything(folder: string): DroverEvent[] {
  const { attempt, badDest, broken, failed, file, passed, plain, skipped, tcp } = fixtures;
  const { olderQemu, runFinished, runStarted, testFinished } = fixtures;
  const directory = evidence(folder);
  const bad = { kind: 'failed', failure: { code: 'x', message: hostile } } as const;
  const first = [
    runStarted([plain, tcp, file, badDest, '/x86_64/mine/<b>bold</b>']),
    ...attempt(plain, passed, { timeline }),
    ...attempt(tcp, failed, { directory, timeline, willRetry: true }),
    ...attempt(tcp, passed, { attempt: 2, retry: 1, timeline }),
    testFinished(file, skipped),
    ...attempt(badDest, broken, { directory: '/nowhere/at/all' }),
    ...attempt('/x86_64/mine/<b>bold</b>', bad, { directory, timeline }),
    { type: 'warning', atMs: 5, message: hostile } as const,
  ];
  const second = [
    runStarted([plain, tcp, file], { destination: olderQemu }),
    ...attempt(plain, passed),
    ...attempt(tcp, failed, { directory, timeline }),
    testFinished(file, skipped),
  ];
  return [...first, runFinished(first), ...second, runFinished(second)];
}

/** @param count passed tests, to which comes a failed one */
export function many(count: number): DroverEvent[] {
  const names = Array.from(
    { length: count },
    (_, index) => `/x86_64/migration/many/${String(index)}`,
  );
  const events: DroverEvent[] = [
    fixtures.runStarted(names),
    ...names.flatMap((name, index) =>
      fixtures.attempt(name, index === count / 2 ? fixtures.late : fixtures.passed, { timeline }),
    ),
  ];
  return [...events, fixtures.runFinished(events)];
}

export async function writeReport(file: string, events: readonly DroverEvent[]): Promise<string> {
  const reporter = htmlReporter(file);
  for (const event of events) reporter.onEvent(event);
  await reporter.close();
  return file;
}
