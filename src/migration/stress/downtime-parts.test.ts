import assert from 'node:assert/strict';
import { test } from 'node:test';
import { downtimeParts } from './downtime-parts.js';

const source10 = `28287@1796010041.054159:vmstate_downtime_checkpoint src-downtime-start
28287@1796010041.054512:vmstate_downtime_checkpoint src-vm-stopped
28287@1796010041.054691:vmstate_downtime_save type=iterable idstr=ram instance_id=0 downtime=151
28287@1796010041.054695:vmstate_downtime_save type=iterable idstr=dirty-bitmap instance_id=0 downtime=0
28287@1796010041.054703:vmstate_downtime_checkpoint src-iterable-saved
28287@1796010041.056001:vmstate_downtime_save type=non-iterable idstr=cpu instance_id=0 downtime=40
28287@1796010041.056101:vmstate_downtime_save type=non-iterable idstr=cpu instance_id=1 downtime=41
28287@1796010041.056201:vmstate_downtime_save type=non-iterable idstr=0000:00:02.0/a b instance_id=0 downtime=2500
28287@1796010041.057374:vmstate_downtime_checkpoint src-non-iterable-saved
28287@1796010041.157390:vmstate_downtime_checkpoint src-downtime-end
`;
const destination10 = `qemu-system-x86_64: warning: something else
28185@1796010041.059194:vmstate_downtime_load type=iterable idstr=ram instance_id=0 downtime=56
28185@1796010041.146445:vmstate_downtime_checkpoint dst-precopy-loadvm-completed
28185@1796010041.146806:vmstate_downtime_checkpoint dst-precopy-bh-vm-started
`;

const rounded = (output: Parameters<typeof downtimeParts>[0]): string[] =>
  downtimeParts(output).map(
    ({ side, name, kind, ms }) => `${side} ${kind} ${name} ${ms.toFixed(3)}`,
  );

test('steps and devices are read from the lines of QEMU 10.0', () => {
  assert.deepEqual(rounded({ source: source10, destination: destination10 }), [
    'source step vm-stopped 0.353',
    'source step iterable-saved 0.191',
    'source step non-iterable-saved 2.671',
    'destination step precopy-loadvm-completed 89.071',
    'destination step precopy-bh-vm-started 0.361',
    'source device ram 0.151',
    'source device cpu 0.040',
    'source device cpu #1 0.041',
    'source device 0000:00:02.0/a b 2.500',
    'destination device ram 0.056',
  ]);
});

test('the lines of QEMU 11.1 have another time', () => {
  const source = `2026-11-30T03:40:51.999249Z vmstate_downtime_checkpoint src-downtime-start
2026-11-30T03:40:52.000966Z vmstate_downtime_checkpoint src-vm-stopped
`;
  assert.deepEqual(rounded({ source, destination: '' }), ['source step vm-stopped 1.717']);
});

test('a QEMU without these events has no parts, and a torn line is none', () => {
  assert.deepEqual(downtimeParts({ source: '', destination: 'qemu: error\n' }), []);
  const torn = '1@2.5:vmstate_downtime_save type=iterable idstr=ra';
  assert.deepEqual(downtimeParts({ source: torn, destination: torn }), []);
});
