/**
 * The list of results: filters, a table that shows one page at a time, and announcements for screen
 * readers.
 */
import { formatCount, formatDuration } from '../../../model/text/format.js';
import { testStatuses } from '../../fold/test-status.js';
import type { PageRow } from '../payload.js';
import { badge, testLink } from './badge.js';
import type { ReportData } from './data.js';
import { byId, h } from './dom.js';
import { chosen, everything, filterFrom, orders, queryOf } from './filter.js';
import type { Filter, Order } from './filter.js';

const rowsShown = 100;
/** delay, so that not every key press filters and is announced */
const typingMs = 120;

const heads: Record<Order, string> = { status: 'Status', test: 'Test', time: 'Time' };

export interface ResultsView {
  readonly element: HTMLElement;
  /** in the order shown, all pages */
  readonly rows: () => readonly PageRow[];
  /** shows the filter of the address */
  readonly show: (query: string) => void;
  /** the address of the list with its filter */
  readonly address: () => string;
}

export function resultsView(data: ReportData): ResultsView {
  let filter: Filter = everything;
  let rows: readonly PageRow[] = [];
  const indexOf = new Map(data.rows.map((row, index) => [row, index]));
  const said = h('p', { role: 'status', 'aria-live': 'polite', id: 'said', class: 'said' });
  const body = h('tbody');
  const headRow = h('tr');
  const pages = h('nav', { 'aria-label': 'Pages of results', class: 'pages' });
  const form = filterForm(data, change);

  /** changed by the reader, not by the address */
  function change(next: Partial<Filter>): void {
    filter = { ...filter, page: 1, ...next };
    history.replaceState(null, '', address());
    draw();
  }

  function address(): string {
    const query = queryOf(filter);
    return query === '' ? '#/' : `#/?${query}`;
  }

  function draw(): void {
    rows = chosen(data, filter);
    const pageCount = Math.max(1, Math.ceil(rows.length / rowsShown));
    const page = Math.min(filter.page, pageCount);
    const first = (page - 1) * rowsShown;
    const visible = rows.slice(first, first + rowsShown);
    body.replaceChildren(...visible.map((row) => resultRow(row, indexOf.get(row) ?? 0)));
    headRow.replaceChildren(
      ...orders.flatMap((order) => [
        columnHead(order, filter, change),
        ...(order === 'time' ? [h('th', { scope: 'col', class: 'remark-head' }, 'Remark')] : []),
      ]),
    );
    const all = data.rows.length;
    const range =
      pageCount > 1
        ? `, ${formatCount(first + 1)} to ${formatCount(first + visible.length)} on page ${formatCount(page)} of ${formatCount(pageCount)}`
        : '';
    said.textContent = `${formatCount(rows.length)} of ${formatCount(all)} results${range}`;
    drawPages(pages, page, pageCount, change);
  }

  const element = h(
    'section',
    { 'aria-labelledby': 'results-title' },
    h('h2', { id: 'results-title', tabindex: -1 }, 'Results'),
    form.element,
    said,
    h(
      'div',
      { class: 'wide' },
      h(
        'table',
        { class: 'results' },
        h('caption', { class: 'hidden' }, 'Results, as filtered'),
        h('thead', {}, headRow),
        body,
      ),
    ),
    pages,
  );
  return {
    element,
    rows: () => rows,
    show: (query) => {
      filter = filterFrom(query);
      form.show(filter);
      draw();
    },
    address,
  };
}

function resultRow(row: PageRow, index: number): HTMLElement {
  return h(
    'tr',
    {},
    h('td', {}, badge(row.status)),
    h('th', { scope: 'row' }, testLink(row.label, index)),
    h('td', { class: 'number' }, row.status === 'skipped' ? '' : formatDuration(row.durationMs)),
    h('td', { class: 'remark' }, row.remark),
  );
}

function columnHead(
  order: Order,
  { order: current, descending }: Filter,
  change: (next: Partial<Filter>) => void,
): HTMLElement {
  const isSorted = order === current;
  const sort = isSorted ? (descending ? 'descending' : 'ascending') : undefined;
  const id = `sort-${order}`;
  const click = (): void => {
    // times are sorted longest first
    change({ order, descending: isSorted ? !descending : order === 'time' });
    byId(id).focus();
  };
  const mark = h('span', { 'aria-hidden': 'true' }, isSorted ? (descending ? ' ▼' : ' ▲') : '');
  const button = h('button', { type: 'button', id, class: 'sort', click }, heads[order], mark);
  return h(
    'th',
    { scope: 'col', 'aria-sort': sort, class: order === 'time' ? 'number' : undefined },
    button,
  );
}

