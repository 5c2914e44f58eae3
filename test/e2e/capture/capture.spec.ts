// The SDK's capture alone, in a real browser: what it sends is applied to a reference replica and compared with the page.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Page, expect, test } from '@playwright/test';
import type * as Harness from './harness';

declare global {
  interface Window {
    T: typeof Harness;
  }
}

let script = '';

test.beforeAll(() => {
  const esbuild = join(__dirname, '../../../web/node_modules/.bin/esbuild');
  script = execFileSync(esbuild, [join(__dirname, 'harness.ts'), '--bundle', '--format=iife', '--global-name=T', '--target=es2022']).toString();
});

/** Opens a page with the harness; its frames pass only when the test says so. */
async function open(page: Page, body: string, head = ''): Promise<void> {
  await page.route('http://localhost/**', (route) =>
    route.fulfill({ contentType: 'text/html', body: `<!doctype html><html lang="en"><head><meta charset="utf-8">${head}</head><body>${body}</body></html>` }),
  );
  await page.addInitScript(() => {
    window.frames_ = [];
    window.requestAnimationFrame = (fn) => window.frames_.push(() => fn(0));
  });
  await page.goto('http://localhost/');
  await page.addScriptTag({ content: script });
}

for (let from = 0; from < 200; from += 25) {
  test(`fuzz: replica and page agree, seeds ${from} to ${from + 24}`, async ({ page }) => {
    await open(page, '');
    await page.evaluate(() => window.T.begin());
    for (let seed = from; seed < from + 25; seed++) {
      expect(await page.evaluate((s) => window.T.fuzz(s, 12), seed)).toBeNull();
    }
    const counts = await page.evaluate(() => ({ sums: window.T.replica.sums, refs: window.T.replica.refs }));
    expect(counts.sums).toBeGreaterThan(5);
    expect(counts.refs).toBeGreaterThan(100);
  });
}

for (let from = 0; from < 400; from += 100) {
  test(`fuzz: many parts at once, and batches that are late, seeds ${from} to ${from + 99}`, async ({ page }) => {
    await open(page, '');
    await page.evaluate(() => window.T.begin());
    for (let seed = from; seed < from + 100; seed += 20) {
      expect(await page.evaluate((s) => window.T.fuzzTogether(Array.from({ length: 20 }, (_, i) => s + i), 30), seed)).toBeNull();
    }
  });
}

test('case01: what is changed while it is out of the page is told anew', async ({ page }) => {
  await begun(page, '<p id="p"><b>bold</b> text<i>slanted</i></p>');
  expect(await after(page, `
    const p = document.querySelector('#p');
    p.remove();
    await new Promise((done) => setTimeout(done, 5));
    p.querySelector('b').remove();
    p.firstChild.data = 'other';
    p.title = 'new';
    await new Promise((done) => setTimeout(done, 5));
    document.body.append(p);
  `)).toEqual(['p id=p title=new', ' "other"', ' i', '  "slanted"']);
  expect(await after(page, `
    const p = document.querySelector('#p');
    const root = document.body.appendChild(document.createElement('div')).attachShadow({ mode: 'open' });
    root.append(p);
    await new Promise((done) => setTimeout(done, 5));
    p.firstChild.data = 'inside';
  `)).toEqual(['div', ' shadow 0', '  p id=p title=new', '   "inside"', '   i', '    "slanted"']);
});

