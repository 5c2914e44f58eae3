// Writes nodes as tokens. A snapshot and a batch take the same path: new nodes are written whole, moved ones by reference.
import {
  BoxReason, LiveClosed, LiveNatural, LiveOpen, LiveScroll, LiveValue, MaxAttrs, MaxDepth, MaxNodes, OpBox, OpElem, OpEnd, OpLive, OpRef, OpSet,
  OpShadow, OpText, OpUnset, Role,
} from '../wire/frames';
import type { BatchWriter } from '../wire/batch';
import { Content, Value } from '../wire/vocabulary';
import type { Assets } from './assets';
import { changes } from './css';
import { Privacy, bullets, isField } from './mask';
import type { Masks } from './mask';
import { attributeNames, data, firstChild, localName, nextSibling, nodeType, ours, rectOf, shadowOf } from './natives';
import { Lives, codeOf, isDefault, isLayer, isOff, say, saySpecial } from './say';
import type { LiveState, Said } from './say';
import { Holds } from './tree';
import type { Known, Tree } from './tree';
import { Code, styleDef, tell } from './vocab';
import type { ElementDef } from './vocab';

const MAX_TEXT = 349_000; // UTF-16 units; a literal holds 2^20 bytes
const MAX_LEVELS = MaxDepth - 12; // room for what moves in below

type How = ElementDef | 'box' | 'text' | null;

/** Writes the nodes of one epoch. */
export class Encoder {
  /** Nodes that this batch takes out or puts in and that have no place yet. */
  readonly pending = new Set<Node>();
  /** Known elements whose live state scripts can change without a trace. */
  readonly controls = new Set<Element>();
  /** Known style sheets: what was told of them last. */
  readonly styles = new Map<Element, string>();
  /** Shadow roots that were met. */
  readonly roots = new Set<ShadowRoot>();
  readonly boxes: ResizeObserver;
  readonly lives = new Lives();
  readonly #tree: Tree;
  readonly #w: BatchWriter;
  readonly #masks: Masks;
  readonly #assets: Assets;
  readonly #meet: (root: ShadowRoot) => void;
  #privacy = 0; // of the node that how() looked at last

  constructor(tree: Tree, writer: BatchWriter, masks: Masks, assets: Assets, hooks: { meet: (root: ShadowRoot) => void; resized: (el: Element) => void }) {
    this.#tree = tree;
    this.#w = writer;
    this.#masks = masks;
    this.#assets = assets;
    this.#meet = hooks.meet;
    this.boxes = new ResizeObserver((entries) => {
      for (const { target } of entries) hooks.resized(target);
    });
    tree.gone = (node) => {
      this.pending.delete(node);
      if (!(node instanceof Element)) return;
      this.controls.delete(node);
      this.styles.delete(node);
      this.boxes.unobserve(node);
      this.#boxSizes.delete(node);
    };
  }

  readonly #boxSizes = new Map<Element, string>();

  /** Whether a box has another size than was told. */
  boxChanged(el: Element): boolean {
    const told = this.#boxSizes.get(el);
    return told !== undefined && told !== sizeOf(el).join();
  }

