/**
 * `--debug`: parses the tool and the side, and checks that the tool is installed and that one test
 * is selected.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { DroverEvent } from '../../model/events.js';
import { HarnessError } from '../../model/errors.js';
import { locate } from '../../qemu/binary.js';
import { debugPackage, debugToolNames, isToolOutput } from '../../qemu/debug-tools.js';
import type { DebugPlan, DebugToolName } from '../../qemu/debug-tools.js';

export interface DebugRequest {
  readonly tool: DebugToolName;
  readonly sides: DebugPlan['sides'];
}

const sidesOf: Readonly<Record<string, DebugPlan['sides']>> = {
  source: ['source'],
  destination: ['destination'],
  both: ['source', 'destination'],
};

export function debugArgument(value: string): DebugRequest {
  const [name = '', side = 'both', ...more] = value.split(':');
  const tool = debugToolNames.find((each) => each === name);
  const sides = Object.hasOwn(sidesOf, side) ? sidesOf[side] : undefined;
  if (tool === undefined || sides === undefined || more.length > 0) {
    throw new InvalidArgumentError(
      `expected ${debugToolNames.join(', ')}, alone or with :source, :destination or :both, not '${value}'.`,
    );
  }
  return { tool, sides };
}

export interface DebugSituation {
  readonly searchPath: string;
  /** a person can read what to type in another terminal */
  readonly isTerminal: boolean;
  /** full paths */
  readonly selected: readonly string[];
  /** `--jobs`, where it was given */
  readonly jobs: number | undefined;
}

/** @throws HarnessError `bad-debug`, `no-debug-tool` */
export function planDebug({ tool, sides }: DebugRequest, situation: DebugSituation): DebugPlan {
  const { selected, jobs } = situation;
  const refuse = (message: string): HarnessError =>
    new HarnessError({ code: 'bad-debug', blame: 'usage', message: `--debug ${message}` });
  if (jobs !== undefined && jobs !== 1) throw refuse(`runs one test: leave out -j ${jobs}`);
  if (selected.length !== 1) {
    const some = selected.slice(0, 3).join(', ');
    const more = selected.length > 3 ? `, ... (${selected.length} in all)` : '';
    throw refuse(
      `runs one test, but the options select ${some}${more}; name one with -p, and leave the others out with -s`,
    );
  }
  if (locate(tool, situation.searchPath) === undefined) {
    throw new HarnessError({
      code: 'no-debug-tool',
      blame: 'host',
      message: `--debug: no ${tool} on PATH; install it (Debian: apt-get install ${debugPackage(tool)})`,
    });
  }
  return { tool, sides, attach: tool === 'gdb' && situation.isTerminal };
}

/** Absolute paths of the files that the tool wrote in a kept directory. */
export function toolOutputs(event: DroverEvent, plan: DebugPlan): string[] {
  if (event.type !== 'test-finished' || event.directory === undefined || plan.attach) return [];
  const { directory } = event;
  return readdirSync(directory)
    .filter((name) => isToolOutput(name, plan))
    .sort()
    .map((name) => path.join(directory, name));
}

/** A person at a terminal, who can open another one. */
export function isAttended(): boolean {
  // undefined, not false, where it is no terminal, whatever the types say
  return [process.stdin, process.stderr].every(
    ({ isTTY }) => (isTTY as boolean | undefined) === true,
  );
}
