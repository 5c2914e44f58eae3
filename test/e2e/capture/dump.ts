// What the page and the replica must agree on, in one form. The page is read by the rules of the vocabulary, not by the SDK.
import { ATTRIBUTES, ELEMENTS, PREFIXES, Value } from '../../../web/wire/vocabulary';
import { LiveBullets, LiveChecked, LiveSelected, LiveValue } from '../../../web/wire/frames';
import type { ReplicaNode } from './replica';

const elements = new Map<string, number>(); // name → content
for (const [space, content, list] of ELEMENTS) for (const name of list.split(' ')) elements.set((PREFIXES[space] ?? '') + name, content);

function attribute(element: string, name: string, value: string): string | null {
  if (/^data-[a-z0-9._:-]{1,64}$/.test(name) || name === 'aria-label') return value;
  for (const [kind, where, list, on, values] of ATTRIBUTES) {
    if (name.startsWith('#') || !list.split(' ').includes(name)) continue;
    const every = element.startsWith('svg:') ? 1 : element.startsWith('math:') ? 4 : 0;
    if (!(where === 3 ? (on ?? '').split(' ').includes(element) : where === 2 || where === every)) continue;
    if (kind === Value.Flag) return '';
    if (kind !== Value.Enum) return value;
    const at = (values ?? '').split(' ').indexOf(value.toLowerCase());
    return at < 0 ? null : String(at);
  }
  return null;
}

function nameOf(el: Element): string | null {
  const svg = el.namespaceURI === 'http://www.w3.org/2000/svg';
  if (svg) return elements.has(`svg:${el.localName}`) ? `svg:${el.localName}` : null;
  if (el.namespaceURI === 'http://www.w3.org/1998/Math/MathML') {
    if (el.localName.startsWith('annotation')) return null;
    return elements.has(`math:${el.localName}`) ? `math:${el.localName}` : 'math:mrow';
  }
  if (/^(script|noscript|template|base|meta|title|link|source|track|param|datalist|vitrine-ui)$/.test(el.localName)) return null;
  if (elements.has(el.localName)) return el.localName;
  return /^[a-z][a-z0-9._]*-/.test(el.localName) ? el.localName : 'span';
}

function fits(parent: string, child: string): boolean {
  const content = parent === 'shadow' ? 2 : (elements.get(parent) ?? 2);
  if (content === 3) return child.startsWith('svg:');
  if (content === 5) return child.startsWith('math:');
  if (content === 2 || content === 4) return child !== 'html' && (!child.includes(':') || child === 'svg:svg' || child === 'math:math');
  return false;
}

function holdsText(parent: string): boolean {
  return parent === 'shadow' || (elements.get(parent) ?? 2) !== 0;
}

/** A split pair of surrogates travels as U+FFFD. */
function wellFormed(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

/** The lines of a page below an element. */
export function dumpPage(n: Node, parent: string, indent: string, out: string[]): void {
  if (n instanceof Text) {
    if (holdsText(parent) && parent !== 'head') out.push(`${indent}"${wellFormed(n.data)}"`);
    return;
  }
  if (!(n instanceof Element)) return;
  const name = nameOf(n);
  if (name === null || (parent === '' ? name !== 'html' : !fits(parent, name)) || (parent === 'head' && name !== 'style')) return;
  const attrs = [...n.attributes].flatMap(({ name: attr, value }) => {
    const said = attribute(name, attr, value);
    return said === null ? [] : [`${attr}=${said}`];
  });
  const live: string[] = [];
  if (n instanceof HTMLTextAreaElement || (n instanceof HTMLInputElement && /^(text|search|number|email)$/.test(n.type))) live.push(`value=${wellFormed(n.value)}`);
  if (n instanceof HTMLInputElement && /^(checkbox|radio)$/.test(n.type)) live.push(`checked=${Number(n.checked)}`);
  if (n instanceof HTMLOptionElement) live.push(`selected=${Number(n.selected)}`);
  out.push(`${indent}<${name} ${attrs.sort().join(' ')}> ${live.join(' ')}`.trimEnd());
  if (n.shadowRoot) {
    out.push(`${indent} #shadow`);
    for (const c of n.shadowRoot.childNodes) dumpPage(c, 'shadow', `${indent}  `, out);
  }
  for (const c of n.childNodes) dumpPage(c, name, `${indent}  `, out);
}

/** The lines of a replica below a node. */
export function dumpReplica(n: ReplicaNode, indent: string, out: string[]): void {
  if (n.kind === 'text') {
    out.push(`${indent}"${n.text}"`);
    return;
  }
  if (n.kind === 'shadow') {
    out.push(`${indent.slice(1)}#shadow`);
    for (const c of n.kids) dumpReplica(c, indent, out);
    return;
  }
  const attrs = [...n.attrs].filter(([k]) => !k.startsWith('#')).map(([k, v]) => `${k}=${v}`);
  const live: string[] = [];
  if (n.name === 'textarea' || (n.name === 'input' && !n.attrs.has('type'))) live.push(`value=${n.live.get(LiveValue) ?? n.live.get(LiveBullets) ?? ''}`);
  if (n.live.has(LiveChecked)) live.push(`checked=${n.live.get(LiveChecked)}`);
  if (n.name === 'option') live.push(`selected=${n.live.get(LiveSelected) ?? '0'}`);
  out.push(`${indent}<${n.name} ${attrs.sort().join(' ')}> ${live.join(' ')}`.trimEnd());
  for (const c of n.kids) dumpReplica(c, `${indent}  `, out);
}
