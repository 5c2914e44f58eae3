// Runs in the customer's page: parses cases, and puts trees into the page for the SDK to find.
// The page's policy lets no script and no request of theirs through; what would leave the page all the same is taken off.
import { type Case, key, parse, type Parsed, plain, type Plain, size } from './tree';

/** A distinct tree, told to the test outside. */
export interface Tree {
  readonly id: string;
  readonly elements: number;
  readonly attributes: number;
  readonly plain: readonly Plain[];
}

// Payloads can hide the document's own methods; these were taken before.
const { createElementNS, querySelector } = Document.prototype as { createElementNS(space: string, name: string): Element; querySelector(query: string): Element | null };
const make = (name: string): Element => createElementNS.call(document, 'http://www.w3.org/1999/xhtml', name);
const adopt = document.adoptNode.bind(document);
const find = (query: string): Element | null => querySelector.call(document, query);
const inertly = document.implementation.createHTMLDocument('');

const kept = new Map<string, Parsed>();

// A refresh is no script and no request that a policy stops, and a frame is a page of its own; neither is shared.
const leaving: readonly (readonly [string, readonly string[]])[] = [['meta', ['http-equiv']], ['iframe, frame, embed, object, portal, fencedframe', ['src', 'srcdoc', 'data']]];

function neutral(box: Element): void {
  for (const [selector, names] of leaving) {
    for (const element of box.querySelectorAll(selector)) for (const name of names) element.removeAttribute(name);
  }
}

function boxOf(id: string): Element {
  const made = kept.get(id);
  if (!made) throw new Error('no such tree');
  const box = make('div');
  for (const attr of made.root) box.setAttributeNode(attr.cloneNode() as Attr);
  // Adopted into an inert document first: what is taken off must be off before the page sees it.
  const inert = inertly.createElement('div');
  inert.append(...made.nodes.map((node) => node.cloneNode(true)));
  neutral(inert);
  box.setAttribute('data-case', id);
  box.append(...[...inert.childNodes].map((node) => adopt(node)));
  return box;
}

const cases = {
  /** Reads cases and gives the trees that were not there before. */
  parse(list: readonly Case[], seen: Set<string> = new Set()): Tree[] {
    return list.flatMap(parse).flatMap((made): Tree[] => {
      const what = key(made);
      const { elements, attributes } = size(made);
      if (seen.has(what) || made.nodes.length === 0) return [];
      seen.add(what);
      kept.set(made.id, made);
      return [{ id: made.id, elements, attributes, plain: made.nodes.map(plain).filter((node) => node !== null) }];
    });
  },
  /** Forgets all trees. */
  forget(): void {
    kept.clear();
  },
  /** Shows trees, and behind them which turn it is. */
  show(ids: readonly string[], turn: number): void {
    const mark = make('p');
    mark.setAttribute('data-turn', String(turn));
    find('[data-cases]')?.replaceChildren(...ids.map(boxOf), mark);
  },
};

export type Cases = typeof cases;

declare global {
  interface Window {
    readonly cases: Cases;
  }
}

Object.defineProperty(window, 'cases', { value: cases });
