// What the server knows of the page: which node has which id, and under which parent it was told last.
import { firstChild, nextSibling, shadowOf } from './natives';
import type { ElementDef } from './vocab';

/** A node that the server knows. */
export interface Known {
  readonly id: number;
  up: number; // id of the parent
  readonly privacy: number;
  readonly def: ElementDef | null; // of an element that is told as one; null for texts, shadow roots and boxes
  readonly content: number; // what it may hold
  sent: string[] | undefined; // names of the attributes that were told
  live: Map<number, string> | undefined; // live states told last
  asset: number; // picture or style sheet told last
}

/** What a node may hold beyond the vocabulary's kinds of content. */
export const Holds = { Nothing: 0, Root: 5, Styles: 6 } as const;

/** What one node adds to the rolling hash: SumStep of internal/wire/dom.go. */
export function sumStep(id: number, parent: number): number {
  let h = Math.imul(id, 0x9e3779b1) ^ Math.imul(parent, 0x85ebca6b);
  h ^= h >>> 15;
  return Math.imul(h, 0xc2b2ae35) >>> 0;
}

/** The nodes of one epoch. */
export class Tree {
  readonly #known = new Map<Node, Known>();
  readonly #nodes = new Map<number, Node>();
  /** Style elements that stand for adopted sheets; they are in no page. By the node that they are told under. */
  readonly extras = new Map<Node, HTMLStyleElement[]>();
  /** Called for every node that is forgotten. */
  gone: (node: Node) => void = () => undefined;
  next = 1;
  sum = 0;

  get count(): number {
    return this.#nodes.size - 1;
  }

  constructor(root: Document, privacy: number) {
    this.#put(root, { id: 0, up: 0, privacy, def: null, content: Holds.Root, sent: undefined, live: undefined, asset: 0 });
  }

  #put(node: Node, known: Known): Known {
    this.#known.set(node, known);
    this.#nodes.set(known.id, node);
    return known;
  }

  of(node: Node): Known | undefined {
    return this.#known.get(node);
  }

  node(id: number): Node | undefined {
    return this.#nodes.get(id);
  }

  /** Gives a node the next id. */
  add(node: Node, up: Known, privacy: number, def: ElementDef | null, content: number): Known {
    const id = this.next++;
    this.sum = (this.sum + sumStep(id, up.id)) >>> 0;
    return this.#put(node, { id, up: up.id, privacy, def, content, sent: undefined, live: undefined, asset: 0 });
  }

  /** Notes a new parent. */
  move(known: Known, up: number): void {
    this.sum = (this.sum - sumStep(known.id, known.up) + sumStep(known.id, up)) >>> 0;
    known.up = up;
  }

  /** Forgets a node with all it holds now. */
  forget(node: Node): void {
    const known = this.#known.get(node);
    if (!known) return;
    this.#known.delete(node);
    this.#nodes.delete(known.id);
    this.sum = (this.sum - sumStep(known.id, known.up)) >>> 0;
    this.gone(node);
    for (let c: Node | null = firstChild(node); c; c = nextSibling(c)) this.forget(c);
    const extras = this.extras.get(node);
    if (extras) {
      this.extras.delete(node);
      for (const el of extras) this.forget(el);
    }
    const root = node instanceof Element ? shadowOf(node) : null;
    if (root) this.forget(root);
  }

  /** The number of elements above a node that the server knows. */
  depth(known: Known): number {
    let n = 0;
    for (let at: Known | undefined = known; at && at.id > 0; n++) {
      const up = this.#nodes.get(at.up);
      at = up && this.#known.get(up);
    }
    return n;
  }
}
