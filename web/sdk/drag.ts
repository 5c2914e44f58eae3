// Carries out a drag: the events of a mouse from one place to another, and what browsers do with them.
import type { Drag } from '../wire/frames';
import { clickText, mark, placeAt } from './caret';
import { common, fire, setValue, windowOf } from './edit';
import { focusAt } from './focus';
import { inputType, isTextField } from './mask';
import { above, documentOf, isElement, rectOf } from './natives';
import { hitAt, mayOperate, topAt, writable } from './target';
import type { Page } from './target';

const STEPS = 12;
const POINTER = 1; // a mouse, by custom of browsers

/**
 * Presses the button over one element, moves, and lets go over another. Between the steps pages have their microtasks, in
 * which frameworks follow; no other input comes in between.
 */
export async function drag(page: Page, from: HTMLElement, to: HTMLElement, frame: Drag): Promise<void> {
  const slider = inputType(from) === 'range';
  if (slider) writable(page, from);
  const [start, x0, y0] = hitAt(from, frame.x, frame.y);
  // Where it ends may be beneath what is dragged, and beside everything.
  const [x1, y1] = pointIn(to, frame.toX, frame.toY);
  const hand = new Hand(start, x0, y0);
  const object = closestUp(start, (el) => (el as Partial<HTMLElement>).draggable === true);
  hand.move(start, x0, y0);
  const giveBack = hand.lendCapture();
  try {
    if (!hand.press()) return;
    await Promise.resolve();
    if (object && documentOf(from) === documentOf(to)) { carry(hand, object, [x1, y1]); return; }
    const marks = hand.chosen && !slider ? placeAt(start, x0, y0) : undefined;
    for (let i = 1; i <= STEPS; i++) {
      const x = x0 + ((x1 - x0) * i) / STEPS;
      const y = y0 + ((y1 - y0) * i) / STEPS;
      hand.move(over(start, x, y), x, y);
      if (slider) slide(from as HTMLInputElement, x, y);
      await Promise.resolve();
    }
    if (marks && documentOf(from) === documentOf(to)) mark(from, marks, placeAt(isTextField(from) ? from : to, x1, y1));
    hand.release(over(start, x1, y1));
    if (slider) fire(from, 'change');
  } finally {
    giveBack();
  }
}

function pointIn(el: Element, fx: number, fy: number): readonly [x: number, y: number] {
  const { left, top, width, height } = rectOf(el);
  return [left + (width * fx) / 65535, top + (height * fy) / 65535];
}

function closestUp(el: Element, test: (el: Element) => boolean): Element | undefined {
  for (let at: Node | null = el; at; at = above(at)) if (isElement(at) && test(at)) return at;
  return undefined;
}

/** What is at a place; where the owner allows no agent, what the drag began on. */
function over(start: Element, x: number, y: number): Element {
  const at = topAt(start, x, y);
  return at && mayOperate(at) ? at : start;
}

/** Sets a slider to where the pointer is. */
function slide(el: HTMLInputElement, x: number, y: number): void {
  const { left, top, width, height } = rectOf(el);
  const { direction } = getComputedStyle(el);
  const thumb = Math.min(width, height, 16);
  const along = height > width ? 1 - (y - top - thumb / 2) / (height - thumb) : (x - left - thumb / 2) / (width - thumb);
  const part = Math.min(Math.max(direction === 'rtl' && width >= height ? 1 - along : along, 0), 1);
  const min = Number(el.min || 0);
  const before = el.value;
  setValue(el, String(min + part * (Math.max(Number(el.max || 100), min) - min)));
  if (el.value !== before) fire(el, 'input');
}

/** Drag and drop of an object of the page (HTML, section 6.11). */
function carry(hand: Hand, object: Element, [x, y]: readonly [number, number]): void {
  const view = windowOf(object);
  const dataTransfer = new view.DataTransfer();
  const send = (on: Element, name: string): boolean => on.dispatchEvent(new view.DragEvent(name, { ...common, clientX: x, clientY: y, view, dataTransfer }));
  if (!send(object, 'dragstart')) return hand.release(object);
  const on = over(object, x, y);
  send(object, 'drag');
  send(on, 'dragenter');
  if (send(on, 'dragover')) send(on, 'dragleave');
  else send(on, 'drop');
  send(object, 'dragend');
}

