// Where things on the stage are scrolled to: where the customer has them, but for what the agent has moved while looking around.
import { clientHeight, clientWidth, isElement, ownerOf, rootOf, scrollHeight, scrollLeft, scrollTop, scrollWidth, setScrollLeft, setScrollTop, viewOf } from './natives';
import type { Entry, Tree } from './tree';

/** How far something is scrolled. */
export type Place = readonly [x: number, y: number];

/** What is on the stage, as far as it matters here. */
export interface Scene {
  readonly tree: Tree;
  readonly document: Document;
  readonly wardrobe: { readonly scrolls: ReadonlyMap<number, Place>; readonly scrolled: Set<number> };
}

// What the viewer did is seen as a scroll of the stage no later than this.
const ECHO = 250;

/** The places of one stage. */
export class Places {
  private readonly scene: () => Scene | null;
  private readonly own = new Map<Element, Place>();
  private readonly short = new Set<number>(); // nodes that could not be scrolled as far as the customer's
  private changed = 0;

  constructor(scene: () => Scene | null) {
    this.scene = scene;
  }

  /** The element that stands for the page. */
  get page(): Element | null {
    const { document } = this.scene() ?? {};
    return document ? rootOf(document) : null;
  }

  /** Whether the agent looks around. */
  get free(): boolean {
    return this.own.size > 0;
  }

  /** Whether the stage was changed from here so lately that a scroll may be what came of it. */
  get stirred(): boolean {
    return performance.now() - this.changed < ECHO;
  }

  /** The stage was changed, which may scroll it. */
  stir(): void {
    this.changed = performance.now();
  }

  /** Whether an element is scrolled to where the customer has it, as far as it can be. */
  fits(el: Element): boolean {
    const { tree, wardrobe } = this.scene() ?? {};
    const entry = tree?.exact(el);
    const [x, y] = (entry && wardrobe?.scrolls.get(entry.id)) ?? [0, 0];
    const near = (at: number, to: number, most: number): boolean => Math.abs(at - Math.min(to, Math.max(most, 0))) < 3;
    return near(scrollLeft(el), x, scrollWidth(el) - clientWidth(el)) && near(scrollTop(el), y, scrollHeight(el) - clientHeight(el));
  }

  /** Leaves the page where it is, whatever the customer does with theirs. */
  leave(): void {
    const { page } = this;
    if (page && !this.free) this.keep(page);
  }

  /** Takes an element's place for the agent's own. */
  keep(el: Element): void {
    this.own.set(el, [scrollLeft(el), scrollTop(el)]);
  }

  /** Scrolls as the agent wants it, for the agent alone. */
  move(entry: Entry, x: number, y: number): void {
    this.leave();
    this.to(entry, x, y);
    if (isElement(entry.node)) this.keep(entry.node);
  }

  /** Goes back to where the customer is. */
  follow(): void {
    const moved = [...this.own.keys()];
    this.own.clear();
    const { tree, wardrobe } = this.scene() ?? {};
    for (const el of moved) {
      const entry = tree?.of(el);
      if (entry?.node === el) this.to(entry, ...wardrobe?.scrolls.get(entry.id) ?? [0, 0]);
    }
  }

  /** How far the customer has scrolled the page. */
  customers(): Place {
    const scene = this.scene();
    const { page } = this;
    const entry = page ? scene?.tree.of(page) : undefined;
    return (entry && scene?.wardrobe.scrolls.get(entry.id)) ?? [0, 0];
  }

  /** After a batch: scrolls what it scrolled, and all if it moved nodes, which makes browsers forget. */
  settle(moved: boolean): void {
    const { wardrobe } = this.scene() ?? {};
    if (!wardrobe) return;
    this.stir();
    for (const id of [...moved ? wardrobe.scrolls.keys() : wardrobe.scrolled.values()]) this.scroll(id);
    wardrobe.scrolled.clear();
    if (moved) for (const el of this.own.keys()) this.restore(el);
    for (const id of [...this.short]) this.scroll(id); // the page has grown, perhaps
  }

  /** Scrolls everything to where it should be. */
  all(): void {
    this.stir();
    for (const id of this.scene()?.wardrobe.scrolls.keys() ?? []) this.scroll(id);
    for (const el of this.own.keys()) this.restore(el);
  }

  /** The nodes stand at their tops, but for those of which the customer's place is known. */
  top(nodes: readonly Node[]): void {
    const { tree, wardrobe } = this.scene() ?? {};
    for (const node of nodes) {
      const entry = tree?.exact(node);
      if (entry && isElement(node) && !wardrobe?.scrolls.has(entry.id) && !this.own.has(node)) this.to(entry, 0, 0);
    }
  }

  private restore(el: Element): void {
    const entry = this.scene()?.tree.of(el);
    const place = this.own.get(el);
    if (place && entry?.node === el) this.to(entry, ...place);
    else this.own.delete(el);
  }

  private scroll(id: number): void {
    const { tree, wardrobe } = this.scene() ?? {};
    const entry = tree?.find(id);
    const to = wardrobe?.scrolls.get(id);
    this.short.delete(id);
    if (!entry || !to || !isElement(entry.node) || this.own.has(entry.node)) return;
    this.to(entry, to[0], to[1]);
    if (Math.abs(scrollTop(entry.node) - to[1]) > 1) this.short.add(id);
  }

  /** Scrolls a node of the stage; the first element of the document stands for the page. */
  to(entry: Entry, x: number, y: number): void {
    this.stir();
    const page = ownerOf(entry.node);
    // What has no frame yet is still of the stage's own document.
    const view = entry.rule?.key === 'html' && page && (entry.parent === 0 || page !== this.scene()?.document) && viewOf(page);
    if (view) view.scrollTo({ left: x, top: y, behavior: 'instant' });
    else if (isElement(entry.node)) {
      setScrollLeft(entry.node, x);
      setScrollTop(entry.node, y);
    }
  }

  /** Another page: nothing of the one before counts. */
  wipe(): void {
    this.own.clear();
    this.short.clear();
  }
}
