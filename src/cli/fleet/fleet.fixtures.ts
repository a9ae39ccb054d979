/** A fleet as its users start it: processes of the command line, with a real PostgreSQL and real QEMUs. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DroverEvent } from '../../model/events.js';
import type { Scratch } from '../../model/scratch.fixtures.js';
import { drover, startDrover } from '../process/drover.fixtures.js';
import type { Ran, Running } from '../process/drover.fixtures.js';

const limitMs = 60_000;

export async function until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await look())) {
    assert.ok(performance.now() < end, `no ${what} within ${limitMs / 1000} s`);
    await sleep(30);
  }
}

/** What a running command has printed, without waiting for its end. */
class Printed {
  text = '';
  constructor({ child }: Running) {
    child.stdout?.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
  }
}

export interface TestAgent {
  readonly name: string;
  readonly running: Running;
  readonly printed: Printed;
}

export class TestFleet implements AsyncDisposable {
  readonly folder: string;
  readonly #all: Running[] = [];

  private constructor(readonly scratch: Scratch) {
    this.folder = path.join(scratch.directory, 'fleet');
    // PostgreSQL runs as another user where we are root
    chmodSync(scratch.directory, 0o711);
  }

  static async up(scratch: Scratch): Promise<TestFleet> {
    const fleet = new TestFleet(scratch);
    const running = startDrover(['fleet', 'up', fleet.folder], scratch);
    fleet.#all.push(running);
    const printed = new Printed(running);
    await until('join line', () => {
      assert.equal(running.child.exitCode, null, printed.text);
      return printed.text.includes('#sha256:');
    });
    return fleet;
  }

  async agent(name: string, qemu: string, more: readonly string[] = []): Promise<TestAgent> {
    const { stdout } = await drover(['fleet', 'token', this.folder], this.scratch);
    const line = path.join(this.scratch.directory, `${name}.join`);
    writeFileSync(line, stdout);
    const words = ['agent', '--join', line, '--name', name, '--qemu', qemu, ...more];
    const running = startDrover(words, this.scratch);
    this.#all.push(running);
    const printed = new Printed(running);
    await until(`agent ${name}`, () => {
      assert.equal(running.child.exitCode, null, printed.text);
      return printed.text.includes('database ');
    });
    return { name, running, printed };
  }

  async down(): Promise<Ran> {
    return await drover(['fleet', 'down', this.folder], this.scratch);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child, ended } of this.#all) {
      child.kill('SIGKILL');
      await ended;
    }
  }
}

/** A process and all that it started, the youngest first. */
export function treeOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // it has gone
    }
  }
  const below = (parent: number): number[] =>
    [...parents].filter(([, of]) => of === parent).flatMap(([child]) => [...below(child), child]);
  return [...below(pid), pid];
}

export function signalTree(pid: number, signal: NodeJS.Signals): void {
  for (const each of treeOf(pid)) {
    try {
      process.kill(each, signal);
    } catch {
      // it has gone
    }
  }
}

/** the events that a run has written so far */
export function eventsIn(out: string): DroverEvent[] {
  const file = path.join(out, 'events.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as DroverEvent);
}
