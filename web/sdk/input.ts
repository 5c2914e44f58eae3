// Carries out what an agent does, on the live page, and says so when it does not.
import { Key, Move } from '../wire/frames';
import type { Choose, Click, Drag, Navigate, PressKey, Receipt, ScrollTo, SetValue, TypeText } from '../wire/frames';
import { clickText } from './caret';
import { drag } from './drag';
import { common, fire, insert, setValue, willChange, windowOf } from './edit';
import type { Field } from './edit';
import { focusAt, focusOn } from './focus';
import type { Scope } from './index';
import { press } from './keys';
import { inputType, isTextField } from './mask';
import { focused, isElement, rectOf, rootElement, setter } from './natives';
import type { Spot, There } from './talk';
import { File, Option, Refusal, Stale, Target, Typing, hitAt, operable, refuse, textTarget, writable } from './target';
import type { Page } from './target';

/** A frame that operates the page. */
export type InputFrame = Click | Drag | TypeText | PressKey | ScrollTo | Choose | SetValue | Navigate;

/** What the customer must have granted; the server asks the same, but what was taken back is over here at once. */
const needs: Readonly<Record<InputFrame['kind'], Scope>> = {
  click: 'click', drag: 'click', choose: 'click', typeText: 'type', pressKey: 'type', setValue: 'type', scrollTo: 'scroll', navigate: 'navigate',
};

const setSelected = setter(HTMLOptionElement.prototype, 'selected');
/** Keys that leave what has the focus as it is. */
const moving: ReadonlySet<number> = new Set([Key.Tab, Key.ShiftTab, Key.Escape]);
const AS_TYPED = 32; // longer texts come at once, as pasted ones do

/** Carries out an input, or tells the server which rule kept it from that. */
export async function dispatch(frame: InputFrame, page: Page, granted: readonly Scope[], send: (frame: Receipt) => void): Promise<void> {
  try {
    const scope = needs[frame.kind];
    refuse(!granted.includes(scope), `scope-${scope}`);
    await carryOut(frame, page);
  } catch (error) {
    // Whatever the page's own handlers throw is the page's business; the agent learns that nothing is known.
    const rule = error instanceof Refusal ? error.message : Target;
    send({ kind: 'receipt', seq: frame.seq, from: frame.from, rule, node: 'node' in frame ? frame.node : 0 });
  }
}

/** Where a place of an element is in this window; for a click, only if the click would land there. */
export function locate(page: Page, { epoch, node, x, y }: Spot, click: boolean): There {
  try {
    const el = operable(page, epoch, node, click);
    if (click) {
      const [, left, top] = hitAt(el, x, y);
      return { x: left, y: top, rule: '' };
    }
    const { left, top, width, height } = rectOf(el);
    return { x: left + (width * x) / 65535, y: top + (height * y) / 65535, rule: '' };
  } catch (error) {
    return { x: 0, y: 0, rule: error instanceof Refusal ? error.message : Target };
  }
}

function carryOut(frame: InputFrame, page: Page): void | Promise<void> {
  if (frame.kind === 'navigate') {
    refuse(!page.on, Stale);
    if (frame.to === Move.Reload) location.reload();
    else history.go(frame.to === Move.Back ? -1 : 1);
    return;
  }
  if (frame.kind === 'scrollTo' && frame.node === 0) {
    refuse(!page.on || frame.epoch !== page.epoch, Stale);
    scrollTo({ left: frame.x, top: frame.y, behavior: 'instant' });
    return page.rescroll(rootElement());
  }
  const el = operable(page, frame.epoch, frame.node);
  if (!/^(click|drag|pressKey)$/.test(frame.kind)) return operate(el, frame, page);
  return withoutFiles(windowOf(el), () => operate(el, frame, page));
}

/** Runs what may click; where that comes to a file control, by whatever way, nothing opens and the customer has to do it. */
async function withoutFiles(view: Window, run: () => void | Promise<void>): Promise<void> {
  const windows = view === window ? [window] : [window, view];
  let met = false;
  const stop = (event: Event): void => {
    if (inputType(event.composedPath()[0] as Element) !== 'file') return;
    met = true;
    event.preventDefault();
  };
  for (const w of windows) w.addEventListener('click', stop, true);
  try {
    await run();
  } finally {
    for (const w of windows) w.removeEventListener('click', stop, true);
  }
  refuse(met, File);
}

