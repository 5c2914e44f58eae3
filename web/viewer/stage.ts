// The stage: the sandboxed frame that holds the replica, and the layer above it that takes every click and key.
import { Card, box } from './card';
import { checkFrame, fence } from './fence';
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
  show(visible: boolean): void;
  /** Stops drawing the page, which costs nothing then, until the agent wants it back; `again` is told. */
  rest(again: () => void): void;
  /** Whether drawing was stopped. */
  readonly resting: boolean;
  /** Calls back whenever the stage has a new, empty document: at the start, and when the old one was replaced. */
  readonly onDocument: (fn: () => void) => void;
  /** Empties the page, for good. */
  clear(): void;
}

function makeFrame(parent: HTMLElement): HTMLIFrameElement {
  const frame = parent.ownerDocument.createElement('iframe');
  fence(frame);
  frame.setAttribute('title', texts.page);
  frame.inert = true;
  const { style } = frame;
  style.border = '0';
  style.display = 'block';
  style.background = '#fff';
  style.colorScheme = 'light';
  style.pointerEvents = 'none';
  return frame;
}

/** Keeps frame and overlay at the size of the customer's viewport, scaled to fit into the root. */
class Plane {
  readonly el: HTMLElement;
  width = 1280;
  height = 720;
  scale = 1;
  private readonly root: HTMLElement;
  private readonly observer = new ResizeObserver(() => this.layout());

  constructor(root: HTMLElement) {
    this.root = root;
    this.el = box(root, 'vitrine-plane');
    this.el.style.transformOrigin = '0 0';
    this.observer.observe(root);
  }

  resize(width: number, height: number): void {
    this.width = Math.max(1, Math.min(width, 16384));
    this.height = Math.max(1, Math.min(height, 16384));
    this.layout();
  }

  private layout(): void {
    const { clientWidth, clientHeight } = this.root;
    this.scale = Math.min(1, clientWidth / this.width || 1, clientHeight / this.height || 1);
    for (const child of this.el.children) {
      const { style } = child as HTMLElement;
      style.width = `${this.width}px`;
      style.height = `${this.height}px`;
    }
    const x = Math.max(0, (clientWidth - this.width * this.scale) / 2);
    const y = Math.max(0, (clientHeight - this.height * this.scale) / 2);
    this.el.style.transform = `translate(${x}px, ${y}px) scale(${this.scale})`;
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

/** Makes the stage inside the container and loads its empty document from the server. */
export function makeStage(container: HTMLElement, server: string): Stage {
  container.replaceChildren();
  const root = makeRoot(container);
  const plane = new Plane(root);
  const frame = makeFrame(plane.el);
  const overlay = box(plane.el, 'vitrine-overlay');
  const card = new Card(root);
  const address = new URL('/stage', server).href;
  let ours: Document | null = null;
  let reloads = 0;
  const listeners: (() => void)[] = [];
  frame.addEventListener('load', () => {
    checkFrame(frame);
    ours = frame.contentDocument?.URL === address ? frame.contentDocument : null;
    if (!ours) {
      // Something took the stage's place, or the server did not answer: the stage is loaded anew, a few times.
      if (reloads++ < MAX_RELOADS) frame.src = address;
      return;
    }
    ours.adoptedStyleSheets = [makeStageSheet(ours)];
    for (const fn of listeners) fn();
  });
  checkFrame(frame);
  frame.src = address;
  plane.el.prepend(frame);
  plane.resize(plane.width, plane.height);
  return {
    frame, overlay, root,
    scale: () => plane.scale,
    get width() { return plane.width; },
    get height() { return plane.height; },
    document: () => (ours !== null && frame.contentDocument === ours ? ours : null),
    resize: (width, height) => plane.resize(width, height),
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
      listeners.push(fn);
      if (ours) fn();
    },
    clear() {
      listeners.length = 0;
      plane.stop();
      card.close();
      const html = ours && (rootOf(ours) as Element | null);
      if (ours && html) removeChild(ours, html);
      if (ours) ours.adoptedStyleSheets = [];
      frame.style.visibility = 'hidden';
      overlay.remove();
    },
  };
}
