// What media queries ask for besides the viewport, as a part of the SDK: agents see the page as the customer's browser shows it.
import {
  MediaAnyCoarse, MediaAnyFine, MediaAnyHover, MediaCoarse, MediaDark, MediaDarkSchemes, MediaFine, MediaForced, MediaFullscreen, MediaHigh, MediaHover,
  MediaInverted, MediaLess, MediaLightSchemes, MediaMinimal, MediaMore, MediaOpaque, MediaP3, MediaRec2020, MediaStandalone, MediaStill, MediaThrift,
} from '../wire/frames';
import { attribute, firstChild, headElement, isElement, listen, localName, nextSibling } from './natives';

const asked: readonly (readonly [query: string, bits: number])[] = [
  ['prefers-color-scheme: dark', MediaDark],
  ['prefers-reduced-motion: reduce', MediaStill],
  ['prefers-contrast: more', MediaMore],
  ['prefers-contrast: less', MediaLess],
  ['prefers-contrast: custom', MediaMore | MediaLess],
  ['prefers-reduced-transparency: reduce', MediaOpaque],
  ['prefers-reduced-data: reduce', MediaThrift],
  ['forced-colors: active', MediaForced],
  ['inverted-colors: inverted', MediaInverted],
  ['hover: hover', MediaHover],
  ['any-hover: hover', MediaAnyHover],
  ['pointer: coarse', MediaCoarse],
  ['pointer: fine', MediaFine],
  ['any-pointer: coarse', MediaAnyCoarse],
  ['any-pointer: fine', MediaAnyFine],
  ['color-gamut: p3', MediaP3],
  ['color-gamut: rec2020', MediaRec2020],
  ['dynamic-range: high', MediaHigh],
  ['display-mode: minimal-ui', MediaMinimal],
  ['display-mode: standalone', MediaStandalone],
  ['display-mode: fullscreen', MediaFullscreen],
];

let lists: readonly (readonly [list: MediaQueryList, bits: number])[] = [];
let answers: number | undefined; // asked again when one has changed: asking costs a layout

/** Asks the browser, now and whenever its answer changes, until the signal ends it. */
export function watchMedia(touch: () => void, signal: AbortSignal): void {
  lists = asked.map(([query, bits]) => [matchMedia(`(${query})`), bits] as const);
  answers = undefined;
  const changed = (): void => {
    answers = undefined;
    touch();
  };
  for (const [list] of lists) listen(list, 'change', changed, signal);
}

/** What the browser answers, what the page says of its colour schemes, and the screen's sides. */
export function media(): number[] {
  answers ??= lists.reduce((all, [list, bit]) => (list.matches ? all | bit : all), 0);
  let bits = answers;
  const head = headElement() as Node | null;
  for (let n = head && firstChild(head); n; n = nextSibling(n)) {
    if (!isElement(n) || localName(n) !== 'meta' || !/^color-scheme$/i.test(attribute(n, 'name') ?? '')) continue;
    const said = attribute(n, 'content') ?? '';
    bits |= (/\blight\b/i.test(said) ? MediaLightSchemes : 0) | (/\bdark\b/i.test(said) ? MediaDarkSchemes : 0);
    break; // the first counts (HTML, section 4.2.5.3)
  }
  const { width, height } = screen;
  return [bits, ...[width, height].map((n) => Math.min(Math.max(Math.round(n) || 0, 0), 65535))];
}
