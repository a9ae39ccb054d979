// `npm start [-- ARGUMENTS]`: set-up, then `drover run ARGUMENTS` in this same process, so that signals,
// the terminal and the exit code are Drover's own.
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { endingCleanly, setUp, stagesOf } from './setup.mjs';
import { ROOT } from './setup/stages.mjs';

const given = process.argv.slice(2);
const ownQemu =
  Boolean(process.env.QTEST_QEMU_BINARY) ||
  given.some((word) => /^--qemu(-src|-dst)?(=|$)/.test(word));

await endingCleanly(async () => {
  await setUp(stagesOf(ownQemu ? 'build' : 'run'));
  const main = path.join(ROOT, 'dist/cli/main.js');
  process.argv = [process.argv[0], main, 'run', ...given];
  await import(pathToFileURL(main).href);
});
