// What one element of the page is at a time: focused, named by the address, pressed, on the whole screen.
import { MarkActive, MarkFullscreen, MarkRing, MarkTarget, OpFocus, OpMark } from '../wire/frames';
import type { Masks } from './mask';
import { ringed } from './mirror';
import { bodyElement, focused, fullscreen, matches, named, rootElement, titleOf } from './natives';
import { Privacy } from './privacy';

type State = readonly [op: number, kind: number, node: Node | null];

/** The elements by what they are, in the order in which they are told. */
export function states(pressed: Node | null): readonly State[] {
  const focus = focused();
  const target = named(decoded(location.hash.slice(1)));
  return [
    [OpFocus, 0, focus],
    [OpMark, MarkTarget, target && matches(target, ':target') ? target : null],
    [OpMark, MarkActive, pressed],
    [OpMark, MarkFullscreen, fullscreen()],
    [OpMark, MarkRing, focus && (ringed.has(focus) || matches(focus, ':focus-visible')) ? focus : null],
  ];
}

/** The address and the title of the page, as far as they may be told. */
export function wordsOf(masks: Masks): readonly [url: string, title: string] {
  const secret = [rootElement(), bodyElement() as Element | null].some((el) => el && masks.of(el, Privacy.Open) === Privacy.Hidden);
  return [secret ? location.origin : location.href, secret || masks.start ? '' : titleOf(document)];
}

/** The window's sides in CSS pixels, and a thousand times its scale. */
export const viewport = (): number[] => [innerWidth, innerHeight, devicePixelRatio * 1000].map((n) => Math.min(Math.round(n), 65535));

/** The id that the address names. */
function decoded(hash: string): string {
  try {
    return decodeURIComponent(hash);
  } catch {
    return hash;
  }
}