/** Runs a change in the page, lets a frame pass and tells what the replica holds. */
async function after(page: Page, change: string): Promise<string[]> {
  return page.evaluate(async (code) => {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the test's own words
    await (new Function(`return (async () => { ${code} })()`) as () => Promise<void>)();
    await window.T.frame();
    const lines: string[] = [];
    const walk = (n: { name: string; kind: string; text: string; attrs: Map<string, string>; live: Map<number, string>; kids: readonly unknown[] }, by: string): void => {
      const attrs = [...n.attrs].filter(([k]) => !/^#(src|sheet)$/.test(k)).map(([k, v]) => ` ${k}=${v}`).join('');
      const live = [...n.live].sort().map(([k, v]) => ` ${k}:${v}`).join('');
      lines.push(`${by}${n.kind === 'text' ? JSON.stringify(n.text) : n.name}${attrs}${live}`);
      for (const kid of n.kids) walk(kid as Parameters<typeof walk>[0], `${by} `);
    };
    const body = window.T.replica.root.kids[0]?.kids.at(-1);
    for (const kid of body?.kids ?? []) walk(kid, '');
    return lines;
  }, change);
}

async function begun(page: Page, body: string, rules?: { selectors: string[]; private: boolean }, head = ''): Promise<void> {
  await open(page, body, head);
  await page.evaluate((r) => window.T.begin(r), rules);
}

test('case01: a moved child of a new parent is sent once, and keeps its identity', async ({ page }) => {
  await begun(page, '<p id="p"><b>bold</b> text</p>');
  const before = await page.evaluate(() => window.T.replica.nodes.size);
  expect(await after(page, `
    const wrap = document.createElement('section');
    const p = document.querySelector('#p');
    p.replaceWith(wrap);
    wrap.append(p);
    p.append('!');
  `)).toEqual(['section', ' p id=p', '  b', '   "bold"', '  " text"', '  "!"']);
  // The section and the exclamation mark are new, nothing else is.
  expect(await page.evaluate(() => [window.T.replica.nodes.size, window.T.replica.refs])).toEqual([before + 2, 1]);
});

/** What the replica's texts say. */
const texts = (page: Page): Promise<string[]> => page.evaluate(() => [...window.T.replica.nodes.values()].flatMap((n) => (n.kind === 'text' ? [n.text] : [])));

test('case03: of a page that is told part by part, what is in view comes first', async ({ page }) => {
  const rows = Array.from({ length: 60 }, (_, s) => `<section>${Array.from({ length: 100 }, (__, i) => `<p>row ${s * 100 + i}</p>\n`).join('')}</section>`);
  await open(page, rows.join(''), '<style>body, p { margin: 0; font: 20px/20px monospace }</style>');
  await page.evaluate(() => {
    scrollTo(0, 70_010);
    window.T.begin(undefined, 0);
  });
  const all = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `row ${from + i}`);
  expect(await texts(page)).not.toContain('row 3510');
  await page.evaluate(() => { window.T.batch(); });
  const seen = await texts(page);
  expect(all(3501, 3536).filter((row) => !seen.includes(row))).toEqual([]); // 36 rows of 20 pixels, the first and the last cut
  expect(seen).not.toContain('row 3000');
  expect(await page.evaluate(() => window.T.capture.whole)).toBe(false);
  // Changes meanwhile, before, in and behind what was told.
  await page.evaluate(() => {
    const list = document.querySelectorAll('p');
    for (const i of [0, 10, 2000, 3510, 3600, 5999]) list[i]?.before(`before ${i}`);
    for (const i of [5, 3512, 4000]) list[i]?.remove();
    document.body.prepend(list[4500] as Node, list[3511] as Node);
    document.body.append(document.querySelector('section') as Node);
  });
  await page.evaluate(() => window.T.frame());
  expect(await page.evaluate(() => window.T.difference())).toBeNull();
});

test('case03: what changes while it waits is told as it is in the end', async ({ page }) => {
  await open(page, '<main></main><x-tree></x-tree>');
  const found = await page.evaluate(async () => {
    const main = document.querySelector('main') as HTMLElement;
    const root = (document.querySelector('x-tree') as HTMLElement).attachShadow({ mode: 'open' });
    root.innerHTML = '<p>in a shadow tree</p>'.repeat(3000);
    window.T.begin(undefined, 0);
    const random = new window.T.Fuzz(7);
    let parts = false;
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 60; i++) main.insertBefore(random.make(), main.childNodes[(i * 7919) % (main.childNodes.length + 1)] ?? null);
      for (let i = 0; i < 40; i++) random.step(main);
      root.insertBefore(root.childNodes[(round * 71) % 3000] as Node, root.childNodes[(round * 97) % 3000] as Node);
      window.T.batch();
      parts ||= !window.T.capture.whole;
      await new Promise((done) => { setTimeout(done, 0); });
    }
    await window.T.frame();
    return { parts, difference: window.T.difference(), epoch: window.T.replica.epoch };
  });
  expect(found).toEqual({ parts: true, difference: null, epoch: 1 });
});

