// What may have changed since the last batch. Records only mark nodes: what is sent is how they are in the end.
import type { Encoder } from './encode';
import type { Masks } from './mask';
import { parentNode, rootOf } from './natives';

const MAX_RECORDS = 30_000; // what a batch takes note of: beyond it, a snapshot takes less time
const MAX_MOVED = 10_000; // nodes that the server knows and that a batch takes out of their places

/** Marks of a page. */
export class Marks {
  /** Nodes that were taken out or put in somewhere. */
  readonly touched = new Set<Node>();
  /** Nodes that are told anew, with all they hold. */
  readonly renew = new Set<Node>();
  /** Ids of nodes that were taken out and forgotten. */
  readonly lost = new Set<number>();
  /** Names of attributes that changed, by element. */
  readonly attrs = new Map<Element, string[]>();
  /** Those that were judged and only wait to be told. */
  readonly due = new Map<Element, string[]>();
  readonly texts = new Set<CharacterData>();
  /** Elements whose live state, picture or style sheet is another one. */
  readonly live = new Set<Element>();
  /** There is so much that only a snapshot catches up. */
  over = false;
  #noted = 0;

  /** Whether everything was told. */
  get none(): boolean {
    return !(this.touched.size || this.renew.size || this.attrs.size || this.due.size || this.texts.size || this.live.size);
  }

  /** Marks an attribute of an element. */
  attr(el: Element, name: string, on = this.attrs): void {
    const names = on.get(el);
    if (!names) on.set(el, [name]);
    else if (!names.includes(name)) names.push(name);
  }

  /** Takes records. Those of nodes that the server does not know end at the first test. */
  take(records: readonly MutationRecord[], { tree, styles }: Encoder, masks: Masks): void {
    for (const record of records) {
      const { type } = record; // of a record nothing is read in vain: there may be very many
      if (type === 'attributes') {
        const { attributeName } = record;
        // Masked for good, though it is no such field any more.
        if (attributeName === 'type' && /^password$/i.test(record.oldValue ?? '')) masks.keep(record.target as Element);
        if (this.#full(1)) continue;
        const el = record.target as Element;
        const known = tree.of(el);
        if (attributeName === 'popover' && known) this.renew.add(el); // what is none is shown in the flow
        if (known || tree.of(parentNode(el))) this.attr(el, record.attributeNamespace?.endsWith('xlink') ? `xlink:${attributeName ?? ''}` : (attributeName ?? ''));
      } else if (!this.#full(1)) {
        const { target } = record;
        const known = tree.of(target);
        if (type === 'childList') {
          if (!known) continue;
          for (const list of [record.addedNodes, record.removedNodes]) {
            if (this.#full(list.length)) break;
            for (let i = 0; i < list.length; i++) this.touched.add(list[i] as Node);
          }
          if (styles.has(target as Element)) this.live.add(target as Element);
        } else if (known) {
          this.texts.add(target as CharacterData);
        } else {
          const parent = parentNode(target) as Element | null;
          if (parent && styles.has(parent)) this.live.add(parent);
        }
      }
    }
  }

  #full(more: number): boolean {
    this.#noted += more;
    return (this.over ||= this.#noted > MAX_RECORDS);
  }

  /** Forgets what the page has taken out, or to where nobody watches: from now on no record tells what becomes of it. */
  lose(records: readonly MutationRecord[], { tree }: Encoder, watched: (root: Node) => boolean): void {
    if (this.over) return;
    const out = new Set<Node>();
    for (const record of records) {
      if (record.type !== 'childList') continue;
      const list = record.removedNodes;
      for (let i = 0; i < list.length; i++) {
        const n = list[i] as Node;
        if (!watched(rootOf(n))) out.add(n);
      }
    }
    if (out.size === 0) return;
    // Whatever moved is taken out of the place that the server knows, wherever it is forgotten.
    const ids = [...this.touched].map((n) => [n, tree.of(n)?.id] as const);
    tree.begin();
    for (const n of out) tree.lose(n);
    for (const [n, id] of ids) if (id && !tree.of(n)) this.lost.add(id);
    this.over = tree.worn || this.lost.size > MAX_MOVED;
  }

  /** What was taken out and put in was told. */
  placed(): void {
    this.touched.clear();
    this.renew.clear();
    this.lost.clear();
    this.#noted = 0;
  }

  /** Forgets every mark. */
  clear(): void {
    this.placed();
    for (const set of [this.attrs, this.due, this.texts, this.live]) set.clear();
    this.over = false;
  }
}
