// Cases 1 to 6: what a page's tree goes through.
import type { Row } from './kit';

/** A table of so many rows, as HTML. */
const table = (n: number, from = 0): string =>
  `<table id="table"><tbody id="rows">${Array.from({ length: n }, (_, i) => `<tr><td>${from + i}</td><td>row ${from + i}</td></tr>`).join('')}</tbody></table>`;

const moves: Row = {
  name: 'case01_moves',
  body: `<div id="list"><p id="a">a</p><p id="b">b</p><p id="c">c</p></div>
    <div id="scroller" style="height:60px;overflow:auto"><div style="height:400px">tall</div></div><p id="text">one two three</p><div id="end"></div>`,
  checks: [
    { what: 'order before', read: ({ q }) => q('#list').textContent, want: 'abc' },
    {
      what: 'moved, wrapped, split and joined in one task',
      change: ({ doc, q }) => {
        q('#list').prepend(q('#c'));
        const wrap = doc.createElement('section');
        wrap.id = 'wrap';
        q('#b').replaceWith(wrap);
        wrap.append(q('#a'), doc.createTextNode('!'));
        const text = q('#text').firstChild as Text;
        text.splitText(3).splitText(4);
      },
      read: ({ q }) => [q('#list').innerHTML.replace(/ id="\w+"/g, ''), [...q('#text').childNodes].map((n) => n.nodeValue)],
      want: ['<p>c</p><section><p>a</p>!</section>', ['one', ' two', ' three']],
    },
    {
      what: 'a scroller keeps its place when it moves',
      change: async ({ view, q }) => {
        q('#scroller').scrollTop = 120;
        await new Promise((done) => { view.requestAnimationFrame(() => view.requestAnimationFrame(done)); });
        const top = q('#scroller').scrollTop;
        q('#end').append(q('#scroller'));
        q('#scroller').scrollTop = top;
      },
      read: ({ q }) => [q('#scroller').parentElement?.id, q('#scroller').scrollTop],
      want: ['end', 120],
    },
    {
      what: 'taken out and put back later',
      change: async ({ view, q }) => {
        const list = q('#list');
        const wrap = q('#wrap');
        wrap.remove();
        await new Promise((done) => { view.setTimeout(done, 100); });
        wrap.append('again');
        list.prepend(wrap);
        q('#text').normalize();
      },
      read: ({ q }) => [q('#list').textContent, q('#text').childNodes.length],
      want: ['a!againc', 1],
    },
  ],
};

const churn: Row = {
  name: 'case02_churn',
  body: table(2000),
  checks: [
    { what: 'a long table', read: ({ q }) => [q('#rows').children.length, q('#rows').lastElementChild?.textContent], want: [2000, '1999row 1999'] },
    {
      what: 'turned around',
      change: ({ q }) => { q('#rows').append(...[...q('#rows').children].reverse()); },
      read: ({ q }) => [q('#rows').firstElementChild?.textContent, q('#rows').children.length],
      want: ['1999row 1999', 2000],
    },
    {
      what: 'made anew five times, a frame apart',
      change: async ({ view, q }) => {
        for (let i = 1; i <= 5; i++) {
          q('#rows').innerHTML = Array.from({ length: 1000 }, (_, n) => `<tr><td>${n}</td><td>turn ${i} row ${n}</td></tr>`).join('');
          await new Promise((done) => { view.requestAnimationFrame(done); });
        }
      },
      read: ({ q }) => [q('#rows').children.length, q('#rows').lastElementChild?.textContent],
      want: [1000, '999turn 5 row 999'],
    },
    {
      what: 'ten thousand changes a second for a second',
      change: async ({ view, q }) => {
        const rows = [...q('#rows').children];
        const end = view.performance.now() + 1000;
        for (let i = 0; view.performance.now() < end;) {
          for (const stop = i + 160; i < stop; i++) (rows[i % rows.length]?.lastChild as HTMLElement).textContent = `change ${i}`;
          await new Promise((done) => { view.requestAnimationFrame(done); });
        }
        for (const row of rows) (row.lastChild as HTMLElement).textContent = 'calm';
      },
      read: ({ q }) => [...q('#rows').children].every((row) => row.lastChild?.textContent === 'calm'),
      want: true,
    },
  ],
};

const slices: Row = {
  name: 'case03_slices',
  body: `<p id="first">first</p><div id="much"></div><p id="last">last</p>
    <script>much.innerHTML = Array.from({ length: 60 }, (_, i) => '<section id="s' + i + '">' + '<p><b>bold</b> and text</p>'.repeat(160) + '</section>').join('');
    // From the moment on when the page is shared, it changes in every frame: during the walk, too.
    let turn = 0, until = Infinity;
    const change = () => {
      document.getElementById('s' + turn % 60)?.setAttribute('title', 't' + turn);
      document.getElementById('s' + (turn * 7) % 60)?.append('+' + turn);
      if (turn === 10) document.getElementById('much').prepend(document.getElementById('s59'));
      if (turn === 11) document.getElementById('s3').remove();
      if (++turn < 90) requestAnimationFrame(change);
    };
    addEventListener('click', () => requestAnimationFrame(change));</script>`,
  checks: [
    {
      what: 'all of a large page that changes while it is read',
      read: ({ q, doc, find }) => [
        doc.querySelectorAll('#much p').length, doc.querySelectorAll('b').length, q('#last').textContent, q('#much').firstElementChild?.id, find('#s3'),
        q('#s29').title, [...q('#s29').childNodes].filter((n) => n.nodeType === 3).map((n) => n.nodeValue).join(''),
      ],
      want: [9440, 9440, 'last', 's59', null, 't89', '+47'],
    },
    {
      what: 'no task of the page takes long because of it',
      change: ({ q }) => { q('#first').textContent = 'changed'; },
      read: ({ q }) => q('#first').textContent,
      want: 'changed',
    },
  ],
};

