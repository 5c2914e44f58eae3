// Cases 7 to 10 and 23: style sheets, and the states that they speak of.
import type { Row } from './kit';

const adopted: Row = {
  name: 'case07_adopted',
  body: `<p id="p">page</p><div id="one"></div><div id="two"></div>
    <script>const sheet = (text) => { const made = new CSSStyleSheet(); made.replaceSync(text); return made; };
    shared_ = sheet('p { color: rgb(1, 1, 1) }');
    for (const id of ['one', 'two']) {
      const root = document.getElementById(id).attachShadow({ mode: 'open' });
      root.innerHTML = '<p id="in">in</p>';
      root.adoptedStyleSheets = [shared_];
    }
    document.adoptedStyleSheets = [sheet('#p { border: 3px solid rgb(2, 2, 2) }')];</script>`,
  checks: [
    { what: 'adopted before, one sheet by two roots', read: ({ css }) => [css('#p', 'border-top-color'), css('#one >>> #in', 'color'), css('#two >>> #in', 'color')], want: ['rgb(2, 2, 2)', 'rgb(1, 1, 1)', 'rgb(1, 1, 1)'] },
    {
      what: 'the shared sheet changes',
      change: ({ view }) => { (view as unknown as { shared_: CSSStyleSheet }).shared_.replaceSync('p { color: rgb(3, 3, 3) }'); },
      read: ({ css }) => [css('#one >>> #in', 'color'), css('#two >>> #in', 'color')],
      want: ['rgb(3, 3, 3)', 'rgb(3, 3, 3)'],
    },
    {
      what: 'pushed in place',
      change: ({ doc, view }) => {
        const sheet = new view.CSSStyleSheet();
        sheet.replaceSync('#p { color: rgb(4, 4, 4) }');
        doc.adoptedStyleSheets.push(sheet);
      },
      read: ({ css }) => css('#p', 'color'),
      want: 'rgb(4, 4, 4)',
    },
    {
      what: 'taken out in place',
      change: ({ doc }) => { doc.adoptedStyleSheets.splice(0, 1); },
      read: ({ css }) => [css('#p', 'border-top-width'), css('#p', 'color')],
      want: ['0px', 'rgb(4, 4, 4)'],
    },
    {
      what: 'pushed into a shadow root in place',
      change: ({ q, view }) => {
        const sheet = new view.CSSStyleSheet();
        sheet.replaceSync('p { color: rgb(5, 5, 5) }');
        q('#one').shadowRoot?.adoptedStyleSheets.push(sheet);
      },
      read: ({ css }) => [css('#one >>> #in', 'color'), css('#two >>> #in', 'color')],
      want: ['rgb(5, 5, 5)', 'rgb(3, 3, 3)'],
    },
    {
      what: 'set to a list that is only reordered',
      change: ({ q }) => {
        const root = q('#one').shadowRoot;
        if (root) root.adoptedStyleSheets = [...root.adoptedStyleSheets].reverse();
      },
      read: ({ css }) => css('#one >>> #in', 'color'),
      want: 'rgb(3, 3, 3)',
    },
  ],
};

const cssom: Row = {
  name: 'case08_cssom',
  head: '<style id="sheet">@media all { #m { color: rgb(1, 1, 1) } } @layer base { #l { color: rgb(1, 1, 1) } }</style><style id="empty"></style>',
  body: `<p id="m">media</p><p id="l">layer</p><p id="i">inserted</p>
    <script>document.getElementById('empty').sheet.insertRule('#i { color: rgb(2, 2, 2) }');</script>`,
  checks: [
    { what: 'inserted before', read: ({ css }) => css('#i', 'color'), want: 'rgb(2, 2, 2)' },
    {
      what: 'inserted and deleted',
      change: ({ q }) => {
        const { sheet } = q<HTMLStyleElement>('#empty');
        sheet?.deleteRule(0);
        sheet?.insertRule('#i { color: rgb(3, 3, 3); font-weight: 700 }');
      },
      read: ({ css }) => [css('#i', 'color'), css('#i', 'font-weight')],
      want: ['rgb(3, 3, 3)', '700'],
    },
    {
      what: 'in a nested rule',
      change: ({ q }) => {
        const rules = q<HTMLStyleElement>('#sheet').sheet?.cssRules ?? [];
        (rules[0] as CSSMediaRule).insertRule('#m { font-weight: 700 }', 1);
        (rules[1] as CSSLayerBlockRule).insertRule('#l { color: rgb(4, 4, 4) }', 1);
      },
      read: ({ css }) => [css('#m', 'font-weight'), css('#l', 'color')],
      want: ['700', 'rgb(4, 4, 4)'],
    },
    {
      what: 'ten thousand rules in one go',
      change: ({ q }) => {
        const { sheet } = q<HTMLStyleElement>('#empty');
        for (let i = 0; i < 2000; i++) sheet?.insertRule(`.x${i} { color: red }`, sheet.cssRules.length);
        sheet?.insertRule('#i { color: rgb(8, 8, 8) }', sheet.cssRules.length);
      },
      read: ({ css }) => css('#i', 'color'),
      want: 'rgb(8, 8, 8)',
    },
  ],
};

