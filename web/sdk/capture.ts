// Watches the page and sends what changed, as final states, once per frame.
import { BatchWriter } from '../wire/batch';
import { OpDetach, OpFocus, OpPage, OpSum, OpView, Role } from '../wire/frames';
import type { Assets } from './assets';
import { changes } from './css';
import { Encoder, styleState } from './encode';
import { Privacy } from './mask';
import type { Masks } from './mask';
import { Observer, focused, hooks, later, listen, nextFrame, parentNode, titleOf } from './natives';
import { hookSetters } from './setters';
import type { Known } from './tree';

const PRESSURE = 128 << 10; // bytes waiting on the dom channel: beyond them only marks are kept
const TOO_LATE = 2000; // milliseconds behind: a fresh snapshot is cheaper than what piled up
const SUM_EVERY = 32;

/** Where batches go. */
export interface DomLink {
  dom(frame: Uint8Array): void;
  /** Bytes that wait on the dom channel. */
  pressure(): number;
}

/** Captures the page of this window while sharing is on. */
export class Capture {
  epoch: number;
  readonly #link: DomLink;
  readonly #masks: Masks;
  readonly #assets: Assets;
  readonly #w = new BatchWriter();
  readonly #observer = new Observer((records) => {
    this.#records(records);
    this.touch();
  });
  // What may have changed since the last batch. Records only mark nodes: what is sent is how they are in the end.
  readonly #touched = new Set<Node>(); // taken out or put in somewhere
  readonly #renew = new Set<Node>(); // to be told anew, with all they hold
  readonly #attrs = new Map<Element, Set<string>>();
  readonly #texts = new Set<CharacterData>();
  readonly #live = new Set<Element>(); // live state, picture or style sheet
  #adopted = new Map<Node, string>();
  #numbers = new Map<CSSStyleSheet, number>();
  #enc: Encoder;
  #stop: AbortController | undefined;
  #seq = 0;
  #timer = 0;
  #late = 0; // since when the connection is behind
  #fresh = false; // the next flush is a snapshot
  #told: (string | number)[] = [];

  constructor(link: DomLink, masks: Masks, assets: Assets, epoch: number) {
    this.#link = link;
    this.#masks = masks;
    this.#assets = assets;
    this.epoch = epoch;
    this.#enc = this.#encoder();
  }

  get on(): boolean {
    return this.#stop !== undefined;
  }

  /** The node that has an id in this epoch. */
  node(id: number): Node | undefined {
    return this.#enc.tree.node(id);
  }

  /** How much of what a node holds is told. */
  privacy(node: Node): number {
    return this.#enc.tree.of(node)?.privacy ?? Privacy.Hidden;
  }

  /** The id of the nearest element that the server knows; 0 for none. */
  idOf(node: Node | null): number {
    const known = this.#enc.tree.of(node);
    return known?.def ? known.id : node ? this.idOf(parentNode(node)) : 0;
  }

  /** Begins with a snapshot whose epoch is above the given one. */
  start(epoch: number): void {
    this.epoch = Math.max(this.epoch, epoch);
    this.#fresh = true;
    if (!this.#stop) {
      this.#stop = new AbortController();
      const { signal } = this.#stop;
      this.#watch(document, signal);
      listen(window, 'resize popstate hashchange', this.touch, signal);
      hookSetters(this.touch, signal);
      hooks.attached = (host) => this.#again(host);
      hooks.changed = this.touch;
    }
    this.#flush();
  }

  /** Stops at once and forgets the page. */
  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#observer.disconnect();
    hooks.attached = hooks.changed = () => undefined;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#forget();
    this.#w.wipe();
  }

  #forget(): void {
    this.#clear();
    this.#adopted.clear();
    this.#numbers.clear();
    this.#enc.boxes.disconnect();
    this.#enc = this.#encoder();
    this.#told = [];
  }

  #clear(): void {
    for (const set of [this.#touched, this.#renew, this.#attrs, this.#texts, this.#live]) set.clear();
  }

  #encoder(): Encoder {
    return new Encoder(this.#w, this.#masks, this.#assets, {
      met: (root) => {
        if (this.#stop) this.#watch(root, this.#stop.signal);
      },
      resized: (el) => this.#again(el),
    });
  }

  /** Watches a document or shadow root: most events of a shadow tree do not leave it. Doing it twice changes nothing. */
  #watch(root: Document | ShadowRoot, signal: AbortSignal): void {
    this.#observer.observe(root, { childList: true, attributes: true, characterData: true, subtree: true });
    listen(root, 'scroll', this.#scrolled, signal);
    listen(root, 'toggle load error', this.#lively, signal);
    listen(root, 'input change focusin focusout', this.touch, signal);
    listen(root, 'reset', this.#later, signal);
  }

  readonly #scrolled = ({ target }: Event): void => {
    const el = target instanceof Element ? target : document.documentElement;
    if (el === target) this.#enc.lives.scrolled.add(el);
    this.#live.add(el);
    this.touch();
  };

  readonly #lively = ({ target }: Event): void => {
    if (target instanceof Element) this.#live.add(target);
    this.touch();
  };

  // The controls change after the event.
  readonly #later = (): void => void later(this.touch, 0);

  /** Has the page compared with what was told, at the next frame. */
  readonly touch = (): void => {
    if (this.#timer || !this.#stop) return;
    // Hidden pages get no frames; the timer is for them.
    this.#timer = later(() => this.#flush(), 120);
    nextFrame(() => {
      if (this.#timer) this.#flush();
    });
  };

  #again(node: Node): void {
    this.#renew.add(node);
    this.touch();
  }

  /** Takes records. Those of nodes that the server does not know end at the first test. */
  #records(records: readonly MutationRecord[]): void {
    const { tree, styles } = this.#enc;
    for (const { type, target, addedNodes, removedNodes, attributeName, attributeNamespace } of records) {
      const known = tree.of(target);
      const parent = parentNode(target) as Element | null;
      if (type === 'childList') {
        if (!known) continue;
        for (const list of [addedNodes, removedNodes]) for (const n of list) this.#touched.add(n);
        if (styles.has(target as Element)) this.#live.add(target as Element);
      } else if (type === 'attributes') {
        const el = target as Element;
        const names = this.#attrs.get(el) ?? new Set();
        if (known || tree.of(parent)) this.#attrs.set(el, names.add(`${attributeNamespace?.endsWith('xlink') ? 'xlink:' : ''}${attributeName ?? ''}`));
      } else if (known) {
        this.#texts.add(target as CharacterData);
      } else if (parent && styles.has(parent)) {
        this.#live.add(parent);
      }
    }
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (!this.#stop || this.#held()) return;
    if (this.#fresh) {
      this.#snapshot();
      return;
    }
    this.#records(this.#observer.takeRecords());
    this.#judge();
    const base = this.#enc.tree.next;
    this.#w.begin(false);
    this.#page();
    const sheets = this.#detach();
    this.#enc.place();
    for (const owner of sheets) {
      const known = this.#enc.tree.of(owner);
      if (known) this.#enc.adopt(owner, known);
    }
    this.#adopted = this.#adoptedNow();
    this.#changes(base);
    this.#clear();
    this.#focus();
    if (this.#w.ops.length > 0) this.#send(false);
  }

  /** Whether the connection is too far behind to take more. Marks go on being kept. */
  #held(): boolean {
    const now = performance.now();
    if (this.#link.pressure() <= PRESSURE) this.#late = 0;
    else {
      this.#late ||= now;
      this.#fresh ||= now - this.#late > TOO_LATE;
      if (this.#fresh) this.#clear();
      this.#timer = later(() => this.#flush(), 50);
    }
    return this.#late > 0;
  }

  #snapshot(): void {
    this.#fresh = false;
    this.#observer.takeRecords();
    this.#forget();
    this.epoch++;
    this.#seq = 0;
    this.#w.begin(true);
    this.#page();
    this.#enc.pending.add(document.documentElement);
    this.#enc.place();
    this.#adopted = this.#adoptedNow();
    this.#focus();
    if (this.#enc.tree.count > 0) this.#send(true); // else this is no HTML document
  }

  #send(snapshot: boolean): void {
    const w = this.#w.ops;
    if (this.#seq % SUM_EVERY === SUM_EVERY - 1) {
      w.byte(OpSum);
      w.uint(this.#enc.tree.count);
      w.uint(this.#enc.tree.sum);
    }
    this.#link.dom(this.#w.end(this.epoch, this.#seq++, snapshot));
  }

  /** Finds what must be told anew: nodes that became masked, hidden, or something else. */
  #judge(): void {
    const { tree, controls, roots } = this.#enc;
    for (const el of this.#attrs.keys()) {
      const up = tree.of(parentNode(el));
      const known = tree.of(el);
      if (up && known && this.#enc.changed(el, known, up)) this.#renew.add(el);
      if (up && !known) this.#touched.add(el);
    }
    const mask = (el: Element): void => {
      if ((tree.of(el)?.privacy ?? Privacy.Hidden) >= Privacy.Masked) return;
      this.#masks.keep(el);
      this.#renew.add(el);
    };
    for (const el of controls) if (this.#masks.betrayed(el)) mask(el);
    const { selector } = this.#masks;
    if (selector) for (const root of [document, ...roots]) root.querySelectorAll(selector).forEach(mask);
  }

  /** Whether something differs from what was told under a number; notes it. */
  #news(slot: number, now: string | number): boolean {
    const news = this.#told[slot] !== now;
    this.#told[slot] = now;
    return news;
  }

  #page(): void {
    const w = this.#w.ops;
    const secret = [document.documentElement, document.body as Element | null].some((el) => el && this.#masks.of(el, Privacy.Open) === Privacy.Hidden);
    const url = secret ? location.origin : location.href;
    const title = secret || this.#masks.start ? '' : titleOf(document);
    if (this.#news(0, `${url}\n${title}`)) {
      w.byte(OpPage);
      w.uint(Number(document.compatMode === 'BackCompat'));
      this.#w.ref(Role.URL, url);
      this.#w.ref(Role.Title, title);
    }
    const view = [innerWidth, innerHeight, devicePixelRatio * 1000].map((n) => Math.min(Math.round(n), 65535));
    if (!this.#news(1, view.join())) return;
    w.byte(OpView);
    for (const n of view) w.uint(n);
  }

  /** Takes out what left its place. Returns the nodes whose adopted sheets changed. */
  #detach(): Node[] {
    const { tree, pending } = this.#enc;
    const now = this.#adoptedNow();
    const sheets = [...now.keys()].filter((n) => this.#adopted.has(n) && this.#adopted.get(n) !== now.get(n));
    const old = sheets.flatMap((n) => tree.extras.get(n) ?? []);
    for (const n of sheets) tree.extras.delete(n);
    const out = new Set([...this.#touched, ...this.#renew, ...old]);
    for (const n of out) {
      const known = tree.of(n);
      if (!known) continue;
      this.#w.ops.byte(OpDetach);
      this.#w.id(known.id);
    }
    // Only now: what is forgotten has no id to be taken out by.
    for (const n of out) {
      if (!n.isConnected || this.#renew.has(n)) tree.forget(n);
      if (n.isConnected) pending.add(n);
    }
    return sheets;
  }

  /** What the adopted sheets are now, by the nodes under which they are told. */
  #adoptedNow(): Map<Node, string> {
    const out = new Map<Node, string>();
    for (const n of [document.head as Node | null, ...this.#enc.roots]) {
      if (!n || !this.#enc.tree.of(n)) continue;
      const state = this.#enc.adoptedBy(n).map((sheet) => {
        const number = this.#numbers.get(sheet) ?? this.#numbers.size;
        this.#numbers.set(sheet, number);
        return [number, changes(sheet), sheet.disabled].join();
      });
      out.set(n, state.join());
    }
    return out;
  }

  /** Tells attributes, texts and live states of nodes that were there before the batch. */
  #changes(base: number): void {
    const { tree, styles, controls } = this.#enc;
    const old = <N extends Node>(list: Iterable<N>, tell: (n: N, known: Known) => void): void => {
      for (const n of list) {
        const known = tree.of(n);
        if (known && known.id < base) tell(n, known);
      }
    };
    old(this.#attrs.keys(), (el, known) => {
      for (const name of this.#attrs.get(el) ?? []) this.#enc.attribute(el, known, name);
      if (known.def?.special.length) this.#live.add(el);
    });
    old(this.#texts, (n, { privacy, id }) => this.#enc.text(n, privacy, id));
    for (const [el, state] of styles) if (state !== styleState(el)) this.#live.add(el);
    old(new Set([...controls, ...this.#live]), (el, known) => {
      if (!known.def) return;
      if (this.#live.has(el)) this.#enc.specials(el, known);
      this.#enc.live(el, known);
    });
  }

  #focus(): void {
    const known = this.#enc.tree.of(focused());
    const id = known?.def && known.def.name !== 'body' && known.def.name !== 'html' ? known.id : 0;
    if (!this.#news(2, id) || (id === 0 && this.#seq === 0)) return;
    this.#w.ops.byte(OpFocus);
    this.#w.ops.uint(id);
  }
}
