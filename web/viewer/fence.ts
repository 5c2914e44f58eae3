// The fence of every frame in which a page is shown: the stage and the documents within it.

const SANDBOX = 'allow-same-origin';

/** Fences a frame before anything is in it. */
export function fence(frame: HTMLIFrameElement): void {
  frame.setAttribute('sandbox', SANDBOX);
  frame.setAttribute('allow', '');
  frame.setAttribute('referrerpolicy', 'no-referrer');
  frame.setAttribute('tabindex', '-1');
}

/** The frame is a fence only with exactly this sandbox: anything more would let a page run, navigate or open windows. */
export function checkFrame(frame: HTMLIFrameElement): void {
  if (frame.getAttribute('sandbox') !== SANDBOX || frame.hasAttribute('srcdoc')) throw new Error('the stage is not sandboxed as it must be');
}
