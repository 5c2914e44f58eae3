// The browser's own functions, taken when the SDK loads: pages patch prototypes, zone.js wraps observers and timers, and a
// form's field named "firstChild" hides the property of that name (case 25).

/* eslint-disable @typescript-eslint/unbound-method -- taking methods off their objects is what this file is for */
type Method<T, A extends unknown[], R> = (this: T, ...args: A) => R;

/** Makes a function of a prototype's: its object becomes the first argument. */
const free = Function.prototype.bind.bind(Function.prototype.call) as <T, A extends unknown[], R>(fn: Method<T, A, R>) => (of: T, ...args: A) => R;

/** Reads a property of a prototype past whatever an object has under that name. */
function getter<T extends object, K extends keyof T & string>(proto: T, name: K): (of: T) => T[K] {
  return free(Object.getOwnPropertyDescriptor(proto, name)?.get as Method<T, [], T[K]>);
}

/** Writes a property through a prototype's setter, as a person's input would: frameworks that watch the instance see it. */
export function setter<T extends object, K extends keyof T & string>(proto: T, name: K): (of: T, value: T[K]) => void {
  return free(Object.getOwnPropertyDescriptor(proto, name)?.set as Method<T, [T[K]], void>);
}

const all = globalThis as unknown as Record<string, unknown>;
const zone = all['Zone'] as { readonly __symbol__?: (name: string) => string } | undefined;

/** What zone.js put aside under another name, or the global itself. */
function original<K extends keyof typeof globalThis>(name: K): (typeof globalThis)[K] {
  return (all[zone?.__symbol__?.(name) ?? ''] ?? all[name]) as (typeof globalThis)[K];
}

const node = Node.prototype;
const element = Element.prototype;

export const firstChild = getter(node, 'firstChild');
export const nextSibling = getter(node, 'nextSibling');
export const previousSibling = getter(node, 'previousSibling');
export const parentNode = getter(node, 'parentNode');
export const nodeType = getter(node, 'nodeType');
/** The document or shadow root that a node is in, or the topmost node above it. */
export const rootOf = free(node.getRootNode as Method<Node, [], Node>);
export const data = getter(CharacterData.prototype, 'data');
export const localName = getter(element, 'localName');
export const namespaceOf = getter(element, 'namespaceURI');
const doc = Document.prototype;
export const titleOf = getter(doc, 'title');
export const textOf = getter(node, 'textContent');
// <img name=body>, or two forms of that name, hide the document's own (HTML, section 3.1.5).
type Own = 'documentElement' | 'head' | 'body' | 'adoptedStyleSheets' | 'compatMode' | 'baseURI' | 'activeElement' | 'fullscreenElement';
const ofDocument = <K extends Own>(proto: object, name: K): ((of?: Document) => Document[K]) => {
  const get = getter(proto as Document, name);
  return (of = document) => get(of);
};
export const rootElement = ofDocument(doc, 'documentElement');
export const headElement = ofDocument(doc, 'head');
export const bodyElement = ofDocument(doc, 'body');
export const documentSheets = ofDocument(doc, 'adoptedStyleSheets');
export const rootSheets = getter(ShadowRoot.prototype, 'adoptedStyleSheets');
export const fullscreen = ofDocument(doc, 'fullscreenElement');
export const compatMode = ofDocument(doc, 'compatMode');
export const baseAddress = ofDocument(node, 'baseURI');
const activeElement = ofDocument(doc, 'activeElement');
/** The address that a node's own addresses are relative to. */
export const baseOf = getter(node, 'baseURI');
export const documentOf = getter(node, 'ownerDocument') as (n: Node) => Document;
/** The window that shows a document; null for one that is gone. */
export const viewOf = getter(doc, 'defaultView');
const ownDocument = getter(HTMLIFrameElement.prototype, 'contentDocument');
/**
 * What documents of other origins tell of themselves (case 18), by their frames: a mirror, a document that nobody sees and whose
 * elements only stand for what was told.
 */
