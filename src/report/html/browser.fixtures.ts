/** Headless Chromium for the tests of the page; `skip` is the reason where there is none. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

const programs = ['chromium', 'chromium-browser', 'google-chrome'];
const program = (process.env['PATH'] ?? '')
  .split(':')
  .flatMap((folder) => programs.map((name) => join(folder, name)))
  .find((file) => existsSync(file));

export const skip =
  program === undefined ? 'Chromium is not there; run: apt-get install chromium' : false;

export async function openBrowser(): Promise<Browser> {
  if (program === undefined) throw new Error('Chromium is not there');
  // Chromium's own sandbox does not work for root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return await chromium.launch({ executablePath: program, args, timeout: 60_000 });
}

export interface Visit {
  readonly page: Page;
  /** everything the page asked for, but for the file itself */
  readonly requests: string[];
  /** errors and messages of the page, violations of its policy among them */
  readonly complaints: string[];
}

export interface VisitOptions {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
  readonly hash?: string;
}

export async function visit(
  browser: Browser,
  file: string,
  { colorScheme = 'light', width = 1280, hash = '' }: VisitOptions = {},
): Promise<Visit> {
  const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
  page.setDefaultTimeout(300_000);
  const [requests, complaints]: string[][] = [[], []];
  const address = pathToFileURL(file).href;
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== address) requests?.push(request.url());
  });
  page.on('console', (message) => complaints?.push(message.text()));
  page.on('pageerror', (error) => complaints?.push(error.message));
  await page.goto(`${address}${hash}`);
  return { page, requests: requests ?? [], complaints: complaints ?? [] };
}
