// The keyboard: a text field that nobody sees has the focus while the agent operates the page, so that every way of typing
// works, input methods included. Text and keys are told apart by the events that browsers make for them.
import { Key } from '../wire/frames';
import { texts } from './texts';

const keys = new Map<string, number>([
  ['Enter', Key.Enter], ['Tab', Key.Tab], ['Backspace', Key.Backspace], ['Delete', Key.Delete], ['ArrowLeft', Key.Left],
  ['ArrowRight', Key.Right], ['ArrowUp', Key.Up], ['ArrowDown', Key.Down], ['Home', Key.Home], ['End', Key.End],
  ['PageUp', Key.PageUp], ['PageDown', Key.PageDown], ['Escape', Key.Escape],
]);

// A frame holds 4,096 bytes; a UTF-16 unit is three at most.
const PIECE = 1_000;

/** Whom the keyboard talks to. */
export interface Typist {
  /** Whether what is typed goes to the page at all. */
  readonly active: () => boolean;
  readonly text: (text: string) => void;
  /** Whether what the keys go to is no place for text: there, Space is a key. */
  readonly pressing: () => boolean;
  readonly key: (key: number) => void;
  /** What a key does for the agent alone; false when it does nothing. */
  readonly roam: (key: string) => boolean;
  /** The text to copy; nothing to leave it to the browser. */
  readonly copy: () => string;
}

/** The key of an event, or undefined when the browser shall handle it. */
export function keyOf(event: { key: string; shiftKey: boolean; ctrlKey: boolean; metaKey: boolean; altKey: boolean }): number | undefined {
  const command = event.ctrlKey || event.metaKey;
  if (command && !event.altKey && event.key.toLowerCase() === 'a') return Key.SelectAll;
  if (command || event.altKey) return undefined;
  return event.key === 'Tab' && event.shiftKey ? Key.ShiftTab : keys.get(event.key);
}

/** A text in pieces that frames can hold, without control characters and never cut within a character. */
export function pieces(text: string): string[] {
  // eslint-disable-next-line no-control-regex -- these are what must not be typed
  const clean = text.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f\u0085]/g, '');
  const out: string[] = [];
  for (let at = 0; at < clean.length; ) {
    let end = Math.min(clean.length, at + PIECE);
    const unit = clean.charCodeAt(end - 1);
    if (end < clean.length && unit >= 0xd800 && unit < 0xdc00) end--;
    out.push(clean.slice(at, end));
    at = end;
  }
  return out;
}

/** Makes the field and puts it into its place. */
export function makeKeyboard(place: HTMLElement, to: Typist): HTMLTextAreaElement {
  const field = place.ownerDocument.createElement('textarea');
  field.className = 'vitrine-keyboard';
  field.setAttribute('aria-label', texts.keyboard);
  field.autocomplete = 'off';
  field.spellcheck = false;
  field.setAttribute('autocapitalize', 'off');
  const { style } = field;
  style.position = 'absolute';
  style.left = style.top = '0';
  style.opacity = '0';
  style.width = style.height = '1px';
  style.border = style.padding = '0';
  style.resize = 'none';
  style.pointerEvents = 'none';
  const say = (text: string): void => {
    for (const piece of pieces(text)) to.text(piece);
  };
  field.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (!to.active()) {
      if (!event.ctrlKey && !event.metaKey && !event.altKey && to.roam(event.key)) event.preventDefault();
      return;
    }
    if (event.key === 'F6') {
      event.preventDefault();
      field.blur();
      return;
    }
    const key = keyOf(event) ?? (event.key === ' ' && !event.ctrlKey && !event.metaKey && !event.altKey && to.pressing() ? Key.Space : undefined);
    if (key === undefined) return;
    event.preventDefault();
    to.key(key);
  });
  field.addEventListener('beforeinput', (event) => {
    if (event.inputType === 'insertCompositionText' || event.isComposing) return;
    event.preventDefault();
    if (!to.active()) return;
    if (event.inputType.startsWith('insert')) say(event.data ?? event.dataTransfer?.getData('text/plain') ?? '');
  });
  field.addEventListener('copy', (event) => {
    const text = to.copy();
    if (text === '') return;
    event.preventDefault();
    event.clipboardData?.setData('text/plain', text);
  });
  // In a text area pasted text comes without data on beforeinput in some browsers.
  field.addEventListener('paste', (event) => {
    event.preventDefault();
    if (to.active()) say(event.clipboardData?.getData('text/plain') ?? '');
  });
  field.addEventListener('compositionend', (event) => {
    field.value = '';
    if (to.active()) say(event.data);
  });
  place.append(field);
  return field;
}
