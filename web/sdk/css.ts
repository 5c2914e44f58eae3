// Style sheets as text: addresses are replaced by assets, imports are taken in.
import { hooks, request } from './natives';

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
export function absolute(url: string, base = document.baseURI): string {
  try {
    return new URL(url, base).href;
  } catch {
    return '';
  }
}

const imports = /\/\*[^]*?\*\/|@import\s+(?:url\(\s*)?["']?([^"'\s)]+)["']?\s*\)?([^;]*);?/gi;

/** The text of a sheet at an address with its imports taken in; '' when the page may not read it. */
export async function fetchSheet(url: string, rename: Rename, credentials: RequestCredentials, depth = 0): Promise<string> {
  const answer = await request(url, { cache: 'force-cache', credentials });
  return answer.ok ? flatten(await answer.text(), url, rename, depth) : '';
}

/** CSS with its imports taken in, under the conditions that they were imported with, and its addresses renamed. */
export async function flatten(css: string, base: string, rename: Rename, depth = 0): Promise<string> {
  let out = '';
  let at = 0;
  for (const [all, url, condition, index] of Array.from(css.matchAll(imports), (m) => [m[0], m[1], m[2], m.index] as const)) {
    if (!url) continue; // a comment
    out += renameURLs(css.slice(at, index), base, rename);
    at = index + all.length;
    if (depth < 4) out += under(condition ?? '', await fetchSheet(absolute(url, base), rename, 'same-origin', depth + 1).catch(() => ''));
  }
  return out + renameURLs(css.slice(at), base, rename);
}

/** Puts an imported sheet under its layer and its media query. One with a feature query is left out. */
function under(condition: string, css: string): string {
  const [, layer, name, media] = /^\s*(layer(?:\((.*?)\))?)?\s*(.*)$/s.exec(condition) ?? [];
  if (media?.startsWith('supports')) return '';
  const queried = media ? `@media ${media}{${css}}` : css;
  return layer ? `@layer ${name ?? ''}{${queried}}` : queried;
}

/** A sheet's text as its rules say it now; imported sheets are taken in where the page may read them. */
export function rulesText(sheet: CSSStyleSheet | null): string {
  try {
    return Array.from(sheet?.cssRules ?? [], (rule) =>
      rule instanceof CSSImportRule ? under(rule.media.mediaText, rulesText(rule.styleSheet)) : rule.cssText,
    ).join('\n');
  } catch {
    return ''; // of another origin, without CORS
  }
}

const changed = new WeakMap<CSSStyleSheet, number>();

/** How often a sheet was changed by scripts; 0 for one that is still what its text says. */
export const changes = (sheet: CSSStyleSheet): number => changed.get(sheet) ?? 0;

function note(of: CSSStyleSheet | CSSRule): void {
  const sheet = of instanceof CSSRule ? of.parentStyleSheet : of;
  if (sheet) changed.set(sheet, changes(sheet) + 1);
  hooks.changed();
}

// The wrappers only count, and stay from load on: a sheet's text does not show that it was changed before.
for (const { prototype } of [CSSStyleSheet, CSSGroupingRule]) {
  const proto = prototype as unknown as Record<string, (this: CSSStyleSheet, ...args: unknown[]) => unknown>;
  for (const name of ['insertRule', 'deleteRule', 'replace', 'replaceSync']) {
    const fn = proto[name];
    if (!fn) continue;
    Reflect.set(proto, name, function (this: CSSStyleSheet, ...args: unknown[]): unknown {
      const result = fn.apply(this, args);
      note(this);
      if (result instanceof Promise) result.then(() => note(this), () => undefined);
      return result;
    });
  }
}