  /** How a node is told below a known one; null when it is not. */
  how(n: Node, up: Known): How {
    const type = nodeType(n);
    if (type === 3 || type === 4) {
      this.#privacy = up.privacy;
      return up.content > 0 && up.content < Holds.Root && up.privacy < Privacy.Hidden ? 'text' : null;
    }
    if (type !== 1 || ours.has(n) || this.#tree.count >= MaxNodes) return null;
    const el = n as Element;
    const told = tell(el);
    if (told === null) return null;
    this.#privacy = up.privacy === Privacy.Hidden ? Privacy.Hidden : this.#masks.of(el, up.privacy);
    const box = told === 'box' || (this.#privacy === Privacy.Hidden && told.name !== 'html');
    return fits(up.content, box ? null : told) ? (box ? 'box' : told) : null;
  }

  /** Whether a known node would be told in another way now. */
  changed(n: Node, known: Known, up: Known): boolean {
    const how = this.how(n, up);
    return how === null || this.#privacy !== known.privacy || (typeof how === 'object' ? how : null) !== known.def;
  }

  /** Writes a node that how() has just looked at. */
  node(n: Node, how: How, up: Known, depth: number): void {
    const w = this.#w.ops;
    const privacy = this.#privacy;
    const known = this.#tree.of(n);
    if (known) {
      if (privacy === known.privacy && (typeof how === 'object' ? how : null) === known.def) {
        this.pending.delete(n);
        this.#tree.move(known, up.id);
        w.byte(OpRef);
        this.#w.id(known.id);
        return;
      }
      this.#tree.forget(n);
    }
    this.pending.delete(n);
    if (how === 'text') {
      this.#tree.add(n, up, privacy, null, Holds.Nothing);
      w.byte(OpText);
      this.text(n as CharacterData, privacy);
    } else if (how === 'box') {
      this.#box(n as Element, up, privacy);
    } else if (how) {
      this.#element(n as Element, how, up, depth);
    }
  }

  /** Writes a reference to a text. */
  text(n: CharacterData, privacy: number): void {
    const text = data(n).slice(0, MAX_TEXT);
    this.#w.ref(Role.Text, privacy === Privacy.Open ? text : bullets(text));
  }

  #box(el: Element, up: Known, privacy: number): void {
    const w = this.#w.ops;
    this.#tree.add(el, up, privacy, null, Holds.Nothing);
    const [width, height] = sizeOf(el);
    this.#boxSizes.set(el, `${width},${height}`);
    this.boxes.observe(el);
    w.byte(OpBox);
    w.uint(privacy === Privacy.Hidden ? BoxReason.Private : /^i?frame$/.test(localName(el)) ? BoxReason.Frame : BoxReason.Media);
    w.uint(width);
    w.uint(height);
  }

  #element(el: Element, def: ElementDef, up: Known, depth: number): void {
    const w = this.#w.ops;
    const privacy = this.#privacy;
    const known = this.#tree.add(el, up, privacy, def, def.name === 'head' ? Holds.Styles : def.content);
    w.byte(OpElem);
    w.uint(def.code);
    if (def.code === Code.Custom) this.#w.ref(Role.Name, localName(el));
    this.#attributes(el, known, up);
    this.#newLives(el, known);
    const root = shadowOf(el);
    if (root) {
      const inner = this.#tree.add(root, known, privacy, null, Content.HTMLFlow);
      this.roots.add(root);
      this.#meet(root);
      w.byte(OpShadow);
      w.uint((root.mode === 'closed' ? 1 : 0) | (root.delegatesFocus ? 2 : 0) | (root.slotAssignment === 'manual' ? 4 : 0));
      this.#children(root, inner, depth + 2);
      w.byte(OpEnd);
    }
    if (def.content !== Content.Empty) this.#children(el, known, depth + 1);
    w.byte(OpEnd);
  }

