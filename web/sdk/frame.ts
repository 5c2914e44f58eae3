// What a document loads that other origins show in frames and that lets them share it (case 18): vitrine-frame.js. It waits until
// a page on its list asks. What it tells then is what vitrine.js tells the server, and masked as there; it goes to that page.
import type { Assets } from './assets';
import { Capture } from './capture';
import type { InputFrame } from './input';
import type { FrameOptions } from './embedded';
import { Masks, valid } from './mask';
import { hooks, isElement, listen, ours, rectOf } from './natives';
import { part } from './parts';
import { Privacy } from './privacy';
import { CALL, HELLO, PORT, exactOrigin } from './talk';
import type { FromGuest, Spot, Start, ToGuest } from './talk';
import { learn } from './vocab';
import type * as More from './more';

const POINTER_EVERY = 40; // milliseconds
const page = Math.random().toString(36).slice(2); // tells this document from the one before it in the frame

/** What goes on with the page around this document. */
class Visit {
  readonly #port: MessagePort;
  readonly #own: readonly string[]; // the document's own masks
  #more: typeof More | undefined;
  #capture: Capture | undefined;
  #assets: Assets | undefined;
  #run = 0;
  #waiting = 0; // bytes that the page has not taken yet
  #moved = 0; // when the pointer was told last
  #hands: Promise<unknown> = Promise.resolve();

  constructor(port: MessagePort, own: readonly string[]) {
    this.#port = port;
    this.#own = own;
    port.onmessage = ({ data }) => this.#heard(data as ToGuest);
    port.addEventListener('close', () => this.stop());
  }

  #say(what: FromGuest, transfer: Transferable[] = []): void {
    this.#port.postMessage(what, transfer);
  }

  /** Ends the visit. */
  close(): void {
    this.stop();
    this.#say({ kind: 'bye' });
    this.#port.close();
  }

  /** Tells nothing from now on. */
  stop(): void {
    this.#run = 0;
    hooks.acted = hooks.pointed = () => undefined;
    this.#capture?.stop();
    this.#assets?.close();
    this.#capture = this.#assets = undefined;
  }

  #heard(said: ToGuest): void {
    switch (said.kind) {
      case 'start':
        this.stop();
        this.#run = said.run;
        return void this.#start(said).catch(reportError);
      case 'stop':
        return this.stop();
      case 'ack':
        this.#waiting -= said.bytes;
        return;
      case 'ping':
        return this.#say({ kind: 'pong' });
      case 'where':
        return void this.#where(said.ask, said.spot, said.click);
      case 'input':
        this.#hands = this.#hands.then(() => this.#carryOut(said)).catch(reportError);
        return;
      default:
        said satisfies never;
    }
  }

  async #start({ run, rules, salt, space, canvas, plain }: Start): Promise<void> {
    const more = (this.#more ??= await part('session'));
    if (run !== this.#run) return;
    learn(more);
    more.shares.canvas = canvas;
    const selectors = [...this.#own, ...rules.selectors];
    // A rule that cannot be read may have meant anything: then everything is masked.
    const masks = new Masks({ selectors, private: rules.private || !selectors.every(valid), masked: rules.masked === true });
    const assets = (this.#assets = new more.Assets(salt, {
      send: () => undefined, // what it would say is in what is taken
      drained: () => Promise.resolve(),
      take: (asset, assetKind, loaded) => this.#say({ kind: 'asset', run, asset, assetKind, loaded }),
    }, space));
    assets.plain = plain;
    assets.painter = (el, id) => void this.#paint(assets, el, id).catch(reportError);
    this.#waiting = 0;
    const capture = (this.#capture = new Capture({
      dom: (bytes) => {
        const frame = bytes.slice(); // the rest of its memory is not the page's business
        this.#waiting += frame.length;
        this.#say({ kind: 'dom', run, frame }, [frame.buffer]);
      },
      send: () => undefined, // whether agents see the page late, the page around says
      pressure: () => this.#waiting,
    }, masks, assets, 0));
    this.#follow(capture);
    capture.start(0);
  }

  async #paint(assets: Assets, canvas: HTMLCanvasElement, id: number): Promise<void> {
    const { Canvases } = await part('canvas');
    if (assets !== this.#assets) return;
    assets.painted ??= new Canvases(assets, (el) => this.#capture?.on === true && this.#capture.privacy(el) === Privacy.Open);
    assets.painted.watch(canvas, id);
  }

  /** Tells where the customer's mouse is, and that they press something. */
  #follow(capture: Capture): void {
    hooks.pointed = (event) => {
      if (!event.isTrusted || !capture.on || event.timeStamp - this.#moved < POINTER_EVERY) return;
      this.#moved = event.timeStamp;
      const node = capture.idOf(event.composedPath()[0] as Node);
      const at = capture.node(node);
      if (!isElement(at)) return;
      const { left, top, width, height } = rectOf(at);
      const { clientX, clientY } = event as PointerEvent;
      const share = (n: number): number => Math.round(Math.min(Math.max(n || 0, 0), 1) * 65535);
      this.#say({ kind: 'pointer', node, x: share((clientX - left) / width), y: share((clientY - top) / height) });
    };
    hooks.acted = ({ isTrusted, target, key }: Event & Partial<KeyboardEvent>) => {
      if (isTrusted && !ours.has(target as Node)) this.#say({ kind: 'acted', key: key ?? '' });
    };
  }

  async #where(ask: number, spot: Spot, click: boolean): Promise<void> {
    const { locate } = await part('control');
    this.#say({ kind: 'there', ask, ...(this.#capture ? locate(this.#capture, spot, click) : { x: 0, y: 0, rule: 'row42-stale' }) });
  }

  async #carryOut({ frame, scopes }: Extract<ToGuest, { kind: 'input' }>): Promise<void> {
    const { dispatch } = await part('control');
    if (this.#capture) await dispatch(frame satisfies InputFrame, this.#capture, scopes, ({ seq, from, rule }) => this.#say({ kind: 'receipt', seq, from, rule, node: 'node' in frame ? frame.node : 0 }));
  }
}

