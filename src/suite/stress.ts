/**
 * A stress run as a test, for one guest or for one guest after another; it reports each round at
 * its end.
 */
import type { Phase, PhaseTiming } from '../model/outcome.js';
import type { GuestShape } from '../guest/shape.js';
import { stressRounds } from '../migration/stress/rounds.js';
import type { RoundResult } from '../migration/stress/rounds.js';
import type { StressSpec } from '../migration/stress/spec.js';
import type { Need } from '../model/features.js';
import type { TestDefinition } from './definition.js';
import { allNeeds, needsTls } from './needs.js';
import { PhaseClock } from './phase-clock.js';

export interface StressTask {
  readonly spec: StressSpec;
  readonly guest: GuestShape;
  readonly firstRound: number;
}

/** A round that passed. Plain data. */
export interface RoundReport extends RoundResult {
  readonly durationMs: number;
  readonly phases: readonly PhaseTiming[];
}

export interface StressListener {
  started(round: number): void;
  /** @returns whether another round follows */
  finished(report: RoundReport): Promise<boolean>;
}

/** What it needs of both QEMUs and of the host. */
export function needsOfSpec(spec: StressSpec): Need[] {
  const { transport, parameters, memory, accelOptions, tls } = spec;
  const { capabilities, uri: listen } = transport;
  const data = { listen, capabilities, parameters, memory, accelOptions };
  return allNeeds(data, [...transport.needs, ...(tls === undefined ? [] : [needsTls])]);
}

export function stressPath(spec: StressSpec): string {
  const { transport, pingPong } = spec;
  return `/stress/${transport.name}${pingPong ? '/ping-pong' : ''}`;
}

export function stressTest(task: StressTask, listener: StressListener): TestDefinition {
  const { spec, guest, firstRound } = task;
  return {
    path: stressPath(spec),
    level: 'thorough',
    guest,
    run: async (context) => {
      let clock = new PhaseClock();
      return await stressRounds(
        context,
        spec,
        {
          started: (round) => {
            clock = new PhaseClock();
            listener.started(round);
          },
          phase: (phase: Phase) => {
            clock.enter(phase);
          },
          finished: async (result) => {
            const durationMs = clock.stop();
            return await listener.finished({ ...result, durationMs, phases: clock.timings });
          },
        },
        firstRound,
      );
    },
  };
}
