// Reads the token stream of a batch and builds what it says. Every code, role, place and number is checked again although
// the server did: this is the fence that holds when the server's does not. internal/wire/dom.go is the specification.
import { Reader, WireError } from '../wire/codec';
import {
  type Batch, MaxAttrs, MediaAll, MaxDepth, MarkRing, OpAssign, OpAt, OpBox, OpDetach, OpElem, OpEnd, OpFocus, OpInsert, OpLive, OpMark, OpMedia, OpPage, OpRanges, OpRef, OpSet,
  OpShadow, OpSum, OpText, OpUnset, OpView, Role,
} from '../wire/frames';
import { Content, NAMESPACES } from '../wire/vocabulary';
import { CUSTOM_ELEMENT, type ElementRule, FRAME, customName, elements, flows, holds } from './alphabet';
import { type Dressed, type Wardrobe, dressed } from './dress';
import { appendChild, attachShadow, createElement, createText, insertBefore, nextSiblingOf, nodeType, parentOf, removeChild, setAttribute, setData } from './natives';
import { type Ranges, readRanges } from './ranges';
import type { Strings } from '../wire/strings';
import type { Entry, Tree } from './tree';

/** What a batch says about the page besides its nodes. Absent where it says nothing. */
export interface Told {
  page?: { readonly url: string; readonly title: string };
  /** The customer's viewport in CSS pixels, and how many pixels of their screen one is. */
  view?: { readonly width: number; readonly height: number; readonly ratio: number };
  /** Media* bits. */
  media?: number;
  focus?: number;
  /** Which node is what a mark says, by the mark's kind; 0 is none. */
  readonly marks: Map<number, number>;
  /** What is selected or highlighted now, where that is something else than before. */
  readonly ranges: Ranges[];
  /** A node was moved, which makes browsers forget how far things were scrolled. */
  moved: boolean;
}

/** Where a batch is applied. */
export interface Target {
  readonly document: Document;
  readonly tree: Tree;
  readonly strings: Strings;
  readonly wardrobe: Wardrobe;
  /** Takes children of the document: a snapshot is shown when it is whole. */
  readonly root: (node: Node) => void;
}

// The order of the tokens of a batch. Only those of the steps in `many` may follow each other.
const steps = new Map<number, number>([
  [OpPage, 1], [OpView, 2], [OpMedia, 3], [OpDetach, 4], [OpInsert, 5], [OpSet, 6], [OpUnset, 6], [OpText, 6], [OpLive, 6], [OpAssign, 6],
  [OpFocus, 7], [OpMark, 8], [OpRanges, 9], [OpSum, 10], [OpAt, 11],
]);
const many = new Set([4, 5, 6, 8, 9]);
// What is told of a node that was there before; behind it the tree has its final shape.
const CHANGES = 6;

const BOX_REASONS = ['private', 'frame', 'media', 'limit'];
const MAX_SIDE = 1 << 20;
const DOCUMENT = 9; // type of node

/** Applies the batch. Throws a WireError at the first violation; the tree is then of no use any more. */
export function applyBatch(target: Target, batch: Batch): Told {
  return new Applier(target, batch).run();
}

class Applier {
  private readonly to: Target;
  private readonly r: Reader;
  private readonly snapshot: boolean;
  private readonly base: number;
  private readonly told: Told = { moved: false, marks: new Map(), ranges: [] };
  private last = 0;
  private step = 0;
  private readonly undo: (() => void)[] = []; // until the tree has its shape

  constructor(target: Target, batch: Batch) {
    this.to = target;
    this.r = new Reader(batch.ops);
    this.snapshot = batch.snapshot;
    this.base = target.tree.next;
  }

  run(): Told {
    const { r, to } = this;
    try {
      while (r.left > 0) this.token(r.byte());
    } catch (error) {
      // The picture stays whole until a snapshot heals it: what was taken out is put back.
      for (const step of this.undo.reverse()) step();
      throw error;
    }
    if (this.step < CHANGES) this.settle();
    to.strings.end();
    return this.told;
  }

  // The tree has its final shape: what was taken out and not taken back is gone.
  private settle(): void {
    this.undo.length = 0;
    this.to.tree.forget((entry) => this.to.wardrobe.forget(entry));
  }

  private token(op: number): void {
    const step = steps.get(op) ?? 0;
    if (step < this.step || step === 0 || (step === this.step && !many.has(step))) throw new WireError('row33-order');
    if (this.step < CHANGES && step >= CHANGES) this.settle();
    this.step = step;
    if (step === CHANGES) this.change(op, this.named());
    else if (op === OpInsert) this.insert();
    else if (op === OpDetach) this.detach(this.named());
    else this.about(op);
  }

