// The documents of other origins in the page's frames that the page's owner lists and that list the page (case 18), as a part of
// the SDK: only pages that have such frames load it.
import type { FromCustomer } from '../wire/frames';
import { Guest } from './guest';
import type { Assets } from './assets';
import type { Capture } from './capture';
import type { Scope } from './index';
import type { InputFrame } from './input';
import type { Masks, MaskRules } from './mask';
import { connected, focused, hooks, isElement, later, listen, aborted, mirrors } from './natives';
import { stands } from './mirror';
import { originIn, pageRect } from './place';
import { Privacy } from './privacy';
import { Covered, Refusal, Stale, Target, operable, refuse, topAt } from './target';
import { CALL, HELLO, PORT } from './talk';
import type { There } from './talk';
import type { Codes } from './replay';

const MAX_GUESTS = 20;
const MAX_ASSETS = 1000; // of all guests: the server keeps 4,096 of a session
const MAX_BYTES = 32 << 20; // and 64 MiB
const MAX_ARRIVALS = 100; // of one frame: documents that follow each other

/** What the guests need of the session. */
export interface Inn {
  readonly origins: readonly string[];
  readonly rules: MaskRules;
  readonly masks: Masks;
  readonly canvas: boolean;
  readonly codes: Codes;
  readonly capture: () => Capture | undefined;
  readonly assets: () => Assets | undefined;
  readonly send: (frame: Extract<FromCustomer, { kind: 'receipt' | 'pointer' }>) => void;
}

/** The guests of a page. */
export class Guests {
  readonly #inn: Inn;
  readonly #guests = new Map<HTMLIFrameElement, Guest>();
  readonly #frames = new Map<WeakRef<HTMLIFrameElement>, number>(); // that were met, and how many documents they had
  readonly #known = new WeakMap<Element, WeakRef<HTMLIFrameElement>>();
  readonly #barred = new WeakSet<Element>();
  readonly #over = new AbortController();
  readonly #met = new Set<HTMLIFrameElement>(); // to be looked at
  #hands: Promise<unknown> = Promise.resolve();
  readonly #assets = { names: new Set<number>(), bytes: 0 };
  #timer = 0;
  #blamed = 0;
  #all = false; // none is let in any more
  #signal: AbortSignal | undefined; // while the page is captured

