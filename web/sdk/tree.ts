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
  sent?: Map<string, string | number>; // attributes as they were told last
  live?: Map<number, string>; // live states told last
}

// What a node may hold beyond the vocabulary's kinds of content.
export const HoldsNothing = 0;
export const HoldsRoot = 16;
export const HoldsStyles = 17;

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
  readonly #gone: (node: Node) => void;
  readonly root: Known;
  next = 0;
  sum = 0;

  constructor(document: Document, privacy: number, gone: (node: Node) => void) {
    this.#gone = gone;
    this.root = this.add(document, { id: 0 }, privacy, null, HoldsRoot);
  }

  get count(): number {
    return this.#nodes.size - 1;
  }

  of(node: Node | null): Known | undefined {
    return node ? this.#known.get(node) : undefined;
  }

  node(id: number): Node | undefined {
    return this.#nodes.get(id);
  }

  /** Gives a node the next id. */
  add(node: Node, up: { readonly id: number }, privacy: number, def: ElementDef | null, content: number): Known {
    const known = { id: this.next++, up: up.id, privacy, def, content };
    this.sum = (this.sum + sumStep(known.id, up.id)) >>> 0;
    this.#known.set(node, known);
    this.#nodes.set(known.id, node);
    return known;
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
    this.#gone(node);
    for (let c: Node | null = firstChild(node); c; c = nextSibling(c)) this.forget(c);
    for (const el of this.extras.get(node) ?? []) this.forget(el);
    this.extras.delete(node);
    const root = node instanceof Element && shadowOf(node);
    if (root) this.forget(root);
  }

  /** The number of nodes above a node. */
  depth(known: Known): number {
    return known.id === 0 ? 0 : 1 + this.depth(this.of(this.node(known.up) ?? null) ?? this.root);
  }
}
