/** `--last-failed DIR`: of the selected tests, those that did not pass in an earlier run. */
import type { Arch } from '../../model/arch.js';
import { usageError } from '../../model/errors.js';
import { counted } from '../../model/text/format.js';
import { noteOnStderr } from '../process/print.js';
import { lastFailed } from '../../report/log/last-failed.js';
import type { TestDefinition } from '../../suite/definition.js';
import { fullPath } from '../../suite/select.js';
import { withNamed } from './catalogue.js';
import type { Catalogue } from './catalogue.js';
import type { OwnTestsOption, SelectionOptions } from '../options/options.js';
import { select } from './planned-tests.js';

/** If no option selects tests, the level does not matter: the earlier run's tests are selected. */
export async function onlyLastFailed(
  directory: string,
  options: SelectionOptions & OwnTestsOption,
  usual: Catalogue,
  { arch, flaky }: { readonly arch: Arch; readonly flaky: boolean },
): Promise<TestDefinition[]> {
  const failed = new Set(await lastFailed(directory, noteOnStderr));
  const catalogue = withNamed(usual, [...failed], arch);
  const known = new Set(catalogue.all.map((test) => fullPath(arch, test)));
  const unknown = [...failed].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw usageError(
      'no-such-test',
      `--last-failed: Drover does not know ${unknown.length} of the tests that did not pass in '${directory}'; give the same --tests, and a QEMU of the same architecture`,
      { details: unknown.slice(0, 10) },
    );
  }
  const { p, runPrefix, level, m, full } = options;
  const isNarrowed =
    p.length + runPrefix.length > 0 || level !== undefined || m !== undefined || full === true;
  const meant = isNarrowed ? options : { ...options, level: 'flaky' as const };
  const among = select(
    meant,
    { ...catalogue, usual: isNarrowed ? catalogue.usual : catalogue.all },
    { arch, flaky },
  );
  const left = among.filter((test) => failed.has(fullPath(arch, test)));
  if (failed.size === 0) {
    noteOnStderr(
      `--last-failed: every test of '${directory}' passed or was skipped: nothing to repeat`,
    );
  } else if (left.length === 0) {
    const tests = counted(failed.size, 'test');
    noteOnStderr(
      `--last-failed: ${tests} of '${directory}' did not pass, and the options select none of them; leave out -p, -r, --level and --full`,
    );
  }
  return left;
}
