// The vocabulary as the encoder looks it up: what has no entry here cannot be said.
import { ATTRIBUTES, ELEMENTS } from '../wire/vocabulary';
import { attribute, localName, namespaceOf } from './natives';

/** An attribute that may stand on an element: its code, the kind of its value, the values of an enumeration. */
export interface AttrDef {
  readonly code: number;
  readonly value: number;
  readonly list: readonly string[];
}

/** An element that can be named. */
export interface ElementDef {
  readonly code: number;
  readonly name: string; // "svg:" before those of SVG
  readonly content: number;
  readonly attrs: ReadonlyMap<string, AttrDef>;
  readonly special: readonly string[]; // attributes that no attribute of the page tells alone
}

/** Codes with a meaning of their own. */
export const Code = { Custom: 1, Data: 1, Aria: 2, Mask: 3, Readonly: 4, Editable: 5, Sheet: 6, Src: 7, Ref: 8 } as const;

const SVG = 'http://www.w3.org/2000/svg';
const HTML = 'http://www.w3.org/1999/xhtml';

const defs = new Map<string, ElementDef>();

/** Which attributes may stand on an element; computed when the first element of that name is met. */
function attrsOf(name: string): Map<string, AttrDef> {
  const out = new Map<string, AttrDef>();
  const svg = name.startsWith('svg:') ? 1 : 0;
  let code = 0;
  for (const [value, where, names, on, values] of ATTRIBUTES) {
    const here = where === 3 ? ` ${on ?? ''} `.includes(` ${name} `) : where === 2 || where === svg;
    for (const spelling of names.split(' ')) {
      code++;
      if (here) out.set(spelling, { code, value, list: values ? values.split(' ') : [] });
    }
  }
  return out;
}

let last = 0;
for (const [space, content, names] of ELEMENTS) {
  for (const local of names.split(' ')) {
    const code = ++last;
    const name = space === 1 ? `svg:${local}` : local;
    let attrs: Map<string, AttrDef> | undefined;
    let special: string[] | undefined;
    const def = {
      code,
      name,
      content,
      get attrs() {
        return (attrs ??= attrsOf(name));
      },
      get special() {
        return (special ??= ['#sheet', '#disabled', '#src'].filter((s) => this.attrs.has(s)));
      },
    };
    defs.set(name, def);
  }
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** The states and properties of WAI-ARIA 1.2 and 1.3, without their prefix; the server knows no others. */
const aria = words(
  'activedescendant atomic autocomplete braillelabel brailleroledescription busy checked colcount colindex colindextext colspan controls current describedby description details disabled dropeffect errormessage expanded flowto grabbed haspopup hidden invalid keyshortcuts label labelledby level live modal multiline multiselectable orientation owns placeholder posinset pressed readonly relevant required roledescription rowcount rowindex rowindextext rowspan selected setsize sort valuemax valuemin valuenow valuetext virtualcontent',
);
const reserved = words('annotation-xml color-profile font-face font-face-src font-face-uri font-face-format font-face-name missing-glyph');

/** Says nothing that a person sees, or acts in a way that a copy must not. */
const omitted = words('script noscript template base meta title source track param datalist noembed noframes frameset frame');
/** Stands for something that is not shared: an empty box of the same size. */
const boxed = words('iframe object embed audio video canvas');

/** How an element is told: by a definition, as a box, or not at all. */
export type Telling = ElementDef | 'box' | null;

/** How an element is told. */
export function tell(el: Element): Telling {
  const space = namespaceOf(el);
  const name = localName(el);
  if (space === SVG) return defs.get(`svg:${name}`) ?? null;
  if (space !== HTML || omitted.has(name)) return null;
  if (boxed.has(name)) return 'box';
  if (name === 'link') return isSheetLink(el) ? (defs.get('style') ?? null) : null;
  if (name === 'style' && !/^(text\/css)?$/i.test(attribute(el, 'type') ?? '')) return null;
  const def = name.includes(':') ? undefined : defs.get(name);
  if (def && def.code !== Code.Custom) return def;
  return defs.get(name.includes('-') && validCustom(name) ? '#custom' : 'span') ?? null;
}

/** Whether a link element is a style sheet. */
export function isSheetLink(el: Element): boolean {
  return /(^|\s)stylesheet(\s|$)/i.test(attribute(el, 'rel') ?? '') && attribute(el, 'href') !== null;
}

function validCustom(name: string): boolean {
  return name.length <= 64 && /^[a-z][a-z0-9._]*-[a-z0-9._-]+$/.test(name) && !reserved.has(name);
}

/** Whether what follows data- (or aria-) may be said. */
export function validSuffix(code: number, suffix: string): boolean {
  return code === Code.Aria ? aria.has(suffix) : /^[a-z0-9._:-]{1,64}$/.test(suffix);
}

/** The definition of a style element. */
export const styleDef = defs.get('style');
