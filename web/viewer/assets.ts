// The assets of a session: bytes come in pieces through the data channel, are compared with their hash, and become blobs.
// Nothing is ever fetched.
import { AssetKind, type Chunk, GoneReason, MaxChunk, Mime, type Ready } from '../wire/frames';

const types = new Map<number, string>([
  [Mime.PNG, 'image/png'],
  [Mime.JPEG, 'image/jpeg'],
  [Mime.GIF, 'image/gif'],
  [Mime.WebP, 'image/webp'],
  [Mime.AVIF, 'image/avif'],
  [Mime.WOFF2, 'font/woff2'],
  [Mime.WOFF, 'font/woff'],
]);

// How the server begins every vector image that it writes. Nothing else becomes one.
const VECTOR = '<svg xmlns="http://www.w3.org/2000/svg"';

// A vector image has no blob address: opened in a window of its own, that would be a document of the console's origin.
function vectorURL(bytes: Uint8Array): string | null {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text.startsWith(VECTOR) ? `data:image/svg+xml;base64,${btoa(text)}` : null;
}

// What may wait for the rest of its bytes or for its Ready at one time.
const MAX_WAITING = 64 << 20;

// So long news are gathered before they are told; longer when the page took long to take the last.
const GATHER = 30;
const MAX_GATHER = 1000;

// So long the address of bytes that are nothing any more stays good.
const LINGER = 10_000;

interface Parcel {
  readonly parts: (Uint8Array | undefined)[];
  missing: number;
  size: number;
}

/** An asset that the server announced. Many may have the same bytes. */
interface Named {
  readonly frame: Ready;
  readonly hash: string;
  /** The same bytes of another kind or type are another thing. */
  readonly key: string;
}

/** What an asset became. */
type Content = { readonly url: string } | { readonly text: string };

function hex(bytes: Uint8Array): string {
  let out = '';
  for (const b of bytes) out += b.toString(16).padStart(2, '0');
  return out;
}

/** The assets that arrived. */
export class Assets {
  private readonly named = new Map<number, Named>();
  private readonly byHash = new Map<string, Set<number>>();
  private readonly failed = new Map<number, number>();
  private readonly parcels = new Map<string, Parcel>();
  private readonly contents = new Map<string, Content>();
  private readonly news = new Set<number>();
  private took = 0;
  private waiting = 0;
  private over = false;
  private readonly changed: (assets: Iterable<number>) => void;

  /** `changed` is called when assets have arrived, or are known not to come. */
  constructor(changed: (assets: Iterable<number>) => void) {
    this.changed = changed;
  }

  /** The blob address of an image or a font, or null while it is not there. */
  url(asset: number): string | null {
    const content = this.content(asset);
    return content && 'url' in content ? content.url : null;
  }

  /** The text of a style sheet, or null while it is not there. */
  sheet(asset: number): string | null {
    const content = this.content(asset);
    return content && 'text' in content ? content.text : null;
  }

  /** Whether an asset is still to come. */
  pending(asset: number): boolean {
    return !this.failed.has(asset) && !this.content(asset);
  }

  /** Why an asset cannot be shown, as a GoneReason; null when nothing is known against it. */
  missing(asset: number): number | null {
    return this.failed.get(asset) ?? null;
  }

  private content(asset: number): Content | undefined {
    const name = this.named.get(asset);
    return name && this.contents.get(name.key);
  }

  // A sheet names many images, and each of them changes it: they are told together.
  private tell(asset: number): void {
    this.news.add(asset);
    if (this.news.size > 1) return;
    setTimeout(() => {
      const list = [...this.news];
      this.news.clear();
      if (this.over) return;
      const began = performance.now();
      this.changed(list);
      this.took = performance.now() - began;
    }, Math.min(MAX_GATHER, Math.max(GATHER, 4 * this.took)));
  }

  private unname(asset: number): void {
    const was = this.named.get(asset);
    const hash = was?.hash ?? '';
    this.named.delete(asset);
    const others = this.byHash.get(hash);
    if (!others?.delete(asset) || others.size > 0) return;
    // Nothing else is these bytes: a canvas becomes others twice a second.
    this.byHash.delete(hash);
    this.waiting -= this.parcels.get(hash)?.size ?? 0;
    this.parcels.delete(hash);
    const old = was && this.contents.get(was.key);
    if (!old) return;
    this.contents.delete(was.key);
    // What shows it shows the next soon.
    if ('url' in old) setTimeout(() => { URL.revokeObjectURL(old.url); }, LINGER);
  }

