// The page as the agent should have it: what is shared, told by the tables and the masking rules, from the live tree.
import { Content, Value } from '../../../../web/wire/vocabulary';
import { closed } from './record';
import type { Dump } from './types';
import { attributeRule, canonical, clean, type ElementRule, elementRule, holds } from './vocabulary';

const boxed = 'iframe, frame, object, embed, audio, video, canvas, .cobrowsing_nosync, [data-vitrine=hide]';
const secretWords = /^(cc-.+|one-time-code|current-password|new-password)$/;
const labelled = new Set(['button', 'submit', 'reset']);
const unspoken = new Set(['hidden', 'file', 'image', 'checkbox', 'radio']);

interface Context {
  readonly masks: string;
  readonly masked: boolean;
  readonly rule: ElementRule;
}

function isMasked(element: Element, masks: string): boolean {
  if (element.matches(masks)) return true;
  if (!input(element) && !area(element) && !is(element, 'HTMLSelectElement')) return false;
  // Of words that a browser does not know its property says nothing.
  const words = (element.getAttribute('autocomplete') ?? '').toLowerCase().split(/\s+/);
  return (element as HTMLInputElement).type === 'password' || words.some((word) => secretWords.test(word));
}

// Nodes in frames are of other realms, so classes are told by name.
const is = (node: Node, kind: string): boolean => Object.prototype.toString.call(node) === `[object ${kind}]`;
const input = (node: Node): node is HTMLInputElement => is(node, 'HTMLInputElement');
const area = (node: Node): node is HTMLTextAreaElement => is(node, 'HTMLTextAreaElement');

const bullets = (text: string): string => text.replace(/\S/g, '\u2022');

function attributes(element: Element, rule: ElementRule, masked: boolean): Record<string, string> {
  const attrs: Record<string, string> = {};
  for (const { name, value } of element.attributes) {
    const found = attributeRule(name, rule);
    if (!found || found.value === Value.Asset || name === 'data-vitrine') continue;
    if (masked && (found.value === Value.Attr || found.value === Value.URL)) continue;
    if (name === 'cite') continue; // told, but never shown
    const text = found.value === Value.URL ? '#' : canonical(found, element, value);
    if (text !== null && !(text === '' && found.value !== Value.Flag)) attrs[name] = text;
  }
  const reference = element.getAttribute('href') ?? element.getAttribute('xlink:href');
  if (reference?.startsWith('#') && attributeRule('#ref', rule)) attrs['#ref'] = reference;
  const editable = element.getAttribute('contenteditable');
  if (editable !== null && editable !== 'false') attrs['#editable'] = '';
  if (element.matches('[data-vitrine~=readonly]')) attrs['#readonly'] = '';
  if (input(element) && element.type === 'password') Reflect.deleteProperty(attrs, 'readonly');
  return attrs;
}

function controlState(element: Element, masked: boolean): Record<string, string | number | boolean> {
  const live: Record<string, string | number | boolean> = {};
  if (input(element)) {
    const { type, value, checked, indeterminate } = element;
    if (type === 'checkbox' || type === 'radio') {
      if (checked && !masked) live['checked'] = true;
      if (indeterminate && !masked) live['indeterminate'] = true;
    } else if (!unspoken.has(type) && (value !== '' || labelled.has(type))) {
      if (value !== '') live['value'] = masked ? '\u2022'.repeat(value.length) : clean(value);
    }
  } else if (area(element)) {
    if (element.value !== '') live['value'] = masked ? '\u2022'.repeat(element.value.length) : clean(element.value);
  } else if (is(element, 'HTMLOptionElement')) {
    if ((element as HTMLOptionElement).selected && !masked) live['selected'] = true;
  }
  return live;
}

function state(element: Element, masked: boolean): Record<string, string | number | boolean> {
  const live = controlState(element, masked);
  if (element.scrollTop !== 0) live['top'] = Math.round(element.scrollTop);
  if (element.scrollLeft !== 0) live['left'] = Math.round(element.scrollLeft);
  if (is(element, 'HTMLImageElement') && !masked) {
    const { complete, naturalWidth, naturalHeight } = element as HTMLImageElement;
    if (complete && naturalWidth > 0) live['picture'] = `${naturalWidth}x${naturalHeight}`;
  }
  return live;
}

function children(nodes: NodeListOf<ChildNode>, context: Context): Dump[] {
  return [...nodes].flatMap((node): Dump[] => {
    if (node.nodeType === Node.TEXT_NODE) {
      if (context.rule.key === 'head') return []; // nothing of it is seen
      const text = clean((node as Text).data);
      return [{ kind: '#text', text: context.masked ? bullets(text) : text }];
    }
    return node.nodeType === Node.ELEMENT_NODE ? child(node as Element, context) : [];
  });
}

function child(element: Element, context: Context): Dump[] {
  const rule = elementRule(element);
  if (!rule || element.localName === 'vitrine-ui' || (context.rule.key === 'head' && rule.key !== 'style')) return [];
  if (is(element, 'HTMLIFrameElement') && !element.matches('.cobrowsing_nosync, [data-vitrine=hide]')) {
    const root = (element as HTMLIFrameElement).contentDocument?.documentElement;
    const of = root && elementRule(root);
    if (of) return holds(context.rule, rule) ? [{ kind: '#frame', children: [dump(root, of, { ...context, rule: of })] }] : [];
  }
  if (is(element, 'HTMLVideoElement')) {
    const { poster, paused, currentTime } = element as HTMLVideoElement;
    if (poster && paused && currentTime === 0) return [{ kind: '#poster' }];
  }
  if (element.matches(boxed)) return [{ kind: '#box' }];
  return holds(context.rule, rule) ? [dump(element, rule, context)] : [];
}

// Adopted sheets are told as style elements behind everything else.
function adopted(owner: Document | ShadowRoot): Dump[] {
  return owner.adoptedStyleSheets.map(() => ({ kind: 'style', attrs: {}, live: {}, children: [] }));
}

function dump(element: Element, rule: ElementRule, from: Context): Dump {
  const own = isMasked(element, from.masks);
  const masked = from.masked || own;
  const context: Context = { masks: from.masks, masked, rule };
  const inside = rule.content === Content.Empty ? [] : children(element.childNodes, context);
  if (element === element.ownerDocument.head) inside.push(...adopted(element.ownerDocument));
  const shadow = element.shadowRoot ?? closed.find(({ host }) => host === element);
  return {
    kind: rule.key,
    attrs: { ...attributes(element, rule, masked), ...(own ? { '#mask': '' } : {}) },
    live: rule.key === 'style' ? {} : state(element, masked),
    children: shadow ? [{ kind: '#shadow', children: [...children(shadow.childNodes, context), ...adopted(shadow)] }, ...inside] : inside,
  };
}

/** The live page. */
export function page(selectors: readonly string[]): Dump {
  const root = document.documentElement;
  const rule = elementRule(root);
  if (!rule) throw new Error('the page has no root that could be shared');
  const masks = ['[data-vitrine=mask]', ...selectors].join(', ');
  return dump(root, rule, { masks, masked: false, rule });
}
