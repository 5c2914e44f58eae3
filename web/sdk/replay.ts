// Keeps the mirror of a document of another origin (case 18): reads the batches that it tells and builds what they say. Whoever
// tells them may be anybody, so everything is checked; the first thing that is wrong ends it.
import { Reader, WireError, decode } from '../wire/codec';
import {
  LiveBullets, LiveClosed, LiveNatural, LiveOpen, LiveScroll, LiveUndefined, LiveValue, MarkRing, MaxAttrs, MaxDepth, MaxOffset, MaxRanges, OpAssign, OpBox, OpDetach, OpElem, OpEnd,
  OpFocus, OpInsert, OpLive, OpMark, OpMedia, OpPage, OpRanges, OpRef, OpSet, OpShadow, OpSum, OpText, OpUnset, OpView, RangesHighlight, Role, batch as shape,
} from '../wire/frames';
import type { Batch } from '../wire/frames';
import { Strings } from '../wire/strings';
import { Content, Value } from '../wire/vocabulary';
import { quirky, ringed, stands } from './mirror';
import { addShadow, focusIn, isElement, shadowOf } from './natives';
import { scrolled } from './say';
import type { AttrDef, ElementDef } from './vocab';
import { AriaAttr, Custom, DataAttr, MaskAttr } from './vocab';

const DOM = 1; // the channel of batches
const MAX_BATCH = 4 << 20;
const MAX_NODES = 50_000;
const MAX_SIDE = 1 << 20;
const MAX_ASSET = Number.MAX_SAFE_INTEGER;

/** What the vocabulary knows by its codes. */
export interface Codes {
  elementOf(code: number): ElementDef | undefined;
  coded(name: string): AttrDef;
}

// The order of the tokens of a batch. Only those of the steps in `many` may follow each other.
const steps = new Map<number, number>([
  [OpPage, 1], [OpView, 2], [OpMedia, 3], [OpDetach, 4], [OpInsert, 5], [OpSet, 6], [OpUnset, 6], [OpText, 6], [OpLive, 6], [OpAssign, 6], [OpFocus, 7], [OpMark, 8],
  [OpRanges, 9], [OpSum, 10],
]);
const many: ReadonlySet<number> = new Set([4, 5, 6, 8, 9]);
const CHANGES = 6;

const broken = (rule: string): WireError => new WireError(rule);

/** The mirror of a document. */
export class Replay {
  readonly document = document.implementation.createHTMLDocument('');
  epoch = 0;
  readonly #codes: Codes;
  readonly #mask: (el: Element) => void;
  readonly #again: (el: Element) => void; // what is told twice is to be told on
  readonly #strings = new Strings();
  readonly #nodes = new Map<number, Node>();
  readonly #ids = new WeakMap<Node, number>();
  readonly #out = new Set<Node>(); // taken out by the batch in hand
  readonly #slots = new Map<HTMLSlotElement, (Element | Text | undefined)[]>();
  // Where the batch in hand is.
  #r = new Reader(new Uint8Array());
  readonly #at = { seq: 0, next: 1, base: 1, last: 0, step: 0 };

  constructor(codes: Codes, mask: (el: Element) => void, again: (el: Element) => void) {
    this.#codes = codes;
    this.#mask = mask;
    this.#again = again;
    this.#empty();
  }

  /** The node that has a number there. */
  node(id: number): Node | undefined {
    return id ? this.#nodes.get(id) : undefined;
  }

