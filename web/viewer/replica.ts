// The replica: takes batches in the order in which they came, applies them in one task of one animation frame, and says
// when it needs a snapshot.
import { WireError } from '../wire/codec';
import { type Batch, MarkActive, MarkFullscreen, MarkRing, MarkTarget, OpPage } from '../wire/frames';
import { type Target, type Told, applyBatch } from './apply';
import type { Assets } from './assets';
import { type Dressed, Wardrobe } from './dress';
import { Frames } from './frames';
import { type Shown, heal } from './heal';
import {
  appendChild, compatMode, firstChildOf, isElement, isSelected, nextSiblingOf, parentOf, removeAttribute, removeChild, replaceChild, rootOf,
  setAttribute, setSelectIndex, setSelected,
} from './natives';
import { pageScheme } from './media';
import { Places } from './places';
import { hide, show } from './ranges';
import { Strings } from '../wire/strings';
import { type Entry, Tree } from './tree';
import { Users } from './users';

const FIRST_PAINT = 800;
const HOVER = 0; // no kind of mark on the wire

// What a mark is in the stage: attributes of the node that the server's style sheets speak of.
const marked = new Map([[HOVER, 'vitrine-hover'], [MarkTarget, 'vitrine-target'], [MarkActive, 'vitrine-active'], [MarkFullscreen, 'vitrine-fullscreen'], [MarkRing, 'vitrine-focus-visible']]);

/** Whom the replica talks to. */
export interface Owner {
  readonly document: () => Document | null;
  readonly applied: (epoch: number, seq: number) => void;
  readonly need: (epoch: number, rule: string) => void;
  readonly told: (told: Told) => void;
  readonly show: (visible: boolean) => void;
  /** The page needs a document of the other mode; with the new one, reset is to be called. */
  readonly quirks: (on: boolean) => void;
}

/** One replica. */
export class Replica {
  epoch = 0;
  /** Node that has the customer's focus, 0 for none. */
  focus = 0;
  private shown: Shown | null = null;
  private waiting: Batch[] = [];
  private scheduled = false;
  private readonly at = { seq: 0, url: '', needing: true, missed: false };
  readonly places = new Places(() => this.shown);
  private focused: Entry | undefined;
  private readonly marks = new Map<number, Entry>(); // by kind; under HOVER what the pointer is over
  private paint: ReturnType<typeof setTimeout> | undefined;
  private readonly strings = new Strings();
  private readonly owner: Owner;
  private readonly assets: Assets;

  constructor(owner: Owner, assets: Assets) {
    this.owner = owner;
    this.assets = assets;
  }

  get tree(): Tree | null {
    return this.shown?.tree ?? null;
  }

  /** Where a link leads, as text. */
  address(entry: Entry): string | undefined {
    return this.shown?.wardrobe.addresses.get(entry.id);
  }

  /** The page's body. */
  body(): Entry | undefined {
    const { shown } = this;
    const html = shown && (rootOf(shown.document) as Element | null);
    for (let at = html ? firstChildOf(html) : null; at; at = nextSiblingOf(at)) {
      const entry = shown?.tree.of(at);
      if (entry?.rule?.key === 'body') return entry;
    }
    return undefined;
  }

  /** Takes a batch, to be applied with the next frame. */
  push(batch: Batch): void {
    if (batch.snapshot) this.waiting.length = 0;
    this.waiting.push(batch);
    if (this.scheduled) return;
    this.scheduled = true;
    const run = (): void => {
      this.scheduled = false;
      this.flush();
    };
    // A page that nobody sees gets no animation frames, but its queue must not grow.
    if (document.visibilityState === 'hidden') setTimeout(run, 100);
    else requestAnimationFrame(run);
  }

  /** Applies what is waiting. */
  flush(): void {
    const batches = this.waiting;
    this.waiting = [];
    for (const batch of batches) {
      if (this.at.needing && !batch.snapshot) continue;
      try {
        this.apply(batch);
      } catch (error) {
        this.fail(batch.epoch, error instanceof WireError ? error.rule : 'row33-tree');
      }
    }
  }

  private fail(epoch: number, rule: string): void {
    this.at.needing = true;
    this.owner.need(epoch, rule);
  }

