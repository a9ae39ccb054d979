/** Figures as text: durations, counts, addresses. */

/** Such as `41 ms`, for stretches that are mostly below a second. */
export function formatMs(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : formatDuration(ms);
}

/** Such as `0.62 s`, `12.3 s`, `2 min 05 s`, `3 h 07 min`. */
export function formatDuration(ms: number): string {
  // The limits are those of the rounded text, so that 59.97 s is never shown as `60.0 s`.
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))} min ${twoDigits(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${String(Math.floor(minutes / 60))} h ${twoDigits(minutes % 60)} min`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** With thousands marked: `25,344`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 page`, `3,000 pages`; `many` where it is not `one` and an s. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

export function hex(address: number | bigint): string {
  return `0x${address.toString(16)}`;
}
