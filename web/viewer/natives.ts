/* eslint-disable @typescript-eslint/unbound-method -- each is called with its object by Reflect.apply */
// The browser's own functions, taken before any page is shown. A page's elements can hide properties of their forms and
// documents behind ids (threat row 16), so the stage is only ever touched through these. They work on nodes of every document.

function getter<T extends object, K extends keyof T>(prototype: T, name: K): (of: T) => T[K] {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  if (!get) throw new Error(`this browser lacks ${String(name)}`);
  return (of) => Reflect.apply(get, of, []) as T[K];
}

function setter<T extends object, K extends keyof T>(prototype: T, name: K): (of: T, value: T[K]) => void {
  const set = Object.getOwnPropertyDescriptor(prototype, name)?.set;
  if (!set) throw new Error(`this browser lacks ${String(name)}`);
  return (of, value) => {
    Reflect.apply(set, of, [value]);
  };
}

function method<T extends object, A extends unknown[], R>(fn: (this: T, ...args: A) => R): (of: T, ...args: A) => R {
  return (of, ...args) => Reflect.apply(fn, of, args);
}

const D = Document.prototype;
const N = Node.prototype;
const E = Element.prototype;

const createNS = method(D.createElementNS as (this: Document, ns: string, name: string) => Element);
export const createText = method(D.createTextNode);
export const rootOf = getter(D, 'documentElement');
export const compatMode = getter(D, 'compatMode');
export const documentOf = getter(HTMLIFrameElement.prototype, 'contentDocument');

export const appendChild = method(N.appendChild as (this: Node, child: Node) => Node);
export const insertBefore = method(N.insertBefore as (this: Node, child: Node, before: Node | null) => Node);
export const removeChild = method(N.removeChild as (this: Node, child: Node) => Node);
export const replaceChild = method(N.replaceChild as (this: Node, child: Node, old: Node) => Node);
export const parentOf = getter(N, 'parentNode');
export const ownerOf = getter(N, 'ownerDocument');
export const viewOf = getter(D, 'defaultView');
export const isConnected = getter(N, 'isConnected');
export const firstChildOf = getter(N, 'firstChild');
export const nextSiblingOf = getter(N, 'nextSibling');
export const textOf = getter(N, 'textContent');
export const setText = setter(N, 'textContent');
export const setData = setter(CharacterData.prototype, 'data');
export const textLength = getter(CharacterData.prototype, 'length');

export const getAttribute = method(E.getAttribute);
export const setAttribute = method(E.setAttribute);
export const removeAttribute = method(E.removeAttribute);
export const getAttributeNames = method(E.getAttributeNames);
export const hasAttribute = method(E.hasAttribute);
export const attachShadow = method(E.attachShadow);
export const shadowOf = getter(E, 'shadowRoot');
export const matches = method(E.matches as (this: Element, selector: string) => boolean);
export const rectOf = method(E.getBoundingClientRect);
export const scrollHeight = getter(E, 'scrollHeight');
export const scrollWidth = getter(E, 'scrollWidth');
export const clientHeight = getter(E, 'clientHeight');
export const clientWidth = getter(E, 'clientWidth');
export const scrollLeft = getter(E, 'scrollLeft');
export const scrollTop = getter(E, 'scrollTop');
export const setScrollLeft = setter(E, 'scrollLeft');
export const setScrollTop = setter(E, 'scrollTop');
export const isElement = (node: Node | null): node is Element => node !== null && nodeType(node) === 1;
export const nodeType = getter(N, 'nodeType');
export const localNameOf = getter(E, 'localName');
export const namespaceOf = getter(E, 'namespaceURI');

export const setInputValue = setter(HTMLInputElement.prototype, 'value');
export const inputValue = getter(HTMLInputElement.prototype, 'value');
export const setAreaValue = setter(HTMLTextAreaElement.prototype, 'value');
export const areaValue = getter(HTMLTextAreaElement.prototype, 'value');
export const setSelectIndex = setter(HTMLSelectElement.prototype, 'selectedIndex');
export const isMultiple = getter(HTMLSelectElement.prototype, 'multiple');
export const setChecked = setter(HTMLInputElement.prototype, 'checked');
export const isChecked = getter(HTMLInputElement.prototype, 'checked');
export const isIndeterminate = getter(HTMLInputElement.prototype, 'indeterminate');
export const setIndeterminate = setter(HTMLInputElement.prototype, 'indeterminate');
export const setSelected = setter(HTMLOptionElement.prototype, 'selected');
export const isSelected = getter(HTMLOptionElement.prototype, 'selected');

export const showModal = method(HTMLDialogElement.prototype.showModal);
export const closeDialog = method(HTMLDialogElement.prototype.close);
export const showPopover = method(HTMLElement.prototype.showPopover);
export const hidePopover = method(HTMLElement.prototype.hidePopover);
const assign = method(HTMLSlotElement.prototype.assign);
/** Puts nodes into a slot. */
export const assignTo = (slot: HTMLSlotElement, nodes: readonly (Element | Text)[]): void => assign(slot, ...nodes);

export const selectionOf = method(D.getSelection);
const caret = Reflect.get(D, 'caretPositionFromPoint') as Document['caretPositionFromPoint'] | undefined;
const caretRange = Reflect.get(D, 'caretRangeFromPoint') as ((x: number, y: number) => Range | null) | undefined;

/** The place in a text at a point of a document's viewport. */
export function textAt(doc: Document, x: number, y: number): { readonly node: Node; readonly offset: number } | null {
  const found = elementAt(doc, x, y);
  const shadowRoots: ShadowRoot[] = [];
  for (let at: Node | null = found; at; at = parentOf(at) ?? (nodeType(at) === 11 ? (at as ShadowRoot).host : null)) {
    if (nodeType(at) === 11) shadowRoots.push(at as ShadowRoot);
  }
  if (caret) {
    const place = Reflect.apply(caret, doc, [x, y, { shadowRoots }]);
    return place && { node: place.offsetNode, offset: place.offset };
  }
  const range = caretRange ? Reflect.apply(caretRange, doc, [x, y]) : null;
  return range && { node: range.startContainer, offset: range.startOffset };
}

/** Makes an element of the stage's document. Never anything but names from the tables or checked custom names. */
export const createElement = (doc: Document, namespace: string, name: string): Element => createNS(doc, namespace, name);

/** The element at a point of a document's viewport, looking into shadow roots. */
export function elementAt(doc: Document, x: number, y: number): Element | null {
  let found = Reflect.apply(D.elementFromPoint, doc, [x, y]);
  for (let depth = 0; found !== null && depth < 512; depth++) {
    const root = shadowOf(found);
    if (!root) break;
    const inner = Reflect.apply(ShadowRoot.prototype.elementFromPoint, root, [x, y]);
    if (!inner || inner === found) break;
    found = inner;
  }
  return found;
}
