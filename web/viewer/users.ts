// Which elements of one tree show which assets. An asset often arrives after the element that shows it.
import type { Assets } from './assets';
import { assetsIn, resolveCSS } from './css';
import { type Media, answerQuery, answerSheet } from './media';
import { createElement, getAttribute, hasAttribute, removeAttribute, setAttribute, setText } from './natives';
import { placeholder } from './placeholder';
import { NAMESPACES } from '../wire/vocabulary';

const NO_SIZE = [300, 150] as const;

interface Use {
  /** Of an image: the asset and the attribute that takes its address. */
  image: { readonly asset: number; readonly attribute: string } | null;
  sheet: number;
  disabled: boolean;
  /** CSS texts by attribute, as they came. */
  readonly css: Map<string, string>;
  /** When its sheet holds, as it came. */
  media: string | null;
  /** Its natural size stands in width and height. */
  natural: boolean;
  /** The natural size of an image, where the page has said it. */
  size: readonly [width: number, height: number] | null;
  /** What is on the page now. */
  shown: string | null;
}

// Where nothing runs, browsers show what a canvas holds in place of a canvas, and a film with all its buttons. A picture as their
// content is as large as the canvas is, and every style of the page goes on to match.
function setContent(el: Element, url: string): void {
  const { style } = el as HTMLElement;
  const value = `url("${url}")`;
  if (style.getPropertyValue('content') === value) return;
  if (!url.startsWith('blob:') || style.getPropertyValue('content') === '') {
    wanted.delete(el);
    style.setProperty('content', value, 'important');
    return;
  }
  // Put in when it can be drawn at once, so that nothing flickers.
  const img = createElement(el.ownerDocument, NAMESPACES[0], 'img') as HTMLImageElement;
  wanted.set(el, url);
  setAttribute(img, 'src', url);
  void img.decode().catch(() => undefined).then(() => {
    if (wanted.get(el) === url) style.setProperty('content', value, 'important');
  });
}

const wanted = new WeakMap<Element, string>();

function unset(el: Element, attribute: string): void {
  wanted.delete(el);
  if (attribute === 'content') (el as HTMLElement).style.removeProperty(attribute);
  else removeAttribute(el, attribute);
}

/** A picture that shows nothing but has a size. */
function blank([width, height]: readonly [width: number, height: number]): string {
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"/>`)}`;
}

/** The users of assets in one tree. */
export class Users {
  private readonly uses = new Map<Element, Use>();
  private readonly waiting = new Map<number, Set<Element>>();
  private readonly missed = new Map<Element, number>();
  private readonly assets: Assets;
  private prefers: Media | null = null;

  constructor(assets: Assets) {
    this.assets = assets;
  }

  private use(el: Element): Use {
    let use = this.uses.get(el);
    if (!use) {
      use = { image: null, sheet: 0, disabled: false, css: new Map(), media: null, natural: false, size: null, shown: null };
      this.uses.set(el, use);
    }
    return use;
  }

  private depend(el: Element, asset: number): void {
    const set = this.waiting.get(asset);
    if (set) set.add(el);
    else this.waiting.set(asset, new Set([el]));
  }

  /** The element shows an image; asset 0 is none. */
  image(el: Element, asset: number, attribute: string): void {
    const use = this.use(el);
    use.image = asset === 0 ? null : { asset, attribute };
    if (asset === 0) unset(el, attribute);
    else this.depend(el, asset);
    this.refresh(el, use);
  }

  /** The natural size of an image whose bytes are not there yet, so that the page keeps its layout. */
  natural(el: Element, width: number, height: number): void {
    const use = this.use(el);
    use.size = width > 0 && height > 0 ? [width, height] : null;
    if (use.image?.attribute === 'content') this.refresh(el, use);
    if (el.localName === 'canvas') return;
    const shown = use.image?.attribute === 'src' && this.assets.url(use.image.asset) !== null;
    if (!shown && !hasAttribute(el, 'width') && !hasAttribute(el, 'height')) {
      setAttribute(el, 'width', String(width));
      setAttribute(el, 'height', String(height));
      use.natural = true;
    }
    this.stand(el, use);
  }

  // An image that will not come has a placeholder of its size. What is no img element has its size from elsewhere.
  private stand(el: Element, use: Use): void {
    const { image } = use;
    const reason = image && this.assets.missing(image.asset);
    const size = use.size ?? (image?.attribute === 'src' ? null : NO_SIZE);
    const url = reason === null || !size ? null : placeholder(reason, size[0], size[1]);
    if (!image || reason === null || url === null) {
      if (!this.missed.delete(el)) return;
      removeAttribute(el, 'vitrine-missing');
      if (image && this.assets.url(image.asset) === null) unset(el, image.attribute);
      return;
    }
    if (this.missed.get(el) === reason && getAttribute(el, image.attribute) === url) return;
    this.missed.set(el, reason);
    setAttribute(el, 'vitrine-missing', String(reason));
    if (image.attribute === 'content') setContent(el, url);
    else setAttribute(el, image.attribute, url);
  }

  /** How many style sheets are not shown. */
  sheetless(): number {
    let count = 0;
    for (const { sheet, disabled } of this.uses.values()) if (sheet !== 0 && !disabled && this.assets.missing(sheet) !== null) count++;
    return count;
  }

