// What the focus goes to when a mouse button goes down.
import { select } from './edit';
import type { Field } from './edit';
import { isTextField } from './mask';
import { focused } from './natives';

/** Gives the focus to what a mouse would give it to. */
export function focusAt(hit: Element): void {
  for (let el: Element | null | undefined = hit; el; el = el.parentElement ?? (el.getRootNode() as Partial<ShadowRoot>).host) {
    const { tabIndex, isContentEditable } = el as HTMLElement;
    if (!(tabIndex >= 0 || isContentEditable) || el.matches(':disabled')) continue;
    focusOn(el as HTMLElement);
    return;
  }
  focused()?.blur();
}

/** Gives the focus to an element, with the caret at the end of its text. */
export function focusOn(el: HTMLElement): void {
  if (el === focused()) return;
  el.focus({ preventScroll: true });
  if (isTextField(el)) select(el as Field, (el as Field).value.length);
}
