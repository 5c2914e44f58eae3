import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AssetKind, GoneReason, Mime } from '../wire/frames';
import { Assets } from './assets';
import { placeholder, reasonText } from './placeholder';

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

  it('threat-29 makes a data: address of a vector image as the server writes it, and nothing of any other', async () => {
    const assets = make();
    const text = new TextEncoder();
    const good = text.encode('<svg xmlns="http://www.w3.org/2000/svg" width="1"/>');
    const others = ['<html xmlns="http://www.w3.org/1999/xhtml"/>', ' <svg xmlns="http://www.w3.org/2000/svg"/>', '<?xml version="1.0"?><svg/>', ''];
    [good, ...others.map((one) => text.encode(one))].forEach((bytes, i) => {
      assets.ready({ ...ready(i + 1, bytes), mime: Mime.SVG });
      assets.chunk(chunk(bytes));
    });
    assets.ready({ ...ready(9, good), mime: Mime.SVG, assetKind: AssetKind.Font });
    await settled(6);
    expect(assets.url(1)).toBe(`data:image/svg+xml;base64,${btoa('<svg xmlns="http://www.w3.org/2000/svg" width="1"/>')}`);
    expect([2, 3, 4, 5, 9].map((asset) => assets.url(asset))).toEqual([null, null, null, null, null]);
    expect([1, 2, 9].map((asset) => assets.missing(asset))).toEqual([null, GoneReason.Rule, GoneReason.Rule]);
  });

  it('says why an asset is missing until it comes after all', async () => {
    const assets = make();
    const bytes = new Uint8Array(10).fill(1);
    assets.gone(1, GoneReason.Size);
    expect([assets.missing(1), assets.missing(2), assets.pending(1)]).toEqual([GoneReason.Size, null, false]);
    assets.ready(ready(1, bytes));
    assets.chunk(chunk(bytes));
    await vi.waitFor(() => expect(assets.url(1)).toMatch(/^blob:/));
    expect(assets.missing(1)).toBeNull();
  });
});

describe('placeholder', () => {
  it('threat-28 says in its own words why an image is missing, where there is room, and nothing where the customer sees none', () => {
    const words = (width: number, height: number): string => decodeURIComponent(placeholder(GoneReason.Size, width, height) ?? '').replace(/<[^>]*>/g, ' ');
    expect(words(300, 100)).toContain('larger than 25 megapixels');
    expect(words(120, 100)).toContain('Image not shown');
    expect(words(120, 100)).not.toContain('megapixels');
    expect(words(20, 20)).not.toContain('Image');
    expect(placeholder(GoneReason.Missing, 300, 100)).toBeNull();
    expect(placeholder(99, 300, 100)).toBeNull();
    for (const [name, reason] of Object.entries(GoneReason)) expect(reasonText(reason) === null, name).toBe(reason === GoneReason.Missing);
    expect(decodeURIComponent(placeholder(GoneReason.Type, 300, 100) ?? '')).toContain('width="300" height="100"');
  });
});
