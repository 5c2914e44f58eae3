// Watches the page and sends what changed, as final states, once per frame.
import { BatchWriter } from '../wire/batch';
import { MarkRing, OpDetach, OpFocus, OpPage, OpSum, OpView, Role } from '../wire/frames';
import type { Assets } from './assets';
import { compareRules, stateOf, sweep } from './css';
import { Encoder, styleState } from './encode';
import type { Masks } from './mask';
import { enterFrame } from './frames';
import {
  compatMode, connected, findAll, frameDocument, headElement, hooks, isElement, later, listen, localName, nextFrame, nodeType, observe, Observer,
  parentNode, recordsOf, rootElement, rootOf, viewOf,
} from './natives';
import { Privacy } from './privacy';
import { scrolled } from './say';
import type { Known } from './tree';
import { vocabulary } from './vocab';

const PRESSURE = 128 << 10; // bytes waiting on the dom channel: beyond them only marks are kept
const TOO_LATE = 2000; // milliseconds behind: a fresh snapshot is cheaper than what piled up
const SUM_EVERY = 32;
const SLICE = 8; // milliseconds of the page's time that one batch may take to walk what is new
const MAX_SPENT = 1 << 20; // ids of nodes that are gone: a new epoch makes them count from 0 again

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
    this.#lose(records);
    this.touch();
  });
  // What may have changed since the last batch. Records only mark nodes: what is sent is how they are in the end.
  readonly #marks = {
    touched: new Set<Node>(), // taken out or put in somewhere
    renew: new Set<Node>(), // to be told anew, with all they hold
    lost: new Set<number>(), // ids of nodes that were taken out and forgotten
    attrs: new Map<Element, Set<string>>(),
    texts: new Set<CharacterData>(),
    live: new Set<Element>(), // live state, picture or style sheet
  };
  readonly #within = new Map<Document, AbortController>();
  #enc: Encoder;
  #stop: AbortController | undefined;
  readonly #pace = {
    seq: 0,
    timer: 0,
    swept: 0, // the timer of the next look at what leaves no trace
    late: 0, // since when the connection is behind
    fresh: false, // the next flush is a snapshot
    slice: SLICE,
  };
  // What was told of the page as a whole, by number, and what the customer presses.
  readonly #now = { told: [] as (string | number)[], pressed: null as Node | null, adopted: new Map<Node, string>() };

  constructor(link: DomLink, masks: Masks, assets: Assets, epoch: number, slice = SLICE) {
    this.#link = link;
    this.#masks = masks;
    this.#assets = assets;
    this.epoch = epoch;
    this.#pace.slice = slice;
    this.#enc = this.#encoder();
  }

  get on(): boolean {
    return this.#stop !== undefined;
  }

  /** Whether all of the page was told: a large one is told in slices. */
  get whole(): boolean {
    return !this.#enc.late.size;
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
    this.#pace.fresh = true;
    if (!this.#stop) {
      this.#stop = new AbortController();
      const { signal } = this.#stop;
      hooks.attached = (host) => this.#again(host);
      hooks.changed = this.touch;
      vocabulary.watchMotion(this.touch, signal);
      // After the snapshot: what agents wait for goes first, and no script of the page runs in between.
      try {
        this.#flush();
      } finally {
        this.#watch(document, signal);
        listen(window, 'resize popstate hashchange fullscreenchange', this.touch, signal);
        listen(window, 'pointerdown pointerup pointercancel', this.#press, signal);
        vocabulary.hookSetters(this.touch, signal);
      }
    } else this.#flush();
  }

  /** Stops at once and forgets the page. */
  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#observer.disconnect();
    hooks.attached = hooks.changed = () => undefined;
    clearTimeout(this.#pace.timer);
    clearTimeout(this.#pace.swept);
    this.#pace.timer = this.#pace.swept = 0;
    this.#now.pressed = null;
    this.#forget();
    this.#w.wipe();
  }

  #forget(): void {
    this.#clear();
    this.#now.adopted.clear();
    for (const over of this.#within.values()) over.abort();
    this.#within.clear();
    this.#enc.boxes.disconnect();
    this.#enc = this.#encoder();
    this.#now.told = [];
  }

  #clear(): void {
    for (const set of Object.values(this.#marks)) set.clear();
  }

  #encoder(): Encoder {
    return new Encoder(this.#w, this.#masks, this.#assets, {
      met: (root) => {
        if (this.#stop) this.#watch(root, nodeType(root) === 9 ? this.#enter(root as Document) : this.#stop.signal);
      },
      left: (within) => {
        this.#within.get(within)?.abort();
        this.#within.delete(within);
      },
      resized: (el) => this.#again(el),
      slice: this.#pace.slice,
    });
  }

  /** Begins with a document within the page; the signal tells its end. All that belongs to it goes with it. */
  #enter(within: Document): AbortSignal {
    const known = this.#within.get(within);
    const over = known ?? new AbortController();
    const view = viewOf(within);
    if (known || !view) return over.signal;
    this.#within.set(within, over);
    enterFrame(view, this.touch, over.signal);
    this.#assets.watch(view, over.signal);
    return over.signal;
  }

  /** Watches a document or shadow root: most events of a shadow tree do not leave it. Doing it twice changes nothing. */
  #watch(root: Document | ShadowRoot, signal: AbortSignal): void {
    observe(this.#observer, root, { childList: true, attributes: true, characterData: true, subtree: true, attributeOldValue: true });
    listen(root, 'scroll toggle load error input change reset focusin focusout slotchange play emptied loadedmetadata', this.#heard, signal);
  }

  readonly #heard = ({ type, target }: Event): void => {
    const el = isElement(target as Node) ? (target as Element) : rootElement(target as Document);
    if (type === 'scroll' && el === target) scrolled.add(el);
    if (/^(scroll|toggle|load|error|play|emptied|loadedmetadata)$/.test(type)) this.#marks.live.add(el);
    if (type === 'reset') later(this.touch, 0); // the controls change after the event
    else this.touch();
  };

  readonly #press = (event: Event): void => {
    this.#now.pressed = event.type === 'pointerdown' ? (event.composedPath()[0] as Node) : null;
    this.touch();
  };

  /** Has the page compared with what was told, at the next frame. */
  readonly touch = (): void => {
    if (this.#pace.timer || !this.#stop) return;
    // Hidden pages get no frames; the timer is for them.
    this.#pace.timer = later(() => this.#flush(), 120);
    nextFrame(() => {
      if (this.#pace.timer) this.#flush();
    });
  };

  #again(node: Node): void {
    this.#marks.renew.add(node);
    this.touch();
  }

  /** Takes records. Those of nodes that the server does not know end at the first test. */
  #records(records: readonly MutationRecord[]): void {
    const { tree, styles } = this.#enc;
    for (const { type, target, addedNodes, removedNodes, attributeName, attributeNamespace, oldValue } of records) {
      const known = tree.of(target);
      const parent = parentNode(target) as Element | null;
      const within = this.#within.get(target as Document);
      if (within) this.#watch(target as Document, within.signal); // written anew, it has forgotten every listener
      if (type === 'childList') {
        if (!known) continue;
        for (const list of [addedNodes, removedNodes]) for (const n of list) this.#marks.touched.add(n);
        if (styles.has(target as Element)) this.#marks.live.add(target as Element);
      } else if (type === 'attributes') {
        const el = target as Element;
        if (attributeName === 'type' && /^password$/i.test(oldValue ?? '')) this.#masks.keep(el); // though it is none any more
        if (attributeName === 'popover' && known) this.#marks.renew.add(el); // what is none is shown in the flow
        const names = this.#marks.attrs.get(el) ?? new Set();
        if (known || tree.of(parent)) this.#marks.attrs.set(el, names.add(`${attributeNamespace?.endsWith('xlink') ? 'xlink:' : ''}${attributeName ?? ''}`));
      } else if (known) {
        this.#marks.texts.add(target as CharacterData);
      } else if (parent && styles.has(parent)) {
        this.#marks.live.add(parent);
      }
    }
  }

  /** Forgets what the page has taken out, or to where nobody watches: from now on no record tells what becomes of it. */
  #lose(records: readonly MutationRecord[]): void {
    const { tree, roots } = this.#enc;
    const watched = (root: Node): boolean => root === document || roots.has(root as ShadowRoot) || this.#within.has(root as Document);
    const out = new Set<Node>();
    for (const { removedNodes } of records) for (const n of removedNodes) if (!watched(rootOf(n))) out.add(n);
    if (out.size === 0) return;
    // Whatever moved is taken out of the place that the server knows, wherever it is forgotten.
    const ids = [...this.#marks.touched].map((n) => [n, tree.of(n)?.id] as const);
    for (const n of out) tree.lose(n);
    for (const [n, id] of ids) if (id && !tree.of(n)) this.#marks.lost.add(id);
  }

  #flush(): void {
    clearTimeout(this.#pace.timer);
    this.#pace.timer = 0;
    if (!this.#stop || this.#held()) return;
    if (this.#pace.fresh || this.#enc.tree.next - this.#enc.tree.count > MAX_SPENT) {
      this.#snapshot();
      return;
    }
    compareRules(false);
    this.#records(recordsOf(this.#observer));
    for (const el of vocabulary.moved()) this.#marks.attrs.set(el, (this.#marks.attrs.get(el) ?? new Set()).add('style'));
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
    this.#now.adopted = this.#adoptedNow();
    this.#changes(base);
    this.#clear();
    this.#enc.assign();
    this.#focus();
    if (this.#w.ops.length > 0) this.#send(false);
    this.#goOn();
  }

  /** Comes back to what there was no time for, and to what scripts can change without a trace, after the page had its turn. */
  #goOn(): void {
    if (!this.whole && !this.#pace.timer) this.#pace.timer = later(() => this.#flush(), 4);
    this.#pace.swept ||= sweep(() => {
      this.#pace.swept = 0;
      this.touch();
    });
  }

  /** Whether the connection is too far behind to take more. Marks go on being kept. */
  #held(): boolean {
    const now = performance.now();
    if (this.#link.pressure() <= PRESSURE) this.#pace.late = 0;
    else {
      this.#pace.late ||= now;
      this.#pace.fresh ||= !this.#enc.late.size && now - this.#pace.late > TOO_LATE;
      if (this.#pace.fresh) this.#clear();
      this.#pace.timer = later(() => this.#flush(), 50);
    }
    return this.#pace.late > 0;
  }

  #snapshot(): void {
    this.#pace.fresh = false;
    compareRules(true);
    recordsOf(this.#observer);
    this.#forget();
    this.epoch++;
    this.#pace.seq = 0;
    vocabulary.moved();
    this.#w.begin(true);
    this.#page();
    this.#enc.pending.add(rootElement());
    try {
      this.#masks.look(document);
      this.#enc.place();
    } finally {
      this.#masks.forget();
    }
    this.#now.adopted = this.#adoptedNow();
    this.#enc.assign();
    this.#focus();
    if (this.#enc.tree.count > 0) this.#send(true); // else this is no HTML document
    this.#goOn();
  }

  #send(snapshot: boolean): void {
    const w = this.#w.ops;
    if (this.#pace.seq % SUM_EVERY === SUM_EVERY - 1) {
      w.byte(OpSum);
      w.uint(this.#enc.tree.count);
      w.uint(this.#enc.tree.sum);
    }
    this.#link.dom(this.#w.end(this.epoch, this.#pace.seq++, snapshot));
  }

  /** Finds what must be told anew: nodes that became masked, hidden, or something else. */
  #judge(): void {
    const { tree, controls, roots } = this.#enc;
    for (const el of this.#marks.attrs.keys()) {
      const up = tree.of(parentNode(el));
      const known = tree.of(el);
      if (up && known && this.#enc.changed(el, known, up)) this.#marks.renew.add(el);
      if (up && !known) this.#marks.touched.add(el);
    }
    // A frame may hold another document by now, or one that the page may not look into.
    for (const [frame, within] of tree.frames) if (frameDocument(frame as HTMLIFrameElement) !== within) this.#marks.renew.add(frame);
    for (const el of this.#marks.live) {
      const up = /^(iframe|video)$/.test(localName(el)) && tree.of(parentNode(el));
      const known = tree.of(el);
      if (up && known && this.#enc.changed(el, known, up)) this.#marks.renew.add(el);
    }
    const mask = (el: Element): void => {
      if ((tree.of(el)?.privacy ?? Privacy.Hidden) >= Privacy.Masked) return;
      this.#masks.keep(el);
      this.#marks.renew.add(el);
    };
    for (const el of controls) if (this.#masks.betrayed(el)) mask(el);
    const { selector } = this.#masks;
    if (selector) for (const root of [document, ...roots, ...tree.frames.values()]) findAll(root, selector).forEach(mask);
  }

  /** Whether something differs from what was told under a number; notes it. */
  #news(slot: number, now: string | number): boolean {
    const news = this.#now.told[slot] !== now;
    this.#now.told[slot] = now;
    return news;
  }

  #page(): void {
    const w = this.#w.ops;
    const [url, title] = vocabulary.wordsOf(this.#masks);
    if (this.#news(0, `${url}\n${title}`)) {
      w.byte(OpPage);
      w.uint(Number(compatMode() === 'BackCompat'));
      this.#w.ref(Role.URL, url);
      this.#w.ref(Role.Title, title);
    }
    const view = vocabulary.viewport();
    if (!this.#news(1, view.join())) return;
    w.byte(OpView);
    for (const n of view) w.uint(n);
  }

  /** Takes out what left its place. Returns the nodes whose adopted sheets changed. */
  #detach(): Node[] {
    const { tree, pending } = this.#enc;
    const now = this.#adoptedNow();
    const sheets = [...now.keys()].filter((n) => this.#now.adopted.has(n) && this.#now.adopted.get(n) !== now.get(n));
    const old = sheets.flatMap((n) => tree.extras.get(n) ?? []);
    for (const n of sheets) tree.extras.delete(n);
    const out = new Set([...this.#marks.touched, ...this.#marks.renew, ...old]);
    const ids = new Set(this.#marks.lost);
    for (const n of out) ids.add(tree.of(n)?.id ?? 0);
    ids.delete(0);
    for (const id of ids) {
      this.#w.ops.byte(OpDetach);
      this.#w.id(id);
    }
    // Only now: what is forgotten has no id to be taken out by.
    for (const n of out) {
      if (!connected(n) || this.#marks.renew.has(n)) tree.forget(n);
      if (connected(n)) pending.add(n);
    }
    return sheets;
  }

  /** What the adopted sheets are now, by the nodes under which they are told. */
  #adoptedNow(): Map<Node, string> {
    const out = new Map<Node, string>();
    const heads = [undefined, ...this.#enc.tree.frames.values()].map((of) => headElement(of) as Node | null);
    for (const n of [...heads, ...this.#enc.roots]) {
      if (!n || !this.#enc.tree.of(n)) continue;
      out.set(n, this.#enc.adoptedBy(n).map(stateOf).join());
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
    old(this.#marks.attrs.keys(), (el, known) => {
      for (const name of this.#marks.attrs.get(el) ?? []) this.#enc.attribute(el, known, name);
      if (known.def?.special.length) this.#marks.live.add(el);
    });
    old(this.#marks.texts, (n, { privacy, id }) => this.#enc.text(n, privacy, id));
    for (const [el, state] of styles) if (state !== styleState(el)) this.#marks.live.add(el);
    old(new Set([...controls, ...this.#marks.live]), (el, known) => {
      if (!known.def) return;
      if (this.#marks.live.has(el)) this.#enc.specials(el, known);
      this.#enc.live(el, known);
    });
  }

  /** Tells which element has the focus, and which one is what a mark says. */
  #focus(): void {
    for (const [op, kind, node] of vocabulary.states(this.#now.pressed)) {
      const { id = 0, def } = this.#enc.tree.of(node) ?? {};
      const told = kind === MarkRing || op === OpFocus ? (def && !/^(html|body)$/.test(def.name) ? id : 0) : this.idOf(node);
      if (!this.#news(2 + kind, told) || (told === 0 && this.#pace.seq === 0)) continue;
      this.#w.ops.byte(op);
      if (kind) this.#w.ops.byte(kind);
      this.#w.ops.uint(told);
    }
  }
}