const properties: Row = {
  name: 'case09_cssom_props',
  head: `<style id="sheet">#a { color: rgb(1, 1, 1) } #none { font-weight: 700 } @media all { #n { color: rgb(1, 1, 1) } } @keyframes k { from { color: rgb(1, 1, 1) } to { color: rgb(1, 1, 1) } }</style>
    <style id="other">#o { color: rgb(1, 1, 1) }</style><style id="media" media="print">#w { color: rgb(1, 1, 1) }</style>`,
  body: `<p id="a">a</p><p id="b">b</p><p id="n">n</p><p id="o">o</p><p id="w">w</p><p id="k" style="animation: k 1s infinite">k</p><p id="v">v</p>
    <script>rule_ = (i, id = 'sheet') => document.getElementById(id).sheet.cssRules[i];
    rule_(0).style.textDecorationLine = 'underline'; rule_(0).style.textDecorationColor = 'rgb(1, 1, 1)';
    constructed_ = new CSSStyleSheet(); constructed_.replaceSync('#v { color: rgb(1, 1, 1) }'); document.adoptedStyleSheets = [constructed_];</script>`,
  checks: [
    { what: 'set before', read: ({ css }) => css('#a', 'text-decoration-line'), want: 'underline' },
    {
      what: 'a property of a rule, by name',
      change: ({ q }) => { (q<HTMLStyleElement>('#sheet').sheet?.cssRules[0] as CSSStyleRule).style.color = 'rgb(2, 2, 2)'; },
      read: ({ css }) => css('#a', 'color'),
      want: 'rgb(2, 2, 2)',
    },
    {
      what: 'setProperty, removeProperty, cssText',
      change: ({ q, view }) => {
        const [first, , media] = [...q<HTMLStyleElement>('#sheet').sheet?.cssRules ?? []] as [CSSStyleRule, CSSStyleRule, CSSMediaRule];
        first.style.setProperty('color', 'rgb(3, 3, 3)');
        first.style.removeProperty('text-decoration-line');
        (media.cssRules[0] as CSSStyleRule).style.cssText = 'color: rgb(4, 4, 4)';
        ((view as unknown as { constructed_: CSSStyleSheet }).constructed_.cssRules[0] as CSSStyleRule).style.color = 'rgb(5, 5, 5)';
      },
      read: ({ css }) => [css('#a', 'color'), css('#a', 'text-decoration-line'), css('#n', 'color'), css('#v', 'color')],
      want: ['rgb(3, 3, 3)', 'none', 'rgb(4, 4, 4)', 'rgb(5, 5, 5)'],
    },
    {
      what: 'selectorText',
      change: ({ q }) => { (q<HTMLStyleElement>('#sheet').sheet?.cssRules[1] as CSSStyleRule).selectorText = '#b'; },
      read: ({ css }) => css('#b', 'font-weight'),
      want: '700',
    },
    {
      what: 'disabled, and on again',
      change: ({ q }) => {
        const { sheet } = q<HTMLStyleElement>('#other');
        if (sheet) sheet.disabled = true;
      },
      read: ({ css }) => css('#o', 'color'),
      want: 'rgb(0, 0, 0)',
    },
    {
      what: 'mediaText',
      change: ({ q }) => {
        const { sheet } = q<HTMLStyleElement>('#media');
        if (sheet) sheet.media.mediaText = 'all';
      },
      read: ({ css }) => css('#w', 'color'),
      want: 'rgb(1, 1, 1)',
    },
    {
      what: 'a keyframe, and the condition of a media rule',
      change: ({ q }) => {
        const [, , media, frames] = [...q<HTMLStyleElement>('#sheet').sheet?.cssRules ?? []] as [CSSStyleRule, CSSStyleRule, CSSMediaRule, CSSKeyframesRule];
        (frames.cssRules[0] as CSSKeyframeRule).style.color = 'rgb(6, 6, 6)';
        media.media.mediaText = 'print';
      },
      read: ({ css }) => [css('#k', 'color'), css('#n', 'color')],
      want: ['rgb(6, 6, 6)', 'rgb(0, 0, 0)'],
    },
    {
      what: 'attributeStyleMap and styleMap',
      needs: ['CSS Typed Object Model', ({ view }) => 'StylePropertyMap' in view],
      change: ({ q, view }) => {
        (q<HTMLStyleElement>('#sheet').sheet?.cssRules[0] as CSSStyleRule).styleMap.set('color', 'rgb(7, 7, 7)');
        q('#b').attributeStyleMap.set('margin-left', view.CSS.px(7));
      },
      read: ({ css }) => [css('#a', 'color'), css('#b', 'margin-left')],
      want: ['rgb(7, 7, 7)', '7px'],
    },
  ],
};

