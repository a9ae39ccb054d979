/** Whether everybody can use the page: axe's rules, and screens of any width. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { Scratch } from '../../model/scratch.fixtures.js';
import { openBrowser, skip, visit } from './browser.fixtures.js';
import type { VisitOptions } from './browser.fixtures.js';
import { everything, writeReport } from './report.fixtures.js';

/** The page has drawn the view when this ends: its own listener was there first. */
async function go(page: Page, hash: string): Promise<void> {
  await page.evaluate(
    `new Promise((resolve) => { addEventListener('hashchange', resolve, { once: true }); location.hash = '${hash}'; }).then(() => undefined)`,
  );
}

const views = ['#/', '#/test/1', '#/workers', '#/slowest', '#/skipped', '#/run'];

describe('the page of a report is for everybody', { skip, timeout: 300_000 }, () => {
  const scratch = new Scratch();
  let browser: Browser;
  let file = '';
  before(async () => {
    file = await writeReport(join(scratch.directory, 'report.html'), everything(scratch.directory));
    browser = await openBrowser();
  });
  after(async () => {
    await browser.close();
    scratch[Symbol.dispose]();
  });

  const open = async (options?: VisitOptions): Promise<Page> =>
    (await visit(browser, file, options)).page;

  test('axe finds nothing wrong in any view, light or dark, wide or narrow', async () => {
    const dark = { colorScheme: 'dark', width: 390 } as const;
    for (const [options, hashes] of [
      [{}, views],
      // two of them have every colour
      [dark, views.slice(0, 2)],
    ] as const) {
      const page = await open(options);
      await page.evaluate(axe.source);
      for (const hash of hashes) {
        await go(page, hash);
        const found = await page.evaluate<axe.AxeResults>(
          "axe.run({ resultTypes: ['violations'] })",
        );
        const wrong = found.violations.map(
          ({ id, impact, nodes }) => `${impact ?? ''} ${id}: ${nodes[0]?.html ?? ''}`,
        );
        assert.deepEqual(wrong, [], `${hash} ${JSON.stringify(options)}`);
      }
      await page.close();
    }
  });

  test('a narrow screen needs no scrolling to the side', async () => {
    const page = await open({ width: 360 });
    for (const hash of views) {
      await go(page, hash);
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360, hash);
    }
    await page.close();
  });
});