  private detach(entry: Entry): void {
    const { node } = entry;
    const parent = parentOf(node);
    const next = nextSiblingOf(node);
    this.to.tree.detach(entry);
    if (parent && nodeType(parent) !== DOCUMENT) this.undo.push(() => insertBefore(parent, node, next && parentOf(next) === parent ? next : null));
  }

  // Tokens that say something about the page as a whole.
  private about(op: number): void {
    const { r, told, to } = this;
    switch (op) {
      case OpPage:
        r.uint(1);
        told.page = { url: to.strings.take(r, Role.URL), title: to.strings.take(r, Role.Title) };
        return;
      case OpView: {
        const width = r.uint(MAX_SIDE);
        const height = r.uint(MAX_SIDE);
        const ratio = r.uint(MAX_SIDE) / 1000;
        told.view = { width, height, ratio };
        if (ratio > 0) to.wardrobe.prefer({ scale: ratio });
        return;
      }
      case OpMedia:
        told.media = r.uint(MediaAll);
        to.wardrobe.prefer({ bits: told.media, width: r.uint(MAX_SIDE), height: r.uint(MAX_SIDE) });
        return;
      case OpRanges:
        told.ranges.push(readRanges(r, to.strings, to.tree));
        return;
      case OpFocus:
        told.focus = r.uint();
        if (told.focus !== 0) to.tree.get(told.focus);
        return;
      case OpMark: {
        const kind = r.uint(MarkRing);
        const node = r.uint();
        if (kind === 0) throw new WireError('row33-token');
        if (node !== 0) dressed(to.tree.get(node));
        told.marks.set(kind, node);
        return;
      }
      case OpSum:
        if (!to.tree.fits(r.uint(), r.uint(0xffffffff))) throw new WireError('row33-sum');
        return;
      default:
        this.at();
    }
  }

  private at(): void {
    if (!this.snapshot) throw new WireError('row33-at');
    this.to.tree.next = this.r.uint();
  }

  private named(): Entry {
    this.last += this.r.int();
    return this.to.tree.get(this.last);
  }

  private change(op: number, entry: Entry): void {
    const { r, to } = this;
    switch (op) {
      case OpText:
        if (entry.kind !== 'text') throw new WireError('row33-text');
        setData(entry.node as Text, to.strings.take(r, Role.Text));
        return;
      case OpAssign:
        to.wardrobe.slots.read(r, entry, to.tree);
        return;
      case OpSet:
        to.wardrobe.attribute(r, dressed(entry), false);
        return;
      case OpUnset:
        to.wardrobe.remove(r, dressed(entry));
        return;
      default:
        to.wardrobe.live(r, dressed(entry));
    }
  }

  private insert(): void {
    const { tree } = this.to;
    const place = this.r.int();
    const known = tree.get(place < 0 ? tree.next + place : tree.next - place);
    const parent = place < 0 ? tree.get(known.parent) : known;
    if (place === 0 || known.id >= this.base || (place < 0 && known.kind === 'shadow')) throw new WireError('row33-place');
    if (known.detached) throw new WireError('row33-parent');
    const before = place < 0 ? known.node : null;
    const depth = tree.depth(parent);
    for (let op = this.op(), n = 0; op !== OpEnd || n === 0; op = this.op(), n++) {
      const node = this.node(op, parent, depth + 1);
      if (parent.kind === 'document') this.to.root(node);
      else if (parent.rule?.key === FRAME) tree.frames.hold(parent.node, node);
      else this.put(parent.node, node, before);
    }
  }

  private put(parent: Node, node: Node, before: Node | null): void {
    insertBefore(parent, node, before);
    this.undo.push(() => {
      if (parentOf(node) === parent) removeChild(parent, node);
    });
  }

  // The next token of a list of nodes.
  private op(): number {
    const op = this.r.byte();
    if (op !== OpAt) return op;
    this.at();
    const next = this.r.byte();
    if (next === OpAt || next === OpEnd || next === OpRef) throw new WireError('row33-at');
    return next;
  }

  private node(op: number, parent: Entry, depth: number): Node {
    // Texts and boxes hold nothing, so they may hang one level deeper.
    if (depth > MaxDepth && op === OpElem) throw new WireError('row32-depth');
    switch (op) {
      case OpElem:
        return this.element(parent, depth);
      case OpText:
        return this.text(parent);
      case OpRef:
        return this.moved(parent);
      case OpBox:
        return this.box(parent);
      default:
        throw new WireError('row33-token');
    }
  }

