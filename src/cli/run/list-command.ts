/** `drover list`: all tests. Starts no QEMU. */
import { isArch, platforms } from '../../model/arch.js';
import type { Need } from '../../model/features.js';
import { usageError } from '../../model/errors.js';
import type { Level } from '../../suite/definition.js';
import { fullPath } from '../../suite/select.js';
import { loadCatalogue } from './catalogue.js';
import { exitCodes } from '../process/exit-codes.js';
import { lines } from '../process/print.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { withOwnTests } from '../options/options.js';
import type { OwnTestsOption } from '../options/options.js';

interface ListOptions extends OwnTestsOption {
  readonly arch: string;
  readonly json?: boolean;
}

export const addListCommand: AddCommand = (program, _environment, finish) => {
  const command = program
    .command('list')
    .description('list all tests, their level and what they need of QEMU');
  withOwnTests(command)
    .option('--arch <name>', 'guest architecture', 'x86_64')
    .option('--json', 'write JSON instead of text')
    .action(async (options: ListOptions) => {
      const { arch } = options;
      if (!isArch(arch)) {
        throw usageError(
          'unknown-arch',
          `--arch: Drover has no guest for '${arch}'; use one of ${Object.keys(platforms).join(', ')}`,
        );
      }
      const { usual } = await loadCatalogue(options);
      const rows = usual
        .filter((test) => test.arches?.includes(arch) !== false)
        .map((test) => ({
          name: fullPath(arch, test),
          level: test.level,
          needs: test.needs ?? [],
        }));
      process.stdout.write(
        options.json === true ? `${JSON.stringify(rows, null, 2)}\n` : asText(rows),
      );
      finish(exitCodes.passed);
    });
  withExamples(command, {
    'drover list --arch aarch64': 'the tests of an aarch64 guest',
  });
};

interface Row {
  readonly name: string;
  readonly level: Level;
  readonly needs: readonly Need[];
}

function asText(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return lines(
    rows.map(({ name, level, needs }) =>
      `${name.padEnd(width)}  ${level.padEnd(10)}  ${needs.map(describeNeed).join(', ')}`.trimEnd(),
    ),
  );
}

function describeNeed(need: Need): string {
  switch (need.kind) {
    case 'host':
      return `host ${need.name}`;
    case 'former':
      return `${need.what} (before ${need.before})`;
    case 'together':
      return `${need.names.join(' with ')} (${need.since})`;
    case 'tls':
      return `TLS (${need.since})`;
    case 'behaviour':
      return `${need.what} (${need.since})`;
    case 'value':
      return `${need.parameter} ${need.name} (${need.since})`;
    default:
      return `${need.kind} ${need.name} (${need.since})`;
  }
}
