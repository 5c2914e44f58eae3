// A payload as trees: parsed by the browser in a document without a window, where nothing runs and nothing is asked for.
// Bundled for the page.
import { attributes, bodyOf, childNodes, headOf, localName, namespace, nodeType, topOf } from './natives';

/** A case of a corpus. */
export interface Case {
  readonly id: string;
  readonly html: string;
  /** The element that the text stands in, as html5lib names it: "td", "svg path". */
  readonly fragment?: string;
}

/** The ways to read a text as markup. */
export type Context = 'document' | 'fragment' | 'within';

/** A payload in one context. */
export interface Parsed {
  /** Of the case, with the context behind it. */
  readonly id: string;
  readonly nodes: readonly Node[];
  /** Attributes of the root element, which cannot stand inside another page. */
  readonly root: readonly Attr[];
}

/** A node without its document: text, comment, or element with its namespace, name, attributes and children. */
export type Plain = string | readonly ['!', string] | readonly [string, string, readonly (readonly [string, string])[], readonly Plain[]];

const spaces = new Map([['http://www.w3.org/2000/svg', 'svg'], ['http://www.w3.org/1998/Math/MathML', 'math'], ['http://www.w3.org/1999/xhtml', 'html']]);

/** What a node holds; a template holds a tree of its own. */
export function childrenOf(node: Node): readonly Node[] {
  if (node instanceof HTMLTemplateElement && childNodes(node.content).length > 0) return [...childNodes(node.content)];
  return [...childNodes(node)];
}

/** The node as data. */
export function plain(node: Node): Plain | null {
  if (node instanceof CharacterData) return nodeType(node) === Node.TEXT_NODE || nodeType(node) === Node.CDATA_SECTION_NODE ? node.data : ['!', node.data];
  if (!(node instanceof Element)) return null;
  const attrs = [...attributes(node)].map(({ name, value }) => [name, value] as const);
  const kids = childrenOf(node).map(plain).filter((kid) => kid !== null);
  return [spaces.get(namespace(node) ?? '') ?? 'other', localName(node), attrs, kids];
}

// Made before any payload is there, which could hide the document's own methods.
const inert = document.implementation.createHTMLDocument('');

function within(context: string, html: string): readonly Node[] {
  const [space, name] = context.includes(' ') ? context.split(' ') : ['html', context];
  const uri = [...spaces].find(([, short]) => short === space)?.[0] ?? null;
  const element = inert.createElementNS(uri, name ?? 'div');
  element.innerHTML = html;
  return childrenOf(element);
}

/** A document whose head is empty and whose html and body carry nothing is what its body holds. */
function ofDocument(html: string): Omit<Parsed, 'id'> {
  const made = new DOMParser().parseFromString(html, 'text/html');
  const [top, head, body] = [topOf(made), headOf(made), bodyOf(made)];
  const bare = (element: Element): boolean => attributes(element).length === 0;
  const simple = childNodes(top).length === 2 && bare(top) && body instanceof HTMLBodyElement && bare(body) && bare(head) && childNodes(head).length === 0;
  return { nodes: [...childNodes(simple ? body : top)], root: [...attributes(top)] };
}

/** Reads a case in every context that it has. */
export function parse({ id, html, fragment }: Case): readonly Parsed[] {
  const template = inert.createElement('template');
  template.innerHTML = html;
  const list: Parsed[] = [
    { id: `${id} document`, ...ofDocument(html) },
    { id: `${id} fragment`, nodes: [...template.content.childNodes], root: [] },
  ];
  if (fragment) list.push({ id: `${id} within`, nodes: within(fragment, html), root: [] });
  return list;
}

/** What tells one tree from another. */
export function key({ nodes, root }: Parsed): string {
  return JSON.stringify([root.map(({ name, value }) => [name, value]), nodes.map(plain)]);
}

/** How many elements and attributes a tree has. */
export function size({ nodes, root }: Parsed): { elements: number; attributes: number } {
  const total = { elements: 0, attributes: root.length };
  const add = (node: Node): void => {
    if (node instanceof Element) {
      total.elements++;
      total.attributes += attributes(node).length;
    }
    childrenOf(node).forEach(add);
  };
  nodes.forEach(add);
  return total;
}
