// How attributes of an element are told, as a part of the SDK. They are read here, so they are masked here.
import { Value } from '../wire/vocabulary';
import type { Assets } from './assets';
import { absolute, changes, renameURLs } from './css';
import { inputType, readonlyWish } from './mask';
import { quirky, saidOf, stands } from './mirror';
import { heldStyle } from './motion';
import { attribute, baseOf, compatMode, frameDocument, localName, mirrors, statesOf } from './natives';
import { Privacy } from './privacy';
import { spriteName } from './sprites';
import type { Known } from './tree';
import type { AttrDef } from './vocab';
import { AriaAttr, DataAttr, EditableAttr, ReadonlyAttr, RefAttr } from './vocab';
import { coded, isSheetLink, validSuffix } from './words';

const MAX_ATTR = 64 << 10;

/** How a page's attribute is coded on an element. */
export function codeOf(known: Known, name: string, el?: Element): AttrDef {
  if (el && mirrors.size && stands.has(el)) return coded(name);
  for (const attrs of known.def?.attrs ?? []) {
    const def = attrs.get(name);
    if (def) return def;
  }
  const prefix = name.startsWith('data-') ? DataAttr : name.startsWith('aria-') ? AriaAttr : 0;
  const suffix = name.slice(5);
  return [prefix && validSuffix(prefix, suffix) ? prefix : 0, Value.Attr, suffix, []];
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
  const held = name === 'style' && heldStyle(el);
  if (held) value = `${value ?? ''};${held}`;
  if (value === null || value.length > MAX_ATTR) return null;
  if (code === ReadonlyAttr) return readonlyWish(el) ? 1 : null;
  if (code === EditableAttr) return value === 'false' ? null : 1;
  if (plain && (code === RefAttr || /url/i.test(value))) return null;
  if (code === RefAttr) return name !== 'href' && attribute(el, 'href') !== null ? null : value[0] === '#' ? value.slice(1) : (known.def?.name === 'svg:use' && spriteName(el, value)) || null;
  if (kind === Value.Enum) {
    const list = def[3];
    const exact = list.indexOf(value);
    const at = exact < 0 ? list.findIndex((v) => v.toLowerCase() === value.trim().toLowerCase()) : exact;
    return at < 0 ? null : at;
  }
  if (kind === Value.Decls) return renameURLs(value, baseOf(el), open ? assets.rename : () => 'none');
  return open || !(kind === Value.Attr || kind === Value.URL || name === 'value') ? value : null;
}

/** The address of the picture that an element shows; empty for none. */
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
  return sheet?.disabled ?? (isSheetLink(el) && (attribute(el, 'disabled') !== null || /\balternate\b/i.test(attribute(el, 'rel') ?? '')));
}

/** Whether the document of a frame is laid out as before there were standards. */
function isQuirky(frame: Element): boolean {
  const within = frameDocument(frame as HTMLIFrameElement);
  return !!within && (quirky.has(within) || compatMode(within) === 'BackCompat');
}
