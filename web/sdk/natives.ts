// The browser's own functions, taken when the SDK loads: pages patch prototypes, zone.js wraps observers and timers, and a
// form's field named "firstChild" hides the property of that name (case 25).

/** Reads a property of a prototype past whatever an object has under that name. */
export function getter<T extends object, K extends keyof T & string>(proto: T, name: K): (of: T) => T[K] {
  const get = Object.getOwnPropertyDescriptor(proto, name)?.get as (this: T) => T[K];
  return (of) => get.call(of);
}

/** Writes a property through a prototype's setter, as a person's input would: frameworks that watch the instance see it. */
export function setter<T extends object, K extends keyof T & string>(proto: T, name: K): (of: T, value: T[K]) => void {
  const set = Object.getOwnPropertyDescriptor(proto, name)?.set as (this: T, value: T[K]) => void;
  return (of, value) => set.call(of, value);
}

/** Calls a prototype's function on an object, whatever the object has under its name. */
function method<T extends object, A extends unknown[], R>(fn: (this: T, ...args: A) => R): (of: T, ...args: A) => R {
  return (of, ...args) => fn.apply(of, args);
}

interface ZoneLike {
  readonly __symbol__?: (name: string) => string;
}

/** What zone.js put aside under another name, or the global itself. */
function original<K extends keyof typeof globalThis>(name: K): (typeof globalThis)[K] {
  const all = globalThis as unknown as Record<string, unknown>;
  const zone = all['Zone'] as ZoneLike | undefined;
  const kept = zone?.__symbol__ && all[zone.__symbol__(name)];
  return (kept ?? all[name]) as (typeof globalThis)[K];
}

const node = Node.prototype;
const element = Element.prototype;

export const firstChild = getter(node, 'firstChild');
export const nextSibling = getter(node, 'nextSibling');
export const previousSibling = getter(node, 'previousSibling');
export const parentNode = getter(node, 'parentNode');
export const nodeType = getter(node, 'nodeType');
export const isConnected = getter(node, 'isConnected');
export const textContent = getter(node, 'textContent');
export const data = getter(CharacterData.prototype, 'data');
export const localName = getter(element, 'localName');
export const namespaceOf = getter(element, 'namespaceURI');
const openRoot = getter(element, 'shadowRoot');
/* eslint-disable @typescript-eslint/unbound-method -- called with their object by method() */
export const attributeNames = method<Element, [], string[]>(element.getAttributeNames);
export const attribute = method<Element, [string], string | null>(element.getAttribute);
export const matches = method<Element, [string], boolean>(element.matches as (selector: string) => boolean);
export const rectOf = method<Element, [], DOMRect>(element.getBoundingClientRect);
type Listen = (type: string, fn: (event: Event) => void, options: AddEventListenerOptions) => void;
const listenTo = method<EventTarget, Parameters<Listen>, void>(EventTarget.prototype.addEventListener as Listen);
const attachShadow = element.attachShadow;
/* eslint-enable @typescript-eslint/unbound-method */

export const Observer = original('MutationObserver');
const timeout = original('setTimeout');
const frame = original('requestAnimationFrame');
const load = original('fetch');

/** Runs fn after ms milliseconds; clearTimeout takes the number. */
export function later(fn: () => void, ms: number): number {
  return timeout(fn, ms) as unknown as number;
}

/** Runs fn before the next paint. */
export function nextFrame(fn: () => void): void {
  frame(fn);
}

/** fetch, as it was when the SDK loaded. */
export function request(url: string, init?: RequestInit): Promise<Response> {
  return load(url, init);
}

/** Listens while the page is captured; the signal ends it. Capturing and passive: the page notices nothing. */
export function listen(target: EventTarget, types: string, fn: (event: Event) => void, signal: AbortSignal): void {
  for (const type of types.split(' ')) listenTo(target, type, fn, { capture: true, passive: true, signal });
}

const roots = new WeakMap<Element, ShadowRoot>();

/** Is told of every shadow root that the page attaches. */
export const rootHook: { attached: (host: Element) => void } = { attached: () => undefined };

// Closed roots can be known in no other way (case 4), so this hook stays from load on. It only remembers.
element.attachShadow = function attach(this: Element, init: ShadowRootInit): ShadowRoot {
  const root = attachShadow.call(this, init);
  roots.set(this, root);
  rootHook.attached(this);
  return root;
};

/** The shadow root of an element, closed ones included when they were attached after the SDK loaded. */
export function shadowOf(el: Element): ShadowRoot | null {
  return roots.get(el) ?? openRoot(el);
}

/** The parent in the composed tree: of a shadow root, its host. */
export function above(n: Node): Node | null {
  return parentNode(n) ?? (n instanceof ShadowRoot ? n.host : null);
}

/** The SDK's own elements in the page. They are never captured and never operated. */
export const ours = new WeakSet<Node>();
