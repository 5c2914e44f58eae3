// The stage: the sandboxed frame that holds the replica, and the layer above it that takes every click and key.
import { Card, box } from './card';
import { checkFrame, fence, guard } from './fence';
import type { Zoom } from './index';
import { removeChild, rootOf } from './natives';
import { makeStageSheet } from './stagecss';
import { texts } from './texts';

const MAX_RELOADS = 5;

/** The frame and what lies around it. */
export interface Stage {
  readonly frame: HTMLIFrameElement;
  /** Lies above the frame in the customer's own pixels; swallows what a person does. */
  readonly overlay: HTMLElement;
  /** Everything that the viewer draws. */
  readonly root: HTMLElement;
  /** Factor from the customer's pixels to the agent's. */
  scale(): number;
  /** The customer's viewport. */
  readonly width: number;
  readonly height: number;
  /** The document to build in; null while there is none of ours. */
  document(): Document | null;
  resize(width: number, height: number): void;
  /** How large the page is drawn. */
  zoom: Zoom;
  /** Scrolls within what is larger than the window. Returns whether there was room. */
  pan(dx: number, dy: number): boolean;
  /** Shows pages in a document that is laid out as before there were standards (HTML, section 13.2.6.4.1), or in one that is not. */
  quirks(on: boolean): void;
  show(visible: boolean): void;
  /** Stops drawing the page, which costs nothing then, until the agent wants it back; `again` is told. */
  rest(again: () => void): void;
  /** Whether drawing was stopped. */
  readonly resting: boolean;
  /** Calls back whenever the stage has a new, empty document: at the start, and when the old one was replaced. */
  readonly onDocument: (fn: () => void) => void;
  /** Calls back whenever the page may be drawn in another size. */
  readonly onResize: (fn: () => void) => void;
  /** Empties the page, for good. */
  clear(): void;
}

function makeFrame(parent: HTMLElement): HTMLIFrameElement {
  const frame = parent.ownerDocument.createElement('iframe');
  fence(frame);
  frame.setAttribute('title', texts.page);
  const { style } = frame;
  style.border = '0';
  style.display = 'block';
  style.background = '#fff';
  style.colorScheme = 'light';
  style.pointerEvents = 'none';
  return frame;
}

/** Keeps frame and overlay at the size of the customer's viewport, scaled as the agent wants it. */
class Plane {
  readonly el: HTMLElement;
  width = 1280;
  height = 720;
  scale = 1;
  zoom: Zoom = 'fit';
  private readonly root: HTMLElement;
  private readonly laid: () => void;
  private readonly observer = new ResizeObserver(() => this.layout());

  /** `laid` is told whenever the size may have changed. */
  constructor(root: HTMLElement, laid: () => void) {
    this.root = root;
    this.laid = laid;
    this.el = box(root, 'vitrine-plane');
    this.el.style.transformOrigin = '0 0';
    this.observer.observe(root);
  }

  resize(width: number, height: number): void {
    this.width = Math.max(1, Math.min(width, 16384));
    this.height = Math.max(1, Math.min(height, 16384));
    this.layout();
  }

  /** Scrolls within what is larger than the window. Returns whether there was room. */
  pan(dx: number, dy: number): boolean {
    if (this.zoom === 'fit') return false;
    const { scrollLeft, scrollTop } = this.root;
    this.root.scrollBy({ left: dx, top: dy, behavior: 'instant' });
    return this.root.scrollLeft !== scrollLeft || this.root.scrollTop !== scrollTop;
  }

  layout(): void {
    const { clientWidth, clientHeight } = this.root;
    const fit = this.zoom === 'fit';
    // What is in the middle stays there.
    const [x0, y0] = [(this.root.scrollLeft + clientWidth / 2) / this.scale, (this.root.scrollTop + clientHeight / 2) / this.scale];
    this.root.style.overflow = fit ? 'hidden' : 'auto';
    this.scale = fit ? Math.min(1, clientWidth / this.width || 1, clientHeight / this.height || 1) : this.zoom as number;
    for (const child of this.el.children) {
      const { style } = child as HTMLElement;
      style.width = `${this.width}px`;
      style.height = `${this.height}px`;
    }
    const x = Math.max(0, (clientWidth - this.width * this.scale) / 2);
    const y = Math.max(0, (clientHeight - this.height * this.scale) / 2);
    this.el.style.transform = `translate(${x}px, ${y}px) scale(${this.scale})`;
    this.root.scrollTo({ left: fit ? 0 : x0 * this.scale - clientWidth / 2, top: fit ? 0 : y0 * this.scale - clientHeight / 2, behavior: 'instant' });
    this.laid();
  }

