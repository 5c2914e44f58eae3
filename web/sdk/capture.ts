// Watches the page and sends what changed, as final states, once per frame.
import { BatchWriter } from '../wire/batch';
import { OpDetach, OpEnd, OpFocus, OpInsert, OpPage, OpSum, OpText, OpView, Role } from '../wire/frames';
import type { Assets } from './assets';
import { changes, sheetHook } from './css';
import { Encoder, styleState } from './encode';
import { Privacy, isTextField } from './mask';
import type { Masks } from './mask';
import {
  Observer, attribute, getter, isConnected, later, listen, localName, nextFrame, parentNode, rootHook, shadowOf,
} from './natives';
import { Marks } from './marks';
import { Placer } from './place';
import { hookSetters } from './setters';
import { Tree } from './tree';
import type { Known } from './tree';

const PRESSURE = 128 << 10; // bytes waiting on the dom channel: beyond them only marks are kept
const TOO_LATE = 2000; // milliseconds behind: a fresh snapshot is cheaper than what piled up
const SUM_EVERY = 32;
const WATCH = { childList: true, attributes: true, characterData: true, subtree: true } as const;

const titleOf = getter(Document.prototype, 'title');

/** Where batches go. */
export interface DomLink {
  dom(frame: Uint8Array): void;
  /** Bytes that wait on the dom channel. */
  pressure(): number;
}

/** Captures the page of this window while sharing is on. */
export class Capture {
  readonly #link: DomLink;
  readonly #masks: Masks;
  readonly #assets: Assets;
  readonly #w = new BatchWriter();
  readonly #observer = new Observer((records) => this.#records(records));
  readonly #marks = new Marks();
  readonly #adopted = new Map<Node, string>();
  #tree = new Tree(document, Privacy.Open);
  #enc: Encoder;
  #stop: AbortController | null = null;
  #epoch = 0;
  #seq = 0;
  #timer = 0;
  #lateSince = 0;
  #fresh = false; // the next flush is a snapshot
  #told = { page: '', view: '', focus: 0 };

  constructor(link: DomLink, masks: Masks, assets: Assets, epoch: number) {
    this.#link = link;
    this.#masks = masks;
    this.#assets = assets;
    this.#epoch = epoch;
    this.#enc = this.#encoder();
  }

  get epoch(): number {
    return this.#epoch;
  }

  get on(): boolean {
    return this.#stop !== null;
  }

  /** The node that has an id in this epoch. */
  node(id: number): Node | undefined {
    return this.#tree.node(id);
  }

  /** Whether the server may hear of what a node holds. */
  privacy(node: Node): number {
    return this.#tree.of(node)?.privacy ?? Privacy.Hidden;
  }

  /** The id of the nearest element that the server knows; 0 for none. */
  idOf(node: Node | null): number {
    for (let n = node; n; n = parentNode(n)) {
      const known = this.#tree.of(n);
      if (known?.def) return known.id;
    }
    return 0;
  }

  /** Begins with a snapshot whose epoch is above the given one. */
  start(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
    this.#fresh = true;
    if (!this.#stop) {
      this.#stop = new AbortController();
      const { signal } = this.#stop;
      this.#watch(document, signal);
      listen(window, 'resize popstate hashchange', () => this.touch(), signal);
      hookSetters(() => this.touch(), signal);
      rootHook.attached = (host) => {
        if (this.#tree.of(host)) this.#renew(host);
      };
      sheetHook.changed = () => this.touch();
    }
    this.#flush();
  }

  /** Stops at once and forgets the page. */
  stop(): void {
    this.#stop?.abort();
    this.#stop = null;
    this.#observer.disconnect();
    this.#enc.boxes.disconnect();
    rootHook.attached = sheetHook.changed = () => undefined;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#forget();
    this.#w.wipe();
  }

  #forget(): void {
    this.#marks.clear();
    this.#adopted.clear();
    this.#enc.boxes.disconnect();
    this.#tree = new Tree(document, this.#masks.start);
    this.#enc = this.#encoder();
    this.#told = { page: '', view: '', focus: 0 };
  }

  #encoder(): Encoder {
    return new Encoder(this.#tree, this.#w, this.#masks, this.#assets, {
      meet: (root) => {
        if (this.#stop) this.#watch(root, this.#stop.signal);
      },
      resized: (el) => {
        if (this.#enc.boxChanged(el)) this.#renew(el);
      },
    });
  }

