/**
 * The 42 scenarios of QEMU's guestperf, by its 11 comparisons, with values that today's QEMU takes.
 * What differs from guestperf is in docs/reference/bench.md.
 */
import type { Parameters, ScenarioInput } from '../suite/scenario-input.js';

type Migration = ScenarioInput['migration'];

/** an eighth of guestperf's 1 GiB, for hosts that share their processors */
const memoryMiB = 128;
const mebibyte = 2 ** 20;
/** bytes per second; guestperf's names for them are 100 Mbit/s to 100 Gbit/s */
const bandwidths = [12, 37, 125, 1250, 12_500].map((mebibytes) => mebibytes * mebibyte);

const scenario = (migration: Migration, machine?: ScenarioInput['machine']): ScenarioInput => ({
  guest: { memoryMiB, pacePagesPerSecond: 0 },
  machine,
  migration,
  limits: { downtimeLimitMs: 500 },
});

const postcopy = (migration: Omit<Migration, 'transport'>): ScenarioInput =>
  scenario({ transport: 'postcopy', ...migration });
const autoConverge = (parameters: Parameters): ScenarioInput =>
  scenario({ transport: 'tcp', capabilities: ['auto-converge'], parameters });
const multifd = (channels: number, parameters?: Parameters): ScenarioInput =>
  scenario({ transport: 'multifd', channels, parameters });
const dirtyLimit = (periodMs: number, megabytesPerSecond: number): ScenarioInput =>
  scenario(
    {
      transport: 'tcp',
      capabilities: ['dirty-limit'],
      parameters: {
        'x-vcpu-dirty-limit-period': periodMs,
        'vcpu-dirty-limit': megabytesPerSecond,
      },
    },
    { dirtyRingSize: 4096 },
  );

/** the name of each comparison, and its scenarios */
export const guestperf: Readonly<Record<string, readonly ScenarioInput[]>> = {
  'pause-iters': [0, 1, 5, 20].map((pauseAfter) => scenario({ transport: 'tcp', pauseAfter })),
  'post-copy-bandwidth': bandwidths.map((rate) =>
    postcopy({ postcopyAfter: 5, parameters: { 'max-bandwidth': rate } }),
  ),
  'post-copy-iters': [0, 1, 5, 20].map((postcopyAfter) => postcopy({ postcopyAfter })),
  'auto-converge-iters': [5, 10, 20].map((step) =>
    autoConverge({ 'cpu-throttle-increment': step }),
  ),
  'auto-converge-bandwidth': bandwidths.map((rate) =>
    autoConverge({ 'cpu-throttle-increment': 10, 'max-bandwidth': rate }),
  ),
  'compr-mt': [1, 2, 4].map((threads) =>
    scenario({
      transport: 'tcp',
      capabilities: ['compress'],
      parameters: { 'compress-threads': threads, 'decompress-threads': threads },
    }),
  ),
  // about 5, 10, 20 and 50 % of memory: QEMU takes powers of two only
  'compr-xbzrle': [16, 8, 4, 2].map((part) =>
    scenario({
      transport: 'tcp',
      capabilities: ['xbzrle'],
      parameters: { 'xbzrle-cache-size': (memoryMiB * mebibyte) / part },
    }),
  ),
  'compr-multifd': [4, 8, 32, 64].map((channels) => multifd(channels)),
  'compr-dirty-limit-period': [500, 800, 1000].map((periodMs) => dirtyLimit(periodMs, 1)),
  'compr-dirty-limit': [10, 20, 50].map((rate) => dirtyLimit(500, rate)),
  'compr-multifd-compression': ['zlib', 'zstd', 'qpl', 'uadk'].map((method) =>
    multifd(2, { 'multifd-compression': method }),
  ),
};
