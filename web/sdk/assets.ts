// Images, fonts and style sheets: named at once by their address, offered when their bytes are known, sent when asked for.
import { AssetKind, GoneReason, MaxChunk } from '../wire/frames';
import type { FromCustomer } from '../wire/frames';
import type { Canvases } from './canvas';
import { absolute, changes } from './css';
import { fontBytes } from './made';
import type { Rename } from './css';
import { attribute, baseAddress, baseOf, create, documentOf, later, localName, request, textOf } from './natives';
import { fetchSheet, flatten, rulesText } from './sheets';

const MAX_SIZE = 8 << 20;
const MAX_SIDE = 2048;
const PARALLEL = 6;
const PRESSURE = 64 << 10; // bytes waiting on the asset channel

/** What the assets need of the connection. */
export interface AssetLink {
  send(frame: FromCustomer): void;
  /** Resolves when at most max bytes wait on the asset channel. */
  drained(max: number): Promise<void>;
  /** Takes what was read in the place of everything else: the page around this document offers it. */
  take?(asset: number, kind: number, loaded: Loaded): void;
}

/**
 * A 53-bit hash of a string (cyrb53): an asset's name within the session. It is no secret and guards nothing. The assets of a
 * document of another origin have the upper half of their names in common, so that they take nobody else's.
 */
export function assetID(salt: number, key: string, space = 0): number {
  let a = 0xdeadbeef ^ salt;
  let b = 0x41c6ce57 ^ salt;
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (space || 2097151 & b) + (a >>> 0) || 1;
}

const numbers = new WeakMap<HTMLCanvasElement, number>();
let lastNumber = 0;

type Bytes = Uint8Array<ArrayBuffer>;
/** What was read: bytes, and the natural size where the bytes do not say it; or a GoneReason. */
export type Loaded = readonly [bytes: Bytes, width?: number, height?: number] | number;

/** The assets of a session. */
export class Assets {
  /** Drawings are told without their references: the server found that they show too much, or themselves (threat row 30). */
  plain = false;
  /** Takes pictures of a canvas from now on. */
  painter: (canvas: HTMLCanvasElement, asset: number) => void = () => undefined;
  painted: Canvases | undefined;
  readonly #looks = new Map<number, string[]>(); // hashes of the last pictures of canvases, the newest first
  readonly #names: readonly [salt: number, space: number];
  readonly #link: AssetLink;
  readonly #named = new Set<number>();
  readonly #waiting = new Map<string, boolean>(); // addresses that the page has not loaded itself; true for fonts
  readonly #bytes = new Map<string, Bytes>(); // by hash
  readonly #kinds = new Map<string, number>(); // by hash: the server takes the same bytes as one kind of thing only
  readonly #work = { queue: [] as (() => Promise<void>)[], running: 0 };
  readonly #loaded = (list: PerformanceObserverEntryList): void => {
    for (const { name } of list.getEntries()) {
      const font = this.#waiting.get(name);
      if (this.#waiting.delete(name)) this.#read(name, font);
    }
  };
  readonly #views = new Map([[performance, new PerformanceObserver(this.#loaded)]]); // of the page and the documents within
  #closed = false;

  constructor(salt: number, link: AssetLink, space = 0) {
    this.#names = [salt, space];
    this.#link = link;
  }