  /** Watches a document or shadow root: most events of a shadow tree do not leave it. */
  #watch(root: Document | ShadowRoot, signal: AbortSignal): void {
    if (this.#marks.watched.has(root)) return;
    this.#marks.watched.add(root);
    signal.addEventListener('abort', () => this.#marks.watched.delete(root));
    this.#observer.observe(root, WATCH);
    const marks = this.#marks;
    listen(root, 'scroll', ({ target }) => {
      const el = target instanceof Element ? target : document.documentElement;
      if (target instanceof Element) this.#enc.lives.scrolled.add(el);
      marks.live.add(el);
      this.touch();
    }, signal);
    listen(root, 'toggle load error', ({ target }) => {
      if (!(target instanceof Element)) return;
      marks.live.add(target);
      marks.special.add(target);
      this.touch();
    }, signal);
    listen(root, 'input change focusin focusout', () => this.touch(), signal);
    // The controls change after the event.
    listen(root, 'reset', () => later(() => this.touch(), 0), signal);
  }

  /** Has the page compared with what was told, at the next frame. */
  touch(): void {
    if (this.#timer || !this.#stop) return;
    // Hidden pages get no frames; the timer is for them.
    this.#timer = later(() => this.#flush(), 120);
    nextFrame(() => {
      if (this.#timer) this.#flush();
    });
  }

  #renew(node: Node): void {
    this.#marks.renew.add(node);
    this.touch();
  }

  #records(records: readonly MutationRecord[]): void {
    this.#marks.take(records, this.#tree, this.#enc);
    this.touch();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (!this.#stop || this.#held()) return;
    if (this.#fresh) {
      this.#snapshot();
      return;
    }
    this.#marks.take(this.#observer.takeRecords(), this.#tree, this.#enc);
    this.#judge();
    const w = this.#w.ops;
    const base = this.#tree.next;
    this.#w.begin(false);
    this.#page();
    const sheets = this.#detach();
    new Placer(this.#tree, this.#enc, this.#w).place();
    for (const owner of sheets) this.#adopt(owner);
    this.#changes(base);
    this.#marks.clear();
    this.#focus();
    if (w.length > 0) this.#send(false);
  }

  /** Whether the connection is too far behind to take more. Marks go on being kept. */
  #held(): boolean {
    if (this.#link.pressure() <= PRESSURE) {
      this.#lateSince = 0;
      return false;
    }
    const now = performance.now();
    this.#lateSince ||= now;
    if (now - this.#lateSince > TOO_LATE) {
      this.#fresh = true;
      this.#marks.clear();
    }
    this.#timer = later(() => this.#flush(), 50);
    return true;
  }

  #snapshot(): void {
    this.#fresh = false;
    this.#observer.takeRecords();
    this.#forget();
    this.#epoch++;
    this.#seq = 0;
    this.#w.begin(true);
    this.#page();
    const root = this.#tree.of(document);
    const html = document.documentElement;
    const how = root && this.#enc.how(html, root);
    if (!root || !how) return; // not an HTML document
    const w = this.#w.ops;
    w.byte(OpInsert);
    w.int(1);
    this.#enc.node(html, how, root, 1);
    w.byte(OpEnd);
    for (const owner of this.#owners()) this.#adopted.set(owner, this.#adoptedNow(owner));
    this.#focus();
    this.#send(true);
  }

  #send(snapshot: boolean): void {
    const w = this.#w.ops;
    if (this.#seq % SUM_EVERY === SUM_EVERY - 1) {
      w.byte(OpSum);
      w.uint(this.#tree.count);
      w.uint(this.#tree.sum);
    }
    this.#link.dom(this.#w.end(this.#epoch, this.#seq++, snapshot));
  }

  /** Finds what must be told anew: nodes that became masked, hidden, or something else. */
  #judge(): void {
    const { renew, attrs, touched } = this.#marks;
    for (const el of attrs.keys()) {
      const parent = parentNode(el);
      const up = parent && this.#tree.of(parent);
      if (!up) continue;
      const known = this.#tree.of(el);
      if (known ? this.#enc.changed(el, known, up) : this.#enc.how(el, up)) (known ? renew : touched).add(el);
    }
    for (const el of this.#enc.controls) {
      if (isTextField(el) && this.#tree.of(el)?.privacy === Privacy.Open && this.#masks.betrayed(el, (el as HTMLInputElement).value)) {
        this.#masks.keep(el);
        renew.add(el);
      }
    }
    if (!this.#masks.selector) return;
    for (const root of [document, ...this.#enc.roots]) {
      for (const el of root.querySelectorAll(this.#masks.selector)) {
        const known = this.#tree.of(el);
        if (!known || known.privacy >= Privacy.Masked) continue;
        this.#masks.keep(el);
        renew.add(el);
      }
    }
  }

  #page(): void {
    const w = this.#w.ops;
    const secret = [document.documentElement, document.body as Element | null].some((el) => el && this.#masks.of(el, Privacy.Open) === Privacy.Hidden);
    const url = secret ? `${location.origin}/` : location.href;
    const title = secret || this.#masks.start !== Privacy.Open ? '' : titleOf(document);
    if (this.#told.page !== `${url}\n${title}`) {
      this.#told.page = `${url}\n${title}`;
      w.byte(OpPage);
      w.uint(document.compatMode === 'BackCompat' ? 1 : 0);
      this.#w.ref(Role.URL, url);
      this.#w.ref(Role.Title, title);
    }
    const view = [innerWidth, innerHeight, devicePixelRatio * 1000].map((n) => Math.min(Math.round(n), 65535));
    if (this.#told.view === view.join()) return;
    this.#told.view = view.join();
    w.byte(OpView);
    for (const n of view) w.uint(n);
  }

  /** Takes out what left its place. Returns the nodes whose adopted sheets changed. */
  #detach(): Node[] {
    const w = this.#w.ops;
    const { touched, renew } = this.#marks;
    const tree = this.#tree;
    const out = (known: Known): void => {
      w.byte(OpDetach);
      this.#w.id(known.id);
    };
    for (const n of touched) {
      const known = tree.of(n);
      if (known) out(known);
    }
    for (const n of renew) {
      const known = tree.of(n);
      if (known && !touched.has(n)) out(known);
    }
    const sheets = this.#owners().filter((n) => this.#adopted.get(n) !== this.#adoptedNow(n));
    const old = sheets.flatMap((n) => tree.extras.get(n) ?? []);
    for (const el of old) {
      const known = tree.of(el);
      if (known) out(known);
    }
    for (const n of sheets) tree.extras.delete(n);
    // Only now: what is forgotten has no id to be taken out by.
    for (const n of [...old, ...renew]) tree.forget(n);
    for (const n of touched) if (!isConnected(n)) tree.forget(n);
    for (const n of [...touched, ...renew]) if (isConnected(n)) this.#enc.pending.add(n);
    return sheets;
  }

  /** The nodes under which adopted sheets are told. */
  #owners(): Node[] {
    return [document.head as Node | null, ...this.#enc.roots].filter((n): n is Node => n !== null && this.#tree.of(n) !== undefined);
  }

  #adoptedNow(owner: Node): string {
    return this.#enc.adoptedBy(owner).map((sheet) => `${this.#marks.number(sheet)} ${changes(sheet)} ${sheet.disabled}`).join();
  }

  #adopt(owner: Node): void {
    const known = this.#tree.of(owner);
    this.#adopted.set(owner, this.#adoptedNow(owner));
    if (!known || this.#tree.extras.has(owner)) return; // told anew with the owner
    const w = this.#w.ops;
    const at = w.length;
    w.byte(OpInsert);
    w.int(this.#tree.next - known.id);
    this.#enc.adopted(owner, known);
    if (this.#tree.extras.has(owner)) w.byte(OpEnd);
    else w.length = at;
  }

  /** Tells attributes, texts and live states of nodes that were there before the batch. */
  #changes(base: number): void {
    const marks = this.#marks;
    const old = (n: Node): Known | null => {
      const known = this.#tree.of(n);
      return known && known.id < base ? known : null;
    };
    for (const [el, names] of marks.attrs) {
      const known = old(el);
      if (!known?.def) continue;
      for (const name of names) this.#enc.attribute(el, known, name);
      if (known.def.special.length > 0) marks.special.add(el);
    }
    for (const n of marks.texts) {
      const known = old(n);
      if (!known) continue;
      this.#w.ops.byte(OpText);
      this.#w.id(known.id);
      this.#enc.text(n, known.privacy);
    }
    for (const [el, state] of this.#enc.styles) if (state !== styleState(el)) marks.special.add(el);
    for (const el of marks.special) {
      const known = old(el);
      if (known?.def) this.#enc.specials(el, known);
    }
    for (const el of new Set([...this.#enc.controls, ...marks.live])) {
      const known = old(el);
      if (known?.def) this.#enc.live(el, known);
    }
    this.#owners().forEach((n) => this.#adopted.has(n) || this.#adopted.set(n, this.#adoptedNow(n)));
  }

  #focus(): void {
    let at: Element | null = document.activeElement;
    for (let inner = at; inner; inner = shadowOf(inner)?.activeElement ?? null) at = inner;
    const known = at && at !== document.body && attribute(at, 'data-vitrine') !== 'hide' && localName(at) !== 'html' ? this.#tree.of(at) : undefined;
    const id = known?.def ? known.id : 0;
    if (id === this.#told.focus) return;
    this.#told.focus = id;
    this.#w.ops.byte(OpFocus);
    this.#w.ops.uint(id);
  }
}
