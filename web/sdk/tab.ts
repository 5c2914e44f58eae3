// The order in which Tab goes through a page (HTML, section 6.6.5): shadow trees, slots and frames are scopes of their own.
import { above, attribute, documentOf, focused, frameDocument, isElement, matches, ours, shadowOf } from './natives';

/** What the focus may go to within a scope, in order: positive numbers first. */
function scope(children: Iterable<Element>): HTMLElement[] {
  const found: (readonly [index: number, list: readonly HTMLElement[]])[] = [];
  const walk = (list: Iterable<Element>): void => {
    for (const el of list) {
      if (ours.has(el) || matches(el, '[inert]')) continue;
      const shadow = shadowOf(el);
      const inner = el.localName === 'iframe' ? frameDocument(el as HTMLIFrameElement) : null;
      const index = indexOf(el as HTMLElement);
      if (shadow || inner) {
        const own = index >= 0 && shadow && !shadow.delegatesFocus ? [el as HTMLElement] : [];
        if (shadow ? attribute(el, 'tabindex') === null || index >= 0 : el.checkVisibility()) found.push([Math.max(index, 0), [...own, ...scope((shadow ?? inner)?.children ?? [])]]);
      } else if (el.localName === 'slot') {
        const given = (el as HTMLSlotElement).assignedElements({ flatten: true });
        found.push([0, scope(given.length > 0 ? given : el.children)]);
      } else {
        if (index >= 0) found.push([index, [el as HTMLElement]]);
        walk(el.children);
      }
    }
  };
  walk(children);
  // The sort keeps the order of the document.
  return found.sort(([a], [b]) => (a || 1e6) - (b || 1e6)).flatMap(([, list]) => list);
}

/** The number of an element in the order; -1 for what Tab passes by. */
function indexOf(el: HTMLElement): number {
  const editable = el.isContentEditable && !el.parentElement?.isContentEditable && attribute(el, 'tabindex') === null;
  const index = editable ? 0 : el.tabIndex;
  return index >= 0 && !matches(el, ':disabled') && el.checkVisibility({ visibilityProperty: true }) && stops(el) ? index : -1;
}

/** Of a group of radio buttons, Tab stops at the one that is chosen. */
function stops(el: HTMLElement): boolean {
  const { type, name, checked, form } = el as HTMLInputElement;
  if (el.localName !== 'input' || type !== 'radio' || checked || !name) return true;
  return !group(el as HTMLInputElement, name, form).some((other) => other.checked);
}

const group = (el: HTMLInputElement, name: string, form: HTMLFormElement | null): HTMLInputElement[] =>
  [...(el.getRootNode() as ParentNode).querySelectorAll<HTMLInputElement>('input[type=radio]')].filter((other) => other.name === name && other.form === form);

/** The radio buttons that an element is one of, without those that are off. */
export const radios = (el: HTMLInputElement): HTMLInputElement[] => group(el, el.name, el.form).filter((other) => !other.matches(':disabled'));

/** Moves the focus by one in the order. */
export function tab(el: HTMLElement, by: number): HTMLElement | undefined {
  // A modal dialog keeps the focus.
  let modal: Node | null = el;
  while (modal && !(isElement(modal) && matches(modal, ':modal'))) modal = above(modal);
  const all = scope(modal ? (modal).children : document.children);
  let at = all.indexOf(el);
  if (at < 0) {
    // What Tab never stops at is a place in the page all the same.
    const after = all.findIndex((other) => documentOf(other) === documentOf(el) && (el.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0);
    at = by > 0 ? Math.max(after, 0) - 1 : after < 0 ? 0 : after;
  }
  const next = all.at((at + by) % all.length);
  next?.focus();
  return focused() === next ? next : undefined;
}
