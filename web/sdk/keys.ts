// What a pressed key does. Events alone do nothing in a field: browsers act on trusted ones only.
import { Key } from '../wire/frames';
import { command, commit, common, erase, insert, moveCaret, select, windowOf } from './edit';
import type { Field } from './edit';
import { isTextField } from './mask';
import { focused } from './natives';

// Name and legacy code (UI Events, section 8.3) in the order of the wire's numbers.
const keys: readonly (readonly [string, number])[] = [
  ['Enter', 13], ['Tab', 9], ['Tab', 9], ['Backspace', 8], ['Delete', 46], ['ArrowLeft', 37], ['ArrowRight', 39], ['ArrowUp', 38], ['ArrowDown', 40],
  ['Home', 36], ['End', 35], ['PageUp', 33], ['PageDown', 34], ['Escape', 27], ['a', 65],
];
// Where a caret goes: a character, or to an end.
const carets: Readonly<Record<number, number>> = { [Key.Left]: -1, [Key.Right]: 1, [Key.Home]: -2, [Key.End]: 2 };
// Where the page goes: [x, y] in pixels.
const scrolls: Readonly<Record<number, readonly [number, number]>> = {
  [Key.Left]: [-40, 0], [Key.Right]: [40, 0], [Key.Up]: [0, -40], [Key.Down]: [0, 40], [Key.Home]: [0, -1e7], [Key.End]: [0, 1e7],
  [Key.PageUp]: [0, -600], [Key.PageDown]: [0, 600],
};

/** The keyboard events of a key around what it does. */
export function press(el: HTMLElement, key: number): void {
  const [name = '', keyCode = 0] = keys[key] ?? [];
  const all = key === Key.SelectAll;
  const view = windowOf(el);
  const init = { ...common, key: name, code: all ? 'KeyA' : name, keyCode, which: keyCode, shiftKey: key === Key.ShiftTab, ctrlKey: all, view };
  const go = el.dispatchEvent(new view.KeyboardEvent('keydown', init)) && (key !== Key.Enter || el.dispatchEvent(new view.KeyboardEvent('keypress', init)));
  if (go) act(el, key);
  (focused() ?? el).dispatchEvent(new view.KeyboardEvent('keyup', init));
}

function act(el: HTMLElement, key: number): void {
  const field = isTextField(el) ? (el as Field) : undefined;
  const caret = carets[key];
  const scroll = scrolls[key];
  if (key === Key.Enter) enter(el);
  else if (key === Key.Tab || key === Key.ShiftTab) tab(el, key === Key.Tab ? 1 : -1);
  else if (key === Key.Backspace || key === Key.Delete) erase(el, key === Key.Backspace ? -1 : 1);
  else if (key === Key.Escape) escape(el);
  else if (key === Key.SelectAll) {
    if (field) select(field, 0, field.value.length);
    else if (el.isContentEditable) windowOf(el).getSelection()?.selectAllChildren(el);
  } else if (field) {
    if (caret) moveCaret(field, caret);
  } else if (scroll && !el.isContentEditable && el.localName !== 'select') {
    let box: Element | null = el;
    while (box && (box.scrollHeight <= box.clientHeight || !/auto|scroll/.test(getComputedStyle(box).overflowY))) box = box.parentElement;
    (box ?? windowOf(el)).scrollBy({ left: scroll[0], top: scroll[1], behavior: 'instant' });
  }
}

function enter(el: HTMLElement): void {
  if (el.localName === 'textarea') insert(el, '\n');
  else if (el.isContentEditable) command(el, 'insertParagraph');
  else if (isTextField(el)) {
    const { form } = el as HTMLInputElement;
    // Implicit submission (HTML, section 4.10.22.2).
    commit(el);
    const button = form?.querySelector<HTMLElement>('button:not([type=button],[type=reset]),input[type=submit],input[type=image]');
    if (button) button.click();
    else if (form?.querySelectorAll('input').length === 1) HTMLFormElement.prototype.requestSubmit.call(form);
  } else if (el.matches('a[href],button,summary,input')) el.click();
}

/** Moves the focus in the order of tabulation. */
function tab(el: HTMLElement, by: number): void {
  const scope = el.closest('dialog[open]') ?? (el.getRootNode() as Document);
  const all = [...scope.querySelectorAll<HTMLElement>('a[href],button,input,select,textarea,summary,[contenteditable],[tabindex]')].filter(
    (e) => e.tabIndex >= 0 && !e.matches(':disabled,[inert] *') && e.checkVisibility(),
  );
  // Positive numbers come first, in their order; the sort keeps the order of the document.
  all.sort((a, b) => (a.tabIndex || 1e6) - (b.tabIndex || 1e6));
  const next = all.at((all.indexOf(el) + by) % all.length);
  next?.focus();
  if (next && isTextField(next)) (next as Field).select();
}

function escape(el: HTMLElement): void {
  const dialog = el.closest('dialog');
  if (dialog?.matches(':modal') && dialog.dispatchEvent(new (windowOf(el).Event)('cancel', { cancelable: true }))) dialog.close();
  const popover = el.closest<HTMLElement>('[popover]');
  if (popover?.matches(':popover-open')) popover.hidePopover();
}
