// What the stage really shows, read from its live tree.
import { Content, Value } from '../../../../web/wire/vocabulary';
import type { Dump, Look } from './types';
import { attributeRule, canonical, type ElementRule, elementRule } from './vocabulary';

const marks = new Set(['vitrine-mask', 'vitrine-readonly', 'vitrine-editable']);
const pictures = new Set(['img', 'svg:image', 'input', 'video', 'canvas']);

/** The document of the stage; null before there is one. */
export function stageDocument(): Document | null {
  return document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument ?? null;
}

// The stage's objects are of another realm, so classes are told by name.
const is = (node: Node, kind: string): boolean => Object.prototype.toString.call(node) === `[object ${kind}]`;

/** The name under which an attribute is compared, or null when it is the stage's own. */
function nameOf(name: string, value: string, rule: ElementRule): string | null {
  if (name === 'vitrine-type') return 'type';
  if (marks.has(name)) return `#${name.slice(8)}`;
  if (name === 'contenteditable' || name === 'popover') return null;
  if (name.startsWith('vitrine-') || name === 'autocomplete') return null;
  if (rule.key === 'input' && (name === 'type' || name === 'value')) return null; // compared as live state
  if (pictures.has(rule.key) && (name === 'src' || name === 'href' || name === 'poster') && value.startsWith('blob:')) return null;
  if (name === 'href' && attributeRule('#ref', rule)) return '#ref';
  return name;
}

function attributes(element: Element, rule: ElementRule): Record<string, string> {
  const attrs: Record<string, string> = {};
  const password = element.getAttribute('vitrine-type') === 'password';
  for (const { name, value } of element.attributes) {
    const shared = nameOf(name, value, rule);
    if (shared === null || (password && shared === 'readonly')) continue;
    const found = attributeRule(shared, rule);
    if (!found) {
      attrs[`not in the tables: ${name}`] = value;
      continue;
    }
    const text = found.value === Value.URL ? value : canonical(found, element, value);
    if (!(text === '' && found.value !== Value.Flag)) attrs[shared] = text ?? `not a value: ${value}`;
  }
  return attrs;
}

function state(element: Element): Record<string, string | number | boolean> {
  const live: Record<string, string | number | boolean> = {};
  if (is(element, 'HTMLInputElement')) {
    const { value, checked, indeterminate } = element as HTMLInputElement;
    const type = element.getAttribute('vitrine-type') ?? 'text';
    if (type === 'checkbox' || type === 'radio') {
      if (checked) live['checked'] = true;
      if (indeterminate) live['indeterminate'] = true;
    } else if (value !== '' && type !== 'file') live['value'] = value;
  } else if (is(element, 'HTMLTextAreaElement')) {
    const { value } = element as HTMLTextAreaElement;
    if (value !== '') live['value'] = value;
  } else if (is(element, 'HTMLOptionElement')) {
    if ((element as HTMLOptionElement).selected) live['selected'] = true;
  }
  if (element.scrollTop !== 0) live['top'] = Math.round(element.scrollTop);
  if (element.scrollLeft !== 0) live['left'] = Math.round(element.scrollLeft);
  if (is(element, 'HTMLImageElement')) {
    const { complete, naturalWidth, naturalHeight } = element as HTMLImageElement;
    if (complete && naturalWidth > 0) live['picture'] = `${naturalWidth}x${naturalHeight}`;
  }
  return live;
}

function children(nodes: NodeListOf<ChildNode>): Dump[] {
  return [...nodes].map((node): Dump => {
    if (node.nodeType === Node.TEXT_NODE) return { kind: '#text', text: (node as Text).data };
    if (node.nodeType !== Node.ELEMENT_NODE) return { kind: `not in the tables: ${node.nodeName}` };
    const element = node as Element;
    if (element.classList.contains('vitrine-box') && element.hasAttribute('vitrine-reason')) return { kind: '#box' };
    if (element.localName === 'iframe') {
      const root = (element as HTMLIFrameElement).contentDocument?.documentElement;
      return { kind: '#frame', children: root ? [dump(root)] : [] };
    }
    if (element.localName === 'video') return { kind: '#poster' };
    return dump(element);
  });
}

function dump(element: Element): Dump {
  const rule = elementRule(element);
  if (rule?.key.replace(/^(svg|math):/, '') !== element.localName) return { kind: `not in the tables: ${element.localName}` };
  const inside = rule.content === Content.Empty ? [] : children(element.childNodes);
  const shadow = element.shadowRoot;
  return {
    kind: rule.key,
    attrs: attributes(element, rule),
    live: rule.key === 'style' ? {} : state(element),
    children: shadow ? [{ kind: '#shadow', children: children(shadow.childNodes) }, ...inside] : inside,
  };
}

/** The stage's tree; null before there is one. */
export function stage(): Dump | null {
  const root = stageDocument()?.documentElement;
  return root ? dump(root) : null;
}

const looks = ['display', 'position', 'color', 'background-color', 'font-size', 'font-weight', 'text-align', 'border-top-width', 'border-top-color',
  'padding-left', 'margin-top', 'visibility', 'opacity', 'border-radius', 'text-decoration-line'];

/** What an element looks like: box in its own document, and computed style. */
export function look(selector: string, where: 'page' | 'stage'): Look | null {
  const at = where === 'page' ? document : stageDocument();
  const element = at?.querySelector(selector);
  const view = at?.defaultView;
  if (!element || !view) return null;
  const { left, top, width, height } = element.getBoundingClientRect();
  const computed = view.getComputedStyle(element);
  return {
    box: [Math.round(left), Math.round(top), Math.round(width), Math.round(height)],
    style: Object.fromEntries(looks.map((name) => [name, computed.getPropertyValue(name)])),
  };
}
