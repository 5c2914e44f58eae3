// Prints the pages that the sanitizer is measured with as JSON: their HTML after their own scripts have run.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname, '../..');
const { JSDOM, VirtualConsole } = createRequire(join(root, 'web/package.json'))('jsdom');

const pages = [
  'test/e2e/pages/dashboard.html',
  'test/e2e/pages/form.html',
  'web/demo/index.html',
  'web/demo/checkout.html',
  'web/demo/delivery.html',
];

// load runs a page's scripts in the order in which they stand, without any request.
function load(path) {
  const file = join(root, path);
  const dom = new JSDOM(readFileSync(file), {
    url: `http://127.0.0.1/${basename(path)}`, runScripts: 'outside-only', pretendToBeVisual: true, virtualConsole: new VirtualConsole(),
  });
  for (const script of dom.window.document.querySelectorAll('script[src]')) {
    const src = script.getAttribute('src') ?? '';
    if (!/^[\w.-]+\.js$/.test(src)) continue; // the SDK, which comes from a server
    // The page's helpers write the SDK's script tag, which would replace a page that is complete.
    dom.window.document.write = () => undefined;
    dom.window.eval(readFileSync(join(dirname(file), src), 'utf8'));
  }
  return { path, html: dom.serialize() };
}

process.stdout.write(JSON.stringify(pages.map(load)));
