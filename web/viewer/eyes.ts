// How the agent looks at the page: how large, from where, and at what. The customer's page learns nothing of it.
import { box } from './card';
import { type Match, find } from './find';
import { pointOf } from './hit';
import type { Found, Sight, Zoom } from './index';
import { isConnected, isElement, ownerOf, parentOf, rectOf, scrollLeft, scrollTop, viewOf } from './natives';
import type { Places } from './places';
import { type Caret, Selected } from './select';
import type { Stage } from './stage';
import { HIGHLIGHT } from './stagecss';
import { texts } from './texts';
import type { Entry, Tree } from './tree';

const LABEL = 24; // pixels of height
const STEPS = [0.25, 0.33, 0.5, 0.67, 0.75, 0.9, 1, 1.25, 1.5, 2, 3, 4] as const;

/** Where the eyes are. */
export interface Head {
  readonly stage: Stage;
  readonly places: Places;
  readonly tree: () => Tree | null;
  /** Something about the look has changed. */
  readonly looked: (sight: Sight) => void;
  /** What lies over the page has to be drawn again. */
  readonly redraw: () => void;
}

interface Highlights {
  readonly CSS: { readonly highlights: { set: (name: string, value: object) => void; delete: (name: string) => void } };
  readonly Highlight: new (...ranges: Range[]) => object;
}

/** The agent's eyes. */
export class Eyes {
  readonly selected = new Selected();
  private readonly head: Head;
  private readonly mark: HTMLElement;
  private readonly label: HTMLElement;
  private readonly ring: HTMLElement;
  private ratio = 1;
  private told = '';
  private readonly search = { text: '', at: -1, matches: [] as readonly Match[], docs: new Set<Document>() };

  constructor(head: Head) {
    this.head = head;
    const { overlay } = head.stage;
    const layer = box(overlay, 'vitrine-sight');
    layer.style.inset = '0';
    layer.style.overflow = 'hidden';
    layer.style.pointerEvents = 'none';
    this.mark = box(layer, 'vitrine-seen');
    this.mark.style.boxShadow = '0 0 0 100vmax rgb(20 20 40 / .18)';
    this.mark.style.outline = '3px dashed #3b5bdb';
    this.label = box(this.mark, 'vitrine-seen-label');
    this.label.append(texts.seen);
    this.label.style.padding = '4px 8px';
    this.label.style.font = '600 12px/1.2 system-ui, sans-serif';
    this.label.style.background = '#3b5bdb';
    this.label.style.color = '#fff';
    this.ring = box(layer, 'vitrine-found');
    this.ring.style.outline = '3px solid #e8590c';
    this.ring.style.borderRadius = '3px';
    head.stage.onResize(() => this.draw());
    head.stage.onDocument(() => {
      head.stage.document()?.addEventListener('scroll', (event) => this.scrolled(event.target), { capture: true, passive: true });
    });
    this.draw();
  }

  get following(): boolean {
    return !this.head.places.free;
  }

  get sight(): Sight {
    const { stage } = this.head;
    return {
      zoom: stage.zoom, scale: stage.scale(), following: this.following, width: stage.width, height: stage.height, ratio: this.ratio, customer: this.way(),
    };
  }

  /** Which way the customer's view lies from the agent's. */
  private way(): Sight['customer'] {
    const { x, y } = this.offset();
    const { width, height } = this.head.stage;
    if (this.following || (Math.abs(x) < 2 && Math.abs(y) < 2)) return 'here';
    if (y >= height) return 'below';
    if (y <= -height) return 'above';
    if (x >= width) return 'right';
    return x <= -width ? 'left' : 'partly';
  }

  /** From the top left corner of the agent's view to that of the customer's. */
  private offset(): { readonly x: number; readonly y: number } {
    const { page } = this.head.places;
    const [x, y] = this.head.places.customers();
    return page ? { x: x - scrollLeft(page), y: y - scrollTop(page) } : { x: 0, y: 0 };
  }

