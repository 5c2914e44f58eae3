// What a page is as a whole: its address, title and window, and which element has the focus, is pressed, is named by the address.
import type { BatchWriter } from '../wire/batch';
import { MarkRing, OpFocus, OpMedia, OpPage, OpView, Role } from '../wire/frames';
import type { Masks } from './mask';
import { compatMode } from './natives';
import type { Tree } from './tree';
import { vocabulary } from './vocab';

const MEDIA = 4 + MarkRing;

/** Tells what differs from what was told last. */
export class Scene {
  /** What the customer presses. */
  pressed: Node | null = null;
  /** The window may have another size. Asking for it costs a layout on phones. */
  resized = true;
  #told: (string | number)[] = []; // by number

  /** Whether something differs from what was told under a number; notes it. */
  #news(slot: number, now: string | number): boolean {
    const news = this.#told[slot] !== now;
    this.#told[slot] = now;
    return news;
  }

  /** Tells the address, the title and the window. */
  page(w: BatchWriter, masks: Masks): void {
    const [url, title] = vocabulary.wordsOf(masks);
    if (this.#news(0, `${url}\n${title}`)) {
      w.ops.byte(OpPage);
      w.ops.uint(Number(compatMode() === 'BackCompat'));
      w.ref(Role.URL, url);
      w.ref(Role.Title, title);
    }
    if (this.#news(2, devicePixelRatio) || this.resized) {
      this.resized = false;
      this.#numbers(w, 1, OpView, vocabulary.viewport());
    }
    this.#numbers(w, MEDIA, OpMedia, vocabulary.media());
  }

  #numbers(w: BatchWriter, slot: number, op: number, list: readonly number[]): void {
    if (!this.#news(slot, list.join())) return;
    w.ops.byte(op);
    for (const n of list) w.ops.uint(n);
  }

  /** Tells which element has the focus, and which one is what a mark says. */
  states(w: BatchWriter, tree: Tree, idOf: (node: Node | null) => number, first: boolean): void {
    for (const [op, kind, node] of vocabulary.states(this.pressed)) {
      const { id = 0, def } = tree.of(node) ?? {};
      const told = kind === MarkRing || op === OpFocus ? (def && !/^(html|body)$/.test(def.name) ? id : 0) : idOf(node);
      if (!this.#news(3 + kind, told) || (told === 0 && first)) continue;
      w.ops.byte(op);
      if (kind) w.ops.byte(kind);
      w.ops.uint(told);
    }
  }

  /** Forgets what was told. */
  forget(): void {
    this.#told = [];
    this.resized = true;
  }
}
