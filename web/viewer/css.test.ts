import { describe, expect, it } from 'vitest';
import { assetsIn, resolveCSS } from './css';

const find = (asset: number): string | null => (asset === 0x1f ? 'blob:x' : null);

describe('resolveCSS', () => {
  it.each([
    ['a{color:red}', 'a{color:red}'],
    ['a{background:#fff url("asset:1f") 0 0}', 'a{background:#fff url("blob:x") 0 0}'],
    ['a{background:#fff url("asset:2") 0 0}', 'a{background:#fff none 0 0}'],
    ['a{fill:url("#grad")}', 'a{fill:url("#grad")}'],
    ['a{background:image-set(url("asset:1f") 1x)}', 'a{background:image-set(url("blob:x") 1x)}'],
    ['a{scroll-behavior:smooth}', 'a{scroll-behavior:smooth}'],
    ['.md\\:flex{display:flex}', '.md\\:flex{display:flex}'],
    ['.w-\\[10px\\]{width:10px}', '.w-\\[10px\\]{width:10px}'],
    ['.\\31 0{width:10%}', '.\\31 0{width:10%}'],
    ['a::before{content:"C:\\\\temp"}', 'a::before{content:"C:\\\\temp"}'],
  ])('keeps %j', (from, to) => expect(resolveCSS(from, find)).toBe(to));

  it.each([
    'a{background:url(http://x/)}', 'a{background:URL("http://x/")}', 'a{background:url( \'http://x/\' )}', 'a{background:url("asset:zz")}', 'a{background:url("#x"y)}',
    '@import "http://x/";', '@IMPORT url("http://x/");', 'a{background:image-set("http://x/" 1x)}', 'a{background:-webkit-image-set("http://x/" 1x)}',
    'a{background:cross-fade("http://x/")}', 'a{background:src("http://x/")}', 'a{background:paint(x)}', '@namespace url(http://x/);',
  ])('takes the address out of %j', (css) => {
    expect(resolveCSS(css, find)).not.toMatch(/(?:^|[^-])(?:url|src|paint|cross-fade|image-set)\(|@import|@namespace/i);
  });

  it.each(['a{background:\\75rl(http://x/)}', 'a{background:u\\72 l(http://x/)}', 'a{background:\\url(http://x/)}', '@\\69mport "x"', 'a{background:\\000075rl(x)}', 'a{background:UR\\4C(x)}', 'a{b:"\\\\";c:\\url(x)}', 'a{b:x\\\\\\url(x)}'])(
    'refuses names spelled by escapes: %j', (css) => expect(resolveCSS(css, find)).toBe(''));
});

it('finds the assets that a text names', () => {
  expect([...assetsIn('a{b:url("asset:1f") url("asset:2") url("asset:1f")}')]).toEqual([31, 2]);
});
