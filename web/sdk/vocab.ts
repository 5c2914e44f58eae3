// The vocabulary as the encoder looks it up: what has no entry here cannot be said.
import { ATTRIBUTES, ELEMENTS } from '../wire/vocabulary';
import { attribute, localName, namespaceOf } from './natives';

/** An attribute that may stand on an element: its code, the kind of its value, the values of an enumeration. */
export type AttrDef = readonly [code: number, value: number, list: readonly string[]];

/** An element that can be named. */
export interface ElementDef {
  readonly code: number;
  readonly name: string; // "svg:" before those of SVG
  readonly content: number;
  readonly attrs: ReadonlyMap<string, AttrDef>;
  readonly special: readonly string[]; // attributes that no attribute of the page tells alone
}

/** Codes with a meaning of their own. */
export const Custom = 1;
export const DataAttr = 1;
export const AriaAttr = 2;
export const MaskAttr = 3;
export const ReadonlyAttr = 4;
export const EditableAttr = 5;
export const RefAttr = 8;

const defs = new Map<string, ElementDef>();

/** Which attributes may stand on an element; computed when the first element of that name is met. */
function attrsOf(name: string): Map<string, AttrDef> {
  const out = new Map<string, AttrDef>();
  let code = 0;
  for (const [value, where, names, on = '', values = ''] of ATTRIBUTES) {
    const here = where > 2 ? on.split(' ').includes(name) : where > 1 || where === Number(name.startsWith('svg:'));
    for (const spelling of names.split(' ')) {
      code++;
      if (here) out.set(spelling, [code, value, values.split(' ')]);
    }
  }
  return out;
}

let last = 0;
for (const [space, content, names] of ELEMENTS) {
  for (const local of names.split(' ')) {
    const name = (space ? 'svg:' : '') + local;
    let attrs: Map<string, AttrDef> | undefined;
    const def = {
      code: ++last,
      name,
      content,
      get attrs() {
        return (attrs ??= attrsOf(name));
      },
      special: /style$/.test(name) ? ['#sheet', '#disabled'] : /^(img|input|svg:image)$/.test(name) ? ['#src'] : [],
    };
    defs.set(name, def);
  }
}

/** The states and properties of WAI-ARIA 1.2 and 1.3, without their prefix; the server knows no others. */
const aria =
  /^(activedescendant|atomic|autocomplete|braillelabel|brailleroledescription|busy|checked|col(count|index|indextext|span)|controls|current|describedby|description|details|disabled|dropeffect|errormessage|expanded|flowto|grabbed|haspopup|hidden|invalid|keyshortcuts|label|labelledby|level|live|modal|multiline|multiselectable|orientation|owns|placeholder|posinset|pressed|readonly|relevant|required|roledescription|row(count|index|indextext|span)|selected|setsize|sort|value(max|min|now|text)|virtualcontent)$/;
/** Says nothing that a person sees, or acts in a way that a copy must not. */
const omitted = /^(script|noscript|template|base|meta|title|source|track|param|datalist|noembed|noframes|frameset|frame)$/;
/** Stands for something that is not shared: an empty box of the same size. */
const boxed = /^(iframe|object|embed|audio|video|canvas)$/;
const custom = /^(?!annotation-xml|color-profile|font-face|missing-glyph)[a-z][a-z0-9._]*-[a-z0-9._-]+$/;

/** How an element is told: by a definition, as a box, or not at all. */
export function tell(el: Element): ElementDef | 'box' | undefined {
  const space = namespaceOf(el);
  const name = localName(el);
  if (space?.endsWith('/svg')) return defs.get(`svg:${name}`);
  if (!space?.endsWith('/xhtml') || omitted.test(name)) return undefined;
  if (boxed.test(name)) return 'box';
  if (name === 'link') return isSheetLink(el) ? styleDef : undefined;
  if (name === 'style' && !/^(text\/css)?$/i.test(attribute(el, 'type') ?? '')) return undefined;
  const def = /[:#]/.test(name) ? undefined : defs.get(name);
  return def ?? defs.get(name.length <= 64 && custom.test(name) ? '#custom' : 'span');
}

/** Whether a link element is a style sheet. */
export function isSheetLink(el: Element): boolean {
  return /(^|\s)stylesheet(\s|$)/i.test(attribute(el, 'rel') ?? '') && attribute(el, 'href') !== null;
}

/** Whether what follows data- (or aria-) may be said. */
export function validSuffix(code: number, suffix: string): boolean {
  return (code === AriaAttr ? aria : /^[a-z0-9._:-]{1,64}$/).test(suffix);
}

/** The definition of a style element. */
export const styleDef = defs.get('style');
