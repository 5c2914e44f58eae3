// Where Web Animations have brought elements (case 22), as a part of the SDK. What runs is not told; where it ended, or stands
// still, is told as style of the element, because no attribute says it.

import { sheetsTurn } from './css';
import { isElement } from './natives';
import { stated } from './setters';
import { watchMedia } from './world';

const held = new WeakMap<Element, string>();
const noted = new Set<Element>();
const still = new Set<Element>(); // those that are held
let rulesSeen = 0;
const MAX_STILL = 500; // beyond, those that left the page are let go
let wake: () => void = () => undefined;

/** The style that animations hold an element in; '' for none. */
export const heldStyle = (el: Element): string => held.get(el) ?? '';

/** Watches the animations of a window until the signal ends it. */
export function watchMotion(touch: () => void, signal: AbortSignal, view: typeof globalThis = globalThis): void {
  wake = touch;
  if (view === globalThis) {
    watchMedia(touch, signal);
    signal.addEventListener('abort', () => still.clear());
  }
  const { document: within, Animation, Element, KeyframeEffect } = view;
  for (const animation of within.getAnimations()) note(animation);
  hook(Element.prototype, 'animate', (_, animation) => note(animation as Animation), signal);
  for (const name of ['play', 'pause', 'finish', 'cancel', 'reverse']) hook(Animation.prototype, name, (animation) => note(animation as Animation), signal);
  hook(KeyframeEffect.prototype, 'setKeyframes', (effect) => again((effect as KeyframeEffect).target), signal);
  for (const type of ['animationstart', 'animationend', 'animationcancel']) within.addEventListener(type, ({ target }) => again(target), { capture: true, passive: true, signal });
}

/** Attributes that no record tells of and that may be others now: the style of elements that animations hold, the states of custom elements. */
export function moved(): (readonly [el: Element, name: string])[] {
  if (still.size > MAX_STILL) for (const el of still) if (!el.isConnected) still.delete(el);
  // Keyframes are rules of sheets: what an element is held in may be another style when one has changed.
  if (rulesSeen !== (rulesSeen = sheetsTurn())) for (const el of still) noted.add(el);
  const list = [...noted].filter((el) => {
    const now = holds(el);
    const before = heldStyle(el);
    if (now) held.set(el, now);
    else held.delete(el);
    if (now) still.add(el);
    else still.delete(el);
    return now !== before;
  });
  const states = [...stated];
  noted.clear();
  stated.clear();
  return [...list.map((el) => [el, 'style'] as const), ...states.map((el) => [el, '#states'] as const)];
}

function again(target: EventTarget | null): void {
  if (!isElement(target as Node | null)) return;
  noted.add(target as Element);
  wake();
}

function note(animation: Animation): void {
  const target = (animation.effect as Partial<KeyframeEffect> | null)?.target;
  // A transition ends where the style already is.
  if (!target || 'transitionProperty' in animation) return;
  const then = (): void => again(target);
  then();
  animation.finished.then(then, then);
}

const meta = /^(offset|computedOffset|easing|composite)$/;
const spelled: Readonly<Record<string, string>> = { cssFloat: 'float', cssOffset: 'offset' };
const cssName = (key: string): string => spelled[key] ?? (key.startsWith('--') ? key : key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`));

function holds(el: Element): string {
  const names = new Set<string>();
  for (const { effect, playState } of el.isConnected ? el.getAnimations() : []) {
    if (playState === 'running' || !effect || !('getKeyframes' in effect) || (effect as KeyframeEffect).pseudoElement) continue;
    for (const frame of (effect as KeyframeEffect).getKeyframes()) for (const key of Object.keys(frame)) if (!meta.test(key)) names.add(cssName(key));
  }
  if (!names.size) return '';
  const computed = getComputedStyle(el);
  return [...names].map((name) => `${name}:${computed.getPropertyValue(name)}!important`).join(';');
}

function hook(proto: object, name: string, called: (of: unknown, result: unknown) => void, signal: AbortSignal): void {
  const was = Object.getOwnPropertyDescriptor(proto, name);
  const fn = was?.value as ((...args: unknown[]) => unknown) | undefined;
  if (!fn || !was?.configurable) return;
  const ours = function (this: unknown, ...args: unknown[]): unknown {
    const result = Reflect.apply(fn, this, args);
    called(this, result);
    return result;
  };
  Object.defineProperty(proto, name, { ...was, value: ours });
  signal.addEventListener('abort', () => {
    if (Reflect.get(proto, name) === ours) Object.defineProperty(proto, name, was);
  });
}
