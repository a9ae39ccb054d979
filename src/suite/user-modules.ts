/**
 * Makes a user's own test modules loadable from any folder: 'drover' is the running Drover (a
 * second copy would have its own error class and registry), and TypeScript is read by Node if it
 * can, otherwise through the compiler of the user's project. This module installs the hooks, once
 * in each thread, and is also the module of the hooks, which Node before 22.15 runs in a thread of
 * their own.
 */
import { readFileSync } from 'node:fs';
import nodeModule, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const api = new URL('./api.js', import.meta.url).href;
export const typescriptEnding = /\.m?ts$/;

interface Loaded {
  readonly format: string;
  readonly source?: unknown;
  readonly shortCircuit?: boolean;
}
type Hook<Context, Result> = (
  name: string,
  context: Context,
  next: (name: string, context: Context) => Result | Promise<Result>,
) => Result | Promise<Result>;

export const resolve: Hook<unknown, { readonly url: string; readonly shortCircuit?: boolean }> = (
  specifier,
  context,
  next,
) => (specifier === 'drover' ? { url: api, shortCircuit: true } : next(specifier, context));

export const load: Hook<unknown, Loaded> = (url, context, next) => {
  if (nodeReadsTypeScript() || !url.startsWith('file:')) return next(url, context);
  const file = fileURLToPath(url);
  const compiler = typescriptEnding.test(file) ? findCompiler(file) : undefined;
  if (compiler === undefined) return next(url, context);
  const { transpileModule, ModuleKind, ScriptTarget } = compiler();
  const { outputText } = transpileModule(readFileSync(file, 'utf8'), {
    fileName: file,
    compilerOptions: {
      module: ModuleKind['ESNext'],
      target: ScriptTarget['ES2022'],
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
    },
  });
  return { format: 'module', source: outputText, shortCircuit: true };
};

/** what this file uses of the package `typescript` */
interface Compiler {
  readonly transpileModule: (source: string, options: object) => { readonly outputText: string };
  readonly ModuleKind: Readonly<Record<string, number>>;
  readonly ScriptTarget: Readonly<Record<string, number>>;
}

/** from the file's own project, or Drover's own in a clone; undefined without one */
function findCompiler(file: string): (() => Compiler) | undefined {
  for (const from of [file, import.meta.url]) {
    const require = createRequire(from);
    try {
      const found = require.resolve('typescript');
      return () => require(found) as Compiler;
    } catch {
      // not there: ask the next
    }
  }
  return undefined;
}

function nodeReadsTypeScript(): boolean {
  const features = process.features as { readonly typescript?: unknown };
  return features.typescript !== undefined && features.typescript !== false;
}

/** whether a module in TypeScript can be loaded from there */
export function canReadTypeScript(file: string): boolean {
  return nodeReadsTypeScript() || findCompiler(file) !== undefined;
}

/** Node keeps hooks for each thread, and so does this. */
let installed = false;

/** For this thread; once is enough. */
export function installHooks(): void {
  if (installed) return;
  installed = true;
  const newer = nodeModule as { readonly registerHooks?: (hooks: object) => void };
  if (newer.registerHooks === undefined) nodeModule.register(import.meta.url);
  else newer.registerHooks({ resolve, load });
  // stack traces name the lines of the TypeScript source
  if (!nodeReadsTypeScript()) process.setSourceMapsEnabled(true);
}
