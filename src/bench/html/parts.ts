/** Small parts of the page: facts, tables of figures. Pure. */
import { quantile } from 'simple-statistics';
import { element, escaped, table } from '../../report/html-text.js';
import { valuesOf } from '../compare.js';
import { confidence } from '../document.js';
import type { Sample } from '../document.js';
import { figures } from '../figures.js';
import type { Figure } from '../figures.js';
import type { Label } from '../order.js';
import { medianInterval } from '../statistics/many.js';
import { isTime } from '../units.js';

export const number = (text: string): string => `<td class="number">${escaped(text)}</td>`;

/** A table that scrolls to the side where it must, also by the keyboard. */
export const scrollTable = (
  caption: string,
  ...rest: [string | readonly string[], readonly string[]]
): string =>
  table(caption, ...rest).replace(
    '<div class="wide">',
    () => `<div class="wide" tabindex="0" role="group" aria-label="${escaped(caption)}">`,
  );

/** A definition list; a fact without text is left out. */
export function facts(rows: readonly (readonly [string, string | undefined])[]): string {
  const shown = rows.filter(([, text]) => text !== undefined && text !== '');
  const items = shown.map(
    ([name, text = '']) => `<div>${element('dt', name)}${element('dd', text)}</div>`,
  );
  return items.length === 0 ? '' : `<dl class="facts">${items.join('\n')}</dl>`;
}

export const sideKey = (label: Label): string =>
  `<span class="key ${escaped(label)}" aria-hidden="true"></span>${escaped(label)}`;

/** Of each side the median with its interval, the least, and of times the 95th percentile. */
export function figuresTable(samples: readonly Sample[], labels: readonly Label[]): string {
  const rows = figures.flatMap((figure) => {
    const cells = labels.map((label) => cellsOf(figure, valuesOf(samples, label, figure.key)));
    return cells.every((cell) => cell === undefined)
      ? []
      : [
          `<tr><th scope="row">${escaped(figure.name)}</th>${cells.map((cell) => cell ?? '<td></td><td></td><td></td>').join('')}</tr>`,
        ];
  });
  if (rows.length === 0) return '';
  const heads = labels.map((label) => `<th scope="colgroup" colspan="3">${sideKey(label)}</th>`);
  const names = labels.map(() =>
    ['median', 'min', 'p95'].map((name) => `<th scope="col" class="number">${name}</th>`).join(''),
  );
  return scrollTable(
    'Figures: median with interval of 95 %, least value, and 95th percentile of times',
    `<tr><td rowspan="2"></td>${heads.join('')}</tr><tr>${names.join('')}</tr>`,
    rows,
  );
}

function cellsOf({ key, show }: Figure, values: readonly number[]): string | undefined {
  if (values.length === 0) return undefined;
  const { median, low, high } = medianInterval(values, confidence);
  const interval =
    low === undefined || high === undefined
      ? ''
      : `<span class="interval">${escaped(`${show(low)} to ${show(high)}`)}</span>`;
  const p95 = isTime(key) ? show(quantile([...values], 0.95)) : '';
  return [
    `<td class="number">${escaped(show(median))}${interval}</td>`,
    number(show(Math.min(...values))),
    number(p95),
  ].join('');
}
