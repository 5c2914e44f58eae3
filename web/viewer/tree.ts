// The replica's own record of the tree: ids to nodes and back. Nothing is looked up in the stage by name or by selector.
import { WireError } from '../wire/codec';
import { MaxChildren, MaxDepth, MaxNodes } from '../wire/frames';
import type { ElementRule } from './alphabet';
import type { Frames } from './frames';
import { firstChildOf, isElement, nextSiblingOf, parentOf, removeChild, shadowOf } from './natives';

/** A node of the replica. The document is number 0. */
export interface Entry {
  readonly id: number;
  readonly kind: 'document' | 'element' | 'text' | 'shadow' | 'box';
  node: Node;
  /** Of an element. */
  readonly rule: ElementRule | null;
  parent: number;
  kids: number;
  masked: boolean;
  detached: boolean;
}

/** What one node adds to the checksum of the tree; the Go twin is SumStep. */
export function sumStep(id: number, parent: number): number {
  let h = Math.imul(id, 0x9e3779b1) ^ Math.imul(parent, 0x85ebca6b);
  h ^= h >>> 15;
  return Math.imul(h, 0xc2b2ae35) >>> 0;
}

/** The nodes of one page. */
export class Tree {
  /** The id of the next new node. */
  next = 1;
  private readonly entries = new Map<number, Entry>();
  private readonly ids = new WeakMap<Node, Entry>();
  private readonly detached = new Set<Entry>();
  private sum = 0;
  readonly frames: Frames;

  constructor(document: Document, frames: Frames) {
    this.frames = frames;
    this.entries.set(0, { id: 0, kind: 'document', node: document, rule: null, parent: 0, kids: 0, masked: false, detached: false });
  }

  /** The node with an id. */
  get(id: number): Entry {
    const entry = this.entries.get(id);
    if (!entry) throw new WireError('row33-id');
    return entry;
  }

  /** The node with an id, if there is one. */
  find(id: number): Entry | undefined {
    return this.entries.get(id);
  }

  /** The wire's node that a node of the stage is, or is in. */
  of(node: Node | null): Entry | undefined {
    for (let at = node; at !== null; at = parentOf(at)) {
      const entry = this.ids.get(at);
      if (entry) return entry;
    }
    return undefined;
  }

  /** The wire's node that a node of the stage is. */
  exact(node: Node): Entry | undefined {
    return this.ids.get(node);
  }

  /** Another node of the stage takes the place of an entry's. */
  rebind(entry: Entry, node: Node): void {
    this.ids.delete(entry.node);
    this.ids.set(node, entry);
    entry.node = node;
  }

  /** Nodes without the document. While a batch is applied, nodes that it took out count as well. */
  get count(): number {
    return this.entries.size - 1;
  }

  /** Whether the tree is the one that a checksum was made of. */
  fits(count: number, sum: number): boolean {
    return count === this.count && sum === this.sum;
  }

  /** Adds a node, which gets the next id. */
  add(kind: Entry['kind'], node: Node, rule: ElementRule | null, parent: Entry): Entry {
    const id = this.next++;
    if (this.entries.has(id)) throw new WireError('row33-id');
    if (this.entries.size > MaxNodes) throw new WireError('row32-nodes');
    const entry: Entry = { id, kind, node, rule, parent: parent.id, kids: 0, masked: parent.masked, detached: false };
    this.entries.set(id, entry);
    this.ids.set(node, entry);
    this.adopt(entry, parent);
    return entry;
  }

  private adopt(entry: Entry, parent: Entry): void {
    if (++parent.kids > MaxChildren) throw new WireError('row32-children');
    entry.parent = parent.id;
    this.sum = (this.sum + sumStep(entry.id, parent.id)) >>> 0;
  }

  private leave(entry: Entry): void {
    const parent = this.entries.get(entry.parent);
    if (parent) parent.kids--;
    this.sum = (this.sum - sumStep(entry.id, entry.parent)) >>> 0;
  }

  /** Takes a node out of its place. */
  detach(entry: Entry): void {
    if (entry.kind === 'document' || entry.kind === 'shadow' || entry.detached) throw new WireError('row33-detach');
    const parent = parentOf(entry.node);
    if (entry.rule?.key === 'html') this.frames.release(this.get(entry.parent).node);
    else if (parent) removeChild(parent, entry.node);
    this.leave(entry);
    entry.detached = true;
    this.detached.add(entry);
  }

  /** Gives a detached node a new parent. The caller puts it there. */
  retake(entry: Entry, parent: Entry): void {
    if (!this.detached.delete(entry)) throw new WireError('row33-ref');
    entry.detached = false;
    this.adopt(entry, parent);
  }

  /** How deep a node is; refuses what is not in the tree. */
  depth(entry: Entry): number {
    let depth = 0;
    for (let at = entry; at.kind !== 'document'; at = this.get(at.parent)) {
      if (at.detached) throw new WireError('row33-parent');
      if (++depth > MaxDepth) throw new WireError('row32-depth');
    }
    return depth;
  }

  /** Forgets the detached nodes with all they hold. */
  forget(each: (entry: Entry) => void): void {
    for (const entry of this.detached) {
      // It left its parent when it was detached; its own step went then.
      this.drop(entry.node, each, true);
    }
    this.detached.clear();
  }

  private drop(node: Node, each: (entry: Entry) => void, top = false): void {
    const entry = this.ids.get(node);
    if (entry) {
      if (!top) this.leave(entry);
      this.entries.delete(entry.id);
      each(entry);
    }
    const root = isElement(node) ? shadowOf(node) : null;
    if (root) this.drop(root, each);
    const inside = this.frames.inside(node);
    if (inside) this.drop(inside, each);
    this.frames.forget(node as Element);
    for (let at = firstChildOf(node); at; at = nextSiblingOf(at)) this.drop(at, each);
    if (entry) this.ids.delete(node);
  }

  /** Forgets everything. */
  wipe(): void {
    this.entries.clear();
    this.detached.clear();
    this.sum = 0;
  }
}
