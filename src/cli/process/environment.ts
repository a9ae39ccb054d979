/** The environment variables that Drover reads, in one place. Upstream's keep their meaning. */
import os from 'node:os';
import path from 'node:path';

export interface CiJob {
  readonly service: 'github' | 'gitlab';
  readonly root?: string;
  /** GITHUB_STEP_SUMMARY: Markdown that is added to this file is shown */
  readonly summaryPath?: string;
}

/** Variables of CI systems, in the order in which they count. */
export interface ShardEnvironment {
  /** TEST_SHARD_INDEX (from 0), TEST_TOTAL_SHARDS: Bazel's */
  readonly shardIndex?: string;
  readonly totalShards?: string;
  /** CI_NODE_INDEX (from 1), CI_NODE_TOTAL: GitLab's */
  readonly nodeIndex?: string;
  readonly nodeTotal?: string;
  /** TEST_SHARD_STATUS_FILE: touched, to say that shards are understood */
  readonly shardStatusFile?: string;
}

export interface Environment {
  /** QTEST_QEMU_BINARY, and its overrides for one side */
  readonly qemu?: string;
  readonly qemuSource?: string;
  readonly qemuDestination?: string;
  /** QTEST_QEMU_MACHINE_TYPE */
  readonly machine?: string;
  /** QTEST_LOG: any value */
  readonly qtestLog: boolean;
  /** QEMU_TEST_FLAKY_TESTS: any value but none */
  readonly flaky: boolean;
  /** QTEST_TRACE */
  readonly trace?: string;
  /** PGPASSWORD: of the role in fleet up --database */
  readonly databasePassword?: string;
  readonly shard: ShardEnvironment;
  readonly searchPath: string;
  readonly temporaryDirectory: string;
  readonly cacheDirectory: string;
  /** CI, TERM=dumb and NO_COLOR decide what a terminal gets */
  readonly plain: boolean;
  readonly color: boolean;
  /** LC_ALL, LC_CTYPE or LANG, the first that is given: a terminal shows UTF-8 */
  readonly unicode: boolean;
  /** DROVER_DEBUG: stack traces of internal errors */
  readonly debug: boolean;
  /** GITHUB_ACTIONS or GITLAB_CI: which service runs the job, and where its checkout is */
  readonly ci?: CiJob;
  /** what QEMUs are started with */
  readonly forQemu: Readonly<Record<string, string>>;
}

export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const given = (name: string): string | undefined => {
    const value = env[name];
    return value === undefined || value === '' ? undefined : value;
  };
  const cacheHome = given('XDG_CACHE_HOME') ?? path.join(os.homedir(), '.cache');
  const forQemu: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined) forQemu[name] = value;
  // Reasons that QEMU prints are read by people and by checks: keep them in one language.
  forQemu['LC_ALL'] = 'C';
  const job = (): CiJob | undefined => {
    if (given('GITHUB_ACTIONS') === 'true') {
      const summaryPath = given('GITHUB_STEP_SUMMARY');
      return { service: 'github', root: given('GITHUB_WORKSPACE'), summaryPath };
    }
    if (given('GITLAB_CI') !== 'true') return undefined;
    return { service: 'gitlab', root: given('CI_PROJECT_DIR') };
  };
  return {
    ci: job(),
    qemu: given('QTEST_QEMU_BINARY'),
    qemuSource: given('QTEST_QEMU_BINARY_SRC'),
    qemuDestination: given('QTEST_QEMU_BINARY_DST'),
    machine: given('QTEST_QEMU_MACHINE_TYPE'),
    trace: given('QTEST_TRACE'),
    flaky: given('QEMU_TEST_FLAKY_TESTS') !== undefined,
    qtestLog: env['QTEST_LOG'] !== undefined,
    databasePassword: given('PGPASSWORD'),
    shard: {
      shardIndex: given('TEST_SHARD_INDEX'),
      totalShards: given('TEST_TOTAL_SHARDS'),
      shardStatusFile: given('TEST_SHARD_STATUS_FILE'),
      nodeIndex: given('CI_NODE_INDEX'),
      nodeTotal: given('CI_NODE_TOTAL'),
    },
    searchPath: env['PATH'] ?? '',
    // QEMUs run in directories of their own: a relative path would mean another place there
    temporaryDirectory: path.resolve(os.tmpdir()),
    cacheDirectory: path.join(cacheHome, 'drover'),
    plain: given('CI') !== undefined || env['TERM'] === 'dumb',
    color: given('NO_COLOR') === undefined,
    unicode: /utf-?8$/i.test(given('LC_ALL') ?? given('LC_CTYPE') ?? given('LANG') ?? ''),
    debug: given('DROVER_DEBUG') !== undefined,
    forQemu,
  };
}