const closed: Row = {
  name: 'case04_closed_shadow',
  body: `<div id="made"></div><declared-closed id="declared"><template shadowrootmode="closed"><p id="in">declared closed</p></template></declared-closed><div id="late"></div>
    <script>window.made_ = made.attachShadow({ mode: 'closed' }); made_.innerHTML = '<p id="in">closed</p><style>p { color: rgb(1, 2, 3) }</style>';
    customElements.define('declared-closed', class extends HTMLElement {
      constructor() { super(); this.internals = this.attachInternals(); }
      tell(text) { this.internals.shadowRoot.getElementById('in').textContent = text; }
    });</script>`,
  checks: [
    { what: 'made by a script', read: ({ q, css }) => [q('#made >>> #in').textContent, css('#made >>> #in', 'color')], want: ['closed', 'rgb(1, 2, 3)'] },
    { what: 'declared in the source', only: 'stage', read: ({ q }) => q('#declared >>> #in').textContent, want: 'declared closed' },
    {
      what: 'changed inside',
      change: ({ view }) => { (view as unknown as { made_: ShadowRoot }).made_.querySelector('p')?.append(' and changed'); },
      read: ({ q }) => q('#made >>> #in').textContent,
      want: 'closed and changed',
    },
    {
      what: 'a declared one changed inside', only: 'stage',
      change: ({ q }) => { q<HTMLElement & { tell(text: string): void }>('#declared').tell('told'); },
      read: ({ q }) => q('#declared >>> #in').textContent,
      want: 'told',
    },
    {
      what: 'attached late',
      change: ({ q }) => { q('#late').attachShadow({ mode: 'closed' }).innerHTML = '<i>late</i>'; },
      read: ({ q }) => q('#late >>> i').textContent,
      want: 'late',
    },
  ],
};

const shadow: Row = {
  name: 'case05_shadow',
  body: `<div id="open"><b slot="named">slotted</b></div>
    <div id="declared"><template shadowrootmode="open"><style>:host { color: rgb(9, 8, 7) }</style><p id="in">declared</p><slot></slot></template>light</div><div id="late">light</div>
    <script>open_ = document.getElementById('open').attachShadow({ mode: 'open' });
    open_.innerHTML = '<style>::slotted(b) { color: rgb(4, 5, 6) }</style><slot name="named"></slot><div id="inner"></div>';
    open_.getElementById('inner').attachShadow({ mode: 'open' }).innerHTML = '<p id="deep">deep</p>';</script>`,
  checks: [
    { what: 'nested roots and ::slotted', read: ({ q, css }) => [q('#open >>> #inner >>> #deep').textContent, css('#open b', 'color')], want: ['deep', 'rgb(4, 5, 6)'] },
    { what: 'declared in the source', read: ({ q, css }) => [q('#declared >>> #in').textContent, css('#declared', 'color')], want: ['declared', 'rgb(9, 8, 7)'] },
    {
      what: 'changed in a nested root',
      change: ({ q }) => { q('#open >>> #inner >>> #deep').textContent = 'deeper'; },
      read: ({ q }) => q('#open >>> #inner >>> #deep').textContent,
      want: 'deeper',
    },
    {
      what: 'attached late, with a slot',
      change: ({ q }) => { q('#late').attachShadow({ mode: 'open' }).innerHTML = '<i>before </i><slot></slot>'; },
      read: ({ q }) => [q('#late >>> i').textContent, q<HTMLSlotElement>('#late >>> slot').assignedNodes().map((n) => n.nodeValue)],
      want: ['before ', ['light']],
    },
  ],
};

const slots: Row = {
  name: 'case06_slot_assign',
  body: `<div id="host"><p id="a" class="box">a</p><p id="b" class="box">b</p></div>
    <script>root_ = host.attachShadow({ mode: 'open', slotAssignment: 'manual' }); root_.innerHTML = '<slot id="one"></slot><slot id="two"></slot>';
    root_.getElementById('one').assign(document.getElementById('b'));</script>`,
  checks: [
    { what: 'assigned before', read: ({ box, q }) => [box('#a')[3], box('#b')[3], q<HTMLSlotElement>('#host >>> #one').assignedNodes().length], want: [0, 40, 1] },
    {
      what: 'assigned to others',
      change: ({ q }) => {
        q<HTMLSlotElement>('#host >>> #one').assign(q('#a'));
        q<HTMLSlotElement>('#host >>> #two').assign(q('#b'));
      },
      read: ({ box, q }) => [box('#a')[3], box('#b')[3], q<HTMLSlotElement>('#host >>> #two').assignedElements()[0]?.id],
      want: [40, 40, 'b'],
    },
    {
      what: 'a new child, and texts, in another order',
      change: ({ doc, q }) => {
        const c = doc.createElement('p');
        c.id = 'c';
        c.className = 'box';
        const text = doc.createTextNode('text');
        q('#host').append(text, c);
        q<HTMLSlotElement>('#host >>> #one').assign(c, text, q('#a'));
      },
      read: ({ q }) => q<HTMLSlotElement>('#host >>> #one').assignedNodes().map((n) => (n.nodeType === 1 ? (n as Element).id : n.nodeValue)),
      want: ['c', 'text', 'a'],
    },
    {
      what: 'assigned to none',
      change: ({ q }) => { q<HTMLSlotElement>('#host >>> #two').assign(); },
      read: ({ box, q }) => [box('#b')[3], q<HTMLSlotElement>('#host >>> #two').assignedNodes().length],
      want: [0, 0],
    },
  ],
};

/** The rows of this file. */
export const rows: readonly Row[] = [moves, churn, slices, closed, shadow, slots];
