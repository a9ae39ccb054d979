/** A results folder with real logs and made-up ones, and requests to a board over it. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DroverEvent } from '../model/events.js';
import { packageRoot } from '../model/scratch.fixtures.js';
import { boardApp } from './server.js';
import { RunStore } from './run-store.js';

export const lines = (events: readonly DroverEvent[]): string =>
  events.map((event) => `${JSON.stringify(event)}\n`).join('');

export function writeRun(root: string, name: string, events: readonly DroverEvent[]): string {
  const log = path.join(root, name, 'events.jsonl');
  mkdirSync(path.dirname(log), { recursive: true });
  writeFileSync(log, lines(events));
  return log;
}

/** A log that a run of Drover wrote. */
export function bringRun(root: string, name: string, fixture: 'clean' | 'stress' | 'damage'): void {
  const from = path.join(packageRoot, 'src', 'report', 'log', 'fixtures', fixture);
  mkdirSync(path.join(root, name), { recursive: true });
  copyFileSync(path.join(from, 'events.jsonl'), path.join(root, name, 'events.jsonl'));
}

export interface Board {
  readonly store: RunStore;
  readonly app: ReturnType<typeof boardApp>;
  /** @returns the text of an address, whose status must be as given */
  get(address: string, status?: number): Promise<string>;
  ask(address: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  idOf(name: string): string;
}

export function boardOver(root: string, token?: string): Board {
  const store = new RunStore(root);
  const history = path.join(root, 'history');
  const app = boardApp({ store, history, threshold: 0.02, token, now: Date.now });
  const ask = async (
    address: string,
    headers: Readonly<Record<string, string>> = { Host: 'localhost:8020' },
  ): Promise<Response> => await app.request(`http://localhost:8020${address}`, { headers });
  return {
    ...{ store, app, ask },
    async get(address, status = 200) {
      const answer = await ask(address);
      const text = await answer.text();
      if (answer.status !== status) {
        throw new Error(`${address} was answered with ${answer.status}: ${text.slice(0, 200)}`);
      }
      return text;
    },
    idOf(name) {
      const found = store.list().find((run) => run.name === name);
      if (found === undefined) throw new Error(`the board does not list ${name}`);
      return found.id;
    },
  };
}
