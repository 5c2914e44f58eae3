// Parts of the SDK that come when a session needs them, so that pages on which nobody asks for help load less.
import type { Canvases } from './canvas';
import type { Guests } from './guests';
import type * as Input from './input';
import { absolute, changes, made, renameURLs, sheetsTurn } from './css';
import { inputType, isField, isTextField, readonlyWish } from './mask';
import { quirky, ringed, saidOf, stands } from './mirror';
import {
  above, aborted, addShadow, attribute, baseAddress, baseOf, bodyElement, compatMode, connected, create, createSVG, documentOf, documentSheets, elementsAt, findAll, firstChild, focused, focusIn,
  frameDocument, fullscreen, headElement, hooks, isElement, later, listen, localName, matches, mirrors, named, namespaceOf, nextSibling, nodeType, ours, put, rectOf, removeNode, request, rootElement, setter, shadowOf, statedBy, statesOf, textOf, titleOf, viewOf,
} from './natives';
import type * as More from './more';
import { scrolled } from './say';
import { SignalError, call, reach } from './signal';

/** What each part gives. */
export interface Parts {
  readonly session: typeof More;
  readonly canvas: { readonly Canvases: typeof Canvases };
  readonly control: Pick<typeof Input, 'dispatch' | 'locate'>;
  readonly frames: { readonly Guests: typeof Guests };
}

/** What parts share with the core: functions that were taken from the page when the SDK loaded, and what is known of it. */
const lent: Readonly<Record<string, unknown>> = {
  './natives': {
    above, aborted, addShadow, attribute, baseAddress, baseOf, bodyElement, compatMode, connected, create, createSVG, documentOf, documentSheets, elementsAt, findAll, firstChild, focused, focusIn,
    frameDocument, fullscreen, headElement, hooks, isElement, later, listen, localName, matches, mirrors, named, namespaceOf, nextSibling, nodeType, ours, put, rectOf, removeNode, request, rootElement, setter, shadowOf, statedBy, statesOf, textOf, titleOf, viewOf,
  },
  './css': { absolute, changes, made, renameURLs, sheetsTurn },
  './signal': { SignalError, call, reach },
  './mirror': { quirky, ringed, saidOf, stands },
  './say': { scrolled },
  './mask': { inputType, isField, isTextField, readonlyWish },
};

// Parts lie beside the script. import.meta is for the ES module; a classic script has none.
const here = (document.currentScript as Partial<HTMLScriptElement> | null)?.src ?? import.meta.url;

const loaded = new Map<string, Promise<unknown>>();

async function load(name: string): Promise<unknown> {
  const url = new URL(`vitrine-${name}.mjs`, here).href;
  try {
    const { default: make } = (await import(url)) as { readonly default: (lend: (module: string) => unknown) => unknown };
    return make((module) => lent[module]);
  } catch (cause) {
    loaded.delete(name);
    throw new Error(`Vitrine cannot load ${url}: let script-src of the page's Content-Security-Policy allow it`, { cause });
  }
}

/** Loads a part, once. */
export function part<K extends keyof Parts>(name: K): Promise<Parts[K]> {
  const known = loaded.get(name) ?? load(name);
  loaded.set(name, known);
  return known as Promise<Parts[K]>;
}
