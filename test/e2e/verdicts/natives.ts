// A form's own properties are hidden by what it holds: <input name=attributes> is form.attributes. Payloads do that, so nodes
// are asked through the prototypes' own getters. They work for nodes of another window of the same origin, too.

function getter<T extends Node, K extends keyof T>(prototype: T, name: K): (node: Node) => T[K] {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  if (!get) throw new Error(`no getter ${String(name)}`);
  return (node) => get.call(node) as T[K];
}

export const childNodes = getter(Node.prototype, 'childNodes');
export const nodeType = getter(Node.prototype, 'nodeType');
export const parentNode = getter(Node.prototype, 'parentNode');
export const text = getter(Node.prototype, 'textContent');
export const attributes = getter(Element.prototype, 'attributes');
export const localName = getter(Element.prototype, 'localName');
export const namespace = getter(Element.prototype, 'namespaceURI');
export const shadow = getter(Element.prototype, 'shadowRoot');

export const topOf = getter(Document.prototype, 'documentElement');
export const headOf = getter(Document.prototype, 'head');
export const bodyOf = getter(Document.prototype, 'body');

const proto = Element.prototype;
const { closest, getAttribute, hasAttribute, scrollIntoView, getBoundingClientRect } = proto;
export const attributeOf = (element: Element, name: string): string | null => getAttribute.call(element, name);
export const has = (element: Element, name: string): boolean => hasAttribute.call(element, name);
export const bring = (element: Element): void => { scrollIntoView.call(element, { block: 'center', behavior: 'instant' }); };
export const boxOf = (element: Element): DOMRect => getBoundingClientRect.call(element);

/** The case that a node belongs to. */
export function caseOf(node: Node): string | null {
  const parent = parentNode(node);
  const box = parent && nodeType(parent) === 1 ? closest.call(parent as Element, '[data-case]') : null;
  if (box) return attributeOf(box, 'data-case');
  const frame = node.ownerDocument?.defaultView?.frameElement;
  return frame && frame.ownerDocument !== document ? caseOf(frame) : null;
}
