// Watches the page and sends what changed, as final states, once per frame.
import { BatchWriter } from '../wire/batch';
import { LiveScroll, OpDetach, OpSum } from '../wire/frames';
import type { Behind } from '../wire/frames';
import type { Assets } from './assets';
import { Changes } from './changes';
import { compareRules, sweep } from './css';
import { Encoder } from './encode';
import { Marks } from './marks';
import type { Masks } from './mask';
import { connected, hooks, isElement, later, listen, localName, nextFrame, parentNode, rootElement } from './natives';
import { Placing } from './placing';
import { Privacy } from './privacy';
import { scrolled } from './say';
import { Scene } from './scene';
import { vocabulary } from './vocab';
import { Watch } from './watch';

const PRESSURE = 128 << 10; // bytes waiting on the dom channel: beyond them only marks are kept
const TOO_LATE = 2000; // milliseconds behind: a fresh snapshot is cheaper than what piled up
const BEHIND = 300; // milliseconds after which agents are told
const SUM_EVERY = 32;
const SLICE = 8; // milliseconds of the page's time that one batch may take
const MAX_SPENT = 1 << 20; // ids of nodes that are gone: a new epoch makes them count from 0 again

/** Where batches go. */
export interface DomLink {
  dom(frame: Uint8Array): void;
  /** Bytes that wait on the dom channel. */
  pressure(): number;
  send(frame: Behind): unknown;
}

