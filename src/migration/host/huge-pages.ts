/** Whether the host has huge pages to spare. */

/**
 * Why not enough are free; undefined when they are.
 * @param meminfo text of /proc/meminfo
 * @param bytes what the guests of one pair take together
 */
export function hugePageObstacle(meminfo: string, bytes: number): string | undefined {
  const figure = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0);
  const pageBytes = figure('Hugepagesize') * 1024;
  if (pageBytes === 0) return 'this kernel has no huge pages';
  const free = figure('HugePages_Free') - figure('HugePages_Rsvd');
  const needed = Math.ceil(bytes / pageBytes);
  if (free >= needed) return undefined;
  return `${needed} free huge pages of ${pageBytes / 1024} KiB are needed, and there are ${free} (vm.nr_hugepages)`;
}
