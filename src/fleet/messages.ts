/**
 * What a fleet's hosts say to each other. Both ends check each message by these shapes before they use
 * it: unknown keys, wrong types and names that are no names are refused. Pure.
 */
import * as v from 'valibot';
import { accelerators, platforms } from '../model/arch.js';
import { arrivalModes } from '../model/arrival.js';
import { exclusives } from '../model/demand.js';
import { hostFactNames } from '../model/host-facts.js';
import { usageError } from '../model/errors.js';
import { phases } from '../model/outcome.js';
import { whole } from '../model/shapes.js';
import type { AttemptReport } from '../suite/attempt.js';
import { protocolVersion } from './limits.js';
import { pathProblem } from './safe-path.js';

const line = (most: number) => v.pipe(v.string(), v.maxLength(most));
const named = (pattern: RegExp, what: string) => v.pipe(v.string(), v.regex(pattern, what));
const figure = v.pipe(v.number(), v.finite(), v.minValue(0));

const digest = named(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex');
/** part of a role's name in SQL, of a file's, and of a certificate */
export const hostName = named(
  /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/,
  'a name of 1 to 40 lower-case letters, digits and hyphens',
);
const runId = named(/^[0-9a-f]{16}$/, 'the id of a run');
const testPath = named(/^(\/[A-Za-z0-9_.+-]{1,100}){1,12}$/, "a test's path");
/** part of a command line: no comma, which would begin another property */
const machine = named(/^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$/, 'a machine type');
const arch = v.picklist(Object.keys(platforms) as (keyof typeof platforms)[]);

/** What a queue's attempts need of a host. */
const needShape = v.strictObject({
  arch,
  /** of the QEMUs: two builds of one version differ in it */
  source: digest,
  destination: digest,
  accel: v.picklist(accelerators),
  facts: v.array(v.picklist(hostFactNames)),
  demand: v.strictObject({
    cpu: figure,
    memoryBytes: whole(0),
    sharedMemoryBytes: whole(0),
    exclusive: v.array(v.picklist(exclusives)),
  }),
});
export type QueueNeed = v.InferOutput<typeof needShape>;

const jobShape = v.strictObject({
  version: v.literal(protocolVersion),
  run: runId,
  test: testPath,
  name: testPath,
  attempt: whole(1),
  machine,
  arrival: v.optional(v.picklist(arrivalModes)),
  expectedMs: figure,
  /** of `--timeout`; absent: the usual one, by the speed of the host that runs it */
  timeoutMs: v.optional(v.pipe(figure, v.maxValue(12 * 3_600_000))),
  keep: v.boolean(),
  /** a command for people, written into the evidence and never run */
  rerun: line(4000),
});
export type Job = v.InferOutput<typeof jobShape>;

const identity = v.strictObject({
  hostname: line(255),
  kernel: line(255),
  cpu: line(255),
  cores: whole(1),
  memoryBytes: whole(0),
  node: line(40),
});

const hostShape = v.strictObject({
  version: v.literal(protocolVersion),
  identity,
  limits: v.strictObject({
    slots: whole(1),
    cpu: v.optional(figure),
    memoryBytes: whole(0),
    sharedMemoryBytes: whole(0),
  }),
  qemus: v.pipe(
    v.array(
      v.strictObject({
        digest,
        version: line(60),
        arch,
        command: line(1000),
        accelerators: v.array(v.picklist(accelerators)),
        /** why the host lacks a fact; empty where it has it */
        obstacles: v.record(v.picklist(hostFactNames), line(2000)),
      }),
    ),
    v.maxLength(64),
  ),
});
export type HostFacts = v.InferOutput<typeof hostShape>;

const eventShape = v.variant('type', [
  v.strictObject({ type: v.literal('started'), slot: whole(0) }),
  v.strictObject({ type: v.literal('phase'), phase: v.picklist(phases) }),
  v.strictObject({
    type: v.literal('status'),
    side: v.picklist(['source', 'destination']),
    status: line(100),
  }),
  v.strictObject({ type: v.literal('note'), message: line(4000) }),
]);
export type WireEvent = v.InferOutput<typeof eventShape>;

const failure = v.looseObject({
  code: named(/^[a-z0-9-]{1,80}$/, 'a code of small letters and hyphens'),
  message: v.string(),
  details: v.optional(v.array(v.string())),
  causes: v.optional(v.array(v.string())),
});

/** Details of a verdict are for reports, which show any text as text. */
const outcome = v.variant('kind', [
  v.looseObject({ kind: v.literal('passed'), verdict: v.optional(v.looseObject({})) }),
  v.looseObject({ kind: v.literal('failed'), failure, verdict: v.optional(v.looseObject({})) }),
  v.strictObject({ kind: v.literal('broken'), failure }),
  v.strictObject({ kind: v.literal('skipped'), reason: v.string() }),
  v.strictObject({ kind: v.literal('cancelled'), phase: v.optional(v.picklist(phases)) }),
]);

const evidenceFile = v.strictObject({
  path: v.pipe(
    v.string(),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const message = pathProblem(dataset.value);
      if (message !== undefined) addIssue({ message: `a path below the evidence: ${message}` });
    }),
  ),
  sha256: digest,
  bytes: whole(0),
});
export type EvidenceFile = v.InferOutput<typeof evidenceFile>;

