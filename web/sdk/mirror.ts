// What an element of a mirror stands for (case 18). A document of another origin tells of itself what it would tell the server;
// here that becomes elements without a meaning of their own in a document that nobody sees. Attributes are named by the
// vocabulary's codes ("a65", "a1-" and what follows data-), live states by their kinds ("l5"). So the encoder walks it, watches
// it and tells it like a document of the page's own.
import { LiveScroll, LiveUndefined, LiveValue } from '../wire/frames';
import { Value } from '../wire/vocabulary';
import { attribute } from './natives';
import type { LiveState } from './say';
import type { AttrDef, ElementDef } from './vocab';

/** What an element of a mirror stands for. */
export interface Stand {
  readonly def: ElementDef | 'box';
  /** Of a box: why, and its size. */
  readonly box: readonly number[];
  /** Its number in the document that tells of it. */
  readonly id: number;
}

/** The elements of all mirrors. */
export const stands = new WeakMap<Node, Stand>();
/** Elements of mirrors whose focus is shown. */
export const ringed = new WeakSet<Node>();
/** Mirrors of documents that are laid out as before there were standards. */
export const quirky = new WeakSet<Document>();

const SRC = 7; // its code in the vocabulary

/** What an attribute of a mirror says; null when it is not told. */
export function saidOf(el: Element, name: string, [code, kind]: AttrDef, open: boolean): string | number | null {
  const value = attribute(el, name);
  if (value === null || code === 0 || (!open && (kind === Value.Attr || kind === Value.URL || code === SRC))) return null;
  return kind <= Value.Asset ? Number(value) : value;
}

/** The live states that were told of an element of a mirror. */
export function livesOf(el: Element, open: boolean): LiveState[] {
  const out: LiveState[] = [];
  for (let kind = LiveValue; kind <= LiveUndefined; kind++) {
    const value = attribute(el, `l${kind}`);
    // Of what is masked, its size and place alone.
    if (value === null || (!open && kind < LiveScroll)) continue;
    const [a = 0, b = 0] = value.split(',', 2).map(Number);
    out.push(kind === LiveValue ? [kind, value] : [kind, a, b]);
  }
  return out;
}
