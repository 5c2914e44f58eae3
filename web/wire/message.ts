// Splits frames into messages and puts them together again. The Go twin is internal/wire/message.go.
import { Reader, WireError, Writer } from './codec';
import { DeflateFrom, MaxFrame, MaxMessage, MaxMessageIn } from './frames';

const MAX_RATIO = 100;

async function inflate(bytes: Uint8Array, max: number): Promise<Uint8Array> {
  const through = new DecompressionStream('deflate-raw');
  const writer = through.writable.getWriter();
  // Errors surface on the readable side.
  writer.write(bytes as Uint8Array<ArrayBuffer>).catch(() => undefined);
  writer.close().catch(() => undefined);
  const out = new Writer(Math.min(max, bytes.length * 4));
  const reader = through.readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return out.bytes;
    out.raw(value);
    if (out.length > max) {
      await reader.cancel();
      throw new WireError('row38-inflate');
    }
  }
}

/** Whether this browser can deflate frames; without it they travel as they are. */
export const canDeflate = typeof CompressionStream === 'function';

/** A frame deflated, or null when that is not worth it. */
export async function deflate(frame: Uint8Array): Promise<Uint8Array | null> {
  if (!canDeflate || frame.length < DeflateFrom) return null;
  const { readable, writable } = new CompressionStream('deflate-raw');
  const writer = writable.getWriter();
  // Errors surface on the readable side.
  writer.write(frame as Uint8Array<ArrayBuffer>).catch(() => undefined);
  writer.close().catch(() => undefined);
  const packed = new Uint8Array(await new Response(readable).arrayBuffer());
  return packed.length < frame.length && frame.length <= packed.length * MAX_RATIO ? packed : null;
}

/** The messages of a frame; packed is the same frame deflated, if it was. */
export function messages(frame: Uint8Array, packed: Uint8Array | null = null): Uint8Array[] {
  const body = packed ?? frame;
  const w = new Writer(MaxMessage);
  if (body.length + 8 <= MaxMessage) {
    w.byte(packed ? 1 : 0);
    if (packed) w.uint(frame.length);
    w.raw(body);
    return [w.bytes];
  }
  const out: Uint8Array[] = [];
  w.byte(2);
  w.uint(packed ? 1 : 0);
  w.uint(body.length);
  w.uint(frame.length);
  for (let at = 0; at < body.length; ) {
    const n = Math.min(body.length - at, MaxMessage - w.length);
    w.raw(body.subarray(at, at + n));
    out.push(w.bytes.slice());
    at += n;
    w.clear();
    w.byte(3);
  }
  return out;
}

/**
 * Puts the messages of one channel together. Inflating takes time, so frames come out through a callback, always in the
 * order of their messages; an error ends the assembler.
 */
export class Assembler {
  private pieces: Writer | null = null;
  private total = 0;
  private size = 0;
  private packed = false;
  private queue: Promise<void> | null = null;

  private readonly onFrame: (frame: Uint8Array) => void;
  private readonly onError: (error: unknown) => void;

  constructor(onFrame: (frame: Uint8Array) => void, onError: (error: unknown) => void) {
    this.onFrame = onFrame;
    this.onError = onError;
  }

  /** Ends when what was pushed has come out; null when it has. */
  get busy(): Promise<void> | null {
    return this.queue;
  }

  /** Takes a message. */
  push(message: Uint8Array): void {
    try {
      this.next(message);
    } catch (error) {
      this.onError(error);
    }
  }

  private next(message: Uint8Array): void {
    if (message.length === 0 || message.length > MaxMessageIn) throw new WireError('row35-length');
    const r = new Reader(message);
    const kind = r.byte();
    if (kind === 3 && this.pieces) return this.piece(r);
    if (this.pieces || kind > 2) throw new WireError('row37-piece');
    if (kind === 0) return this.emit(r.take(r.left), null);
    if (kind === 1) {
      const size = r.uint(MaxFrame);
      return this.emit(r.take(r.left), size);
    }
    this.packed = r.uint(1) === 1;
    this.total = r.uint(MaxFrame);
    this.size = r.uint(MaxFrame);
    if (this.total === 0 || (!this.packed && this.total !== this.size)) throw new WireError('row37-piece');
    this.pieces = new Writer(Math.min(this.total, MaxMessageIn));
    this.piece(r);
  }

  private piece(r: Reader): void {
    const { pieces } = this;
    if (!pieces || r.left === 0 || pieces.length + r.left > this.total) throw new WireError('row37-piece');
    pieces.raw(r.take(r.left));
    if (pieces.length < this.total) return;
    this.pieces = null;
    this.emit(pieces.bytes, this.packed ? this.size : null);
  }

  private emit(bytes: Uint8Array, size: number | null): void {
    if (size === null && !this.queue) {
      this.onFrame(bytes);
      return;
    }
    if (size !== null && size > bytes.length * MAX_RATIO) throw new WireError('row38-ratio');
    const work = async (): Promise<void> => {
      const frame = size === null ? bytes : await inflate(bytes, size);
      if (size !== null && frame.length !== size) throw new WireError('row38-inflate');
      this.onFrame(frame);
    };
    const queued: Promise<void> = (this.queue ?? Promise.resolve())
      .then(work)
      .catch((error: unknown) => { this.onError(error instanceof WireError ? error : new WireError('row38-inflate')); })
      .finally(() => {
        if (this.queue === queued) this.queue = null;
      });
    this.queue = queued;
  }
}
