// What the hard cases are written with. A row is a page; a check changes it, reads it, and says what page and stage must both answer.
import { inflateSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import type { Agent, Customer } from '../support/people';
import type { Site } from '../support/web';

/** A document as a check reads it: the customer's page, or the stage. */
export interface See {
  readonly doc: Document;
  readonly view: Window & typeof globalThis;
  readonly stage: boolean;
  /** The element that a selector finds; " >>> " looks into a shadow root, a closed one included. A frame's document is entered by it, too. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as the DOM's own querySelector
  q<E extends Element = HTMLElement>(selector: string): E;
  /** Like q, but without one it answers null. */
  find(selector: string): HTMLElement | null;
  css(selector: string, property: string, pseudo?: string): string;
  box(selector: string): number[];
}

/** Those who take part. */
export interface Cast {
  readonly customer: Customer;
  readonly agent: Agent;
  readonly site: Site;
  /** The owner's other origin. */
  readonly other: Site;
  readonly row: Row;
}

/** One thing that must be the same on both sides. */
export interface Check {
  readonly what: string;
  /** Runs in the customer's page. The first check of a row has none: it reads what was there before the capture began. */
  readonly change?: (see: See) => unknown;
  /** What a person does instead. */
  readonly act?: (cast: Cast) => Promise<void>;
  /** Runs on both sides. */
  readonly read?: (see: See) => unknown;
  /** Reads the colour in the middle of an element, or so many pixels from its corner. */
  readonly pixel?: readonly [selector: string, x?: number, y?: number];
  /** Asks outside of the browsers. */
  readonly ask?: (cast: Cast) => Promise<unknown>;
  readonly want: unknown;
  /** What Chromium has and another browser of customers may lack, by the name that MDN gives it, and whether it is there. */
  readonly needs?: readonly [name: string, has: (see: See) => boolean];
  /** The page itself answers something else: that it is private, or that it is another page's. */
  readonly only?: 'stage';
}

/** One hard case. */
export interface Row {
  /** `case01_moves`, `also_quirks`. */
  readonly name: string;
  readonly doctype?: string;
  readonly head?: string;
  readonly body: string;
  /** Files of the row, by path; {other} in them is the owner's other origin. */
  readonly files?: Readonly<Record<string, string>>;
  /** Files of the other origin. Under /cors/ they may be read by every page. */
  readonly foreign?: Readonly<Record<string, string>>;
  readonly checks: readonly Check[];
}

function makeSee(stage: boolean): See {
  const doc = stage ? document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument : document;
  if (!doc?.defaultView) throw new Error('there is no stage');
  const view = doc.defaultView;
  const inside = (element: Element): ParentNode | null => {
    if (/^iframe$/i.test(element.localName)) return (element as HTMLIFrameElement).contentDocument;
    return element.shadowRoot ?? window.probe.closed.find(({ host }) => host === element) ?? null;
  };
  const find = (selector: string): HTMLElement | null => {
    let at: ParentNode | null = doc;
    let found: Element | null = null;
    for (const part of selector.split(' >>> ')) {
      if (found) at = inside(found);
      found = (at as Document | null)?.querySelector(part) ?? null;
      if (!found) return null;
    }
    return found as HTMLElement;
  };
  const q = (selector: string): never => {
    const found = find(selector);
    if (!found) throw new Error(`there is no ${selector}`);
    return found as never;
  };
  return {
    doc, view, stage, find, q,
    css: (selector, property, pseudo) => view.getComputedStyle(q(selector), pseudo).getPropertyValue(property),
    box: (selector) => {
      const { left, top, width, height } = (q(selector) as Element).getBoundingClientRect();
      return [left, top, width, height].map(Math.round);
    },
  };
}

/** Runs a function of a check in one of the two pages. Its text travels, not what it closes over. */
export async function run(page: Page, stage: boolean, fn: (see: See) => unknown): Promise<unknown> {
  return page.evaluate(`(${String(fn)})((${String(makeSee)})(${String(stage)}))`);
}

/** The colour of a place in a window, as "r,g,b". */
export async function colourAt(page: Page, x: number, y: number): Promise<string> {
  const png = await page.screenshot({ clip: { x, y, width: 1, height: 1 }, caret: 'initial' });
  const data: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  // The first pixel of a picture is what it is under every filter (PNG, section 9).
  return [...inflateSync(Buffer.concat(data)).subarray(1, 4)].join();
}

/** The colour of an element in the page or in the stage. */
export async function colour({ page }: Customer | Agent, stage: boolean, [selector, x, y]: readonly [string, number?, number?]): Promise<string> {
  const [left = 0, top = 0, width = 0, height = 0] = await page.evaluate<number[]>(`((see) => see.box(${JSON.stringify(selector)}))((${String(makeSee)})(${String(stage)}))`);
  const at = { x: left + (x ?? width / 2), y: top + (y ?? height / 2) };
  if (stage) {
    const frame = await page.locator('iframe[sandbox]').boundingBox();
    const own = await page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.offsetWidth ?? 1);
    const scale = (frame?.width ?? 1) / own;
    at.x = (frame?.x ?? 0) + at.x * scale;
    at.y = (frame?.y ?? 0) + at.y * scale;
  }
  return colourAt(page, Math.floor(at.x), Math.floor(at.y));
}

/** The page of a row. */
export function html({ name, doctype = '<!doctype html>', head = '', body }: Row): string {
  return `${doctype}
<html lang="en">
<head>
<meta charset="utf-8">
<title>${name}</title>
<script src="page.js"></script>
<style>body { font: 16px/20px sans-serif; margin: 8px } .box { width: 40px; height: 40px }</style>
${head}
</head>
<body>
<button type="button" id="help" onclick="help()">Get help</button>
${body}
</body>
</html>`;
}
