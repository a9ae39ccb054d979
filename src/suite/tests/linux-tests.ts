/** A real Linux guest that migrates back and forth, over each transport. */
import { linuxRamBytes } from '../../migration/linux/linux-machine.js';
import { linuxRounds } from '../../migration/linux/linux-rounds.js';
import { stressTransports } from '../../migration/stress/transports.js';
import type { Need } from '../../model/features.js';
import { migrationTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';
import { allNeeds, needsTls } from '../needs.js';
import { tracksEachSync } from './iterations-tests.js';

/** of each row: there and back, twice */
const usualRounds = 4;

interface LinuxRow {
  readonly transport: string;
  readonly tls?: true;
  readonly nvme?: true;
  readonly rounds?: number;
}

/** 10.0 calls the device not migratable, 11.1 migrates it; those in between were not tried. */
const migratableNvme: Need = {
  kind: 'behaviour',
  what: 'migration of an NVMe controller',
  witness: 'failing',
  since: '11.1',
};

export function linuxTest(row: LinuxRow): TestDefinition {
  const { transport: name, tls, nvme, rounds = usualRounds } = row;
  const transport = stressTransports.find((each) => each.name === name);
  if (transport === undefined) throw new Error(`no transport ${name}`);
  const { uri: listen, capabilities, needs } = transport;
  const data = { listen, capabilities };
  return migrationTest({
    path: ['/migration/linux', name, ...(tls ? ['tls'] : []), ...(nvme ? ['nvme'] : [])].join('/'),
    // QEMU 11.1 raises an interrupt while it saves the controller (docs/explanation/found-in-qemu.md)
    level: nvme === true ? 'flaky' : 'thorough',
    origin: 'drover',
    arches: ['x86_64'],
    needs: allNeeds(data, [
      ...needs,
      // 7.2 loses writes of this guest, too
      tracksEachSync,
      ...(tls === true ? [needsTls] : []),
      ...(nvme === true ? [migratableNvme] : []),
      { kind: 'host', name: 'linux-guest' },
    ]),
    takes: { ramBytes: linuxRamBytes },
    run: async (context) =>
      await linuxRounds(context, { transport, tls, rounds, devices: { nvme } }),
  });
}

export const linuxTests: readonly TestDefinition[] = [
  linuxTest({ transport: 'tcp' }),
  linuxTest({ transport: 'tcp', tls: true }),
  linuxTest({ transport: 'tcp', nvme: true }),
  linuxTest({ transport: 'multifd' }),
  linuxTest({ transport: 'postcopy' }),
  linuxTest({ transport: 'mapped-ram' }),
];
