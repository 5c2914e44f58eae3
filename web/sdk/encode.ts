// Writes nodes as tokens. A snapshot and a batch take the same path: new nodes are written whole, moved ones by reference.
import {
  BoxReason, LiveClosed, LiveNatural, LiveOpen, LiveScroll, MaxAttrs, MaxChildren, MaxDepth, MaxNodes, OpAssign, OpBox, OpElem, OpEnd, OpInsert, OpLive,
  OpRef, OpSet, OpShadow, OpText, OpUnset, Role,
} from '../wire/frames';
import type { BatchWriter } from '../wire/batch';
import { Content, Value } from '../wire/vocabulary';
import type { Assets } from './assets';
import { changes, sheetsTurn, stateOf } from './css';
import { bullets } from './mask';
import type { Masks } from './mask';
import {
  assignedTo, attribute, attributeNames, create, data, documentOf, firstChild, frameDocument, headElement, localName, matches,
  nextSibling, nodeType, observeBox, ours, rectOf, rootOf, rootSheets, shadowOf,
} from './natives';
import { deep, fits } from './holds';
import { stands } from './mirror';
import { Privacy } from './privacy';
import { Lives, isDefault, scrolled } from './say';
import type { LiveState } from './say';
import { HoldsNothing, HoldsStyles, HoldsText, Tree, sentAt } from './tree';
import type { Known } from './tree';
import { Custom, MaskAttr, vocabulary } from './vocab';
import type { ElementDef } from './vocab';

const MAX_TEXT = 349_000; // UTF-16 units; a literal holds 2^20 bytes
const AT_ONCE = 512; // nodes that a batch tells however slow the machine is
const MAX_LEVELS = MaxDepth - 12; // room for what moves in below
const MAX_KIDS = MaxChildren - 64; // room for adopted sheets
const MAX_NODES = MaxNodes - 512; // likewise, and for shadow roots

/** The first and the last child that can be seen. */
export type Span = [first: Node, last: Node];
export type How = ElementDef | 'box' | 'text' | undefined;

/** What an encoder needs of the capture. */
export interface Hooks {
  /** A shadow root or a document within the page was met. */
  met(root: ShadowRoot | Document): void;
  /** A document within the page is gone. */
  left(document: Document): void;
  /** A box has another size than was told. */
  resized(el: Element): void;
}

/** Writes the nodes of one epoch. */
export class Encoder {
  readonly tree: Tree;
  readonly lives = new Lives();
  /** Nodes that this batch takes out or puts in and that have no place yet. */
  readonly pending = new Set<Node>();
  /** Known elements whose live state scripts can change without a trace. */
  readonly controls = new Set<Element>();
  /** Known style sheets: what was told of them last. */
  readonly styles = new Map<Element, string>();
  /** Known slots that scripts fill: the ids of what was told to be in them. */
  readonly slots = new Map<Element, readonly number[]>();
  /** Shadow roots that were met. */
  readonly roots = new Set<ShadowRoot>();
  /** What the adopted sheets were that were told under a node, and when they were compared last. */
  readonly adopted = { turn: -1, told: new Map<Node, string>() };
  readonly boxes: ResizeObserver;
  readonly #hooks: Hooks;
  /** Where the walk over what is new stands. */
  readonly walk = {
    until: 0, // when it ends; 0 when it has
    steps: 0,
    privacy: 0, // of the node that how() looked at last
    // Known nodes whose children are not all told, because the batch's time was over: the first one that is not.
    late: new Map<Node, Node>(),
    // While this is set, of these nodes nothing else is told than what can be seen in the window.
    view: undefined as ReadonlyMap<Node, Span> | undefined,
  };
  readonly #sizes = new Map<Element, string>();
  readonly #w: BatchWriter;
  readonly #masks: Masks;
  readonly #assets: Assets;

