/**
 * Elements from code. All text becomes text nodes and attribute values, so nothing in it is ever
 * markup.
 */

export type Child = Node | string | undefined;
type Value = string | number | boolean | undefined | ((event: Event) => void);
export type Attributes = Readonly<Record<string, Value>>;

function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  for (const child of children) if (child !== undefined) element.append(child);
}

/** Attributes by name; a function is a listener for the event of that name. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

export function svg(
  tag: string,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  fill(element, attributes, children);
  return element;
}

interface Column {
  readonly head: string;
  readonly isNumber: boolean;
}

/** A column of numbers, which are aligned right. */
export const numbers = (head: string): Column => ({ head, isNumber: true });

/** Wide tables scroll by themselves, also by keyboard, not the page. */
export function table(
  caption: string,
  heads: readonly (string | Column)[],
  rows: readonly (readonly Child[])[],
): HTMLElement {
  const columns = heads.map((head) => {
    const { head: text, isNumber } = typeof head === 'string' ? { head, isNumber: false } : head;
    return { text, kind: isNumber ? 'number' : undefined };
  });
  const cells = (row: readonly Child[]): HTMLElement[] =>
    row.map((child, index) => {
      const kind = columns[index]?.kind;
      return index === 0
        ? h('th', { scope: 'row', class: kind }, child)
        : h('td', { class: kind }, child);
    });
  return h(
    'div',
    { class: 'wide', tabindex: 0, role: 'region', 'aria-label': caption },
    h(
      'table',
      {},
      h('caption', {}, caption),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...columns.map(({ text, kind }) => h('th', { scope: 'col', class: kind }, text)),
        ),
      ),
      h('tbody', {}, ...rows.map((row) => h('tr', {}, ...cells(row)))),
    ),
  );
}

/** Terms and their descriptions; leaves out those without a description. */
export function facts(pairs: readonly (readonly [string, Child])[]): HTMLElement {
  return h(
    'dl',
    { class: 'facts' },
    ...pairs
      .filter(([, said]) => said !== undefined && said !== '')
      .map(([term, said]) => h('div', {}, h('dt', {}, term), h('dd', {}, said))),
  );
}

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}
