// How long the HTML report of many results takes to write, and to be of use in a browser: measured in the page
// itself, from the start of the navigation to the first view drawn and its filters live.
// Usage: node bench/report.mjs [COUNT] [ROUNDS], with Chromium on PATH. Expected: below 2,000 ms for 10,000 results.
import { statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { median } from 'simple-statistics';
import { openBrowser, skip, visit } from '../dist/report/html/browser.fixtures.js';
import { many, writeReport } from '../dist/report/html/report.fixtures.js';
import { scratchFolder } from './rounds.mjs';

const [count, rounds] = [Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? 5)];
const limitMs = 2000;

/** from a key in the search field to the new count, without the pause that waits for the next key */
const filterMs = `(async () => {
  const [field, said] = ['filter-text', 'said'].map((id) => document.getElementById(id));
  const shown = new Promise((resolve) => new MutationObserver(() => resolve(performance.now())).observe(said, { childList: true }));
  field.value = 'many/99';
  const timers = [];
  const real = window.setTimeout;
  window.setTimeout = (work) => timers.push(work);
  field.dispatchEvent(new Event('input'));
  window.setTimeout = real;
  const start = performance.now();
  for (const work of timers) work();
  return (await shown) - start;
})()`;

if (skip) {
  console.error(`bench/report: skipped: ${skip}`);
  process.exit(3);
}
const folder = scratchFolder();
const file = path.join(folder, 'report.html');
const startMs = performance.now();
await writeReport(file, many(count));
const writeMs = performance.now() - startMs;
const browser = await openBrowser();
const samples = [];
for (let round = 0; round < rounds; round++) {
  const { page } = await visit(browser, file);
  const interactiveMs = await page.evaluate(
    `performance.getEntriesByName('drover-interactive')[0].startTime`,
  );
  const said = await page.locator('#said').textContent();
  if (!said.startsWith(`${count.toLocaleString('en')} of`)) throw new Error(`wrong page: ${said}`);
  samples.push({ interactiveMs, filterMs: await page.evaluate(filterMs) });
  await page.close();
}
await browser.close();
const interactive = samples.map((sample) => sample.interactiveMs);
console.log(
  JSON.stringify({
    count,
    megabytes: Math.round(statSync(file).size / 1e5) / 10,
    writeMs: Math.round(writeMs),
    interactiveMs: interactive.map(Math.round),
    medianInteractiveMs: Math.round(median(interactive)),
    medianFilterMs: Math.round(median(samples.map((sample) => sample.filterMs))),
    load: os.loadavg()[0],
  }),
);
if (count <= 10_000 && median(interactive) > limitMs) process.exitCode = 1;
