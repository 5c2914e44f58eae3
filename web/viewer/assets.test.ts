import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AssetKind, Mime } from '../wire/frames';
import { Assets } from './assets';

const sha = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const ready = (asset: number, bytes: Uint8Array): Parameters<Assets['ready']>[0] =>
  ({ kind: 'ready', asset, assetKind: AssetKind.Image, mime: Mime.PNG, hash: sha(bytes), size: bytes.length, width: 1, height: 1 });
const chunk = (bytes: Uint8Array, data = bytes): Parameters<Assets['chunk']>[0] => ({ kind: 'chunk', hash: sha(bytes), index: 0, count: 1, data });

describe('assets', () => {
  const told: number[][] = [];
  const make = (): Assets => new Assets((assets) => told.push([...assets]));
  afterEach(() => {
    told.length = 0;
    vi.restoreAllMocks();
  });
  const settled = (assets: number): Promise<void> => vi.waitFor(() => expect(told.flat().length).toBe(assets), 5000);

  it('puts bytes with many names together once, and tells their users together', async () => {
    const assets = make();
    const digest = vi.spyOn(crypto.subtle, 'digest');
    const bytes = new Uint8Array(15360).fill(7);
    for (let asset = 1; asset <= 4096; asset++) assets.ready(ready(asset, bytes));
    assets.chunk(chunk(bytes));
    await settled(4096);
    expect(digest).toHaveBeenCalledTimes(1);
    expect(told.length).toBe(1);
    expect(new Set([1, 2, 4096].map((asset) => assets.url(asset))).size).toBe(1);
    expect(assets.url(1)).toMatch(/^blob:/);
    assets.wipe();
    expect(assets.url(1)).toBeNull();
  });

  it('takes bytes that come before their name, and a name that comes while they are looked at', async () => {
    const assets = make();
    const bytes = new Uint8Array(100).fill(1);
    assets.chunk(chunk(bytes));
    assets.ready(ready(1, bytes));
    assets.ready(ready(2, bytes));
    await settled(2);
    expect(assets.url(2)).toBe(assets.url(1));
    assets.ready(ready(3, bytes));
    await settled(3);
    expect(assets.url(3)).toBe(assets.url(1));
  });

  it('refuses bytes that are not those of the hash, or not as many as announced', async () => {
    const assets = make();
    const bytes = new Uint8Array(100).fill(1);
    assets.ready(ready(1, bytes));
    assets.chunk(chunk(bytes, new Uint8Array(100).fill(2)));
    const other = new Uint8Array(50).fill(3);
    assets.ready({ ...ready(2, other), size: 51 });
    assets.chunk(chunk(other));
    await settled(2);
    expect([assets.url(1), assets.url(2)]).toEqual([null, null]);
    expect([assets.pending(1), assets.pending(2)]).toEqual([false, false]);
  });
});