  constructor(writer: BatchWriter, masks: Masks, assets: Assets, hooks: Hooks) {
    this.#w = writer;
    this.#masks = masks;
    this.#assets = assets;
    this.#hooks = hooks;
    this.boxes = new ResizeObserver((entries) => {
      for (const { target } of entries) if (this.#sizes.has(target) && this.#sizes.get(target) !== sizeOf(target).join()) hooks.resized(target);
    });
    this.tree = new Tree(document, masks.start, (node, noted) => {
      if (this.pending.size) this.pending.delete(node);
      if (!noted) return;
      if (this.#sizes.has(node as Element)) this.boxes.unobserve(node as Element);
      for (const set of [this.controls, this.styles, this.slots, this.walk.late, this.adopted.told, this.#sizes, this.roots]) set.delete(node as Element & ShadowRoot);
      if (nodeType(node) === 9) hooks.left(node as Document);
    });
  }

  /** How a node is told below a known one. */
  how(n: Node, up: Known): How {
    const type = nodeType(n);
    this.walk.privacy = up.privacy;
    if ((up.kids >= MAX_KIDS || this.tree.count >= MAX_NODES) && !this.tree.of(n)) return undefined;
    if (type === 3 || type === 4) return up.content > 0 && up.content < Content.Document && up.privacy < Privacy.Hidden ? 'text' : undefined;
    if (type !== 1) return undefined;
    const told = vocabulary.tell(n as Element);
    if (!told || (told !== 'box' && told.code === Custom && ours.has(n))) return undefined;
    this.walk.privacy = this.#masks.of(n as Element, up.privacy, told !== 'box' && told.control);
    const privacy = this.walk.privacy;
    const hidden = told !== 'box' && (privacy === Privacy.Hidden ? told.name !== 'html' : privacy > 0 && told.name === 'canvas');
    const how = told === 'box' || hidden || deep(told, up) ? 'box' : told;
    return fits(up.content, how) ? how : undefined;
  }

  /** Whether how() has just found a known node to be what was told. */
  #same(known: Known, how: How): boolean {
    return this.walk.privacy === known.privacy && (typeof how === 'object' ? how : null) === known.def;
  }

  /** Whether a known node would be told in another way now. */
  changed(n: Node, known: Known, up: Known): boolean {
    const how = this.how(n, up);
    return !how || !this.#same(known, how);
  }

  /** Writes a node that how() has just looked at. */
  node(n: Node, how: How, up: Known, depth: number): void {
    const w = this.#w.ops;
    const known = this.tree.of(n);
    if (this.pending.size) this.pending.delete(n);
    if (known) {
      if (this.#same(known, how)) {
        this.tree.move(known, up);
        w.byte(OpRef);
        this.#w.id(known.id);
        return;
      }
      this.tree.forget(n);
    }
    if (typeof how === 'object') {
      this.#element(n as Element, how, up, depth);
      return;
    }
    if (how === 'text') {
      this.text(n as CharacterData, this.tree.add(n, up, this.walk.privacy, null, HoldsText).privacy);
      return;
    }
    const box = this.tree.add(n, up, this.walk.privacy, null, HoldsNothing);
    const { privacy } = box;
    box.noted = true;
    const el = n as Element;
    const stand = stands.get(el);
    const size = sizeOf(el);
    w.byte(OpBox);
    if (stand) {
      for (const v of stand.box) w.uint(v);
      return;
    }
    this.#sizes.set(el, size.join());
    observeBox(this.boxes, el);
    for (const v of [privacy === Privacy.Hidden || (privacy && localName(el) === 'canvas') ? BoxReason.Private : localName(el) === 'iframe' ? BoxReason.Frame : BoxReason.Media, ...size]) w.uint(v);
  }

  /** Writes what a text node holds, behind its id where it was there before. */
  text(n: CharacterData, privacy: number, id = 0): void {
    this.#w.ops.byte(OpText);
    if (id) this.#w.id(id);
    const text = data(n).slice(0, MAX_TEXT);
    this.#w.ref(Role.Text, privacy ? bullets(text) : text);
  }

  #element(el: Element, def: ElementDef, up: Known, depth: number): void {
    const w = this.#w.ops;
    const privacy = this.walk.privacy;
    const known = this.tree.add(el, up, privacy, def, def.name === 'head' ? HoldsStyles : def.content);
    w.byte(OpElem);
    w.uint(def.code);
    if (def.code === Custom) this.#w.ref(Role.Name, localName(el));
    // The mask stands first: the server judges everything behind it.
    const mask = privacy === Privacy.Masked && (up.privacy !== Privacy.Masked || this.#masks.own(el));
    if (privacy === Privacy.Hidden) w.raw(new Uint8Array(2));
    else this.#state(el, known, def, mask);
    const root = def.hosts && shadowOf(el);
    if (root) {
      known.hosts = true;
      this.roots.add(root);
      this.#hooks.met(root);
      if (this.#masks.looking) this.#masks.look(root);
      w.byte(OpShadow);
      w.uint(Number(root.mode === 'closed') + 2 * Number(root.delegatesFocus) + 4 * Number(root.slotAssignment === 'manual'));
      const held = this.tree.add(root, known, privacy, null, Content.HTMLFlow);
      held.noted = true;
      this.#children(root, held, depth + 2);
      w.byte(OpEnd);
    }
    this.#children(el, known, depth + 1);
    w.byte(OpEnd);
  }

  #children(n: Node, known: Known, depth: number): void {
    if (depth > MAX_LEVELS || known.content === HoldsNothing) return;
    if (known.content === Content.Document && localName(n as Element) === 'iframe') {
      const within = frameDocument(n as HTMLIFrameElement);
      if (!within) return;
      this.tree.enter(n as Element, known, within);
      this.#hooks.met(within);
      if (this.#masks.looking) this.#masks.look(within);
      n = within;
    }
    const span = this.walk.view?.get(n);
    let seen = !span;
    for (let c = firstChild(n); c; c = nextSibling(c)) {
      if (span) {
        seen = c === span[0] || (seen && c !== nextSibling(span[1]));
        if (!seen) {
          this.#later(n, known, c);
          continue;
        }
      }
      if (known.content !== HoldsStyles && this.over()) {
        this.#later(n, known, c);
        break;
      }
      const how = this.how(c, known);
      if (how) this.node(c, how, known, depth);
    }
    if (!known.def || known.content === HoldsStyles) this.#adopted(n, known);
    const sprite = known.def?.name === 'svg:use' && vocabulary.spriteIn(n as Element);
    const how = sprite && this.how(sprite, known);
    if (!sprite || !how) return;
    this.tree.extras.set(n, [sprite]);
    this.node(sprite, how, known, depth);
  }

  #later(n: Node, known: Known, from: Node): void {
    known.noted = true;
    if (!this.walk.late.has(n)) this.walk.late.set(n, from);
  }

  /** The adopted sheets that are told under a node: those of a shadow root, and under the head those of the document. */
  #adoptedBy(n: Node): readonly CSSStyleSheet[] {
    const type = nodeType(n);
    if (type === 11) return rootSheets(n as ShadowRoot);
    return type === 1 && n === headElement(documentOf(n)) ? vocabulary.sheetsOf(documentOf(n)) : [];
  }

  /** Adopted sheets have no node: style elements that are in no page stand for them, behind the children. */
  #adopted(n: Node, known: Known): void {
    const w = this.#w.ops;
    known.noted = true;
    this.adopted.told.set(n, this.#stateOf(n));
    for (const sheet of known.privacy === Privacy.Hidden ? [] : this.#adoptedBy(n)) {
      const { styleDef } = vocabulary;
      if (!styleDef) return;
      const el = create('style');
      this.tree.extras.set(n, [...(this.tree.extras.get(n) ?? []), el]);
      const extra = this.tree.add(el, known, known.privacy, styleDef, HoldsNothing);
      const { mediaText } = sheet.media;
      w.byte(OpElem);
      w.uint(styleDef.code);
      w.byte(1 + Number(mediaText !== '') + Number(sheet.disabled));
      this.#attribute(extra, '#sheet', this.#assets.rules(sheet));
      if (mediaText) this.#attribute(extra, 'media', mediaText);
      if (sheet.disabled) this.#attribute(extra, '#disabled', 1);
      w.byte(0);
      w.byte(OpEnd);
    }
  }

  #stateOf(n: Node): string {
    return this.#adoptedBy(n).map(stateOf).join();
  }

  /** The nodes whose adopted sheets are others than were told. */
  readopted(): Node[] {
    const turn = sheetsTurn();
    if (turn === this.adopted.turn) return [];
    this.adopted.turn = turn;
    return [...this.adopted.told].filter(([n, told]) => told !== this.#stateOf(n)).map(([n]) => n);
  }

  /** Tells a node's adopted sheets behind its other children. */
  adopt(n: Node, known: Known): void {
    this.adopted.told.set(n, this.#stateOf(n));
    if (this.tree.extras.has(n) || this.#adoptedBy(n).length === 0) return; // told anew with the node, or gone
    this.#w.ops.byte(OpInsert);
    this.#w.ops.int(this.tree.next - known.id);
    this.#adopted(n, known);
    this.#w.ops.byte(OpEnd);
  }

  /** Writes the attributes and live states of a new element. */
  #state(el: Element, known: Known, def: ElementDef, mask: boolean): void {
    const w = this.#w.ops;
    let at = w.length;
    let n = Number(mask);
    w.byte(0);
    if (mask) w.uint(MaskAttr);
    const names = attributeNames(el);
    if (vocabulary.heldStyle(el) && attribute(el, 'style') === null) names.push('style');
    for (const name of def.special.length ? [...names, ...def.special] : names) {
      const code = vocabulary.codeOf(known, name, el);
      // One attribute in two namespaces is told once.
      const value = code[0] && n < MaxAttrs && !sentAt(known, name) ? vocabulary.valueOf(el, known, name, code, this.#assets) : null;
      if (value === null) continue;
      this.#attribute(known, name, value, code);
      n++;
    }
    w.patch(at, n);
    const layer = def.name === 'dialog' || names.includes('popover');
    const control = layer || def.control || (def.code === Custom && !matches(el, ':defined'));
    known.noted = control || def.special.length > 0 || def.name === 'slot';
    if (control) this.controls.add(el);
    if (def.special[0] === '#sheet') this.styles.set(el, styleState(el));
    if (def.name === 'slot' && (rootOf(el) as Partial<ShadowRoot>).slotAssignment === 'manual') this.slots.set(el, []);
    at = w.length;
    n = 0;
    w.byte(0);
    // Most elements have none, and asking costs more than writing the rest of them.
    for (const live of layer || def.lives || scrolled.has(el) ? this.lives.of(el, known) : []) {
      (known.live ??= new Map()).set(slot(live), live.join());
      if (isDefault(live)) continue;
      this.#live(live);
      n++;
    }
    w.patch(at, n);
  }

  /** Writes an attribute; without a value, its name only. */
  #attribute(known: Known, name: string, value: string | number | null, def = vocabulary.codeOf(known, name)): void {
    // Read by index: taking an array apart goes through its iterator, which shows in code that runs for every attribute.
    const kind = def[1];
    const suffix = def[2];
    this.#w.ops.uint(def[0]);
    if (suffix) this.#w.ref(Role.Name, suffix);
    const at = sentAt(known, name);
    if (value === null) {
      known.sent?.splice(at - 1, 2);
      return;
    }
    if (at && known.sent) known.sent[at] = value;
    else (known.sent ??= []).push(name, value);
    if (kind === Value.Flag) return;
    if (typeof value === 'number') this.#w.ops.uint(value);
    else this.#w.ref(kind < Value.Number ? kind - 2 : kind, value);
  }

  /** Tells what an attribute of a known element is now, if that is not what was told. */
  attribute(el: Element, known: Known, name: string): void {
    const code = vocabulary.codeOf(known, name, el);
    const value = vocabulary.valueOf(el, known, name, code, this.#assets);
    const before = known.sent?.[sentAt(known, name) || -1] ?? null;
    if (value === before || (before === null && (known.sent?.length ?? 0) > 2 * MaxAttrs - 4)) return;
    this.#w.ops.byte(value === null ? OpUnset : OpSet);
    this.#w.id(known.id);
    this.#attribute(known, name, value, code);
  }

  /** Tells the attributes of a known element that no attribute of the page tells alone. */
  specials(el: Element, known: Known): void {
    for (const name of known.def?.special ?? []) this.attribute(el, known, name);
    if (this.styles.has(el)) this.styles.set(el, styleState(el));
  }

  /** Tells what scripts put into slots, where that is something else than was told. */
  assign(): void {
    const now = new Map<Element, readonly number[]>();
    for (const [slot, told] of this.slots) {
      const ids = Array.from(assignedTo(slot), (n) => this.tree.of(n)?.id ?? 0).filter(Boolean);
      if (ids.join() !== told.join()) now.set(slot, ids);
    }
    const tell = (id: number, slot: number, order: number): void => {
      if (!this.tree.node(id)) return;
      this.#w.ops.byte(OpAssign);
      this.#w.id(id);
      this.#w.ops.uint(slot);
      this.#w.ops.uint(order);
    };
    // First out of the old ones: what moves from one to the other must end in the new one.
    for (const [slot, ids] of now) for (const id of this.slots.get(slot) ?? []) if (!ids.includes(id)) tell(id, 0, 0);
    for (const [slot, ids] of now) {
      this.slots.set(slot, ids);
      ids.forEach((id, order) => tell(id, this.tree.of(slot)?.id ?? 0, order));
    }
  }

  #live([kind, value, more = 0]: LiveState): void {
    const w = this.#w.ops;
    w.byte(kind);
    if (typeof value === 'string') this.#w.ref(Role.Input, value.slice(0, MAX_TEXT));
    else if (kind === LiveScroll) {
      w.int(value);
      w.int(more);
    } else if (kind !== LiveClosed) w.uint(value);
    if (kind === LiveNatural) w.uint(more);
  }

  /** Tells the live states of a known element that have changed. */
  live(el: Element, known: Known): void {
    for (const live of this.lives.of(el, known)) {
      const before = known.live?.get(slot(live));
      if (before === live.join()) continue;
      (known.live ??= new Map()).set(slot(live), live.join());
      if (before === undefined && isDefault(live)) continue;
      this.#w.ops.byte(OpLive);
      this.#w.id(known.id);
      this.#live(live);
    }
  }

  /** Whether the batch has taken its time. Asked for every node, so it looks at the clock now and then only; small pages are told at once. */
  over(): boolean {
    const { walk } = this;
    if ((++walk.steps & 31) === 0 && walk.steps > AT_ONCE && performance.now() > walk.until) walk.until = 0;
    return walk.until === 0;
  }
}

/** What a style sheet's element says beyond its text. */
export function styleState(el: Element): string {
  const { sheet } = el as HTMLStyleElement;
  return `${sheet ? changes(sheet) : -1} ${vocabulary.isOff(el)}`;
}

/** Open and closed are one state. */
const slot = ([kind]: LiveState): number => (kind === LiveOpen ? LiveClosed : kind);

function sizeOf(el: Element): number[] {
  const { width, height } = rectOf(el);
  return [width, height].map((n) => Math.min(Math.round(n), 1 << 20));
}
