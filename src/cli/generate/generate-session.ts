/** A run of `drover generate`: QEMUs are asked, tests chosen and run, and what follows from them. */
import type { Outcome } from '../../model/outcome.js';
import type { Combination } from '../../migration/generated/combination.js';
import type { PlannedTest } from '../../schedule/attempts.js';
import { noTimings } from '../../schedule/timings.js';
import { fullPath } from '../../suite/select.js';
import { generatedTest } from '../../suite/tests/generated-tests.js';
import type { Choosing } from '../options/choice-options.js';
import type { Environment } from '../process/environment.js';
import { lines, print } from '../process/print.js';
import { chosenTests } from '../run/chosen-tests.js';
import type { ChosenOptions } from '../run/chosen-tests.js';
import { planPair } from '../run/plan-pair.js';
import { planTests } from '../run/planned-tests.js';
import { Qemus } from '../run/probed-qemus.js';
import type { Binaries } from '../run/resolve-binaries.js';
import { limitsOfRun, withoutMisfits } from '../run/run-limits.js';
import { framed, runOnPlan } from '../run/run-selected.js';
import type { Frame, SelectedOptions } from '../run/run-selected.js';
import type { More } from '../run/run-session.js';
import { AfterRun } from './after-run.js';
import { chooseTests } from './choose-tests.js';
import type { ChosenCombinations, GenerateLevel } from './choose-tests.js';
import { summaryLines } from './generate-text.js';
import { Results } from './results.js';

export interface GenerateRequest {
  readonly options: SelectedOptions & ChosenOptions;
  readonly environment: Environment;
  readonly binaries: Binaries;
  readonly choice: Choosing<GenerateLevel>;
  /** only the first ones */
  readonly count: number | undefined;
  readonly searchMs: number;
  readonly onChosen: (chosen: ChosenCombinations) => Promise<void>;
}

export async function generateSession(request: GenerateRequest): Promise<number> {
  const { options, environment } = request;
  const results = new Results();
  let said: string[] = [];
  const exitCode = await framed(
    { options, environment, onEvent: results.onEvent },
    async (frame) => {
      const { code, summary } = await inFrame(request, results, frame);
      said = summary;
      return code;
    },
  );
  if (options.tap !== true) await print(lines(said));
  return exitCode;
}

async function inFrame(
  request: GenerateRequest,
  results: Results,
  { place, onEvent }: Frame,
): Promise<{ readonly code: number; readonly summary: string[] }> {
  const { options, environment, binaries, choice, count } = request;
  const { arch } = binaries.source;
  const { probeDirectory: directory, interruption } = place;
  const { signal } = interruption;
  const qemus = new Qemus(environment, directory, signal, options.cache);
  const run = { options, environment, binaries, qemus };
  const planned = await planPair(run);
  const chosen = await chooseTests(choice, planned, { directory, signal, cache: qemus.cache });
  const tests = chosen.combinations.slice(0, count).map(generatedTest);
  const part = chosenTests(tests, options, environment, arch);
  await request.onChosen(chosen);
  const limits = limitsOfRun(options, part.selected, arch);
  const pool = options.l === true ? undefined : place.startPool(limits.slots);

  const plannedOf = (more: More, combinations: readonly Combination[]): PlannedTest[] => {
    const plan = { ...more.plan, host: chosen.host };
    const own = combinations.map(generatedTest);
    const all = planTests(own, { kind: 'ready', plan }, part.catalogue, noTimings);
    return withoutMisfits(all, limits);
  };
  const nameOf = (combination: Combination): string => fullPath(arch, combination);
  const after = new AfterRun({
    ...{ chosen, results, nameOf },
    seed: choice.seed,
    searchMs: request.searchMs,
    // of a part of them the rest is unknown
    isCovering: choice.random === undefined && count === undefined,
    run: async (more, combinations) => {
      await more.run(plannedOf(more, combinations));
    },
    tryOut: async (more, combination): Promise<Outcome> => {
      const [test] = plannedOf(more, [combination]);
      if (test === undefined) throw new Error('one combination is one test');
      return test.skip === undefined
        ? await more.tryOut(test)
        : { kind: 'skipped', reason: test.skip };
    },
  });
  const code = await runOnPlan(planned, {
    ...run,
    ...part,
    ...{ onEvent, limits, pool, place },
    afterwards: after.afterwards,
  });
  return { code, summary: summaryLines(chosen, results, after, nameOf) };
}
