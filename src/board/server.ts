/**
 * The addresses of the board. It only reads, and only below the results folder: runs are found by
 * their id in the list, evidence by its real path inside the run's folder.
 */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { streamSSE } from 'hono/streaming';
import { historyHtmlPieces } from '../bench/history/history-html.js';
import { readHistory } from '../bench/history/store.js';
import { HarnessError } from '../model/errors.js';
import type { DroverEvent } from '../model/events.js';
import { TimedRun } from '../report/fold/timeline.js';
import { htmlPieces } from '../report/html/document.js';
import { element } from '../report/html-text.js';
import { located } from '../report/log/evidence-place.js';
import { readEventLog } from '../report/log/read-log.js';
import { mayAsk } from './access.js';
import type { Access } from './access.js';
import { AttemptIndex, histories, historyOf } from './attempt-index.js';
import { LiveRun, follow } from './live-run.js';
import { metricsText, openMetricsType } from './metrics.js';
import { boardPage, boardScript, boardStyle, policy } from './page.js';
import type { RunStore, StoredRun } from './run-store.js';
import { runPage, runsPage, stateOf } from './run-pages.js';
import { testPage, testsPage } from './test-pages.js';

export interface BoardOptions extends Access {
  readonly store: RunStore;
  /** the folder of bench --history */
  readonly history: string;
  /** of a change of a level */
  readonly threshold: number;
  readonly now: () => number;
}

const cookie = 'drover-board';
/** each reads a file four times a second */
const mostFollowers = 64;

export function boardApp(options: BoardOptions): Hono {
  const { store, now } = options;
  const index = new AttemptIndex(store);
  const app = new Hono();
  guard(app, options);

  app.get('/board.css', (c) => c.body(boardStyle, 200, { 'Content-Type': 'text/css' }));
  app.get('/board.js', (c) => c.body(boardScript, 200, { 'Content-Type': 'text/javascript' }));

  app.get('/', (c) => {
    const page = Math.max(1, Math.trunc(Number(c.req.query('page') ?? '1')) || 1);
    const query = c.req.query('q') ?? '';
    return c.html(runsPage(store.list(), { query, page, nowMs: now() }));
  });
  app.get('/tests', async (c) =>
    c.html(testsPage(histories(await index.all()), c.req.query('q') ?? '')),
  );
  app.get('/test', async (c) => {
    const name = c.req.query('name') ?? '';
    const own = (await index.all()).filter(({ test }) => test === name);
    return own.length === 0
      ? notFound(c, 'No run in this folder has this test.')
      : c.html(testPage(historyOf(name, own)));
  });
  app.get('/bench', async (c) => await benchmarks(c, options));
  app.get('/metrics', async (c) => {
    const runs = store.list();
    const active = runs.filter((run) => stateOf(run, now()) === 'running');
    const measured = await Promise.all(
      active.map(async (run) => {
        const live = new LiveRun();
        await live.read(run.log).catch(() => false);
        return { run, state: live.state };
      }),
    );
    return c.body(metricsText(runs, measured), 200, { 'Content-Type': openMetricsType });
  });
  addRun(app, options, index);
  app.notFound((c) => notFound(c, 'The board has no such page.'));
  return app;
}

function addRun(app: Hono, { store, now }: BoardOptions, index: AttemptIndex): void {
  let followers = 0;
  app.get('/run/:id/', async (c) => {
    const run = store.find(c.req.param('id'));
    if (run === undefined) return notFound(c, 'There is no such run.');
    return c.html(runPage(run, await index.of(run), now()));
  });
  app.get('/run/:id/events', (c) => {
    const run = store.find(c.req.param('id'));
    if (run === undefined) return notFound(c, 'There is no such run.');
    if (followers >= mostFollowers) return c.text('too many pages follow runs', 503);
    return streamSSE(c, async (stream) => {
      const ending = new AbortController();
      stream.onAbort(() => {
        ending.abort();
      });
      followers += 1;
      try {
        for await (const state of follow(run.log, ending.signal)) {
          await stream.writeSSE({ event: 'state', data: JSON.stringify(state) });
        }
      } finally {
        followers -= 1;
      }
    });
  });
  app.get('/run/:id/report.html', async (c) => {
    const run = store.find(c.req.param('id'));
    if (run === undefined) return notFound(c, 'There is no such run.');
    return await report(c, run);
  });
  app.get('/run/:id/:file{.+}', async (c) => {
    const run = store.find(c.req.param('id'));
    const found = run && (await evidence(c, run, c.req.param('file')));
    return found ?? notFound(c, 'There is no such file.');
  });
}

