/** The page in a real browser. What the file holds is tested in document.test. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { Scratch } from '../../model/scratch.fixtures.js';
import { openBrowser, skip, visit } from './browser.fixtures.js';
import type { VisitOptions } from './browser.fixtures.js';
import { everything, hostile, many, writeReport } from './report.fixtures.js';

const tcp = '/x86_64/migration/precopy/tcp/plain';

describe('the page of a report', { skip, timeout: 300_000 }, () => {
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
  const names = async (page: Page): Promise<string[]> =>
    await page.locator('.results tbody .test').allTextContents();
  const said = async (page: Page): Promise<string> =>
    (await page.locator('#said').textContent()) ?? '';

  test('opens with failures first, and asks the network for nothing in any view', async () => {
    const { page, requests, complaints } = await visit(browser, file);
    assert.equal(await said(page), '9 of 9 results');
    const badges = await page.locator('.results .badge').allTextContents();
    assert.deepEqual(badges.slice(0, 5), ['failed', 'failed', 'broken', 'flaky', 'retried']);
    for (const view of ['Workers', 'Slowest', 'Skipped', 'Run']) {
      await page.getByRole('link', { name: view, exact: true }).click();
      await page.locator('main h2').waitFor();
      assert.ok((await page.locator('main').innerText()).length > 40, view);
    }
    await page.close();
    assert.deepEqual(requests, []);
    assert.deepEqual(complaints, []);
  });

  test('text from QEMU and users is shown as text and never runs', async () => {
    const { page, complaints } = await visit(browser, file);
    await page.getByRole('link', { name: '/x86_64/mine/<b>bold</b>' }).click();
    await page.locator('#qmp-title').waitFor();
    for (const summary of await page.locator('summary').all()) await summary.click();
    const text = await page.locator('main').innerText();
    assert.ok(text.split(hostile).length > 3, 'the message, the transcript, the output');
    await page.getByRole('link', { name: 'Run', exact: true }).click();
    assert.ok((await page.locator('main').innerText()).includes(hostile));
    assert.equal(await page.evaluate('globalThis.harmed'), undefined);
    // and a script that got in all the same would not run
    await page.evaluate(
      `document.body.append(Object.assign(document.createElement('script'), { textContent: 'globalThis.harmed = 2' }))`,
    );
    assert.equal(await page.evaluate('globalThis.harmed'), undefined);
    assert.match(complaints.join('\n'), /Content Security Policy/);
    await page.close();
  });

  test('filters by status, family, versions and text, shows how many are left, and keeps the filter in the address', async () => {
    const page = await open();
    await page.getByRole('checkbox', { name: /^failed/ }).check();
    assert.equal(await said(page), '2 of 9 results');
    assert.match(page.url(), /#\/\?status=failed$/);
    await page.getByRole('checkbox', { name: /^flaky/ }).check();
    assert.equal(await said(page), '3 of 9 results');
    await page.getByLabel('Family').selectOption('precopy');
    assert.equal(await said(page), '2 of 9 results');
    await page.getByLabel('QEMU versions').selectOption('10.0.8 to 7.2.22');
    assert.deepEqual(await names(page), [tcp]);
    await page.reload();
    assert.deepEqual(await names(page), [tcp]);
    assert.ok(await page.getByRole('checkbox', { name: /^flaky/ }).isChecked());
    await page.getByRole('button', { name: 'Clear filters' }).click();
    assert.equal(await said(page), '9 of 9 results');
    await page.getByLabel('Text in name or remark').fill('URIs PRECOPY');
    await page.getByText('2 of 9 results').waitFor();
    await page.getByLabel('Text in name or remark').fill('nothing like that');
    await page.getByText('0 of 9 results').waitFor();
    await page.close();
  });

  test('is sorted by its heads, and shows the order', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Test' }).click();
    const tests = async (): Promise<string[]> =>
      (await names(page)).map((name) => name.replace(/ \(attempt.*/, ''));
    const sorted = await tests();
    assert.deepEqual(sorted, [...sorted].sort());
    assert.equal(
      await page.getByRole('columnheader', { name: 'Test' }).getAttribute('aria-sort'),
      'ascending',
    );
    await page.getByRole('button', { name: 'Test' }).click();
    assert.deepEqual(await tests(), [...sorted].reverse());
    await page.close();
  });

  test('can be used with the keyboard alone: the focus is where a reader would be', async () => {
    const page = await open();
    const focused = async (): Promise<string> =>
      await page.evaluate(
        `[document.activeElement.tagName, document.activeElement.textContent, document.activeElement.value].join(' ')`,
      );
    await page.keyboard.press('Tab');
    assert.match(await focused(), /^A Skip to the content/);
    await page.keyboard.press('Enter');
    assert.match(await focused(), /^H2 Results/);
    await page.keyboard.press('Tab');
    assert.match(await focused(), /^INPUT {2}failed/);
    await page.keyboard.press('Space');
    assert.equal(await said(page), '2 of 9 results');
    assert.match(await focused(), /^INPUT {2}failed/, 'filtering does not move the focus');
    for (let steps = 0; !(await focused()).startsWith('A /x86_64'); steps += 1) {
      assert.ok(steps < 20, `a result is reached; at ${await focused()}`);
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.locator('#test-title').waitFor();
    assert.match(await focused(), /^H2 failed /);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    assert.match(await focused(), /^A All results/);
    await page.keyboard.press('Enter');
    await page.locator('#results-title').waitFor();
    assert.match(await focused(), /^H2 Results/);
    assert.equal(await said(page), '2 of 9 results', 'the list is as it was left');
    await page.close();
  });

  test('a failure has its diagnosis, map, attempts, both transcripts by time, and attachments', async () => {
    const page = await open();
    await page.getByRole('checkbox', { name: /^retried/ }).check();
    await page.getByRole('link', { name: tcp }).click();
    await page.locator('#test-title').waitFor();
    const main = page.locator('main');
    const text = await main.innerText();
    assert.ok(text.includes('the destination lost 4,941 pages of 25,344'));
    assert.match(text, /Attempts: 2/);
    await page
      .getByRole('img', { name: /^Map of 25,344 pages.*4,941 pages damaged in 3 runs/ })
      .waitFor();
    assert.ok((await page.locator('.page-map .damaged').count()) >= 2);
    await page.getByRole('img', { name: /^Timeline of/ }).waitFor();
    const order = await page.locator('.qmp tbody tr').allInnerTexts();
    assert.deepEqual(
      order.map((line) => line.replace(/\s+/g, ' ').split(' {')[0]),
      [
        '30.0 ← from QEMU: greeting',
        '60.0 → to QEMU: command migrate',
        '65.0 ← from QEMU: event MIGRATION active',
        '70.0 ← from QEMU: error',
      ],
    );
    const link = page.getByRole('link', { name: 'source.stderr' });
    assert.equal(await link.getAttribute('href'), 'results/tcp%20plain-1/source.stderr');
    await page.getByText('end of long.txt').click();
    assert.match(await main.innerText(), /last line/);
    await page.getByRole('link', { name: 'attempt 2' }).click();
    await page.locator('h2', { hasText: 'flaky' }).waitFor();
    await page.close();
  });

  test('is light or dark as the system says, until the reader says otherwise', async () => {
    const ground = async (page: Page): Promise<string> =>
      await page.evaluate('getComputedStyle(document.body).backgroundColor');
    const [light, dark] = [
      await open({ colorScheme: 'light' }),
      await open({ colorScheme: 'dark' }),
    ];
    assert.equal(await ground(light), 'rgb(255, 255, 255)');
    assert.equal(await ground(dark), 'rgb(21, 23, 26)');
    const button = dark.getByRole('button', { name: 'Dark theme', pressed: true });
    await button.click();
    assert.equal(await ground(dark), 'rgb(255, 255, 255)');
    await dark.reload();
    assert.equal(await ground(dark), 'rgb(255, 255, 255)', 'and that is remembered');
    await Promise.all([light.close(), dark.close()]);
  });

  test('ten thousand results are paged, filtered and drawn', async () => {
    const big = await writeReport(join(scratch.directory, 'big.html'), many(10_000));
    const { page } = await visit(browser, big);
    assert.match(await said(page), /^10,000 of 10,000 results, 1 to 100 on page 1 of 100$/);
    assert.equal((await names(page)).length, 100);
    const next = page.getByRole('button', { name: 'Next' });
    await next.click();
    assert.match(await said(page), /101 to 200 on page 2 of 100$/);
    await page.getByLabel('Text in name or remark').fill('many/9999');
    await page.getByText('1 of 10,000 results').waitFor();
    await page.getByRole('link', { name: 'Workers' }).click();
    await page.getByRole('img', { name: /workers did/ }).waitFor();
    await page.close();
  });

  test('an incomplete run says so in an alert', async () => {
    const part = everything(scratch.directory).slice(0, 8);
    const { page } = await visit(
      browser,
      await writeReport(join(scratch.directory, 'part.html'), part),
    );
    assert.match(await page.getByRole('alert').innerText(), /ended before it was complete/);
    await page.close();
  });
});
