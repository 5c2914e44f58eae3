// A document of another origin in one of the page's frames, as the page sees it (case 18): its channel, its mirror, and how much
// it may say. Whatever it does wrong ends it, and a box is shown in its place.
import { AssetKind, GoneReason } from '../wire/frames';
import { Replay } from './replay';
import type { Codes } from './replay';
import type { Assets, Loaded } from './assets';
import type { MaskRules } from './mask';
import { hooks, later, mirrors } from './natives';
import type { FromGuest, Spot, There, ToGuest } from './talk';

const POINTER_EVERY = 30; // milliseconds
const BURST = 16 << 20; // bytes of batches at once
const PER_MS = 2 << 10; // and for each millisecond
const CALLS = 1000; // messages at once, and one for each two milliseconds
const PATIENCE = 2000; // milliseconds for an answer

/** What a guest needs of the page. */
export interface House {
  readonly codes: Codes;
  readonly assets: () => Assets | undefined;
  mask(el: Element): void;
  /** How far an element is scrolled is to be told, though it is as before. */
  again(el: Element): void;
  /** The customer moves the mouse over a node of the mirror. */
  pointed(node: Node, x: number, y: number): void;
  /** Takes room for an asset of so many bytes; false when there is none. */
  room(asset: number, bytes: number): boolean;
  receipt(frame: { readonly seq: number; readonly from: number; readonly rule: string; readonly node: Node | undefined }): void;
  /** It is over; for good, if it did something wrong. */
  left(guest: Guest, wrong: boolean): void;
}

type Heard = { readonly [K in FromGuest as K['kind']]: (said: K) => void };

const whole = (n: unknown, max: number): n is number => Number.isSafeInteger(n) && Number(n) >= 0 && Number(n) <= max;
const finite = (n: unknown): n is number => Number.isFinite(n);

/** Whether a text is a rule by which a page may refuse an input. The server counts a strike for any other. */
const ruleOf = (rule: unknown): boolean => typeof rule === 'string' && /^(row41-(file|typing)|row42-(covered|option|readonly|stale|target)|scope-(scroll|click|type))$/.test(rule);

/** Refuses what nobody says who means well. */
function need(ok: unknown): asserts ok {
  if (!ok) throw new Error('a frame of another origin broke the rules');
}

/** A document of another origin. */
export class Guest {
  readonly frame: HTMLIFrameElement;
  readonly origin: string;
  /** The number that it gave itself: a reload has another one. */
  readonly page: unknown;
  mirror: Replay | undefined;
  privacy = 0;
  readonly #house: House;
  readonly #port: MessagePort;
  // What the names of its assets are made of.
  readonly #names = { salt: Math.floor(Math.random() * 0xffffffff), space: 1 + Math.floor(Math.random() * 0x1ffffe) };
  readonly #asked = new Map<number, (there: There | undefined) => void>();
  #run = 0;
  #closed = false;
  #ping = 0;
  readonly #spent = { bytes: 0, calls: 0, at: 0, asks: 0, pointed: 0 };
  readonly #inputs = new Set<string>(); // that it has not refused

  constructor(house: House, frame: HTMLIFrameElement, [origin, page]: readonly [string, unknown], port: MessagePort) {
    this.#house = house;
    this.frame = frame;
    this.origin = origin;
    this.page = page;
    this.#port = port;
    port.onmessage = ({ data }) => this.#take(data);
    port.addEventListener('close', () => this.close());
  }

