/** The figures of a fleet: times, sizes, and what a release understands. */

/** raise when a message changes its meaning */
export const protocolVersion = 1;

/** the name that every server of a fleet has, whatever its address: only the fleet's authority signs it */
export const serverName = 'coordinator.drover';

/** schema of the tables of pg-boss */
export const jobSchema = 'drover_jobs';

/** an attempt whose agent is silent for this long runs elsewhere; the least that pg-boss accepts */
export const heartbeatSeconds = 10;
/** how often an agent says that it still runs its attempts */
export const touchEveryMs = 2000;
/** an agent that had no answer of the database for this long ends its machines */
export const leaseMs = 15_000;
/** an agent that had none for this long ends */
export const giveUpMs = 600_000;
/** an attempt that this many hosts were lost with is broken */
export const mostLostHosts = 3;
/** a host without a connection for this long is lost, where that can be seen */
export const disconnectedMs = 3000;
/** a run whose attempts no agent can take for this long ends */
export const noAgentsMs = 60_000;

const mib = 1024 * 1024;
/** evidence of one attempt, all files together */
export const evidenceBytes = 64 * mib;
/** what an agent says of one attempt */
export const resultBytes = 4 * mib;
/** a request to join */
export const enrolBytes = 64 * 1024;

/** a run that says nothing for this long has ended, and its attempts need not run */
export const runSilentMs = 30_000;

/** how long a join line can be used */
export const tokenHours = 24;