/** The mouse, with its button down. */
class Hand {
  /** Whether the page left the browser to do what it does: to mark text. */
  chosen = false;
  readonly #start: Element;
  readonly #view: Window & typeof globalThis;
  #x: number;
  #y: number;
  #down = false;
  #held: Element | undefined;

  constructor(start: Element, x: number, y: number) {
    this.#start = start;
    this.#view = windowOf(start);
    this.#x = x;
    this.#y = y;
  }

  #send(on: Element, name: string, buttons: number, detail = 0): boolean {
    const init = { ...common, clientX: this.#x, clientY: this.#y, screenX: screenX + this.#x, screenY: screenY + this.#y, view: this.#view, buttons, detail };
    if (!/pointer|^click/.test(name)) return on.dispatchEvent(new this.#view.MouseEvent(name, init));
    return on.dispatchEvent(new this.#view.PointerEvent(name, { ...init, pointerId: POINTER, pointerType: 'mouse', isPrimary: true, button: name.endsWith('move') ? -1 : 0 }));
  }

  press(): boolean {
    this.#send(this.#start, 'pointerdown', 1, 1);
    this.chosen = this.#send(this.#start, 'mousedown', 1, 1);
    if (this.chosen) {
      focusAt(this.#start);
      if (this.#start instanceof this.#view.HTMLElement) clickText(this.#start, 1, this.#x, this.#y);
    }
    this.#down = true;
    return this.#start.isConnected;
  }

  move(at: Element, x: number, y: number): void {
    this.#x = x;
    this.#y = y;
    for (const name of ['pointermove', 'mousemove']) this.#send(this.#held ?? at, name, Number(this.#down));
  }

  release(at: Element): void {
    const on = this.#held ?? at;
    this.#down = false;
    this.#send(on, 'pointerup', 0, 1);
    this.#send(on, 'mouseup', 0, 1);
    this.#hold(undefined);
    if (at === this.#start) this.#send(at, 'click', 0, 1);
  }

  #hold(el: Element | undefined): void {
    const before = this.#held;
    if (before === el) return;
    this.#held = el;
    if (before) this.#send(before, 'lostpointercapture', 0);
    if (el) this.#send(el, 'gotpointercapture', 1);
  }

  /**
   * Browsers capture only a pointer whose button is really down (Pointer Events, section 4.1.3). While the drag lasts, ours
   * counts as such; what pages do with other pointers goes to the browser. Gives the way to end that.
   */
  lendCapture(): () => void {
    const proto = this.#view.Element.prototype;
    const hold = (el: Element | undefined): void => this.#hold(el);
    const holds = (el: Element): boolean => this.#held === el;
    const { setPointerCapture, releasePointerCapture, hasPointerCapture } = proto; // eslint-disable-line @typescript-eslint/unbound-method -- put back as they were
    const stand = (set: object): void => {
      // Where the page froze the prototype, it keeps what it has.
      for (const [name, value] of Object.entries(set)) Reflect.defineProperty(proto, name, { value: value as unknown, configurable: true, enumerable: true, writable: true });
    };
    stand({
      setPointerCapture(this: Element, id: number) {
        if (id === POINTER) hold(this);
        else setPointerCapture.call(this, id);
      },
      releasePointerCapture(this: Element, id: number) {
        if (id !== POINTER) releasePointerCapture.call(this, id);
        else if (holds(this)) hold(undefined);
      },
      hasPointerCapture(this: Element, id: number) {
        return id === POINTER ? holds(this) : hasPointerCapture.call(this, id);
      },
    });
    return () => {
      this.#hold(undefined);
      stand({ setPointerCapture, releasePointerCapture, hasPointerCapture });
    };
  }
}
