type Attributes = Readonly<Record<string, string | boolean>>;

/** An element with attributes and children. Texts become text nodes: nothing that anybody wrote is read as markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) put(element, name, value);
  element.append(...children);
  return element;
}

/** Writes an attribute only where it changes: screen readers hear of writes. */
export function put(element: Element, name: string, value: string | boolean): void {
  if (typeof value === 'boolean') element.toggleAttribute(name, value);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A line drawing of 24 by 24, as Lucide's are (ISC licence). */
export function icon(...paths: readonly string[]): SVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  put(svg, 'viewBox', '0 0 24 24');
  put(svg, 'aria-hidden', 'true');
  for (const d of paths) {
    const path = document.createElementNS(space, 'path');
    put(path, 'd', d);
    svg.append(path);
  }
  return svg;
}

export const BELL = [
  'M10.268 21a2 2 0 0 0 3.464 0',
  'M3.262 15.326A1 1 0 0 0 4 17h16a1 1 0 0 0 .74-1.673C19.41 13.956 18 12.499 18 8A6 6 0 0 0 6 8c0 4.499-1.411 5.956-2.738 7.326',
];
export const CHECK = ['M20 6 9 17l-5-5'];
export const DOT = ['M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8'];
export const ARCHIVE = ['M3 3h18v5H3z', 'M5 8v11a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8', 'M10 12h4'];
export const UNARCHIVE = [
  'M3 3h18v5H3z',
  'M5 8v11a2 2 0 0 0 2 2h2',
  'M19 8v11a2 2 0 0 1-2 2h-2',
  'm9 15 3-3 3 3',
  'M12 12v9',
];
