// Runs in the console before any other script: notices what runs, and looks at the stage with rules of its own.
import { attributeOf, attributes as attributesOf, bring, boxOf, caseOf, childNodes, has, localName, namespace, nodeType, parentNode, shadow, text } from './natives';
import { ATTRIBUTES, ELEMENTS, NAMESPACES } from '../../../web/wire/vocabulary';

/** What was found wrong: where, and what of. Never content. */
export interface Finding {
  readonly id: string;
  readonly what: string;
}

/** How much of a case is on the stage. */
export interface Seen {
  readonly id: string;
  readonly elements: number;
  readonly attributes: number;
}

const hits: string[] = [];
const names = new Map<string, Set<string>>(NAMESPACES.map((uri) => [uri, new Set<string>()]));
for (const [space, , list] of ELEMENTS) for (const name of list.split(' ')) names.get(NAMESPACES[space] ?? '')?.add(name);
const attributes = new Set(ATTRIBUTES.flatMap(([, , list]) => list.split(' ')).filter((name) => !name.startsWith('#') && !name.endsWith('-')));
for (const spelled of ['type', 'color', 'href', 'src', 'poster', 'contenteditable', 'autocomplete', 'readonly']) attributes.add(spelled);

const never = [
  /^(script|noscript|template|base|meta|link|title|frame|frameset|object|embed|applet|portal|fencedframe|audio|source|track|datalist|selectedcontent|xmp|plaintext)$/,
  /^(script|animate.*|set|discard|mpath|feImage|handler|iframe|object|embed|audio|video|source|track|cursor|tref)$/,
  /^(annotation-xml|semantics|maction|mglyph|malignmark)$/,
];
const custom = /^[a-z][a-z0-9._]*-[a-z0-9._-]+$/;
const running = ['alert', 'prompt', 'confirm', 'print', 'eval', 'open', 'canary'] as const;

type Armed = Record<string, unknown>;

/** Notes every call of what payloads call. */
function arm(target: Window, where: string): void {
  const armed = target as unknown as Armed;
  // The console's own eval is what tests are run with; its policy forbids it, which the listener would tell.
  for (const name of running) if (name !== 'eval' || where !== 'console') armed[name] = (): void => void hits.push(`${where}: ${name} ran`);
  target.document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => hits.push(`${where}: policy ${effectiveDirective}`));
  armed['armed'] = true;
}

function stageWindow(): Window | null {
  return document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentWindow ?? null;
}

const urls = /url\(\s*(?:"([^"]*)"|'([^']*)'|([^)]*))/gi;

