// Style sheets as text: addresses are replaced by assets, imports are taken in.
import { baseAddress, hooks, later } from './natives';

/** Gives the text that stands for an address. */
export type Rename = (url: string, font: boolean) => string;

const pieces = /\/\*[^]*?\*\/|@font-face\s*\{|\}|url\(\s*(?:(["'])((?:\\?[^])*?)\1|([^"')\s]*))\s*\)|(["'])(?:\\?[^])*?\4/gi;

/** CSS with every url() renamed. Strings and comments stay as they are; references within the document do, too. */
export function renameURLs(css: string, base: string, rename: Rename): string {
  let font = false;
  return css.replace(pieces, (all: string, _quote: string, quoted?: string, bare?: string) => {
    const url = (quoted ?? bare)?.replace(/\\([^])/g, '$1');
    if (all === '}' || all[0] === '@') font = all !== '}';
    return url && url[0] !== '#' ? rename(absolute(url, base), font) : all;
  });
}

/** A full address, or '' for what is none. */
export function absolute(url: string, base = baseAddress()): string {
  try {
    return new URL(url, base).href;
  } catch {
    return '';
  }
}

const changed = new WeakMap<CSSStyleSheet, number>();

/** How often a sheet was changed by scripts; 0 for one that is still what its text says. */
export const changes = (sheet: CSSStyleSheet): number => changed.get(sheet) ?? 0;

const numbers = new WeakMap<CSSStyleSheet, number>();
let lastNumber = 0;

/** What a sheet is, for comparisons. */
export function stateOf(sheet: CSSStyleSheet): string {
  const number = numbers.get(sheet) ?? ++lastNumber;
  numbers.set(sheet, number);
  return [number, changes(sheet), sheet.disabled].join();
}

let turn = 0;
let blind = false; // a page that froze its prototypes

/** Another number than before when a list of adopted sheets, or one of them, may be another one. */
export const sheetsTurn = (): number => (blind ? ++turn : turn);

function note(of: CSSStyleSheet | CSSRule | undefined): void {
  const sheet = of && 'cssText' in of ? of.parentStyleSheet : of;
  if (sheet) changed.set(sheet, changes(sheet) + 1);
  turn++;
  hooks.changed();
}

// Declarations and lists that a script has got hold of may change without a trace: they are compared with what they were.
const held = new Set<WeakRef<CSSRule>>();
const texts = new WeakMap<CSSRule, string>();
const fresh = new Set<CSSRule>();
const owners = new WeakMap<object, CSSStyleSheet | CSSRule>();
const MAX_HELD = 2000;
const SWEEP = 1000; // milliseconds

function compare(rule: CSSRule): void {
  const { cssText } = rule;
  if (texts.get(rule) !== cssText) note(rule);
  texts.set(rule, cssText);
}

/** Looks for changes of rules that scripts got hold of just now, or ever. */
export function compareRules(all: boolean): void {
  for (const rule of fresh) compare(rule);
  fresh.clear();
  if (!all) return;
  for (const ref of held) {
    const rule = ref.deref();
    if (rule) compare(rule);
    else held.delete(ref);
  }
}

let lent = false; // a list of adopted sheets

/** Looks again after a while, where scripts have got hold of something that they can change without a trace; else it is 0. */
export function sweep(then: () => void): number {
  return lent || held.size > 0 ? later(() => {
    compareRules(true);
    if (lent) turn++;
    then();
  }, SWEEP) : 0;
}

function hold(rule: CSSRule): void {
  hooks.changed();
  if (held.size > MAX_HELD) note(rule);
  if (fresh.has(rule)) return;
  fresh.add(rule);
  if (texts.has(rule)) return;
  texts.set(rule, rule.cssText);
  held.add(new WeakRef(rule));
}

type Then = (of: never, result: never, args: never) => void;

/** Has something done behind each of these methods and setters, or behind getters. */
function hook(on: { readonly prototype: object } | undefined, names: string, then: Then, get = false): void {
  for (const name of on ? names.split(' ') : []) {
    const proto = on?.prototype as object;
    const was = Object.getOwnPropertyDescriptor(proto, name);
    const key = get ? 'get' : was?.set ? 'set' : 'value';
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its object below
    const fn = was?.[key] as ((...args: unknown[]) => unknown) | undefined;
    if (fn && !was?.configurable) blind = true;
    if (!was?.configurable || !fn) continue;
    const ours = function (this: unknown, ...args: unknown[]): unknown {
      const result = fn.apply(this, args);
      then(this as never, result as never, args as never);
      return result;
    };
    Object.defineProperty(proto, name, { ...was, [key]: ours });
  }
}

const edited = (of: CSSStyleSheet | CSSRule, result: unknown): void => {
  note(of);
  const later = result as Promise<unknown> | undefined; // of replace(), in any window
  if (typeof later === 'object' && 'then' in later) later.then(() => note(of), () => undefined);
};
const owned = (of: CSSStyleSheet | CSSRule, list: object): void => void owners.set(list, of);
const lists = (): void => {
  lent = true;
  turn++;
  hooks.changed();
};

/** What scripts have registered and made in a window. Nothing else tells it later. */
export interface Made {
  readonly properties: PropertyDefinition[];
  readonly sources: WeakMap<FontFace, string | Uint8Array<ArrayBuffer>>;
  faces: readonly FontFace[]; // in use
  turn: number;
}

export const made = new WeakMap<Document, Made>();

/** Keeps what registerProperty() and new FontFace() are given. */
function hookMade(view: typeof globalThis): void {
  if (!Reflect.has(view, 'FontFace') || !Reflect.has(view, 'CSS')) return; // no browser that shows anything
  const mine: Made = { properties: [], sources: new WeakMap(), faces: [], turn: 0 };
  made.set(view.document, mine);
  const news = (): void => {
    mine.turn++;
    note(undefined);
  };
  hook({ prototype: view.CSS }, 'registerProperty', (_, __, [property]: readonly [PropertyDefinition]) => {
    mine.properties.push({ ...property });
    news();
  });
  Reflect.set(view, 'FontFace', new Proxy(view.FontFace, {
    construct(target, args: ConstructorParameters<typeof FontFace>, self) {
      const face = Reflect.construct(target, args, self) as FontFace;
      const [, source] = args;
      // Bytes are copied: the page may go on to use its own.
      const { buffer = source as ArrayBuffer, byteOffset, byteLength } = source as Partial<ArrayBufferView<ArrayBuffer>>;
      mine.sources.set(face, typeof source === 'string' ? source : new Uint8Array(buffer, byteOffset, byteLength).slice());
      return face;
    },
  }));
  hook(view.FontFaceSet, 'add delete clear', (set: FontFaceSet) => {
    mine.faces = Array.from(set);
    news();
  });
}

// The wrappers only count, and stay from load on: a sheet's text does not show that it was changed before.
export function hookSheets(view: typeof globalThis): void {
  hookMade(view);
  hook(view.CSSStyleSheet, 'insertRule deleteRule replace replaceSync addRule removeRule', edited);
  hook(view.CSSGroupingRule, 'insertRule deleteRule', edited);
  hook(view.CSSKeyframesRule, 'appendRule deleteRule name', edited);
  hook(view.CSSStyleRule, 'selectorText insertRule deleteRule', edited);
  hook(view.CSSKeyframeRule, 'keyText', edited);
  hook(view.StyleSheet, 'disabled', () => note(undefined));
  hook(view.MediaList, 'mediaText appendMedium deleteMedium', (list: MediaList) => note(owners.get(list)));
  for (const type of [view.StyleSheet, view.CSSMediaRule, view.CSSImportRule]) hook(type, 'media', owned, true);
  for (const type of [view.CSSStyleRule, view.CSSKeyframeRule, view.CSSFontFaceRule, view.CSSPageRule]) hook(type, 'style styleMap', hold, true);
  for (const type of [view.Document, view.ShadowRoot]) {
    hook(type, 'adoptedStyleSheets', lists);
    hook(type, 'adoptedStyleSheets', lists, true);
  }
}
hookSheets(globalThis);
