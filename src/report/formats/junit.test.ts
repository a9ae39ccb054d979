import assert from 'node:assert/strict';
import { test } from 'node:test';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { DroverEvent } from '../../model/events.js';
import { asArray, asObject } from '../../model/json.js';
import type { Json, JsonObject } from '../../model/json.js';
import { junitXml } from './junit-xml.js';
import * as fixtures from '../run.fixtures.js';
import { RunRecord } from '../fold/summary.js';

interface Parsed {
  readonly xml: string;
  readonly suite: JsonObject;
  readonly cases: readonly JsonObject[];
}

function reported(events: readonly DroverEvent[]): Parsed {
  const record = new RunRecord();
  for (const event of events) record.add(event);
  const xml = junitXml(record);
  // eslint-disable-next-line no-control-regex -- these are the characters XML 1.0 has no way to hold
  assert.doesNotMatch(xml, /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Cs}/u);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- its successor is a package of its own, for this line alone
  assert.equal(XMLValidator.validate(xml), true);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    processEntities: true,
    parseAttributeValue: false,
    parseTagValue: false,
    isArray: (name) => name === 'testcase' || name === 'property',
  });
  const suite = asObject(asObject(asObject(parser.parse(xml))['testsuites'])['testsuite']);
  return { xml, suite, cases: asArray(suite['testcase']).map(asObject) };
}

function textOf(value: Json | undefined): string {
  assert(typeof value === 'string');
  return value;
}

function attributes(element: JsonObject, ...names: string[]): (Json | undefined)[] {
  return names.map((name) => element[name]);
}

test('failed is a failure, broken an error, skipped is skipped with its reason', () => {
  const { suite, cases } = reported(fixtures.mixedRun);
  assert.deepEqual(attributes(suite, 'tests', 'failures', 'errors', 'skipped'), [
    '4',
    '1',
    '1',
    '1',
  ]);
  assert.deepEqual(attributes(suite, 'time', 'timestamp'), ['4.2', '2025-03-04T05:06:07.000Z']);
  assert.deepEqual(
    cases.map((testCase) => attributes(testCase, 'name', 'classname', 'time')),
    [
      [fixtures.plain, 'x86_64.migration.precopy.unix', '0.62'],
      [fixtures.tcp, 'x86_64.migration.precopy.tcp', '0.9'],
      [fixtures.file, 'x86_64.migration.precopy', '0'],
      [fixtures.badDest, 'x86_64.migration', '0.04'],
    ],
  );
  const [plain, tcp, file, badDest] = cases;
  assert(plain && tcp && file && badDest);
  assert(!['failure', 'error', 'skipped'].some((key) => key in plain));
  const failure = asObject(tcp['failure']);
  assert.deepEqual(attributes(failure, 'message', 'type'), [
    'the destination lost 4,941 pages of 25,344',
    'memory-damaged',
  ]);
  assert.match(
    textOf(failure['#text']),
    /0xe00000 to 0x214b000: 4,939 pages, stale by 1, expected 26, found 25/,
  );
  assert.match(
    textOf(failure['#text']),
    /run again {3}drover run -p \/x86_64\/migration\/precopy\/tcp/,
  );
  assert.equal(asObject(file['skipped'])['message'], 'needs file: URIs (QEMU 8.2) # here');
  assert.equal(asObject(badDest['error'])['type'], 'spawn');
});

test('phases and verdict are the output of a test', () => {
  const out = textOf(reported(fixtures.passedRun).cases[0]?.['system-out']);
  assert.match(out, /^phases: prepare 100 ms, launch 100 ms, warm-up 100 ms/);
  assert.match(out, /memory +intact; 25,344 pages examined/);
});

test('the properties say which QEMUs on which host', () => {
  const { suite } = reported(fixtures.mixedRun);
  const properties = new Map(
    asArray(asObject(suite['properties'])['property'])
      .map(asObject)
      .map((property) => [property['name'], property['value']]),
  );
  assert.equal(properties.get('source.qemu'), '10.0.8');
  assert.equal(properties.get('destination.qemu'), '7.2.22');
  assert.equal(properties.get('destination.command'), fixtures.olderQemu.command);
  assert.equal(properties.get('accel'), 'tcg');
  assert.equal(properties.get('host.cpu'), 'AMD EPYC 7B13');
});

test('control characters, markup and the end of a CDATA section do no harm', () => {
  const events = [fixtures.runStarted(['/a']), fixtures.testFinished('/a', fixtures.late)];
  const { cases } = reported([...events, fixtures.runFinished(events)]);
  const text = textOf(asObject(cases[0]?.['failure'])['#text']);
  assert.match(
    text,
    /stderr: \\x1b\[31mqemu: <fatal> & \]\] > twice \]\] >\\x07\\x00\n +second line \\ud800/,
  );
  const odd = '/a"<&>\u0001\n';
  const failure = { code: 'a<b', message: 'x\u0000"&<\uFFFE' };
  const strange = [
    fixtures.runStarted([odd]),
    fixtures.testFinished(odd, { kind: 'broken', failure }),
  ];
  const found = reported([...strange, fixtures.runFinished(strange)]).cases[0];
  assert.equal(found?.['name'], '/a"<&>\\x01');
  assert.equal(asObject(found['error'])['message'], 'x\\x00"&<\\ufffe');
});

