// Types of /sdk/vitrine-frame.js (global VitrineFrame) and of the module vitrine-frame.mjs.

export interface FrameOptions {
  /** The exact origins of the pages that may share this document, such as https://shop.example. They get to see what it shows. */
  readonly parents: readonly string[];
  /** CSS selectors of elements whose text and values are shown as bullets, besides what the page around it masks. */
  readonly mask?: readonly string[];
}

/** Lets pages of the listed origins share this document while they show it in a frame. Called again, the new list counts. */
export function share(options: FrameOptions): void;
