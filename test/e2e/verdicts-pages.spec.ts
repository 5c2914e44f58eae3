// Pages that people wrote: what the browser reads, what the stage shows, and what golang.org/x/net/html reads are one tree.
import { isUtf8 } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, test, together } from './support/env';
import { count, differences } from './support/compare';
import type { Dump } from './support/probe/types';
import { ATTRIBUTES, Value } from '../../web/wire/vocabulary';

const all = process.env['VERDICTS']?.split(',').some((name) => name === 'all' || name === 'pages') ?? false;
const root = join(__dirname, '../..');
const modules = join(root, 'web/node_modules');

// What differs by intent. Numbers that are none are not passed on ("$ { tabindex }", "1px solid black"); the page still has them.
const numbers = new Set(ATTRIBUTES.flatMap(([value, , names]) => (value === Value.Number ? names.split(' ') : [])));
function meant(line: string): boolean {
  const [, name, value] = / attribute (\S+): page "(.*)", stage undefined$/.exec(line) ?? [];
  return name !== undefined && numbers.has(name) && !/^[-+]?[\d.]+%?$/.test(value ?? '');
}

// The same pages in every run: every third, or a few.
async function pages(): Promise<readonly string[]> {
  const names: string[] = [];
  for (const name of ['dijit', 'dojo']) {
    for (const file of await readdir(join(modules, name), { recursive: true })) if (file.endsWith('.html')) names.push(join(name, file));
  }
  const some = names.sort().filter((_, i) => (all ? i % 3 === 0 : i % 50 === 7));
  // The two readers are given text, so a page that is not UTF-8 would be another one for each.
  const isText = async (name: string): Promise<boolean> => isUtf8(await readFile(join(modules, name)));
  return (await Promise.all(some.map(async (name) => (await isText(name) ? [name] : [])))).flat();
}

/** Only what parsers decide about: kinds, texts, ids and classes. The head holds sheets alone. */
function shape(dump: Dump): Dump {
  const attrs = Object.fromEntries(Object.entries(dump.attrs ?? {}).filter(([name]) => name === 'id' || name === 'class').map(([name, value]) => [name, value.trim().replace(/\s+/g, ' ')] as const).filter(([, value]) => value !== ''));
  // The other parser knows no windows: to it, what frames hold is not there.
  const window = /^#(frame|poster)$/.test(dump.kind);
  const children = dump.kind === 'head' || window ? [] : (dump.children ?? []).map(shape);
  return { kind: window ? '#box' : dump.kind, ...(dump.text === undefined ? {} : { text: dump.text }), attrs, children };
}

test('threat-13: the browser, the stage and another parser read the same trees', async ({ customer, agent, server, site, at }) => {
  test.setTimeout(all ? 15 * 60_000 : 60_000);
  const names = await pages();
  expect(names.length).toBeGreaterThan(all ? 150 : 8);
  execFileSync('go', ['build', '-o', 'bin/verdicts', './test/verdicts'], { cwd: root, stdio: 'inherit' });
  const lines = execFileSync(join(root, 'bin/verdicts'), ['dump'], { input: names.map((name) => join(modules, name)).join('\n'), maxBuffer: 1 << 28 }).toString().trim().split('\n');
  const script = await build({ entryPoints: [join(__dirname, 'verdicts/whole.ts')], bundle: true, write: false, format: 'iife', target: 'es2022', logLevel: 'silent' });
  site.headers.set('/whole/', { 'Content-Security-Policy': `default-src 'none'; script-src 'self' ${server.base}; style-src 'unsafe-inline'; connect-src 'self' ${server.base}; base-uri 'none'; form-action 'none'` });
  site.pages.set('/whole.html', `<!doctype html><html lang="en"><head><title>Pages</title><script src="${server.base}/sdk/vitrine.js"></script></head><body><button type="button" id="help">Get help</button><script src="whole.js"></script></body></html>`);
  site.pages.set('/whole.js', `document.getElementById('help').addEventListener('click', async () => { window.session = await Vitrine.start({ server: new URLSearchParams(location.search).get('server'), siteKey: 'demo' }); });`);
  await customer.page.addInitScript({ content: script.outputFiles[0]?.text ?? '' });
  await together(customer, agent, server, at('whole/whole.html'));

  const odd: string[] = [];
  let nodes = 0;
  for (const [i, name] of names.entries()) {
    await customer.page.evaluate(([text, n]) => { window.whole(text, n); }, [await readFile(join(modules, name), 'utf8'), i] as const);
    let found: string[] = [];
    // The stage follows within frames; the sheets of a page come a little later.
    await expect.poll(async () => {
      const stage = await agent.stage();
      const page = await customer.dump();
      nodes += stage ? count(stage) : 0;
      found = stage && stage.attrs?.['data-whole'] === String(i) ? differences(page, stage).filter((line) => !meant(line)) : ['not there yet'];
      if (found.length > 0) nodes -= stage ? count(stage) : 0;
      else if (stage) found = differences(shape(JSON.parse(lines[i] ?? '') as Dump), shape(stage)).map((line) => `x/net/html: ${line}`);
      return found.length === 0 || found[0]?.startsWith('x/net/html') === true;
    }, { timeout: 15_000, intervals: [30, 60, 120, 240] }).toBe(true).catch(() => undefined);
    if (found.length > 0) odd.push(`${name}: ${found.slice(0, 3).join(' | ')}`);
  }
  console.log(`${names.length} pages, ${nodes} nodes, ${odd.length} differ`);
  for (const line of odd) console.log(line.slice(0, 400));
  if (all) {
    await mkdir(join(root, 'bin/figures'), { recursive: true });
    await writeFile(join(root, 'bin/figures/browser.json'), JSON.stringify({ pages: names.length, differ: odd.length }));
  }
  expect(odd).toEqual([]);
});
