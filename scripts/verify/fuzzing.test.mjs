// A fuzzer that found something, or did nothing, must not look green.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { TARGETS, each, fuzz } from './fuzzing.mjs';

/** What libFuzzer prints, as much of it as is read. */
const GOOD = `#512	pulse  cov: 90 ft: 300 corp: 17/65Kb exec/s: 256 rss: 60Mb
#1024	DONE   cov: 100 ft: 358 corp: 23/87Kb exec/s: 512 rss: 76Mb
Done 1024 runs in 2 second(s)
stat::number_of_executed_units: 1024
stat::average_exec_per_sec:     512
`;

function impostor(t, script) {
  const folder = mkdtempSync(path.join(tmpdir(), 'drover-fuzzing-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = path.join(folder, 'fuzzer');
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { seconds: 1, program, corpus: path.join(folder, 'corpus') };
}

test('a run without a finding is reported in numbers', async (t) => {
  const found = await fuzz('stream', impostor(t, `cat <<'END'\n${GOOD}END`));
  const { ok, executions, perSecond, corpus, coverage } = found;
  assert.deepEqual([ok, executions, perSecond, corpus, coverage], [true, 1024, 512, 23, 100]);
});

test('a finding is kept under its name, with the command that replays it', async (t) => {
  const script = `
    for word in "$@"; do case "$word" in -artifact_prefix=*) prefix=\${word#*=};; esac; done
    echo '==1== ERROR: libFuzzer: deadly signal' >&2
    echo "artifact_prefix='$prefix'; Test unit written to \${prefix}crash-00" >&2
    exit 77`;
  const options = impostor(t, script);
  const { ok, artifact, detail } = await fuzz('stream', options);
  assert.equal(ok, false);
  assert.match(artifact, /build\/fuzz\/findings\/stream-crash-00$/);
  assert.match(detail, /^failed with exit code 77\nreplay: /);
  assert.ok(detail.includes(`replay: ${options.program} ${artifact}\n`), detail);
});

test('a fuzzer that runs nothing is a finding too', async (t) => {
  const { ok, detail } = await fuzz('stream', impostor(t, 'exit 0'));
  assert.equal(ok, false);
  assert.match(detail, /without a single execution/);
});

test('each target runs, and no more than the limit at once', async () => {
  let running = 0;
  let most = 0;
  const seen = [];
  await each(TARGETS, 2, async (target) => {
    most = Math.max(most, (running += 1));
    await new Promise((done) => setImmediate(done));
    seen.push(target);
    running -= 1;
  });
  assert.deepEqual(seen.toSorted(), TARGETS.toSorted());
  assert.equal(most, 2);
});
