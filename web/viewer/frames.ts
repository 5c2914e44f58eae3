// Documents within the page. The viewer makes their frames itself: empty, fenced like the stage, without an address that comes
// from the page. What they hold is built by the stage's own document and put in when the frame has its document, again
// whenever a browser has emptied it because it was moved.
import { checkFrame, fence, guard } from './fence';
import { appendChild, createElement, documentOf, getAttribute, hasAttribute, isConnected, parentOf, rectOf, removeChild, replaceChild, rootOf, setAttribute } from './natives';
import { makeStageSheet } from './stagecss';
import { NAMESPACES } from '../wire/vocabulary';

const MAX_LOADS = 32; // of one frame: it is loaded anew whenever it moves

interface Held {
  html: Element | null;
  /** The document that has the viewer's own styles. */
  dressed: Document | null;
  loads: number;
}

/** The frames of one tree. */
export class Frames {
  private readonly held = new Map<Element, Held>();
  private readonly mounted: () => void;

  /** `mounted` is called when a document was put into its frame after the batch that brought it. */
  constructor(mounted: () => void) {
    this.mounted = mounted;
  }

  /** Makes the frame of a document. */
  make(doc: Document): Element {
    const frame = createElement(doc, NAMESPACES[0], 'iframe') as HTMLIFrameElement;
    fence(frame);
    this.held.set(frame, { html: null, dressed: null, loads: 0 });
    frame.addEventListener('load', () => {
      const held = this.held.get(frame);
      if (!held) return;
      held.loads++;
      if (this.mount(frame, held)) {
        this.settle();
        this.mounted();
      }
    });
    return frame;
  }

  /** The root element that a frame holds; null for none, and for what is no frame. */
  inside(frame: Node): Element | null {
    return this.held.get(frame as Element)?.html ?? null;
  }

  /** Puts a root element into a frame. */
  hold(frame: Node, html: Node): void {
    const held = this.held.get(frame as Element);
    if (held) held.html = html as Element;
  }

  /** A root element leaves its frame. */
  release(frame: Node): void {
    const held = this.held.get(frame as Element);
    const parent = held?.html && parentOf(held.html);
    if (held?.html && parent) removeChild(parent, held.html);
    if (held) held.html = null;
  }

  /** The frame is gone. */
  forget(frame: Element): void {
    this.held.delete(frame);
  }

  /** Forgets the frames that are of no use any more. */
  prune(used: (frame: Element) => boolean): void {
    for (const frame of this.held.keys()) {
      if (!used(frame)) this.held.delete(frame);
    }
  }

  /** Puts documents into their frames. Outer ones come first: they were made first. */
  settle(): void {
    for (const [frame, held] of this.held) this.mount(frame as HTMLIFrameElement, held);
  }

  private mount(frame: HTMLIFrameElement, held: Held): boolean {
    if (!isConnected(frame)) return false;
    // A browser's own empty document is laid out as before there were standards; for others, the server has one.
    const address = hasAttribute(frame, 'vitrine-quirks') ? 'about:blank' : `/stage?${levels(frame)}`;
    if (getAttribute(frame, 'src') !== address) setAttribute(frame, 'src', address);
    checkFrame(frame);
    const doc = documentOf(frame);
    if (!doc || held.loads > MAX_LOADS || doc.URL.replace(/#.*/, '') !== new URL(address, location.href).href) return false;
    if (held.dressed !== doc) {
      guard(doc);
      doc.adoptedStyleSheets = [makeStageSheet(doc)];
      held.dressed = doc;
    }
    const root = rootOf(doc) as Element | null;
    if (root === held.html || !held.html) return false;
    if (root) replaceChild(doc, held.html, root);
    else appendChild(doc, held.html);
    return true;
  }
}

// Browsers do not load an address in a frame within a frame of the same address, so each level has its own.
function levels(frame: Element): number {
  let n = 0;
  for (let view = frame.ownerDocument.defaultView; view && view.parent !== view; view = view.parent as Window & typeof globalThis) n++;
  return n;
}

/** Where a frame's document begins in the viewport that the frame is in, and how it is scaled. */
export function originOf(frame: Element): { readonly x: number; readonly y: number; readonly scale: number } {
  const rect = rectOf(frame);
  const { offsetWidth, clientLeft, clientTop } = frame as HTMLIFrameElement;
  const style = (frame as HTMLIFrameElement).ownerDocument.defaultView?.getComputedStyle(frame);
  const scale = offsetWidth > 0 && rect.width > 0 ? rect.width / offsetWidth : 1;
  const pad = (value: string | undefined): number => Number.parseFloat(value ?? '') || 0;
  return { x: rect.left + (clientLeft + pad(style?.paddingLeft)) * scale, y: rect.top + (clientTop + pad(style?.paddingTop)) * scale, scale };
}
