// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

// What jsdom lacks of the browser's style sheets; the hooks wrap it.
Object.assign(globalThis, { CSSGroupingRule: function () {} });
const { absolute, renameURLs } = await import('./css');
const { flatten } = await import('./sheets');

const base = 'https://shop.example/a/b.css';
const rename = (css: string): string => renameURLs(css, base, (url, font) => `<${font ? 'font ' : ''}${url}>`);

describe('addresses in sheets', () => {
  it.each([
    ['a{background:url(x.png)}', 'a{background:<https://shop.example/a/x.png>}'],
    ['a{background:url( "x y.png" )}', 'a{background:<https://shop.example/a/x%20y.png>}'],
    ["a{background:URL('../x.png')}", 'a{background:<https://shop.example/x.png>}'],
    ['a{background:url("x\\".png")}', 'a{background:<https://shop.example/a/x%22.png>}'],
    ['a{fill:url(#grad)}', 'a{fill:url(#grad)}'],
    ['a{b:url()}', 'a{b:url()}'],
    ['a{content:"url(x.png)"}', 'a{content:"url(x.png)"}'],
    ['/* url(x.png) */', '/* url(x.png) */'],
    ['@font-face{src:url(f.woff2)}a{b:url(x.png)}', '@font-face{src:<font https://shop.example/a/f.woff2>}a{b:<https://shop.example/a/x.png>}'],
    ['a{b:url(data:image/png;base64,AA==)}', 'a{b:<data:image/png;base64,AA==>}'],
  ])('%s', (css, out) => {
    expect(rename(css)).toBe(out);
  });

  it('leaves what is no address out', () => {
    expect(absolute('https://[', base)).toBe('');
  });
});

describe('imports', () => {
  it('are left alone in comments', async () => {
    await expect(flatten('/* @import "x.css"; */a{}', base, () => '')).resolves.toBe('/* @import "x.css"; */a{}');
  });

  it('that cannot be read leave nothing behind', async () => {
    await expect(flatten('@import url(blob:nothing) print;a{color:red}', base, () => '')).resolves.toBe('@media print{}a{color:red}');
  });
});
