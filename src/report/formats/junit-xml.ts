/**
 * A run as JUnit XML. Failed is a failure, broken an error, skipped is skipped with its reason.
 * Cancelled is skipped with a message, since the user's Ctrl-C is no fault of QEMU or the host. A
 * run that broke as a whole adds a test case of its own, an error, so that it is never green.
 */
import junit from 'junit-report-builder';
import type { Builder, TestCase, TestSuite } from 'junit-report-builder';
import type { EventOf } from '../../model/events.js';
import {
  failureFields,
  fieldLines,
  outcomeFields,
  phaseLine,
  verdictFields,
} from '../fold/diagnosis.js';
import { printable, printableLine } from '../../model/text/printable.js';
import { rerunCommand } from '../fold/rerun-line.js';
import { testStatusOf } from '../fold/test-status.js';
import { StableNames } from '../fold/labels.js';
import type { RunRecord } from '../fold/summary.js';

/** Its types have a `default` that the CommonJS module, which Node loads, does not have. */
const factory = junit as unknown as Builder;

/** For text in a CDATA section, which has no escapes. */
function body(lines: readonly string[]): string {
  return printable(lines.join('\n')).replaceAll(']]>', ']] >');
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

/**
 * The builder writes a bare `<skipped/>`; the reason becomes its attribute as the element is built.
 */
function skip(testCase: TestCase, reason: string): void {
  testCase.skipped();
  const build = testCase.build.bind(testCase);
  testCase.build = (parent) => {
    const element = build(parent);
    for (const child of element.children) {
      if ('name' in child && child.name === 'skipped' && 'att' in child) {
        (child as typeof element).att('message', printableLine(reason));
      }
    }
    return element;
  };
}

/** `/x86_64/migration/precopy/unix/plain` is grouped as `x86_64.migration.precopy.unix`. */
function className(test: string): string {
  return test.split('/').filter(Boolean).slice(0, -1).join('.');
}

function addProperties(suite: TestSuite, run: EventOf<'run-started'>): void {
  const { source, destination, route, host } = run;
  const properties = {
    drover: run.drover,
    'source.qemu': source.version,
    'source.package': source.package,
    'source.command': source.command,
    'destination.qemu': destination.version,
    'destination.package': destination.package,
    'destination.command': destination.command,
    route: route?.map(({ version }) => version).join(' to '),
    machine: run.machine,
    accel: run.accel,
    workers: run.workers,
    'host.name': host.hostname,
    'host.kernel': host.kernel,
    'host.cpu': host.cpu,
    'host.cores': host.cores,
  };
  for (const [name, value] of Object.entries(properties)) {
    if (value !== undefined) suite.property(name, printableLine(String(value)));
  }
  suite.timestamp(printableLine(run.time));
}

type Finished = EventOf<'test-finished'>;

/**
 * Which tests are flaky and which in quarantine: not every JUnit schema has that for a test case.
 */
function addRetries(suite: TestSuite, { tests }: RunRecord): void {
  for (const status of ['flaky', 'quarantined'] as const) {
    const names = new Set(
      tests.filter((event) => testStatusOf(event) === status).map(({ test }) => test),
    );
    if (names.size > 0) suite.property(status, printableLine([...names].join(' ')));
  }
}

/**
 * Retried attempts, as Maven's Surefire writes them: `flaky...` in a case that passed in the end,
 * `rerun...` in others. In the order of its schema: before `system-out`.
 */
function addTries(testCase: TestCase, event: Finished, before: readonly Finished[]): void {
  const word = event.outcome.kind === 'passed' ? 'flaky' : 'rerun';
  const tries = before.flatMap(({ outcome, directory }) =>
    outcome.kind === 'failed' || outcome.kind === 'broken'
      ? [{ outcome, text: body(fieldLines(outcomeFields(outcome, { directory }))) }]
      : [],
  );
  if (tries.length === 0) return;
  const build = testCase.build.bind(testCase);
  testCase.build = (parent) => {
    const element = build(parent);
    const child = (...names: string[]): typeof element | undefined =>
      element.children.find(
        (each): each is typeof element => 'name' in each && names.includes(String(each.name)),
      );
    for (const kind of ['failed', 'broken'] as const) {
      const name = `${word}${kind === 'failed' ? 'Failure' : 'Error'}`;
      const next = kind === 'failed' ? ['skipped', 'error', 'system-out'] : ['system-out'];
      for (const { outcome, text } of tries) {
        if (outcome.kind !== kind) continue;
        const { message, code } = outcome.failure;
        const attributes = { message: printableLine(message), type: printableLine(code) };
        const place = child(...next);
        const added =
          place === undefined
            ? element.ele(name, attributes)
            : place.insertBefore(name, attributes);
        added.ele('stackTrace').cdata(text);
      }
    }
    return element;
  };
}

/** @param before retried attempts: they are in the test case of the attempt that decides */
function addAttempt(
  suite: TestSuite,
  event: Finished,
  record: RunRecord,
  before: readonly Finished[],
  name: string,
): void {
  const { outcome, test, directory } = event;
  const testCase = suite
    .testCase()
    .name(printableLine(name))
    .className(printableLine(className(test)))
    .time(seconds(event.durationMs));
  // Of the suite: not every JUnit schema knows properties of a test case.
  if (event.attempt > 1 && !record.labels.isRepeated(test)) {
    suite.property(printableLine(`attempt of ${test}`), String(event.attempt));
  }
  const output: string[] = [];
  if (testStatusOf(event) === 'flaky') output.push('flaky: passed only when it was tried again');
  if (event.phases.length > 0) output.push(`phases: ${phaseLine(event.phases)}`);
  switch (outcome.kind) {
    case 'passed':
      if (outcome.verdict !== undefined) output.push(...fieldLines(verdictFields(outcome.verdict)));
      break;
    case 'skipped':
      skip(testCase, outcome.reason);
      break;
    case 'cancelled':
      skip(testCase, `cancelled${outcome.phase === undefined ? '' : ` in ${outcome.phase}`}`);
      break;
    case 'failed':
    case 'broken': {
      const rerun = rerunCommand(test, record.started);
      const text = body(fieldLines(outcomeFields(outcome, { directory, rerun })));
      const { code, message } = outcome.failure;
      if (event.quarantined !== undefined) {
        const { owner, reason, expires } = event.quarantined;
        const known = `quarantined until ${expires}, ${owner}: ${reason}`;
        skip(testCase, `${known}; ${outcome.kind}: ${message}`);
        output.push(text);
      } else if (outcome.kind === 'failed') {
        testCase.failure(printableLine(message), printableLine(code)).stacktrace(text);
        if (outcome.verdict !== undefined) {
          output.push(...fieldLines(verdictFields(outcome.verdict)));
        }
      } else testCase.error(printableLine(message), printableLine(code), text);
    }
  }
  if (output.length > 0) testCase.standardOutput(body(output));
  addTries(testCase, event, before);
}

export function junitXml(record: RunRecord): string {
  const builder = factory.newBuilder().name('drover');
  const suite = builder.testSuite().name('drover run').time(seconds(record.durationMs));
  if (record.started !== undefined) addProperties(suite, record.started);
  addRetries(suite, record);
  const names = new StableNames(record.labels);
  let retried: Finished[] = [];
  for (const event of record.tests) {
    if (testStatusOf(event) === 'retried') retried.push(event);
    else {
      const before = retried.filter(({ test }) => test === event.test);
      retried = retried.filter(({ test }) => test !== event.test);
      addAttempt(suite, event, record, before, names.next(event.test));
    }
  }
  const failure = record.finished?.failure;
  if (failure !== undefined || record.finished === undefined) {
    const shown = failure ?? {
      code: 'incomplete',
      message: 'the run ended before it was complete',
    };
    suite
      .testCase()
      .name('the run as a whole')
      .className('drover')
      .time(0)
      .error(
        printableLine(shown.message),
        printableLine(shown.code),
        body(fieldLines(failureFields(shown))),
      );
  }
  return builder.build();
}
