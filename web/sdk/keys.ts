// What a pressed key does. Events alone do nothing in a field: browsers act on trusted ones only.
import { Key } from '../wire/frames';
import { common, command, commit, erase, fire, insert, isField, moveCaret, select, willChange } from './edit';
import { matches, shadowOf } from './natives';

const names: readonly (readonly [string, number, boolean?])[] = [
  ['Enter', 13], ['Tab', 9], ['Tab', 9, true], ['Backspace', 8], ['Delete', 46], ['ArrowLeft', 37], ['ArrowRight', 39], ['ArrowUp', 38],
  ['ArrowDown', 40], ['Home', 36], ['End', 35], ['PageUp', 33], ['PageDown', 34], ['Escape', 27], ['a', 65],
];

/** The keyboard events of a key around what it does. */
export function press(el: HTMLElement, key: number): void {
  const [name, keyCode, shiftKey] = names[key] ?? ['', 0];
  const code = key === Key.SelectAll ? 'KeyA' : name;
  const init = { ...common, key: name, code, keyCode, which: keyCode, shiftKey: shiftKey === true, ctrlKey: key === Key.SelectAll, view: window };
  const go = fire(el, new KeyboardEvent('keydown', init)) && (key !== Key.Enter || fire(el, new KeyboardEvent('keypress', init)));
  if (go) act(el, key);
  fire(focused() ?? el, new KeyboardEvent('keyup', init));
}

/** The element that has the focus, shadow trees included. */
export function focused(): HTMLElement | null {
  let at = document.activeElement;
  for (let inner = at; inner; inner = shadowOf(inner)?.activeElement ?? null) at = inner;
  return at as HTMLElement | null;
}

function act(el: HTMLElement, key: number): void {
  switch (key) {
    case Key.Enter:
      enter(el);
      break;
    case Key.Tab:
    case Key.ShiftTab:
      tab(el, key === Key.Tab ? 1 : -1);
      break;
    case Key.Backspace:
    case Key.Delete:
      if (isField(el) || el.isContentEditable) erase(el, key === Key.Backspace ? -1 : 1);
      break;
    case Key.SelectAll:
      if (isField(el)) select(el, 0, el.value.length);
      else if (el.isContentEditable) getSelection()?.selectAllChildren(el);
      break;
    case Key.Escape:
      escape(el);
      break;
    default:
      move(el, key);
  }
}

function enter(el: HTMLElement): void {
  if (el instanceof HTMLTextAreaElement) insert(el, '\n');
  else if (el.isContentEditable) command(el, 'insertParagraph');
  else if (el instanceof HTMLInputElement && !/^(button|submit|reset|image)$/.test(el.type)) submit(el);
  else if (matches(el, 'a[href],button,input,summary')) el.click();
}

/** Implicit submission (HTML, section 4.10.22.2). */
function submit(el: HTMLInputElement): void {
  commit(el);
  const { form } = el;
  if (!form) return;
  const buttons = Array.from(form.elements).filter((e): e is HTMLButtonElement => matches(e, 'button:not([type=button],[type=reset]),input[type=submit],input[type=image]'));
  const first = buttons[0];
  if (first) {
    if (!first.disabled) first.click();
  } else if (Array.from(form.elements).filter((e) => e instanceof HTMLInputElement && isField(e)).length === 1) {
    HTMLFormElement.prototype.requestSubmit.call(form);
  }
}

const tabbable = 'a[href],area[href],button,input,select,textarea,summary,iframe,audio[controls],video[controls],[contenteditable],[tabindex]';

/** Moves the focus in the order of tabulation. */
function tab(el: HTMLElement, by: number): void {
  const scope = el.closest('dialog[open]') ?? el.getRootNode();
  const all = Array.from((scope as ParentNode).querySelectorAll<HTMLElement>(tabbable)).filter(
    (e) => e.tabIndex >= 0 && !matches(e, ':disabled,[inert] *,[type=hidden]') && e.getClientRects().length > 0,
  );
  // Positive numbers come first, in their order; the sort keeps the order of the document.
  all.sort((a, b) => (a.tabIndex || Infinity) - (b.tabIndex || Infinity) || 0);
  const at = all.indexOf(el);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length];
  next?.focus();
  if (next instanceof HTMLInputElement && isField(next)) next.select();
}

function escape(el: HTMLElement): void {
  const dialog = el.closest('dialog');
  if (dialog && matches(dialog, ':modal')) {
    if (fire(dialog, new Event('cancel', { cancelable: true }))) dialog.close();
    return;
  }
  const popover = el.closest<HTMLElement>('[popover]:not([popover=manual])');
  if (popover && 'hidePopover' in popover && matches(popover, ':popover-open')) popover.hidePopover();
}

const back: readonly number[] = [Key.Left, Key.Up, Key.Home, Key.PageUp];

function move(el: HTMLElement, key: number): void {
  if (isField(el) && [Key.Left, Key.Right, Key.Home, Key.End].includes(key as 5)) {
    moveCaret(el, key === Key.Left ? 'left' : key === Key.Right ? 'right' : key === Key.Home ? 'start' : 'end');
  } else if (el instanceof HTMLSelectElement) {
    step(el, key);
  } else if (el instanceof HTMLInputElement && /^(range|number|date|time|month|week|datetime-local)$/.test(el.type)) {
    nudge(el, key);
  } else if (el instanceof HTMLInputElement && el.type === 'radio') {
    radio(el, back.includes(key) ? -1 : 1);
  } else if (!isField(el) && !el.isContentEditable) {
    scroll(el, key);
  }
}

function changedBy(el: HTMLElement): void {
  fire(el, new Event('input', { bubbles: true, composed: true }));
  fire(el, new Event('change', { bubbles: true }));
}

function step(el: HTMLSelectElement, key: number): void {
  const last = el.options.length - 1;
  const to = key === Key.Home ? 0 : key === Key.End ? last : el.selectedIndex + (back.includes(key) ? -1 : 1);
  if (to < 0 || to > last || el.options[to]?.disabled || to === el.selectedIndex) return;
  el.selectedIndex = to;
  changedBy(el);
}

function nudge(el: HTMLInputElement, key: number): void {
  const up = key === Key.Up || key === Key.PageUp || (key === Key.Right && el.type === 'range');
  const before = el.value;
  if (up) el.stepUp();
  else el.stepDown();
  if (el.value === before) return;
  willChange(el);
  fire(el, new Event('input', { bubbles: true, composed: true }));
}

function radio(el: HTMLInputElement, by: number): void {
  const group = Array.from((el.form ?? document).querySelectorAll<HTMLInputElement>('input[type=radio]')).filter(
    (r) => r.name === el.name && r.form === el.form && !r.disabled,
  );
  const next = group[(group.indexOf(el) + by + group.length) % group.length];
  next?.focus();
  next?.click();
}

function scroll(el: HTMLElement, key: number): void {
  let at: Element | null = el;
  while (at && !(at.scrollHeight > at.clientHeight && /auto|scroll/.test(getComputedStyle(at).overflowY))) at = at.parentElement;
  const box = at ?? document.scrollingElement;
  if (!box) return;
  const page = box.clientHeight * 0.9;
  const tops: Readonly<Record<number, number>> = { [Key.Up]: -40, [Key.Down]: 40, [Key.PageUp]: -page, [Key.PageDown]: page, [Key.Home]: -1e7, [Key.End]: 1e7 };
  const lefts: Readonly<Record<number, number>> = { [Key.Left]: -40, [Key.Right]: 40 };
  box.scrollBy({ top: tops[key] ?? 0, left: lefts[key] ?? 0, behavior: 'instant' });
}
