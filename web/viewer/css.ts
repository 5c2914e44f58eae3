// The viewer's own look at CSS. The server has rewritten every sheet from its tokens already; this fence needs none of
// that: it takes away whatever could name an address, and puts the addresses of approved assets in.

// url("asset:1f") is how an asset is named, url("#id") refers to the page itself. All other matches are functions that take
// an address or run something.
const loading = /url\("(?:asset:([0-9a-f]{1,14})|(#)[^"\\]{0,256})"\)|(?:url|src|image|image-set|cross-fade|element|paint|expression)\(|@(?:import|namespace|charset)/gi;
const imageSet = /^image-set\(\s*(?:url\(|(?:repeating-)?(?:linear|radial|conic)-gradient\()/i;
// An escape that stands for a letter spells a name in a way that the expression above cannot read. Nobody needs it.
// A backslash that is escaped itself begins no other escape.
const spelled = /\\(?:0{0,4}(?:4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])(?![0-9a-f])|[g-z])/i;

/**
 * CSS with the addresses of assets filled in. `find` gives the address of an asset, or null while it is not there: its
 * place then holds "none". Text that hides its meaning behind escapes gives an empty string.
 */
export function resolveCSS(text: string, find: (asset: number) => string | null): string {
  if (spelled.test(text.replaceAll('\\\\', ''))) return '';
  return text.replace(loading, (match, asset: string | undefined, fragment: string | undefined, at: number) => {
    if (asset !== undefined) {
      const url = find(Number.parseInt(asset, 16));
      return url === null ? 'none' : `url("${url}")`;
    }
    if (fragment !== undefined) return match;
    if (match.toLowerCase() === 'image-set(' && imageSet.test(text.slice(at, at + 64))) return match;
    // A function that no browser knows: the declaration is dropped.
    return 'vitrine-refused(';
  });
}

/** The assets that a text names. */
export function assetsIn(text: string): Set<number> {
  const found = new Set<number>();
  for (const [, hex] of text.matchAll(/url\("asset:([0-9a-f]{1,14})"\)/g)) found.add(Number.parseInt(hex ?? '', 16));
  return found;
}
