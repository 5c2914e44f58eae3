// What a pressed key does. Events alone do nothing in a field: browsers act on trusted ones only.
import { Key } from '../wire/frames';
import { moveLine } from './caret';
import { command, commit, common, erase, fire, insert, moveCaret, select, willChange, windowOf } from './edit';
import type { Field } from './edit';
import { inputType, isTextField } from './mask';
import { focused } from './natives';
import { radios, tab } from './tab';

// Name and legacy code (UI Events, section 8.3) in the order of the wire's numbers.
const keys: readonly (readonly [string, number])[] = [
  ['Enter', 13], ['Tab', 9], ['Tab', 9], ['Backspace', 8], ['Delete', 46], ['ArrowLeft', 37], ['ArrowRight', 39], ['ArrowUp', 38], ['ArrowDown', 40],
  ['Home', 36], ['End', 35], ['PageUp', 33], ['PageDown', 34], ['Escape', 27], ['a', 65], [' ', 32],
];
// Where a caret goes: a character, or a line, or to an end of its line.
const carets: Readonly<Record<number, number>> = { [Key.Left]: -1, [Key.Right]: 1 };
const lines: Readonly<Record<number, number>> = { [Key.Up]: -1, [Key.Down]: 1, [Key.Home]: -2, [Key.End]: 2 };
// The same in an editable element (Selection API, modify).
const moves: Readonly<Record<number, readonly [direction: string, unit: string]>> = {
  [Key.Left]: ['left', 'character'], [Key.Right]: ['right', 'character'], [Key.Up]: ['backward', 'line'], [Key.Down]: ['forward', 'line'],
  [Key.Home]: ['backward', 'lineboundary'], [Key.End]: ['forward', 'lineboundary'],
};
// By how many options or steps a key changes a control.
const steps: Readonly<Record<number, number>> = { [Key.Left]: -1, [Key.Right]: 1, [Key.Up]: -1, [Key.Down]: 1, [Key.PageUp]: -10, [Key.PageDown]: 10, [Key.Home]: -1e6, [Key.End]: 1e6 };
// Where the page goes: [x, y] in pixels.
const scrolls: Readonly<Record<number, readonly [number, number]>> = {
  [Key.Left]: [-40, 0], [Key.Right]: [40, 0], [Key.Up]: [0, -40], [Key.Down]: [0, 40], [Key.Home]: [0, -1e7], [Key.End]: [0, 1e7],
  [Key.PageUp]: [0, -600], [Key.PageDown]: [0, 600], [Key.Space]: [0, 600],
};

/** The keyboard events of a key around what it does. */
export function press(el: HTMLElement, key: number): void {
  const [name = '', keyCode = 0] = keys[key] ?? [];
  const all = key === Key.SelectAll;
  const view = windowOf(el);
  const init = { ...common, key: name, code: all ? 'KeyA' : key === Key.Space ? 'Space' : name, keyCode, which: keyCode, shiftKey: key === Key.ShiftTab, ctrlKey: all, view };
  const go = el.dispatchEvent(new view.KeyboardEvent('keydown', init)) && (!/^( |Enter)$/.test(name) || el.dispatchEvent(new view.KeyboardEvent('keypress', init)));
  const pressed = go && key === Key.Space && el.matches(BUTTONS);
  if (go && !pressed) act(el, key);
  // Space presses when it is let go.
  if ((focused() ?? el).dispatchEvent(new view.KeyboardEvent('keyup', init)) && pressed) el.click();
}

const BUTTONS = 'button,summary,input:is([type=checkbox],[type=radio],[type=button],[type=submit],[type=reset],[type=image])';

