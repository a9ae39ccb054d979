/**
 * Asks a QEMU binary, started without a machine, what it can do. Version numbers decide nothing:
 * distributions add and remove features.
 */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { HarnessError } from '../model/errors.js';
import { qmpArgs } from '../model/command-line.js';
import type { MachineType, QemuFeatures } from '../model/features.js';
import { asArray, asObject, asString } from '../model/json.js';
import type { Json, JsonObject } from '../model/json.js';
import { QmpClient, QmpCommandError } from '../qmp/client.js';
import type { QemuBinary } from './binary.js';
import { findQemu } from './find-qemu.js';
import { QemuProcess } from './process.js';
import { programDigest } from './program-digest.js';
import { RiskyProbes } from './risky-probes.js';
import { QmpSchema } from './schema.js';

export interface ProbeOptions {
  /** for the output of the process */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export async function probeFeatures(
  binary: QemuBinary<string>,
  options: ProbeOptions,
): Promise<QemuFeatures> {
  const risky = new RiskyProbes();
  return await risky.survive(async () => await probeOnce(binary, options, risky));
}

async function probeOnce(
  binary: QemuBinary<string>,
  options: ProbeOptions,
  risky: RiskyProbes,
): Promise<QemuFeatures> {
  const mark = `probe-${randomBytes(4).toString('hex')}`;
  await using process = await QemuProcess.start({
    binary,
    args: ['-name', mark, '-machine', 'none', '-nodefaults', '-display', 'none', ...qmpArgs()],
    cwd: options.directory,
    env: options.env,
    outputPath: path.join(options.directory, `${mark}.out`),
    sockets: 1,
    stopTimeouts: { quit: 1000, term: 1000, kill: 10_000 },
  });
  const [socket] = process.sockets;
  if (socket === undefined) throw new Error('one socket was asked for');
  const qmp = new QmpClient({ socket });
  try {
    const { timeoutMs, signal } = options;
    const greeting = await qmp.handshake({ timeoutMs, signal });
    const ask = async (command: string, args?: JsonObject): Promise<Json> =>
      await qmp.executeRaw(command, args, { timeoutMs, signal });
    const schema = new QmpSchema(await ask('query-qmp-schema'));
    const [machines, accelerators, devices] = await Promise.all([
      ask('query-machines'),
      ask('qom-list-types', { implements: 'accel', abstract: false }),
      ask('qom-list-types', { implements: 'device', abstract: false }),
    ]);
    const properties: Record<string, string[]> = {};
    for (const typename of objectTypes) {
      properties[typename] = typeNames(await ask('qom-list-properties', { typename }));
    }
    const tlsObstacle = await risky.ask(
      'tls',
      process,
      async () => await probeTls(ask),
      (how) => how,
    );
    const refusedTogether = await risky.ask(
      'together',
      process,
      async () => await probeTogether(ask),
      (how) => Object.fromEntries(combinations.map((names) => [keyOf(names), how])),
    );
    const obstacles: Record<string, string> = {};
    const rdma = await risky.ask(
      'rdma',
      process,
      async () => await probeRdma(ask),
      (how) => {
        obstacles['rdma'] = how;
        return false;
      },
    );
    const digest = await programDigest(findQemu(process.pid, mark));
    await process.end(async () => await qmp.execute('quit'));
    return {
      digest,
      version: greeting.version,
      package: greeting.package,
      machines: parseMachines(machines),
      accelerators: typeNames(accelerators).map((name) => name.replace(/-accel$/, '')),
      capabilities: schema.enumValues('migrate-set-capabilities', 'capabilities', 'capability'),
      parameters: schema.arguments('migrate-set-parameters'),
      commands: schema.commands(),
      transports: [...transportsOf(schema), ...(rdma ? ['rdma'] : [])],
      socketTypes: schema.resultEnum('query-migrate', 'socket-address', 'type'),
      channelTypes: schema.enumValues('migrate', 'channels', 'channel-type'),
      compressions: schema.enumValues('migrate-set-parameters', 'multifd-compression'),
      parameterValues: schema.enumArguments('migrate-set-parameters'),
      statuses: schema.resultEnum('query-migrate', 'status'),
      migrationFigures: schema.resultMembers('query-migrate'),
      devices: typeNames(devices),
      properties,
      refusedTogether,
      tlsObstacle,
      obstacles,
    };
  } catch (error) {
    throw await explain(error, binary, process);
  } finally {
    qmp.close();
  }
}

/**
 * Before `channels` (8.2) the schema names no transports. Sockets and exec have always been there,
 * and file came together with `channels`. That rdma is named says nothing: see probeRdma.
 */
function transportsOf(schema: QmpSchema): string[] {
  if (!schema.arguments('migrate').includes('channels')) return ['socket', 'exec'];
  return schema
    .enumValues('migrate', 'channels', 'addr', 'transport')
    .filter((name) => name !== 'rdma');
}

/**
 * The schema names rdma whether or not it is built in. So a migration is sent to this host's own
 * port 1, which comes to nothing: without RDMA in the QEMU the protocol is none that it knows; with
 * it, the refusal is about the way there, or the migration starts and fails.
 */
export async function probeRdma(
  ask: (command: string, args: JsonObject) => Promise<Json>,
): Promise<boolean> {
  try {
    await ask('migrate', { uri: 'rdma:127.0.0.1:1' });
    return true;
  } catch (error) {
    if (error instanceof QmpCommandError) return !error.desc.includes('migration protocol');
    throw error;
  }
}

function parseMachines(answer: Json): MachineType[] {
  return asArray(answer).flatMap((entry) => {
    const machine = asObject(entry);
    const name = asString(machine['name']);
    if (name === undefined) return [];
    const alias = asString(machine['alias']);
    return { name, alias };
  });
}

function typeNames(answer: Json): string[] {
  return asArray(answer)
    .flatMap((entry) => asString(asObject(entry)['name']) ?? [])
    .sort();
}

/**
 * The credential types are known to every QEMU; only one with TLS built in gets as far as to miss
 * the folder with the keys. Anonymous credentials need none, but 10.2.2 crashes when it makes them.
 */
async function probeTls(
  ask: (command: string, args: JsonObject) => Promise<Json>,
): Promise<string> {
  try {
    await ask('object-add', { 'qom-type': 'tls-creds-psk', id: 'probe', endpoint: 'client' });
    return '';
  } catch (error) {
    if (!(error instanceof QmpCommandError)) throw error;
    return error.desc.includes("'dir'") ? '' : error.desc;
  }
}

/** whose properties tell releases apart */
const objectTypes = ['memory-backend-memfd'] as const;

/** capabilities that some release refuses together */
const combinations = [
  ['postcopy-ram', 'multifd'],
  ['mapped-ram', 'postcopy-ram'],
] as const;

const keyOf = (names: readonly string[]): string => names.toSorted().join('+');

/** Each combination is switched on in one command, then off again. */
async function probeTogether(
  ask: (command: string, args: JsonObject) => Promise<Json>,
): Promise<Record<string, string>> {
  const refused: Record<string, string> = {};
  for (const names of combinations) {
    const set = async (state: boolean): Promise<Json> =>
      await ask('migrate-set-capabilities', {
        capabilities: names.map((capability) => ({ capability, state })),
      });
    try {
      await set(true);
      await set(false);
    } catch (error) {
      if (!(error instanceof QmpCommandError)) throw error;
      refused[keyOf(names)] = error.desc;
    }
  }
  return refused;
}

/** A failed probe is wrong usage: the user named the program. */
async function explain(
  error: unknown,
  binary: QemuBinary<string>,
  process: QemuProcess,
): Promise<unknown> {
  if (!(error instanceof HarnessError)) return error;
  const codes = new Set(['qmp-closed', 'deadline', 'qmp-garbage', 'qmp-error', 'line-too-long']);
  if (!codes.has(error.code)) return error;
  await process.waitForExit(500).catch(() => undefined);
  const { status } = process;
  const output = process.outputTail();
  const what =
    status === undefined
      ? `does not behave like a QEMU: ${error.message}`
      : `did not start as a QEMU: it ended with ${status.signal ?? `status ${String(status.code)}`} before it greeted on QMP`;
  return new HarnessError({
    code: 'not-qemu',
    blame: 'usage',
    message: `'${binary.command}' ${what}`,
    details:
      output.length === 0 ? ['it printed nothing'] : output.map((line) => `it printed: ${line}`),
    cause: error,
  });
}
