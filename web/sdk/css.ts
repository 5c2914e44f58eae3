// Style sheets as text: addresses are replaced by assets, imports are taken in.
import { request } from './natives';

/** Gives the text that stands for an address: url("asset:…"), or '' to leave it out. */
export type Rename = (url: string, font: boolean) => string;

const pieces =
  /\/\*[^]*?\*\/|@font-face\s*\{|\}|url\(\s*(?:"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|([^"')\s]*))\s*\)|"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'/gi;

/** CSS with every url() renamed. Strings and comments stay as they are; references within the document do, too. */
export function renameURLs(css: string, base: string, rename: Rename): string {
  if (!/url\(/i.test(css)) return css;
  let font = false;
  return css.replace(pieces, (all: string, a?: string, b?: string, c?: string) => {
    const url = (a ?? b ?? c)?.replace(/\\([^])/g, '$1');
    if (url === undefined) {
      if (all === '}') font = false;
      else if (all.startsWith('@')) font = true;
      return all;
    }
    if (url === '' || url.startsWith('#')) return all;
    const full = absolute(url, base);
    return full ? rename(full, font) : 'url("")';
  });
}

/** A full address, or '' for what is none. */
export function absolute(url: string, base: string): string {
  try {
    return new URL(url, base).href;
  } catch {
    return '';
  }
}

const imports = /\/\*[^]*?\*\/|@import\s+(?:url\(\s*)?(?:"([^"]*)"|'([^']*)'|([^"'\s)]+))\s*\)?([^;]*);?/gi;
const MAX_DEPTH = 4;

/** The text of a sheet at an address with its imports taken in; throws when the page may not read it. */
export async function fetchSheet(url: string, rename: Rename, credentials: RequestCredentials, depth = 0): Promise<string> {
  const answer = await request(url, { cache: 'force-cache', credentials });
  if (!answer.ok) throw new Error('missing');
  return flatten(await answer.text(), url, rename, depth);
}

/** CSS with its imports taken in, under the conditions that they were imported with, and its addresses renamed. */
export async function flatten(css: string, base: string, rename: Rename, depth = 0): Promise<string> {
  let out = '';
  let at = 0;
  for (const m of css.matchAll(imports)) {
    if (m[0].startsWith('/')) continue;
    out += renameURLs(css.slice(at, m.index), base, rename);
    at = m.index + m[0].length;
    const url = absolute(m[1] ?? m[2] ?? m[3] ?? '', base);
    if (url && depth < MAX_DEPTH) {
      const inner = await fetchSheet(url, rename, 'same-origin', depth + 1).catch(() => '');
      out += under((m[4] ?? '').trim(), inner);
    }
  }
  return out + renameURLs(css.slice(at), base, rename);
}

/** Puts an imported sheet under its layer, its feature query and its media query. */
function under(condition: string, css: string): string {
  const m = /^(layer(?:\(([^)]*)\))?\s*)?(?:supports\(((?:[^()]|\([^()]*\))*)\)\s*)?(.*)$/is.exec(condition);
  let out = css;
  if (m?.[4]) out = `@media ${m[4]}{${out}}`;
  if (m?.[3]) out = `@supports (${m[3]}){${out}}`;
  if (m?.[1]) out = `@layer ${m[2] ?? ''}{${out}}`;
  return out;
}

/** A sheet's text as its rules say it now; imported sheets are taken in where the page may read them. */
export function rulesText(sheet: CSSStyleSheet): string {
  return Array.from(sheet.cssRules, (rule) => {
    if (!(rule instanceof CSSImportRule)) return rule.cssText;
    try {
      return rule.styleSheet ? under(rule.media.mediaText, rulesText(rule.styleSheet)) : '';
    } catch {
      return ''; // of another origin, without CORS
    }
  }).join('\n');
}

const changed = new WeakMap<CSSStyleSheet, number>();

/** How often a sheet was changed by scripts; 0 for one that is still what its text says. */
export function changes(sheet: CSSStyleSheet): number {
  return changed.get(sheet) ?? 0;
}

/** Is told when a script changes a sheet. */
export const sheetHook: { changed: () => void } = { changed: () => undefined };

function note(sheet: CSSStyleSheet | null): void {
  if (!sheet) return;
  changed.set(sheet, changes(sheet) + 1);
  sheetHook.changed();
}

/** Wraps functions that change sheets. The wrappers only count, and stay from load on: text alone does not show a change. */
function watch<T extends object>(proto: T, names: readonly (keyof T & string)[], sheetOf: (of: T) => CSSStyleSheet | null): void {
  for (const name of names) {
    const fn = proto[name] as (this: T, ...args: unknown[]) => unknown;
    proto[name] = function (this: T, ...args: unknown[]): unknown {
      const result = fn.apply(this, args);
      note(sheetOf(this));
      if (result instanceof Promise) result.then(() => note(sheetOf(this)), () => undefined);
      return result;
    } as T[typeof name];
  }
}

watch(CSSStyleSheet.prototype, ['insertRule', 'deleteRule', 'replace', 'replaceSync'], (sheet) => sheet);
watch(CSSGroupingRule.prototype, ['insertRule', 'deleteRule'], (rule) => rule.parentStyleSheet);