export const mirrors = new Map<Element, Document>();
/** The document of a frame, or its mirror; null where the page may not look. */
export const frameDocument = (frame: HTMLIFrameElement): Document | null => ownDocument(frame) ?? mirrors.get(frame) ?? null;
/** Whether a node is an element, of whatever window: instanceof knows those of this one only. */
export const isElement = (n: Node | null | undefined): n is Element => !!n && nodeType(n) === 1;
const makeElement = free(Reflect.get(doc, 'createElement') as Method<Document, [string], HTMLElement>);
/** Makes an element of the page's document. */
export const create = <K extends keyof HTMLElementTagNameMap>(name: K): HTMLElementTagNameMap[K] => makeElement(document, name) as HTMLElementTagNameMap[K];
const makeIn = free(Reflect.get(doc, 'createElementNS') as Method<Document, [string, string], Element>);
/** Makes an element of a drawing. */
export const createSVG = (name: string): Element => makeIn(document, 'http://www.w3.org/2000/svg', name);
const makeText = free(doc.createTextNode);
const makeFragment = free(doc.createDocumentFragment);
/** An empty tree of no page. */
export const fragment = (): DocumentFragment => makeFragment(document);
const appendNode = free(Reflect.get(node, 'appendChild') as Method<Node, [Node], Node>);
/** Puts nodes and texts behind what a node holds. */
export function put(to: Node, ...kids: (Node | string)[]): void {
  for (const kid of kids) appendNode(to, typeof kid === 'string' ? makeText(document, kid) : kid);
}
export const removeNode = free(element.remove);
const isConnected = getter(node, 'isConnected');
/** Whether a document is told: a window shows it, or it is a mirror. What a frame that moved has left behind is neither. */
export const shown = (of: Document): boolean => viewOf(of) !== null || !!frameOfMirror(of);
/** Whether a node is in a document that is told. */
export const connected = (n: Node): boolean => isConnected(n) && shown(documentOf(n));
const topmost = free(doc.elementFromPoint);
/** What lies topmost at a place of the window. */
export const elementAt = (x: number, y: number): Element | null => topmost(document, x, y);
export const positionOf = free(node.compareDocumentPosition);
const fromPoint = free(doc.elementsFromPoint);
/** What lies at a place of a document's window, from the top. */
export const elementsAt = (of: Document, x: number, y: number): Element[] => fromPoint(of, x, y);
const openRoot = getter(element, 'shadowRoot');
export const attributeNames = free(element.getAttributeNames);
export const attribute = free(element.getAttribute);
export const matches = free(element.matches as Method<Element, [string], boolean>);
const finder = (proto: ParentNode): ((of: ParentNode, selector: string) => NodeListOf<Element>) =>
  free(Reflect.get(proto, 'querySelectorAll') as Method<ParentNode, [string], NodeListOf<Element>>);
const inDocument = finder(Document.prototype);
const inFragment = finder(DocumentFragment.prototype);
/** All elements of a document or shadow root that match. */
export const findAll = (root: ParentNode, selector: string): NodeListOf<Element> => (nodeType(root) === 9 ? inDocument : inFragment)(root, selector);
const byId = free(doc.getElementById);
/** The element of the document that an id names. */
export const named = (id: string): HTMLElement | null => byId(document, id);
export const assignedTo = free(HTMLSlotElement.prototype.assignedNodes as Method<Node, [], readonly Node[]>);
export const rectOf = free(element.getBoundingClientRect);
const listenTo = free(
  EventTarget.prototype.addEventListener as Method<EventTarget, [string, (event: Event) => void, AddEventListenerOptions], unknown>,
);
const attachShadow = free(element.attachShadow);
const attachInternals = free(HTMLElement.prototype.attachInternals);

export const Observer = original('MutationObserver');
export const observe = free(Observer.prototype.observe);
export const recordsOf = free(Observer.prototype.takeRecords);
export const observeBox = free(ResizeObserver.prototype.observe);
const timeout = original('setTimeout') as unknown as (fn: () => void, ms: number) => number;
const frame = original('requestAnimationFrame');
const load = original('fetch');

// What the page has loaded is what may be read again for agents. Browsers remember 250 (Resource Timing, section 4.5).
performance.setResourceTimingBufferSize(4000);

