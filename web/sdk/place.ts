// Where things are, across the documents within the page.
import { documentOf, rectOf, viewOf } from './natives';

/** The frame that shows an element's document; null for the page itself. */
export const frameOf = (el: Element): Element | null => (documentOf(el) === document ? null : (viewOf(documentOf(el))?.frameElement ?? null));

/** Where the document of a frame begins in the window that the frame is in, and how it is scaled. */
export function originIn(frame: Element): readonly [x: number, y: number, scale: number] {
  const { left, top, width } = rectOf(frame);
  const { offsetWidth, clientLeft, clientTop } = frame as HTMLElement;
  const { paddingLeft, paddingTop } = getComputedStyle(frame);
  const scale = offsetWidth > 0 ? width / offsetWidth : 1;
  return [left + (clientLeft + parseFloat(paddingLeft)) * scale, top + (clientTop + parseFloat(paddingTop)) * scale, scale];
}

/** Where an element is in the page's own window. */
export function pageRect(el: Element): DOMRect {
  let rect = rectOf(el);
  for (let frame = frameOf(el); frame; frame = frameOf(frame)) {
    const [x, y, scale] = originIn(frame);
    rect = new DOMRect(x + rect.left * scale, y + rect.top * scale, rect.width * scale, rect.height * scale);
  }
  return rect;
}
