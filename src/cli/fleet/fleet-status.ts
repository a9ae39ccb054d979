/** The hosts of a fleet as a table. Pure. */
import type { FleetHost } from '../../fleet/run/connection.js';
import { columns } from '../../model/text/columns.js';
import { printableLine } from '../../model/text/printable.js';

export function statusLines(hosts: readonly FleetHost[]): string {
  if (hosts.length === 0) return 'no host has joined yet\n';
  const rows = hosts.map(({ name, facts, running, isLive, isDraining }) => [
    name,
    isLive ? (isDraining ? 'draining' : 'live') : 'silent',
    `${isLive ? running : 0} of ${facts.limits.slots}`,
    facts.qemus
      .map(({ version, arch, accelerators }) => `${version} ${arch} (${accelerators.join(', ')})`)
      .join('; '),
  ]);
  const table = columns([['host', 'state', 'running', 'QEMU'], ...rows]);
  return `${table.map(printableLine).join('\n')}\n`;
}