  constructor(inn: Inn) {
    this.#inn = inn;
    const { signal } = this.#over;
    listen(window, 'message', (event) => this.#greeted(event as MessageEvent), signal);
    hooks.began = (session) => this.#begin(session);
    hooks.framed = (frame) => this.#meet(frame as HTMLIFrameElement);
    hooks.left = () => this.#later();
  }

  /** Ends everything. */
  close(): void {
    this.#over.abort();
    hooks.began = hooks.framed = hooks.left = () => undefined;
    clearTimeout(this.#timer);
    for (const guest of [...this.#guests.values()]) guest.close();
  }

  #begin(signal: AbortSignal): void {
    this.#signal = signal;
    aborted(signal, () => {
      this.#signal = undefined;
      for (const guest of this.#guests.values()) guest.stop();
    });
    for (const frame of this.#guests.keys()) this.#meet(frame);
  }

  #meet(frame: HTMLIFrameElement): void {
    this.#met.add(frame);
    this.#later();
  }

  /** Looks at frames when what is known of them is settled. */
  #later(): void {
    this.#timer ||= later(() => {
      this.#timer = 0;
      for (const frame of [...this.#guests.keys()]) if (!connected(frame)) this.#guests.get(frame)?.close();
      for (const frame of this.#met) this.#look(frame);
      this.#met.clear();
    }, 0);
  }

  #look(frame: HTMLIFrameElement): void {
    const capture = this.#inn.capture();
    if (!this.#signal || !capture || !connected(frame)) return;
    const guest = this.#guests.get(frame);
    const privacy = capture.privacy(frame);
    if (!guest) this.#call(frame);
    else if (privacy === Privacy.Hidden) guest.stop();
    else if (!guest.on || guest.privacy !== privacy) this.#start(guest, privacy);
  }

  #start(guest: Guest, privacy: number): void {
    const { rules, canvas } = this.#inn;
    guest.start({ selectors: rules.selectors, private: rules.private, masked: privacy === Privacy.Masked }, privacy, canvas);
  }

  /** Asks whether the SDK is in a frame that was met for the first time. Only the origin that is asked gets the question. */
  #call(frame: HTMLIFrameElement): void {
    if (this.#known.has(frame) || frame.contentDocument) return;
    const ref = new WeakRef(frame);
    this.#known.set(frame, ref);
    this.#frames.set(ref, 0);
    listen(frame, 'load', () => this.#guests.get(frame)?.check(), this.#over.signal);
    const origin = originOf(frame.src);
    const { origins } = this.#inn;
    for (const to of origins.includes(origin) ? [origin] : origins) frame.contentWindow?.postMessage({ vitrine: CALL }, to);
  }

  /** A frame says that the SDK is there. */
  #greeted({ data, origin, source }: MessageEvent): void {
    const said = data as { readonly vitrine?: unknown; readonly page?: unknown } | null;
    if (said?.vitrine !== HELLO || !this.#inn.origins.includes(origin) || this.#all) return;
    for (const [ref, arrivals] of this.#frames) {
      const frame = ref.deref();
      if (!frame) this.#frames.delete(ref);
      if (!frame || frame.contentWindow !== source || this.#barred.has(frame)) continue;
      if (this.#guests.get(frame)?.page === said.page) return;
      this.#guests.get(frame)?.close();
      if (arrivals >= MAX_ARRIVALS || this.#guests.size >= MAX_GUESTS) return;
      this.#frames.set(ref, arrivals + 1);
      this.#welcome(frame, origin, said.page);
    }
  }

  #welcome(frame: HTMLIFrameElement, origin: string, page: unknown): void {
    const { codes, masks, send, capture, assets } = this.#inn;
    const { port1, port2 } = new MessageChannel();
    const idOf = (node: Node): number => capture()?.idOf(node) ?? 0;
    const guest = new Guest({
      codes, assets,
      mask: (el) => masks.keep(el),
      again: (el) => capture()?.rescroll(el),
      room: (asset, bytes) => this.#room(asset, bytes),
      pointed: (node, x, y) => send({ kind: 'pointer', pointerKind: 0, epoch: capture()?.epoch ?? 0, node: idOf(node), x, y }),
      receipt: ({ seq, from, rule, node }) => send({ kind: 'receipt', seq, from, rule, node: node ? idOf(node) : 0 }),
      left: (was, wrong) => {
        if (wrong) this.#barred.add(frame);
        if (this.#guests.get(frame) === was) this.#guests.delete(frame);
      },
    }, frame, [origin, page], port1);
    this.#guests.set(frame, guest);
    // If another document is there by now, it does not get this.
    frame.contentWindow?.postMessage({ vitrine: PORT }, origin, [port2]);
    this.#meet(frame);
  }

  #room(asset: number, bytes: number): boolean {
    const { names } = this.#assets;
    if (this.#assets.bytes + bytes > MAX_BYTES || (!names.has(asset) && names.size >= MAX_ASSETS)) return false;
    names.add(asset);
    this.#assets.bytes += bytes;
    return true;
  }

  /** The guest whose mirror a node is in. */
  of(node: Node | undefined): Guest | undefined {
    if (!node || !stands.has(node)) return undefined;
    for (const guest of this.#guests.values()) if (node.ownerDocument === guest.mirror?.document) return guest;
    return undefined;
  }

  /**
   * The server has refused what the page said. If it is something that a guest told, or may be, the guest goes: a session does not
   * end because of a frame. Returns whether one went.
   */
  refused(rule: string, node: Node | undefined): boolean {
    if (!/^row\d/.test(rule) || rule === 'row39-overrun') return false;
    const shown = [...this.#guests.values()].filter(({ frame }) => mirrors.has(frame));
    const guilty = this.of(node);
    // Of a limit of the whole page, the node is only where it was reached.
    if (!shown.length || (node && !guilty && !/^row(30|32|40)/.test(rule))) return false;
    const all = ++this.#blamed > 1 || !guilty;
    this.#all ||= all;
    for (const guest of shown) if (all || guest.origin === guilty.origin) guest.close(true);
    return true;
  }

  /** Carries an agent's input out if it is meant for a guest. */
  takes(frame: InputFrame, scopes: readonly Scope[]): boolean {
    const node = 'node' in frame ? this.#inn.capture()?.node(frame.node) : undefined;
    const guest = this.of(node);
    if (!guest) return false;
    this.#hands = this.#hands.then(() => this.#carryOut(guest, frame, scopes)).catch((error: unknown) => {
      const rule = error instanceof Refusal ? error.message : Target;
      this.#inn.send({ kind: 'receipt', seq: frame.seq, from: frame.from, rule, node: 'node' in frame ? frame.node : 0 });
    });
    return true;
  }

  async #carryOut(guest: Guest, frame: InputFrame, scopes: readonly Scope[]): Promise<void> {
    const capture = this.#inn.capture();
    if (!capture || !('node' in frame)) throw new Refusal(Stale);
    operable(capture, frame.epoch, frame.node);
    const id = (node: number): number => {
      const at = capture.node(node);
      const stand = at && this.of(at) === guest ? stands.get(at) : undefined;
      if (!stand) throw new Refusal(Target);
      return stand.id;
    };
    const there = { ...frame, epoch: guest.mirror?.epoch ?? 0, node: id(frame.node) };
    if ('option' in there) Object.assign(there, { option: id(there.option) });
    if ('to' in there && 'toX' in there) Object.assign(there, { to: id(there.to) });
    const { frame: el } = guest;
    if (frame.kind === 'click' || frame.kind === 'drag') {
      const place = await guest.where({ epoch: there.epoch, node: there.node, x: frame.x, y: frame.y }, true);
      if (!place || place.rule) throw new Refusal(place?.rule ?? Stale);
      uncovered(el, place);
    }
    if (frame.kind !== 'scrollTo' && el !== focused()) el.focus({ preventScroll: true });
    guest.input({ kind: 'input', frame: there, scopes });
  }

  /** Where a place of a node of a mirror is in the page's window. */
  async place(node: Node, x: number, y: number): Promise<readonly [x: number, y: number] | undefined> {
    const guest = this.of(node);
    const stand = stands.get(node);
    const at = stand && (await guest?.where({ epoch: guest.mirror?.epoch ?? 0, node: stand.id, x, y }, false));
    if (!guest || !at || at.rule) return undefined;
    const [left, top, scale] = originIn(guest.frame);
    const here = guest.frame.getBoundingClientRect();
    const out = pageRect(guest.frame);
    return [left + at.x * scale + out.left - here.left, top + at.y * scale + out.top - here.top];
  }
}

/** Refuses a click where something of the page covers the frame. */
function uncovered(frame: HTMLIFrameElement, { x, y }: There): void {
  for (let moved = false; ; moved = true) {
    const [left, top, scale] = originIn(frame);
    const at = topAt(frame, left + x * scale, top + y * scale);
    if (at === frame) return;
    refuse(isElement(at) || moved, Covered);
    scrollBy({ left: left + x * scale - innerWidth / 2, top: top + y * scale - innerHeight / 2, behavior: 'instant' });
  }
}

function originOf(address: string): string {
  try {
    return new URL(address).origin;
  } catch {
    return '';
  }
}
