// What was seen besides the numbered cases.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Check, Row, See } from './kit';

const font = readFileSync(join(__dirname, '../../../web/node_modules/@fortawesome/fontawesome-free/webfonts/fa-regular-400.woff2')).toString('base64');
const fontsOf = ({ doc }: See): string[] => [...doc.fonts].map(({ family, status }) => `${family.replaceAll('"', '')} ${status}`).sort();

const row = (name: string, body: string, checks: readonly Check[], more: Partial<Row> = {}): Row => ({ name: `also_${name}`, body, checks, ...more });

/** The rows of this file. */
export const rows: readonly Row[] = [
  row('quirks', '<div id="outer" style="height:100px"><div id="inner" style="height:50%;width:20px"></div></div><table id="t"><tr><td>x</td></tr></table>', [
    { what: 'no doctype', read: ({ doc }) => doc.compatMode, want: 'BackCompat' },
    {
      what: 'and its layout',
      change: ({ q }) => {
        q('#outer').style.height = '';
        q('#inner').className = 'BOX';
      },
      read: ({ box }) => [0, 2, 3].map((i) => box('#inner')[i]), // how tall the button above is, fonts decide
      want: [8, 20, 392],
    },
  ], { doctype: '' }),
  row('texts', '<p id="p">a</p>', [
    {
      what: 'adjacent texts, and an empty one, stay apart',
      change: ({ q, doc }) => { q('#p').append(doc.createTextNode('b'), doc.createTextNode(''), doc.createTextNode('c')); },
      read: ({ q }) => [...q('#p').childNodes].map((n) => n.nodeValue),
      want: ['a', 'b', '', 'c'],
    },
  ]),
  row('attributes', '<p id="p" @click="x" :class="y" [prop]="z" #ref data-ok="1">attributes</p>', [
    { what: 'names that scripts cannot write', read: ({ q }) => [q('#p').dataset['ok'], q('#p').textContent], want: ['1', 'attributes'] },
  ]),
  row('noscript', '<noscript><p id="no">no script</p></noscript><template id="t"><p id="tp">template</p></template><p id="p">p</p>', [
    { what: 'what is not shown', read: ({ q, find }) => [q('#p').textContent, find('#no'), find('#tp')], want: ['p', null, null] },
  ]),
  row('custom', `<my-el id="e">custom</my-el><my-late id="l">late</my-late><button is="my-button" id="b">built in</button>
    <style>my-el:defined { color: rgb(1, 1, 1) } my-late:not(:defined) { color: rgb(2, 2, 2) } my-el:state(on) { font-weight: 700 } button:defined { color: rgb(3, 3, 3) }</style>
    <script>customElements.define('my-el', class extends HTMLElement { constructor() { super(); this.in_ = this.attachInternals(); } });
    customElements.define('my-button', class extends HTMLButtonElement {}, { extends: 'button' });</script>`, [
    { what: 'defined and not', read: ({ css }) => [css('#e', 'color'), css('#l', 'color'), css('#b', 'color')], want: ['rgb(1, 1, 1)', 'rgb(2, 2, 2)', 'rgb(3, 3, 3)'] },
    {
      what: 'defined later',
      change: ({ view }) => { view.customElements.define('my-late', class extends view.HTMLElement {}); },
      read: ({ css }) => css('#l', 'color'),
      want: 'rgb(0, 0, 0)',
    },
    {
      what: 'a state of its own',
      change: ({ q }) => { q<HTMLElement & { in_: ElementInternals }>('#e').in_.states.add('on'); },
      read: ({ css }) => css('#e', 'font-weight'),
      want: '700',
    },
  ]),
  row('highlights', '<p id="p">highlighted text</p><style>::highlight(mark) { background: rgb(250, 250, 0) }</style>', [
    {
      what: 'a highlight',
      change: ({ view, q }) => {
        const range = new view.Range();
        range.selectNodeContents(q('#p'));
        view.CSS.highlights.set('mark', new view.Highlight(range));
      },
      pixel: ['#p', 3, 2],
      want: '250,250,0',
    },
  ]),
  row('properties', '<p id="p">p</p><style>@property --w { syntax: "<length>"; inherits: false; initial-value: 7px } #p { margin-left: var(--w) } #j { margin-left: var(--j) }</style><p id="j">j</p>', [
    { what: 'a property of a sheet', read: ({ css }) => css('#p', 'margin-left'), want: '7px' },
    {
      what: 'one that a script registers',
      change: ({ view }) => { view.CSS.registerProperty({ name: '--j', syntax: '<length>', inherits: false, initialValue: '9px' }); },
      read: ({ css }) => css('#j', 'margin-left'),
      want: '9px',
    },
  ]),
  row('fonts', `<p id="p">\uf118</p><p id="q">\uf118</p><style>p { font: 40px Made, monospace }</style>
    <script>const bytes = Uint8Array.from(atob('${font}'), (c) => c.charCodeAt(0));
    make = (family, source) => document.fonts.add(new FontFace(family, source)); make('Made', bytes.buffer);</script>`, [
    { what: 'made of bytes before', read: fontsOf, want: ['Made loaded'] },
    {
      what: 'made of an address later',
      change: ({ q, view }) => {
        (view as unknown as { make: (family: string, source: string) => void }).make('Later One', `url(data:font/woff2;base64,${document.body.dataset['font'] ?? ''})`);
        q('#p').style.fontFamily = '"Later One"';
      },
      read: fontsOf,
      want: ['Later One loaded', 'Made loaded'],
    },
    {
      what: 'taken out again',
      change: ({ doc }) => { for (const face of [...doc.fonts]) if (face.family.includes('Later')) doc.fonts.delete(face); },
      read: fontsOf,
      want: ['Made loaded'],
    },
  ], { head: `<script>addEventListener('DOMContentLoaded', () => { document.body.dataset.font = '${font}'; });</script>` }),
  row('imports', '<p id="p" class="box"></p>', [
    { what: 'a picture beside an imported sheet', pixel: ['#p', 20, 20], want: '1,2,3' },
    {
      what: 'and after a script has added a rule',
      change: ({ q }) => { q<HTMLStyleElement>('#importing').sheet?.insertRule('#p { margin-left: 7px }', 1); },
      read: ({ css }) => css('#p', 'margin-left'),
      want: '7px',
    },
    { what: 'it is still there', pixel: ['#p', 20, 20], want: '1,2,3' },
  ], {
    head: '<style id="importing">@import "deep/also-imported.css" screen;</style>',
    files: {
      'deep/also-imported.css': '#p { background: url(also-imported.svg) }',
      'deep/also-imported.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40" fill="rgb(1,2,3)"/></svg>',
    },
  }),
  row('preferences', '<p id="p">p</p><style>@media (prefers-color-scheme: dark) { #p { color: rgb(1, 1, 1) } } @media (prefers-reduced-motion: reduce) { #p { margin-left: 5px } } @media (min-resolution: 2dppx) { #p { font-weight: 700 } } :root { color-scheme: light dark } #p { background-color: light-dark(rgb(2, 2, 2), rgb(3, 3, 3)) }</style><style media="(prefers-color-scheme: dark)">#p { margin-right: 6px }</style>', [
    {
      what: 'the customer prefers dark',
      needs: ['emulation.setMediaFeaturesOverride in WebDriver BiDi', () => false],
      act: async ({ customer }) => { await customer.page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' }); },
      read: ({ css }) => [css('#p', 'color'), css('#p', 'margin-left'), css('#p', 'background-color'), css('#p', 'margin-right')],
      want: ['rgb(1, 1, 1)', '5px', 'rgb(3, 3, 3)', '6px'],
    },
    {
      what: 'and light again',
      act: async ({ customer }) => { await customer.page.emulateMedia({ colorScheme: 'light', reducedMotion: null }); },
      read: ({ css }) => [css('#p', 'color'), css('#p', 'margin-left'), css('#p', 'background-color'), css('#p', 'margin-right')],
      want: ['rgb(0, 0, 0)', '0px', 'rgb(2, 2, 2)', '0px'],
    },
  ]),
  row('details', '<details id="d" open><summary>s</summary><p id="p">in</p></details><details id="e"><summary>s</summary><p id="q">in</p></details>', [
    { what: 'open before', read: ({ q }) => [q<HTMLDetailsElement>('#d').open, q('#p').checkVisibility(), q('#q').checkVisibility()], want: [true, true, false] },
    {
      what: 'closed, and opened by a person',
      act: async ({ customer }) => {
        await customer.page.click('#d summary');
        await customer.page.click('#e summary');
      },
      read: ({ q }) => [q<HTMLDetailsElement>('#d').open, q<HTMLDetailsElement>('#e').open],
      want: [false, true],
    },
  ]),
  row('scroll', `<div id="o" style="height:100px;overflow:auto"><div id="i" style="height:80px;overflow:auto"><div style="height:500px"></div></div><div style="height:500px"></div></div><div style="height:3000px"></div><script>document.getElementById('help').addEventListener('click', () => setTimeout(() => { o.scrollTop = 10; i.scrollTop = 33; scrollTo(0, 20); }, 100));</script>`, [
    { what: 'scrolled before, one in the other', read: ({ q, view }) => [q('#o').scrollTop, q('#i').scrollTop, view.scrollY], want: [10, 33, 20] },
    {
      what: 'scrolled later',
      change: ({ q, view }) => {
        q('#i').scrollTop = 77;
        view.scrollTo(0, 200);
      },
      read: ({ q, view }) => [q('#o').scrollTop, q('#i').scrollTop, view.scrollY],
      want: [10, 77, 200],
    },
  ]),
  row('selection', '<p id="p">some text to select</p><input id="i" value="field"><style>::selection { background: rgb(0, 200, 0) }</style>', [
    {
      what: 'selected text',
      change: ({ q, view }) => { view.getSelection()?.selectAllChildren(q('#p')); },
      read: ({ view }) => String(view.getSelection()),
      want: 'some text to select',
    },
    {
      what: 'and none',
      change: ({ view }) => { view.getSelection()?.removeAllRanges(); },
      read: ({ view }) => String(view.getSelection()),
      want: '',
    },
  ]),
];