  #children(n: Node, known: Known, depth: number): void {
    if (depth > MAX_LEVELS) return;
    for (let c = firstChild(n); c; c = nextSibling(c)) {
      const how = this.how(c, known);
      if (how) this.node(c, how, known, depth);
    }
    this.adopted(n, known);
  }

  /** Which adopted sheets a node stands for, in a form that can be compared. */
  adoptedBy(n: Node): readonly CSSStyleSheet[] {
    const owner = n instanceof ShadowRoot ? n : n === document.head ? document : null;
    return owner?.adoptedStyleSheets ?? [];
  }

  /** Adopted sheets have no node: style elements that are in no page stand for them, behind the children. */
  adopted(n: Node, known: Known): void {
    if (!styleDef || known.privacy === Privacy.Hidden || known.content === Holds.Nothing) return;
    const extras: HTMLStyleElement[] = [];
    const w = this.#w.ops;
    for (const sheet of this.adoptedBy(n)) {
      const asset = this.#assets.rules(sheet);
      if (!asset) continue;
      const el = document.createElement('style');
      extras.push(el);
      this.#tree.add(el, known, known.privacy, styleDef, Holds.Nothing);
      w.byte(OpElem);
      w.uint(styleDef.code);
      const { mediaText } = sheet.media;
      w.byte(1 + Number(mediaText !== '') + Number(sheet.disabled));
      this.#value([Code.Sheet, '', Value.Asset, asset]);
      if (mediaText) this.#value([styleDef.attrs.get('media')?.code ?? 0, '', Value.Media, mediaText]);
      if (sheet.disabled) this.#value([styleDef.attrs.get('#disabled')?.code ?? 0, '', Value.Flag, 0]);
      w.byte(0);
      w.byte(OpEnd);
    }
    if (extras.length > 0) this.#tree.extras.set(n, extras);
  }

  #attributes(el: Element, known: Known, up: Known): void {
    const w = this.#w.ops;
    const at = w.length;
    const sent: string[] = [];
    let n = 0;
    w.byte(0);
    // The mask stands first: the server judges everything behind it.
    if (known.privacy === Privacy.Masked && (up.privacy !== Privacy.Masked || this.#masks.own(el))) {
      w.uint(Code.Mask);
      n = 1;
    }
    const names = known.privacy === Privacy.Hidden ? [] : attributeNames(el);
    for (const name of names) {
      const said = n < MaxAttrs ? say(el, known, name, this.#assets) : null;
      if (!said) continue;
      this.#value(said);
      sent.push(name);
      n++;
    }
    for (const name of known.def?.special ?? []) {
      const said = n < MaxAttrs ? saySpecial(el, known, name, this.#assets) : null;
      if (!said) continue;
      if (said[2] === Value.Asset) known.asset = Number(said[3]);
      this.#value(said);
      sent.push(name);
      n++;
    }
    w.patch(at, n);
    if (n > 0) known.sent = sent;
    if (known.def?.special.includes('#sheet')) this.styles.set(el, styleState(el));
  }

  #value([code, suffix, kind, value]: Said): void {
    const w = this.#w.ops;
    w.uint(code);
    if (suffix) this.#w.ref(Role.Name, suffix);
    if (kind === Value.Enum || kind === Value.Asset) w.uint(Number(value));
    else if (kind !== Value.Flag) this.#w.ref(kind < Value.Number ? kind - 2 : kind, String(value));
  }

  /** Tells what an attribute of a known element is now. */
  attribute(el: Element, known: Known, name: string): void {
    this.#set(known, name, say(el, known, name, this.#assets));
  }

  /** Tells what the special attributes of a known element are now. */
  specials(el: Element, known: Known): void {
    for (const name of known.def?.special ?? []) {
      const said = saySpecial(el, known, name, this.#assets);
      if (said?.[2] === Value.Asset) {
        if (said[3] === known.asset && known.sent?.includes(name)) continue;
        known.asset = Number(said[3]);
      } else if (said && known.sent?.includes(name)) {
        continue;
      }
      this.#set(known, name, said);
    }
    if (this.styles.has(el)) this.styles.set(el, styleState(el));
  }

  #set(known: Known, name: string, said: Said | null): void {
    const w = this.#w.ops;
    const at = known.sent?.indexOf(name) ?? -1;
    if (said) {
      if (at < 0 && (known.sent?.length ?? 0) >= MaxAttrs - 1) return;
      w.byte(OpSet);
      this.#w.id(known.id);
      this.#value(said);
      if (at < 0) (known.sent ??= []).push(name);
    } else if (at >= 0) {
      const [code, suffix] = codeOf(known, name);
      w.byte(OpUnset);
      this.#w.id(known.id);
      w.uint(code);
      if (suffix) this.#w.ref(Role.Name, suffix);
      known.sent?.splice(at, 1);
    }
  }

  #newLives(el: Element, known: Known): void {
    const w = this.#w.ops;
    const at = w.length;
    let n = 0;
    w.byte(0);
    if (known.privacy === Privacy.Hidden) return;
    if (isField(el) || known.def?.name === 'option' || isLayer(el)) this.controls.add(el);
    for (const live of this.lives.of(el, known)) {
      (known.live ??= new Map()).set(slot(live), live.join());
      if (isDefault(live)) continue;
      this.#live(live);
      n++;
    }
    w.patch(at, n);
  }

  #live([kind, value, more]: LiveState): void {
    const w = this.#w.ops;
    w.byte(kind);
    if (kind === LiveValue) this.#w.ref(Role.Input, String(value).slice(0, MAX_TEXT));
    else if (kind === LiveScroll) {
      w.int(Number(value));
      w.int(more ?? 0);
    } else if (kind === LiveNatural) {
      w.uint(Number(value));
      w.uint(more ?? 0);
    } else if (kind !== LiveClosed) w.uint(Number(value));
  }

  /** Tells the live states of a known element that have changed. */
  live(el: Element, known: Known): void {
    for (const live of this.lives.of(el, known)) {
      const now = live.join();
      const before = known.live?.get(slot(live));
      if (before === now) continue;
      (known.live ??= new Map()).set(slot(live), now);
      if (before === undefined && isDefault(live)) continue;
      this.#w.ops.byte(OpLive);
      this.#w.id(known.id);
      this.#live(live);
    }
  }
}

/** What a style sheet's element says beyond its text. */
export function styleState(el: Element): string {
  const { sheet } = el as HTMLStyleElement;
  return `${sheet ? changes(sheet) : -1} ${isOff(el)}`;
}

/** Open and closed are one state. */
function slot([kind]: LiveState): number {
  return kind === LiveOpen ? LiveClosed : kind;
}

function sizeOf(el: Element): [number, number] {
  const { width, height } = rectOf(el);
  return [Math.min(Math.round(width), 1 << 20), Math.min(Math.round(height), 1 << 20)];
}

/** Whether content of a kind holds an element; a box (null) stands where a div may. */
function fits(content: number, def: ElementDef | null): boolean {
  const name = def?.name ?? 'div';
  const svg = name.startsWith('svg:');
  switch (content) {
    case Holds.Root:
      return name === 'html';
    case Holds.Styles:
      return name === 'style';
    case Content.SVGFlow:
      return svg;
    case Content.HTMLFlow:
    case Content.HTMLInSVG:
      return name !== 'html' && (!svg || name === 'svg:svg');
    default:
      return false;
  }
}