  stop(): void {
    this.observer.disconnect();
  }
}

function makeRoot(container: HTMLElement): HTMLElement {
  const root = box(container, 'vitrine-root');
  root.style.width = root.style.height = '100%';
  root.style.overflow = 'hidden';
  if (getComputedStyle(container).position === 'static') container.style.position = 'relative';
  return root;
}

/** The documents of the stage, one after the other. */
class Documents {
  readonly listeners: (() => void)[] = [];
  private ours: Document | null = null;
  private address = '';
  private reloads = 0;
  private readonly frame: HTMLIFrameElement;
  private readonly server: string;

  constructor(frame: HTMLIFrameElement, server: string) {
    this.frame = frame;
    this.server = server;
    frame.addEventListener('load', () => this.loaded());
  }

  /** The document to build in; null while there is none of ours. */
  get current(): Document | null {
    return this.ours !== null && this.frame.contentDocument === this.ours ? this.ours : null;
  }

  /** Loads another of the server's empty documents. */
  open(path: string): void {
    const address = new URL(path, this.server).href;
    if (address === this.address) return;
    this.address = address;
    this.ours = null;
    this.reloads = 0;
    checkFrame(this.frame);
    this.frame.src = address;
  }

  private loaded(): void {
    const { frame, address } = this;
    checkFrame(frame);
    this.ours = frame.contentDocument?.URL === address ? frame.contentDocument : null;
    if (!this.ours) {
      // Something took the stage's place, or the server did not answer: the stage is loaded anew, a few times.
      if (this.reloads++ < MAX_RELOADS) frame.src = address;
      return;
    }
    guard(this.ours);
    this.ours.adoptedStyleSheets = [makeStageSheet(this.ours)];
    for (const fn of this.listeners) fn();
  }

  /** Empties the document, for good. */
  clear(): void {
    this.listeners.length = 0;
    const html = this.ours && (rootOf(this.ours) as Element | null);
    if (this.ours && html) removeChild(this.ours, html);
    if (this.ours) this.ours.adoptedStyleSheets = [];
  }
}

/** Makes the stage inside the container and loads its empty document from the server. */
export function makeStage(container: HTMLElement, server: string): Stage {
  container.replaceChildren();
  const root = makeRoot(container);
  const scroller = box(root, 'vitrine-scroller');
  scroller.style.inset = '0';
  const resized: (() => void)[] = [];
  const plane = new Plane(scroller, () => { for (const fn of resized) fn(); });
  const frame = makeFrame(plane.el);
  const overlay = box(plane.el, 'vitrine-overlay');
  const card = new Card(root);
  const documents = new Documents(frame, server);
  documents.open('/stage');
  plane.el.prepend(frame);
  plane.resize(plane.width, plane.height);
  return {
    frame, overlay, root,
    scale: () => plane.scale,
    get width() { return plane.width; },
    get height() { return plane.height; },
    get zoom() { return plane.zoom; },
    set zoom(to) {
      plane.zoom = to;
      plane.layout();
    },
    pan: (dx, dy) => plane.pan(dx, dy),
    onResize: (fn) => { resized.push(fn); },
    document: () => documents.current,
    resize: (width, height) => plane.resize(width, height),
    quirks: (on) => documents.open(on ? '/stage/quirks' : '/stage'),
    show(visible) { frame.style.visibility = visible ? 'visible' : 'hidden'; },
    rest(again) {
      frame.style.display = 'none';
      card.open(() => {
        card.close();
        frame.style.display = 'block';
        again();
      });
    },
    get resting() { return card.el !== null; },
    onDocument(fn) {
      documents.listeners.push(fn);
      if (documents.current) fn();
    },
    clear() {
      plane.stop();
      card.close();
      documents.clear();
      frame.style.visibility = 'hidden';
      overlay.remove();
    },
  };
}
