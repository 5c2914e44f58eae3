// From a point of the overlay to a node of the page, and back.
import { originOf } from './frames';
import { clientHeight, clientWidth, elementAt, isElement, rectOf, scrollHeight, scrollLeft, scrollTop, scrollWidth } from './natives';
import type { Entry, Tree } from './tree';

/** A place on a node: fractions of its box, 0 to 65535. */
export interface Spot {
  readonly entry: Entry;
  readonly x: number;
  readonly y: number;
}

const FULL = 65535;
const fraction = (at: number, from: number, size: number): number => (size <= 0 ? 0 : Math.round(Math.min(1, Math.max(0, (at - from) / size)) * FULL));

/** The node at a point of the customer's viewport. */
export function spotAt(doc: Document, tree: Tree, x: number, y: number): Spot | null {
  const entry = tree.of(elementAt(doc, x, y));
  if (!entry || entry.kind === 'shadow' || !isElement(entry.node)) return null;
  const inside = tree.frames.inside(entry.node)?.ownerDocument;
  if (inside && inside !== doc) {
    const from = originOf(entry.node);
    const spot = spotAt(inside, tree, (x - from.x) / from.scale, (y - from.y) / from.scale);
    if (spot) return spot;
  }
  const rect = rectOf(entry.node);
  return { entry, x: fraction(x, rect.left, rect.width), y: fraction(y, rect.top, rect.height) };
}

/** The point of the customer's viewport that a place on a node is at. */
export function pointOf(tree: Tree, entry: Entry, x: number, y: number): { x: number; y: number } | null {
  if (!isElement(entry.node)) return null;
  const rect = rectOf(entry.node);
  const point = { x: rect.left + (rect.width * x) / FULL, y: rect.top + (rect.height * y) / FULL };
  for (let at = tree.find(entry.parent); at && at.kind !== 'document'; at = tree.find(at.parent)) {
    if (!tree.frames.inside(at.node)) continue;
    const from = originOf(at.node as Element);
    point.x = from.x + point.x * from.scale;
    point.y = from.y + point.y * from.scale;
  }
  return point;
}

/** The closest node around an entry, itself included, for which the test holds. */
export function closest(tree: Tree, entry: Entry | undefined, test: (entry: Entry) => boolean): Entry | undefined {
  let at = entry;
  while (at && at.kind !== 'document' && !test(at)) at = tree.find(at.parent);
  return at && at.kind !== 'document' ? at : undefined;
}

/** What a wheel turn over a node scrolls, and to where. Entry 0 is the page. */
export interface Scrolling {
  readonly id: number;
  readonly entry: Entry;
  readonly x: number;
  readonly y: number;
}

function room(el: Element, dx: number, dy: number): boolean {
  const left = scrollLeft(el);
  const top = scrollTop(el);
  const down = dy > 0 ? top + clientHeight(el) < scrollHeight(el) - 1 : dy < 0 && top > 0;
  const right = dx > 0 ? left + clientWidth(el) < scrollWidth(el) - 1 : dx < 0 && left > 0;
  return down || right;
}

function scrolls(tree: Tree, at: Entry): boolean {
  if (!isElement(at.node)) return false;
  const view = at.node.ownerDocument.defaultView;
  if (!view) return false;
  if (at.rule?.key === 'html') return true;
  // What body says about overflow holds for the page when html says nothing (CSS Overflow 3, section 3.3).
  const html = at.rule?.key === 'body' ? tree.find(at.parent)?.node : undefined;
  if (html && isElement(html) && view.getComputedStyle(html).overflowY === 'visible') return false;
  const { overflowX, overflowY } = view.getComputedStyle(at.node);
  return /auto|scroll/.test(overflowX + overflowY);
}

/** Finds what a wheel turn scrolls: the closest box that has room left, else the page. */
export function scrollingAt(tree: Tree, entry: Entry | undefined, dx: number, dy: number): Scrolling | null {
  for (let at = entry; at && at.kind !== 'document'; at = tree.find(at.parent)) {
    const { node } = at;
    if (!isElement(node)) continue;
    const page = at.parent === 0;
    if (!page && !(scrolls(tree, at) && room(node, dx, dy))) continue;
    if (page && !room(node, dx, dy)) return null;
    return { id: page ? 0 : at.id, entry: at, x: clamp(scrollLeft(node) + dx), y: clamp(scrollTop(node) + dy) };
  }
  return null;
}

const clamp = (v: number): number => Math.round(Math.max(-16777216, Math.min(16777216, v)));
