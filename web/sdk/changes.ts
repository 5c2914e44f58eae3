// Tells how nodes that the server knows have changed: attributes, texts and live states. There may be very many, so each batch tells
// as many as it has time for.
import { styleState } from './encode';
import type { Encoder } from './encode';
import type { Marks } from './marks';
import type { Masks } from './mask';
import { findAll, frameDocument, localName, parentNode } from './natives';
import { Privacy } from './privacy';
import type { Known } from './tree';

const AT_ONCE = 256; // what a batch looks at however slow the machine is

/** Counts what is done until a time is over. Small pages never look at the clock. */
function timer(until: number): () => boolean {
  let steps = 0;
  let over = false;
  return () => (over ||= (++steps & 15) === 0 && steps > AT_ONCE && performance.now() > until);
}

/** The changes of one epoch. */
export class Changes {
  readonly #enc: Encoder;
  readonly #marks: Marks;
  readonly #masks: Masks;
  // Controls whose state may have changed without a trace are compared one after the other.
  #round: Iterator<Element> | undefined;
  #again = false;
  #looked: Element[] = [];

  constructor(enc: Encoder, marks: Marks, masks: Masks) {
    this.#enc = enc;
    this.#marks = marks;
    this.#masks = masks;
  }

  /** Whether all controls were compared since they were asked for. */
  get whole(): boolean {
    return !this.#again && !this.#round;
  }

  /** Has all controls compared. */
  ask(): void {
    this.#again = true;
  }

  /** Finds what must be told anew: nodes that became masked, hidden, or something else. Nothing may be told before all was judged. */
  judge(until: number): boolean {
    const { attrs, renew, live } = this.#marks;
    const { tree, roots } = this.#enc;
    const over = timer(until);
    for (const [el, names] of attrs) {
      if (over()) return false;
      attrs.delete(el);
      const known = tree.of(el);
      if (known) {
        this.#renewed(el);
        for (const name of names) this.#marks.attr(el, name, this.#marks.due);
      } else if (tree.of(parentNode(el))) this.#marks.touched.add(el);
    }
    // A frame may hold another document by now, or one that the page may not look into.
    for (const [frame, within] of tree.frames) if (frameDocument(frame as HTMLIFrameElement) !== within) renew.add(frame);
    const mask = (el: Element): void => {
      if ((tree.of(el)?.privacy ?? Privacy.Hidden) >= Privacy.Masked) return;
      this.#masks.keep(el);
      renew.add(el);
    };
    for (const el of live) {
      if (/^(iframe|video)$/.test(localName(el))) this.#renewed(el);
      if (this.#masks.betrayed(el)) mask(el);
    }
    for (const el of this.#look(until)) if (this.#masks.betrayed(el)) mask(el);
    const { selector } = this.#masks;
    if (selector) for (const root of [document, ...roots, ...tree.frames.values()]) findAll(root, selector).forEach(mask);
    return true;
  }

  /** Marks an element that would be told in another way now. */
  #renewed(el: Element): void {
    const up = this.#enc.tree.of(parentNode(el));
    const known = this.#enc.tree.of(el);
    if (up && known && this.#enc.changed(el, known, up)) this.#marks.renew.add(el);
  }

  /** The controls that are compared in this batch. */
  #look(until: number): readonly Element[] {
    this.#looked = [];
    const over = timer(until);
    while (!over()) {
      if (!this.#round) {
        if (!this.#again) break;
        this.#again = false;
        this.#round = this.#enc.controls.values();
      }
      const { done, value } = this.#round.next() as IteratorResult<Element, undefined>;
      if (value) this.#looked.push(value);
      if (done) this.#round = undefined;
    }
    return this.#looked;
  }

  /** Tells what was marked, of nodes that were there before the batch. New ones were told as they are. */
  tell(until: number, base: number): void {
    const enc = this.#enc;
    const { due, texts, live } = this.#marks;
    const over = timer(until);
    const each = <N extends Node, T>(list: Map<N, T> | Set<N>, tell: (n: N, known: Known) => void): void => {
      for (const n of list.keys()) {
        if (over()) return;
        const known = enc.tree.of(n);
        if (known && known.id < base) tell(n, known);
        list.delete(n);
      }
    };
    each(due, (el, known) => {
      for (const name of due.get(el) ?? []) enc.attribute(el, known, name);
      if (known.def?.special.length) live.add(el);
    });
    each(texts, (n, { privacy, id }) => enc.text(n, privacy, id));
    for (const [el, state] of enc.styles) if (state !== styleState(el)) live.add(el);
    for (const el of this.#looked) {
      const known = enc.tree.of(el);
      if (known?.def && known.id < base && !live.has(el)) enc.live(el, known);
    }
    each(live, (el, known) => {
      if (!known.def) return;
      enc.specials(el, known);
      enc.live(el, known);
    });
  }
}
