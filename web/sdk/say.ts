// How attributes and live states of an element are told. Everything is read here, so everything is masked here.
import {
  LiveBullets, LiveChecked, LiveClosed, LiveIndeterminate, LiveNatural, LiveOpen, LiveScroll, LiveSelected, LiveValue,
} from '../wire/frames';
import { Value } from '../wire/vocabulary';
import type { Assets } from './assets';
import { absolute, renameURLs } from './css';
import { Privacy, inputType, isTextField, readonlyWish } from './mask';
import { attribute, localName, matches } from './natives';
import type { Known } from './tree';
import { Code, isSheetLink, validSuffix } from './vocab';

const MAX_ATTR = 64 << 10;
const MAX_SIDE = 16384;
const MAX_SCROLL = 1 << 24;

/** An attribute as it is told: code, what follows data- or aria-, kind of value, value. */
export type Said = readonly [code: number, suffix: string, kind: number, value: string | number];
/** A live state as it is told. */
export type LiveState = readonly [kind: number, value: string | number, more?: number];

/** The code under which a page's attribute is told, and its suffix; code 0 when it is not. */
export function codeOf(known: Known, name: string): readonly [number, string] {
  if (name === 'data-vitrine') return [Code.Readonly, ''];
  if (name === 'contenteditable') return [Code.Editable, ''];
  const prefix = name.startsWith('data-') ? Code.Data : name.startsWith('aria-') ? Code.Aria : 0;
  if (prefix) return [validSuffix(prefix, name.slice(5)) ? prefix : 0, name.slice(5)];
  const attrs = known.def?.attrs;
  const ref = /^(xlink:)?href$/.test(name) && attrs?.get('#ref');
  return [(ref || attrs?.get(name))?.code ?? 0, ''];
}

/** An attribute of the page as it is told; null when it is not. */
export function say(el: Element, known: Known, name: string, assets: Assets): Said | null {
  const value = attribute(el, name);
  const [code, suffix] = codeOf(known, name);
  if (value === null || code === 0 || value.length > MAX_ATTR) return null;
  const open = known.privacy === Privacy.Open;
  if (code === Code.Readonly) return readonlyWish(el) ? [code, '', Value.Flag, 0] : null;
  if (code === Code.Editable) return value !== 'false' ? [code, '', Value.Flag, 0] : null;
  if (code <= Code.Aria) return open ? [code, suffix, Value.Attr, value] : null;
  if (code === Code.Ref) {
    if (!value.startsWith('#') || (name !== 'href' && attribute(el, 'href') !== null)) return null;
    return [code, '', Value.ID, value.slice(1)];
  }
  const def = known.def?.attrs.get(name);
  if (!def) return null;
  switch (def.value) {
    case Value.Flag:
      return [code, '', def.value, 0];
    case Value.Enum: {
      const exact = def.list.indexOf(value);
      const at = exact >= 0 ? exact : def.list.findIndex((v) => v.toLowerCase() === value.trim().toLowerCase());
      return at < 0 ? null : [code, '', def.value, at];
    }
    case Value.Asset:
      return null; // names that start with # are no attributes of the page
    case Value.Attr:
    case Value.URL:
      return open ? [code, '', def.value, value] : null;
    case Value.Decls:
      return [code, '', def.value, renameURLs(value, document.baseURI, open ? assets.rename : () => 'none')];
    default:
      return name === 'value' && !open ? null : [code, '', def.value, value];
  }
}

/** The attributes that no attribute of the page tells alone: the picture, the style sheet, whether it is switched off. */
export function saySpecial(el: Element, known: Known, name: string, assets: Assets): Said | null {
  const code = known.def?.attrs.get(name)?.code ?? 0;
  if (name === '#src') {
    const url = known.privacy === Privacy.Open ? pictureOf(el) : '';
    return url ? [code, '', Value.Asset, assets.image(url)] : null;
  }
  if (name === '#sheet') {
    const asset = assets.sheet(el);
    return asset ? [code, '', Value.Asset, asset] : null;
  }
  return isOff(el) ? [code, '', Value.Flag, 0] : null;
}

