// The policy as the test understands it: read from the generated tables, but by other code than the SDK's or the viewer's.
import { ATTRIBUTES, Content, ELEMENTS, NAMESPACES, PREFIXES, Value } from '../../../../web/wire/vocabulary';

/** What the tables say about an element. */
export interface ElementRule {
  readonly key: string;
  readonly content: number;
}

/** What the tables say about an attribute. */
export interface AttributeRule {
  readonly name: string;
  readonly value: number;
  readonly values: readonly string[];
}

const HTML = NAMESPACES[0];
const SVG = NAMESPACES[1];
const MATHML = NAMESPACES[2];
const byKey = new Map<string, ElementRule>();
for (const [space, content, names] of ELEMENTS) {
  for (const name of names.split(' ')) {
    const key = (PREFIXES[space] ?? '') + name;
    byKey.set(key, { key, content });
  }
}
const custom = /^[a-z][a-z0-9._]*-[a-z0-9._-]*[a-z0-9._-]$/;
const span: ElementRule = { key: 'span', content: Content.HTMLFlow };
const style: ElementRule = { key: 'style', content: Content.Empty };

/** Elements that are left out with all they hold. */
const omitted = new Set('script noscript template base meta title link source track param datalist noembed noframes frameset frame'.split(' '));

/** What an element is for the agent; null when it is left out. */
export function elementRule(element: Element): ElementRule | null {
  const name = element.localName;
  if (element.namespaceURI === SVG) return byKey.get(`svg:${name}`) ?? null;
  if (element.namespaceURI === MATHML) return byKey.get(`math:${name}`) ?? (name.startsWith('annotation') ? null : (byKey.get('math:mrow') ?? null));
  if (element.namespaceURI !== HTML) return null;
  if (name === 'link' && (element as HTMLLinkElement).relList.contains('stylesheet')) return style;
  if (omitted.has(name)) return null;
  if (name.length <= 64 && custom.test(name)) return { key: name, content: Content.HTMLFlow };
  return byKey.get(name) ?? span;
}

/** The states and properties of WAI-ARIA 1.3, section 6. */
const aria = new Set(('activedescendant atomic autocomplete braillelabel brailleroledescription busy checked colcount colindex colindextext ' +
  'colspan controls current describedby description details disabled dropeffect errormessage expanded flowto grabbed ' +
  'haspopup hidden invalid keyshortcuts label labelledby level live modal multiline multiselectable orientation owns ' +
  'placeholder posinset pressed readonly relevant required roledescription rowcount rowindex rowindextext rowspan selected ' +
  'setsize sort valuemax valuemin valuenow valuetext virtualcontent').split(' '));

/** Whether a parent may hold a child. */
export function holds(parent: ElementRule, child: ElementRule): boolean {
  if (parent.content === Content.SVGFlow) return child.key.startsWith('svg:');
  if (parent.content === Content.MathFlow) return child.key.startsWith('math:');
  if (parent.content === Content.HTMLFlow || parent.content === Content.HTMLInSVG) return !/^(svg:(?!svg$)|math:(?!math$))/.test(child.key);
  return false;
}

/** The rule for an attribute of the page on an element; undefined when it is not shared. */
export function attributeRule(name: string, element: ElementRule): AttributeRule | undefined {
  const svg = element.key.startsWith('svg:');
  const math = element.key.startsWith('math:');
  for (const [value, where, names, on, values] of ATTRIBUTES) {
    const here = where === 2 || (where === 0 && !svg && !math) || (where === 1 && svg) || (where === 4 && math) || (where === 3 && (on ?? '').split(' ').includes(element.key));
    if (here && names.split(' ').includes(name)) return { name, value, values: values ? values.split(' ') : [] };
  }
  if (/^data-[a-z0-9._:-]{1,64}$/.test(name) || (name.startsWith('aria-') && aria.has(name.slice(5)))) return { name, value: Value.Attr, values: [] };
  return undefined;
}

// eslint-disable-next-line no-control-regex -- these are what the server takes out
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

const utf8 = { in: new TextEncoder(), out: new TextDecoder() };

/** Text as the server passes it on: a half of a split pair of surrogates travels as U+FFFD. */
export const clean = (text: string): string => utf8.out.decode(utf8.in.encode(text)).replace(controls, '');

// Numbers have many spellings; what is left is letters and numbers, one space between two of them.
function numbers(text: string): string {
  const parts = text.toLowerCase().match(/[a-z#%-]*[a-z#%][a-z0-9#%-]*|[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[^\s,]/g) ?? [];
  return parts.map((part) => (/^[-+.\d]/.test(part) ? String(Number(part)) : part)).join(' ');
}

// Path data may follow each other without anything between: "q34 2 30 36 q-4 24-34 26".
function path(text: string): string {
  const parts = text.match(/[a-zA-Z]|[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/g) ?? [];
  return parts.map((part) => (/[a-zA-Z]/.test(part) && part.length === 1 ? part : String(Number(part)))).join(' ');
}

function enumerated(rule: AttributeRule, text: string): string | null {
  if (rule.values.includes(text)) return text;
  return rule.values.find((value) => value.toLowerCase() === text.toLowerCase()) ?? null;
}

/** The declarations of an inline style, without those that name an address, which arrive as something else. */
export function declarations(element: Element): string {
  const { style: sheet } = element as HTMLElement;
  const list: string[] = [];
  for (const name of sheet) {
    const value = sheet.getPropertyValue(name).trim();
    if (!value.includes('url(')) list.push(`${name}: ${value}${sheet.getPropertyPriority(name) ? ' !' : ''}`);
  }
  return list.sort().join('; ');
}

/** One spelling for all values that mean the same; null when the value is not shared. */
export function canonical(rule: AttributeRule, element: Element, text: string): string | null {
  switch (rule.value) {
    case Value.Flag:
      return '';
    case Value.Enum:
      return enumerated(rule, text);
    case Value.Tokens:
      return clean(text.replace(/\s+/g, ' ')).trim();
    case Value.Decls:
      return declarations(element);
    case Value.CSSValue:
      return /url\((?!["']?#)/.test(text) ? null : numbers(text); // an address arrives as something else
    case Value.Number:
    case Value.Media:
    case Value.Colour:
      return numbers(text);
    case Value.Path:
      return path(text);
    case Value.ID:
      return text === '' || text.length > 256 || /\s/.test(text) ? '' : text;
    default:
      return clean(text);
  }
}