  /** The customer's browser tells how many pixels of the screen one of CSS is. */
  setRatio(ratio: number): void {
    this.ratio = ratio;
  }

  zoom(to: Zoom): void {
    this.head.places.stir();
    this.head.stage.zoom = to === 'fit' ? to : Math.min(4, Math.max(0.25, to));
  }

  /** The next larger or smaller of the usual sizes. */
  zoomBy(step: number): void {
    const now = this.head.stage.scale();
    const to = step > 0 ? STEPS.find((one) => one > now + 0.01) : STEPS.filter((one) => one < now - 0.01).at(-1);
    if (to) this.zoom(to);
  }

  follow(on: boolean): void {
    if (on === this.following) return;
    if (on) this.head.places.follow();
    else this.head.places.leave();
    this.head.redraw();
    this.draw();
  }

  /** Scrolls the agent's own view. */
  move(entry: Entry, x: number, y: number): void {
    this.head.places.move(entry, x, y);
    this.head.redraw();
    this.draw();
  }

  // The browser's own search scrolls to what it has found; then the agent looks around.
  private scrolled(target: EventTarget | null): void {
    const { places } = this.head;
    const el = isElement(target as Node | null) ? target as Element : places.page;
    if (!el) return;
    if (places.free) places.keep(el);
    else if (!places.fits(el) && (!places.stirred || !document.hasFocus())) {
      places.leave();
      places.keep(el);
    }
    this.head.redraw();
    this.draw();
  }

  /** Draws what shows where the customer is, and what was found; tells when something is not as it was. */
  draw(): void {
    const { stage } = this.head;
    const { x, y } = this.offset();
    const { style } = this.mark;
    this.mark.hidden = this.following;
    style.width = `${stage.width}px`;
    style.height = `${stage.height}px`;
    style.transform = `translate(${x}px, ${y}px)`;
    // Where it can be read, as long as a part of the customer's view is in sight.
    this.label.style.transform = `translate(${Math.max(0, -x)}px, ${Math.min(Math.max(0, -y), stage.height - LABEL)}px)`;
    this.encircle();
    const { sight } = this;
    const key = JSON.stringify(sight);
    if (key === this.told) return;
    this.told = key;
    this.head.looked(sight);
  }

  /* What is looked for. */

  /** Looks for a text, and goes on to the next place, or back, when it is the same. An empty text ends it. */
  find(text: string, step: 1 | -1): Found {
    const { places } = this.head;
    const { search } = this;
    const tree = this.head.tree();
    const same = text === search.text;
    search.text = text;
    search.matches = tree && places.page && text !== '' ? find(places.page, tree, text) : [];
    const { length } = search.matches;
    search.at = length === 0 ? -1 : same ? (search.at + step + length) % length : this.nearest();
    this.highlight();
    const match = search.matches[search.at];
    if (match) this.reveal(match);
    else this.selected.clear();
    this.draw();
    return { count: length, at: search.at + 1 };
  }

  // The first place that is in sight or below.
  private nearest(): number {
    const at = this.search.matches.findIndex((match) => (this.rect(match)?.bottom ?? -1) >= 0);
    return Math.max(at, 0);
  }

  private range({ from, to }: { readonly from: Caret; readonly to: Caret }): Range | null {
    const range = ownerOf(from.node)?.createRange();
    if (!range || !isConnected(from.node) || !isConnected(to.node)) return null;
    try {
      range.setStart(from.node, from.offset);
      range.setEnd(to.node, to.offset);
      return range;
    } catch {
      return null; // the text has become shorter since
    }
  }

