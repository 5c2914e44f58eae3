// Images, fonts and style sheets: named at once by their address, offered when their bytes are known, sent when asked for.
import { AssetKind, GoneReason, MaxChunk } from '../wire/frames';
import type { FromCustomer } from '../wire/frames';
import { attribute, localName, request } from './natives';
import { absolute, changes, fetchSheet, flatten, rulesText } from './css';
import type { Rename } from './css';

const MAX_SIZE = 8 << 20;
const MAX_SIDE = 2048;
const PARALLEL = 6;
const PRESSURE = 64 << 10; // bytes waiting on the asset channel

/** What the assets need of the connection. */
export interface AssetLink {
  send(frame: FromCustomer): void;
  /** Resolves when fewer than max bytes wait on the asset channel. */
  drained(max: number): Promise<void>;
}

/** A 53-bit hash of a string (cyrb53): an asset's name within the session. It is no secret and guards nothing. */
export function assetID(salt: number, key: string): number {
  let a = 0xdeadbeef ^ salt;
  let b = 0x41c6ce57 ^ salt;
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0) || 1;
}

/** Thrown for what cannot be sent; the reason goes to the server. */
class Refused extends Error {
  readonly reason: number;
  constructor(reason: number) {
    super('asset');
    this.reason = reason;
  }
}

interface Loaded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

const hex = (hash: Uint8Array): string => Array.from(hash, (b) => b.toString(16).padStart(2, '0')).join('');

/** The assets of a session. */
export class Assets {
  readonly #salt: number;
  readonly #link: AssetLink;
  readonly #named = new Set<number>();
  readonly #waiting = new Map<string, boolean>(); // addresses that the page has not loaded itself; true for fonts
  readonly #bytes = new Map<string, Uint8Array<ArrayBuffer>>(); // offered, by hash, until they are asked for
  readonly #queue: (() => Promise<void>)[] = [];
  readonly #watcher: PerformanceObserver;
  #running = 0;
  #closed = false;

