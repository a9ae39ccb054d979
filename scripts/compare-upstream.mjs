// Which tests does upstream's migration-test have that Drover lacks? Takes what `migration-test -l` of any QEMU build
// prints; needs a build of Drover. Ends with 1 if Drover lacks a test. Use: node scripts/compare-upstream.mjs FILE...
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { closest, distance } from 'fastest-levenshtein';
import { allTests } from '../dist/suite/registry.js';

/** As near as a name is when it is the same test, spelled otherwise. */
const SPELLING = 0.25;

/** `/x86_64/migration/x` -> `/migration/x`; other lines of the output are no tests. */
export function upstreamPaths(text) {
  const found = text.split('\n').flatMap((line) => {
    const [, path] = /^\/\w+(\/\S+)\s*$/.exec(line) ?? [];
    return path === undefined ? [] : [path];
  });
  return [...new Set(found)];
}

/**
 * @param {string[]} upstream paths of upstream's tests
 * @param {{ path: string, origin?: 'drover' }[]} own Drover's tests
 */
export function compareUpstream(upstream, own) {
  const paths = own.map(({ path }) => path);
  const lacking = upstream.filter((path) => !paths.includes(path));
  const gone = own
    .filter(({ path, origin }) => origin !== 'drover' && !upstream.includes(path))
    .map(({ path }) => path);
  const spelled = lacking.flatMap((path) => {
    const near = gone.length === 0 ? '' : closest(path, gone);
    return distance(path, near) <= SPELLING * path.length ? [[path, near]] : [];
  });
  return {
    equal: upstream.length - lacking.length,
    lacking: lacking.filter((path) => spelled.every(([other]) => other !== path)),
    spelled,
    gone: gone.filter((path) => spelled.every(([, other]) => other !== path)),
  };
}

function main(files) {
  let upstream;
  try {
    upstream = [...new Set(files.flatMap((file) => upstreamPaths(readFileSync(file, 'utf8'))))];
  } catch (error) {
    console.error(`compare-upstream: ${error.message}`);
    return 2;
  }
  if (files.length === 0 || upstream.length === 0) {
    const what = files.length === 0 ? 'name a file' : `${files.join(', ')}: no test in it`;
    console.error(`compare-upstream: ${what}; expected what 'migration-test -l' prints`);
    return 2;
  }
  const { equal, lacking, spelled, gone } = compareUpstream(upstream, allTests);
  const print = (title, paths) => {
    if (paths.length > 0)
      console.log([`${title}:`, ...paths.map((path) => `  ${path}`)].join('\n'));
  };
  console.log(`upstream ${upstream.length} tests, ${equal} of them in Drover by the same name`);
  print('Drover lacks', lacking);
  print(
    'spelled otherwise',
    spelled.map(([path, near]) => `${path}: in Drover ${near}`),
  );
  print('in Drover from another release of upstream, or not in this build', gone);
  return lacking.length + spelled.length === 0 ? 0 : 1;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  process.exitCode = main(process.argv.slice(2));
}