function drawPages(
  nav: HTMLElement,
  page: number,
  count: number,
  change: (next: Partial<Filter>) => void,
): void {
  nav.hidden = count < 2;
  const button = (text: string, target: number): HTMLElement => {
    const id = `page-${text.toLowerCase()}`;
    const isOff = target < 1 || target > count || target === page;
    const click = (): void => {
      if (isOff) return;
      change({ page: target });
      byId(id).focus();
    };
    // A disabled button would lose the focus when the reader reaches the last page with it.
    return h(
      'button',
      { type: 'button', id, 'aria-disabled': isOff ? 'true' : undefined, click },
      text,
    );
  };
  nav.replaceChildren(
    button('First', 1),
    button('Previous', page - 1),
    h('span', {}, `Page ${formatCount(page)} of ${formatCount(count)}`),
    button('Next', page + 1),
    button('Last', count),
  );
}

interface FilterForm {
  readonly element: HTMLElement;
  readonly show: (filter: Filter) => void;
}

function filterForm(data: ReportData, change: (next: Partial<Filter>) => void): FilterForm {
  const counts = new Map(testStatuses.map((status) => [status, 0]));
  for (const { status } of data.rows) counts.set(status, (counts.get(status) ?? 0) + 1);
  const boxes = testStatuses
    .filter((status) => (counts.get(status) ?? 0) > 0)
    .map((status) => ({
      status,
      box: h('input', { type: 'checkbox', name: 'status', value: status, change: checked }),
    }));
  function checked(): void {
    const wanted = boxes.filter(({ box }) => box.checked).map(({ status }) => status);
    change({ statuses: new Set(wanted) });
  }
  const families = selectOf(
    'family',
    data.rows.map(({ family }) => family),
    (family) => {
      change({ family });
    },
  );
  const versions = selectOf(
    'versions',
    data.runs.map((run) => run.versions),
    (value) => {
      change({ versions: value });
    },
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  const text = h('input', {
    type: 'search',
    id: 'filter-text',
    autocomplete: 'off',
    spellcheck: 'false',
    input: () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        change({ text: text.value });
      }, typingMs);
    },
  });
  const clear = (): void => {
    show(everything);
    change(everything);
    text.focus();
  };
  function show(filter: Filter): void {
    for (const { status, box } of boxes) box.checked = filter.statuses.has(status);
    families.select.value = filter.family;
    versions.select.value = filter.versions;
    text.value = filter.text;
  }
  const element = h(
    'form',
    {
      class: 'filters',
      role: 'search',
      'aria-label': 'Filter results',
      submit: (event) => {
        event.preventDefault();
      },
    },
    h(
      'fieldset',
      {},
      h('legend', {}, 'Status'),
      ...boxes.map(({ status, box }) =>
        h(
          'label',
          { class: `check ${status}` },
          box,
          ` ${status} (${formatCount(counts.get(status) ?? 0)})`,
        ),
      ),
    ),
    h(
      'div',
      { class: 'fields' },
      h(
        'div',
        { class: 'grow' },
        h('label', { for: 'filter-text' }, 'Text in name or remark'),
        text,
      ),
      families.element,
      versions.element,
      h('button', { type: 'button', id: 'filter-clear', click: clear }, 'Clear filters'),
    ),
  );
  return { element, show };
}

const labels = { family: 'Family', versions: 'QEMU versions' };

/** Hidden if there is nothing to choose. */
function selectOf(
  name: keyof typeof labels,
  values: readonly string[],
  choose: (value: string) => void,
): { element: HTMLElement; select: HTMLSelectElement } {
  const options = [...new Set(values)].sort();
  const id = `filter-${name}`;
  const select = h(
    'select',
    {
      id,
      change: () => {
        choose(select.value);
      },
    },
    h('option', { value: '' }, 'all'),
    ...options.map((value) => h('option', { value }, value)),
  );
  const element = h(
    'div',
    { hidden: options.length < 2 },
    h('label', { for: id }, labels[name]),
    select,
  );
  return { element, select };
}
