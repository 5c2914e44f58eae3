// Puts nodes into their final places: maximal runs of siblings, each before a node that stays or behind a last child.
import { OpEnd, OpInsert } from '../wire/frames';
import type { BatchWriter } from '../wire/batch';
import type { Encoder } from './encode';
import { above, nextSibling, parentNode, previousSibling } from './natives';
import type { Known, Tree } from './tree';

/** Places the pending nodes of one batch. */
export class Placer {
  readonly #tree: Tree;
  readonly #enc: Encoder;
  readonly #w: BatchWriter;
  readonly #groups = new Map<Node, Node[]>();

  constructor(tree: Tree, enc: Encoder, writer: BatchWriter) {
    this.#tree = tree;
    this.#enc = enc;
    this.#w = writer;
  }

  /** Places everything that is pending. */
  place(): void {
    for (const n of this.#enc.pending) {
      const parent = parentNode(n);
      if (!parent) continue;
      const group = this.#groups.get(parent);
      if (group) group.push(n);
      else this.#groups.set(parent, [n]);
    }
    for (const parent of this.#groups.keys()) this.#settle(parent);
    this.#enc.pending.clear();
  }

  /** Places the children of a parent, after the parent itself has its place. */
  #settle(parent: Node): void {
    const group = this.#groups.get(parent);
    if (!group) return;
    this.#groups.delete(parent);
    for (let n: Node | null = parent; n; n = above(n)) {
      if (!this.#enc.pending.has(n)) continue;
      const up = parentNode(n);
      if (up) this.#settle(up);
      break;
    }
    const known = this.#tree.of(parent);
    for (const n of group) {
      if (!this.#enc.pending.has(n)) continue; // a run or a new parent took it along
      if (known) this.#run(n, known);
      else this.#drop(n);
    }
  }

  #drop(n: Node): void {
    this.#tree.forget(n);
    this.#enc.pending.delete(n);
  }

  #stays(n: Node): boolean {
    return this.#tree.of(n) !== undefined && !this.#enc.pending.has(n);
  }

  /** Writes the run of siblings that a node belongs to. */
  #run(node: Node, known: Known): void {
    let first = node;
    for (let p = previousSibling(node); p && !this.#stays(p); p = previousSibling(p)) first = p;
    let before: Node | null = first;
    while (before && !this.#stays(before)) before = nextSibling(before);
    const next = this.#tree.next;
    const stays = before && this.#tree.of(before);
    const w = this.#w.ops;
    const depth = this.#tree.depth(known) + 1;
    let open = false;
    for (let n: Node | null = first; n && n !== before; n = nextSibling(n)) {
      const how = this.#enc.how(n, known);
      if (!how) {
        this.#drop(n);
        continue;
      }
      if (!open) {
        w.byte(OpInsert);
        w.int(stays ? stays.id - next : next - known.id);
        open = true;
      }
      this.#enc.node(n, how, known, depth);
    }
    if (open) w.byte(OpEnd);
  }
}
