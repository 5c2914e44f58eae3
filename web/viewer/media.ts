// What media queries ask for besides the viewport is answered as in the customer's browser, not as in this one: each such feature
// gives way to one that always holds, or never.
import {
  MediaAnyCoarse, MediaAnyFine, MediaAnyHover, MediaCoarse, MediaDark, MediaDarkSchemes, MediaFine, MediaForced, MediaFullscreen, MediaHigh, MediaHover,
  MediaInverted, MediaLess, MediaLightSchemes, MediaMinimal, MediaMore, MediaOpaque, MediaP3, MediaRec2020, MediaStandalone, MediaStill, MediaThrift,
} from '../wire/frames';

/** The customer's screen and wishes. */
export interface Media {
  /** Media* bits. */
  readonly bits: number;
  /** The screen's sides in CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** Device pixels in a CSS pixel. */
  readonly scale: number;
}

const HOLDS = '(min-width:0px)';
const NEVER = '(min-width:1000000px)';

type Words = (bits: number) => readonly string[];

const either = (bit: number, on: string, off: string): Words => (bits) => [(bits & bit) === 0 ? off : on];
const pointer = (coarse: number, fine: number): Words => (bits) => {
  const found = [bits & coarse ? 'coarse' : '', bits & fine ? 'fine' : ''].filter(Boolean);
  return found.length > 0 ? found : ['none'];
};

// Features whose value is a word (Media Queries Level 5). A device may have several values of one.
const words = new Map<string, Words>([
  ['prefers-color-scheme', either(MediaDark, 'dark', 'light')],
  ['prefers-reduced-motion', either(MediaStill, 'reduce', 'no-preference')],
  ['prefers-contrast', (bits) => [['no-preference', 'more', 'less', 'custom'][(bits & MediaMore ? 1 : 0) + (bits & MediaLess ? 2 : 0)] ?? '']],
  ['prefers-reduced-transparency', either(MediaOpaque, 'reduce', 'no-preference')],
  ['prefers-reduced-data', either(MediaThrift, 'reduce', 'no-preference')],
  ['forced-colors', either(MediaForced, 'active', 'none')],
  ['inverted-colors', either(MediaInverted, 'inverted', 'none')],
  ['hover', either(MediaHover, 'hover', 'none')],
  ['any-hover', either(MediaAnyHover, 'hover', 'none')],
  ['pointer', pointer(MediaCoarse, MediaFine)],
  ['any-pointer', pointer(MediaAnyCoarse, MediaAnyFine)],
  ['color-gamut', (bits) => ['srgb', bits & (MediaP3 | MediaRec2020) ? 'p3' : '', bits & MediaRec2020 ? 'rec2020' : '']],
  ['dynamic-range', (bits) => ['standard', bits & MediaHigh ? 'high' : '']],
  ['display-mode', (bits) => [bits & MediaFullscreen ? 'fullscreen' : bits & MediaStandalone ? 'standalone' : bits & MediaMinimal ? 'minimal-ui' : 'browser']],
  ['scripting', () => ['enabled']],
]);
const nothing = /^(none|no-preference|)$/;

// Features whose value is a number.
const numbers = new Map<string, (media: Media) => number>([
  ['resolution', (media) => media.scale],
  ['-webkit-device-pixel-ratio', (media) => media.scale],
  ['-moz-device-pixel-ratio', (media) => media.scale],
  ['device-width', (media) => media.width],
  ['device-height', (media) => media.height],
  ['device-aspect-ratio', (media) => media.width / media.height],
]);
const units = new Map([['', 1], ['dppx', 1], ['x', 1], ['dpi', 1 / 96], ['dpcm', 2.54 / 96], ['px', 1], ['em', 16], ['rem', 16]]);