test('what is more than a batch bears is told by a snapshot, and masks hold', async ({ page }) => {
  await begun(page, '<main></main><input type="password" value="typed-secret">');
  const change = async (code: string): Promise<number> => {
    await page.evaluate(async (c) => {
      // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the test's own words
      (new Function('main', c) as (main: Element | null) => void)(document.querySelector('main'));
      await window.T.frame();
    }, code);
    return page.evaluate(() => window.T.replica.epoch);
  };
  expect(await change(`main.innerHTML = '<p>text <b>bold</b></p>'.repeat(15000)`)).toBe(1);
  expect(await change(`main.innerHTML = ''`), 'of what was taken out, too much is to be forgotten').toBe(2);
  expect(await change(`main.innerHTML = '<p></p>'.repeat(12000)`)).toBe(2);
  expect(await change(`main.innerHTML = '<i></i>'.repeat(12000)`), 'too many are taken out').toBe(3);
  expect(await page.evaluate(() => window.T.difference())).toBeNull();
  expect(await change(`document.querySelector('input').type = 'text'; for (let i = 0; i < 60000; i++) main.title = i`), 'too many records').toBe(4);
  expect(await page.evaluate(() => [...window.T.replica.nodes.values()].find((n) => n.name === 'input')?.live.get(6))).toBe('12');
});

test('case04 case05: shadow roots, closed and late', async ({ page }) => {
  await begun(page, '<div id="a">light</div>');
  expect(await after(page, `
    const root = document.querySelector('#a').attachShadow({ mode: 'closed' });
    root.innerHTML = '<b>dark</b><slot></slot>';
    window.root_ = root;
  `)).toEqual(['div id=a', ' shadow 1', '  b', '   "dark"', '  slot', ' "light"']);
  expect(await after(page, `window.root_.querySelector('b').textContent = 'darker';`)).toContain('   "darker"');
});

test('case07: adopted sheets, set and changed in place', async ({ page }) => {
  await begun(page, '<div id="a"></div>');
  const extras = async (): Promise<number> => page.evaluate(() =>
    [...window.T.replica.nodes.values()].filter((n) => n.name === 'style' && n.parent?.kind === 'shadow').length);
  await after(page, `
    const root = document.querySelector('#a').attachShadow({ mode: 'open' });
    root.innerHTML = '<p>x</p>';
    window.sheets_ = [new CSSStyleSheet(), new CSSStyleSheet()];
    window.sheets_[0].replaceSync('p { color: red }');
    root.adoptedStyleSheets = [window.sheets_[0]];
  `);
  expect(await extras()).toBe(1);
  const asset = (): Promise<string | undefined> => page.evaluate(() =>
    [...window.T.replica.nodes.values()].find((n) => n.name === 'style' && n.parent?.kind === 'shadow')?.attrs.get('#sheet'));
  const first = await asset();
  await after(page, `window.sheets_[0].insertRule('p { color: blue }')`);
  expect(await extras()).toBe(1);
  expect(await asset()).not.toBe(first);
  await after(page, `document.querySelector('#a').shadowRoot.adoptedStyleSheets.push(window.sheets_[1])`);
  expect(await extras()).toBe(2);
  await after(page, `document.querySelector('#a').shadowRoot.adoptedStyleSheets = []; document.querySelector('#a').shadowRoot.append('end')`);
  expect(await extras()).toBe(0);
  await after(page, `document.querySelector('#a').remove()`);
  expect(await page.evaluate(() => window.T.difference())).toBeNull();
});

test('case11 case12: live states that scripts set, and forms that are reset', async ({ page }) => {
  await begun(page, `<form><input name="firstChild"><textarea>old</textarea><input type="checkbox" checked><input type="radio" name="r">
    <select multiple><option selected>1<option>2</select><input type="range"><input type="file"><input type="hidden" value="h"><input type="submit" value="Go"></form>`.replace(/\n\s*/g, ''));
  const state = async (change: string): Promise<string[]> => (await after(page, change)).filter((l) => /^ +(input|textarea|option)/.test(l)).map((l) => l.trim());
  expect(await state('')).toEqual([
    'input', 'textarea 1:old', 'input type=7 2:1', 'input type=8', 'option 4:1', 'option', 'input type=9 1:50', 'input type=16', 'input type=20', 'input type=18 1:Go',
  ]);
  expect(await state(`
    const f = document.forms[0].elements;
    f[0].value = 'typed'; f[1].setRangeText('n', 0, 1); f[2].checked = false; f[2].indeterminate = true; f[3].checked = true;
    f[4].options[0].selected = false; f[4].options[1].selected = true; f[5].valueAsNumber = 7;
  `)).toEqual([
    'input 1:typed', 'textarea 1:nld', 'input type=7 2:0 3:1', 'input type=8 2:1', 'option 4:0', 'option 4:1', 'input type=9 1:7', 'input type=16', 'input type=20', 'input type=18 1:Go',
  ]);
  expect((await state(`HTMLFormElement.prototype.reset.call(document.forms[0]); await new Promise((d) => setTimeout(d, 1));`))[0]).toBe('input 1:');
});

