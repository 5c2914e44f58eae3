// Changes what fields hold, the way a person's typing would: events around it, and setters that frameworks watch.
import { setter } from './natives';

/** A field with a text. */
export type Field = HTMLInputElement | HTMLTextAreaElement;

const setInput = setter(HTMLInputElement.prototype, 'value');
const setArea = setter(HTMLTextAreaElement.prototype, 'value');

/** Sends an event that bubbles out of shadow trees; false when the page prevented it. */
export function fire(el: EventTarget, event: Event): boolean {
  return el.dispatchEvent(event);
}

/** An event like those of the browser. */
export const common = { bubbles: true, cancelable: true, composed: true } as const;

/** Sets a field's value past what a framework put on the instance. */
export function setValue(el: Field, value: string): void {
  if (el instanceof HTMLInputElement) setInput(el, value);
  else setArea(el, value);
}

const changed = new WeakSet<Element>();

/** Browsers send `change` when a person leaves a field; for our changes it falls to us. */
export function willChange(el: HTMLElement): void {
  if (changed.has(el)) return;
  changed.add(el);
  el.addEventListener('blur', () => commit(el), { once: true });
}

/** Sends `change` if we changed the element since the last time. */
export function commit(el: HTMLElement): void {
  if (changed.delete(el)) fire(el, new Event('change', { bubbles: true }));
}

/** The selected part of a field; the end for types that have no caret. */
function selection(el: Field): [number, number] {
  const end = el.value.length;
  try {
    return [el.selectionStart ?? end, el.selectionEnd ?? end];
  } catch {
    return [end, end];
  }
}

/** Puts the caret somewhere, where the type has one. */
export function select(el: Field, from: number, to = from): void {
  try {
    el.setSelectionRange(from, to);
  } catch {
    // number, email and others have no caret that scripts can move
  }
}

/** Replaces a part of a field's text. */
function replace(el: Field, from: number, to: number, [inputType, text]: readonly [string, string]): void {
  const room = el.maxLength >= 0 ? Math.max(0, el.maxLength - el.value.length + (to - from)) : text.length;
  const data = text.slice(0, room);
  const event = { ...common, inputType, data: data || null };
  if (!fire(el, new InputEvent('beforeinput', event))) return;
  setValue(el, el.value.slice(0, from) + data + el.value.slice(to));
  select(el, from + data.length);
  willChange(el);
  fire(el, new InputEvent('input', { ...event, cancelable: false }));
}

/** Types text into a field or an editable element. */
export function insert(el: HTMLElement, text: string): void {
  if (isField(el)) {
    const line = el instanceof HTMLInputElement ? text.replace(/[\r\n]+/g, ' ') : text;
    replace(el, ...selection(el), ['insertText', line]);
  } else {
    command(el, 'insertText', text);
  }
}

/** Whether an element is a field with a text. */
export function isField(el: Element): el is Field {
  return el instanceof HTMLTextAreaElement || (el instanceof HTMLInputElement && !/^(checkbox|radio|range|color|file|button|submit|reset|image)$/.test(el.type));
}

/** Deletes the selection, or one character before (-1) or behind (1) the caret. */
export function erase(el: HTMLElement, direction: -1 | 1): void {
  const kind = direction < 0 ? 'deleteContentBackward' : 'deleteContentForward';
  if (!isField(el)) {
    command(el, direction < 0 ? 'delete' : 'forwardDelete');
    return;
  }
  let [from, to] = selection(el);
  if (from === to) {
    if (direction < 0) from -= lengthAt(el.value, from, -1);
    else to += lengthAt(el.value, to, 1);
  }
  if (from !== to) replace(el, from, to, [kind, '']);
}

/** How many units the character beside a place has. */
function lengthAt(text: string, at: number, direction: number): number {
  const code = direction < 0 ? text.codePointAt(at - 2) : text.codePointAt(at);
  if (direction < 0 && at >= 2 && code !== undefined && code > 0xffff) return 2;
  if (direction > 0 && code !== undefined && code > 0xffff) return 2;
  return direction < 0 ? Math.min(1, at) : Math.min(1, text.length - at);
}

/** Moves the caret of a field. */
export function moveCaret(el: Field, to: 'left' | 'right' | 'start' | 'end'): void {
  const [from, end] = selection(el);
  const place = { left: from - lengthAt(el.value, from, -1), right: end + lengthAt(el.value, end, 1), start: 0, end: el.value.length }[to];
  select(el, place);
}

/** Edits an editable element through the browser's own editor, which sends the events itself. */
export function command(el: HTMLElement, name: string, text?: string): void {
  const chosen = getSelection();
  if (!chosen) return;
  if (!chosen.anchorNode || !el.contains(chosen.anchorNode)) {
    chosen.selectAllChildren(el);
    chosen.collapseToEnd();
  }
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else keeps the page's undo history and events
  if (document.execCommand(name, false, text) || text === undefined) return;
  const event = { ...common, inputType: 'insertText', data: text };
  if (!fire(el, new InputEvent('beforeinput', event))) return;
  const range = chosen.getRangeAt(0);
  range.deleteContents();
  range.insertNode(document.createTextNode(text));
  range.collapse(false);
  fire(el, new InputEvent('input', { ...event, cancelable: false }));
}