/** What a text of CSS could ask for. */
function fetches(css: string): string | null {
  // Escapes are for the parser; the browser's own text has none where it matters, so one inside a name is odd enough.
  if (/@import|expression\s*\(|-moz-binding|behavior\s*:|javascript:|image\(\s*["']|src\(|paint\(/i.test(css.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""'))) return 'css';
  for (const [, a, b, c] of css.matchAll(urls)) {
    const url = (a ?? b ?? c ?? '').trim();
    if (!/^(#|asset:|data:image\/|$)/.test(url) && !url.startsWith(`blob:${location.origin}/`)) return 'url in css';
  }
  return null;
}

function attribute(element: Element, { name, value, namespaceURI }: Attr): string | null {
  const plainName = name.toLowerCase();
  if (namespaceURI !== null) return 'attribute with a namespace';
  if (plainName.startsWith('on')) return 'handler';
  if (/^(data-[a-z0-9._:-]{1,64}|aria-[a-z]+)$/.test(name)) return null;
  if (name.startsWith('vitrine-')) return (name === 'vitrine-states' ? /^[\w -]*$/ : /^[a-z0-9 -]*$/).test(value) ? null : 'mark of the stage';
  if (!attributes.has(name)) return 'attribute that is in no table';
  switch (name) {
    case 'href':
    case 'usemap':
      if (localName(element) === 'image' && value.startsWith(`blob:${location.origin}/`)) return null;
      if (/^(use|textPath|linearGradient|radialGradient|pattern|filter|image|img|map)$/.test(localName(element)) ? value.startsWith('#') : value === '#') return null;
      return value.startsWith('data:image/') && localName(element) === 'image' ? null : 'address';
    case 'src':
    case 'poster':
      return value.startsWith(`blob:${location.origin}/`) || value.startsWith('data:image/') ? null : 'address';
    case 'contenteditable':
      return value === 'false' ? null : 'editable';
    case 'style':
      return fetches(value);
    default:
      return /url\(|javascript:/i.test(value) && !/^(title|alt|placeholder|label|summary|abbr|datetime|class|id|part|slot|lang|role|name|for|headers|exportparts|content|face)$/.test(name) ? fetches(value) : null;
  }
}

// The viewer's own frames for documents within the page: exactly this fence, and no address but the empty document's.
const fence = new Map([['sandbox', 'allow-same-origin'], ['allow', ''], ['referrerpolicy', 'no-referrer']]);

function fenced(element: Element): boolean {
  if (namespace(element) !== NAMESPACES[0] || localName(element) !== 'iframe' || has(element, 'srcdoc')) return false;
  return [...fence].every(([name, value]) => attributeOf(element, name) === value) && /^(\/stage\?\d+|about:blank)$/.test(attributeOf(element, 'src') ?? 'about:blank');
}

// The stage's objects are of another realm, so they are told by number and name.
function* wrong(element: Element): Generator<string> {
  const uri = namespace(element) ?? '';
  const space = names.get(uri);
  const name = localName(element);
  const list = never[[...names.keys()].indexOf(uri)];
  const frame = fenced(element);
  if (frame) {
    for (const attr of attributesOf(element)) if (!fence.has(attr.name) && attr.name !== 'src' && attr.name !== 'tabindex' && attribute(element, attr)) yield 'attribute of a frame';
    return;
  }
  if (!space || list?.test(name)) yield space ? `element ${name}` : 'element of no namespace';
  else if (!space.has(name) && !(uri === NAMESPACES[0] && custom.test(name))) yield 'element that is in no table';
  for (const attr of attributesOf(element)) {
    const found = attribute(element, attr);
    if (found) yield found;
  }
  if (name !== 'style') return;
  const bad = fetches(text(element) ?? '');
  if (bad) yield bad;
  if ([...childNodes(element)].some((kid) => nodeType(kid) === 1)) yield 'element in a style';
}

// Every node below a node, shadow trees included, in the order of the document.
function* below(node: Node): Generator<Node> {
  const root = nodeType(node) === 1 ? shadow(node) : null;
  const within = nodeType(node) === 1 && fenced(node as Element) ? (node as HTMLIFrameElement).contentDocument : null;
  for (const list of [root, within, node]) {
    if (!list) continue;
    for (const child of childNodes(list)) {
      yield child;
      yield* below(child);
    }
  }
}

function* elementsOf(node: Node): Generator<Element> {
  for (const child of below(node)) if (nodeType(child) === 1) yield child as Element;
}

const own = (name: string): boolean => name.startsWith('vitrine-') || name === 'autocomplete' || name === 'data-case';

const inspector = {
  hits,
  /** Prepares the stage that is there now. */
  arm(): boolean {
    const stage = stageWindow();
    if (!stage) return false;
    arm(stage, 'stage');
    return true;
  },
  /** Which turn the stage shows; -1 before anything can be seen. */
  turn(): number {
    const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
    if (frame?.style.visibility === 'hidden') return -1;
    return Number(frame?.contentDocument?.querySelector('[data-turn]')?.getAttribute('data-turn') ?? -1);
  },
  /** How many style sheets the stage has, and how many of them have come. */
  sheets(): string {
    const list = [...stageWindow()?.document.querySelectorAll('style') ?? []];
    return `${list.length} ${list.filter(({ textContent }) => textContent !== '').length}`;
  },
  /** Takes the overlay away, or puts it back. */
  cover(on: boolean): void {
    const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
    if (!frame) return;
    frame.style.pointerEvents = on ? 'none' : 'auto';
    for (const overlay of document.querySelectorAll<HTMLElement>('.vitrine-overlay')) overlay.style.display = on ? 'block' : 'none';
  },
  /** The middle of the n-th element of the cases, in the console's window; null behind the last. */
  point(n: number): { x: number; y: number } | null {
    const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
    const element = frame?.contentDocument?.querySelectorAll('[data-case] *')[n];
    if (!frame || !element) return null;
    bring(element);
    const outer = frame.getBoundingClientRect();
    const { left, top, width, height } = boxOf(element);
    const scale = outer.width / frame.offsetWidth;
    const within = (v: number, low: number, high: number): number => Math.min(Math.max(v, low + 1), high - 1);
    return {
      x: within(outer.left + (left + width / 2) * scale, outer.left, outer.right),
      y: within(outer.top + (top + height / 2) * scale, outer.top, outer.bottom),
    };
  },
  /** Looks at a document: what is wrong in it, and how much of each case there is. */
  look(doc: Document | null = stageWindow()?.document ?? null): { found: Finding[]; seen: Seen[] } {
    const found: Finding[] = [];
    const seen: Seen[] = [];
    if (!doc) return { found: [{ id: '', what: 'no stage' }], seen };
    for (const box of doc.querySelectorAll('[data-case]')) {
      // A box stands for what is not shared. What the stage knows of pictures depends on whether they have come.
      const list = [...elementsOf(box)].filter((element) => !has(element, 'vitrine-reason'));
      const attrs = list.filter((element) => !/^(img|image|input|video|canvas)$/.test(localName(element))).reduce((sum, element) => sum + [...attributesOf(element)].filter(({ name }) => !own(name)).length, 0);
      seen.push({ id: attributeOf(box, 'data-case') ?? '', elements: list.length, attributes: attrs });
    }
    for (const node of below(doc)) {
      const at = caseOf(node) ?? 'page';
      const type = nodeType(node);
      if (type === 1) for (const what of wrong(node as Element)) found.push({ id: at, what });
      else if (type !== 3 && !(type === 10 && parentNode(node) === doc)) found.push({ id: at, what: 'a node that is neither element nor text' });
    }
    return { found, seen };
  },
  /** What of the stage is not as it must be. */
  state(): string[] {
    const stage = stageWindow();
    const bad = hits.splice(0);
    const frames = document.querySelectorAll('iframe');
    if (!stage || frames.length !== 1 || frames[0]?.getAttribute('sandbox') !== 'allow-same-origin') return [...bad, 'the stage is not the one frame'];
    if ((stage as unknown as Armed)['armed'] !== true) bad.push('the stage was replaced');
    if (![`${location.origin}/stage`, `${location.origin}/stage/quirks`].includes(stage.document.URL.replace(/#$/, ''))) bad.push('the stage has another address');
    return bad;
  },
  /** The console around the stage: its elements and their attributes' names. */
  around(): string {
    return [...elementsOf(document)].map((element) => `${localName(element)} ${[...attributesOf(element)].map(({ name }) => name).sort().join()}`).join('\n');
  },
  /** Does what a payload would do if it could. */
  async misbehave(): Promise<void> {
    const stage = stageWindow();
    if (!stage) return;
    stage.alert();
    const policy = new Promise((resolve) => { stage.document.addEventListener('securitypolicyviolation', resolve, { once: true }); });
    const make = (name: string, attribute: string): void => {
      const made = stage.document.createElement(name);
      made.setAttribute(attribute, 'http://proof.test/');
      stage.document.body.append(made);
    };
    make('img', 'src');
    make('link', 'href');
    await Promise.all([policy, fetch('/nothing')]);
  },
  naive: arm,
};

export type Inspector = typeof inspector;

declare global {
  interface Window {
    readonly inspector: Inspector;
  }
}

if (window === window.top && !('inspector' in window)) {
  Object.defineProperty(window, 'inspector', { value: inspector });
  arm(window, 'console');
}