test('case13 case14: what becomes secret is told anew, masked, and its value in no frame', async ({ page }) => {
  await begun(page, '<div><input id="i" type="password" value="attribute-secret" data-copy="data-secret" title="title-secret"></div><input id="c"><p id="m">text-secret1</p>',
    { selectors: ['.later'], private: false });
  expect(await after(page, `document.querySelector('#i').value = 'typed-secret'`)).toContain(' input #mask= id=i type=5 6:12');
  expect(await after(page, `document.querySelector('#i').type = 'text'`)).toContain(' input #mask= id=i type=0 6:12');
  for (const value of ['4242', '42424242', '424242424', '4242424242424242']) await after(page, `document.querySelector('#c').value = '${value}'`);
  expect(await after(page, '')).toContain('input #mask= id=c 6:16');
  expect(await after(page, `document.querySelector('#m').className = 'later'; document.querySelector('#m').firstChild.data = 'text-secret2'`)).toContain(' "••••••••••••"');
  const bytes = await page.evaluate(() => window.T.sent.map((f) => new TextDecoder('latin1').decode(f)).join(''));
  expect(bytes).toContain('42424242');
  expect(bytes).toContain('text-secret1'); // it was no secret then
  for (const secret of ['attribute-secret', 'data-secret', 'title-secret', 'typed-secret', '424242424', 'text-secret2']) expect(bytes).not.toContain(secret);
});

test('private by default: nothing but what is shown', async ({ page }) => {
  await begun(page, '<p title="title-secret">secret</p><div data-vitrine="show"><p title="t">shown</p><input type="password" value="x"></div><img alt="alt-secret"><input value="v">',
    { selectors: [], private: true }, '<title>title-secret</title>');
  expect(await after(page, '')).toEqual([
    'p', ' "••••••"', 'div', ' p title=t', '  "shown"', ' input #mask= type=5 6:1', 'img', 'input #mask= 6:1',
  ]);
  expect(await page.evaluate(() => window.T.replica.page.title)).toBe('');
});

test('what is hidden is a box, and comes back when it is shown', async ({ page }) => {
  await begun(page, '<div id="h" class="cobrowsing_nosync" style="width:50px;height:20px"><p>hidden-secret</p></div><iframe sandbox width="30" height="10" style="border:0"></iframe>');
  expect(await after(page, `document.querySelector('#h').append('more-secret')`)).toEqual(['box 0', 'box 1']);
  expect(await page.evaluate(() => [...window.T.replica.nodes.values()].filter((n) => n.kind === 'box').map((n) => n.text))).toEqual(['50x20', '30x10']);
  expect(await after(page, `document.querySelector('#h').className = ''`)).toEqual(['div id=h class= style=width:50px;height:20px', ' p', '  "hidden-secret"', ' "more-secret"', 'box 1']);
  expect(await after(page, `document.querySelector('#h').dataset.vitrine = 'hide'`)).toEqual(['box 0', 'box 1']);
  await after(page, `document.body.className = 'cobrowsing_nosync'`);
  expect(await page.evaluate(() => window.T.replica.root.kids[0]?.kids.map((n) => n.name))).toEqual(['head', 'box 0']);
  expect(await page.evaluate(() => window.T.replica.page)).toMatchObject({ url: 'http://localhost', title: '' });
});

