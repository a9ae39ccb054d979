/** How an agent belongs to a fleet: by a join line, or by what an earlier start of it kept. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { joinFleet } from '../../fleet/agent/join.js';
import type { Membership } from '../../fleet/agent/join.js';
import { accessShape } from '../../fleet/database/connect.js';
import { parseJoinLine } from '../../fleet/join-line.js';
import { hostName } from '../../fleet/messages.js';
import { fileProblem, usageError } from '../../model/errors.js';
import { droverVersion } from '../process/version.js';

export interface MembershipOptions {
  readonly join?: string;
  readonly name?: string;
  readonly state?: string;
}

const shape = v.strictObject({
  name: hostName,
  coordinator: v.strictObject({ host: v.string(), port: v.number() }),
  authority: v.string(),
  certificate: v.string(),
  key: v.string(),
  database: accessShape,
});

/** @throws HarnessError `agent-name`, `agent-state`, and what joining throws */
export async function membershipOf(options: MembershipOptions): Promise<Membership> {
  const { join, state } = options;
  const name = nameOf(options.name);
  const file = state === undefined ? undefined : path.join(state, `${name}.json`);
  if (join !== undefined) {
    const line = parseJoinLine(lineOf(join));
    const membership = await joinFleet({ line, name, drover: droverVersion() });
    if (file !== undefined) keep(file, membership);
    return membership;
  }
  if (file === undefined) {
    throw usageError('agent-state', "give --join LINE, which 'drover fleet up' prints");
  }
  try {
    return v.parse(shape, JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    const why = cause instanceof v.ValiError ? cause.message : fileProblem(cause);
    throw usageError(
      'agent-state',
      `--state: no agent '${name}' in ${String(state)}: ${why}; give --join LINE once`,
      { cause },
    );
  }
}

/** A join line is a secret, which a command line would show: it may be in a file. */
function lineOf(given: string): string {
  if (given.startsWith('drover://')) return given;
  try {
    return readFileSync(given, 'utf8').trim();
  } catch {
    return given;
  }
}

function nameOf(given: string | undefined): string {
  const usual = os
    .hostname()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  const parsed = v.safeParse(hostName, given ?? usual);
  if (parsed.success) return parsed.output;
  throw usageError(
    'agent-name',
    `--name: expected ${parsed.issues[0].message}, not '${given ?? usual}'`,
  );
}

function keep(file: string, membership: Membership): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify(membership), { mode: 0o600 });
  } catch (cause) {
    throw usageError('agent-state', `--state: cannot write ${file}: ${fileProblem(cause)}`, {
      cause,
    });
  }
}
