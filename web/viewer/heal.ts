// A snapshot of the page that already stands on the stage: only what differs is exchanged, so nothing flickers, and what is the
// same keeps its node with all that browsers hang on it (scrolling, images, animations, the agent's selection). What stands on
// the stage is read from the stage itself: who says that it is wrong need not know where.
import { FRAME } from './alphabet';
import type { Dressed, Wardrobe } from './dress';
import {
  areaValue, firstChildOf, getAttribute, getAttributeNames, hasAttribute, inputValue, insertBefore, isChecked, isElement, isIndeterminate, localNameOf,
  namespaceOf, nextSiblingOf, nodeType, removeAttribute, removeChild, setAreaValue, setAttribute, setChecked, setData, setIndeterminate,
  setInputValue, setText, shadowOf, textOf,
} from './natives';
import type { Tree } from './tree';
import type { Users } from './users';

/** A page with all that is known of it. */
export interface Shown {
  readonly tree: Tree;
  readonly users: Users;
  readonly wardrobe: Wardrobe;
  readonly document: Document;
}

// So far ahead a node is looked for when nodes have no numbers in common.
const AHEAD = 8;

/**
 * Makes the page on the stage into the one of a snapshot. `numbered` says that nodes have the same numbers in both. Returns
 * false, and has done nothing, when they have nothing in common.
 */
export function heal(was: Shown, now: Shown, pages: readonly [was: Element, now: Element], numbered: boolean): boolean {
  const patch = new Patch(was, now, numbered);
  if (!patch.fits(...pages)) return false;
  patch.apply(...pages);
  patch.finish();
  return true;
}

class Patch {
  private readonly was: Shown;
  private readonly now: Shown;
  private readonly numbered: boolean;
  private readonly kept = new Map<Element, Element>(); // from a new element to the old one that is in its place

  constructor(was: Shown, now: Shown, numbered: boolean) {
    this.was = was;
    this.now = now;
    this.numbered = numbered;
  }

  /** Whether a node may become another. */
  fits(was: Node, now: Node): boolean {
    const [before, after] = [this.was.tree.exact(was), this.now.tree.exact(now)];
    if (!after || before?.kind !== after.kind || before.rule !== after.rule || (this.numbered && before.id !== after.id)) return false;
    if (!isElement(was) || !isElement(now)) return nodeType(was) === nodeType(now);
    if (localNameOf(was) !== localNameOf(now) || namespaceOf(was) !== namespaceOf(now) || before.masked !== after.masked) return false;
    return shadowOf(was)?.slotAssignment === shadowOf(now)?.slotAssignment;
  }

  /** Makes a node into one that fits. */
  apply(was: Node, now: Node): void {
    const after = this.now.tree.exact(now);
    if (after) this.now.tree.rebind(after, was);
    if (!isElement(was) || !isElement(now)) {
      if (textOf(was) !== textOf(now)) setData(was as Text, textOf(now) ?? '');
      return;
    }
    this.kept.set(now, was);
    this.attributes(was, now);
    this.state(was, now);
    if (after?.rule?.key === FRAME) this.frame(was, now);
    else if (after?.rule?.name !== 'style') this.children(was, now);
    const [root, fresh] = [shadowOf(was), shadowOf(now)];
    if (!root || !fresh) return;
    const shadow = this.now.tree.exact(fresh);
    if (shadow) this.now.tree.rebind(shadow, root);
    this.children(root, fresh);
  }

  private attributes(was: Element, now: Element): void {
    // The address of a frame's empty document is the viewer's own; open is how browsers say that a dialog is in the top layer.
    const own = (name: string): boolean => (name === 'src' && localNameOf(was) === 'iframe') || (name === 'open' && localNameOf(was) === 'dialog' && this.was.wardrobe.layers.holds(was));
    for (const name of getAttributeNames(was)) {
      if (!hasAttribute(now, name) && !own(name)) removeAttribute(was, name);
    }
    for (const name of getAttributeNames(now)) {
      const value = getAttribute(now, name) ?? '';
      if (getAttribute(was, name) !== value && !own(name)) setAttribute(was, name, value);
    }
  }

