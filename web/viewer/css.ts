// The viewer's own look at CSS. The server has rewritten every sheet from its tokens already; this fence needs none of
// that: it takes away whatever could name an address, and puts the addresses of approved assets in.

// url("asset:1f") is how an asset is named, url("#id") refers to the page itself. All other matches are functions that take
// an address or run something.
const loading = /url\("(?:asset:([0-9a-f]{1,14})|(#)[^"\\]{0,256})"\)|(?:url|src|image|image-set|cross-fade|element|paint|expression)\(|@(?:import|namespace|charset)/gi;
const imageSet = /^image-set\(\s*(?:url\(|(?:repeating-)?(?:linear|radial|conic)-gradient\()/i;
// An escape that stands for a letter spells a name in a way that the expression above cannot read. Nobody needs it.
// A backslash that is escaped itself begins no other escape.
const spelled = /\\(?:0{0,4}(?:4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])(?![0-9a-f])|[g-z])/i;

// The candidates of an image-set(), which may hold functions in functions.
const pictures = /\bimage-set\(((?:"(?:[^"\\]|\\[^])*"|[^"()]|\((?:"[^"]*"|[^"()]|\((?:[^"()]|\([^"()]*\))*\))*\))*)\)/gi;
const candidates = /(?:"(?:[^"\\]|\\[^])*"|[^"(),]|\((?:"[^"]*"|[^"()]|\((?:[^"()]|\([^"()]*\))*\))*\))+/g;

function density(candidate: string): number {
  const [, number = '1', unit = 'x'] = /\s([\d.]+)(x|dppx|dpi|dpcm)\b/i.exec(candidate) ?? [];
  return Number.parseFloat(number) * (/dpi/i.test(unit) ? 1 / 96 : /dpcm/i.test(unit) ? 2.54 / 96 : 1);
}

/** The candidate for a scale: the least dense that is dense enough, else the densest (CSS Images 4, section 2.4). */
function choose(list: string, find: (asset: number) => string | null, scale: number): string {
  const all = (list.match(candidates) ?? []).filter((one) => /\S/.test(one));
  // What the customer's browser has not chosen, it has not loaded.
  const there = all.filter((one) => [...assetsIn(one)].every((asset) => find(asset) !== null));
  const dense = [...there].sort((a, b) => density(a) - density(b));
  return dense.find((one) => density(one) > scale - 0.001) ?? dense.at(-1) ?? list;
}

/**
 * CSS with the addresses of assets filled in. `find` gives the address of an asset, or null while it is not there: its
 * place then holds "none". Of an image-set() only what the customer's browser has chosen at
 * its scale stays. Text that hides its meaning behind escapes gives an empty string.
 */
export function resolveCSS(text: string, find: (asset: number) => string | null, scale = 1): string {
  if (spelled.test(text.replaceAll('\\\\', ''))) return '';
  const chosen = text.includes('image-set(') ? text.replace(pictures, (_, list: string) => `image-set(${choose(list, find, scale)})`) : text;
  return chosen.replace(loading, (match, asset: string | undefined, fragment: string | undefined, at: number) => {
    if (asset !== undefined) {
      const url = find(Number.parseInt(asset, 16));
      return url === null ? 'none' : `url("${url}")`;
    }
    if (fragment !== undefined) return match;
    if (match.toLowerCase() === 'image-set(' && imageSet.test(chosen.slice(at, at + 64))) return match;
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
