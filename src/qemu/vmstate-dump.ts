/** Has a QEMU write what it knows of device state (`-dump-vmstate`), which ends it. */
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { HarnessError } from '../model/errors.js';
import type { QemuBinary } from './binary.js';
import { QemuProcess } from './process.js';
import { describeExit } from './spawn.js';

export interface DumpVmstateOptions {
  /** for the dump and the output of the process */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly machine: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** real ones have one */
const mostMebibytes = 64;

/**
 * The dump as text.
 * @throws HarnessError `deadline`, `vmstate-dump`
 */
export async function dumpVmstate(
  binary: QemuBinary<string>,
  { directory, env, machine, timeoutMs, signal }: DumpVmstateOptions,
): Promise<string> {
  const name = `vmstate-${randomBytes(4).toString('hex')}`;
  const file = path.join(directory, `${name}.json`);
  await using process = await QemuProcess.start({
    binary,
    args: ['-machine', machine, '-display', 'none', '-dump-vmstate', file],
    cwd: directory,
    env,
    outputPath: path.join(directory, `${name}.out`),
    sockets: 0,
    stopTimeouts: { quit: 1000, term: 1000, kill: 10_000 },
  });
  const refusal = (reason: string): HarnessError => {
    const output = process.outputTail();
    return new HarnessError({
      code: 'vmstate-dump',
      blame: 'host',
      message: `'${binary.command}' wrote no description of its device state for machine ${machine}: ${reason}`,
      details:
        output.length === 0 ? ['it printed nothing'] : output.map((line) => `it printed: ${line}`),
    });
  };
  const status = await process.waitForExit(timeoutMs, signal);
  if (status.code !== 0) throw refusal(`it ${describeExit(status)}`);
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) throw refusal('there is no file');
  if (found.size === 0) throw refusal('the file is empty');
  if (found.size > mostMebibytes * 1024 * 1024) {
    throw refusal(`the file has more than ${mostMebibytes} MiB`);
  }
  return readFileSync(file, 'utf8');
}
