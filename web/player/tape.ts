// Reads recordings: the archive, the seal, the segments and the frames in them. The Go twin is internal/seal. Nothing here goes
// anywhere: the identity opens what is in this page's memory.
import { Decrypter } from 'age-encryption';
import { decode } from '../wire/codec';
import { Channel, type ToAgent, toAgent } from '../wire/frames';
import { Assembler } from '../wire/message';

const BLOCK = 512;
const HEADER = 4 + 16 + 4 + 32 + 8;
const MAX_ENTRY = 64 << 10;
const KIND_END = 0xff;
const MAGIC = 'VTR\x01';

/** A segment as it stood in an archive. */
export interface Sealed {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** It is sealed no more. */
  readonly plain: boolean;
}

/** A frame that agents were sent, and when: milliseconds since the recording began. */
export interface Shot {
  readonly at: number;
  readonly frame: ToAgent;
}

/** A recording that was opened. */
export interface Tape {
  readonly begun: number;
  readonly length: number;
  readonly shots: readonly Shot[];
  /** When agents did something to the page. */
  readonly inputs: readonly number[];
  /** What is missing or wrong, in words. */
  readonly findings: readonly string[];
}

/** What a person can do something about. */
export class TapeError extends Error {}

const ascii = (bytes: Uint8Array): string => String.fromCharCode(...bytes).replace(/\0.*$/s, '');

/** The segments of an archive (POSIX ustar), up to its end or to where it was cut. */
export function unpack(archive: Uint8Array): Sealed[] {
  const found: Sealed[] = [];
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const name = ascii(archive.subarray(at, at + 100));
    if (name === '') break;
    const size = Number.parseInt(ascii(archive.subarray(at + 124, at + 136)), 8);
    const from = at + BLOCK;
    if (!(size >= 0) || from + size > archive.length) break;
    const [, digits, kind] = /(?:^|\/)(\d{6,9})\.(age|plain)$/.exec(name) ?? [];
    if (digits !== undefined) found.push({ number: Number(digits), bytes: archive.subarray(from, from + size), plain: kind === 'plain' });
    at = from + Math.ceil(size / BLOCK) * BLOCK;
  }
  return found.sort((a, b) => a.number - b.number);
}

/** Whoever can open recordings with a key file. */
export function opener(keyFile: string): Decrypter {
  const opens = new Decrypter();
  const keys = keyFile.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0) throw new TapeError('The key file holds no key: choose the file that age-keygen wrote.');
  for (const key of keys) {
    try {
      opens.addIdentity(key);
    } catch {
      throw new TapeError('The key file is none: choose the file that age-keygen wrote, with a line AGE-SECRET-KEY-1….');
    }
  }
  return opens;
}

interface Segment {
  readonly recording: string;
  readonly number: number;
  readonly previous: string;
  readonly begun: number;
  readonly entries: readonly { readonly at: number; readonly kind: number; readonly content: Uint8Array }[];
}

const hex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');

/** Reads what was under a seal; undefined when that is no segment. */
export function parse(plain: Uint8Array): Segment | undefined {
  if (plain.length < HEADER || String.fromCharCode(...plain.subarray(0, 4)) !== MAGIC) return undefined;
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  const begun = Number(view.getBigUint64(56));
  const entries: { at: number; kind: number; content: Uint8Array }[] = [];
  let at = HEADER;
  const uint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = plain[at++];
      if (byte === undefined) return -1;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return -1;
  };
  while (at < plain.length) {
    const after = uint();
    const kind = plain[at++];
    const size = uint();
    if (after < 0 || kind === undefined || size < 0 || size > MAX_ENTRY || at + size > plain.length) return undefined;
    entries.push({ at: begun + after, kind, content: plain.subarray(at, at + size) });
    at += size;
  }
  return { recording: hex(plain.subarray(4, 20)), number: view.getUint32(20), previous: hex(plain.subarray(24, 56)), begun, entries };
}