/** Captures the page of this window while sharing is on. */
export class Capture {
  epoch: number;
  readonly #link: DomLink;
  readonly #masks: Masks;
  readonly #assets: Assets;
  readonly #w = new BatchWriter();
  readonly #marks = new Marks();
  readonly #scene = new Scene();
  // Of an epoch.
  #enc: Encoder;
  #placing: Placing;
  #changes: Changes;
  #watch: Watch | undefined; // while sharing is on
  readonly #pace = {
    seq: 0,
    timer: 0,
    swept: 0, // the timer of the next look at what leaves no trace
    late: 0, // since when the connection is behind
    behind: 0, // since when not everything is told
    told: false, // that it is not
    fresh: false, // the next flush is a snapshot
    slice: SLICE,
  };

  constructor(link: DomLink, masks: Masks, assets: Assets, epoch: number, slice = SLICE) {
    this.#link = link;
    this.#masks = masks;
    this.#assets = assets;
    this.epoch = epoch;
    this.#pace.slice = slice;
    [this.#enc, this.#placing, this.#changes] = this.#begin();
  }

  get on(): boolean {
    return this.#watch !== undefined;
  }

  /** Whether all of the page was told: much is told part by part. */
  get whole(): boolean {
    return this.#placing.whole && this.#changes.whole && this.#marks.none;
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
    if (this.#watch) {
      this.#flush();
      return;
    }
    const watch = (this.#watch = new Watch({
      records: (list) => {
        this.#marks.take(list, this.#enc, this.#masks);
        this.#marks.lose(list, this.#enc, (root) => root === document || this.#enc.roots.has(root as ShadowRoot) || watch.has(root));
        this.touch();
      },
      event: (event) => this.#heard(event),
      touch: this.touch,
      entered: (view, over) => this.#assets.watch(view, over),
    }));
    const { over } = watch;
    hooks.began(over);
    hooks.attached = (host) => this.#again(host);
    hooks.changed = this.touch;
    vocabulary.watchMotion(this.touch, over);
    // After the snapshot: what agents wait for goes first, and no script of the page runs in between.
    try {
      this.#flush();
    } finally {
      watch.on(document);
      listen(window, 'popstate hashchange fullscreenchange', this.touch, over);
      listen(window, 'resize', this.#resized, over);
      listen(window, 'pointerdown pointerup pointercancel', this.#press, over);
      vocabulary.hookSetters(this.touch, over);
    }
  }

  /** Stops at once and forgets the page. */
  stop(): void {
    this.#watch?.end();
    this.#watch = undefined;
    hooks.attached = hooks.changed = () => undefined;
    clearTimeout(this.#pace.timer);
    clearTimeout(this.#pace.swept);
    this.#pace.timer = this.#pace.swept = 0;
    this.#scene.pressed = null;
    this.#behind(true);
    this.#forget();
    this.#w.wipe();
  }

  /** Tells anew how far an element is scrolled: who scrolled it from afar may see it elsewhere. */
  rescroll(el: Element): void {
    const known = this.#enc.tree.of(el);
    if (known) (known.live ??= new Map()).set(LiveScroll, '');
    if (localName(el) !== 'html') scrolled.add(el);
    this.#marks.live.add(el);
    this.touch();
  }

  #forget(): void {
    this.#marks.clear();
    this.#watch?.leaveAll();
    this.#enc.boxes.disconnect();
    [this.#enc, this.#placing, this.#changes] = this.#begin();
    this.#scene.forget();
  }

  /** What knows an epoch. */
  #begin(): [Encoder, Placing, Changes] {
    const enc = new Encoder(this.#w, this.#masks, this.#assets, {
      met: (root) => this.#watch?.on(root),
      left: (within) => this.#watch?.leave(within),
      resized: (el) => this.#again(el),
    });
    return [enc, new Placing(enc, this.#w.ops), new Changes(enc, this.#marks, this.#masks)];
  }

  #heard({ type, target }: Event): void {
    const el = isElement(target as Node) ? (target as Element) : rootElement(target as Document);
    if (type === 'scroll' && el === target) scrolled.add(el);
    if (/^(scroll|toggle|load|error|play|emptied|loadedmetadata|input|change)$/.test(type)) this.#marks.live.add(el);
    if (type === 'reset') later(this.touch, 0); // the controls change after the event
    else this.touch();
  }

  readonly #press = (event: Event): void => {
    this.#scene.pressed = event.type === 'pointerdown' ? (event.composedPath()[0] as Node) : null;
    this.touch();
  };

  readonly #resized = (): void => {
    this.#scene.resized = true;
    this.touch();
  };

  /** Has the page compared with what was told, at the next frame. */
  readonly touch = (): void => {
    if (!this.#watch) return;
    this.#changes.ask();
    if (this.#pace.timer) return;
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

  #flush(): void {
    clearTimeout(this.#pace.timer);
    this.#pace.timer = 0;
    const watch = this.#watch;
    if (!watch || this.#held()) return;
    const until = performance.now() + this.#pace.slice;
    const { tree } = this.#enc;
    if (!this.#fresh()) {
      compareRules(false);
      this.#marks.take(watch.take(), this.#enc, this.#masks);
      for (const [el, name] of vocabulary.moved()) this.#marks.attr(el, name);
    }
    if (this.#fresh()) this.#snapshot(until);
    else if (this.#changes.judge(until)) {
      const base = tree.next;
      this.#w.begin(false);
      this.#scene.page(this.#w, this.#masks);
      const sheets = this.#detach();
      if (tree.worn) this.#snapshot(until);
      else {
        this.#place(until);
        for (const owner of sheets) {
          const known = tree.of(owner);
          if (known) this.#enc.adopt(owner, known);
        }
        this.#changes.tell(until, base);
        this.#end(false);
      }
    }
    this.#goOn();
  }

  /** Whether a snapshot takes less than what has changed. */
  #fresh(): boolean {
    const { tree } = this.#enc;
    return this.#pace.fresh || this.#marks.over || tree.worn || tree.next - tree.count > MAX_SPENT;
  }

  /** Comes back to what there was no time for, and to what scripts can change without a trace, after the page had its turn. */
  #goOn(): void {
    const { whole } = this;
    const pace = this.#pace;
    this.#behind(whole);
    if (!whole && !pace.timer) {
      const flush = (): void => this.#flush();
      pace.timer = later(flush, this.#placing.looks ? 120 : 4);
      // What can be seen is looked for when the browser knows where everything is: after a frame.
      if (this.#placing.looks) nextFrame(() => later(() => pace.timer && flush(), 0));
    }
    pace.swept ||= sweep(() => {
      pace.swept = 0;
      this.touch();
    });
  }

  /** Tells agents when what they see is behind the page for a while, and when it is no more. */
  #behind(whole: boolean): void {
    const pace = this.#pace;
    pace.behind = whole ? 0 : pace.behind || performance.now();
    const behind = pace.behind > 0 && performance.now() - pace.behind > BEHIND;
    if (behind === pace.told || (pace.told && !whole)) return;
    pace.told = behind;
    this.#link.send({ kind: 'behind', behind });
  }

  /** Whether the connection is too far behind to take more. Marks go on being kept. */
  #held(): boolean {
    const now = performance.now();
    const pace = this.#pace;
    if (this.#link.pressure() <= PRESSURE) pace.late = 0;
    else {
      pace.late ||= now;
      pace.fresh ||= this.#placing.whole && now - pace.late > TOO_LATE;
      if (pace.fresh) this.#marks.clear();
      this.#behind(false);
      pace.timer = later(() => this.#flush(), 50);
    }
    return pace.late > 0;
  }

  #snapshot(until: number): void {
    this.#pace.fresh = false;
    compareRules(true);
    this.#marks.take(this.#watch?.take() ?? [], this.#enc, this.#masks); // for what was a secret
    this.#forget();
    this.epoch++;
    this.#pace.seq = 0;
    vocabulary.moved();
    this.#w.begin(true);
    this.#scene.page(this.#w, this.#masks);
    this.#enc.pending.add(rootElement());
    try {
      this.#masks.look(document);
      this.#place(until);
    } finally {
      this.#masks.forget();
    }
    this.#end(true);
  }

  #place(until: number): void {
    this.#placing.place(until);
    this.#marks.placed();
  }

  /** Takes out what left its place. Returns the nodes whose adopted sheets changed. */
  #detach(): readonly Node[] {
    const { tree, pending } = this.#enc;
    const { touched, renew, lost } = this.#marks;
    const sheets = this.#enc.readopted();
    if (!(touched.size || renew.size || lost.size || sheets.length)) return sheets;
    const old = sheets.flatMap((n) => tree.extras.get(n) ?? []);
    for (const n of sheets) tree.extras.delete(n);
    const out = new Set([...touched, ...renew, ...old]);
    const ids = new Set(lost);
    for (const n of out) ids.add(tree.of(n)?.id ?? 0);
    ids.delete(0);
    for (const id of ids) {
      this.#w.ops.byte(OpDetach);
      this.#w.id(id);
    }
    this.#placing.moved(touched);
    tree.begin();
    // Only now: what is forgotten has no id to be taken out by.
    for (const n of out) {
      if (!connected(n) || renew.has(n)) tree.forget(n);
      if (connected(n)) pending.add(n);
    }
    return sheets;
  }

  /** Ends a batch, and sends it if there is anything to tell. */
  #end(snapshot: boolean): void {
    const { tree } = this.#enc;
    this.#enc.assign();
    this.#scene.states(this.#w, tree, (node) => this.idOf(node), this.#pace.seq === 0);
    vocabulary.tellRanges(this.#w, tree, this.#enc.roots, this.#pace.seq === 0);
    const w = this.#w.ops;
    if (snapshot ? tree.count === 0 : w.length === 0) return; // nothing, or this is no HTML document
    if (this.#pace.seq % SUM_EVERY === SUM_EVERY - 1) {
      w.byte(OpSum);
      w.uint(tree.count);
      w.uint(tree.sum);
    }
    this.#link.dom(this.#w.end(this.epoch, this.#pace.seq++, snapshot));
  }
}
