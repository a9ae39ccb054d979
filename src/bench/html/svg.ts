/**
 * Draws with Observable Plot, without a browser. The page's policy allows no style in an element,
 * so colours are variables of the page's own style sheet, and what Plot adds of styles goes.
 */
import * as Plot from '@observablehq/plot';
import type { PlotOptions } from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { escaped } from '../../report/html-text.js';

export interface Drawing extends Omit<PlotOptions, 'document' | 'className'> {
  /** what a reader who does not see the drawing should know, in one or two sentences */
  readonly summary: string;
  /** its links are stops of the Tab key; of several drawings with the same links only one has them */
  readonly hasStops?: boolean;
}

/** What is used of the elements, whose types are in a library for browsers. */
interface SvgNode {
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
  readonly outerHTML: string;
  querySelectorAll(selector: string): Iterable<SvgNode>;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  remove(): void;
}

/** of a drawing that stands beside others; wide ones are twice as wide */
export const drawingWidth = 400;
export const wideWidth = 900;

const numbers = new Set([
  ...['x', 'y', 'x1', 'x2', 'y1', 'y2', 'cx', 'cy', 'r', 'width', 'height', 'd', 'transform'],
]);

/** An SVG element as text. */
export function drawn({ summary, hasStops = false, ...options }: Drawing): string {
  const { document } = parseHTML('<html><body></body></html>') as unknown as {
    readonly document: object;
  };
  const svg = Plot.plot({
    width: drawingWidth,
    marginTop: 28,
    marginBottom: 44,
    ...options,
    x: { labelOffset: 38, ...options.x },
    document,
    className: 'plot',
    figure: false,
  }) as unknown as SvgNode;
  for (const style of svg.querySelectorAll('style')) style.remove();
  for (const each of [svg, ...svg.querySelectorAll('*')]) {
    // Plot names its groups for programmers; a screen reader should read the texts
    for (const name of ['style', 'aria-label', 'aria-description']) each.removeAttribute(name);
    for (const { name, value } of [...each.attributes]) {
      if (numbers.has(name)) each.setAttribute(name, shortened(value));
    }
  }
  const links = [...svg.querySelectorAll('a')];
  if (!hasStops) for (const link of links) link.setAttribute('tabindex', '-1');
  svg.setAttribute('font-size', '12');
  // an image hides what is in it, and links must not be hidden
  const role = links.length > 0 ? 'group' : 'img';
  // not by the serializer, which leaves `<` in attributes as it is
  return svg.outerHTML.replace(
    '<svg ',
    () => `<svg role="${role}" aria-label="${escaped(summary)}" `,
  );
}

/** A tenth of a pixel is enough, and makes the file a third smaller. */
const shortened = (value: string): string =>
  value.replaceAll(/-?\d+\.\d+/g, (number) => String(Math.round(Number(number) * 10) / 10));

/** @param svg from `drawn` */
export function figureOf(title: string, svg: string, remark = '', isWide = false): string {
  const more = remark === '' ? '' : ` <span>${escaped(remark)}</span>`;
  return `<figure${isWide ? ' class="broad"' : ''}><figcaption><strong>${escaped(title)}</strong>${more}</figcaption><div class="drawing"${isWide ? ' tabindex="0" role="group" aria-label="drawing"' : ''}>${svg}</div></figure>`;
}

/** Instead of a drawing. */
export const absent = (title: string, why: string): string =>
  `<p class="absent"><strong>${escaped(title)}</strong>: ${escaped(why)}</p>`;
