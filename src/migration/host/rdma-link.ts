/**
 * Where an RDMA migration on this host can listen: the first interface with an RDMA link that
 * carries an address of the wanted family. The `rdma` tool of iproute2 lists the links, the system
 * the addresses. RDMA pins the guest's memory, so the limit on locked memory counts too.
 */
import { readFileSync } from 'node:fs';
import type { NetworkInterfaceInfo } from 'node:os';
import { Cancelled } from '../../model/deadline.js';
import { toFailure } from '../../model/errors.js';
import { asArray, asObject, asString } from '../../model/json.js';
import type { Json } from '../../model/json.js';
import { runTool } from '../../qemu/run-tool.js';
import { describeExit } from '../../qemu/spawn.js';

export type Family = 'IPv4' | 'IPv6';

export interface RdmaLink {
  /** of the RDMA device, such as rxe0 */
  readonly device: string;
  /** the network interface it belongs to, such as eth0 */
  readonly netdev: string;
}

export interface LinkSearch {
  /** absolute path of the `rdma` tool; undefined when there is none */
  readonly tool: string | undefined;
  /** what `os.networkInterfaces()` gives */
  readonly interfaces: NodeJS.Dict<readonly NetworkInterfaceInfo[]>;
  /** private, for the tool's output */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export type Found =
  | { readonly available: true; readonly address: string }
  | { readonly available: false; readonly reason: string };

const args = ['-j', 'link', 'show'] as const;
const called = `'rdma ${args.join(' ')}'`;
/** it only queries the kernel */
const toolMs = 5000;

/**
 * An address as `rdma:` takes it, IPv6 in brackets, or why there is none. Throws only `Cancelled`.
 */
export async function findRdmaAddress(family: Family, search: LinkSearch): Promise<Found> {
  const no = (reason: string): Found => ({
    available: false,
    reason: `no RDMA link with an ${family} address: ${reason}`,
  });
  const { tool, directory, env, signal, timeoutMs = toolMs } = search;
  if (tool === undefined) {
    return no('no rdma tool (package iproute2) on PATH or in /usr/sbin to look for one');
  }
  let links: RdmaLink[] | undefined;
  let output: string;
  try {
    const answer = await runTool({ program: tool, args, directory, env, timeoutMs, signal });
    ({ output } = answer);
    if (answer.status.code !== 0) {
      return no(`${called} ${describeExit(answer.status)} and printed ${quoted(output)}`);
    }
    links = parseLinks(output);
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    return no(toFailure(error).message);
  }
  if (links === undefined) return no(`${called} printed ${quoted(output)}, not a list of links`);
  if (links.length === 0) return no(`${called} lists no link of a network interface`);
  for (const { netdev } of links) {
    const address = addressOf(search.interfaces[netdev] ?? [], netdev, family);
    if (address !== undefined) return { available: true, address };
  }
  const names = links.map(({ device, netdev }) => `${device} on ${netdev}`).join(', ');
  return no(`none on any of the interfaces with a link (${names})`);
}

/** never RDMA hardware's own interface */
const virtual = /^(lo$|tun|tap)/;

/** The links in the output of `rdma -j link show`; undefined if the text is something else. */
export function parseLinks(text: string): RdmaLink[] | undefined {
  let answer: Json;
  try {
    answer = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  if (!Array.isArray(answer)) return undefined;
  return asArray(answer).flatMap((entry) => {
    const link = asObject(entry);
    const netdev = asString(link['netdev']);
    // InfiniBand ports without IP have none
    if (netdev === undefined || virtual.test(netdev)) return [];
    return { device: asString(link['ifname']) ?? 'a device', netdev };
  });
}

function addressOf(
  addresses: readonly NetworkInterfaceInfo[],
  netdev: string,
  family: Family,
): string | undefined {
  const address = addresses.find((entry) => entry.family === family)?.address;
  if (address === undefined || family === 'IPv4') return address;
  // a link-local address says nothing without its interface: fe80::/10
  return /^fe[89ab]/i.test(address) ? `[${address}%${netdev}]` : `[${address}]`;
}

/** the first line, cut if it is long */
function quoted(output: string): string {
  const [line = ''] = output.trim().split('\n');
  if (line === '') return 'nothing';
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}...` : line);
}

/** the memory of a guest and more */
const lockedBytes = 128 * 1024 * 1024;

/**
 * Why this process may not lock a guest's memory; undefined when it may.
 * @param limits text of /proc/self/limits
 */
export function lockingObstacle(limits: string, isRoot: boolean): string | undefined {
  if (isRoot) return undefined;
  const soft = /^Max locked memory\s+(\d+|unlimited)\s/m.exec(limits)?.[1];
  if (soft === 'unlimited') return undefined;
  if (soft === undefined) return 'the limit on locked memory is not in /proc/self/limits';
  if (Number(soft) >= lockedBytes) return undefined;
  return `guest memory is pinned, which needs 128 MiB of locked memory (ulimit -l 131072), and ${Math.floor(Number(soft) / 1024)} KiB are allowed`;
}

export function ownLockingObstacle(): string | undefined {
  const isRoot = process.geteuid?.() === 0;
  return lockingObstacle(readFileSync('/proc/self/limits', 'utf8'), isRoot);
}
