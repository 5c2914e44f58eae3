// What the server knows of the page: which node has which id, and under which parent it was told last.
import { firstChild, hooks, isElement, nextSibling, shadowOf } from './natives';
import type { ElementDef } from './vocab';

/** A node that the server knows. */
export interface Known {
  readonly id: number;
  up: Known | undefined; // the parent
  kids: number; // nodes that it holds
  noted: boolean; // more is kept of it elsewhere
  hosts: boolean; // a shadow root
  readonly privacy: number;
  readonly def: ElementDef | null; // of an element that is told as one; null for texts, shadow roots and boxes
  readonly content: number; // what it may hold
  sent: (string | number)[] | undefined; // attributes as they were told last: names and values in turn, because most have few
  live: Map<number, string> | undefined; // live states told last
}

// What a node may hold beyond the vocabulary's kinds of content.
export const HoldsNothing = 0;
export const HoldsText = -1;
export const HoldsRoot = 16;
export const HoldsStyles = 17;

const MAX_FORGOTTEN = 20_000; // nodes that are forgotten in one go

/** The place in `sent` of an attribute's value; 0 when it was not told. */
export function sentAt({ sent }: Known, name: string): number {
  if (sent) for (let i = 0; i < sent.length; i += 2) if (sent[i] === name) return i + 1;
  return 0;
}

/** What one node adds to the rolling hash: SumStep of internal/wire/dom.go. */
function sumStep(id: number, parent = 0): number {
  let h = Math.imul(id, 0x9e3779b1) ^ Math.imul(parent, 0x85ebca6b);
  h ^= h >>> 15;
  return Math.imul(h, 0xc2b2ae35) >>> 0;
}

/** The nodes of one epoch. */
export class Tree {
  readonly #known = new Map<Node, Known>();
  readonly #nodes: (Node | undefined)[] = []; // by id
  /** Elements that are in no page: styles that stand for adopted sheets, parts of other files. By the node that they are told under. */
  readonly extras = new Map<Node, Element[]>();
  /** The documents within the page, by their frames. A document has no id: what it holds is told under its frame. */
  readonly frames = new Map<Element, Document>();
  /** Called for every node that is forgotten. */
  readonly #gone: (node: Node, noted: boolean) => void;
  readonly root: Known;
  sum = 0;
  /** More was to be forgotten than there is time for: only a new tree knows the page. */
  worn = false;
  #forgotten = 0;

  constructor(document: Document, privacy: number, gone: (node: Node, noted: boolean) => void) {
    this.#gone = gone;
    this.root = this.add(document, undefined, privacy, null, HoldsRoot);
  }

  get count(): number {
    return this.#known.size - 1 - this.frames.size;
  }

  /** The id of the next new node. */
  get next(): number {
    return this.#nodes.length;
  }

  of(node: Node | null): Known | undefined {
    return node ? this.#known.get(node) : undefined;
  }

  node(id: number): Node | undefined {
    return this.#nodes[id];
  }

  /** Gives a node the next id. */
  add(node: Node, up: Known | undefined, privacy: number, def: ElementDef | null, content: number): Known {
    if (up) up.kids++;
    const known = { id: this.#nodes.push(node) - 1, up, kids: 0, noted: false, hosts: false, privacy, def, content, sent: undefined, live: undefined };
    this.sum = (this.sum + sumStep(known.id, up?.id)) >>> 0;
    this.#known.set(node, known);
    return known;
  }

  /** Notes the document of a frame. */
  enter(frame: Element, known: Known, document: Document): void {
    this.frames.set(frame, document);
    this.#known.set(document, known);
  }

  /** Notes a new parent. */
  move(known: Known, up: Known): void {
    if (known.up) known.up.kids--;
    up.kids++;
    this.sum = (this.sum - sumStep(known.id, known.up?.id) + sumStep(known.id, up.id)) >>> 0;
    known.up = up;
  }

  /** Begins to count what is forgotten. */
  begin(): void {
    this.#forgotten = 0;
  }

  #full(): boolean {
    return (this.worn ||= ++this.#forgotten > MAX_FORGOTTEN);
  }

  /** Forgets a node with all it holds now. */
  forget(node: Node): void {
    const known = this.#known.get(node);
    if (!known || this.#full()) return;
    if (known.up) known.up.kids--;
    this.#known.delete(node);
    this.#nodes[known.id] = undefined;
    this.sum = (this.sum - sumStep(known.id, known.up?.id)) >>> 0;
    this.#gone(node, known.noted);
    if (known.content === HoldsText) return;
    for (let c: Node | null = firstChild(node); c; c = nextSibling(c)) this.forget(c);
    const root = known.hosts && shadowOf(node as Element);
    if (root) this.forget(root);
    if (this.extras.size) this.#forgetExtras(node);
    const within = this.frames.size ? this.frames.get(node as Element) : undefined;
    if (!within) return;
    this.frames.delete(node as Element);
    this.#known.delete(within);
    for (let c = firstChild(within); c; c = nextSibling(c)) this.forget(c);
    this.#gone(within, true);
    hooks.left(within);
  }

  #forgetExtras(node: Node): void {
    for (const el of this.extras.get(node) ?? []) this.forget(el);
    this.extras.delete(node);
  }

  /** Forgets what is known of a node that is out of the page, and of what hangs on it by now. */
  lose(node: Node): void {
    if (this.#known.has(node)) {
      this.forget(node);
      return;
    }
    if (this.#full()) return;
    for (let c = firstChild(node); c; c = nextSibling(c)) this.lose(c);
    const root = isElement(node) && shadowOf(node);
    if (root) this.lose(root);
  }

  /** The number of nodes above a node. */
  depth(known: Known): number {
    let n = 0;
    for (let at = known.up; at; at = at.up) n++;
    return n;
  }
}