  constructor(salt: number, link: AssetLink) {
    this.#salt = salt;
    this.#link = link;
    this.#watcher = new PerformanceObserver((list) => {
      for (const { name } of list.getEntries()) this.#seen(name);
    });
    this.#watcher.observe({ type: 'resource' });
  }

  /** Names an image by its address and begins to read it. */
  image(url: string): number {
    return this.#name(url, url, AssetKind.Image, () => readImage(url));
  }

  /** Declarations of a style attribute with their addresses replaced. */
  readonly rename: Rename = (url, font) => {
    const id = assetID(this.#salt, url);
    if (this.#loadedByPage(url)) this.#fetch(url, font);
    else this.#waiting.set(url, font);
    return `url("asset:${id.toString(16)}")`;
  };

  /** Names the style sheet of a link or style element; 0 when it has none yet. */
  sheet(el: Element): number {
    const sheet = (el as HTMLStyleElement).sheet;
    if (!sheet) return 0;
    if (changes(sheet) === 0 && localName(el) === 'link') {
      const url = absolute(attribute(el, 'href') ?? '', document.baseURI);
      const credentials = attribute(el, 'crossorigin') === 'use-credentials' ? 'include' : 'same-origin';
      return this.#name(url, url, AssetKind.Sheet, async () => text(await fetchSheet(url, this.rename, credentials)));
    }
    const written = el.textContent;
    if (changes(sheet) === 0 && (written.trim() !== '' || sheet.cssRules.length === 0)) {
      return this.#text(written);
    }
    return this.rules(sheet);
  }

  /** Names a sheet by what its rules say now; 0 when the page may not read them. */
  rules(sheet: CSSStyleSheet): number {
    try {
      return this.#text(rulesText(sheet), sheet.href);
    } catch {
      return 0;
    }
  }

  #text(css: string, base?: string | null): number {
    const from = base ?? document.baseURI;
    return this.#name(`${from}\n${css}`, '', AssetKind.Sheet, async () => text(await flatten(css, from, this.rename)));
  }

  #loadedByPage(url: string): boolean {
    return !/^https?:/.test(url) || performance.getEntriesByName(url).length > 0;
  }

  /** Nothing is requested that the page did not request: what a sheet names is read when the page has loaded it. */
  #seen(url: string): void {
    const font = this.#waiting.get(url);
    if (font === undefined) return;
    this.#waiting.delete(url);
    this.#fetch(url, font);
  }

  #fetch(url: string, font: boolean): void {
    if (font) this.#name(url, url, AssetKind.Font, () => readBytes(url));
    else this.image(url);
  }

  #name(key: string, url: string, kind: number, read: () => Promise<Loaded>): number {
    const id = assetID(this.#salt, key);
    if (this.#named.has(id)) return id;
    this.#named.add(id);
    const task = async (): Promise<void> => {
      try {
        if (url !== '' && !/^(https?|data|blob):/.test(url)) throw new Refused(GoneReason.Type);
        await this.#offer(id, kind, await read());
      } catch (error) {
        if (!this.#closed) this.#link.send({ kind: 'gone', asset: id, reason: error instanceof Refused ? error.reason : GoneReason.Blocked });
      }
    };
    this.#queue.push(task);
    this.#pump();
    return id;
  }

  #pump(): void {
    while (this.#running < PARALLEL && !this.#closed) {
      const task = this.#queue.shift();
      if (!task) return;
      this.#running++;
      void task().finally(() => {
        this.#running--;
        this.#pump();
      });
    }
  }

  async #offer(asset: number, assetKind: number, { bytes, width, height }: Loaded): Promise<void> {
    if (bytes.length > MAX_SIZE) throw new Refused(GoneReason.TooBig);
    if (bytes.length === 0) throw new Refused(GoneReason.Missing);
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    if (this.#closed) return;
    this.#bytes.set(hex(hash), bytes);
    this.#link.send({ kind: 'offer', asset, assetKind, hash, size: bytes.length, width, height });
  }

  /** Sends what the server wants, no faster than the channel takes it. */
  async want(hashes: readonly Uint8Array[]): Promise<void> {
    for (const hash of hashes) {
      const bytes = this.#bytes.get(hex(hash));
      if (!bytes) continue;
      const count = Math.ceil(bytes.length / MaxChunk);
      for (let index = 0; index < count && !this.#closed; index++) {
        await this.#link.drained(PRESSURE);
        this.#link.send({ kind: 'chunk', hash, index, count, data: bytes.subarray(index * MaxChunk, (index + 1) * MaxChunk) });
      }
    }
  }

  /** Forgets everything. */
  close(): void {
    this.#closed = true;
    this.#watcher.disconnect();
    this.#queue.length = 0;
    this.#waiting.clear();
    for (const bytes of this.#bytes.values()) bytes.fill(0);
    this.#bytes.clear();
    this.#named.clear();
  }
}

function text(css: string): Loaded {
  return { bytes: new TextEncoder().encode(css), width: 0, height: 0 };
}

async function read(url: string): Promise<Blob> {
  const answer = await request(url, { cache: 'force-cache', credentials: 'same-origin' });
  if (!answer.ok) throw new Refused(GoneReason.Missing);
  const blob = await answer.blob();
  if (blob.size > MAX_SIZE) throw new Refused(GoneReason.TooBig);
  return blob;
}

async function readBytes(url: string): Promise<Loaded> {
  return { bytes: new Uint8Array(await (await read(url)).arrayBuffer()), width: 0, height: 0 };
}

/** An image's bytes. Vector images become pictures: as documents they could hold more than a picture. */
async function readImage(url: string): Promise<Loaded> {
  try {
    const blob = await read(url);
    if (!blob.type.startsWith('image/svg')) return { bytes: new Uint8Array(await blob.arrayBuffer()), width: 0, height: 0 };
  } catch (error) {
    // The owner's policy (connect-src) may keep scripts from reading what the page may show.
    if (error instanceof Refused || absolute(url, location.href).startsWith('http') && new URL(url).origin !== location.origin) throw error;
  }
  return paint(url);
}

async function paint(url: string): Promise<Loaded> {
  const image = new Image();
  image.crossOrigin = 'anonymous';
  image.src = url;
  await image.decode();
  const width = image.naturalWidth || 300;
  const height = image.naturalHeight || 150;
  const scale = Math.min(Math.max(devicePixelRatio, 1), MAX_SIDE / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
  if (!blob) throw new Refused(GoneReason.Blocked);
  return { bytes: new Uint8Array(await blob.arrayBuffer()), width: Math.min(width, 16384), height: Math.min(height, 16384) };
}
