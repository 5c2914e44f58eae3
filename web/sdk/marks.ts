// What may have changed since the last batch. Mutation records only mark nodes: what is sent is how they are in the end.
import { parentNode } from './natives';
import type { Encoder } from './encode';
import type { Tree } from './tree';

const XLINK = 'http://www.w3.org/1999/xlink';

/** The marks of one batch. */
export class Marks {
  /** Nodes that were taken out or put in somewhere. */
  readonly touched = new Set<Node>();
  /** Nodes to be told anew, with all they hold. */
  readonly renew = new Set<Node>();
  readonly attrs = new Map<Element, Set<string>>();
  readonly texts = new Set<CharacterData>();
  /** Elements whose live state may have changed. */
  readonly live = new Set<Element>();
  /** Elements whose picture or style sheet may have changed. */
  readonly special = new Set<Element>();
  /** Documents and shadow roots that are watched. */
  readonly watched = new WeakSet<Node>();
  readonly #numbers = new WeakMap<object, number>();
  #last = 0;

  clear(): void {
    for (const set of [this.touched, this.renew, this.attrs, this.texts, this.live, this.special]) set.clear();
  }

  /** A number that stands for an object in comparisons. */
  number(of: object): number {
    let n = this.#numbers.get(of);
    if (n === undefined) this.#numbers.set(of, (n = ++this.#last));
    return n;
  }

  /** Takes records. Those of nodes that the server does not know end at the first test. */
  take(records: readonly MutationRecord[], tree: Tree, enc: Encoder): void {
    for (const r of records) {
      const { target } = r;
      const known = tree.of(target);
      if (r.type === 'childList') {
        if (!known) continue;
        for (const n of r.addedNodes) this.touched.add(n);
        for (const n of r.removedNodes) this.touched.add(n);
        if (enc.styles.has(target as Element)) this.special.add(target as Element);
      } else if (r.type === 'attributes') {
        const parent = parentNode(target);
        if (!known && !(parent && tree.of(parent))) continue;
        const name = r.attributeNamespace === XLINK ? `xlink:${r.attributeName ?? ''}` : (r.attributeName ?? '');
        const names = this.attrs.get(target as Element);
        if (names) names.add(name);
        else this.attrs.set(target as Element, new Set([name]));
      } else {
        const parent = parentNode(target);
        if (known) this.texts.add(target as CharacterData);
        else if (parent && enc.styles.has(parent as Element)) this.special.add(parent as Element);
      }
    }
  }
}