  /** Where a match is in the stage's viewport. */
  private rect(match: Match): DOMRect | null {
    const tree = this.head.tree();
    const range = match.field === null ? this.range(match) : null;
    const node = match.field ?? parentOf(match.from.node);
    const entry = tree && node && tree.of(node);
    const rect = range?.getBoundingClientRect() ?? (match.field && rectOf(match.field));
    if (!rect || !entry || !isElement(entry.node)) return null;
    // What is in a frame: as far from the place of its element as it is within the frame.
    const base = rectOf(entry.node);
    const [from, to] = [pointOf(tree, entry, 0, 0), pointOf(tree, entry, 65535, 65535)];
    if (!from || !to) return null;
    const scale = base.width > 0 ? (to.x - from.x) / base.width : 1;
    return new DOMRect(from.x + (rect.x - base.x) * scale, from.y + (rect.y - base.y) * scale, rect.width * scale, rect.height * scale);
  }

  // Puts the match into sight, for the agent alone, and selects it.
  private reveal(match: Match): void {
    const { stage, places } = this.head;
    const tree = this.head.tree();
    const el = match.field ?? parentOf(match.from.node);
    if (match.field === null) this.selected.span(match.from, match.to);
    if (!tree || !isElement(el)) return;
    const before = this.rect(match);
    const box = isElement(el) ? rectOf(el) : null;
    const seen = before && box && before.top >= 0 && before.left >= 0 && before.bottom <= stage.height && before.right <= stage.width;
    if (seen && this.unclipped(el, tree)) return;
    const held: (readonly [Element, number, number])[] = [];
    for (let entry = tree.of(el); entry && entry.kind !== 'document'; entry = tree.find(entry.parent)) {
      if (isElement(entry.node)) held.push([entry.node, scrollLeft(entry.node), scrollTop(entry.node)]);
    }
    places.leave();
    places.stir();
    el.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
    for (const [one, x, y] of held) {
      if (scrollLeft(one) !== x || scrollTop(one) !== y) places.keep(one);
    }
    this.head.redraw();
  }

  // Whether no box around an element hides it.
  private unclipped(el: Element, tree: Tree): boolean {
    const inner = rectOf(el);
    for (let entry = tree.find(tree.of(el)?.parent ?? 0); entry && entry.kind !== 'document'; entry = tree.find(entry.parent)) {
      if (!isElement(entry.node) || ownerOf(entry.node) !== ownerOf(el) || getComputedStyle(entry.node).overflow === 'visible') continue;
      const outer = rectOf(entry.node);
      if (inner.top > outer.bottom || inner.bottom < outer.top || inner.left > outer.right || inner.right < outer.left) return false;
    }
    return true;
  }

  private highlight(): void {
    const { docs, matches } = this.search;
    const ranges = new Map<Document, Range[]>();
    for (const match of matches) {
      const range = match.field === null ? this.range(match) : null;
      const doc = range && ownerOf(range.startContainer);
      if (doc) ranges.set(doc, [...ranges.get(doc) ?? [], range]);
    }
    for (const doc of docs) this.highlights(doc)?.CSS.highlights.delete(HIGHLIGHT);
    docs.clear();
    for (const [doc, list] of ranges) {
      const view = this.highlights(doc);
      view?.CSS.highlights.set(HIGHLIGHT, new view.Highlight(...list));
      docs.add(doc);
    }
  }

  // Browsers without highlights show the place that was found last, which has a ring.
  private highlights(doc: Document): Highlights | null {
    const view = viewOf(doc) as unknown as Partial<Highlights> | null;
    return view?.CSS && view.Highlight ? view as Highlights : null;
  }

  private encircle(): void {
    const match = this.search.matches[this.search.at];
    const rect = match ? this.rect(match) : null;
    this.ring.hidden = !rect;
    if (!rect) return;
    this.ring.style.transform = `translate(${rect.x - 2}px, ${rect.y - 2}px)`;
    this.ring.style.width = `${rect.width + 4}px`;
    this.ring.style.height = `${rect.height + 4}px`;
  }

  /** Forgets what was looked for and selected. */
  wipe(): void {
    this.selected.clear();
    this.search.text = '';
    this.search.matches = [];
    this.search.at = -1;
    this.search.docs.clear();
    this.mark.hidden = this.ring.hidden = true;
  }
}
