// The browser's own reader of CSS as a judge of the server's (threat rows 19 to 26): what the server lets through must mean
// to the browser what it means to the server, rule by rule and declaration by declaration.
import { join } from 'node:path';
import { type Page, expect, test as base } from '@playwright/test';
import { build } from 'esbuild';
import { type Judged, type Piece, judge } from './css/bridge';
import { cssCorpora, haveCorpora, hostile, htmlCorpora, realSheets, wounded } from './css/sheets';
import { type Sink, startSink } from './support/web';

const test = base.extend<{ page: Page }, { script: string; sink: Sink }>({
  // eslint-disable-next-line no-empty-pattern -- the runner wants the fixtures that are needed, and this needs none
  script: [async ({}, use) => {
    const { outputFiles: [file] } = await build({ entryPoints: [join(__dirname, 'css/view.ts')], bundle: true, write: false, format: 'iife', target: 'es2022' });
    await use(file?.text ?? '');
  }, { scope: 'worker' }],
  // eslint-disable-next-line no-empty-pattern -- likewise
  sink: [async ({}, use) => {
    const sink = await startSink();
    await use(sink);
    await sink.close();
  }, { scope: 'worker' }],
  page: async ({ page, script }, use) => {
    await page.goto('about:blank');
    await page.evaluate(script);
    await use(page);
  },
});

/** Cases in batches, so that no message between test and page becomes huge. */
async function inBatches<T, R>(all: readonly T[], size: number, run: (batch: T[]) => Promise<R[]>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < all.length; i += size) results.push(...await run(all.slice(i, i + size)));
  return results;
}

interface Verdict {
  readonly id: string;
  readonly wrong: string;
  /** Rules and declarations that the browser sees. */
  readonly seen: number;
  /** What the browser has understood, as it writes it. */
  readonly text: string;
}

// The browser's view of each output against its items read alone.
async function verdicts(page: Page, outputs: readonly Judged[]): Promise<Verdict[]> {
  return await inBatches(outputs.filter(({ ok }) => ok), 200, (batch) => page.evaluate((list) => list.map(({ id, kind, out, items }) => {
    const { rulesOf, inline, view, expected, differ, forbidden } = window.oracle;
    const rules = kind === 'sheet' ? rulesOf(out) : [];
    const { parts, text } = kind === 'sheet' ? { parts: view(rules), text: rules.map((rule) => rule.cssText).join('\n') } : inline(out);
    let wrong = forbidden(text.split('\n'));
    try {
      wrong ||= differ(expected(items), parts);
    } catch (error) {
      wrong ||= String(error);
    }
    return { id, wrong, seen: JSON.stringify(parts).split('":"').length - 1, text };
  }), batch));
}

const faults = (list: readonly Verdict[]): { id: string; wrong: string }[] => list.filter(({ wrong }) => wrong !== '').map(({ id, wrong }) => ({ id, wrong }));

test('threat-19 real sheets mean to the browser what they meant, and nothing else', async ({ page }) => {
  test.setTimeout(240_000);
  const sheets = await realSheets();
  const outputs = judge([...sheets].map(([id, css]): Piece => ({ id, kind: 'sheet', css })));
  expect(outputs.filter(({ ok }) => !ok)).toEqual([]);
  const list = await verdicts(page, outputs);
  expect(faults(list)).toEqual([]);
  expect(list.filter(({ seen }) => seen < 3).map(({ id }) => id)).toEqual([]);
  // What the page's author wrote and what is left of it, less what is left out on purpose.
  const lost = await inBatches(outputs, 1, (batch) => page.evaluate((pairs) => pairs.map(({ id, css, out }) => {
    const { rulesOf, view, differ, allowed } = window.oracle;
    return { id, wrong: differ(allowed(view(rulesOf(css))), allowed(view(rulesOf(out)))) };
  }), batch.map(({ id, out }) => ({ id, out, css: sheets.get(id) ?? '' }))));
  expect(lost.filter(({ wrong }) => wrong !== '')).toEqual([]);
  // The browser spells many values in its own way; that is what the SDK of a page with changed rules sends.
  const again = judge(list.map(({ id, text }): Piece => ({ id, kind: 'sheet', css: text })));
  const respelled = await inBatches(again, 1, (batch) => page.evaluate((pairs) => pairs.map(({ id, text, out }) => {
    const { rulesOf, view, differ, allowed } = window.oracle;
    return { id, wrong: differ(allowed(view(rulesOf(text))), allowed(view(rulesOf(out)))) };
  }), batch.map(({ id, out }) => ({ id, out, text: list.find((verdict) => verdict.id === id)?.text ?? '' }))));
  expect(respelled.filter(({ wrong }) => wrong !== '')).toEqual([]);
});

