// What the server seals opens here, and what is sealed here opens there (internal/seal has the other half, with age itself).
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { expect, test } from 'vitest';
import { TapeError, open, opener, parse, unpack } from './tape';

const bytes = (...list: readonly (number | string)[]): number[] => list.flatMap((one) => (typeof one === 'number' ? [one] : [...new TextEncoder().encode(one)]));

function segment(number: number, previous: Uint8Array, ...entries: readonly (readonly number[])[]): Uint8Array {
  const head = new Uint8Array(64);
  head.set(bytes('VTR', 1));
  head.fill(7, 4, 20);
  new DataView(head.buffer).setUint32(20, number);
  head.set(previous, 24);
  new DataView(head.buffer).setBigUint64(56, 1_700_000_000_000n);
  return Uint8Array.from([...head, ...entries.flat()]);
}

const end = [100, 0xff, 4, ...bytes('done')];

async function sealed(plain: Uint8Array, identity: string): Promise<Uint8Array> {
  const to = new Encrypter();
  to.addRecipient(await identityToRecipient(identity));
  return to.encrypt(plain);
}

const sha = async (of: Uint8Array): Promise<Uint8Array> => new Uint8Array(await crypto.subtle.digest('SHA-256', of as Uint8Array<ArrayBuffer>));
const tell = (): void => undefined;

test('TestG07_WhatIsSealedOpens and what is wrong is said', async () => {
  const identity = await generateX25519Identity();
  const one = await sealed(segment(1, new Uint8Array(32), [5, 4, 1, 0]), identity);
  const two = await sealed(segment(2, await sha(one), end), identity);
  const by = opener(`# created: today\n${identity}\n`);
  const list = [one, two].map((b, i) => ({ number: i + 1, bytes: b, plain: false }));
  const tape = await open(list, by, tell);
  expect(tape.findings).toEqual([]);
  expect(tape.inputs).toEqual([5]);
  expect(tape.length).toBe(100);
  expect((await open(list.slice(0, 1), by, tell)).findings).toEqual([expect.stringContaining('The end is missing')]);
  expect((await open(list.slice(1), by, tell)).findings).toEqual(['Segment 1 is missing.']);
  const swapped = list.map((s, i) => ({ ...s, bytes: list[1 - i]?.bytes ?? s.bytes }));
  await expect(open(swapped, by, tell)).rejects.toThrow(TapeError);
  for (let at = 0; at < one.length; at++) {
    const bad = one.slice();
    bad[at] = (bad[at] ?? 0) ^ 1;
    const got = await open([{ number: 1, bytes: bad, plain: false }, ...list.slice(1)], by, tell);
    expect(got.findings.length, `byte ${at}`).toBeGreaterThan(0);
  }
  await expect(open(list, opener(await generateX25519Identity()), tell)).rejects.toThrow(TapeError);
  await expect(open(list, undefined, tell)).rejects.toThrow(TapeError);
});

test('half a segment is none, and half an archive is what there is of it', () => {
  const whole = segment(1, new Uint8Array(32), [5, 4, 3, 1, 2, 3], end);
  for (let cut = 0; cut < whole.length; cut++) {
    const n = parse(whole.subarray(0, cut))?.entries.length;
    expect([undefined, 0, 1]).toContain(n);
  }
  expect(parse(whole)?.entries.length).toBe(2);
  const archive = new Uint8Array(1536);
  archive.set(bytes('id/000001.age'));
  archive.set(bytes('00000000003'), 124);
  archive.set([1, 2, 3], 512);
  expect(unpack(archive)).toEqual([{ number: 1, bytes: Uint8Array.from([1, 2, 3]), plain: false }]);
  expect(unpack(archive.subarray(0, 514))).toEqual([]);
  expect(() => opener('nonsense')).toThrow(TapeError);
  expect(() => opener('# only a comment')).toThrow(TapeError);
});
