// What the vocabulary allows, compiled for the replica. Everything is found by number; a name from the wire indexes nothing.
import { Role } from '../wire/frames';
import { ATTRIBUTES, Content, ELEMENTS, NAMESPACES, PREFIXES, Value } from '../wire/vocabulary';

/** Codes with a meaning of their own; package vocab defines them. */
export const CUSTOM_ELEMENT = 1;
export const DATA_ATTR = 1;
export const ARIA_ATTR = 2;
export const MASK_ATTR = 3;
export const FRAME = '#frame';
export const SRC_ATTR = 7;

/** What an element's code allows. `key` is the name, with "svg:" or "math:" before those that are not HTML. */
export interface ElementRule {
  readonly key: string;
  readonly name: string;
  readonly namespace: string;
  readonly space: number;
  readonly svg: boolean;
  readonly content: number;
  readonly host: boolean;
}

/** What an attribute's code allows. `role` is the role of its string, or -1 when it has none. */
export interface AttributeRule {
  readonly code: number;
  readonly name: string;
  readonly value: number;
  readonly role: number;
  readonly where: number;
  readonly on: ReadonlySet<string>;
  readonly values: readonly string[];
}

// Namespaces, by their place in NAMESPACES.
const HTML = 0;
const SVG = 1;
const MATHML = 2;

// Built-in elements that may have a shadow root (DOM, attachShadow).
const hosts = new Set('#custom article aside blockquote body div footer h1 h2 h3 h4 h5 h6 header main nav p section span'.split(' '));

// Role of the strings of each kind of value, in the order of Value; flags, enumerations and assets have none.
const roles = [
  -1, -1, -1, Role.Attr, Role.Tokens, Role.Decls, Role.CSSValue, Role.Media, Role.URL, Role.Number, Role.Colour, Role.ID, Role.Path,
];

function compileElements(): (ElementRule | undefined)[] {
  const rules: (ElementRule | undefined)[] = [undefined];
  for (const [space, content, names] of ELEMENTS) {
    for (const name of names.split(' ')) {
      const key = (PREFIXES[space] ?? '') + name;
      rules.push({ key, name, namespace: NAMESPACES[space] ?? '', space, svg: space === SVG, content, host: hosts.has(key) });
    }
  }
  return rules;
}

function compileAttributes(): (AttributeRule | undefined)[] {
  const rules: (AttributeRule | undefined)[] = [undefined];
  for (const [value, where, names, on, values] of ATTRIBUTES) {
    const listed = new Set(on ? on.split(' ') : []);
    const list = values ? values.split(' ') : [];
    for (const name of names.split(' ')) {
      rules.push({ code: rules.length, name, value, role: roles[value] ?? -1, where, on: listed, values: list });
    }
  }
  return rules;
}

/** Elements by code from 1. */
export const elements: readonly (ElementRule | undefined)[] = compileElements();
/** Attributes by code from 1. */
export const attributes: readonly (AttributeRule | undefined)[] = compileAttributes();

/** Whether an attribute may stand on an element. */
export function allowed(attribute: AttributeRule, element: ElementRule): boolean {
  switch (attribute.where) {
    case 0:
      return element.space === HTML;
    case 1:
      return element.svg;
    case 2:
      return true;
    case 4:
      return element.space === MATHML;
    default:
      return attribute.on.has(element.key);
  }
}

/** Whether an element may stand where HTML stands. */
export function flows(child: ElementRule): boolean {
  return (child.space === HTML && child.key !== 'html') || child.key === 'svg:svg' || child.key === 'math:math';
}

/** Whether an element's content may hold a child element. */
export function holds(parent: ElementRule, child: ElementRule): boolean {
  switch (parent.content) {
    case Content.HTMLFlow:
    case Content.HTMLInSVG:
      return flows(child);
    case Content.SVGFlow:
      return child.svg;
    case Content.MathFlow:
      return child.space === MATHML;
    case Content.Document:
      return child.key === 'html';
    default:
      return false;
  }
}

/** Whether an attribute may not stand on a masked element: it says what a person could read. */
export function hiddenByMask(rule: AttributeRule): boolean {
  return rule.value === Value.Attr || rule.value === Value.URL || rule.code === SRC_ATTR;
}

const reserved = new Set(['annotation-xml', 'color-profile', 'font-face', 'font-face-src', 'font-face-uri', 'font-face-format', 'font-face-name', 'missing-glyph']);

/** Whether a text may name a custom element (HTML, valid custom element name, narrowed to ASCII). */
export function customName(name: string): boolean {
  return name.length <= 64 && /^[a-z][a-z0-9._-]*-[a-z0-9._-]*$/.test(name) && !reserved.has(name);
}

/** Whether a text may follow "data-" or "aria-". */
export function attributeSuffix(name: string): boolean {
  return /^[a-z0-9._:-]{1,64}$/.test(name);
}
