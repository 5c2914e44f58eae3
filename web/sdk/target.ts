// Judges the live element that an agent's input is meant for. The server has judged its copy; the page may have moved on.
import { inputType, isField, isTextField, readonlyWish } from './mask';
import { above, connected, documentOf, elementsAt, isElement, ours, rectOf, shadowOf } from './natives';
import { frameOf, originIn } from './place';
import { Privacy } from './privacy';

// Why an input is not carried out; the names are those of the server's rules.
export const Stale = 'row42-stale';
export const Target = 'row42-target';
export const Readonly = 'row42-readonly';
export const Covered = 'row42-covered';
export const Typing = 'row41-typing';
export const File = 'row41-file';
export const Option = 'row42-option';

/** An input is refused. */
export class Refusal extends Error {}

/** Refuses an input when something holds. */
export function refuse(when: boolean, rule: string): void {
  if (when) throw new Refusal(rule);
}

/** What the judge needs to know of the capture. */
export interface Page {
  readonly epoch: number;
  readonly on: boolean;
  node(id: number): Node | undefined;
  privacy(node: Node): number;
  /** Has told anew how far an element is scrolled. */
  rescroll(el: Element): void;
}

/** The element that an input names, if it is still there and may be operated; or just pointed at. */
export function operable(page: Page, epoch: number, id: number, operate = true): HTMLElement {
  refuse(!page.on || epoch !== page.epoch, Stale);
  const node = page.node(id);
  if (!isElement(node) || !connected(node)) throw new Refusal(Target);
  if (operate) allowed(node);
  return node as HTMLElement;
}

/** Refuses what the owner keeps from agents. */
function allowed(node: Node): void {
  for (let n: Node | null = node; n; n = above(n)) refuse(isElement(n) && readonlyWish(n), Readonly);
}

/** Whether what happens to lie under the pointer may be told of it. */
export function mayOperate(node: Node): boolean {
  for (let n: Node | null = node; n; n = above(n)) if (isElement(n) && readonlyWish(n)) return false;
  return inputType(node as Element) !== 'file';
}

/** Refuses where nothing may be typed or chosen: masked, hidden, switched off. */
export function writable(page: Page, el: Element): void {
  const type = inputType(el);
  refuse(type === 'file', File);
  refuse(page.privacy(el) !== Privacy.Open || type === 'password' || type === 'hidden', Typing);
  refuse(isField(el) && (el.matches(':disabled') || (el as HTMLInputElement).readOnly), Typing);
}

/** The field or the editable element that typing in an element goes to. */
export function textTarget(page: Page, el: HTMLElement): HTMLElement {
  let target = el;
  while (target.parentElement?.isContentEditable) target = target.parentElement;
  refuse(!isTextField(el) && !target.isContentEditable, Typing);
  if (isTextField(el)) target = el;
  writable(page, target);
  return target;
}

/**
 * What lies on top at a place of an element's window, shadow trees included. The SDK's own bar does not count: agents do not
 * see it. What covers the frame of a document within the page covers what is in it.
 */
export function topAt(el: Element, x: number, y: number): Element | null {
  let at = elementsAt(documentOf(el), x, y).find((e) => !ours.has(e)) ?? null;
  for (let inner = at; inner; ) {
    at = inner;
    inner = shadowOf(at)?.elementFromPoint(x, y) ?? null;
    if (inner === at) break;
  }
  const frame = at && frameOf(el);
  if (!frame) return at;
  const [left, top, scale] = originIn(frame);
  const outer = topAt(frame, left + x * scale, top + y * scale);
  return outer === frame ? at : outer;
}

/** Where a click on a part of an element lands: it must be the element, what it holds, or its label. */
export function hitAt(el: HTMLElement, fx: number, fy: number): readonly [top: Element, x: number, y: number] {
  // The edges belong to the neighbours.
  const place = (from: number, size: number, part: number): number => from + Math.min(Math.max((size * part) / 65535, 0.5), size - 0.5);
  for (let moved = false; ; moved = true) {
    const { left, top: upper, width, height } = rectOf(el);
    const x = place(left, width, fx);
    const y = place(upper, height, fy);
    const top = topAt(el, x, y);
    if (!top && !moved) {
      el.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' }); // it is outside of the window
      continue;
    }
    if (!top) throw new Refusal(Covered);
    const control = top.closest('label')?.control ?? el;
    let inside: Node | null = top;
    while (inside && inside !== el) inside = above(inside);
    refuse(!inside && control !== el, Covered);
    refuse([top, control].some((e) => inputType(e) === 'file'), File);
    allowed(top);
    return [top, x, y];
  }
}