let visit: Visit | undefined;
let over: AbortController | undefined;

/** The windows around this one. */
function around(): Window[] {
  const list: Window[] = [];
  for (let at: Window = window; at !== at.parent; ) list.push((at = at.parent));
  return list;
}

/** An origin as an option names it. */
function originOf(text: string): string {
  const origin = exactOrigin(text);
  if (!origin) throw new TypeError(`vitrine-frame.js cannot share with "${text}": name an origin, such as https://shop.example`);
  return origin;
}

/** Lets pages of the listed origins share this document while they show it in a frame. Called again, the new list counts. */
export function share({ parents, mask = [] }: FrameOptions): void {
  const origins = parents.map(originOf);
  for (const selector of mask) if (!valid(selector)) throw new TypeError(`vitrine-frame.js cannot mask "${selector}": that is no CSS selector`);
  over?.abort();
  visit?.close();
  visit = undefined;
  over = new AbortController();
  const { signal } = over;
  // Content goes through the channel alone; this says no more than that the SDK is here, and to nobody else.
  const greet = (to: Window, origin: string): void => to.postMessage({ vitrine: HELLO, page }, origin);
  listen(window, 'message', (event) => {
    const { data, origin, source, ports } = event as MessageEvent<{ readonly vitrine?: unknown } | null>;
    if (!origins.includes(origin) || !around().includes(source as Window)) return;
    if (data?.vitrine === CALL) greet(source as Window, origin);
    if (data?.vitrine !== PORT || !ports[0]) return;
    visit?.close();
    visit = new Visit(ports[0], mask);
  }, signal);
  listen(window, 'pagehide', () => {
    visit?.close();
    visit = undefined;
  }, signal);
  listen(window, 'pointermove', (event) => hooks.pointed(event), signal);
  listen(window, 'pointerdown keydown wheel', (event) => hooks.acted(event), signal);
  const known = (location as Partial<Pick<Location, 'ancestorOrigins'>>).ancestorOrigins;
  const hello = (): void => {
    around().forEach((to, i) => {
      for (const origin of origins) if (!known || known[i] === origin) greet(to, origin);
    });
  };
  listen(window, 'pageshow', (event) => {
    if ((event as PageTransitionEvent).persisted) hello();
  }, signal);
  hello();
}

const parents = (document.currentScript as Partial<HTMLScriptElement> | null)?.dataset?.['parents'];
if (parents) share({ parents: parents.trim().split(/[\s,]+/) });
