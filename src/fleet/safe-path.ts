/** Names of evidence files as other hosts give them: only what stays below a folder is a path. Pure. */

/** more than any evidence has */
const longestPath = 400;
const deepest = 8;

/** Why a name may not become a file below a folder; undefined if it may. */
export function pathProblem(name: string): string | undefined {
  if (name === '' || name.length > longestPath) return `it has ${name.length} characters`;
  if (name.startsWith('/')) return 'it is absolute';
  // eslint-disable-next-line no-control-regex -- those are refused
  if (/[\u0000-\u001f\u007f\\]/.test(name)) return 'it has a control character or a backslash';
  const parts = name.split('/');
  if (parts.length > deepest) return `it is more than ${deepest} folders deep`;
  if (parts.some((part) => part === '..' || part === '.' || part === '')) {
    return "it has a part that is empty, '.' or '..'";
  }
  return undefined;
}
