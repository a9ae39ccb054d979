// `npm run format`: rewrites all files in the project's format. Leaves out checking: npm run lint.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { endingCleanly, setUp } from './setup.mjs';
import { ROOT, npmStage, systemStage } from './setup/stages.mjs';
import { cppFiles } from './verify/cpp-style.mjs';

await endingCleanly(async () => {
  await setUp([systemStage(['lint']), npmStage]);
  const prettier = path.join(ROOT, 'node_modules/prettier/bin/prettier.cjs');
  const commands = [
    [process.execPath, prettier, '--write', '--log-level=warn', '.'],
    ['clang-format', '-i', ...cppFiles()],
  ];
  for (const [program, ...args] of commands) {
    const { status } = spawnSync(program, args, { cwd: ROOT, stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  }
});