  /** Forgets everything. */
  #empty(): void {
    this.document.replaceChildren();
    this.#nodes.clear();
    this.#slots.clear();
    this.#nodes.set(0, this.document);
    this.#ids.set(this.document, 0);
    this.#at.next = 1;
    focusIn.delete(this.document);
  }

  /** Applies a batch. Throws at the first violation; the mirror is then of no use any more. */
  apply(bytes: Uint8Array): void {
    const at = this.#at;
    if (bytes.length > MAX_BATCH) throw broken('row32-bytes');
    const told = decode<Batch>([shape], DOM, bytes);
    if (told.snapshot ? told.epoch <= this.epoch : told.epoch !== this.epoch || told.seq !== at.seq + 1) throw broken('row36-sequence');
    if (told.snapshot) this.#empty();
    this.epoch = told.epoch;
    at.seq = told.seq;
    at.base = at.next;
    at.last = at.step = 0;
    this.#strings.begin(told);
    this.#r = new Reader(told.ops);
    while (this.#r.left > 0) this.#token(this.#r.byte());
    this.#settle();
    this.#strings.end();
    for (const [slot, list] of this.#slots) slot.assign(...list.filter((n) => n !== undefined));
  }

  // What was taken out and not taken back is gone.
  #settle(): void {
    for (const node of this.#out) this.#forget(node);
    this.#out.clear();
  }

  #forget(node: Node): void {
    const id = this.#ids.get(node);
    if (id !== undefined) this.#nodes.delete(id);
    this.#slots.delete(node as HTMLSlotElement);
    for (const list of this.#slots.values()) {
      const place = list.indexOf(node as Element);
      if (place >= 0) list[place] = undefined;
    }
    const root = isElement(node) && shadowOf(node);
    if (root) this.#forget(root);
    for (const kid of node.childNodes) this.#forget(kid);
  }

  #token(op: number): void {
    const at = this.#at;
    const step = steps.get(op) ?? 0;
    if (step < at.step || step === 0 || (step === at.step && !many.has(step))) throw broken('row33-order');
    at.step = step;
    if (step >= CHANGES) this.#settle();
    if (op === OpDetach) this.#detach(this.#named());
    else if (op === OpInsert) this.#insert();
    else if (step === CHANGES) this.#change(op, this.#named());
    else this.#about(op);
  }

  // What is said about the document as a whole. Its address, its title and its window are not the page's.
  #about(op: number): void {
    const r = this.#r;
    if (op === OpPage) {
      if (r.uint(1)) quirky.add(this.document);
      else quirky.delete(this.document);
      for (const role of [Role.URL, Role.Title]) this.#strings.take(r, role);
    } else if (op === OpView || op === OpMedia) {
      for (let i = 0; i < 3; i++) r.uint();
    } else if (op === OpRanges) {
      this.#ranges(r);
    } else if (op === OpSum) {
      if (r.uint() !== this.#nodes.size - 1) throw broken('row33-sum');
      r.uint(0xffffffff);
    } else {
      const kind = op === OpMark ? r.uint(MarkRing) : 0;
      const node = this.#get(r.uint());
      if (op === OpFocus && isElement(node)) focusIn.set(this.document, node);
      else if (op === OpFocus) focusIn.delete(this.document);
      else if (kind === MarkRing) ringed.add(node);
    }
  }

  // What is selected and highlighted there is not told on.
  #ranges(r: Reader): void {
    const kind = r.uint(RangesHighlight);
    if (kind === 0) throw broken('row33-token');
    if (kind === RangesHighlight) this.#strings.take(r, Role.Name);
    r.int();
    for (let n = r.uint(MaxRanges) * 2; n > 0; n--) {
      this.#get(r.uint());
      r.uint(MaxOffset);
    }
  }

  #get(id: number): Node {
    const node = this.#nodes.get(id);
    if (!node) throw broken('row33-node');
    return node;
  }

  #named(): Node {
    this.#at.last += this.#r.int();
    return this.#get(this.#at.last);
  }

  #detach(node: Node): void {
    if (node === this.document || node.nodeType === 11 || this.#out.has(node)) throw broken('row33-detached');
    this.#out.add(node);
    (node as ChildNode).remove();
  }

  #insert(): void {
    const at = this.#at;
    const place = this.#r.int();
    const id = place < 0 ? at.next + place : at.next - place;
    const known = this.#get(id);
    const parent = place < 0 ? known.parentNode : known;
    if (!parent || place === 0 || id >= at.base || parent.nodeType === 3 || stands.get(parent)?.def === 'box') throw broken('row33-place');
    const depth = this.#depth(parent);
    for (let op = this.#r.byte(), n = 0; op !== OpEnd || n === 0; op = this.#r.byte(), n++) {
      parent.insertBefore(this.#node(op, depth + 1), place < 0 ? known : null);
    }
  }

  #depth(node: Node): number {
    let n = 0;
    for (let at: Node | null = node; at && at !== this.document; at = at.parentNode ?? (at as Partial<ShadowRoot>).host ?? null) n++;
    return n;
  }

  #add(node: Node): void {
    const id = this.#at.next++;
    if (this.#nodes.size > MAX_NODES) throw broken('row32-nodes');
    this.#nodes.set(id, node);
    this.#ids.set(node, id);
  }

  #node(op: number, depth: number): Node {
    const r = this.#r;
    if (op === OpElem) return this.#element(depth);
    if (op === OpRef) {
      const node = this.#named();
      if (!this.#out.delete(node)) throw broken('row33-detached');
      return node;
    }
    if (op === OpText) {
      const text = this.document.createTextNode(this.#strings.take(r, Role.Text));
      this.#add(text);
      return text;
    }
    if (op !== OpBox) throw broken('row33-token');
    const box = this.document.createElement('div');
    stands.set(box, { def: 'box', box: [r.uint(3), r.uint(MAX_SIDE), r.uint(MAX_SIDE)], id: this.#at.next });
    this.#add(box);
    return box;
  }

  #element(depth: number): Element {
    const r = this.#r;
    const def = this.#codes.elementOf(r.uint(255));
    if (!def) throw broken('row01-name');
    if (depth > MaxDepth) throw broken('row32-depth');
    const custom = def.code === Custom ? this.#strings.take(r, Role.Name) : '';
    if (def.code === Custom && !/^[a-z][a-z0-9._]*-[a-z0-9._-]{1,62}$/.test(custom)) throw broken('row15-name');
    const el = this.document.createElement(custom || (/^(html|slot)$/.test(def.name) ? def.name : 'div'));
    stands.set(el, { def, box: [], id: this.#at.next });
    this.#add(el);
    for (let n = r.uint(MaxAttrs); n > 0; n--) this.#attribute(el, OpSet);
    for (let n = r.uint(16); n > 0; n--) this.#live(el);
    let op = r.byte();
    if (op === OpShadow) {
      this.#shadow(el, def, depth);
      op = r.byte();
    }
    for (; op !== OpEnd; op = r.byte()) {
      if (def.content === Content.Empty) throw broken('row11-content');
      el.appendChild(this.#node(op, depth + 1));
    }
    return el;
  }

  #shadow(el: Element, { hosts }: ElementDef, depth: number): void {
    const flags = this.#r.uint(7);
    if (!hosts) throw broken('row14-shadow');
    const root = addShadow(el, {
      mode: flags & 1 ? 'closed' : 'open', delegatesFocus: (flags & 2) > 0, slotAssignment: flags & 4 ? 'manual' : 'named',
    });
    this.#add(root);
    for (let op = this.#r.byte(); op !== OpEnd; op = this.#r.byte()) root.appendChild(this.#node(op, depth + 2));
  }

  #change(op: number, node: Node): void {
    if (op === OpText) {
      if (node.nodeType !== 3) throw broken('row33-token');
      (node as Text).data = this.#strings.take(this.#r, Role.Text);
      return;
    }
    if (op === OpAssign) {
      this.#assign(node as Element, this.#r.uint(), this.#r.uint(MAX_NODES));
      return;
    }
    if (!stands.has(node)) throw broken('row33-token');
    const el = node as Element;
    if (op === OpLive) {
      this.#live(el);
      el.dispatchEvent(new Event('scroll')); // what the capture hears of a page's own elements
    } else this.#attribute(el, op);
  }

  #assign(el: Element, id: number, order: number): void {
    for (const list of this.#slots.values()) {
      const place = list.indexOf(el);
      if (place >= 0) list[place] = undefined;
    }
    if (!id) return;
    const slot = this.#get(id);
    if (!isElement(slot) || slot.localName !== 'slot') throw broken('row33-node');
    const list = this.#slots.get(slot as HTMLSlotElement) ?? [];
    list[order] = el;
    this.#slots.set(slot as HTMLSlotElement, list);
  }

  #attribute(el: Element, op: number): void {
    const r = this.#r;
    const code = r.uint(1 << 12);
    const suffix = code === DataAttr || code === AriaAttr ? `-${this.#strings.take(r, Role.Name)}` : '';
    const name = `a${code}${suffix}`;
    const [known, kind, , list] = this.#codes.coded(name);
    if (!known || suffix === '-') throw broken('row02-attribute');
    if (op === OpUnset) {
      el.removeAttribute(name);
      return;
    }
    let value = '1';
    if (kind === Value.Enum) value = String(r.uint(list.length - 1));
    else if (kind === Value.Asset) value = String(r.uint(MAX_ASSET));
    else if (kind !== Value.Flag) value = this.#strings.take(r, kind < Value.Number ? kind - 2 : kind);
    // A mask stands with a new element, and for its life.
    if (code === MaskAttr) this.#mask(el);
    else el.setAttribute(name, value);
  }

  #live(el: Element): void {
    const r = this.#r;
    const kind = r.byte();
    if (kind < LiveValue || kind > LiveUndefined) throw broken('row33-token');
    let value = '1';
    if (kind === LiveValue) value = this.#strings.take(r, Role.Input);
    else if (kind === LiveScroll) value = `${r.int(1 << 24)},${r.int(1 << 24)}`;
    else if (kind === LiveNatural) value = `${r.uint(16384)},${r.uint(16384)}`;
    else if (kind !== LiveClosed) value = String(r.uint(kind === LiveBullets || kind === LiveOpen ? MAX_SIDE : 1));
    if (kind === LiveOpen || kind === LiveClosed) el.removeAttribute(`l${kind === LiveOpen ? LiveClosed : LiveOpen}`);
    if (kind === LiveScroll && el.getAttribute(`l${kind}`) === value) this.#again(el);
    el.setAttribute(`l${kind}`, value);
    scrolled.add(el);
  }
}