const resultShape = v.strictObject({
  version: v.literal(protocolVersion),
  report: v.looseObject({
    outcome,
    durationMs: figure,
    phases: v.array(
      v.strictObject({ phase: v.picklist(phases), startMs: figure, durationMs: figure }),
    ),
    exercised: v.optional(v.array(line(200))),
  }),
  slot: whole(0),
  memoryBytes: v.optional(figure),
  /** absent where none was kept */
  evidence: v.optional(v.pipe(v.array(evidenceFile), v.maxLength(1000))),
});

/** The shape checks what Drover itself reads of a report; the rest is shown as it is. */
export interface Result extends Omit<v.InferOutput<typeof resultShape>, 'report' | 'evidence'> {
  readonly report: AttemptReport;
  readonly evidence?: readonly EvidenceFile[] | undefined;
}

const enrolShape = v.strictObject({
  version: v.literal(protocolVersion, `version ${protocolVersion} of the protocol`),
  drover: line(60),
  name: hostName,
  token: named(/^[A-Za-z0-9_-]{20,100}$/, 'a token'),
  request: line(8000),
});
export type EnrolRequest = v.InferOutput<typeof enrolShape>;

const welcomeShape = v.strictObject({
  certificate: line(16_000),
  database: v.strictObject({
    port: v.pipe(whole(1), v.maxValue(65_535)),
    name: v.pipe(line(63), v.minLength(1)),
    role: named(/^[a-z0-9_-]{1,63}$/, "a role's name"),
    /** of a database that the fleet did not start: where it is, and how an agent logs in */
    elsewhere: v.optional(
      v.strictObject({
        host: line(255),
        password: named(/^[A-Za-z0-9_-]{20,100}$/, 'a password'),
        /** absent: without TLS, on the same host */
        tls: v.optional(v.strictObject({ authority: v.optional(line(64_000)) })),
      }),
    ),
  }),
});
export type Welcome = v.InferOutput<typeof welcomeShape>;

const shapes = {
  need: needShape,
  job: jobShape,
  host: hostShape,
  event: eventShape,
  result: resultShape,
  'request to join': enrolShape,
  'answer to a request to join': welcomeShape,
} as const;

type Shapes = typeof shapes;

/** The message, or why it is not one. @throws HarnessError `fleet-message` */
export function parseMessage<K extends keyof Shapes>(
  kind: K,
  value: unknown,
): v.InferOutput<Shapes[K]> {
  const parsed = v.safeParse(shapes[kind], value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const where = v.getDotPath(issue) ?? '';
  throw usageError(
    'fleet-message',
    `a ${kind} of the wrong shape: ${where === '' ? '' : `${where}: `}${issue.message}`,
  );
}

/** From the text that crossed the wire. @throws HarnessError `fleet-message` */
export function readMessage<K extends keyof Shapes>(
  kind: K,
  text: string,
): v.InferOutput<Shapes[K]> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw usageError('fleet-message', `a ${kind} of the wrong shape: it is not JSON`, { cause });
  }
  return parseMessage(kind, value);
}

/** @throws HarnessError `fleet-message` */
export function readResult(text: string): Result {
  return readMessage('result', text) as unknown as Result;
}
