import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DroverEvent } from '../../model/events.js';
import { LiveConsole } from './console-live.js';
import { PlainConsole } from './console-plain.js';
import { frameLines, keepEnd } from './live-frame.js';
import { LiveProgress } from './live-progress.js';
import { paintWith } from './colors.js';
import * as fixtures from '../run.fixtures.js';
import { FailingPaper, Paper, Screen } from './scripted.fixtures.js';

const paint = paintWith(false);
const size = { columns: 100, rows: 24 };

class Stage {
  readonly stream = new Paper();
  readonly screen = new Screen();
  nowMs = 0;
  tick: () => void = () => undefined;
  ticking = true;
  readonly console = new LiveConsole({
    stream: this.stream,
    color: true,
    now: () => this.nowMs,
    ticker: (redraw) => {
      this.tick = redraw;
      return () => {
        this.ticking = false;
      };
    },
  });

  play(events: readonly DroverEvent[]): readonly string[] {
    for (const event of events) this.console.onEvent(event);
    this.tick();
    return this.look();
  }

  look(): readonly string[] {
    this.screen.write(this.stream.text);
    this.stream.text = '';
    return this.screen.lines;
  }
}

test('running tests are shown below the finished ones, with phase and elapsed time', () => {
  const stage = new Stage();
  const of = { test: fixtures.tcp, attempt: 1, atMs: 0 };
  stage.play([
    fixtures.runStarted([fixtures.plain, fixtures.tcp]),
    { type: 'test-started', ...of },
    ...fixtures.attempt(fixtures.plain, fixtures.passed),
    { type: 'phase-started', phase: 'warm-up', ...of },
  ]);
  stage.nowMs = 1500;
  stage.tick();
  const lines = stage.look();
  assert.match(lines.at(-4) ?? '', /^ok {5}\/x86_64\/migration\/precopy\/unix\/plain 0\.60 s$/);
  assert.match(
    lines.at(-3) ?? '',
    /^ {2}\/x86_64\/migration\/precopy\/tcp\/plain +warm-up {2}1\.50 s$/,
  );
  assert.equal(lines.at(-2), '1 of 2 done, 1 passed, 1.50 s');
  assert.equal(lines.at(-1), '');
});

test('at the end the screen holds what the plain console prints, and nothing else', async () => {
  for (const run of [
    fixtures.mixedRun,
    fixtures.cancelledRun,
    fixtures.emptyRun,
    fixtures.brokenRun,
    fixtures.passedRun.slice(0, -1),
  ]) {
    const stage = new Stage();
    for (const event of run) {
      stage.nowMs += 50;
      stage.play([event]);
    }
    await stage.console.close();
    const stream = new Paper();
    const plain = new PlainConsole({ stream, color: false });
    for (const event of run) plain.onEvent(event);
    await plain.close();
    assert.deepEqual(
      stage.look(),
      stream.text.split('\n').map((line) => line.trimEnd()),
    );
    assert.equal(stage.ticking, false);
    assert.equal(stage.stream.listenerCount('resize'), 0);
  }
});

test('the cursor is never hidden, so nothing can leave it hidden', () => {
  const stage = new Stage();
  for (const event of fixtures.mixedRun) stage.console.onEvent(event);
  stage.tick();
  assert(!stage.stream.text.includes('\u001B[?25'));
});

test('a diagnosis taller than the terminal is printed completely', () => {
  const stage = new Stage();
  stage.stream.rows = 5;
  const details = Array.from({ length: 30 }, (_, line) => `detail ${String(line)}`);
  const failure = { ...fixtures.memoryFailure, details };
  const lines = stage.play([
    fixtures.runStarted([fixtures.plain]),
    fixtures.testFinished(fixtures.plain, { kind: 'failed', failure }),
  ]);
  for (const detail of details)
    assert(
      lines.some((line) => line.endsWith(detail)),
      detail,
    );
});

test('a resize redraws at once, at the new width', () => {
  const stage = new Stage();
  stage.play([
    fixtures.runStarted([fixtures.plain, fixtures.tcp]),
    { type: 'test-started', test: fixtures.plain, attempt: 1, atMs: 0 },
  ]);
  stage.stream.columns = 40;
  stage.stream.emit('resize');
  const lines = stage.look();
  assert.equal(lines.at(-3), '  ...ecopy/unix/plain  starting  0.00 s');
  assert(lines.slice(-3).every((line) => line.length < 40));
});

