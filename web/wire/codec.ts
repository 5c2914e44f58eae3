// Reads and writes frames by the tables of frames.ts. The Go twin is internal/wire/codec.go: what one accepts, the other accepts.

/** A field: name, how it is coded, largest value or length, fields of a list's items. */
type Field = readonly [name: string, code: number, max: number, items: readonly Field[] | null];
/** A frame: number, channel, kind, fields. */
type FrameShape = readonly [number: number, channel: number, kind: string, fields: readonly Field[]];
/** The frames that one side may send, as the generator writes them. F is the union of their types. */
export type FrameTable<F> = readonly string[] & { readonly of?: F };

/** A frame was refused. The message names the rule and never holds any of the bytes. */
export class WireError extends Error {
  readonly rule: string;
  constructor(rule: string) {
    super(`frame refused: ${rule}`);
    this.rule = rule;
  }
}

const MAX_UINT = 2 ** 31 - 1;
const SHORT = 512; // characters
export const encoder = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Takes numbers and strings from the front of an array; throws a WireError. */
export class Reader {
  at = 0;
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    const b = this.bytes[this.at];
    if (b === undefined) throw new WireError('row35-length');
    this.at++;
    return b;
  }

  bool(): boolean {
    const b = this.byte();
    if (b > 1) throw new WireError('row35-bool');
    return b === 1;
  }

  /** A number of at most max; longer forms than needed are refused. */
  uint(max = MAX_UINT): number {
    let value = 0;
    let scale = 1;
    for (let n = 1; ; n++) {
      const b = this.byte();
      value += (b & 0x7f) * scale;
      if (b < 0x80) {
        if (b === 0 && n > 1) throw new WireError('row35-varint');
        if (value > max) throw new WireError('row35-range');
        return value;
      }
      if (n === 8) throw new WireError('row35-varint');
      scale *= 128;
    }
  }

  int(max = MAX_UINT): number {
    const u = this.uint(max * 2);
    return u % 2 === 0 ? u / 2 : -(u + 1) / 2;
  }

  /** Bytes that share the reader's memory. */
  take(n: number): Uint8Array {
    if (n > this.left) throw new WireError('row35-length');
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }

  text(max: number): string {
    const bytes = this.take(this.uint(max));
    try {
      return strict.decode(bytes);
    } catch {
      throw new WireError('row35-utf8');
    }
  }
}

/** A growing array of bytes. */
export class Writer {
  private buf: Uint8Array;
  length = 0;
  constructor(size = 256) {
    this.buf = new Uint8Array(size);
  }

  /** What was written, sharing memory with the writer: copy it before writing again. */
  get bytes(): Uint8Array {
    return this.buf.subarray(0, this.length);
  }

  private room(n: number): void {
    if (this.length + n <= this.buf.length) return;
    const next = new Uint8Array(Math.max(this.buf.length * 2, this.length + n));
    next.set(this.bytes);
    this.buf = next;
  }

  byte(b: number): void {
    if (this.length === this.buf.length) this.room(1);
    this.buf[this.length++] = b;
  }

  /** Overwrites a byte written before. */
  patch(at: number, b: number): void {
    this.buf[at] = b;
  }

  uint(v: number): void {
    let rest = v;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 0x80);
    this.byte(rest);
  }

  int(v: number): void {
    this.uint(v < 0 ? -v * 2 - 1 : v * 2);
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.buf.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Length in bytes, then the text as UTF-8; lone surrogates become U+FFFD. */
  text(s: string): void {
    const at = this.length;
    this.uint(s.length);
    if (this.ascii(s)) return;
    this.length = at;
    const bytes = encoder.encode(s);
    this.uint(bytes.length);
    this.raw(bytes);
  }

  /** The text as UTF-8, without its length. */
  utf8(s: string): void {
    if (!this.ascii(s)) this.raw(encoder.encode(s));
  }

  // Short texts of ASCII alone are written here: a call of the encoder costs more than they do. False when s is none.
  private ascii(s: string): boolean {
    if (s.length > SHORT) return false;
    this.room(s.length);
    for (let i = 0; i < s.length; i++) {
      const c = s.charCodeAt(i);
      if (c > 127) return false;
      this.buf[this.length + i] = c;
    }
    this.length += s.length;
    return true;
  }

  clear(): void {
    this.length = 0;
  }

  /** Overwrites everything that was written. */
  wipe(): void {
    this.buf.fill(0);
    this.length = 0;
  }
}