  private state(was: Element, now: Element): void {
    const { selected } = this.now.wardrobe;
    const on = selected.get(now);
    if (on !== undefined) selected.set(was, on);
    switch (localNameOf(was)) {
      case 'input': {
        const [to, from] = [was as HTMLInputElement, now as HTMLInputElement];
        if (inputValue(to) !== inputValue(from)) setInputValue(to, inputValue(from));
        if (isChecked(to) !== isChecked(from)) setChecked(to, isChecked(from));
        if (isIndeterminate(to) !== isIndeterminate(from)) setIndeterminate(to, isIndeterminate(from));
        return;
      }
      case 'textarea': {
        const [to, from] = [was as HTMLTextAreaElement, now as HTMLTextAreaElement];
        if (areaValue(to) !== areaValue(from)) setAreaValue(to, areaValue(from));
        return;
      }
      case 'style':
        // A sheet that is still to come leaves the old one in force until then.
        if (!this.now.users.awaits(now) && textOf(was) !== textOf(now)) setText(was, textOf(now));
    }
  }

  private frame(was: Element, now: Element): void {
    const { frames } = this.now.tree;
    const [inner, fresh] = [frames.inside(was), frames.inside(now)];
    if (!fresh) frames.release(was);
    else if (inner && this.fits(inner, fresh)) this.apply(inner, fresh);
    else frames.hold(was, fresh);
    frames.forget(now);
  }

  private children(was: Node, now: Node): void {
    const [held, fresh] = [childrenOf(was), childrenOf(now)];
    const partners = this.numbered ? this.byNumber(held, fresh) : this.byLooks(held, fresh);
    const staying = new Set(partners);
    for (const node of held) {
      if (!staying.has(node)) removeChild(was, node);
    }
    let at = firstChildOf(was);
    fresh.forEach((node, i) => {
      const partner = partners[i];
      const right = partner ?? node;
      if (partner && right === at) at = nextSiblingOf(at);
      else insertBefore(was, right, at);
      if (partner) this.apply(partner, node);
    });
  }

  private byNumber(held: readonly Node[], fresh: readonly Node[]): (Node | undefined)[] {
    const numbers = new Map<number, Node>();
    for (const node of held) {
      const entry = this.was.tree.exact(node);
      if (entry) numbers.set(entry.id, node);
    }
    return fresh.map((node) => {
      const partner = numbers.get(this.now.tree.exact(node)?.id ?? -1);
      return partner && this.fits(partner, node) ? partner : undefined;
    });
  }

  private byLooks(held: readonly Node[], fresh: readonly Node[]): (Node | undefined)[] {
    let at = 0;
    return fresh.map((node) => {
      for (let next = at; next < Math.min(held.length, at + AHEAD); next++) {
        const partner = held[next];
        if (!partner || !this.fits(partner, node) || name(partner) !== name(node)) continue;
        at = next + 1;
        return partner;
      }
      return undefined;
    });
  }

  /** Whoever knows the new elements learns of the old ones in their places. */
  finish(): void {
    this.now.wardrobe.layers.inherit(this.was.wardrobe.layers, (el) => this.now.tree.exact(el) as Dressed | undefined);
    this.now.users.inherit((el) => this.kept.get(el) ?? el);
    this.now.tree.frames.prune((el) => this.now.tree.exact(el) !== undefined);
  }
}

function childrenOf(node: Node): Node[] {
  const list: Node[] = [];
  for (let at = firstChildOf(node); at; at = nextSiblingOf(at)) list.push(at);
  return list;
}

const name = (node: Node): string | null => (isElement(node) ? getAttribute(node, 'id') : null);
