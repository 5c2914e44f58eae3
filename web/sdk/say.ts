// How attributes and live states of an element are told. Everything is read here, so everything is masked here.
import {
  LiveBullets, LiveChecked, LiveClosed, LiveIndeterminate, LiveNatural, LiveOpen, LiveScroll, LiveSelected, LiveUndefined,
  LiveValue,
} from '../wire/frames';
import { Value } from '../wire/vocabulary';
import type { Assets } from './assets';
import { absolute, changes, renameURLs } from './css';
import { inputType, isTextField, readonlyWish } from './mask';
import { livesOf, quirky, saidOf, stands } from './mirror';
import { attribute, baseOf, compatMode, documentOf, frameDocument, listen, localName, matches, mirrors, statesOf, viewOf } from './natives';
import { Privacy } from './privacy';
import type { Known } from './tree';
import type { AttrDef } from './vocab';
import { AriaAttr, Custom, DataAttr, EditableAttr, ReadonlyAttr, RefAttr, vocabulary } from './vocab';

const MAX_ATTR = 64 << 10;
const MAX_SIDE = 16384;
const MAX_SCROLL = 1 << 24;

/** A live state as it is told. */
export type LiveState = readonly [kind: number, value: string | number, more?: number];

/** How a page's attribute is coded on an element. */
export function codeOf(known: Known, name: string, el?: Element): AttrDef {
  if (el && mirrors.size && stands.has(el)) return vocabulary.coded(name);
  for (const attrs of known.def?.attrs ?? []) {
    const def = attrs.get(name);
    if (def) return def;
  }
  const prefix = name.startsWith('data-') ? DataAttr : name.startsWith('aria-') ? AriaAttr : 0;
  const suffix = name.slice(5);
  return [prefix && vocabulary.validSuffix(prefix, suffix) ? prefix : 0, Value.Attr, suffix, []];
}

/** What a page's attribute says; null when it is not told. Names with # are those that no attribute of the page tells alone. */
export function valueOf(el: Element, known: Known, name: string, def: AttrDef, assets: Assets): string | number | null {
  const code = def[0];
  const kind = def[1];
  const open = known.privacy === Privacy.Open;
  // A parser takes # into a name, so a page may have such attributes of its own: they say nothing.
  if (code === 0 || (name[0] === '#' && !known.def?.special.includes(name))) return null;
  const plain = assets.plain && (code === RefAttr || kind === Value.CSSValue);
  if (mirrors.size && stands.has(el)) {
    const said = saidOf(el, name, def, open);
    return plain && (code === RefAttr || /url/i.test(String(said))) ? null : said;
  }
  if (name === '#sheet') return assets.sheet(el) || null;
  if (name === '#states') return Array.from(statesOf.get(el) ?? []).filter((state) => /^[\w-]+$/.test(state)).join(' ') || null;
  if (name === '#disabled') return isOff(el) ? 1 : null;
  if (name === '#quirks') return isQuirky(el) ? 1 : null;
  if (name === '#src' && localName(el) === 'canvas') return open ? assets.canvas(el as HTMLCanvasElement) : null;
  if (name === 'media' && known.def?.special.includes(name)) return mediaOf(el) || null;
  if (name === '#src') {
    const url = open ? pictureOf(el) : '';
    return url ? assets.image(url) : null;
  }
  let value = attribute(el, name);
  const held = name === 'style' && vocabulary.heldStyle(el);
  if (held) value = `${value ?? ''};${held}`;
  if (value === null || value.length > MAX_ATTR) return null;
  if (code === ReadonlyAttr) return readonlyWish(el) ? 1 : null;
  if (code === EditableAttr) return value === 'false' ? null : 1;
  if (plain && (code === RefAttr || /url/i.test(value))) return null;
  if (code === RefAttr) return name !== 'href' && attribute(el, 'href') !== null ? null : value[0] === '#' ? value.slice(1) : (known.def?.name === 'svg:use' && vocabulary.spriteName(el, value)) || null;
  if (kind === Value.Enum) {
    const list = def[3];
    const exact = list.indexOf(value);
    const at = exact < 0 ? list.findIndex((v) => v.toLowerCase() === value.trim().toLowerCase()) : exact;
    return at < 0 ? null : at;
  }
  if (kind === Value.Decls) return renameURLs(value, baseOf(el), open ? assets.rename : () => 'none');
  return open || !(kind === Value.Attr || kind === Value.URL || name === 'value') ? value : null;
}

/** Whether the document of a frame is laid out as before there were standards. */
function isQuirky(frame: Element): boolean {
  const within = frameDocument(frame as HTMLIFrameElement);
  return !!within && (quirky.has(within) || compatMode(within) === 'BackCompat');
}