  /** Takes the name, type and hash of an asset whose bytes the server approved. */
  ready(frame: Ready): void {
    if (this.over) return;
    const hash = hex(frame.hash);
    const name = { frame, hash, key: `${frame.assetKind}:${frame.mime}:${hash}` };
    if (this.named.get(frame.asset)?.key !== name.key) this.unname(frame.asset);
    this.failed.delete(frame.asset);
    this.named.set(frame.asset, name);
    const others = this.byHash.get(hash);
    if (others) others.add(frame.asset);
    else this.byHash.set(hash, new Set([frame.asset]));
    if (this.contents.has(name.key)) this.tell(frame.asset);
    else if (frame.size === 0) this.keep(name, new Uint8Array(0));
    else void this.assemble(hash);
  }

  /** Takes word that an asset cannot be shown. */
  gone(asset: number, reason: number = GoneReason.Rule): void {
    if (this.over) return;
    this.unname(asset);
    this.failed.set(asset, reason);
    this.tell(asset);
  }

  /** Takes a part of an asset; parts come in any order. */
  chunk(frame: Chunk): void {
    if (this.over || frame.count === 0 || frame.index >= frame.count) return;
    if (frame.index < frame.count - 1 && frame.data.length !== MaxChunk) return;
    const hash = hex(frame.hash);
    let parcel = this.parcels.get(hash);
    if (!parcel) {
      parcel = { parts: new Array<Uint8Array | undefined>(frame.count).fill(undefined), missing: frame.count, size: 0 };
      this.parcels.set(hash, parcel);
    }
    if (parcel.parts.length !== frame.count || parcel.parts[frame.index] || this.waiting + frame.data.length > MAX_WAITING) return;
    parcel.parts[frame.index] = frame.data;
    parcel.missing--;
    parcel.size += frame.data.length;
    this.waiting += frame.data.length;
    if (parcel.missing === 0) void this.assemble(hash);
  }

  // Puts bytes together once, for all who are named after them.
  private async assemble(hash: string): Promise<void> {
    const parcel = this.parcels.get(hash);
    if (!parcel || parcel.missing > 0 || !this.byHash.has(hash)) return;
    this.parcels.delete(hash);
    const bytes = new Uint8Array(parcel.size);
    let at = 0;
    for (const part of parcel.parts) {
      if (part) bytes.set(part, at);
      at += part?.length ?? 0;
    }
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    this.waiting -= parcel.size;
    if (this.over) return;
    const right = hex(digest) === hash;
    for (const asset of [...this.byHash.get(hash) ?? []]) {
      const name = this.named.get(asset);
      if (name && right && bytes.length === name.frame.size) this.keep(name, bytes);
      else this.gone(asset);
    }
  }

  private keep({ frame, key }: Named, bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.contents.has(key)) {
      const type = types.get(frame.mime);
      const vector = frame.assetKind === AssetKind.Image && frame.mime === Mime.SVG ? vectorURL(bytes) : null;
      if (vector !== null) this.contents.set(key, { url: vector });
      else if (frame.assetKind === AssetKind.Sheet && frame.mime === Mime.CSS) this.contents.set(key, { text: new TextDecoder().decode(bytes) });
      else if (frame.assetKind !== AssetKind.Sheet && type) this.contents.set(key, { url: URL.createObjectURL(new Blob([bytes], { type })) });
      else {
        this.gone(frame.asset);
        return;
      }
    }
    this.tell(frame.asset);
  }

  /** Forgets everything and takes nothing more. */
  wipe(): void {
    this.over = true;
    for (const content of this.contents.values()) {
      if ('url' in content) URL.revokeObjectURL(content.url);
    }
    for (const parcel of this.parcels.values()) {
      for (const part of parcel.parts) part?.fill(0);
    }
    for (const known of [this.contents, this.parcels, this.named, this.byHash, this.failed, this.news]) known.clear();
  }
}
