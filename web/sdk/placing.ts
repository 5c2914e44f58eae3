// Puts what is new or has moved into its place, in runs of siblings as long as can be. What there is no time for comes with the next
// batches: what can be seen in the window first.
import { OpEnd, OpInsert } from '../wire/frames';
import type { Writer } from '../wire/codec';
import type { Encoder, Span } from './encode';
import { above, elementAt, firstChild, nextSibling, parentNode, positionOf, previousSibling } from './natives';
import type { Known } from './tree';

const LOOK = 4; // milliseconds that looking for what can be seen may take
// Where it is looked for, in parts of the window: from the middle outwards.
const HEIGHTS = [0.5, 0.3, 0.7, 0.1, 0.9, 0.2, 0.8, 0.4, 0.6, 0.02, 0.98];
const WIDTHS = [0.5, 0.15, 0.85];

/** Places the nodes of one epoch. */
export class Placing {
  readonly #enc: Encoder;
  readonly #w: Writer;
  #base = 0; // ids from here on are new in this batch
  #moves = 0; // nodes of this batch that the server knows
  #seen = false; // what can be seen was told

  constructor(enc: Encoder, w: Writer) {
    this.#enc = enc;
    this.#w = w;
  }

  /** Notes that nodes were taken out or put in: where the walk is to go on may be another place now. */
  moved(touched: ReadonlySet<Node>): void {
    for (const [up, from] of this.#enc.walk.late) if (touched.has(from)) this.#enc.walk.late.set(up, firstChild(up) ?? from);
  }

  /** Whether everything has its place. */
  get whole(): boolean {
    return !this.#enc.walk.late.size && !this.#enc.pending.size;
  }

  /** Whether the next thing to tell is what can be seen: of a page that is told part by part. */
  get looks(): boolean {
    return this.#enc.walk.late.size > 0 && !this.#seen;
  }

  /** Places pending nodes, and goes on where there was no time before. */
  place(until: number): void {
    const { tree, walk, pending } = this.#enc;
    walk.until = until;
    walk.steps = 0;
    this.#base = tree.next;
    const { looks } = this;
    this.#moves = 0;
    for (const n of pending) if (tree.of(n)) this.#moves++;
    // What has moved was taken out by this batch, so it is put in by it, too.
    for (const n of pending) if (walk.until || tree.of(n)) this.#settle(n);
    if (looks && walk.until) this.#first();
    else for (const [up, from] of [...this.#enc.walk.late]) this.#goOn(up, from);
  }

  /** Tells the children of a node that are not told, from one on: all before it are. */
  #goOn(up: Node, from: Node): void {
    const enc = this.#enc;
    const known = enc.tree.of(up);
    if (!enc.walk.until || !known || known.id >= this.#base) return;
    enc.walk.late.delete(up);
    let c: Node | null = parentNode(from) === up ? from : firstChild(up);
    while (c) {
      if (enc.over()) {
        enc.walk.late.set(up, c);
        return;
      }
      c = this.#stays(c) ? nextSibling(c) : this.#run(c, known);
      if (enc.walk.late.has(up)) return;
    }
  }

  /** Tells what can be seen of nodes that are not all told. */
  #first(): void {
    this.#seen = true;
    const { walk, tree } = this.#enc;
    const { late } = walk;
    walk.view = inView();
    for (const [up, [from, to]] of walk.view) {
      const known = tree.of(up);
      const first = late.get(up);
      if (!first || !known || known.id >= this.#base) continue;
      late.delete(up);
      const end = nextSibling(to);
      // In the order of the page: a place behind a node of this batch has no name yet.
      for (let c: Node | null = from; c && c !== end && walk.until; c = nextSibling(c)) if (!this.#stays(c)) this.#run(c, known, end);
      late.set(up, first);
    }
    walk.view = undefined;
  }

  /** Places a pending node, after what it stands in has its place. */
  #settle(n: Node): void {
    const { pending, tree } = this.#enc;
    const parent = parentNode(n);
    for (let at: Node | null = parent; at; at = above(at)) {
      if (!pending.has(at)) continue;
      this.#settle(at);
      break;
    }
    if (!pending.has(n)) return; // a new parent took it along
    const known = tree.of(parent);
    // What moved to where the walk has not been is told anew when it gets there.
    if (known && known.id < this.#base) this.#run(n, known);
    else this.#drop(n);
  }

  #drop(n: Node): void {
    this.#enc.tree.forget(n);
    this.#enc.pending.delete(n);
  }

  /** Whether a node is where it was told to be. */
  #stays(n: Node): boolean {
    return this.#enc.tree.of(n) !== undefined && !this.#enc.pending.has(n);
  }

  /** Writes the run of siblings that a node belongs to: before one that stays, or behind the last child. Returns what follows. */
  #run(node: Node, known: Known, end?: Node | null): Node | null {
    const enc = this.#enc;
    const { tree, walk: { late } } = enc;
    const up = parentNode(node) as Node;
    let first = node;
    if (end === undefined) for (let p = previousSibling(node); p && !this.#stays(p); p = previousSibling(p)) first = p;
    let before: Node | null = node;
    while (before && !this.#stays(before)) before = nextSibling(before);
    const { next } = tree;
    const place = before ? (tree.of(before)?.id ?? 0) : 0;
    const named = place < this.#base; // a node of this very batch has no name yet
    let open = false;
    for (let n: Node | null = first; n && n !== before && n !== end; n = nextSibling(n)) {
      const moved = tree.of(n);
      if (!named || (!moved && enc.over())) {
        known.noted = true;
        if (!late.has(up)) late.set(up, n);
        if (moved) this.#drop(n);
        else if (!this.#moves) break;
        continue;
      }
      const how = enc.how(n, known);
      if (!how) {
        this.#drop(n);
        continue;
      }
      if (!open) {
        this.#w.byte(OpInsert);
        this.#w.int(before ? place - next : next - known.id);
        open = true;
      }
      enc.node(n, how, known, tree.depth(known) + 1);
    }
    if (open) this.#w.byte(OpEnd);
    return before;
  }
}

/** What holds what can be seen in the window: the first and the last child that does. */
function inView(): Map<Node, Span> {
  const out = new Map<Node, Span>();
  const until = performance.now() + LOOK;
  for (const x of WIDTHS) {
    for (const y of HEIGHTS) {
      if (out.size && performance.now() > until) return out;
      for (let at: Node | null = elementAt(innerWidth * x, innerHeight * y), up; at && (up = above(at)); at = up) {
        const span = out.get(up);
        if (!span) out.set(up, [at, at]);
        else if (positionOf(span[0], at) & 2) span[0] = at;
        else if (positionOf(span[1], at) & 4) span[1] = at;
      }
    }
  }
  return out;
}
