// Judges the live element that an agent's input is meant for. The server has judged its copy; the page may have moved on.
import { Privacy, inputType, isField, isTextField, readonlyWish } from './mask';
import { above, ours, rectOf, shadowOf } from './natives';

/** Why an input is not carried out; the names are those of the server's rules. */
export const Rule = {
  Stale: 'row42-stale',
  Target: 'row42-target',
  Readonly: 'row42-readonly',
  Covered: 'row42-covered',
  Typing: 'row41-typing',
  File: 'row41-file',
  Option: 'row42-option',
} as const;

/** An input is refused. */
export class Refusal extends Error {
  readonly rule: string;
  constructor(rule: string) {
    super(rule);
    this.rule = rule;
  }
}

/** What the judge needs to know of the capture. */
export interface Page {
  readonly epoch: number;
  readonly on: boolean;
  node(id: number): Node | undefined;
  privacy(node: Node): number;
}

/** A place on the screen and what lies there. */
export interface Hit {
  readonly el: Element;
  readonly x: number;
  readonly y: number;
}

/** The element that an input names, if it is still there and may be operated. */
export function operable(page: Page, epoch: number, id: number): HTMLElement {
  if (!page.on || epoch !== page.epoch) throw new Refusal(Rule.Stale);
  const node = page.node(id);
  if (!(node instanceof Element) || !node.isConnected || ours.has(node)) throw new Refusal(Rule.Target);
  for (let n: Node | null = node; n; n = above(n)) {
    if (n instanceof Element && readonlyWish(n)) throw new Refusal(Rule.Readonly);
  }
  return node as HTMLElement;
}

/** Refuses where nothing may be typed or chosen: masked, hidden, switched off. */
export function writable(page: Page, el: Element): void {
  if (page.privacy(el) !== Privacy.Open || /^(password|hidden)$/.test(inputType(el))) throw new Refusal(Rule.Typing);
  if (inputType(el) === 'file') throw new Refusal(Rule.File);
  if (isField(el) && (el.matches(':disabled') || (el as HTMLInputElement).readOnly)) throw new Refusal(Rule.Typing);
}

/** The field or the editable element that typing in an element goes to. */
export function textTarget(page: Page, el: HTMLElement): HTMLElement {
  const target = isTextField(el) ? el : editableRoot(el);
  if (!target) throw new Refusal(Rule.Typing);
  writable(page, target);
  return target;
}

function editableRoot(el: HTMLElement): HTMLElement | null {
  let root: HTMLElement | null = null;
  for (let at: HTMLElement | null = el; at?.isContentEditable; at = at.parentElement) root = at;
  return root;
}

/** What lies on top at a place of the window, shadow trees included. The SDK's own bar, which agents do not see, does not count. */
function topAt(x: number, y: number): Element | null {
  let at = document.elementsFromPoint(x, y).find((el) => !ours.has(el)) ?? null;
  for (;;) {
    const inner: Element | null = (at && shadowOf(at)?.elementFromPoint(x, y)) ?? null;
    if (!inner || inner === at) return at;
    at = inner;
  }
}

function holds(outer: Element, inner: Element): boolean {
  for (let n: Node | null = inner; n; n = above(n)) if (n === outer) return true;
  return false;
}

/** Where a click on a part of an element lands. It must land on the element, on what it holds, or on its label. */
export function hitAt(el: HTMLElement, fx: number, fy: number): Hit {
  const place = (): Hit => {
    const box = rectOf(el);
    return { el, x: box.left + (box.width * fx) / 65535, y: box.top + (box.height * fy) / 65535 };
  };
  let { x, y } = place();
  if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) {
    el.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
    ({ x, y } = place());
  }
  // The edges belong to the neighbours.
  const box = rectOf(el);
  x = Math.min(Math.max(x, box.left + 0.5), box.right - 0.5);
  y = Math.min(Math.max(y, box.top + 0.5), box.bottom - 0.5);
  const top = topAt(x, y);
  if (!top) throw new Refusal(Rule.Covered);
  const label = top.closest('label');
  if (!holds(el, top) && !(label && label.control === el)) throw new Refusal(Rule.Covered);
  const control = label?.control ?? el;
  if (inputType(control) === 'file' || inputType(top) === 'file') throw new Refusal(Rule.File);
  for (let n: Node | null = top; n && n !== el; n = above(n)) {
    if (n instanceof Element && readonlyWish(n)) throw new Refusal(Rule.Readonly);
  }
  return { el: top, x, y };
}
