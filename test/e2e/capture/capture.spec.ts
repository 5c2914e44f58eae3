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