  private apply(batch: Batch): void {
    const doc = this.owner.document();
    if (!doc) {
      // The stage is loading; when it is there, a snapshot is asked for.
      this.at.needing = this.at.missed = true;
      return;
    }
    if (!batch.snapshot && (batch.epoch !== this.epoch || batch.seq !== this.at.seq + 1)) throw new WireError('row36-gap');
    const [first, flags] = batch.ops;
    if (first === OpPage && (flags === 1) !== (compatMode(doc) === 'BackCompat')) {
      this.at.needing = this.at.missed = true;
      this.owner.quirks(flags === 1);
      return;
    }
    this.strings.begin(batch);
    const told = batch.snapshot ? this.replace(doc, batch) : this.change(doc, batch);
    this.epoch = batch.epoch;
    this.at.seq = batch.seq;
    this.at.needing = false;
    this.at.url = told.page?.url ?? this.at.url;
    this.settle(told);
    this.owner.told(told);
    this.owner.applied(batch.epoch, batch.seq);
  }

  private change(doc: Document, batch: Batch): Told {
    const { shown } = this;
    if (shown?.document !== doc) throw new WireError('row36-snapshot');
    return applyBatch(this.target(shown, (node) => appendChild(doc, node)), batch);
  }

  // A snapshot is built aside and shown when it is whole: at once, between two frames of the screen.
  private replace(doc: Document, batch: Batch): Told {
    const { shown: before } = this;
    const users = new Users(this.assets);
    const frames = before?.document === doc ? before.tree.frames : new Frames(() => this.places.all());
    const next: Shown = { tree: new Tree(doc, frames), users, wardrobe: new Wardrobe(this.strings, users), document: doc };
    const roots: Node[] = [];
    const told = applyBatch(this.target(next, (node) => roots.push(node)), batch);
    const [html] = roots;
    if (!html || roots.length !== 1) throw new WireError('row13-document');
    const old = rootOf(doc) as Element | null;
    const hover = this.marks.get(HOVER)?.node;
    const same = before?.document === doc && (batch.epoch === this.epoch || (told.page?.url ?? '') === this.at.url);
    this.unmark();
    const scrolled = [...before?.wardrobe.scrolls.keys() ?? []].flatMap((id) => before?.tree.find(id)?.node ?? []);
    const healed = same && old !== null && heal(before, next, [old, html as Element], batch.epoch === this.epoch);
    if (!healed && old) replaceChild(doc, html, old);
    else if (!old) appendChild(doc, html);
    this.drop();
    this.shown = next;
    if (healed) this.places.top(scrolled);
    else this.begin(doc, users);
    const under = hover && next.tree.exact(hover);
    if (under) this.setMark(HOVER, under);
    return told;
  }

  // A snapshot does not speak of what stands at its top, and the document keeps the place of the page before.
  private begin(doc: Document, users: Users): void {
    this.places.wipe();
    doc.defaultView?.scrollTo({ left: 0, top: 0, behavior: 'instant' });
    this.curtain(users);
  }

  private target(shown: Shown, root: (node: Node) => void): Target {
    return { document: shown.document, tree: shown.tree, strings: this.strings, wardrobe: shown.wardrobe, root };
  }

  // The page is shown when its sheets are there, or after a moment in any case.
  private curtain(users: Users): void {
    clearTimeout(this.paint);
    const ready = !users.unstyled();
    this.owner.show(ready);
    if (ready) return;
    this.paint = setTimeout(() => this.owner.show(true), FIRST_PAINT);
  }

  private settle(told: Told): void {
    const { shown } = this;
    if (!shown) return;
    const { wardrobe, tree } = shown;
    tree.frames.settle();
    for (const entry of wardrobe.touched) choose(entry, wardrobe);
    wardrobe.touched.clear();
    wardrobe.slots.settle();
    wardrobe.layers.settle(told.moved);
    this.places.settle(told.moved);
    if (told.focus !== undefined || this.focused) this.setFocus(tree.find(told.focus ?? this.focus));
    for (const [kind, id] of told.marks) this.setMark(kind, tree.find(id));
    const html = rootOf(shown.document) as Element | null;
    if (told.media !== undefined && html) setAttribute(html, 'vitrine-scheme', pageScheme(told.media));
    for (const ranges of told.ranges) show(ranges, tree, shown.document);
  }

  /** Assets arrived, or will not come. */
  changed(assets: Iterable<number>): void {
    const { shown } = this;
    if (!shown?.users.changed(assets)) return;
    // New sizes: what could not be scrolled to before may be there now.
    this.places.all();
    if (shown.users.unstyled()) return;
    clearTimeout(this.paint);
    this.owner.show(true);
  }