test('threat-19 every property of this browser is known, or left out on purpose', async ({ page }) => {
  const names = await page.evaluate(() => {
    const { style } = document.documentElement;
    const found = new Set(Array.from(getComputedStyle(document.documentElement)));
    const keys = new Set<string>();
    for (let at: object | null = style; at; at = Object.getPrototypeOf(at) as object | null) for (const key of Object.getOwnPropertyNames(at)) keys.add(key);
    for (const key of keys) {
      const name = key.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`).replace(/^webkit-/, '-webkit-');
      if (CSS.supports(name, 'inherit')) found.add(name);
    }
    return [...found];
  });
  expect(names.length).toBeGreaterThan(600);
  const dropped = judge(names.map((id): Piece => ({ id, kind: 'declarations', css: `${id}: inherit` }))).filter(({ out }) => out === '').map(({ id }) => id);
  const listed = await page.evaluate((list) => list.filter((name) => window.oracle.leftOut.test(name)), names);
  expect(dropped.sort()).toEqual(listed.sort());
});

// Each text as a sheet, as a rule, as the style of an element, as a value and as a media query.
function everyWay(texts: ReadonlyMap<string, string>): Piece[] {
  return [...texts].flatMap(([id, css]): Piece[] => [
    { id: `${id} sheet`, kind: 'sheet', css }, { id: `${id} rule`, kind: 'sheet', css: `a{${css}}b{top:0}` }, { id: `${id} selector`, kind: 'sheet', css: `a:is(${css}) b{top:0}` },
    { id: `${id} property`, kind: 'sheet', css: `a{--x:${css};top:0}` }, { id: `${id} condition`, kind: 'sheet', css: `@supports (${css}){a{top:0}}@media ${css}{b{top:0}}` },
    { id: `${id} style`, kind: 'declarations', css }, { id: `${id} value`, kind: 'declarations', css: `background:${css}` },
  ]);
}

test('threat-19 threat-26 the shared corpora', async ({ page }) => {
  test.skip(!haveCorpora, 'corpora not found at ../shared/corpora: 792 texts not run');
  test.setTimeout(120_000);
  const texts = cssCorpora();
  expect(texts.size).toBe(792);
  const list = await verdicts(page, judge(everyWay(texts)));
  expect(faults(list)).toEqual([]);
  expect(list.filter(({ seen }) => seen > 0).length).toBeGreaterThan(1000);
});

test('threat-19 threat-21 threat-26 the CSS in the HTML of the shared corpora', async ({ page }) => {
  test.skip(!haveCorpora, 'corpora not found at ../shared/corpora: 9737 pages not run');
  test.setTimeout(120_000);
  await page.route('**', (route) => route.abort());
  const pages = [...htmlCorpora()];
  expect(pages).toHaveLength(9737);
  // The parser of another document runs nothing and asks for nothing.
  const found = await inBatches(pages, 1000, (batch) => page.evaluate((list) => list.flatMap(([id, html]) => {
    const doc = new DOMParser().parseFromString(html, 'text/html');
    const sheets = Array.from(doc.querySelectorAll('style'), (el) => ({ kind: 'sheet' as const, css: el.textContent }));
    const styles = Array.from(doc.querySelectorAll('[style]'), (el) => ({ kind: 'declarations' as const, css: el.getAttribute('style') ?? '' }));
    return [...sheets, ...styles].map((piece, i) => ({ id: `${id} ${i}`, ...piece }));
  }), batch));
  expect(found.length).toBeGreaterThan(300);
  expect(faults(await verdicts(page, judge(found)))).toEqual([]);
});

async function hostileSheets(to: string): Promise<Map<string, string>> {
  const sheets = new Map<string, string>();
  for (let seed = 1; seed <= 3000; seed++) sheets.set(`hostile ${seed}`, hostile(seed, to));
  const real = [...(await realSheets()).values()];
  for (let seed = 1; seed <= 1000; seed++) sheets.set(`wounded ${seed}`, wounded(seed, real[seed % real.length] ?? '', to));
  return sheets;
}

test('threat-19 threat-24 threat-25 hostile sheets', async ({ page }) => {
  test.setTimeout(120_000);
  const outputs = judge([...await hostileSheets('http://127.0.0.1:9')].map(([id, css]): Piece => ({ id, kind: 'sheet', css })));
  const list = await verdicts(page, outputs);
  expect(faults(list)).toEqual([]);
  expect(list.filter(({ seen }) => seen > 0).length).toBeGreaterThan(1000);
});

test('threat-19 threat-20 nothing is asked for', async ({ browser, sink }) => {
  test.setTimeout(120_000);
  const page = await browser.newPage();
  const to = `http://127.0.0.1:${sink.port}`;
  const sheets = await hostileSheets(to);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto('about:blank');
  // Each sheet dresses a page of its own elements, and is laid out.
  const dress = (list: readonly string[]): Promise<number> => page.evaluate((texts) => {
    let boxes = 0;
    const style = document.createElement('style');
    document.head.replaceChildren(style);
    document.body.innerHTML = '<a id=id class=a title=x href=#>a<b>b</b></a><p class=b value=a>p<ul><li>l</ul><input value=abc><svg><rect width=9 height=9 /></svg>';
    for (const text of texts) {
      style.textContent = text;
      for (const el of document.querySelectorAll('*')) boxes += el.getClientRects().length + Number(getComputedStyle(el, '::before').content !== '');
    }
    return boxes;
  }, list);
  const outputs = judge([...sheets].map(([id, css]): Piece => ({ id, kind: 'sheet', css })));
  expect(await dress(outputs.map(({ out }) => out))).toBeGreaterThan(outputs.length);
  await page.waitForLoadState('networkidle');
  expect(asked.filter((url) => !url.startsWith('asset:'))).toEqual([]);
  expect(sink.connections()).toBe(0);
  // The same sheets as their author wrote them do ask: the test can see it.
  await dress([...sheets.values()]);
  await expect.poll(() => sink.connections()).toBeGreaterThan(0);
  await page.close();
});
