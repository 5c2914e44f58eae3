// Style sheets as text: addresses are replaced by assets, imports are taken in.
import { baseAddress, hooks } from './natives';

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

function note(of: CSSStyleSheet | CSSRule): void {
  const sheet = 'cssText' in of ? of.parentStyleSheet : of;
  if (sheet) changed.set(sheet, changes(sheet) + 1);
  hooks.changed();
}

// The wrappers only count, and stay from load on: a sheet's text does not show that it was changed before.
export function hookSheets(view: typeof globalThis): void {
  for (const { prototype } of [view.CSSStyleSheet, view.CSSGroupingRule]) {
    const proto = prototype as unknown as Record<string, (this: CSSStyleSheet, ...args: unknown[]) => unknown>;
    for (const name of ['insertRule', 'deleteRule', 'replace', 'replaceSync']) {
      const fn = proto[name];
      if (!fn) continue;
      Reflect.set(proto, name, function (this: CSSStyleSheet, ...args: unknown[]): unknown {
        const result = fn.apply(this, args);
        note(this);
        if (name === 'replace') void (result as Promise<unknown>).then(() => note(this), () => undefined);
        return result;
      });
    }
  }
}
hookSheets(globalThis);
