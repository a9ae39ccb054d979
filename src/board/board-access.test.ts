/** The pages of the board in a browser: axe's rules, keyboard, narrow screens, live progress. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createAdaptorServer } from '@hono/node-server';
import type { ServerType } from '@hono/node-server';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { Scratch } from '../model/scratch.fixtures.js';
import { openBrowser, skip } from '../report/html/browser.fixtures.js';
import {
  attempt,
  failed,
  mixedRun,
  passed,
  plain,
  runFinished,
  runStarted,
  tcp,
} from '../report/run.fixtures.js';
import { boardOver, bringRun, lines, writeRun } from './board.fixtures.js';
import type { Board } from './board.fixtures.js';

describe('the board is for everybody', { skip, timeout: 300_000 }, () => {
  const scratch = new Scratch();
  const begun = [runStarted([plain, tcp]), ...attempt(plain, passed)];
  let browser: Browser;
  let server: ServerType;
  let origin = '';
  let board: Board;
  let log = '';
  before(async () => {
    bringRun(scratch.directory, 'night', 'clean');
    writeRun(scratch.directory, 'mixed', mixedRun);
    log = writeRun(scratch.directory, 'live', begun);
    board = boardOver(scratch.directory);
    server = createAdaptorServer({ fetch: board.app.fetch });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await openBrowser();
  });
  after(async () => {
    await browser.close();
    server.close();
    scratch[Symbol.dispose]();
  });

  const complaints: string[] = [];
  const open = async (
    address: string,
    colorScheme: 'light' | 'dark',
    width = 1280,
  ): Promise<Page> => {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${origin}${address}`, { waitUntil: 'domcontentloaded' });
    return page;
  };

  test('axe finds nothing wrong in the pages, light or dark, and a narrow screen needs no scrolling', async () => {
    const test = `/test?name=${encodeURIComponent(tcp)}`;
    const addresses = ['/', `/run/${board.idOf('live')}/`];
    for (const [scheme, width, pages] of [
      ['light', 1280, addresses],
      ['dark', 360, [test]],
    ] as const) {
      for (const address of pages) {
        const page = await open(address, scheme, width);
        // the policy forbids scripts of others, but not the debugger's
        await page.evaluate(axe.source);
        const found = await page.evaluate<axe.AxeResults>(
          "axe.run({ resultTypes: ['violations'] })",
        );
        const wrong = found.violations.map(
          ({ id, impact, nodes }) => `${impact ?? ''} ${id}: ${nodes[0]?.html ?? ''}`,
        );
        assert.deepEqual(wrong, [], `${address} ${scheme}`);
        assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width, address);
        await page.close();
      }
    }
    assert.deepEqual(complaints, []);
  });

  test('the keyboard reaches search and theme, and the choice of the theme stays', async () => {
    const page = await open('/', 'light');
    const focused = async (): Promise<unknown> =>
      await page.evaluate('document.activeElement.textContent || document.activeElement.id');
    const stops: unknown[] = [];
    for (let stop = 0; stop < 7; stop++) {
      await page.keyboard.press('Tab');
      stops.push(await focused());
    }
    const head = ['Skip to the content', 'Runs', 'Tests', 'Benchmarks', 'Dark theme'];
    assert.deepEqual(stops, [...head, 'q', 'Search']);
    await page.getByRole('button', { name: 'Dark theme' }).press('Enter');
    await page.getByRole('searchbox').fill('mixed');
    await page.getByRole('searchbox').press('Enter');
    await page.waitForURL('**/?q=mixed');
    assert.equal(await page.evaluate('document.documentElement.dataset.theme'), 'dark');
    await page.getByRole('row').nth(1).getByRole('link').click();
    await page.getByRole('link', { name: 'Open the report' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.match(await page.title(), /Drover report/);
    await page.close();
  });

  test('the page of a run shows what its log says, as it says it', async () => {
    const page = await open(`/run/${board.idOf('live')}/`, 'light');
    const counts = page.getByRole('status');
    await counts.filter({ hasText: '1 of 2 done: 1 passed' }).waitFor();
    appendFileSync(log, lines(attempt(tcp, failed)));
    await counts.filter({ hasText: '2 of 2 done: 1 passed, 1 failed' }).waitFor();
    assert.match(await page.locator('#live-bad').innerText(), /tcp\/plain.*failed/);
    appendFileSync(log, lines([runFinished(begun)]));
    await page.getByText('The run has ended.').waitFor();
    await page.close();
  });
});
