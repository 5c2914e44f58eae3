// A style sheet that says what scripts have registered and made, as a part of the SDK: properties and fonts, of which no sheet tells.
import { made } from './css';
import type { Made } from './css';
import { documentSheets, viewOf } from './natives';

/** The bytes of fonts that scripts made of bytes, by the addresses that stand for them. */
export const fontBytes = new Map<string, Uint8Array<ArrayBuffer>>();

const addresses = new WeakMap<FontFace, string>();
const sheets = new WeakMap<Document, { readonly sheet: CSSStyleSheet; turn: number }>();

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

function property({ name, syntax = '*', inherits, initialValue }: PropertyDefinition): string {
  return `@property ${name}{syntax:${quoted(syntax)};inherits:${inherits};${initialValue === undefined ? '' : `initial-value:${initialValue}`}}`;
}

function fontFace(face: FontFace, source: string | Uint8Array<ArrayBuffer>): string {
  let src = source;
  if (typeof src !== 'string') {
    const address = addresses.get(face) ?? `blob:${fontBytes.size}`;
    addresses.set(face, address);
    fontBytes.set(address, src);
    src = `url(${address})`;
  }
  const { family, style, weight, stretch, unicodeRange } = face;
  const name = quoted(family.replace(/^(["'])(.*)\1$/, '$2'));
  return `@font-face{font-family:${name};src:${src};font-style:${style};font-weight:${weight};font-stretch:${stretch};unicode-range:${unicodeRange}}`;
}

const rules = ({ properties, faces, sources }: Made): string => [
  ...properties.map(property),
  ...faces.map((face) => {
    const source = sources.get(face);
    return source === undefined ? '' : fontFace(face, source);
  }),
].join('');

/** The adopted sheets of a document, and the sheet of what was made. */
export function sheetsOf(of: Document): readonly CSSStyleSheet[] {
  const what = made.get(of);
  const view = viewOf(of);
  if (!what?.turn || !view) return documentSheets(of);
  const known = sheets.get(of) ?? { sheet: new view.CSSStyleSheet(), turn: 0 };
  sheets.set(of, known);
  if (known.turn !== what.turn) {
    known.turn = what.turn;
    known.sheet.replaceSync(rules(what));
  }
  return [...documentSheets(of), known.sheet];
}
