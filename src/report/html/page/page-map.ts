/** A picture of the checked memory: intact pages of both generations, the edge, damaged pages. */
import type { MemoryVerdict, PageDamage } from '../../../model/verdict.js';
import { counted, formatCount, hex } from '../../../model/text/format.js';
import { verdictFields } from '../../fold/diagnosis.js';
import { h, numbers, svg, table } from './dom.js';

const columns = 64;
const mostRows = 24;

type CellKind = 'newer' | 'older' | 'damaged' | 'none';

interface PageMap {
  readonly rows: number;
  readonly bytesPerCell: number;
  readonly kinds: readonly CellKind[];
  /** the cell that holds the edge of each slice */
  readonly edges: readonly number[];
}

function mapOf({ range, hole, slices }: MemoryVerdict): PageMap {
  const pages = Math.max(1, Math.ceil((range.end - range.start) / range.step));
  const rows = Math.max(1, Math.min(mostRows, Math.ceil(pages / columns)));
  const bytesPerCell = Math.ceil(pages / (rows * columns)) * range.step;
  const cells = Math.ceil((range.end - range.start) / bytesPerCell);
  const kinds = new Array<CellKind>(cells).fill('none');
  const cellOf = (address: number): number => Math.floor((address - range.start) / bytesPerCell);
  const fill = (start: number, end: number, kind: CellKind): void => {
    const last = Math.min(cells, Math.ceil((end - range.start) / bytesPerCell));
    kinds.fill(kind, Math.max(0, cellOf(start)), last);
  };
  for (const { start, end, edge } of slices) {
    fill(start, end, 'newer');
    if (edge !== null)
      kinds.fill('older', cellOf(edge), Math.ceil((end - range.start) / bytesPerCell));
  }
  if (hole !== null) fill(hole.start, hole.end, 'none');
  // after all slices, so that no neighbour in the same cell hides it
  for (const { damage } of slices) for (const { start, end } of damage) fill(start, end, 'damaged');
  const edges = slices.flatMap(({ edge }) => (edge === null ? [] : [cellOf(edge)]));
  return { rows: Math.ceil(cells / columns), bytesPerCell, kinds, edges };
}

const size = 10;

/** Neighbours of one kind in a row are one rectangle. */
function drawn({ rows, kinds, edges }: PageMap, label: string): SVGElement {
  const picture = svg('svg', {
    viewBox: `0 0 ${String(columns * size)} ${String(rows * size)}`,
    class: 'page-map',
    role: 'img',
    'aria-label': label,
    preserveAspectRatio: 'none',
  });
  for (let row = 0; row < rows; row += 1) {
    const end = Math.min(kinds.length, (row + 1) * columns);
    let start = row * columns;
    while (start < end) {
      const kind = kinds[start] ?? 'newer';
      let next = start + 1;
      while (next < end && kinds[next] === kind) next += 1;
      const at = { x: (start % columns) * size, y: row * size };
      picture.append(
        svg('rect', { ...at, width: (next - start) * size, height: size - 1, class: kind }),
      );
      if (kind === 'damaged') {
        // not by colour alone
        for (let cell = start; cell < next; cell += 1) {
          const x = (cell % columns) * size;
          const ends = { x1: x, y1: at.y + size - 1, x2: x + size, y2: at.y };
          picture.append(svg('line', { ...ends, class: 'stroke' }));
        }
      }
      start = next;
    }
  }
  for (const edgeCell of edges) {
    const [x, y] = [(edgeCell % columns) * size, Math.floor(edgeCell / columns) * size];
    picture.append(svg('line', { x1: x, y1: y, x2: x, y2: y + size, class: 'edge' }));
  }
  return picture;
}

function legend({ bytesPerCell, kinds }: PageMap, { range, slices }: MemoryVerdict): HTMLElement {
  const generations = slices.length === 1 ? slices[0]?.generation : undefined;
  const [newer, older] =
    generations === undefined
      ? ['newer generation of each writer, before its edge', 'one generation older, after it']
      : [
          `generation ${String(generations)}, before the edge`,
          'one generation older, after the edge',
        ];
  const each = counted(bytesPerCell / range.step, 'page');
  const entry = (kind: CellKind, text: string): HTMLElement =>
    h('li', {}, h('span', { class: `swatch ${kind}`, 'aria-hidden': 'true' }), text);
  return h(
    'ul',
    { class: 'legend' },
    entry('newer', newer),
    entry('older', older),
    entry('damaged', 'damaged (struck through)'),
    kinds.includes('none') ? entry('none', 'no stamps here') : undefined,
    h(
      'li',
      {},
      `each cell is ${each}, ${formatCount(bytesPerCell / 1024)} KiB; ${String(columns)} in a row`,
    ),
  );
}

function damageTable(damage: readonly PageDamage[]): HTMLElement | undefined {
  if (damage.length === 0) return undefined;
  return table(
    'Damaged runs of pages',
    ['From', 'To', numbers('Pages'), numbers('Expected'), numbers('Found'), 'How'],
    damage.map((run) => [
      hex(run.start),
      hex(run.end),
      formatCount(run.pages),
      String(run.expected),
      run.found === null ? 'none' : String(run.found),
      how(run),
    ]),
  );
}

function how({ kind, by, from, byteOffset }: PageDamage): string {
  const more = [
    by === 0 ? '' : ` by ${String(by)}`,
    from === null ? '' : `, belongs to ${hex(from)}`,
    byteOffset === null ? '' : `, from byte ${String(byteOffset)}`,
  ];
  return `${kind}${more.join('')}`;
}

export function memorySection(verdict: MemoryVerdict): HTMLElement {
  const map = mapOf(verdict);
  const { range, slices, damagedPages, damagedRuns, pages } = verdict;
  const damage = slices.flatMap((slice) => slice.damage);
  const upstreamLines = slices.flatMap((slice) => slice.upstreamLines);
  const found = verdict.intact
    ? 'intact'
    : `${counted(damagedPages, 'page')} damaged in ${counted(damagedRuns, 'run')}`;
  const label = `Map of ${formatCount(pages)} pages from ${hex(range.start)} to ${hex(range.end)}: ${found}`;
  const hidden = damagedRuns - damage.length;
  return h(
    'section',
    { 'aria-labelledby': 'memory-title' },
    h('h3', { id: 'memory-title' }, `Memory: ${found}`),
    ...verdictFields(verdict)
      .filter(({ name }) => name !== 'damage' && name !== 'upstream')
      .flatMap(({ lines }) => lines.map((line) => h('p', { class: 'close' }, line))),
    h('div', { class: 'map-ends' }, h('code', {}, hex(range.start)), h('code', {}, hex(range.end))),
    h('div', { class: 'map-frame' }, drawn(map, label)),
    legend(map, verdict),
    damageTable(damage),
    hidden > 0 ? h('p', {}, `and ${counted(hidden, 'more run')}, not drawn`) : undefined,
    upstreamLines.length === 0
      ? undefined
      : h(
          'details',
          {},
          h('summary', {}, "In the words of QEMU's own test"),
          h('pre', { tabindex: 0 }, upstreamLines.join('\n')),
        ),
  );
}