function operate(el: HTMLElement, frame: Exclude<InputFrame, Navigate>, page: Page): void | Promise<void> {
  switch (frame.kind) {
    case 'click':
      return click(el, frame);
    case 'drag':
      return drag(page, el, operable(page, frame.epoch, frame.to), frame);
    case 'typeText':
      return type(textTarget(page, el), frame.text);
    case 'pressKey': {
      const at = focused();
      const target = at && el.contains(at) ? at : el;
      // From a field that is closed to agents they must be able to go on.
      if (!moving.has(frame.key) && (isTextField(target) || inputType(target) === 'password' || target.isContentEditable)) textTarget(page, target);
      refuse(inputType(target) === 'file' && (frame.key === Key.Enter || frame.key === Key.Space), File);
      // Keys change lists and sliders, too.
      if (/^(select|input)$/.test(target.localName) && !/^(button|submit|reset|image|file)$/.test(inputType(target)) && !moving.has(frame.key)) writable(page, target);
      if (target !== at) target.focus({ preventScroll: true });
      return press(target, frame.key);
    }
    case 'scrollTo':
      el.scrollTo({ left: frame.x, top: frame.y, behavior: 'instant' });
      return page.rescroll(el); // the agent sees it there already; the page may have thought better of it
    case 'choose':
      return choose(page, el, page.node(frame.option), frame.on);
    case 'setValue':
      writable(page, el);
      refuse(!/^(range|date|time|datetime-local|month|week|color|number)$/.test(inputType(el)), Typing);
      el.focus({ preventScroll: true });
      setValue(el as Field, frame.value);
      fire(el, 'input');
      // A picker that closes has changed its field; a number is changed when the field is left.
      if (inputType(el) === 'number') willChange(el);
      else fire(el, 'change');
      return;
    default:
      frame satisfies never;
  }
}

/** The events of a mouse over a place, in the order in which browsers send them (UI Events, section 5.3). */
function click(target: HTMLElement, frame: Click): void {
  const [el, clientX, clientY] = hitAt(target, frame.x, frame.y);
  const view = windowOf(el);
  const at = { ...common, clientX, clientY, screenX: screenX + clientX, screenY: screenY + clientY, view, pointerId: 1, pointerType: 'mouse', isPrimary: true };
  const send = (name: string, detail = 0): boolean => {
    const init = { ...at, detail, buttons: Number(name.endsWith('down')) };
    return el.dispatchEvent(/^(pointer|click)/.test(name) ? new view.PointerEvent(name, init) : new view.MouseEvent(name, init));
  };
  for (const name of ['pointerover', 'mouseover', 'pointermove', 'mousemove']) send(name);
  // Every click of a double click comes in a frame of its own, with its count.
  const detail = Math.max(1, frame.count);
  send('pointerdown', detail);
  if (send('mousedown', detail)) {
    focusAt(el);
    if (el instanceof view.HTMLElement) clickText(el, detail, clientX, clientY);
  }
  send('pointerup', detail);
  send('mouseup', detail);
  if (!el.isConnected || el.closest(':disabled')) return; // the page took it away, or it takes no clicks
  send('click', detail);
  if (detail === 2) send('dblclick', detail);
}

function type(el: HTMLElement, text: string): void {
  focusOn(el);
  for (const key of text.length > AS_TYPED ? [text] : text) {
    const view = windowOf(el);
    const init = { ...common, key: key === text && key.length > 2 ? 'Unidentified' : key, view };
    if (el.dispatchEvent(new view.KeyboardEvent('keydown', init)) && el.dispatchEvent(new view.KeyboardEvent('keypress', init))) insert(el, key);
    el.dispatchEvent(new view.KeyboardEvent('keyup', init));
  }
}

function choose(page: Page, el: HTMLElement, option: Node | undefined, on: boolean): void {
  writable(page, el);
  const { selected, disabled } = option as HTMLOptionElement;
  if (el.localName !== 'select' || !isElement(option) || option.localName !== 'option' || option.closest('select') !== el || disabled) throw new Refusal(Option);
  if (selected === on || (!on && !(el as HTMLSelectElement).multiple)) return;
  el.focus({ preventScroll: true });
  setSelected(option as HTMLOptionElement, on);
  fire(el, 'input');
  fire(el, 'change');
}