  #say(what: ToGuest): void {
    this.#port.postMessage(what);
  }

  /** Has the document told from now on. */
  start(rules: MaskRules, privacy: number, canvas: boolean): void {
    this.stop();
    this.privacy = privacy;
    this.#say({ kind: 'start', run: this.#run, rules, ...this.#names, canvas, plain: this.#house.assets()?.plain === true });
    this.mirror = new Replay(this.#house.codes, (el) => this.#house.mask(el), (el) => this.#house.again(el));
  }

  get on(): boolean {
    return this.mirror !== undefined;
  }

  /** Ends that at once, whatever the document does. */
  stop(): void {
    this.#run++;
    this.mirror = undefined;
    for (const answer of this.#asked.values()) answer(undefined);
    this.#asked.clear();
    this.#say({ kind: 'stop' });
    if (mirrors.delete(this.frame)) hooks.attached(this.frame);
  }

  close(wrong = false): void {
    if (this.#closed) return;
    this.#closed = true;
    this.stop();
    this.#port.close();
    this.#house.left(this, wrong);
  }

  /** Whether it is still there: the frame has loaded something. */
  check(): void {
    if (this.#ping) return;
    this.#ping = later(() => this.close(), PATIENCE);
    this.#say({ kind: 'ping' });
  }

  /** Asks where a place of an element is in the frame's window. */
  where(spot: Spot, click: boolean): Promise<There | undefined> {
    const ask = ++this.#spent.asks;
    return new Promise((done) => {
      this.#asked.set(ask, done);
      later(() => { if (this.#asked.delete(ask)) done(undefined); }, PATIENCE);
      this.#say({ kind: 'where', ask, spot, click });
    });
  }

  /** Has an input carried out there. */
  input(what: Extract<ToGuest, { kind: 'input' }>): void {
    if (this.#inputs.size > 500) this.#inputs.clear();
    this.#inputs.add(`${what.frame.from} ${what.frame.seq}`);
    this.#say(what);
  }

  #take(data: unknown): void {
    if (this.#closed) return;
    try {
      const said = data as FromGuest | null | undefined;
      need(said && Object.hasOwn(this.#heard, said.kind));
      this.#pay(said.kind === 'dom' && said.frame instanceof Uint8Array ? said.frame.length : 0);
      (this.#heard[said.kind] as (said: FromGuest) => void)(said);
    } catch {
      this.close(true);
    }
  }

  /** Nobody who means well says so much. */
  #pay(bytes: number): void {
    const spent = this.#spent;
    const now = performance.now();
    const passed = now - spent.at;
    spent.at = now;
    spent.bytes = Math.max(spent.bytes - passed * PER_MS, 0) + bytes;
    spent.calls = Math.max(spent.calls - passed / 2, 0) + 1;
    need(spent.bytes <= BURST && spent.calls <= CALLS);
  }

  readonly #heard: Heard = {
    dom: ({ run, frame }) => {
      need(frame instanceof Uint8Array);
      if (run !== this.#run || !this.mirror) return;
      this.mirror.apply(frame);
      this.#say({ kind: 'ack', bytes: frame.length });
      const { document } = this.mirror;
      if (mirrors.get(this.frame) === document) hooks.changed();
      else if (document.documentElement as Element | null) {
        mirrors.set(this.frame, document);
        hooks.attached(this.frame); // told anew, with what it holds
      }
    },
    asset: ({ run, asset, assetKind, loaded }) => {
      if (run === this.#run) this.#offer(asset, assetKind, loaded);
    },
    pointer: ({ node, x, y }) => {
      need(whole(x, 65535) && whole(y, 65535));
      const at = this.mirror?.node(node);
      const now = performance.now();
      if (now - this.#spent.pointed < POINTER_EVERY) return;
      this.#spent.pointed = now;
      if (at) this.#house.pointed(at, x, y);
    },
    acted: ({ key }) => {
      need(typeof key === 'string');
      // Not a real event, but what one is asked for.
      hooks.acted({ isTrusted: true, target: this.frame, key } as unknown as Event);
    },
    receipt: ({ seq, from, rule, node }) => {
      need(ruleOf(rule) && this.#inputs.delete(`${from} ${seq}`));
      this.#house.receipt({ seq, from, rule, node: this.mirror?.node(node) });
    },
    there: ({ ask, x, y, rule }) => {
      need(finite(x) && finite(y) && (rule === '' || ruleOf(rule)));
      this.#asked.get(ask)?.({ x, y, rule });
      this.#asked.delete(ask);
    },
    bye: () => this.close(),
    pong: () => {
      clearTimeout(this.#ping);
      this.#ping = 0;
    },
  };

  #offer(asset: number, kind: number, loaded: Loaded): void {
    // Its own names only: nothing of the page is taken over.
    need(whole(asset, Number.MAX_SAFE_INTEGER) && Math.floor(asset / 2 ** 32) === this.#names.space && whole(kind, AssetKind.Sheet));
    const assets = this.#house.assets();
    if (typeof loaded === 'number') {
      need(whole(loaded, GoneReason.Full));
      if (this.#house.room(asset, 0)) void assets?.offer(asset, kind, loaded);
      return;
    }
    const [bytes, width = 0, height = 0] = loaded;
    need(bytes instanceof Uint8Array && whole(width, 16384) && whole(height, 16384));
    if (!this.#house.room(asset, bytes.length)) return;
    // What the page has may not be said to be something else: a font begins like one, and no sheet is the same as another's.
    if ((kind === AssetKind.Font) !== isFont(bytes)) {
      void assets?.offer(asset, kind, GoneReason.Type);
      return;
    }
    const own = kind === AssetKind.Sheet ? new Uint8Array([...bytes, ...new TextEncoder().encode(`\n/*${this.#names.space}*/`)]) : bytes;
    void assets?.offer(asset, kind, [own, width, height]);
  }
}

/** Whether bytes begin like a font (OpenType, section "Organization of an OpenType Font"; WOFF). */
function isFont(bytes: Uint8Array): boolean {
  const begin = [...bytes.subarray(0, 4)];
  return begin.join() === '0,1,0,0' || /^(wOF[F2]|OTTO|true|ttcf)$/.test(String.fromCharCode(...begin));
}