test('a terminal that closes ends the drawing and nothing else', async () => {
  const stream = new FailingPaper('EIO', 1);
  const terminal = Object.assign(stream, { isTTY: true });
  let tick = (): void => undefined;
  const console = new LiveConsole({
    stream: terminal,
    color: true,
    now: () => 0,
    ticker: (redraw) => {
      tick = redraw;
      return () => undefined;
    },
  });
  for (const event of fixtures.mixedRun) {
    console.onEvent(event);
    tick();
    await new Promise(setImmediate);
  }
  await console.close();
  assert.equal(stream.attempts, 2);
});

test('the frame is never taller or wider than the terminal', () => {
  const progress = new LiveProgress();
  const many = Array.from({ length: 30 }, (_, index) => `/x86_64/some/long/path/${String(index)}`);
  progress.onEvent(fixtures.runStarted(many), 0);
  for (const path of many) {
    progress.onEvent({ type: 'test-started', test: path, attempt: 1, atMs: 0 }, 0);
  }
  for (const rows of [1, 2, 3, 4, 5, 10, 32, 33, 34, 100]) {
    for (const columns of [1, 2, 5, 20, 40, 200]) {
      const lines = frameLines(progress, 100, { columns, rows }, paint);
      assert(
        lines.length <= Math.max(1, rows - 1),
        `${String(lines.length)} lines in ${String(rows)}`,
      );
      assert(lines.every((line) => line.length <= Math.max(1, columns - 1)));
    }
  }
  const lines = frameLines(progress, 100, { columns: 80, rows: 10 }, paint);
  assert.equal(lines.length, 8);
  assert.equal(lines[6], '  and 24 more running');
});

test('the end of a path outlives its beginning', () => {
  assert.equal(keepEnd('/x86_64/migration/plain', 9), '.../plain');
  assert.equal(keepEnd('plain', 5), 'plain');
  assert.equal(keepEnd('plain', 2), 'in');
  assert.equal(keepEnd('plain', 0), '');
});

test('QEMU’s word for the migration is shown, the source’s alone', () => {
  const progress = new LiveProgress();
  const of = { test: '/a', attempt: 1, atMs: 0 };
  progress.onEvent({ type: 'phase-started', phase: 'migrate', ...of }, 0);
  progress.onEvent({ type: 'migration-status', side: 'source', status: 'active', ...of }, 1);
  progress.onEvent({ type: 'migration-status', side: 'destination', status: 'setup', ...of }, 2);
  assert.deepEqual(progress.running, [{ label: '/a', sinceMs: 0, doing: 'migrate: active' }]);
});

test('the time left is estimated once there are results, and skipped tests do not count', () => {
  const tests = Array.from({ length: 103 }, (_, index) => `/${String(index)}`);
  const progress = new LiveProgress();
  progress.onEvent(fixtures.runStarted(tests, { workers: 2 }), 0);
  for (const path of tests.slice(0, 50)) {
    progress.onEvent(fixtures.testFinished(path, fixtures.skipped), 0);
  }
  assert.equal(progress.remainingMs(0), null);
  for (const path of tests.slice(50, 53)) {
    progress.onEvent(fixtures.testFinished(path, fixtures.passed, { durationMs: 1000 }), 1500);
  }
  assert.equal(progress.remainingMs(1500), 25_000);
  progress.onEvent({ type: 'test-started', test: '/60', attempt: 1, atMs: 0 }, 1500);
  assert.equal(progress.remainingMs(2000), 24_750);
  assert.match(frameLines(progress, 2000, size, paint).at(-1) ?? '', /2\.00 s, about 25 s left$/);
  // One that takes longer than the mean is not counted as more than done.
  assert.equal(progress.remainingMs(60_000), 24_500);
});

test('a burst of results costs one frame', () => {
  const stage = new Stage();
  stage.play([fixtures.runStarted([fixtures.plain])]);
  let writes = 0;
  stage.stream.write = () => {
    writes += 1;
    return true;
  };
  stage.play(fixtures.repeatedRun(500).slice(1, -1));
  assert.equal(writes, 1);
});