function pictureOf(el: Element): string {
  const name = localName(el);
  if (name === 'img') {
    const { complete, naturalWidth, currentSrc } = el as HTMLImageElement;
    return complete && naturalWidth ? currentSrc : '';
  }
  const href = name === 'video' ? attribute(el, 'poster') : name === 'input' ? inputType(el) === 'image' && attribute(el, 'src') : (attribute(el, 'href') ?? attribute(el, 'xlink:href'));
  return href ? absolute(href, baseOf(el)) : '';
}

/** The media of a style sheet: scripts change them without touching the attribute. */
function mediaOf(el: Element): string {
  const { sheet } = el as HTMLStyleElement;
  return (sheet && changes(sheet) > 0 ? sheet.media.mediaText : attribute(el, 'media')) ?? '';
}

/** Whether a style sheet is there but does not apply. */
export function isOff(el: Element): boolean {
  const { sheet } = el as HTMLStyleElement;
  return sheet?.disabled ?? (vocabulary.isSheetLink(el) && (attribute(el, 'disabled') !== null || /\balternate\b/i.test(attribute(el, 'rel') ?? '')));
}

const clamp = (n: number, max: number): number => Math.min(Math.max(Math.round(n) || 0, -max), max);
const scroll = (x: number, y: number): LiveState => [LiveScroll, clamp(x, MAX_SCROLL), clamp(y, MAX_SCROLL)];

/** Elements that were scrolled; no other is asked, because asking costs a layout. A new snapshot asks them again. */
export const scrolled = new WeakSet<Element>();
// From load on: what was scrolled before a session is told, too.
listen(document, 'scroll', ({ target }) => {
  if (target instanceof Element) scrolled.add(target);
}, new AbortController().signal);

/** Tells live states: what a node is in right now, which its attributes do not tell. */
export class Lives {
  readonly #opened = new WeakMap<Element, number>();
  #order = 0;

  /** The live states of an element, defaults included. */
  of(el: Element, known: Known): LiveState[] {
    const out: LiveState[] = [];
    const name = known.def?.name;
    const open = known.privacy === Privacy.Open;
    if (mirrors.size && stands.has(el)) return livesOf(el, open);
    if (isTextField(el)) {
      const { value } = el as HTMLInputElement;
      out.push(open ? [LiveValue, value] : [LiveBullets, Math.min(value.length, 4096)]);
    } else if (name === 'input' && open) {
      const { type, value, checked, indeterminate } = el as HTMLInputElement;
      if (/^(checkbox|radio)$/.test(type)) out.push([LiveChecked, Number(checked)], [LiveIndeterminate, Number(indeterminate)]);
      else if (!/^(hidden|file|image|password)$/.test(type)) out.push([LiveValue, value]);
    } else if (name === 'option' && open) {
      out.push([LiveSelected, Number((el as HTMLOptionElement).selected)]);
    } else if (name === 'img') {
      const { naturalWidth, naturalHeight } = el as HTMLImageElement;
      out.push([LiveNatural, clamp(naturalWidth, MAX_SIDE), clamp(naturalHeight, MAX_SIDE)]);
    } else if (name === 'video') {
      const { videoWidth, videoHeight } = el as HTMLVideoElement;
      if (videoWidth) out.push([LiveNatural, clamp(videoWidth, MAX_SIDE), clamp(videoHeight, MAX_SIDE)]);
    } else if (name === 'canvas') {
      const { width, height } = el as HTMLCanvasElement;
      out.push([LiveNatural, clamp(width, MAX_SIDE), clamp(height, MAX_SIDE)]);
    } else if (name === 'html') {
      const view = viewOf(documentOf(el));
      out.push(scroll(view?.scrollX ?? 0, view?.scrollY ?? 0));
    }
    if (known.def?.code === Custom) out.push([LiveUndefined, Number(!matches(el, ':defined'))]);
    if (isLayer(el)) out.push(this.#layer(el));
    if (scrolled.has(el)) out.push(scroll(el.scrollLeft, el.scrollTop));
    return out;
  }

  #layer(el: Element): LiveState {
    if (matches(el, attribute(el, 'popover') === null ? ':modal' : ':modal,:popover-open')) {
      const order = this.#opened.get(el) ?? ++this.#order;
      this.#opened.set(el, order);
      return [LiveOpen, order];
    }
    this.#opened.delete(el);
    // What is in no top layer is there all the same, unless it is a popover.
    return localName(el) !== 'dialog' ? [LiveClosed, 1] : attribute(el, 'open') !== null ? [LiveOpen, 0] : [LiveClosed, 0];
  }
}

/** Whether an element can be in the top layer. */
function isLayer(el: Element): boolean {
  return localName(el) === 'dialog' || (attribute(el, 'popover') !== null && 'popover' in el);
}

/** Whether a live state says nothing beyond what a new element says. */
export function isDefault(live: LiveState): boolean {
  return live[0] !== LiveOpen && !(live[1] || live[2]);
}