function fieldOf(text: string, separator: string): Field {
  const [name = '', code, max, items] = text.split(separator);
  return [name, Number(code ?? 0), Number(max ?? MAX_UINT), items ? items.split('|').map((item) => fieldOf(item, '/')) : null];
}

const shapes = new Map<string, FrameShape>();

/** A frame's shape: "number channel kind field field:code:max field:code:max:item/code/max|item". */
function shapeOf(text: string): FrameShape {
  let shape = shapes.get(text);
  if (!shape) {
    const [number, channel, kind = '', ...fields] = text.split(' ');
    shapes.set(text, (shape = [Number(number), Number(channel), kind, fields.map((field) => fieldOf(field, ':'))]));
  }
  return shape;
}

function find<F>(table: FrameTable<F>, has: (shape: FrameShape) => boolean): FrameShape {
  for (const text of table) if (has(shapeOf(text))) return shapeOf(text);
  throw new WireError('row36-type');
}

function writeFields(w: Writer, fields: readonly Field[], frame: Readonly<Record<string, unknown>>): void {
  for (const [name, code, , items] of fields) {
    const v = frame[name];
    switch (code) {
      case 0:
        w.uint(v as number);
        break;
      case 1:
        w.int(v as number);
        break;
      case 2:
        w.byte(v === true ? 1 : 0);
        break;
      case 3:
        w.raw(v as Uint8Array);
        break;
      case 4:
        w.text(v as string);
        break;
      case 5:
        w.uint((v as Uint8Array).length);
        w.raw(v as Uint8Array);
        break;
      default:
        w.uint((v as readonly unknown[]).length);
        for (const item of v as readonly Record<string, unknown>[]) {
          if (items) writeFields(w, items, item);
          else w.raw(item as unknown as Uint8Array);
        }
    }
  }
}

function readList(r: Reader, max: number, items: readonly Field[] | null): unknown[] {
  const n = r.uint(max);
  if (n > r.left) throw new WireError('row35-length');
  const list: unknown[] = [];
  for (let i = 0; i < n; i++) list.push(items ? readFields(r, items, {}) : r.take(32).slice());
  return list;
}

function readField(r: Reader, [, code, max, items]: Field): unknown {
  switch (code) {
    case 0:
      return r.uint(max);
    case 1:
      return r.int(max);
    case 2:
      return r.bool();
    case 3:
      return r.take(32).slice();
    case 4:
      return r.text(max);
    case 5:
      return r.take(r.uint(max)).slice();
    default:
      return readList(r, max, items);
  }
}

function readFields(r: Reader, fields: readonly Field[], into: Record<string, unknown>): Record<string, unknown> {
  for (const f of fields) into[f[0]] = readField(r, f);
  return into;
}

/** The bytes of a frame and the channel that it travels on. */
export function encode<F extends { readonly kind: string }>(table: FrameTable<F>, frame: F): { channel: number; bytes: Uint8Array } {
  const [number, channel, , fields] = find(table, (s) => s[2] === frame.kind);
  const w = new Writer();
  w.uint(number);
  writeFields(w, fields, frame);
  return { channel, bytes: w.bytes };
}

/** The frame that bytes hold, which came over a channel. Throws a WireError. */
export function decode<F extends { readonly kind: string }>(table: FrameTable<F>, channel: number, bytes: Uint8Array): F {
  const r = new Reader(bytes);
  const type = r.uint();
  const [, on, kind, fields] = find(table, (s) => s[0] === type);
  if (on !== channel) throw new WireError('row36-channel');
  const frame = readFields(r, fields, { kind });
  if (r.left > 0) throw new WireError('row35-trailing-bytes');
  return frame as unknown as F;
}
