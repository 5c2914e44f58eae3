// Changes what fields hold, the way a person's typing would: events around it, and setters that frameworks watch.
import { isTextField } from './mask';
import { documentOf, localName, setter, viewOf } from './natives';

/** A field with a text. */
export type Field = HTMLInputElement | HTMLTextAreaElement;

const setInput = setter(HTMLInputElement.prototype, 'value');
const setArea = setter(HTMLTextAreaElement.prototype, 'value');

/** What all our events have. */
export const common = { bubbles: true, cancelable: true, composed: true } as const;

/** The window whose events an element expects: its own, which a document within the page has, too. */
export const windowOf = (el: Element): Window & typeof globalThis => viewOf(documentOf(el)) ?? window;

/** Sends an `input` or `change` event, or another that only bubbles. */
export const fire = (el: Element, type: string): boolean => el.dispatchEvent(new (windowOf(el).Event)(type, { bubbles: true, composed: type === 'input' }));

/** Sets a field's value past what a framework put on the instance. */
export function setValue(el: Field, value: string): void {
  if (localName(el) === 'input') setInput(el as HTMLInputElement, value);
  else setArea(el as HTMLTextAreaElement, value);
}

const changed = new WeakSet<Element>();

/** Browsers send `change` when a person leaves a field; for our changes it falls to us. */
export function willChange(el: Element): void {
  if (changed.has(el)) return;
  changed.add(el);
  el.addEventListener('blur', () => commit(el), { once: true });
}

/** Sends `change` if we changed the element since the last time. */
export function commit(el: Element): void {
  if (changed.delete(el)) fire(el, 'change');
}

/** The selected part of a field; the end for types that have no caret. */
function selection(el: Field): [from: number, to: number] {
  const { selectionStart, selectionEnd, value } = el;
  return [selectionStart ?? value.length, selectionEnd ?? value.length];
}

/** Puts the caret somewhere, where the type has one. */
export function select(el: Field, from: number, to = from): void {
  if (el.selectionStart !== null) el.setSelectionRange(from, to);
}

/** Puts text in the place of the selection, or of the character before (-1) or behind (1) the caret. */
function replace(el: Field, inputType: string, text: string, beside = 0): void {
  let [from, to] = selection(el);
  const { value, maxLength } = el;
  if (from === to) [from, to] = beside < 0 ? [beforeCaret(value, from), to] : beside > 0 ? [from, behindCaret(value, to)] : [from, to];
  const data = maxLength < 0 ? text : text.slice(0, Math.max(0, maxLength - value.length + to - from));
  const init = { ...common, inputType, data: data || null };
  if (!el.dispatchEvent(new (windowOf(el).InputEvent)('beforeinput', init))) return;
  setValue(el, value.slice(0, from) + data + value.slice(to));
  select(el, from + data.length);
  willChange(el);
  el.dispatchEvent(new (windowOf(el).InputEvent)('input', { ...init, cancelable: false }));
}

const beforeCaret = (text: string, at: number): number => at - (Array.from(text.slice(Math.max(0, at - 2), at)).pop()?.length ?? 0);
const behindCaret = (text: string, at: number): number => at + (Array.from(text.slice(at, at + 2))[0]?.length ?? 0);

/** Types text into a field or an editable element. */
export function insert(el: HTMLElement, text: string): void {
  if (!isTextField(el)) command(el, 'insertText', text);
  else replace(el as Field, 'insertText', localName(el) === 'input' ? text.replace(/[\r\n]+/g, ' ') : text);
}

/** Deletes the selection, or one character before (-1) or behind (1) the caret. */
export function erase(el: HTMLElement, direction: number): void {
  if (isTextField(el)) replace(el as Field, direction < 0 ? 'deleteContentBackward' : 'deleteContentForward', '', direction);
  else if (el.isContentEditable) command(el, direction < 0 ? 'delete' : 'forwardDelete');
}

/** Moves the caret of a field by a character (-1, 1), or to its start (-2) or end (2). */
export function moveCaret(el: Field, by: number): void {
  const [from, to] = selection(el);
  select(el, by === -1 ? beforeCaret(el.value, from) : by === 1 ? behindCaret(el.value, to) : by < 0 ? 0 : el.value.length);
}

/** Edits an editable element through the browser's own editor, which sends the events itself. */
export function command(el: HTMLElement, name: string, text?: string): void {
  const chosen = windowOf(el).getSelection();
  if (!el.contains(chosen?.anchorNode ?? null)) {
    chosen?.selectAllChildren(el);
    chosen?.collapseToEnd();
  }
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else keeps the page's undo history and events
  documentOf(el).execCommand(name, false, text);
}