test('case15 case16: dialogs and popovers in their order', async ({ page }) => {
  await begun(page, '<dialog id="a">a</dialog><dialog id="b">b</dialog><div id="p" popover>p</div>');
  const layers = async (change: string): Promise<string[]> => (await after(page, `${change}; await new Promise((d) => setTimeout(d, 20))`)).filter((l) => /^(dialog|div)/.test(l));
  expect(await layers('')).toEqual(['dialog id=a', 'dialog id=b', 'div id=p']);
  expect(await layers(`document.querySelector('#b').showModal(); await 0; document.querySelector('#a').show()`)).toEqual(['dialog id=a open= 8:0', 'dialog id=b open= 8:1', 'div id=p']);
  expect(await layers(`document.querySelector('#a').close(); document.querySelector('#a').showModal(); document.querySelector('#p').showPopover()`))
    .toEqual(['dialog id=a open= 8:2', 'dialog id=b open= 8:1', 'div id=p 8:3']);
  expect(await layers(`document.querySelector('#p').hidePopover(); document.querySelector('#a').close()`)).toEqual(['dialog id=a', 'dialog id=b open= 8:1', 'div id=p']);
});

test('scroll, focus, title and window', async ({ page }) => {
  await begun(page, '<div id="s" style="height:50px;overflow:auto"><div style="height:500px"></div></div><input id="f"><div style="height:5000px"></div>', undefined, '<title>One</title>');
  await after(page, `document.querySelector('#s').scrollTop = 70; scrollTo(0, 120); document.querySelector('#f').focus({ preventScroll: true }); document.title = 'Two';
    await new Promise((d) => setTimeout(d, 60))`);
  const seen = await page.evaluate(() => {
    const all = [...window.T.replica.nodes.values()];
    const id = (name: string): string | undefined => all.find((n) => n.attrs.get('id') === name)?.live.get(5);
    return { s: id('s'), page: all.find((n) => n.name === 'html')?.live.get(5), focus: window.T.replica.nodes.get(window.T.replica.focus)?.attrs.get('id'), info: window.T.replica.page, view: window.T.replica.view };
  });
  expect(seen).toEqual({ s: '0,70', page: '0,120', focus: 'f', info: { quirks: 0, url: 'http://localhost/', title: 'Two' }, view: [1280, 720, 1000] });
});

test('back-pressure: marks are kept, and a page that is far behind is told anew', async ({ page }) => {
  await begun(page, '<p>0</p>');
  const frames = (): Promise<number> => page.evaluate(() => window.T.sent.length);
  const count = await frames();
  await page.evaluate(() => window.T.setPressure(1 << 20));
  await after(page, `document.querySelector('p').textContent = '1'`);
  await after(page, `document.querySelector('p').textContent = '2'`);
  expect(await frames()).toBe(count);
  await page.evaluate(() => window.T.setPressure(0));
  await expect.poll(frames).toBe(count + 1);
  expect(await page.evaluate(() => window.T.difference())).toBeNull();
  const epoch = await page.evaluate(() => window.T.replica.epoch);
  await page.evaluate(() => window.T.setPressure(1 << 20));
  await after(page, `document.querySelector('p').textContent = '3'; await new Promise((d) => setTimeout(d, 2300))`);
  await page.evaluate(() => window.T.setPressure(0));
  await expect.poll(() => page.evaluate(() => window.T.replica.epoch)).toBe(epoch + 1);
  expect(await page.evaluate(() => window.T.difference())).toBeNull();
});

test('after the end nothing is watched, wrapped or sent any more', async ({ page }) => {
  await open(page, '<input><p>x</p>');
  const setters = `['value', 'checked'].map((k) => Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, k).set)`;
  const same = await page.evaluate(async (code) => {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the test's own words
    const read = new Function(`return ${code}`) as () => unknown[];
    const before = read();
    window.T.begin();
    const during = read();
    window.T.capture.stop();
    const frames = window.T.sent.length;
    document.body.append('after');
    const input = document.querySelector('input');
    if (input) input.value = 'after';
    await window.T.frame();
    const now = read();
    return { wrapped: during.some((fn, i) => fn !== before[i]), restored: now.every((fn, i) => fn === before[i]), quiet: window.T.sent.length === frames, forgotten: window.T.capture.node(1) === undefined };
  }, setters);
  expect(same).toEqual({ wrapped: true, restored: true, quiet: true, forgotten: true });
});