/** A number with a unit, or a ratio; NaN for what is neither. */
function numberOf(text: string): number {
  const [, first = '', unit = '', second] = /^([+-]?[\d.]+(?:e[+-]?\d+)?)\s*([a-z]*)(?:\s*\/\s*([\d.]+))?$/i.exec(text.trim()) ?? [];
  return Number.parseFloat(first) * (units.get(unit.toLowerCase()) ?? Number.NaN) / (second === undefined ? 1 : Number.parseFloat(second));
}

// What is told in thousandths is not exact.
const compare = (a: number, sign: string, b: number): boolean => {
  const same = Math.abs(a - b) < 0.001;
  return sign === '=' ? same : sign === '<' ? a < b && !same : sign === '>' ? a > b && !same : sign === '<=' ? a < b || same : a > b || same;
};

/** Whether a feature holds, as far as it is one of those; undefined for all others, which the browser answers. */
function holds(feature: string, media: Media): boolean | undefined {
  const plain = /^\s*([a-z-]+)\s*(?::([^:]*))?$/i.exec(feature);
  const name = plain?.[1]?.toLowerCase() ?? '';
  const value = plain?.[2]?.trim();
  const said = words.get(name)?.(media.bits);
  if (said) return value === undefined ? said.some((word) => !nothing.test(word)) : said.includes(value.toLowerCase()) && value !== '';
  if (plain) {
    const bare = name.replace(/^(-webkit-|-moz-)?(min|max)--?/, (_, prefix: string | undefined) => prefix ?? (/^m..--/.test(name) ? '-' : ''));
    const have = numbers.get(bare)?.(media);
    if (have === undefined) return undefined;
    if (value === undefined) return have > 0;
    const want = numberOf(value);
    return Number.isNaN(want) ? undefined : compare(have, /max-/.test(name) ? '<=' : /min-/.test(name) ? '>=' : '=', want);
  }
  const [, left, before, middle = '', behind, right] = /^(?:([^<>=]+?)\s*([<>]=?|=))?\s*([a-z-]+)\s*(?:([<>]=?|=)\s*([^<>=]+))?$/i.exec(feature.trim()) ?? [];
  const have = numbers.get(middle.toLowerCase())?.(media);
  if (have === undefined) return undefined;
  const tests = [left === undefined || compare(numberOf(left), before ?? '=', have), right === undefined || compare(have, behind ?? '=', numberOf(right))];
  return Number.isNaN(numberOf(left ?? '0')) || Number.isNaN(numberOf(right ?? '0')) ? undefined : tests.every(Boolean);
}

/** A list of media queries with its answers filled in. */
export function answerQuery(query: string, media: Media | null): string {
  if (!media) return query;
  return query.replace(/\(([^()]+)\)/g, (all, feature: string) => {
    const held = holds(feature, media);
    return held === undefined ? all : held ? HOLDS : NEVER;
  });
}

// The server writes strings with double quotes and names of rules in small letters; no string may be taken for a rule.
const parts = /"(?:[^"\\]|\\[^])*"|@media ([^{};"]*)|(?<![\w-])color-scheme: ([a-z -]*[a-z])/gi;

/** CSS with its media queries answered, and with the colour scheme that the customer's browser takes from those of the page. */
export function answerSheet(css: string, media: Media | null): string {
  if (!media) return css;
  return css.replace(parts, (all, query: string | undefined, schemes: string | undefined) =>
    schemes !== undefined ? `color-scheme: ${scheme(schemes, media.bits)}` : query === undefined ? all : `@media ${answerQuery(query, media)}`,
  );
}

/** The scheme of a list that is used (CSS Color Adjustment, section 2.1). */
function scheme(list: string, bits: number): string {
  const [light, dark] = [/\blight\b/i.test(list), /\bdark\b/i.test(list)];
  if (!light && !dark) return list;
  return (bits & MediaDark ? dark : !light) ? 'dark' : 'light';
}

/** The colour scheme of a page that says its own in a meta element; '' for none. */
export function pageScheme(bits: number): string {
  return scheme(`${bits & MediaLightSchemes ? 'light' : ''} ${bits & MediaDarkSchemes ? 'dark' : ''}`, bits).trim();
}
