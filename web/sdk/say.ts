// How live states of an element are told. They are read here, so they are masked here.
import {
  LiveBullets, LiveChecked, LiveClosed, LiveIndeterminate, LiveNatural, LiveOpen, LiveScroll, LiveSelected, LiveUndefined,
  LiveValue,
} from '../wire/frames';
import { isTextField } from './mask';
import { livesOf, stands } from './mirror';
import { attribute, documentOf, listen, localName, matches, mirrors, viewOf } from './natives';
import { Privacy } from './privacy';
import type { Known } from './tree';
import { Custom } from './vocab';

const MAX_SIDE = 16384;
const MAX_SCROLL = 1 << 24;

/** A live state as it is told. */
export type LiveState = readonly [kind: number, value: string | number, more?: number];

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