  /** How many images are not shown, by GoneReason. */
  missing(): Map<number, number> {
    const counts = new Map<number, number>();
    for (const reason of this.missed.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    return counts;
  }

  /** The page's own width and height take the place of the natural ones. */
  sized(el: Element): void {
    const use = this.uses.get(el);
    if (!use?.natural) return;
    use.natural = false;
    removeAttribute(el, 'width');
    removeAttribute(el, 'height');
  }

  /** The style element shows a sheet; asset 0 is none. */
  sheet(el: Element, asset: number): void {
    const use = this.use(el);
    use.sheet = asset;
    if (asset !== 0) this.depend(el, asset);
    this.refresh(el, use);
  }

  /** Switches the sheet of a style element off or on. */
  disable(el: Element, disabled: boolean): void {
    const use = this.use(el);
    use.disabled = disabled;
    this.refresh(el, use);
  }

  /** Sets an attribute whose value is CSS, or removes it. */
  css(el: Element, attribute: string, text: string | null): void {
    if (text === null) {
      this.uses.get(el)?.css.delete(attribute);
      removeAttribute(el, attribute);
      return;
    }
    const assets = assetsIn(text);
    if (assets.size > 0 || text.includes('color-scheme')) this.use(el).css.set(attribute, text);
    else this.uses.get(el)?.css.delete(attribute);
    for (const asset of assets) this.depend(el, asset);
    setAttribute(el, attribute, this.resolve(text));
    const use = this.uses.get(el);
    if (use?.image?.attribute === 'content') this.refresh(el, use); // it was part of the style
  }

  /** Says when the sheet of a style element holds; null is always. */
  media(el: Element, query: string | null): void {
    this.use(el).media = query;
    if (query === null) removeAttribute(el, 'media');
    else setAttribute(el, 'media', answerQuery(query, this.prefers));
  }

  /** Takes the customer's screen and wishes. */
  prefer(change: Partial<Media>): void {
    const before = JSON.stringify(this.prefers);
    this.prefers = { bits: 0, width: 0, height: 0, scale: 1, ...this.prefers, ...change };
    if (JSON.stringify(this.prefers) === before) return; // every change of a window's size comes here
    for (const [el, use] of this.uses) {
      if (use.media !== null) setAttribute(el, 'media', answerQuery(use.media, this.prefers));
      if (use.sheet !== 0 || use.css.size > 0) this.refresh(el, use);
    }
  }

  private resolve(text: string): string {
    return answerSheet(resolveCSS(text, (asset) => this.assets.url(asset), this.prefers?.scale), this.prefers);
  }

  private refresh(el: Element, use: Use): void {
    if (use.image) {
      const url = this.assets.url(use.image.asset);
      if (use.image.attribute === 'content') setContent(el, url ?? blank(use.size ?? NO_SIZE));
      else if (url !== null) {
        if (use.image.attribute === 'src') this.sized(el);
        if (getAttribute(el, use.image.attribute) !== url) setAttribute(el, use.image.attribute, url);
      }
    }
    this.stand(el, use);
    for (const [attribute, text] of use.css) setAttribute(el, attribute, this.resolve(text));
    const raw = use.sheet === 0 || use.disabled ? '' : this.assets.sheet(use.sheet);
    if (raw === null || (raw === '' && use.shown === null)) return;
    for (const asset of assetsIn(raw)) this.depend(el, asset);
    const text = this.resolve(raw);
    if (text !== use.shown) setText(el, text);
    use.shown = text;
  }

  /** Assets arrived, or are known not to come. Returns whether anything of this tree shows one of them. */
  changed(assets: Iterable<number>): boolean {
    const stale = new Map<Element, Use>();
    for (const asset of assets) {
      const set = this.waiting.get(asset);
      for (const el of set ?? []) {
        const use = this.uses.get(el);
        if (use) stale.set(el, use);
        else set?.delete(el);
      }
    }
    for (const [el, use] of stale) this.refresh(el, use);
    return stale.size > 0;
  }

  /** Whether a sheet of this tree is still to come. */
  unstyled(): boolean {
    for (const use of this.uses.values()) {
      if (use.sheet !== 0 && !use.disabled && this.assets.pending(use.sheet)) return true;
    }
    return false;
  }

  /** Whether the sheet of a style element is still to come. */
  awaits(el: Element): boolean {
    const use = this.uses.get(el);
    return use !== undefined && use.sheet !== 0 && !use.disabled && use.shown === null && this.assets.pending(use.sheet);
  }

  /** Other elements are in the places of those that are known. */
  inherit(of: (el: Element) => Element): void {
    const uses = [...this.uses];
    const missed = [...this.missed];
    this.uses.clear();
    this.missed.clear();
    for (const [el, use] of uses) this.uses.set(of(el), use);
    for (const [el, reason] of missed) this.missed.set(of(el), reason);
    for (const [asset, set] of this.waiting) this.waiting.set(asset, new Set([...set].map(of)));
  }

  /** The element is gone. */
  forget(el: Element): void {
    this.uses.delete(el);
    this.missed.delete(el);
  }

  /** Forgets everything. */
  wipe(): void {
    this.uses.clear();
    this.waiting.clear();
    this.missed.clear();
  }
}