/** Runs fn after ms milliseconds; clearTimeout takes the number. */
export const later = (fn: () => void, ms: number): number => timeout(fn, ms);
/** Runs fn before the next paint. */
export const nextFrame = (fn: () => void): unknown => frame(fn);
/** fetch, as it was when the SDK loaded. */
export const request = (url: string, init?: RequestInit): Promise<Response> => load(url, init);

/** Listens until the signal ends it. Capturing and passive: the page notices nothing. */
export function listen(target: EventTarget, types: string, fn: (event: Event) => void, signal: AbortSignal): void {
  for (const type of types.split(' ')) listenTo(target, type, fn, { capture: true, passive: true, signal });
}

/** Runs fn when a signal is given. */
export const aborted = (signal: AbortSignal, fn: () => void): unknown => listenTo(signal, 'abort', fn, {});

/** Who is told of what scripts do that leaves no mutation record. */
export const hooks = {
  attached: (_host: Element): void => undefined,
  changed: (): void => undefined,
  pointed: (_event: Event): void => undefined,
  /** The customer presses something, in whatever document of the page. */
  acted: (_event: Event): void => undefined,
  /** The page is captured from now on, until the signal ends it. */
  began: (_signal: AbortSignal): void => undefined,
  /** A frame was looked at; its document may be of another origin. */
  framed: (_frame: Element): void => undefined,
  /** A document within the page is gone from what is told. */
  left: (_document: Document): void => undefined,
};

const roots = new WeakMap<Element, ShadowRoot>();

/** Gives an element a shadow root, which is known from then on. */
export function addShadow(el: Element, init: ShadowRootInit): ShadowRoot {
  const root = attachShadow(el, init);
  roots.set(el, root);
  return root;
}

// Closed roots can be known in no other way (case 4), so this hook stays from load on. It only remembers.
// Of a page that froze its prototypes, closed roots stay unknown.
export function hookShadows(proto: Element): void {
  Reflect.set(proto, 'attachShadow', function (this: Element, init: ShadowRootInit): ShadowRoot {
    const root = addShadow(this, init);
    hooks.attached(this);
    return root;
  });
}
hookShadows(element);

/** The states that custom elements give themselves (HTML, section 4.13.7.5), and the elements by them. */
export const statesOf = new WeakMap<Element, Iterable<string>>();
export const statedBy = new WeakMap<object, Element>();

// Closed roots that the page's source declares: their elements get hold of them so.
Reflect.set(HTMLElement.prototype, 'attachInternals', function (this: HTMLElement): ElementInternals {
  const internals = attachInternals(this);
  const { states } = internals as { states?: Iterable<string> }; // younger than the rest
  if (states) {
    statesOf.set(this, states);
    statedBy.set(states, this);
  }
  if (internals.shadowRoot) {
    roots.set(this, internals.shadowRoot);
    hooks.attached(this);
  }
  return internals;
});

/** The shadow root of an element, closed ones included when they were attached after the SDK loaded. */
export const shadowOf = (el: Element): ShadowRoot | null => roots.get(el) ?? openRoot(el);

/** The parent in the composed tree: of a shadow root, its host, of a document within the page, its frame. */
export const above = (n: Node): Node | null =>
  parentNode(n) ?? (nodeType(n) === 9 ? (n !== document && (viewOf(n as Document)?.frameElement ?? frameOfMirror(n))) || null : ((n as Partial<ShadowRoot>).host ?? null));

/** The frame whose mirror a document is. */
function frameOfMirror(n: Node): Element | undefined {
  for (const [frame, mirror] of mirrors) if (mirror === n) return frame;
  return undefined;
}

/** What has the focus in a mirror. */
export const focusIn = new WeakMap<Document, Element>();

/** The element that has the focus, shadow trees and documents within the page included. */
export function focused(): HTMLElement | null {
  let at = activeElement();
  for (let inner = at; inner; inner = insideOf(inner)) at = inner;
  return at as HTMLElement | null;
}

function insideOf(el: Element): Element | null {
  const within = localName(el) === 'iframe' && frameDocument(el as HTMLIFrameElement);
  return within ? (focusIn.get(within) ?? activeElement(within)) : (shadowOf(el)?.activeElement ?? null);
}

/** The SDK's own elements in the page. They are never captured and never operated. */
export const ours = new WeakSet<Node>();
