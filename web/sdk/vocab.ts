// The vocabulary as the encoder looks it up: what has no entry here cannot be said.
import { attribute, localName, namespaceOf } from './natives';
import type * as Words from './words';

/** How an attribute is coded: its code (0 when it is not told), the kind of its value, what follows data- or aria-, the values of an enumeration. */
export type AttrDef = readonly [code: number, kind: number, suffix: string, list: readonly string[]];

/** An element that can be named. */
export interface ElementDef {
  readonly code: number;
  readonly name: string; // "svg:" or "math:" before those that are not HTML
  readonly content: number;
  readonly attrs: ReadonlyMap<string, AttrDef>;
  readonly special: readonly string[]; // attributes that no attribute of the page tells alone
  readonly lives: boolean; // its live state may be more than its place in the top layer and where it was scrolled to
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

/** Attributes of the page that are told under another name. */
const spoken = [['data-vitrine', '#readonly'], ['contenteditable', '#editable'], ['href', '#ref'], ['xlink:href', '#ref']] as const;

// Attributes of every element of HTML, of SVG and of MathML, and of those of one name.
const everywhere = [new Map<string, AttrDef>(), new Map<string, AttrDef>(), new Map<string, AttrDef>()] as const;
const only = new Map<string, [string, AttrDef][]>();

/** Which attributes may stand on an element, by the page's names; computed when the first element of that name is met. */
function attrsOf(name: string): Map<string, AttrDef> {
  const out = new Map([...everywhere[name.startsWith('svg:') ? 1 : name.startsWith('math:') ? 2 : 0], ...(only.get(name) ?? [])]);
  for (const [page, own] of spoken) {
    const def = out.get(own);
    if (def) out.set(page, def);
  }
  return out;
}

/** The states and properties of WAI-ARIA 1.2 and 1.3, without their prefix; the server knows no others. */
const aria =
  /^(activedescendant|atomic|autocomplete|braillelabel|brailleroledescription|busy|checked|col(count|index|indextext|span)|controls|current|describedby|description|details|disabled|dropeffect|errormessage|expanded|flowto|grabbed|haspopup|hidden|invalid|keyshortcuts|label|labelledby|level|live|modal|multiline|multiselectable|orientation|owns|placeholder|posinset|pressed|readonly|relevant|required|roledescription|row(count|index|indextext|span)|selected|setsize|sort|value(max|min|now|text)|virtualcontent)$/;
/** Says nothing that a person sees, or acts in a way that a copy must not. */
const omitted = /^(script|noscript|template|base|meta|title|source|track|param|datalist|noembed|noframes|frameset|frame)$/;
/** Stands for something that is not shared: an empty box of the same size. */
const boxed = /^(iframe|object|embed|audio|video|canvas)$/;
const custom = /^(?!annotation-xml|color-profile|font-face|missing-glyph)[a-z][a-z0-9._]*-[a-z0-9._-]+$/;

/** Elements of HTML that are told by their definition, whatever stands on them. */
let plain: ReadonlyMap<string, ElementDef> = defs;

/** How an element is told: by a definition, as a box, or not at all. */
export function tell(el: Element): ElementDef | 'box' | undefined {
  const space = namespaceOf(el);
  const name = localName(el);
  const known = plain.get(name);
  if (known && space?.endsWith('/xhtml')) return known;
  if (space?.endsWith('/svg')) return defs.get(`svg:${name}`);
  if (space?.endsWith('/MathML')) return defs.get(`math:${name}`) ?? (name.startsWith('annotation') ? undefined : defs.get('math:mrow'));
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
export let styleDef: ElementDef | undefined;

/** Takes the vocabulary, which comes with a session. Nothing can be told before. */
export function learn({ ATTRIBUTES, ELEMENTS, PREFIXES }: typeof Words): void {
  if (styleDef) return;
  let code = 0;
  for (const [kind, where, names, on = '', values = ''] of ATTRIBUTES) {
    const list = values.split(' ');
    for (const spelling of names.split(' ')) {
      const def: AttrDef = [++code, kind, '', list];
      if (where === 0 || where === 2) everywhere[0].set(spelling, def);
      if (where === 1 || where === 2) everywhere[1].set(spelling, def);
      if (where === 4 || where === 2) everywhere[2].set(spelling, def);
      if (where === 3) for (const name of on.split(' ')) only.set(name, [...(only.get(name) ?? []), [spelling, def]]);
    }
  }
  let last = 0;
  for (const [space, content, names] of ELEMENTS) {
    for (const local of names.split(' ')) {
      const name = (PREFIXES[space] ?? '') + local;
      let attrs: Map<string, AttrDef> | undefined;
      const def = {
        code: ++last,
        name,
        content,
        get attrs() {
          return (attrs ??= attrsOf(name));
        },
        special: /style$/.test(name) ? ['#sheet', '#disabled'] : /^(img|input|svg:image)$/.test(name) ? ['#src'] : [],
        lives: /^(input|textarea|option|img|html|dialog)$/.test(name),
      };
      defs.set(name, def);
    }
  }
  plain = new Map([...defs].filter(([name]) => !/[:#]|^(link|style)$/.test(name) && !omitted.test(name) && !boxed.test(name)));
  styleDef = defs.get('style');
}