const foreign: Row = {
  name: 'case10_xorigin_css',
  head: `<link rel="stylesheet" href="{other}/cors/open.css"><link rel="stylesheet" href="{other}/shut.css">`,
  body: '<p id="open">may be read</p><p id="shut">may not be read</p>',
  foreign: {
    'open.css': '#open { color: rgb(1, 2, 3) } #later { color: rgb(4, 5, 6) }',
    'shut.css': '#shut { color: rgb(7, 8, 9) }',
    'later.css': '#open { font-weight: 700 }',
  },
  checks: [
    { what: 'a sheet of another origin that may be read', read: ({ css }) => css('#open', 'color'), want: 'rgb(1, 2, 3)' },
    { what: 'one that may not is not loaded by the agent', only: 'stage', read: ({ css }) => css('#shut', 'color'), want: 'rgb(0, 0, 0)' },
    {
      what: 'the agent is told why the page looks otherwise', only: 'stage',
      ask: ({ agent }) => agent.page.getByText(/style sheet.*(site|origin|crossorigin)/i).count().then((n) => n > 0),
      want: true,
    },
    {
      what: 'one that comes later',
      change: async ({ doc }) => {
        const link = doc.createElement('link');
        link.rel = 'stylesheet';
        link.href = (doc.querySelector<HTMLLinkElement>('link[href$="open.css"]')?.href ?? '').replace('open', 'later');
        await new Promise((done) => {
          link.onload = done;
          doc.head.append(link);
        });
      },
      read: ({ css }) => css('#open', 'font-weight'),
      want: '700',
    },
  ],
};

const states: Row = {
  name: 'case23_pseudo_state',
  head: `<style>#h:hover { color: rgb(1, 1, 1) } #f:focus { color: rgb(2, 2, 2) } #w:focus-within { border-top: 2px solid rgb(3, 3, 3) } #f:focus-visible { background: rgb(4, 4, 4) }
    #h:active { background: rgb(5, 5, 5) } #t:target { color: rgb(6, 6, 6) } #l::before { content: "x" } #l:hover::before { color: rgb(7, 7, 7) } #list:has(:hover) { border-left: 1px solid }</style>`,
  body: `<p id="h">hover</p><p id="w"><input id="f" value="focus"></p><p id="t">target</p><div id="list"><p id="l">list</p></div><p id="s">select this text</p>
    <script>location.hash = 't';</script>`,
  checks: [
    { what: 'focus', act: async ({ customer }) => { await customer.page.focus('#f'); }, read: ({ css }) => [css('#f', 'color'), css('#w', 'border-top-width'), css('#f', 'background-color')], want: ['rgb(2, 2, 2)', '2px', 'rgb(4, 4, 4)'] },
    { what: 'target before', read: ({ css }) => css('#t', 'color'), want: 'rgb(6, 6, 6)' },
    {
      what: 'the mouse over something',
      act: async ({ customer }) => { await customer.page.hover('#h', { force: true }); },
      read: ({ css }) => css('#h', 'color'),
      want: 'rgb(1, 1, 1)',
    },
    {
      what: 'the button pressed',
      act: async ({ customer }) => { await customer.page.mouse.down(); },
      read: ({ css }) => css('#h', 'background-color'),
      want: 'rgb(5, 5, 5)',
    },
    {
      what: 'and let go',
      act: async ({ customer }) => { await customer.page.mouse.up(); },
      read: ({ css }) => css('#h', 'background-color'),
      want: 'rgba(0, 0, 0, 0)',
    },
    {
      what: 'over something else, whose holder asks for it',
      act: async ({ customer }) => { await customer.page.hover('#l', { force: true }); },
      read: ({ css }) => [css('#h', 'color'), css('#l', 'color', '::before'), css('#list', 'border-left-width')],
      want: ['rgb(0, 0, 0)', 'rgb(7, 7, 7)', '1px'],
    },
    {
      what: 'the target changes',
      change: ({ view }) => { view.location.hash = ''; },
      read: ({ css }) => css('#t', 'color'),
      want: 'rgb(0, 0, 0)',
    },
    {
      what: 'focus goes',
      change: ({ q }) => { q('#f').blur(); },
      read: ({ css }) => [css('#f', 'color'), css('#w', 'border-top-width')],
      want: ['rgb(0, 0, 0)', '0px'],
    },
  ],
};

/** The rows of this file. */
export const rows: readonly Row[] = [adopted, cssom, properties, foreign, states];
