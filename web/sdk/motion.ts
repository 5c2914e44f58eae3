// Where Web Animations have brought elements (case 22), as a part of the SDK. What runs is not told; where it ended, or stands
// still, is told as style of the element, because no attribute says it.

const held = new WeakMap<Element, string>();
const noted = new Set<Element>();
let wake: () => void = () => undefined;

/** The style that animations hold an element in; '' for none. */
export const heldStyle = (el: Element): string => held.get(el) ?? '';

/** Watches the animations of a document until the signal ends it. */
export function watchMotion(touch: () => void, signal: AbortSignal): void {
  wake = touch;
  for (const animation of document.getAnimations()) note(animation);
  hook(Element.prototype, 'animate', (_, animation) => note(animation as Animation), signal);
  for (const name of ['play', 'pause', 'finish', 'cancel', 'reverse']) hook(Animation.prototype, name, (animation) => note(animation as Animation), signal);
  for (const type of ['animationstart', 'animationend', 'animationcancel']) document.addEventListener(type, look, { capture: true, passive: true, signal });
}

/** The elements whose held style may be another one now. */
export function moved(): Element[] {
  const list = [...noted].filter((el) => {
    const now = holds(el);
    const before = heldStyle(el);
    if (now) held.set(el, now);
    else held.delete(el);
    return now !== before;
  });
  noted.clear();
  return list;
}

function look({ target }: Event): void {
  if (!(target instanceof Element)) return;
  noted.add(target);
  wake();
}

function note(animation: Animation): void {
  const target = (animation.effect as Partial<KeyframeEffect> | null)?.target;
  // A transition ends where the style already is.
  if (!target || animation instanceof CSSTransition) return;
  const again = (): void => {
    noted.add(target);
    wake();
  };
  again();
  animation.finished.then(again, again);
}

const meta = /^(offset|computedOffset|easing|composite)$/;
const spelled: Readonly<Record<string, string>> = { cssFloat: 'float', cssOffset: 'offset' };
const cssName = (key: string): string => spelled[key] ?? (key.startsWith('--') ? key : key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`));

function holds(el: Element): string {
  const names = new Set<string>();
  for (const { effect, playState } of el.isConnected ? el.getAnimations() : []) {
    if (playState === 'running' || !(effect instanceof KeyframeEffect) || effect.pseudoElement) continue;
    for (const frame of effect.getKeyframes()) for (const key of Object.keys(frame)) if (!meta.test(key)) names.add(cssName(key));
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
