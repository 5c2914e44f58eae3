// The stage: the sandboxed frame that holds the replica, and the layer above it that takes every click and key.
import { rootOf } from './natives';
import { makeStageSheet } from './stagecss';
import { texts } from './texts';

const SANDBOX = 'allow-same-origin';

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
  /** Calls back whenever the stage has a new, empty document: at the start, and when the old one was replaced. */
  readonly onDocument: (fn: () => void) => void;
  /** Empties the page, for good. */
  clear(): void;
}

function box(container: HTMLElement, name: string): HTMLElement {
  const el = container.ownerDocument.createElement('div');
  el.className = name;
  const { style } = el;
  style.position = 'absolute';
  style.left = '0';
  style.top = '0';
  container.append(el);
  return el;
}

function makeFrame(parent: HTMLElement): HTMLIFrameElement {
  const frame = parent.ownerDocument.createElement('iframe');
  frame.setAttribute('sandbox', SANDBOX);
  frame.setAttribute('allow', '');
  frame.setAttribute('referrerpolicy', 'no-referrer');
  frame.setAttribute('title', texts.page);
  frame.setAttribute('tabindex', '-1');
  frame.inert = true;
  const { style } = frame;
  style.border = '0';
  style.display = 'block';
  style.background = '#fff';
  style.colorScheme = 'light';
  style.pointerEvents = 'none';
  return frame;
}

/** The frame is a fence only with exactly this sandbox: anything more would let a page run, navigate or open windows. */
export function checkFrame(frame: HTMLIFrameElement): void {
  if (frame.getAttribute('sandbox') !== SANDBOX || frame.hasAttribute('srcdoc')) throw new Error('the stage is not sandboxed as it must be');
}

/** Makes the stage inside the container and loads its empty document from the server. */
export function makeStage(container: HTMLElement, server: string): Stage {
  container.replaceChildren();
  const root = box(container, 'vitrine-root');
  root.style.width = root.style.height = '100%';
  root.style.overflow = 'hidden';
  if (getComputedStyle(container).position === 'static') container.style.position = 'relative';
  const plane = box(root, 'vitrine-plane');
  plane.style.transformOrigin = '0 0';
  const frame = makeFrame(plane);
  const overlay = box(plane, 'vitrine-overlay');
  let width = 1280;
  let height = 720;
  let scale = 1;
  let ours: Document | null = null;
  const listeners: (() => void)[] = [];
  const layout = (): void => {
    const { clientWidth, clientHeight } = root;
    scale = Math.min(1, clientWidth / width || 1, clientHeight / height || 1);
    for (const { style } of [frame, overlay]) {
      style.width = `${width}px`;
      style.height = `${height}px`;
    }
    const x = Math.max(0, (clientWidth - width * scale) / 2);
    const y = Math.max(0, (clientHeight - height * scale) / 2);
    plane.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
  };
  const observer = new ResizeObserver(layout);
  observer.observe(root);
  frame.addEventListener('load', () => {
    checkFrame(frame);
    ours = frame.contentDocument;
    if (ours && ours.URL !== new URL('/stage', server).href) ours = null;
    if (!ours) return;
    ours.adoptedStyleSheets = [makeStageSheet(ours)];
    for (const fn of listeners) fn();
  });
  checkFrame(frame);
  frame.src = new URL('/stage', server).href;
  plane.prepend(frame);
  layout();
  return {
    frame, overlay, root,
    scale: () => scale,
    get width() { return width; },
    get height() { return height; },
    document: () => (ours !== null && frame.contentDocument === ours ? ours : null),
    resize(w, h) {
      width = Math.max(1, Math.min(w, 16384));
      height = Math.max(1, Math.min(h, 16384));
      layout();
    },
    show(visible) { frame.style.visibility = visible ? 'visible' : 'hidden'; },
    onDocument(fn) {
      listeners.push(fn);
      if (ours) fn();
    },
    clear() {
      listeners.length = 0;
      observer.disconnect();
      const html = ours && rootOf(ours);
      html?.remove();
      if (ours) ours.adoptedStyleSheets = [];
      frame.style.visibility = 'hidden';
      overlay.remove();
    },
  };
}