function act(el: HTMLElement, key: number): void {
  const field = isTextField(el) ? (el as Field) : undefined;
  const caret = carets[key];
  const scroll = scrolls[key];
  if (key === Key.Enter) enter(el);
  else if (key === Key.Tab || key === Key.ShiftTab) goOn(el, key === Key.Tab ? 1 : -1);
  else if (key === Key.Backspace || key === Key.Delete) erase(el, key === Key.Backspace ? -1 : 1);
  else if (key === Key.Escape) escape(el);
  else if (key === Key.SelectAll) {
    if (field) select(field, 0, field.value.length);
    else if (el.isContentEditable) windowOf(el).getSelection()?.selectAllChildren(el);
  } else if (el.isContentEditable) {
    const move = moves[key];
    if (move) windowOf(el).getSelection()?.modify('move', ...move);
  } else if (change(el, key)) {
    return;
  } else if (field) {
    if (caret) moveCaret(field, caret);
    else if (lines[key]) moveLine(field, lines[key]);
  } else if (scroll) {
    let box: Element | null = el;
    while (box && (box.scrollHeight <= box.clientHeight || !/auto|scroll/.test(getComputedStyle(box).overflowY))) box = box.parentElement;
    (box ?? windowOf(el)).scrollBy({ left: scroll[0], top: scroll[1], behavior: 'instant' });
  }
}

/** Changes a control that keys change: a list, a group of radio buttons, a number. */
function change(el: HTMLElement, key: number): boolean {
  const by = steps[key];
  if (!by || el.matches(':disabled')) return false;
  const type = inputType(el);
  if (el.localName === 'select') {
    const list = el as HTMLSelectElement;
    const open = [...list.options].filter((option) => !option.matches(':disabled'));
    const at = open.findIndex((option) => option.index === list.selectedIndex);
    const next = open[Math.min(Math.max(at + by, 0), open.length - 1)];
    if (!next || next.index === list.selectedIndex) return true;
    list.selectedIndex = next.index;
    fire(el, 'input');
    fire(el, 'change');
    return true;
  }
  if (type === 'radio' && Math.abs(by) === 1) {
    const group = radios(el as HTMLInputElement);
    const next = group.at((group.indexOf(el as HTMLInputElement) + by) % group.length);
    next?.focus();
    if (next && !next.checked) next.click();
    return true;
  }
  const upright = key === Key.Up || key === Key.Down || key === Key.PageUp || key === Key.PageDown;
  if (type === 'range' ? false : type !== 'number' || !upright || Math.abs(by) > 1) return false;
  const field = el as HTMLInputElement;
  const before = field.value;
  if (Math.abs(by) > 1e3) field.value = by < 0 ? field.min || '0' : field.max || '100';
  else field.stepUp(upright ? -by : by);
  if (field.value === before) return true;
  fire(el, 'input');
  if (type === 'range') fire(el, 'change');
  else willChange(el);
  return true;
}

const SUBMITS = 'button:not([type=button],[type=reset]),input[type=submit],input[type=image]';
const ALONE = /^(text|search|url|tel|email|password|date|month|week|time|datetime-local|number)$/;

function enter(el: HTMLElement): void {
  if (el.localName === 'textarea') insert(el, '\n');
  else if (el.isContentEditable) command(el, 'insertParagraph');
  else if (el.matches('a[href],button,summary,input:is([type=button],[type=submit],[type=reset],[type=image])')) el.click();
  else if (el.localName === 'input') submit(el as HTMLInputElement);
}

/** Implicit submission (HTML, section 4.10.22.2). */
function submit(el: HTMLInputElement): void {
  const { form } = el;
  commit(el);
  if (!form) return;
  const all = [...(form.getRootNode() as ParentNode).querySelectorAll<HTMLInputElement>('button,input')].filter((other) => other.form === form);
  const button = all.find((other) => other.matches(SUBMITS));
  if (button) button.click(); // which does nothing where it is disabled, and so it is by hand
  else if (all.filter((other) => ALONE.test(inputType(other))).length <= 1) HTMLFormElement.prototype.requestSubmit.call(form);
}

/** Moves the focus in the order of tabulation. */
function goOn(el: HTMLElement, by: number): void {
  const next = tab(el, by);
  if (next && isTextField(next)) (next as Field).select();
}

function escape(el: HTMLElement): void {
  const dialog = el.closest('dialog');
  if (dialog?.matches(':modal') && dialog.dispatchEvent(new (windowOf(el).Event)('cancel', { cancelable: true }))) dialog.close();
  const popover = el.closest<HTMLElement>('[popover]');
  if (popover?.matches(':popover-open')) popover.hidePopover();
}