  private element(parent: Entry, depth: number): Element {
    const { r, to } = this;
    const code = r.uint(255);
    const rule = elements[code];
    if (!rule) throw new WireError('row1-element');
    fits(parent, rule);
    const name = code === CUSTOM_ELEMENT ? to.strings.take(r, Role.Name) : rule.name;
    if (code === CUSTOM_ELEMENT && !customName(name)) throw new WireError('row15-name');
    const el = rule.key === FRAME ? to.tree.frames.make(to.document) : createElement(to.document, rule.namespace, name);
    const entry = dressed(to.tree.add('element', el, rule, parent));
    if (!rule.svg && (rule.name === 'input' || rule.name === 'textarea')) setAttribute(el, 'autocomplete', 'off');
    this.clothe(entry);
    if (rule.key === 'select' || rule.key === 'option' || rule.key === 'optgroup') to.wardrobe.touched.add(entry);
    let next = this.op();
    if (next === OpShadow) {
      this.shadow(entry, depth);
      next = this.op();
    }
    for (; next !== OpEnd; next = this.op()) {
      const node = this.node(next, entry, depth + 1);
      if (rule.key === FRAME) to.tree.frames.hold(el, node);
      else appendChild(el, node);
    }
    return el;
  }

  private clothe(entry: Dressed): void {
    const { r, to } = this;
    const seen = new Set<string>();
    for (let n = r.uint(MaxAttrs); n > 0; n--) {
      const name = to.wardrobe.attribute(r, entry, seen.size === 0);
      if (seen.has(name)) throw new WireError('row32-attribute');
      seen.add(name);
    }
    for (let n = r.uint(16); n > 0; n--) to.wardrobe.live(r, entry);
  }

  private shadow(host: Dressed, depth: number): void {
    const flags = this.r.uint(7);
    if (!host.rule.host || depth >= MaxDepth) throw new WireError('row14-shadow');
    // Always open, so that this side can reach in; the page cannot, it has no script here.
    const root = attachShadow(host.node, { mode: 'open', slotAssignment: (flags & 4) === 0 ? 'named' : 'manual' });
    const entry = this.to.tree.add('shadow', root, null, host);
    for (let op = this.op(); op !== OpEnd; op = this.op()) appendChild(root, this.node(op, entry, depth + 2));
  }

  private text(parent: Entry): Node {
    fitsText(parent);
    const node = createText(this.to.document, this.to.strings.take(this.r, Role.Text));
    this.to.tree.add('text', node, null, parent);
    return node;
  }

  private moved(parent: Entry): Node {
    const { to } = this;
    const entry = this.named();
    if (entry.kind === 'element') fits(parent, dressed(entry).rule);
    else if (entry.kind === 'text') fitsText(parent);
    else fitsBox(parent);
    to.tree.retake(entry, parent);
    if (entry.rule?.key === 'option' || entry.rule?.key === 'optgroup') to.wardrobe.touched.add(dressed(entry));
    this.told.moved = true;
    return entry.node;
  }

  private box(parent: Entry): Node {
    const { r, to } = this;
    fitsBox(parent);
    const el = createElement(to.document, NAMESPACES[0], 'div');
    const reason = BOX_REASONS[r.uint(3)] ?? '';
    setAttribute(el, 'class', 'vitrine-box');
    setAttribute(el, 'vitrine-reason', reason);
    setAttribute(el, 'style', `width:${r.uint(MAX_SIDE)}px;height:${r.uint(MAX_SIDE)}px`);
    to.tree.add('box', el, null, parent);
    return el;
  }
}

function fits(parent: Entry, child: ElementRule): void {
  if (parent.kind === 'document') {
    if (child.key !== 'html' || parent.kids > 0) throw new WireError('row13-document');
  } else if (parent.kind === 'shadow') {
    if (!flows(child)) throw new WireError('row13-content');
  } else if (!parent.rule || !holds(parent.rule, child) || (parent.rule.key === FRAME && parent.kids > 0)) throw new WireError('row13-content');
}

function fitsText(parent: Entry): void {
  if (parent.kind === 'shadow') return;
  if (!parent.rule || parent.rule.content === Content.Empty || parent.rule.key === FRAME) throw new WireError('row13-content');
}

function fitsBox(parent: Entry): void {
  if (parent.kind === 'shadow') return;
  const content = parent.rule?.content;
  if (content !== Content.HTMLFlow && content !== Content.HTMLInSVG) throw new WireError('row13-content');
}
