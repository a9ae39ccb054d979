// Lint rules: with type information for src/, without for the scripts around it.
// Leaves out format (prettier) and layers (scripts/check-imports.mjs).
import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const NODE_GLOBALS = Object.fromEntries(
  [
    ...[
      'AbortController',
      'AbortSignal',
      'Buffer',
      'URL',
      'clearInterval',
      'clearTimeout',
      'console',
    ],
    ...['performance', 'process', 'queueMicrotask', 'setImmediate', 'setInterval', 'setTimeout'],
    ...['structuredClone', 'TextDecoder', 'TextEncoder'],
  ].map((name) => [name, 'readonly']),
);

/** House rules that no ready-made rule set has. */
const HOUSE_RULES = {
  'no-restricted-syntax': [
    'error',
    {
      selector: 'ExportAllDeclaration',
      message: 'No barrels: import from the file that defines it.',
    },
    { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
    { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
  ],
  eqeqeq: 'error',
  'no-console': 'error',
  'object-shorthand': 'error',
  'prefer-const': 'error',
  'no-promise-executor-return': 'off',
};

export default defineConfig(
  globalIgnores([
    'dist/',
    'build/',
    'node_modules/',
    '.qemu/',
    '.linux-guest/',
    '.cache/',
    'drover-results/',
  ]),
  js.configs.recommended,
  {
    files: ['src/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      ...HOUSE_RULES,
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/require-array-sort-compare': 'error',
      '@typescript-eslint/strict-boolean-expressions': [
        'error',
        { allowNullableBoolean: true, allowNullableString: true, allowString: true },
      ],
      // Numbers belong into messages; objects do not.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // An interface method that must be async, and a fake that has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // The compiler forbids `record.key` on index signatures, so `record['key']` is how it is written.
      '@typescript-eslint/dot-notation': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      // `() => emitter.emit(...)` as a callback is clearer than the same with braces.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['src/**/*.test.ts', 'src/**/*.fixtures.ts'],
    rules: {
      // node:test collects `test(...)` by itself; nobody awaits the promise it returns.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] },
          ],
        },
      ],
      // A test may say `value!` where the assertion before it has just shown the value.
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-console': 'off',
    },
  },
  {
    // A worker's entry is handed over by its default export.
    files: ['src/schedule/worker.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: NODE_GLOBALS },
    rules: {
      ...HOUSE_RULES,
      'no-console': 'off',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['eslint.config.js', 'src/memory/fixtures/cases/retry-names.mjs'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  prettier,
);
