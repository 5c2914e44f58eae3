import { describe, expect, it } from 'vitest';
import { Key } from '../wire/frames';
import { keyOf, pieces } from './keys';
import { plain } from './names';

const key = (name: string, mods: Partial<Parameters<typeof keyOf>[0]> = {}): number | undefined =>
  keyOf({ key: name, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...mods });

describe('keys', () => {
  it('are those that the wire knows; the rest is text or the browser\u2019s', () => {
    expect(key('Enter')).toBe(Key.Enter);
    expect(key('Tab', { shiftKey: true })).toBe(Key.ShiftTab);
    expect(key('a', { ctrlKey: true })).toBe(Key.SelectAll);
    expect(key('v', { ctrlKey: true })).toBeUndefined();
    expect(key('Enter', { altKey: true })).toBeUndefined();
    expect(key('x')).toBeUndefined();
  });
});

describe('typed text', () => {
  it('loses control characters and keeps lines', () => {
    expect(pieces('a\r\nb\u0000\u0007c\td')).toEqual(['a\nbc\td']);
  });

  it('is cut between characters into pieces that fit', () => {
    const text = 'x'.repeat(999) + '\u{1f600}'.repeat(700);
    const cut = pieces(text);
    expect(cut.join('')).toBe(text);
    for (const piece of cut) {
      expect(new TextEncoder().encode(piece).length).toBeLessThanOrEqual(4096);
      expect(piece).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/);
    }
  });
});

it('row27: text in the console\u2019s own lines changes no direction and hides nothing', () => {
  expect(plain('a\u202eb\u2066c\u200bd\ufeffe\u{e0041}f\u0007g')).toBe('a b c d e f g');
});
