// The assets of a session: bytes come in pieces through the data channel, are compared with their hash, and become blobs.
// Nothing is ever fetched.
import { AssetKind, type Chunk, MaxChunk, Mime, type Ready } from '../wire/frames';

const types = new Map<number, string>([
  [Mime.PNG, 'image/png'],
  [Mime.JPEG, 'image/jpeg'],
  [Mime.GIF, 'image/gif'],
  [Mime.WebP, 'image/webp'],
  [Mime.AVIF, 'image/avif'],
  [Mime.WOFF2, 'font/woff2'],
  [Mime.WOFF, 'font/woff'],
]);

// What may wait for the rest of its bytes or for its Ready at one time.
const MAX_WAITING = 64 << 20;

interface Parcel {
  readonly parts: (Uint8Array | undefined)[];
  missing: number;
  size: number;
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
  private readonly named = new Map<number, Ready>();
  private readonly failed = new Set<number>();
  private readonly parcels = new Map<string, Parcel>();
  private readonly contents = new Map<string, Content>();
  private waiting = 0;
  private over = false;
  private readonly changed: (asset: number) => void;

  /** `changed` is called when an asset has arrived, or is known not to come. */
  constructor(changed: (asset: number) => void) {
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

  private content(asset: number): Content | undefined {
    const name = this.named.get(asset);
    return name && this.contents.get(this.key(name));
  }

  // The same bytes under another type are another thing.
  private key(name: Ready): string {
    return `${name.mime}:${hex(name.hash)}`;
  }

  /** Takes the name, type and hash of an asset whose bytes the server approved. */
  ready(frame: Ready): void {
    if (this.over) return;
    this.named.set(frame.asset, frame);
    this.failed.delete(frame.asset);
    if (this.contents.has(this.key(frame))) this.changed(frame.asset);
    else if (frame.size === 0) this.keep(frame, new Uint8Array(0));
    else void this.assemble(frame);
  }

  /** Takes word that an asset cannot be shown. */
  gone(asset: number): void {
    this.named.delete(asset);
    this.failed.add(asset);
    this.changed(asset);
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
    if (parcel.missing > 0) return;
    for (const name of this.named.values()) {
      if (hex(name.hash) === hash) void this.assemble(name);
    }
  }

  private async assemble(name: Ready): Promise<void> {
    const hash = hex(name.hash);
    const parcel = this.parcels.get(hash);
    if (!parcel || parcel.missing > 0) return;
    const bytes = new Uint8Array(parcel.size);
    let at = 0;
    for (const part of parcel.parts) {
      if (part) bytes.set(part, at);
      at += part?.length ?? 0;
    }
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    if (this.parcels.delete(hash)) this.waiting -= parcel.size;
    if (this.over) return;
    if (hex(digest) !== hash || bytes.length !== name.size) this.gone(name.asset);
    else this.keep(name, bytes);
  }

  private keep(name: Ready, bytes: Uint8Array<ArrayBuffer>): void {
    const key = this.key(name);
    if (!this.contents.has(key)) {
      const type = types.get(name.mime);
      if (name.assetKind === AssetKind.Sheet && name.mime === Mime.CSS) this.contents.set(key, { text: new TextDecoder().decode(bytes) });
      else if (name.assetKind !== AssetKind.Sheet && type) this.contents.set(key, { url: URL.createObjectURL(new Blob([bytes], { type })) });
      else {
        this.gone(name.asset);
        return;
      }
    }
    for (const other of this.named.values()) {
      if (this.key(other) === key) this.changed(other.asset);
    }
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
    this.contents.clear();
    this.parcels.clear();
    this.named.clear();
    this.failed.clear();
  }
}
