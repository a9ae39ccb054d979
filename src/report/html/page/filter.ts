/**
 * Which results the list shows, in which order: the filter, its form in the address, and its
 * result.
 */
import { testStatuses } from '../../fold/test-status.js';
import type { TestStatus } from '../../fold/test-status.js';
import type { PageRow } from '../payload.js';
import type { ReportData } from './data.js';

export const orders = ['status', 'test', 'time'] as const;
export type Order = (typeof orders)[number];

export interface Filter {
  /** empty means all */
  readonly statuses: ReadonlySet<TestStatus>;
  readonly family: string;
  readonly versions: string;
  readonly text: string;
  readonly order: Order;
  readonly descending: boolean;
  /** from 1 */
  readonly page: number;
}

export const everything: Filter = {
  statuses: new Set(),
  family: '',
  versions: '',
  text: '',
  order: 'status',
  descending: false,
  page: 1,
};

export function filterFrom(query: string): Filter {
  const given = new URLSearchParams(query);
  const wanted = (given.get('status') ?? '').split(',');
  const order = orders.find((each) => each === given.get('order')) ?? 'status';
  const page = Number(given.get('page'));
  return {
    statuses: new Set(testStatuses.filter((status) => wanted.includes(status))),
    family: given.get('family') ?? '',
    versions: given.get('versions') ?? '',
    text: given.get('text') ?? '',
    order,
    descending: given.get('descending') === '1',
    page: Number.isInteger(page) && page > 0 ? page : 1,
  };
}

export function queryOf(filter: Filter): string {
  const query = new URLSearchParams();
  const put = (name: string, value: string): void => {
    if (value !== '') query.set(name, value);
  };
  put('status', [...filter.statuses].join(','));
  put('family', filter.family);
  put('versions', filter.versions);
  put('text', filter.text);
  put('order', filter.order === 'status' ? '' : filter.order);
  put('descending', filter.descending ? '1' : '');
  put('page', filter.page === 1 ? '' : String(filter.page));
  return query.toString();
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const rank = new Map(testStatuses.map((status, index) => [status, index]));

const compare: Record<Order, (a: PageRow, b: PageRow) => number> = {
  status: (a, b) => (rank.get(a.status) ?? 0) - (rank.get(b.status) ?? 0),
  test: (a, b) => byText(a.test, b.test),
  time: (a, b) => a.durationMs - b.durationMs,
};

/** Every word of the text must occur in the name or the summary of the result. */
export function chosen({ rows, runs }: ReportData, filter: Filter): PageRow[] {
  const words = filter.text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const shown = rows.filter((row) => {
    if (filter.statuses.size > 0 && !filter.statuses.has(row.status)) return false;
    if (filter.family !== '' && row.family !== filter.family) return false;
    if (filter.versions !== '' && runs[row.run]?.versions !== filter.versions) return false;
    if (words.length === 0) return true;
    const said = `${row.label}\n${row.remark ?? ''}`.toLowerCase();
    return words.every((word) => said.includes(word));
  });
  const sign = filter.descending ? -1 : 1;
  const first = compare[filter.order];
  return shown.sort(
    (a, b) =>
      sign * first(a, b) || byText(a.test, b.test) || a.run - b.run || a.attempt - b.attempt,
  );
}
