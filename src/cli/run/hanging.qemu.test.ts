/**
 * One test of a run that hangs: the run ends in time, reports where it hung and the last messages
 * of both sides, and runs the other tests.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { asArray, asObject, asString } from '../../model/json.js';
import type { Json } from '../../model/json.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';

const qemu = realQemu('10.0');

/**
 * the destination is stopped as soon as the migration is active, so that the source waits for ever
 */
const own = `
import { precopyTest } from 'drover';
export default [
  precopyTest({
    path: '/own/hangs',
    level: 'smoke',
    listen: 'unix:$DIR/migsocket',
    connect: 'unix:$DIR/migsocket',
    live: true,
    startHook: async ({ source, destination }) => {
      source.qmp.events.listen(({ name, data }) => {
        if (name === 'MIGRATION' && data.status === 'active') process.kill(destination.pid, 'SIGSTOP');
      });
    },
  }),
];
`;

test(
  'a test that hangs ends with its deadline, is reported with its phase and both sides, and delays no other test',
  { skip: qemu.skip },
  async () => {
    using scratch = new Scratch();
    const tests = path.join(scratch.directory, 'own.mjs');
    writeFileSync(tests, own);
    const json = path.join(scratch.directory, 'results.json');
    const others = ['precopy/unix/plain', 'precopy/tcp/plain', 'postcopy/plain'];
    const ran = await drover(
      [
        ...['run', '--tests', tests, '-p', 'own/hangs', ...others.flatMap((name) => ['-p', name])],
        ...['--qemu', qemu.command, '--accel', 'tcg', '--timeout', '30', '-j', '2'],
        ...['--json', json],
      ],
      scratch,
    );
    const text = `${ran.stdout}\n${ran.stderr}`;
    assert.equal(ran.code, 1, text);
    assert.match(ran.stdout, /FAIL +\/x86_64\/own\/hangs/);
    assert.match(ran.stdout, /not done within 30\.0 s[\s\S]*phase migrate/);
    assert.match(ran.stdout, /1 failed, \d+ passed/);

    const document = asObject(JSON.parse(readFileSync(json, 'utf8')) as Json);
    const results = asArray(document['tests']).map(asObject);
    const kinds = new Map(
      results.map(({ test: name, outcome }) => [asString(name), asObject(outcome)['kind']]),
    );
    assert.equal(kinds.get('/x86_64/own/hangs'), 'failed');
    for (const name of others) assert.equal(kinds.get(`/x86_64/migration/${name}`), 'passed', text);

    const hung = results.find(({ test: name }) => name === '/x86_64/own/hangs');
    const failure = asObject(asObject(hung?.['outcome'])['failure']);
    assert.equal(failure['code'], 'test-timeout');
    assert.equal(failure['phase'], 'migrate');
    const details = asArray(failure['details']).map(asString).join('\n');
    assert.match(details, /== source[\s\S]*query-migrate: .*"status":"active"/);
    assert.match(details, /== destination[\s\S]*no answer to QMP.*last seen: MIGRATION active/);
    assert.deepEqual(scratch.processes(), []);
  },
);