function pictureOf(el: Element): string {
  const name = localName(el);
  if (name === 'img') {
    const image = el as HTMLImageElement;
    return image.complete && image.naturalWidth > 0 ? image.currentSrc : '';
  }
  const href = name === 'input' ? inputType(el) === 'image' && attribute(el, 'src') : (attribute(el, 'href') ?? attribute(el, 'xlink:href'));
  return href ? absolute(href, document.baseURI) : '';
}

/** Whether a style sheet is there but does not apply. */
export function isOff(el: Element): boolean {
  const { sheet } = el as HTMLStyleElement;
  if (sheet) return sheet.disabled;
  return isSheetLink(el) && (attribute(el, 'disabled') !== null || /(^|\s)alternate(\s|$)/i.test(attribute(el, 'rel') ?? ''));
}

const clamp = (n: number, max: number): number => Math.min(Math.max(Math.round(n) || 0, -max), max);

/** Tells where a dialog or popover stands in the top layer, and where elements were scrolled to. */
export class Lives {
  readonly #opened = new Map<Element, number>();
  #order = 0;
  /** Elements that were scrolled; no other is asked, because asking costs a layout. */
  readonly scrolled = new WeakSet<Element>();

  /** The live states of an element, defaults included. */
  of(el: Element, known: Known): LiveState[] {
    const out: LiveState[] = [];
    const name = known.def?.name ?? '';
    const open = known.privacy === Privacy.Open;
    if (isTextField(el)) {
      const { value } = el as HTMLInputElement;
      out.push(open ? [LiveValue, value] : [LiveBullets, Math.min(value.length, 4096)]);
    } else if (name === 'input' && open) {
      this.#input(el as HTMLInputElement, out);
    } else if (name === 'option' && open) {
      out.push([LiveSelected, Number((el as HTMLOptionElement).selected)]);
    } else if (name === 'img') {
      const { naturalWidth: w, naturalHeight: h } = el as HTMLImageElement;
      if (w > 0) out.push([LiveNatural, clamp(w, MAX_SIDE), clamp(h, MAX_SIDE)]);
    } else if (name === 'html') {
      out.push([LiveScroll, clamp(scrollX, MAX_SCROLL), clamp(scrollY, MAX_SCROLL)]);
      return out;
    }
    if (isLayer(el)) out.push(this.#layer(el));
    if (this.scrolled.has(el)) out.push([LiveScroll, clamp(el.scrollLeft, MAX_SCROLL), clamp(el.scrollTop, MAX_SCROLL)]);
    return out;
  }

  #input(el: HTMLInputElement, out: LiveState[]): void {
    const { type } = el;
    if (type === 'checkbox' || type === 'radio') {
      out.push([LiveChecked, Number(el.checked)], [LiveIndeterminate, Number(el.indeterminate)]);
    } else if (!/^(hidden|file|image|password)$/.test(type)) {
      out.push([LiveValue, el.value]);
    }
  }

  #layer(el: Element): LiveState {
    const modal = matches(el, attribute(el, 'popover') === null ? ':modal' : ':modal,:popover-open');
    if (modal) {
      const order = this.#opened.get(el) ?? ++this.#order;
      this.#opened.set(el, order);
      return [LiveOpen, order];
    }
    this.#opened.delete(el);
    if (this.#opened.size === 0) this.#order = 0;
    return localName(el) === 'dialog' && attribute(el, 'open') !== null ? [LiveOpen, 0] : [LiveClosed, 0];
  }
}

/** Whether an element can be in the top layer. */
export function isLayer(el: Element): boolean {
  return localName(el) === 'dialog' || (attribute(el, 'popover') !== null && 'popover' in el);
}

/** Whether a live state says nothing beyond what a new element says. */
export function isDefault([kind, value, more]: LiveState): boolean {
  if (kind === LiveOpen) return false;
  return kind === LiveClosed || ((value === 0 || value === '') && !more);
}
