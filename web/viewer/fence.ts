// The fence of every frame in which a page is shown: the stage and the documents within it.

import { isElement, matches } from './natives';

const SANDBOX = 'allow-same-origin';

/** Fences a frame before anything is in it. */
export function fence(frame: HTMLIFrameElement): void {
  frame.setAttribute('sandbox', SANDBOX);
  frame.setAttribute('allow', '');
  frame.setAttribute('referrerpolicy', 'no-referrer');
  frame.setAttribute('tabindex', '-1');
}

// What would change a page that is only looked at. The overlay takes what pointers do; the rest comes from screen readers and
// from the browser's own search, which may put the focus into the page. Nothing of it may make the picture another.
const acts = ['click', 'auxclick', 'dblclick', 'submit', 'reset', 'beforeinput', 'paste', 'cut', 'dragstart', 'drop'];
const steps = new Set(['Tab', 'Escape', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End', 'F6']);

/** Lets a document of the stage be read, found in and copied from, and nothing else. */
export function guard(doc: Document): void {
  const stop = (event: Event): void => {
    event.preventDefault();
    event.stopPropagation();
  };
  for (const name of acts) doc.addEventListener(name, stop, { capture: true });
  doc.addEventListener('keydown', (event) => {
    const field = isElement(event.target as Node | null) && matches(event.target as Element, 'input, select, textarea, summary, [contenteditable]');
    if (!event.ctrlKey && !event.metaKey && !event.altKey && (field ? event.key !== 'Tab' && event.key !== 'F6' : !steps.has(event.key))) stop(event);
  }, { capture: true });
}

/** The frame is a fence only with exactly this sandbox: anything more would let a page run, navigate or open windows. */
export function checkFrame(frame: HTMLIFrameElement): void {
  if (frame.getAttribute('sandbox') !== SANDBOX || frame.hasAttribute('srcdoc')) throw new Error('the stage is not sandboxed as it must be');
}
