// Text that the agent selects in the stage, to read it out or to copy it. It is the agent's own: nothing of it is sent.
import { originOf } from './frames';
import { elementAt, isElement, ownerOf, parentOf, selectionOf, textAt } from './natives';
import type { Tree } from './tree';

/** A place in a text. */
export interface Caret {
  readonly node: Node;
  readonly offset: number;
}

/** The place in a text at a point of a document's viewport, looking into frames. */
export function caretAt(doc: Document, tree: Tree, x: number, y: number): Caret | null {
  const el = elementAt(doc, x, y);
  const inside = el && tree.frames.inside(el);
  const inner = inside && ownerOf(inside);
  if (inner && inner !== doc) {
    const from = originOf(el);
    return caretAt(inner, tree, (x - from.x) / from.scale, (y - from.y) / from.scale);
  }
  return textAt(doc, x, y);
}

/** What is selected on the stage. */
export class Selected {
  private doc: Document | null = null;

  private selection(node: Node): Selection | null {
    const doc = ownerOf(node);
    if (this.doc && this.doc !== doc) this.clear();
    this.doc = doc;
    return doc && selectionOf(doc);
  }

  /** From one place to another. A selection does not go from one document into another. */
  span(from: Caret, to: Caret): void {
    if (ownerOf(from.node) === ownerOf(to.node)) this.selection(from.node)?.setBaseAndExtent(from.node, from.offset, to.node, to.offset);
  }

  /** The word around a place, or the block. */
  around(at: Caret, what: 'word' | 'block'): void {
    const selection = this.selection(at.node);
    if (!selection) return;
    if (what === 'block') {
      let block: Node = at.node;
      for (let up = parentOf(block); up && (!isElement(block) || getComputedStyle(block).display.startsWith('inline')); up = parentOf(up)) block = up;
      selection.selectAllChildren(block);
      return;
    }
    selection.collapse(at.node, at.offset);
    selection.modify('move', 'backward', 'word');
    selection.modify('extend', 'forward', 'word');
  }

  get text(): string {
    return this.doc ? selectionOf(this.doc)?.toString() ?? '' : '';
  }

  clear(): void {
    if (this.doc) selectionOf(this.doc)?.removeAllRanges();
    this.doc = null;
  }
}
