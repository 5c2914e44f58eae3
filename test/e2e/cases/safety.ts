// Cases 24 and 25: pages that would harm the agent, and pages that would harm the capture.
import type { Row } from './kit';

const safety: Row = {
  name: 'case24_safety',
  body: `<div id="bad"><a id="a" href="javascript:alert(1)" onclick="alert(2)">a</a><form action="javascript:alert(3)"><button formaction="javascript:alert(4)">b</button></form>
    <svg><a xlink:href="javascript:alert(5)"><text>t</text></a><animate attributeName="href" values="javascript:alert(6)"/></svg><object data="about:blank"></object><p id="ok" onmouseover="alert(7)">ok</p></div>`,
  checks: [
    {
      what: 'nothing that acts is in the stage', only: 'stage',
      read: ({ doc, q }) => [
        q('#ok').textContent,
        [...doc.querySelectorAll('*')].flatMap((el) => [...el.attributes].filter(({ name, value }) => /^on/.test(name) || /script:/i.test(value)).map(({ name }) => name)),
        doc.querySelectorAll('script, base, meta, object, embed, link, form[action], animate').length,
      ],
      want: ['ok', [], 0],
    },
    {
      what: 'nor what comes later', only: 'stage',
      change: ({ q }) => {
        q('#a').setAttribute('href', ' java\nscript:alert(8)');
        q('#bad').insertAdjacentHTML('beforeend', '<img src=x onerror=alert(9)><base href="javascript:"><meta http-equiv=refresh content=0><p id="later">later</p>');
      },
      read: ({ doc, q }) => [q('#later').textContent, q('#a').getAttribute('href'), doc.querySelectorAll('base, meta, [onerror]').length],
      want: ['later', '#', 0],
    },
  ],
};

const patched: Row = {
  name: 'case25_hostile',
  head: `<script>
    // What old libraries did to every object of a page, and what new ones do to its nodes: nothing of it must reach the SDK.
    Array.prototype.toJSON = function () { return 'prototype.js'; };
    Array.from = (list) => { const out = []; for (let i = 0; i < list.length; i++) out.push(list[i]); return out; };
    Object.prototype.extended = () => 1;
    met_ = new Set();
    const trap = (proto, names) => names.split(' ').forEach((name) => {
      const was = Object.getOwnPropertyDescriptor(proto, name);
      const key = was.get ? 'get' : 'value';
      const fn = was[key];
      Object.defineProperty(proto, name, { ...was, [key](...args) {
        if (new Error().stack.split('\\n')[2]?.includes('/sdk/vitrine')) { met_.add(name); throw new Error('patched ' + name); }
        return fn.apply(this, args);
      } });
    });
    trap(Node.prototype, 'firstChild nextSibling previousSibling parentNode childNodes isConnected textContent appendChild nodeType contains getRootNode');
    trap(Element.prototype, 'shadowRoot children localName attributes getAttribute getAttributeNames matches append closest remove getBoundingClientRect');
    trap(Document.prototype, 'createElement createElementNS createDocumentFragment createTextNode querySelectorAll querySelector getElementById elementsFromPoint body head documentElement activeElement');
    trap(CharacterData.prototype, 'data');
    for (const type of [MutationObserver, ResizeObserver]) trap(type.prototype, 'observe');
    trap(window, 'requestAnimationFrame setTimeout fetch');
    trap(HTMLSlotElement.prototype, 'assignedNodes');
    </script>`,
  body: '<p id="p">a page that patches everything</p><input id="i" value="before"><form><input name="firstChild"><input name="localName"><input name="attributes"></form>',
  checks: [
    { what: 'seen at all', read: ({ doc }) => doc.getElementById('p')?.textContent, want: 'a page that patches everything' },
    {
      what: 'changes',
      change: ({ doc }) => {
        (doc.getElementById('p') as HTMLElement).innerHTML = 'changed <b id="b">bold</b>';
        (doc.getElementById('i') as HTMLInputElement).value = 'after';
      },
      read: ({ doc }) => [doc.getElementById('p')?.textContent, (doc.getElementById('i') as HTMLInputElement).value],
      want: ['changed bold', 'after'],
    },
    {
      what: 'the SDK asked none of what the page patched',
      ask: ({ customer }) => customer.page.evaluate(() => [...(window as unknown as { met_: Set<string> }).met_]),
      want: [],
    },
  ],
};

const rewritten: Row = {
  name: 'case25_hostile_document_open',
  body: '<p id="p">before</p>',
  checks: [
    { what: 'before', read: ({ q }) => q('#p').textContent, want: 'before' },
    {
      what: 'the page writes itself anew',
      change: ({ doc }) => {
        doc.open();
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- pages do it
        doc.write('<!doctype html><title>anew</title><body><p id="p">anew</p>');
        doc.close();
      },
      read: ({ q }) => q('#p').textContent,
      want: 'anew',
    },
    {
      what: 'and changes afterwards',
      change: ({ q }) => { q('#p').textContent = 'changed anew'; },
      read: ({ q }) => q('#p').textContent,
      want: 'changed anew',
    },
    {
      what: 'and takes its root out',
      change: ({ doc }) => {
        const root = doc.createElement('html');
        root.innerHTML = '<head></head><body><p id="p">another root</p></body>';
        doc.documentElement.replaceWith(root);
      },
      read: ({ q }) => q('#p').textContent,
      want: 'another root',
    },
  ],
};

const frozen: Row = {
  name: 'case25_hostile_frozen',
  head: '<script>for (const it of [Object, Array, Function, Promise, Map, Element, Node, Document, CSSStyleSheet, HTMLInputElement]) { Object.freeze(it); Object.freeze(it.prototype); }</script>',
  body: '<p id="p">frozen</p><input id="i" value="before">',
  checks: [
    { what: 'frozen prototypes', read: ({ q }) => q('#p').textContent, want: 'frozen' },
    {
      what: 'changes',
      change: ({ q }) => {
        q('#p').textContent = 'changed';
        q<HTMLInputElement>('#i').value = 'after';
      },
      read: ({ q }) => [q('#p').textContent, q<HTMLInputElement>('#i').value],
      want: ['changed', 'after'],
    },
  ],
};

const back: Row = {
  name: 'case25_hostile_bfcache',
  body: '<p id="p">first page</p>',
  files: { 'case25-second.html': '<!doctype html><title>second</title><script src="page.js"></script><p id="p">second page</p>' },
  checks: [
    {
      what: 'another page',
      act: async ({ customer, site }) => { await customer.page.goto(`${site.origin}/case25-second.html?server=${new URL(customer.page.url()).searchParams.get('server') ?? ''}`); },
      read: ({ q }) => q('#p').textContent,
      want: 'second page',
    },
    {
      what: 'and back',
      act: async ({ customer }) => { await customer.page.goBack(); },
      read: ({ q }) => q('#p').textContent,
      want: 'first page',
    },
    {
      what: 'and changes there',
      change: ({ q }) => { q('#p').textContent = 'first page, changed'; },
      read: ({ q }) => q('#p').textContent,
      want: 'first page, changed',
    },
  ],
};

/** The rows of this file. */
export const rows: readonly Row[] = [safety, patched, rewritten, frozen, back];