async function unseal({ bytes, plain }: Sealed, by: Decrypter | undefined): Promise<Uint8Array | undefined> {
  if (plain) return bytes;
  if (!by) throw new TapeError('The recording is sealed: choose the key file that opens it.');
  try {
    return await by.decrypt(bytes);
  } catch {
    return undefined;
  }
}

const sha256 = async (bytes: Uint8Array): Promise<string> => hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)));

const none = '0'.repeat(64);

// The segments that open, in order, and what is wrong with the others.
async function segments(found: readonly Sealed[], by: Decrypter | undefined, tell: (part: number) => void): Promise<{ good: Segment[]; findings: string[] }> {
  const good: Segment[] = [];
  const findings: string[] = [];
  let previous = '';
  let next = 1;
  for (const [i, sealed] of found.entries()) {
    tell(i / found.length);
    for (; next < sealed.number; next++) {
      findings.push(`Segment ${next} is missing.`);
      previous = '';
    }
    next = sealed.number + 1;
    const plain = await unseal(sealed, by);
    const segment = plain && parse(plain);
    if (!segment) findings.push(`Segment ${sealed.number} is damaged, or sealed for another key.`);
    else if (good[0] && segment.recording !== good[0].recording) findings.push(`Segment ${sealed.number} belongs to another recording.`);
    else if (segment.number !== sealed.number) findings.push(`Segment ${sealed.number} was swapped: inside it is number ${segment.number}.`);
    else {
      if (previous !== '' && segment.previous !== previous) findings.push(`Segment ${sealed.number} does not go on from the one before it.`);
      good.push(segment);
    }
    // What was opened by `vitrine open` was held against its hashes there.
    previous = sealed.plain || !segment ? '' : await sha256(sealed.bytes);
    if (sealed.number === 1 && segment && segment.previous !== none) findings.push('The first segment is not the first.');
  }
  return { good, findings };
}

const shown = [Channel.Ctl, Channel.Dom, Channel.Asset, Channel.Ptr];

// Puts the messages of the channels together, one after another: a frame belongs to the moment of its last message.
async function frames(good: readonly Segment[], begun: number, findings: string[]): Promise<{ shots: Shot[]; inputs: number[] }> {
  const shots: Shot[] = [];
  const inputs: number[] = [];
  let now = 0;
  const failed: unknown[] = [];
  const fail = (error: unknown): void => void failed.push(error);
  const make = (): Assembler[] => shown.map((channel) => new Assembler((bytes) => shots.push({ at: now, frame: decode(toAgent, channel, bytes) }), fail));
  let channels = make();
  let number = 0;
  for (const segment of good) {
    // A message that stood half in a segment that is missing is none.
    if (segment.number !== number + 1) channels = make();
    number = segment.number;
    for (const { at, kind, content } of segment.entries) {
      now = Math.max(now, at - begun);
      if (kind === Channel.Input) inputs.push(now);
      const channel = channels[kind];
      channel?.push(content);
      if (channel?.busy) await channel.busy;
    }
  }
  if (failed.length > 0) findings.push('A part of what was recorded cannot be read.');
  return { shots, inputs };
}

/** Opens a recording. `tell` hears how much of it is open. */
export async function open(found: readonly Sealed[], by: Decrypter | undefined, tell: (part: number) => void): Promise<Tape> {
  if (found.length === 0) throw new TapeError('The file holds no recording: choose an archive from the server, or what vitrine open wrote.');
  const { good, findings } = await segments(found, by, tell);
  const [first] = good;
  if (!first) throw new TapeError('Nothing of it opens: the key is another one than it was sealed for, or the recording is damaged.');
  const final = good.at(-1)?.entries.at(-1);
  if (final?.kind !== KIND_END) findings.push('The end is missing: the server went down, its disk was full, or segments were taken away.');
  const { shots, inputs } = await frames(good, first.begun, findings);
  return { begun: first.begun, length: Math.max(0, (final?.at ?? first.begun) - first.begun), shots, inputs, findings };
}