test('attempts are test cases of their own', () => {
  const { suite, cases } = reported(fixtures.repeatedRun(3));
  assert.equal(suite['tests'], '6');
  assert.equal(cases[4]?.['name'], `${fixtures.plain} (attempt 3)`);
  assert.equal(cases[4]['classname'], 'x86_64.migration.precopy.unix');
});

test('cancelled is skipped with a message', () => {
  const { suite, cases } = reported(fixtures.cancelledRun);
  assert.deepEqual(attributes(suite, 'tests', 'failures', 'errors', 'skipped'), [
    '2',
    '0',
    '0',
    '1',
  ]);
  assert.equal(asObject(cases[1]?.['skipped'])['message'], 'cancelled in migrate');
});

test('a run that broke as a whole, or just stopped, is never green', () => {
  const { suite, cases } = reported(fixtures.brokenRun);
  assert.equal(suite['errors'], '1');
  assert.equal(asObject(cases[0]?.['error'])['message'], 'no worker could be started');
  for (const events of [[], fixtures.passedRun.slice(0, -1)]) {
    assert.equal(reported(events).suite['errors'], '1');
  }
});

test('a run of no tests is a suite of none', () => {
  const { suite, cases } = reported(fixtures.emptyRun);
  assert.equal(suite['tests'], '0');
  assert.deepEqual(cases, []);
});

test('retried attempts are in the case of the attempt that decides, as Surefire writes them', () => {
  const { attempt, broken, failed, late, passed, plain, runFinished, runStarted, tcp } = fixtures;
  const events = [
    runStarted([plain, tcp]),
    ...attempt(plain, broken, { willRetry: true }),
    ...attempt(plain, failed, { attempt: 2, retry: 1, willRetry: true }),
    ...attempt(plain, passed, { attempt: 3, retry: 2 }),
    ...attempt(tcp, failed, { willRetry: true }),
    ...attempt(tcp, late, { attempt: 2, retry: 1 }),
  ];
  const { cases } = reported([...events, runFinished(events)]);
  const names = cases.map(({ name }) => name);
  assert.deepEqual(names, [plain, tcp], 'history by name sees one test');
  assert.deepEqual(
    cases.map(({ name: _name, classname: _class, time: _time, ...rest }) => Object.keys(rest)),
    [
      ['flakyFailure', 'flakyError', 'system-out'],
      ['failure', 'rerunFailure', 'system-out'],
    ],
  );
  const [flaky] = cases;
  assert.deepEqual(attributes(asObject(flaky?.['flakyFailure']), 'message', 'type'), [
    fixtures.memoryFailure.message,
    'memory-damaged',
  ]);
  assert.match(textOf(asObject(flaky?.['flakyError'])['stackTrace']), /out of memory # not/);
});

/**
 * The elements of a case in the order that the schemas of Surefire and of Jenkins have, where both
 * have them.
 */
const order = [
  ...['failure', 'rerunFailure', 'flakyFailure', 'skipped', 'error', 'rerunError', 'flakyError'],
  ...['system-out', 'system-err'],
];

test('every run has the shape that readers of JUnit files agree on', () => {
  const runs = [
    ...[fixtures.mixedRun, fixtures.passedRun, fixtures.emptyRun, fixtures.cancelledRun],
    ...[fixtures.brokenRun, fixtures.repeatedRun(4)],
  ];
  for (const events of runs) {
    const { suite, cases } = reported(events);
    for (const name of ['tests', 'failures', 'errors', 'skipped']) {
      assert.match(textOf(suite[name]), /^\d+$/, name);
    }
    assert.equal(suite['tests'], String(cases.length));
    const count = (name: string): string =>
      String(cases.filter((testCase) => name in testCase).length);
    assert.deepEqual(attributes(suite, 'failures', 'errors', 'skipped'), [
      count('failure'),
      count('error'),
      count('skipped'),
    ]);
    for (const { name, classname, time, ...children } of cases) {
      assert.ok(textOf(name) !== '' && textOf(classname) !== '');
      assert.match(textOf(time), /^\d+(\.\d{1,3})?$/);
      const places = Object.keys(children).map((child) => order.indexOf(child));
      assert.ok(!places.includes(-1), Object.keys(children).join());
      assert.deepEqual(
        places,
        [...places].sort((a, b) => a - b),
      );
      for (const kind of ['failure', 'error']) {
        if (!(kind in children)) continue;
        const [message, type] = attributes(asObject(children[kind]), 'message', 'type');
        assert.ok(textOf(message) !== '' && textOf(type) !== '');
      }
    }
  }
});
