// Listens to the documents and shadow trees of a page: mutation records, events, and documents within it that come and go.
import { enterFrame } from './frames';
import { listen, nodeType, observe, Observer, recordsOf, shown, viewOf } from './natives';

const watched = { childList: true, attributes: true, characterData: true, subtree: true, attributeOldValue: true };
const heard = 'scroll toggle load error input change reset focusin focusout slotchange selectionchange play emptied loadedmetadata';

/** Who is told what happens in the page. */
export interface Ears {
  /** Nodes changed. */
  records(list: readonly MutationRecord[]): void;
  /** One of the events that may change what a node is in. */
  event(event: Event): void;
  /** Something else may be another one. */
  touch(): void;
  /** A document within the page was met. */
  entered(view: Window & typeof globalThis, over: AbortSignal): void;
}

/** Watches a page until it is let go. */
export class Watch {
  readonly #ears: Ears;
  readonly #observer: MutationObserver;
  readonly #within = new Map<Document, AbortController>();
  readonly #over = new AbortController();

  constructor(ears: Ears) {
    this.#ears = ears;
    this.#observer = new Observer((list) => ears.records(this.#anew(list)));
  }

  /** Given when nothing is watched any more. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Whether a root is that of a document within the page. */
  has(root: Node): boolean {
    return this.#within.has(root as Document) && shown(root as Document);
  }

  /** Watches a document or shadow root: most events of a shadow tree do not leave it. Doing it twice changes nothing. */
  on(root: Document | ShadowRoot): void {
    const { signal } = root === document || nodeType(root) !== 9 ? this.#over : this.#enter(root as Document);
    observe(this.#observer, root, watched);
    listen(root, heard, (event) => this.#ears.event(event), signal);
  }

  /** Begins with a document within the page. All that belongs to it goes with it. */
  #enter(within: Document): AbortController {
    const known = this.#within.get(within);
    const over = known ?? new AbortController();
    const view = viewOf(within);
    if (known) return over;
    this.#within.set(within, over);
    if (!view) return over; // of another origin: this is its mirror
    enterFrame(view, () => this.#ears.touch(), over.signal);
    this.#ears.entered(view, over.signal);
    return over;
  }

  /** A document within the page is gone. */
  leave(within: Document): void {
    this.#within.get(within)?.abort();
    this.#within.delete(within);
  }

  /** Leaves every document within the page. */
  leaveAll(): void {
    for (const over of this.#within.values()) over.abort();
    this.#within.clear();
  }

  /** Records that were not told yet. */
  take(): readonly MutationRecord[] {
    return this.#anew(recordsOf(this.#observer));
  }

  /** A document that was written anew (document.open) has forgotten every listener. */
  #anew(list: readonly MutationRecord[]): readonly MutationRecord[] {
    if (this.#within.size) for (const { target } of list) if (this.#within.has(target as Document)) this.on(target as Document);
    return list;
  }

  /** Lets the page go. */
  end(): void {
    this.#over.abort();
    this.#observer.disconnect();
    this.leaveAll();
  }
}
