// The vocabulary as the encoder looks it up, as a part of the SDK: only a session needs it.
import { ATTRIBUTES, ELEMENTS, NAMESPACES, PREFIXES } from '../wire/vocabulary';
import { stands } from './mirror';
import { attribute, frameDocument, hooks, localName, mirrors, namespaceOf, rootElement } from './natives';
import { AriaAttr } from './vocab';
import type { AttrDef, ElementDef } from './vocab';

const defs = new Map<string, ElementDef>();
// The same, and attributes, by their codes.
const defsByCode: ElementDef[] = [];
const attrsByCode: AttrDef[] = [];
const none: AttrDef = [0, 0, '', []];

/** The element that a code names. */
export const elementOf = (code: number): ElementDef | undefined => defsByCode[code];

/** The attribute that a name of a mirror stands for: "a" and its code, and what follows data- or aria-. */
export function coded(name: string): AttrDef {
  const [, code, suffix] = /^a(\d+)(?:-(.+))?$/.exec(name) ?? [];
  const [number, kind, , list] = attrsByCode[Number(code)] ?? none;
  return suffix && !validSuffix(number, suffix) ? none : [number, kind, suffix ?? '', list];
}

/** Attributes of the page that are told under another name. */
const spoken: Readonly<Record<string, string>> = { '#readonly': ' data-vitrine', '#editable': ' contenteditable', '#ref': ' href xlink:href' };

// Attributes by the page's names: of every element of a namespace, by its number, and of those of one name.
const attrs = new Map<string, Map<string, AttrDef>>();

function attrsOf(name: string): Map<string, AttrDef> {
  const known = attrs.get(name) ?? new Map<string, AttrDef>();
  attrs.set(name, known);
  return known;
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
  const stand = mirrors.size ? stands.get(el) : undefined;
  if (stand) return stand.def;
  const space = NAMESPACES.indexOf(namespaceOf(el) as (typeof NAMESPACES)[number]);
  const name = localName(el);
  if (space === 1) return defs.get(`svg:${name}`);
  if (space === 2) return defs.get(`math:${name}`) ?? (name.startsWith('annotation') ? undefined : defs.get('math:mrow'));
  if (space) return undefined;
  const known = plain.get(name);
  if (known) return known;
  if (omitted.test(name)) return undefined;
  if (boxed.test(name)) return picture(el, name) ?? 'box';
  if (name === 'link') return isSheetLink(el) ? styleDef : undefined;
  if (name === 'style' && !/^(text\/css)?$/i.test(attribute(el, 'type') ?? '')) return undefined;
  const def = /[:#]/.test(name) ? undefined : defs.get(name);
  return def ?? defs.get(name.length <= 64 && custom.test(name) ? '#custom' : 'span');
}

/** How an element is told that is a box unless agents may see what it holds. */
function picture(el: Element, name: string): ElementDef | undefined {
  const { paused, currentTime } = el as HTMLVideoElement;
  if (name === 'iframe') {
    hooks.framed(el);
    return pageIn(el) ? frameDef : undefined;
  }
  if (name === 'canvas') return shares.canvas || /\bcanvas\b/.test(attribute(el, 'data-vitrine') ?? '') ? canvasDef : undefined;
  // A film that has not begun shows its poster, and nothing else does.
  return name === 'video' && attribute(el, 'poster') && paused && currentTime === 0 ? videoDef : undefined;
}

/** The root of the document in a frame, if it is one of this origin that can be told. */
function pageIn(frame: Element): boolean {
  const within = frameDocument(frame as HTMLIFrameElement);
  const root = within && (rootElement(within) as Element | null);
  return !!root && localName(root) === 'html' && namespaceOf(root) === NAMESPACES[0];
}

/** Whether a link element is a style sheet. */
export function isSheetLink(el: Element): boolean {
  return /(^|\s)stylesheet(\s|$)/i.test(attribute(el, 'rel') ?? '') && attribute(el, 'href') !== null;
}

/** Whether what follows data- (or aria-) may be said. */
export function validSuffix(code: number, suffix: string): boolean {
  return (code === AriaAttr ? aria : /^[a-z0-9._:-]{1,64}$/).test(suffix);
}

function readAttributes(): void {
  let code = 0;
  for (const [kind, where, names, on = '', values = ''] of ATTRIBUTES) {
    const list = values.split(' ');
    for (const spelling of names.split(' ')) {
      const def: AttrDef = [++code, kind, '', list];
      attrsByCode[code] = def;
      if (spelling.endsWith('-')) continue; // of what follows, codeOf judges
      for (const page of (spelling + (spoken[spelling] ?? '')).split(' ')) {
        for (const name of (on || (['0', '1', '0 1 2', '', '2'][where] ?? '')).split(' ')) attrsOf(name).set(page, def);
      }
    }
  }
}

function readElements(): void {
  let last = 0;
  for (const [space, content, names] of ELEMENTS) {
    for (const local of names.split(' ')) {
      const name = (PREFIXES[space] ?? '') + local;
      const def = {
        code: ++last,
        name,
        content,
        attrs: [attrsOf(name), attrsOf(String(space))],
        special: /style$/.test(name) ? ['#sheet', '#disabled', 'media'] : /^(img|input|svg:image|canvas|video)$/.test(name) ? ['#src'] : name === '#frame' ? ['#quirks'] : name === '#custom' ? ['#states'] : [],
        control: /^(input|textarea|select|option|dialog)$/.test(name),
        hosts: /^(#custom|article|aside|blockquote|body|div|footer|h\d|header|main|nav|p|section|span)$/.test(name),
        space,
        lives: /^(#custom|input|textarea|option|img|canvas|video|html|dialog)$/.test(name),
      };
      defs.set(name, def);
      defsByCode[last] = def;
    }
  }
}

readAttributes();
readElements();
/** Elements of HTML that are told by their definition, whatever stands on them. */
const plain = new Map([...defs].filter(([name]) => !/[:#]|^(link|style)$/.test(name) && !omitted.test(name) && !boxed.test(name)));
/** The definition of a style element. */
export const styleDef = defs.get('style');
const frameDef = defs.get('#frame');
const canvasDef = defs.get('canvas');
const videoDef = defs.get('video');
/** What the owner shares besides what always is. */
export const shares = { canvas: false };
