// Style sheets to try: real ones, those of the shared corpora, and made ones.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(__dirname, '../../..');
const modules = join(root, 'web/node_modules');
const corpora = join(root, '../shared/corpora');

/** The sheets of the packages that are installed, of the demonstration shop, and of the console. */
const files: readonly string[] = [
  'bootstrap/dist/css/bootstrap.css', 'bootstrap/dist/css/bootstrap.rtl.min.css', 'bootstrap/dist/css/bootstrap-utilities.css', 'bulma/css/bulma.css',
  '@picocss/pico/css/pico.css', '@picocss/pico/css/pico.classless.jade.min.css', 'animate.css/animate.css',
  'github-markdown-css/github-markdown.css', 'rrweb/dist/style.css', 'jsdom/lib/jsdom/browser/default-stylesheet.css',
  ...readdirSync(join(modules, 'playwright-core/lib/vite'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.css'))
    .map((name) => `playwright-core/lib/vite/${name}`),
  '../demo/shop.css', '../console/console.css', '../../test/e2e/pages/dashboard.css', '../../test/e2e/pages/strict.css',
];

/** What the SDK does: every address becomes an asset. */
export function withAssets(css: string): string {
  return css.replaceAll(/url\(\s*(?:"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|[^)"']*)\s*\)/gi, 'url("asset:1f")');
}

interface Tailwind {
  compile(css: string, options: { loadStylesheet(id: string, base: string): Promise<{ path: string; base: string; content: string }> }): Promise<{ build(names: string[]): string }>;
}

/** What a page of Tailwind uses: everything in Tailwind's own list of names that needs no value, and some of each kind with one. */
async function tailwind(): Promise<string> {
  const { compile } = (await import(join(modules, 'tailwindcss/dist/lib.mjs'))) as Tailwind;
  const { build } = await compile('@import "tailwindcss";', {
    loadStylesheet: (id, base) => {
      const path = id === 'tailwindcss' ? join(modules, 'tailwindcss/index.css') : join(base, id);
      return Promise.resolve({ path, base: dirname(path), content: readFileSync(path, 'utf8') });
    },
  });
  const plain = ['flex', 'inline-grid', 'hidden', 'container', 'sr-only', 'truncate', 'underline', 'uppercase', 'antialiased', 'italic', 'grow', 'shrink-0', 'inset-0', 'z-50', 'order-2', 'col-span-3',
    'row-start-2', 'm-4', '-mt-2', 'mx-auto', 'p-2.5', 'space-x-4', 'divide-y', 'gap-x-3', 'w-1/2', 'h-screen', 'min-h-dvh', 'size-6', 'max-w-prose', 'aspect-video', 'object-cover', 'rounded-lg', 'rounded-t-full',
    'border', 'border-b-2', 'border-dashed', 'outline-2', 'ring-2', 'ring-offset-2', 'shadow-xl', 'inset-shadow-sm', 'text-shadow-lg', 'opacity-50', 'mix-blend-multiply', 'bg-blue-500', 'bg-black/50',
    'bg-linear-to-r', 'from-sky-400', 'via-white', 'to-pink-600/40', 'bg-conic', 'bg-radial', 'bg-cover', 'bg-clip-text', 'text-sm', 'text-lg/7', 'font-bold', 'tracking-tight', 'leading-none', 'list-disc',
    'align-middle', 'whitespace-pre-wrap', 'text-balance', 'break-words', 'hyphens-auto', 'blur-sm', 'backdrop-blur-md', 'grayscale', 'drop-shadow-lg', 'transition', 'transition-colors', 'duration-300',
    'ease-in-out', 'delay-75', 'animate-spin', 'animate-pulse', 'animate-bounce', 'scale-105', 'rotate-45', '-translate-x-1/2', 'translate-z-4', 'skew-x-3', 'perspective-dramatic', 'transform-3d', 'origin-top-left',
    'cursor-pointer', 'cursor-none', 'resize-y', 'select-none', 'snap-x', 'snap-mandatory', 'scroll-mt-4', 'touch-pan-x', 'will-change-transform', 'accent-pink-500', 'appearance-none', 'field-sizing-content',
    'caret-red-500', 'fill-current', 'stroke-2', 'mask-linear-45', 'mask-t-from-50%', 'columns-3', 'break-inside-avoid', 'isolate', 'overflow-x-auto', 'overscroll-contain', 'sticky', 'top-1/2', 'start-4', 'float-end',
    'tabular-nums', 'line-clamp-3', 'indent-4', 'decoration-wavy', 'underline-offset-4', 'content-none', 'grid-cols-3', 'grid-cols-[1fr_auto]', 'auto-rows-fr', 'place-items-center', 'justify-between', 'items-baseline',
    'bg-[#50d71e]', 'w-[calc(100%-2rem)]', 'bg-[url(/a.png)]', 'before:content-["*"]', '[mask-type:luminance]', 'text-(--brand)', 'scheme-dark', 'wrap-anywhere', 'inert:opacity-50', 'forced-color-adjust-none'];
  const states = ['hover', 'focus', 'focus-visible', 'focus-within', 'active', 'target', 'visited', 'disabled', 'checked', 'first', 'last', 'odd', 'even', 'nth-3', 'empty', 'required', 'invalid', 'user-invalid', 'placeholder-shown',
    'autofill', 'open', 'group-hover', 'peer-checked', 'has-[:checked]', 'group-has-[a]', 'not-hover', 'in-focus', 'before', 'after', 'placeholder', 'file', 'marker', 'selection', 'backdrop', 'first-letter', 'details-content',
    'sm', 'md', 'max-lg', '2xl', '@md', '@max-sm', 'min-[475px]', 'dark', 'motion-reduce', 'contrast-more', 'portrait', 'print', 'pointer-coarse', 'noscript', 'supports-[display:grid]', 'starting', 'aria-checked',
    'aria-[sort=ascending]', 'data-[size=large]', 'rtl', '*', '**', '[&_p]', '[&.is-dragging]', '[@media(width>40rem)]'];
  return build([...plain, ...states.flatMap((state) => ['flex', 'bg-red-500', 'p-4', 'opacity-0'].map((name) => `${state}:${name}`)), 'group-hover:peer-focus:md:dark:underline', '@container', 'group', 'peer']);
}

/** Real sheets by name. */
export async function realSheets(): Promise<Map<string, string>> {
  const sheets = new Map<string, string>();
  for (const name of files) sheets.set(name, withAssets(readFileSync(join(modules, name), 'utf8')));
  sheets.set('tailwind', withAssets(await tailwind()));
  return sheets;
}

/** Whether the shared corpora are there. */
export const haveCorpora = existsSync(corpora);

/** The lines of one corpus. */
function corpus<T>(name: string): T[] {
  return readFileSync(join(corpora, name), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as T);
}

/** The texts of the corpora that are CSS, or may be taken for it, by id. */
export function cssCorpora(): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { id, css } of corpus<{ id: string; css: string | { css_bytes: string } }>('css-parsing-tests.jsonl')) {
    texts.set(id, typeof css === 'string' ? css : css.css_bytes);
  }
  for (const { id, css, value } of corpus<{ id: string; css?: string; value?: string }>('csstree-tokenize.jsonl')) texts.set(id, css ?? value ?? '');
  for (const { id, text } of corpus<{ id: string; text: string }>('blns.jsonl')) texts.set(id, text);
  return texts;
}

/** Numbers that look random and are the same every time. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

/** The HTML of the corpora by id. */
export function htmlCorpora(): Map<string, string> {
  const files = ['dompurify-expect', 'h5sc', 'closure-html-test-vectors', 'payloadbox-xss', 'html5lib-tree-construction'];
  return new Map(files.flatMap((name) => corpus<{ id: string; html: string }>(`${name}.jsonl`).map(({ id, html }) => [id, html] as const)));
}

// What hostile sheets are made of. TO is replaced by the address of a server that nobody may reach.
const shards = [
  'url(TO/a)', 'url("TO/b")', "url('TO/c'", 'u\\72 l(TO/d)', '\\75rl("TO/e")', 'URL( TO/f )', 'url(asset:1f)', 'url("#id")', 'url(TO/g\\)', 'image-set("TO/h" 1x)', '-webkit-image-set(url(TO/i) 2x, "TO/j" 1x)', 'src("TO/k")',
  'src(var(--u))', 'image("TO/l")', 'cross-fade(url(TO/m), url(TO/n), 50%)', 'attr(title url)', 'attr(title type(<url>))', 'var(--u)', 'var(--x,url(TO/o))', 'env(x,url(TO/p))', 'if(style(--a): url(TO/q); else: none)', 'paint(x)',
  'expression(alert(1))', '-webkit-cross-fade(url(TO/r),url(TO/s),.5)', '@import "TO/t";', '@import url(TO/u) layer(x);', '@im\\70ort url(TO/v);', '@namespace url(TO/w);', '@charset "x";', '@font-face{font-family:f;src:url(TO/x)}',
  '@font-face{font-family:g;src:local(x),url("TO/y")format("woff")}', '@page{background:url(TO/z)}', '@supports (background:url(TO/1)){', '@media screen{', '@media not (x){', '@layer a{', '@layer a,b;', '@container (width>1px){',
  '@scope (.a) to (.b){', '@starting-style{', '@keyframes k{from{background:url(TO/2)}to{top:0}}', '@property --p{syntax:"<url>";inherits:true;initial-value:url(TO/3)}', '@counter-style c{system:cyclic;symbols:url(TO/4) "x"}',
  '@view-transition{navigation:auto}', '@function --f(){result:url(TO/5)}', '@position-try --t{inset:0}', '@font-palette-values --x{}', '@document url(TO/6){', 'a', 'p', '*', '.a', '#id', '[title]', '[value^="a"]', ':hover', ':focus-visible',
  ':is(a,:target)', ':not(:active)', ':has(> b:hover)', '::before', '::slotted(a:hover)', ':nth-child(2n+1 of .a)', ':host(:focus)', '&', '>', '+', '~', ' ', ',', '|', '||', '{', '}', '{', '}', '(', ')', '[', ']', ';', ';', ':', ':', '!',
  '!important', '"', "'", '\\', '\n', '/*', '*/', '/**/', '<!--', '-->', '</style>', '\0', '\f', '\r\n', '\ufeff', '\u00e9', '\u2713', '\\', '\\0', '\\{', '\\"', '\\\n', '\\31 ', 'background', 'background-image', 'color', 'content', 'cursor',
  'filter', 'mask', 'list-style-image', 'border-image', '-webkit-mask-box-image', 'shape-outside', 'clip-path', 'offset-path', 'behavior', '-moz-binding', '--u', '--x', '--', 'src', 'font', 'width', 'red', 'none', '1px', '1e3', '+1', '-1', '.5%',
  '#fff', '#1', 'U+26', 'unicode-range:U+1-2', 'calc(1px + 2px)', 'calc((((', 'linear-gradient(red,blue)', 'a{color:red}', 'p{background:url(TO/7)}', '*{--u:url(TO/8);background:var(--u)}', 'p::before{content:url(TO/9)}',
  'a{cursor:url(TO/0),auto}', 'p{x:y}', 'a{b:hover{top:0}}', 'p{&:hover{left:0}@media print{top:0}color:red}', '@', '-', '--a(', 'progid:x',
];

/** A hostile sheet. */
export function hostile(seed: number, to: string): string {
  const next = random(seed);
  let css = '';
  for (let i = next(40) + 2; i > 0; i--) css += (shards[next(shards.length)] ?? '') + (next(4) === 0 ? ' ' : '');
  return css.replaceAll('TO', to);
}

/** A real sheet with hostile pieces in it. */
export function wounded(seed: number, sheet: string, to: string): string {
  const next = random(seed);
  const start = next(Math.max(1, sheet.length - 3000));
  let css = sheet.slice(start, start + 3000);
  for (let i = next(6) + 1; i > 0; i--) {
    const at = next(css.length);
    css = css.slice(0, at) + (shards[next(shards.length)] ?? '').replaceAll('TO', to) + css.slice(at + next(3));
  }
  return css;
}
