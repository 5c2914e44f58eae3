// The text of style sheets as assets tell it: read again from the browser's cache, imports taken in.
import { absolute, renameURLs } from './css';
import type { Rename } from './css';
import { request } from './natives';

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

function importedText({ layerName, media, styleSheet }: CSSImportRule): string {
  const layer = typeof layerName === 'string' ? `layer${layerName && `(${layerName})`} ` : '';
  const text = renameURLs(rulesText(styleSheet), styleSheet?.href ?? '', (url) => `url("${url}")`);
  return under(layer + media.mediaText, text); // one whose feature query does not hold has no rules
}

/** A sheet's text as its rules say it now; imported sheets are taken in where the page may read them, with full addresses. */
export function rulesText(sheet: CSSStyleSheet | null): string {
  try {
    return Array.from(sheet?.cssRules ?? [], (rule) => ('styleSheet' in rule ? importedText(rule as CSSImportRule) : rule.cssText)).join('\n');
  } catch {
    return ''; // of another origin, without CORS
  }
}
