import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type FrameTable, WireError, decode, encode } from './codec';
import { fromAgent, fromCustomer, toAgent, toCustomer } from './frames';
import { Assembler } from './message';
import { fromHex, need, readVectors, toHex } from '../../test/vectors/read';

interface Kind {
  readonly kind: string;
}

const directions = new Map<string, FrameTable<Kind>>([
  ['from-customer', fromCustomer],
  ['from-agent', fromAgent],
  ['to-customer', toCustomer],
  ['to-agent', toAgent],
]);

function table(name: string): FrameTable<Kind> {
  const found = directions.get(name);
  if (!found) throw new Error('no such direction');
  return found;
}

/** The fields of a frame as vectors write them: bytes as hexadecimal digits, and no kind. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([k]) => k !== 'kind').map(([k, v]) => [k, plain(v)]));
}

function ruleOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof WireError) return error.rule;
    throw error;
  }
  return 'none';
}

const files = readdirSync(fileURLToPath(new URL('../../test/vectors/wire', import.meta.url))).filter((f) => f.startsWith('frame-'));

describe('frames', () => {
  it('all have vectors', () => {
    const kinds = new Set<unknown>([...directions.values()].flatMap((t) => t.map((shape) => shape.split(' ')[2]?.toLowerCase())));
    expect(files.map((f) => f.slice('frame-'.length, -'.txt'.length)).sort()).toEqual([...kinds].sort());
  });
  for (const file of files) {
    for (const v of readVectors(`wire/${file}`)) {
      it(`${file.slice(0, -4)}: ${need(v, 'case')}`, () => {
        const bytes = fromHex(need(v, 'hex'));
        const channel = Number(need(v, 'channel'));
        const may = need(v, 'directions').split(' ');
        for (const [name, frames] of directions) {
          if (!may.includes(name)) {
            expect(ruleOf(() => decode(frames, channel, bytes))).toBe('row36-type');
            continue;
          }
          const frame = decode(frames, channel, bytes);
          expect(plain(frame)).toEqual(JSON.parse(need(v, 'fields')));
          const back = encode(frames, frame);
          expect(toHex(back.bytes)).toBe(need(v, 'hex'));
          expect(back.channel).toBe(channel);
        }
      });
    }
  }
});

describe('refusals', () => {
  for (const v of readVectors('wire/refuse.txt')) {
    it(need(v, 'case'), () => {
      expect(ruleOf(() => decode(table(need(v, 'direction')), Number(need(v, 'channel')), fromHex(need(v, 'hex'))))).toBe(need(v, 'rule'));
    });
  }
});

/** What comes out of messages: frames in their order, and the rule of the first error. */
async function assemble(messages: readonly Uint8Array[], want: number): Promise<{ frames: string[]; rule: string }> {
  const frames: string[] = [];
  return new Promise((resolve) => {
    const done = (rule: string): void => { resolve({ frames, rule }); };
    const assembler = new Assembler(
      (frame) => {
        frames.push(toHex(frame));
        if (frames.length === want) done('none');
      },
      (error) => { done(error instanceof WireError ? error.rule : 'another error'); },
    );
    for (const m of messages) assembler.push(m);
  });
}

describe('messages', () => {
  for (const v of readVectors('wire/messages.txt')) {
    // Some things only the server looks for: a browser leaves them to its own decompressor, and Node has none like it.
    it.skipIf(v.get('reader') === 'go')(need(v, 'case'), async () => {
      const frames = v.get('frames')?.split(' ') ?? [];
      const got = await assemble(need(v, 'messages').split(' ').map(fromHex), frames.length);
      expect(got.rule).toBe(v.get('rule') ?? 'none');
      if (frames.length > 0) expect(got.frames).toEqual(frames);
    });
  }
});
