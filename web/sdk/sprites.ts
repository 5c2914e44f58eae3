// What use elements show of other files, as a part of the SDK (case 21). Agents' browsers load nothing, so a copy of the symbol
// is told within the use element, where nothing is drawn, and the use element names that.
import { absolute } from './css';
import { baseOf, hooks, namespaceOf } from './natives';

const SVG = 'http://www.w3.org/2000/svg';
const MAX_PARTS = 500; // elements of one copy

interface Sprite {
  readonly address: string;
  /** A defs element of no page; undefined until the file is there, or when it has no such part. */
  readonly copy?: Element;
  readonly name?: string;
}

const sprites = new WeakMap<Element, Sprite>();
const files = new Map<string, Promise<Document | null>>();
let last = 0;

/** The id that a use element names in place of a part of another file; '' while there is none. */
export function spriteName(el: Element, href: string): string {
  const address = absolute(href, baseOf(el));
  const known = sprites.get(el);
  if (known?.address === address) return known.name ?? '';
  sprites.set(el, { address });
  void load(address.replace(/#.*/, '')).then((file) => {
    if (sprites.get(el)?.address !== address || !file) return;
    const sprite = copyOf(file, address);
    if (!sprite) return;
    sprites.set(el, sprite);
    hooks.attached(el); // it is to be told anew
  });
  return '';
}

/** What is told within a use element besides its own children. */
export function spriteIn(el: Element): Element | undefined {
  return sprites.get(el)?.copy;
}

/** Browsers show parts of files of the page's own origin only (SVG 2, section 5.5). */
function load(address: string): Promise<Document | null> {
  const known = files.get(address) ?? read(address);
  files.set(address, known);
  return known;
}

function read(address: string): Promise<Document | null> {
  if (new URL(address).origin !== location.origin) return Promise.resolve(null);
  // Its document has no window: it loads nothing and runs nothing. Strict pages forbid parsers that take text (Trusted Types).
  return new Promise((done) => {
    const asked = new XMLHttpRequest();
    asked.open('GET', address);
    asked.responseType = 'document';
    asked.overrideMimeType('image/svg+xml');
    asked.onloadend = () => done(asked.status === 200 ? asked.responseXML : null);
    asked.send();
  });
}

const referred = /url\(\s*["']?#([^"')]+)["']?\s*\)/g;

/** The part of a file that an address names, with what that refers to, under ids that no page has. */
function copyOf(file: Document, address: string): Sprite | undefined {
  const prefix = `vitrine-${++last}-`;
  const wanted = new Set<string>();
  const want = (id: string): string => {
    wanted.add(id);
    return prefix + id;
  };
  const name = want(decodeURIComponent(address.replace(/^[^#]*#?/, '')));
  const copy = file.createElementNS(SVG, 'defs');
  let room = MAX_PARTS;
  for (const id of wanted) {
    const part = file.getElementById(id)?.cloneNode(true) as Element | undefined;
    if (!part || namespaceOf(part) !== SVG) continue;
    const all = [part, ...part.querySelectorAll('*')];
    room -= all.length;
    if (room < 0) return undefined;
    for (const el of all) rename(el, prefix, want);
    copy.append(part);
  }
  return copy.firstChild ? { address, copy, name } : undefined;
}

function rename(el: Element, prefix: string, want: (id: string) => string): void {
  for (const { name, value } of Array.from(el.attributes)) {
    if (name === 'id') el.setAttribute(name, prefix + value);
    else if (/^(xlink:)?href$/.test(name) && value.startsWith('#')) el.setAttribute(name, `#${want(value.slice(1))}`);
    else if (value.includes('url(')) el.setAttribute(name, value.replace(referred, (_, id: string) => `url(#${want(id)})`));
    else if (name === 'href' || name === 'xlink:href') el.removeAttribute(name); // of yet another file
  }
}
