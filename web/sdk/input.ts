// Carries out what an agent does, on the live page, and says so when it does not.
import { Move } from '../wire/frames';
import type { Choose, Click, FromCustomer, Navigate, PressKey, ScrollTo, SetValue, TypeText } from '../wire/frames';
import type { Scope as ScopeName } from './index';
import { common, fire, insert, isField, select, setValue, willChange } from './edit';
import { focused, press } from './keys';
import { setter } from './natives';
import { Refusal, Rule, hitAt, operable, textTarget, writable } from './target';
import type { Hit, Page } from './target';

/** A frame that operates the page. */
export type InputFrame = Click | TypeText | PressKey | ScrollTo | Choose | SetValue | Navigate;

/** What the customer must have granted; the server asks the same, but what was taken back is over here at once. */
const needs: Readonly<Record<InputFrame['kind'], ScopeName>> = {
  click: 'click', choose: 'click', typeText: 'type', pressKey: 'type', setValue: 'type', scrollTo: 'scroll', navigate: 'navigate',
};

const setSelected = setter(HTMLOptionElement.prototype, 'selected');
const AS_TYPED = 32; // longer texts come at once, as pasted ones do

/** Carries out an input, or tells the server which rule kept it from that. */
export function dispatch(frame: InputFrame, page: Page, granted: readonly ScopeName[], send: (frame: FromCustomer) => void): void {
  try {
    const scope = needs[frame.kind];
    if (!granted.includes(scope)) throw new Refusal(`scope-${scope}`);
    carryOut(frame, page);
  } catch (error) {
    // Whatever the page's own handlers throw is the page's business; the agent learns that nothing is known.
    const rule = error instanceof Refusal ? error.rule : Rule.Target;
    send({ kind: 'receipt', seq: frame.seq, from: frame.from, rule, node: 'node' in frame ? frame.node : 0 });
  }
}

function carryOut(frame: InputFrame, page: Page): void {
  switch (frame.kind) {
    case 'click': {
      const el = operable(page, frame.epoch, frame.node);
      return click(hitAt(el, frame.x, frame.y), Math.max(1, frame.count));
    }
    case 'typeText':
      return type(textTarget(page, operable(page, frame.epoch, frame.node)), frame.text);
    case 'pressKey': {
      const el = operable(page, frame.epoch, frame.node);
      const at = focused();
      const target = at && el.contains(at) ? at : el;
      if (isField(target) || target.isContentEditable) textTarget(page, target);
      if (target !== at) target.focus({ preventScroll: true });
      return press(target, frame.key);
    }
    case 'scrollTo':
      return scroll(frame, page);
    case 'choose':
      return choose(frame, page);
    case 'setValue':
      return set(frame, page);
    case 'navigate':
      if (!page.on) throw new Refusal(Rule.Stale);
      if (frame.to === Move.Reload) location.reload();
      else history.go(frame.to === Move.Back ? -1 : 1);
      return;
    default:
      frame satisfies never;
  }
}

/** The events of a mouse over a place, in the order in which browsers send them (UI Events, section 5.3). */
function click({ el, x, y }: Hit, count: number): void {
  const at = { ...common, clientX: x, clientY: y, screenX: screenX + x, screenY: screenY + y, view: window };
  const mouse = { pointerId: 1, pointerType: 'mouse', isPrimary: true };
  fire(el, new PointerEvent('pointerover', { ...at, ...mouse }));
  fire(el, new MouseEvent('mouseover', at));
  fire(el, new PointerEvent('pointermove', { ...at, ...mouse }));
  fire(el, new MouseEvent('mousemove', at));
  for (let detail = 1; detail <= count; detail++) {
    const down = { ...at, detail };
    fire(el, new PointerEvent('pointerdown', { ...down, ...mouse, buttons: 1 }));
    if (fire(el, new MouseEvent('mousedown', { ...down, buttons: 1 }))) focusAt(el);
    fire(el, new PointerEvent('pointerup', { ...down, ...mouse }));
    fire(el, new MouseEvent('mouseup', down));
    if (!el.isConnected) return; // the page took it away
    if (!el.closest(':disabled')) fire(el, new PointerEvent('click', { ...down, ...mouse }));
    if (detail === 2) fire(el, new MouseEvent('dblclick', down));
  }
}

/** Gives the focus to what a mouse would give it to. */
function focusAt(el: Element): void {
  for (let at: Element | null = el; at; at = at.parentElement ?? (at.getRootNode() as ShadowRoot).host) {
    if (at instanceof HTMLElement && (at.tabIndex >= 0 || at.isContentEditable) && !at.matches(':disabled')) {
      if (at === focused()) return;
      at.focus({ preventScroll: true });
      if (isField(at)) select(at, at.value.length);
      return;
    }
  }
  focused()?.blur();
}

function type(el: HTMLElement, text: string): void {
  if (el !== focused()) {
    el.focus({ preventScroll: true });
    if (isField(el)) select(el, el.value.length);
  }
  if (text.length > AS_TYPED) {
    insert(el, text);
    return;
  }
  for (const key of text) {
    const init = { ...common, key, view: window };
    if (fire(el, new KeyboardEvent('keydown', init)) && fire(el, new KeyboardEvent('keypress', init))) insert(el, key);
    fire(el, new KeyboardEvent('keyup', init));
  }
}

function scroll({ epoch, node, x, y }: ScrollTo, page: Page): void {
  const to = { left: x, top: y, behavior: 'instant' } as const;
  if (node === 0) {
    if (!page.on || epoch !== page.epoch) throw new Refusal(Rule.Stale);
    scrollTo(to);
    return;
  }
  const el = operable(page, epoch, node);
  if (el === document.documentElement) scrollTo(to);
  else el.scrollTo(to);
}

function choose(frame: Choose, page: Page): void {
  const el = operable(page, frame.epoch, frame.node);
  const option = page.node(frame.option);
  writable(page, el);
  if (!(el instanceof HTMLSelectElement) || !(option instanceof HTMLOptionElement) || option.closest('select') !== el || option.disabled) {
    throw new Refusal(Rule.Option);
  }
  if (option.selected === frame.on || (!frame.on && !el.multiple)) return;
  el.focus({ preventScroll: true });
  setSelected(option, frame.on);
  fire(el, new Event('input', { bubbles: true, composed: true }));
  fire(el, new Event('change', { bubbles: true }));
}

function set(frame: SetValue, page: Page): void {
  const el = operable(page, frame.epoch, frame.node);
  writable(page, el);
  if (!(el instanceof HTMLInputElement) || !/^(range|date|time|datetime-local|month|week|color|number)$/.test(el.type)) throw new Refusal(Rule.Typing);
  if (el.value === frame.value) return;
  el.focus({ preventScroll: true });
  setValue(el, frame.value);
  fire(el, new Event('input', { bubbles: true, composed: true }));
  // A picker that closes has changed its field; a number is changed when the field is left.
  if (el.type === 'number') willChange(el);
  else fire(el, new Event('change', { bubbles: true }));
}