  #id(key: string): number {
    const [salt, space] = this.#names;
    return assetID(salt, key, space);
  }

  /** What a document within the page loads, the page has loaded; until the signal ends it. */
  watch(view: Window & typeof globalThis, signal: AbortSignal): void {
    const { performance: of } = view;
    if (this.#views.has(of)) return;
    const watcher = new view.PerformanceObserver(this.#loaded);
    watcher.observe({ type: 'resource', buffered: true });
    this.#views.set(of, watcher);
    signal.addEventListener('abort', () => {
      watcher.disconnect();
      this.#views.delete(of);
    });
  }

  /** Names an image by its address and begins to read it. */
  image(url: string): number {
    return this.#read(url);
  }

  /** Nothing is requested that the page did not request: what a sheet names is read when the page has loaded it. */
  readonly rename: Rename = (url, font) => {
    if (/^https?:/.test(url) && ![...this.#views.keys()].some((of) => of.getEntriesByName(url).length)) {
      if (!this.#waiting.size) this.#views.get(performance)?.observe({ type: 'resource' });
      this.#waiting.set(url, font);
    } else this.#read(url, font);
    return `url("asset:${this.#id(url).toString(16)}")`;
  };

  /** Names a canvas, whose pictures follow. */
  canvas(canvas: HTMLCanvasElement): number {
    const number = numbers.get(canvas) ?? ++lastNumber;
    numbers.set(canvas, number);
    const id = this.#id(`canvas ${number}`);
    this.painter(canvas, id);
    return id;
  }

  /** Tells how a canvas looks now, if it is another look than before; without bytes, that it cannot be read. */
  async renew(asset: number, bytes: Bytes | undefined, width: number, height: number): Promise<void> {
    await this.offer(asset, AssetKind.Image, bytes ? [bytes, width, height] : GoneReason.Blocked);
  }

  /** Offers what was read somewhere else, in the place of what had this name before. */
  async offer(asset: number, kind: number, loaded: Loaded): Promise<void> {
    const before = this.#looks.get(asset) ?? [];
    const hash = await this.#offer(asset, kind, loaded, before[0]);
    if (hash === before[0]) return;
    this.#looks.set(asset, [hash, ...before]);
    // The server may still be asking for the one before, and no more for those before that.
    for (const old of (this.#looks.get(asset) ?? []).splice(2)) this.#bytes.delete(old);
  }

  /** Names the style sheet of a link or style element; 0 when it has none yet. */
  sheet(el: Element): number {
    const { sheet } = el as HTMLStyleElement;
    const text = textOf(el) ?? '';
    if (!sheet) return 0;
    if (changes(sheet) > 0) return this.rules(sheet, baseOf(el));
    // What scripts did to a sheet of another document before that was met, its text does not show.
    const own = documentOf(el) === document && /\S/.test(text);
    if (localName(el) !== 'link') return own || sheet.cssRules.length === 0 ? this.#sheet(text) : this.rules(sheet, baseOf(el));
    const url = absolute(attribute(el, 'href') ?? '', baseOf(el));
    const credentials = attribute(el, 'crossorigin') === 'use-credentials' ? 'include' : 'same-origin';
    return this.#name(url, AssetKind.Sheet, async () => [encode(await fetchSheet(url, this.rename, credentials))]);
  }

  /** Names a sheet by what its rules say now. */
  rules(sheet: CSSStyleSheet, base?: string): number {
    return this.#sheet(rulesText(sheet), sheet.href ?? base);
  }

  #sheet(css: string, base = baseAddress()): number {
    return this.#name(`${base}\n${css}`, AssetKind.Sheet, async () => [encode(await flatten(css, base, this.rename))]);
  }

  #read(url: string, font = false): number {
    if (!/^(https?|data|blob):/.test(url)) return this.#id(url);
    return this.#name(url, font ? AssetKind.Font : AssetKind.Image, () => (font ? readBytes(url) : readImage(url)));
  }

  #name(key: string, kind: number, read: () => Promise<Loaded>): number {
    const id = this.#id(key);
    if (!this.#named.has(id)) {
      this.#named.add(id);
      // Reading begins after the batch that names it: what agents wait for is not kept up by it.
      if (this.#work.queue.push(async () => { await this.#offer(id, kind, await read().catch(() => GoneReason.Blocked)); }) === 1) later(() => this.#pump(), 0);
    }
    return id;
  }

  #pump(): void {
    while (this.#work.running < PARALLEL) {
      const task = this.#work.queue.shift();
      if (!task) return;
      this.#work.running++;
      void task().finally(() => {
        this.#work.running--;
        this.#pump();
      });
    }
  }

  async #offer(asset: number, assetKind: number, loaded: Loaded, known?: string): Promise<string> {
    const [bytes, width = 0, height = 0] = typeof loaded === 'number' ? [] : loaded;
    const reason = !bytes ? loaded : bytes.length > MAX_SIZE ? GoneReason.TooBig : 0;
    const hash = bytes && new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const key = hash && !reason ? hash.join() : '';
    if (this.#closed || key === known) return key;
    if (this.#link.take) {
      this.#link.take(asset, assetKind, bytes && !reason ? loaded : Number(reason));
      return key;
    }
    if (!hash || reason) {
      this.#link.send({ kind: 'gone', asset, reason: Number(reason) });
      return key;
    }
    if ((this.#kinds.get(key) ?? assetKind) !== assetKind) {
      this.#link.send({ kind: 'gone', asset, reason: GoneReason.Type });
      return key;
    }
    this.#kinds.set(key, assetKind);
    this.#bytes.set(key, bytes);
    this.#link.send({ kind: 'offer', asset, assetKind, hash, size: bytes.length, width, height });
    return key;
  }

  /** Sends what the server wants, no faster than the channel takes it. */
  async want(hashes: readonly Uint8Array[]): Promise<void> {
    for (const hash of hashes) {
      const bytes = this.#bytes.get(hash.join());
      const count = Math.ceil((bytes?.length ?? 0) / MaxChunk) || (bytes ? 1 : 0);
      for (let index = 0; bytes && index < count; index++) {
        await this.#link.drained(PRESSURE);
        if (this.#closed) return;
        this.#link.send({ kind: 'chunk', hash, index, count, data: bytes.subarray(index * MaxChunk, (index + 1) * MaxChunk) });
      }
    }
  }

  /** Forgets everything. */
  close(): void {
    this.#closed = true;
    this.painted?.close();
    for (const watcher of this.#views.values()) watcher.disconnect();
    this.#views.clear();
    this.#work.queue.length = 0;
    for (const bytes of this.#bytes.values()) bytes.fill(0);
    this.#bytes.clear();
  }
}

const encode = (css: string): Bytes => new TextEncoder().encode(css);

async function readBytes(url: string): Promise<Loaded> {
  const own = fontBytes.get(url);
  if (own) return [own.slice()];
  const answer = await request(url, { cache: 'force-cache', credentials: 'same-origin' });
  return answer.ok ? [new Uint8Array(await answer.arrayBuffer())] : GoneReason.Missing;
}

/** An image's bytes. Vector images with more than the server's own writer would keep become pictures of themselves. */
async function readImage(url: string): Promise<Loaded> {
  let loaded: Loaded | null = null;
  try {
    loaded = await readBytes(url);
  } catch (error) {
    // The owner's policy (connect-src) may keep scripts from reading what the page may show.
    if (url.startsWith('http') && new URL(url).origin !== location.origin) throw error;
  }
  return loaded && (typeof loaded === 'number' || !isMarkup(loaded[0]) || isPlainVector(loaded[0])) ? loaded : paint(url);
}

/** Whether bytes begin like text in angle brackets: "<", white space, or a byte order mark. No picture does. */
function isMarkup([first = 0]: Bytes): boolean {
  return first === 60 || first === 0xef || (first > 8 && first < 33);
}

// What the server leaves out or refuses, and what makes a vector image dear to draw.
const MAX_VECTOR = 128 << 10;
const RICH_VECTOR = /\ufffd|<!ENTITY|<(?:\w+:)?(?:image|foreignObject|animate|set|fe(?:Ga|Tu|Mo|Conv|Di|Sp|Im))|<style[^]*(?:clip-path|mask|filter)\s*:/;

/** Whether a vector image can be shown as it is: the server writes it anew from what it allows. */
function isPlainVector(bytes: Bytes): boolean {
  return bytes.length <= MAX_VECTOR && !RICH_VECTOR.test(new TextDecoder().decode(bytes));
}

async function paint(url: string): Promise<Loaded> {
  const image = new Image();
  image.crossOrigin = 'anonymous';
  image.src = url;
  await image.decode();
  const width = image.naturalWidth || 300;
  const height = image.naturalHeight || 150;
  const canvas = create('canvas');
  const scale = Math.min(Math.max(devicePixelRatio, 1), MAX_SIDE / Math.max(width, height));
  canvas.width = Math.ceil(width * scale);
  canvas.height = Math.ceil(height * scale);
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done));
  return blob ? [new Uint8Array(await blob.arrayBuffer()), width, height] : GoneReason.Blocked;
}
