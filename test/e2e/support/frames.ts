// Reads recorded messages outside the browser: whole frames, and every byte that a message holds in any form.
import { inflateRawSync } from 'node:zlib';
import { decode, type FrameTable, Reader } from '../../../web/wire/codec';
import { MaxFrame, fromAgent, fromCustomer, toAgent, toCustomer } from '../../../web/wire/frames';
import type { PackedMessage } from './probe/types';

/** A frame that was recorded. */
export interface Recorded<F> {
  readonly at: number;
  readonly channel: number;
  readonly bytes: Uint8Array;
  readonly frame: F;
}

interface Pieces {
  readonly packed: boolean;
  readonly total: number;
  readonly parts: Uint8Array[];
  length: number;
}

const inflate = (bytes: Uint8Array): Uint8Array => inflateRawSync(bytes, { maxOutputLength: MaxFrame });

// The bytes of a frame when this message completes one.
function next(waiting: Map<number, Pieces>, channel: number, message: Uint8Array): Uint8Array | null {
  const r = new Reader(message);
  const kind = r.byte();
  if (kind === 0) return r.take(r.left);
  if (kind === 1) {
    r.uint(MaxFrame);
    return inflate(r.take(r.left));
  }
  let pieces = waiting.get(channel);
  if (kind === 2) {
    pieces = { packed: r.uint(1) === 1, total: r.uint(MaxFrame), parts: [], length: 0 };
    r.uint(MaxFrame);
    waiting.set(channel, pieces);
  }
  if (!pieces) throw new Error(`message of kind ${kind} without a first piece`);
  const part = r.take(r.left);
  pieces.parts.push(part);
  pieces.length += part.length;
  if (pieces.length < pieces.total) return null;
  waiting.delete(channel);
  const whole = Buffer.concat(pieces.parts);
  return pieces.packed ? inflate(whole) : whole;
}

function frames<F extends { readonly kind: string }>(table: FrameTable<F>, messages: readonly PackedMessage[]): Recorded<F>[] {
  const waiting = new Map<number, Pieces>();
  return messages.flatMap(({ channel, at, base64 }) => {
    const bytes = next(waiting, channel, Buffer.from(base64, 'base64'));
    return bytes ? [{ at, channel, bytes, frame: decode(table, channel, bytes) }] : [];
  });
}

export const framesFromCustomer = (messages: readonly PackedMessage[]) => frames(fromCustomer, messages);
export const framesFromAgent = (messages: readonly PackedMessage[]) => frames(fromAgent, messages);
export const framesToAgent = (messages: readonly PackedMessage[]) => frames(toAgent, messages);
export const framesToCustomer = (messages: readonly PackedMessage[]) => frames(toCustomer, messages);

/** All messages as they went over the wire, and all frames inflated, in one piece of memory to search. */
export function everyByte(messages: readonly PackedMessage[]): Buffer {
  const raw = messages.map(({ base64 }) => Buffer.from(base64, 'base64'));
  return Buffer.concat([...raw, ...framesFromCustomer(messages).map(({ bytes }) => Buffer.from(bytes))]);
}
