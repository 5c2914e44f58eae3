// Reads the vectors that Go and TypeScript share: lines of a key and a value, cases apart by empty lines, # before comments.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One case. */
export type Vector = ReadonlyMap<string, string>;

/** The cases of a file below test/vectors. */
export function readVectors(name: string): Vector[] {
  const text = readFileSync(fileURLToPath(new URL(`./${name}`, import.meta.url)), 'utf8');
  const list: Vector[] = [];
  for (const block of text.split('\n\n')) {
    const v = new Map<string, string>();
    for (const line of block.split('\n')) {
      const at = line.indexOf(':');
      if (line === '' || line.startsWith('#')) continue;
      if (at < 0) throw new Error(`${name}: a line without a key`);
      v.set(line.slice(0, at), line.slice(at + 1).trim());
    }
    if (v.size > 0) list.push(v);
  }
  if (list.length === 0) throw new Error(`${name} holds no case`);
  return list;
}

/** The value of a key that a case must have. */
export function need(v: Vector, key: string): string {
  const value = v.get(key);
  if (value === undefined) throw new Error(`a case without ${key}`);
  return value;
}

/** The bytes of hexadecimal digits. */
export function fromHex(hex: string): Uint8Array {
  const out = new Uint8Array(hex.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16);
  return out;
}

/** The hexadecimal digits of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