function guard(app: Hono, access: Access): void {
  app.use(async (c, next) => {
    const query = c.req.query('token');
    const answer = mayAsk(access, {
      host: c.req.header('Host'),
      query,
      cookie: getCookie(c, cookie),
      authorization: c.req.header('Authorization'),
    });
    if (answer === 'no-token') {
      return c.text("the board needs its token: open the address that 'drover board' printed", 401);
    }
    if (answer === 'foreign-name') {
      return c.text('open the board as http://localhost:PORT/ or http://127.0.0.1:PORT/', 403);
    }
    if (access.token !== undefined && query !== undefined) {
      setCookie(c, cookie, access.token, { httpOnly: true, sameSite: 'Strict', path: '/' });
      // the token stays out of the history and of what is copied
      const clean = new URL(c.req.url);
      clean.searchParams.delete('token');
      return c.redirect(`${clean.pathname.replace(/^\/+/, '/')}${clean.search}`);
    }
    await next();
    // its answer has no body, and what would have made one must end
    if (c.req.method === 'HEAD') await c.res.body?.cancel();
    c.header('X-Content-Type-Options', 'nosniff');
    c.header('Referrer-Policy', 'no-referrer');
    c.header('Cache-Control', 'no-store');
    if (!c.res.headers.has('Content-Security-Policy')) c.header('Content-Security-Policy', policy);
    return undefined;
  });
}

function notFound(c: Context, why: string): Response | Promise<Response> {
  const content = element('p', why);
  return c.html(boardPage({ title: 'Not found', at: '/', content }), 404);
}

/** The page of `drover history --html`, which has its own policy in its head. */
async function benchmarks(c: Context, options: BoardOptions): Promise<Response> {
  try {
    const hosts = await readHistory(options.history, () => undefined);
    c.header('Content-Security-Policy', "frame-ancestors 'none'");
    return c.html([...historyHtmlPieces(hosts, options.threshold)].join(''));
  } catch (error) {
    if (!(error instanceof HarnessError) || error.code !== 'no-history') throw error;
    const content =
      element('p', `There is no history of benchmarks: ${error.message}.`) +
      element('p', 'drover bench --history DIR makes one; drover board --history DIR shows it.');
    return c.html(boardPage({ title: 'Benchmarks', at: '/bench', content }));
  }
}

async function report(c: Context, run: StoredRun): Promise<Response> {
  const timed = new TimedRun();
  try {
    for await (const event of readEventLog(run.log)) timed.add(await ownEvidence(event, run));
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    const content = element('p', `This run has no report: ${error.message}`);
    return c.html(boardPage({ title: 'No report', at: '/', content }));
  }
  c.header('Content-Security-Policy', "frame-ancestors 'none'");
  c.header('Content-Type', 'text/html; charset=utf-8');
  return c.body(
    Readable.toWeb(Readable.from(bytesOf(htmlPieces([timed], run.folder)))) as ReadableStream,
  );
}

/** A log names folders; the report shows what lies in them, so only those below the run's own. */
async function ownEvidence(event: DroverEvent, run: StoredRun): Promise<DroverEvent> {
  const found = located(event, run.folder);
  if (found.type !== 'test-finished' || found.directory === undefined) return found;
  const real = await realBelow(run.folder, found.directory).catch(() => undefined);
  return { ...found, directory: real };
}

/** @returns the real path, undefined if it is not below the folder's */
async function realBelow(folder: string, name: string): Promise<string | undefined> {
  const [above, file] = await Promise.all([realpath(folder), realpath(path.resolve(folder, name))]);
  return file.startsWith(above + path.sep) ? file : undefined;
}

function* bytesOf(pieces: Iterable<string>): Generator<Buffer> {
  for (const piece of pieces) yield Buffer.from(piece);
}

/** A file beside the log, such as a transcript; as text, which no browser runs. */
async function evidence(c: Context, run: StoredRun, name: string): Promise<Response | undefined> {
  try {
    const file = await realBelow(run.folder, path.join(run.folder, name));
    if (file === undefined || !(await stat(file)).isFile()) return undefined;
    c.header('Content-Security-Policy', "default-src 'none'; sandbox; frame-ancestors 'none'");
    c.header('Content-Type', 'text/plain; charset=utf-8');
    return c.body(Readable.toWeb(createReadStream(file)) as ReadableStream);
  } catch {
    return undefined;
  }
}