  /** How many images of the page are not shown, by GoneReason. */
  missing(): ReadonlyMap<number, number> {
    return this.shown?.users.missing() ?? new Map<number, number>();
  }

  /** How many style sheets of the page are not shown. */
  sheetless(): number {
    return this.shown?.users.sheetless() ?? 0;
  }

  private setFocus(entry: Entry | undefined): void {
    if (this.focused !== entry) {
      this.mark(this.focused, 'vitrine-focus-within', false);
      if (isElement(this.focused?.node ?? null)) removeAttribute(this.focused?.node as Element, 'vitrine-focus');
    }
    this.focused = entry;
    this.focus = entry?.id ?? 0;
    if (!entry || !isElement(entry.node)) return;
    setAttribute(entry.node, 'vitrine-focus', '');
    this.mark(entry, 'vitrine-focus-within', true);
  }

  private setMark(kind: number, entry: Entry | undefined): void {
    const name = marked.get(kind) ?? '';
    const before = this.marks.get(kind);
    if (kind === MarkActive || kind === HOVER) {
      this.mark(before, name, false);
      this.mark(entry, name, true);
    } else {
      if (before && isElement(before.node)) removeAttribute(before.node, name);
      if (entry && isElement(entry.node)) setAttribute(entry.node, name, '');
    }
    if (entry) this.marks.set(kind, entry);
    else this.marks.delete(kind);
  }

  /** The customer's pointer is over a node. */
  setHover(entry: Entry | undefined): void {
    if (entry !== this.marks.get(HOVER)) this.setMark(HOVER, entry);
  }

  // Marks a node and all that hold it.
  private mark(entry: Entry | undefined, attribute: string, on: boolean): void {
    let at = entry;
    for (let depth = 0; at && at.kind !== 'document' && depth < 1024; depth++) {
      if (at.kind === 'element' && isElement(at.node)) {
        if (on) setAttribute(at.node, attribute, '');
        else removeAttribute(at.node, attribute);
      }
      at = this.shown?.tree.find(at.parent);
    }
  }

  /** The stage's document is a new one: what was in the old is gone. */
  reset(): void {
    if (!this.shown && !this.at.missed) return;
    this.at.missed = false;
    this.drop();
    this.fail(this.epoch, 'stage');
  }

  private unmark(): void {
    this.setFocus(undefined);
    for (const kind of [...this.marks.keys()]) this.setMark(kind, undefined);
  }

  private drop(): void {
    this.focused = undefined;
    this.focus = 0;
    this.marks.clear();
    if (this.shown) hide(this.shown.document);
    this.shown?.wardrobe.wipe();
    this.shown?.tree.wipe();
    this.shown = null;
  }

  /** Forgets everything and empties the stage. */
  wipe(): void {
    clearTimeout(this.paint);
    const doc = this.shown?.document;
    const html = doc && (rootOf(doc) as Element | null);
    if (doc && html) removeChild(doc, html);
    this.drop();
    this.strings.clear();
    for (const batch of this.waiting) batch.ops.fill(0);
    this.waiting = [];
    this.places.wipe();
    this.at.needing = true;
  }
}

/** The options of a select element in order. */
export function optionsOf(select: Node): Element[] {
  const found: Element[] = [];
  const walk = (node: Node): void => {
    for (let at = firstChildOf(node); at; at = nextSiblingOf(at)) {
      if (!isElement(at)) continue;
      if (at.localName === 'option') found.push(at);
      else walk(at);
    }
  };
  walk(select);
  return found;
}

// Browsers change the selection by themselves when options come and go; afterwards it is set as the customer's is.
function choose(entry: Dressed, wardrobe: Wardrobe): void {
  let select: Node | null = entry.node;
  while (select && !(isElement(select) && select.localName === 'select')) select = parentOf(select);
  if (!isElement(select)) {
    if (isElement(entry.node) && entry.node.localName === 'option') setSelected(entry.node as HTMLOptionElement, wardrobe.selected.get(entry.node) ?? false);
    return; // an option without a select keeps its state
  }
  let any = false;
  for (const option of optionsOf(select) as HTMLOptionElement[]) {
    const on = wardrobe.selected.get(option) ?? false;
    any ||= on;
    if (isSelected(option) !== on) setSelected(option, on);
  }
  if (!any) setSelectIndex(select as HTMLSelectElement, -1);
}
