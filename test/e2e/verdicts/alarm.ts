// Runs the positive control: the same cases in a bare frame must set the detectors off.
import type { Browser, LaunchOptions, PlaywrightWorkerArgs } from '@playwright/test';
import type { Sink, Site } from '../support/web';
import type { Case } from './tree';

/** What the control needs. */
export interface Set {
  readonly playwright: PlaywrightWorkerArgs['playwright'];
  readonly launchOptions: LaunchOptions;
  readonly sink: Sink;
  readonly mapped: string;
  readonly site: Site;
  readonly scripts: readonly string[];
}

const pageful = 20;

/** At most a moment: a payload may well never end, or take the page away. */
async function soon<T>(work: Promise<T>, otherwise: T): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<T>((resolve) => { timer = setTimeout(() => { resolve(otherwise); }, 2000); });
  const done = await Promise.race([work.catch(() => otherwise), late]);
  clearTimeout(timer);
  return done;
}

interface Seen {
  scripts: number;
  requests: number;
  connections: number;
  forbidden: number;
}

async function one(browser: Browser, { site, scripts }: Set, cases: readonly Case[], seen: Seen, wait: number): Promise<void> {
  const context = await browser.newContext();
  await context.addInitScript({ content: scripts.join('\n') });
  context.on('request', (request) => { if (/^https?:/.test(request.url()) && !request.url().endsWith('/control.html')) seen.requests++; });
  const page = await context.newPage();
  page.on('dialog', (dialog) => { dialog.dismiss().catch(() => undefined); }); // it may have gone with its frame
  await page.goto(`${site.origin}/control.html`);
  seen.forbidden += await soon(page.evaluate((list) => window.control.build(list), cases), 0);
  await soon(page.waitForTimeout(wait), undefined);
  seen.scripts += await soon(page.evaluate(() => window.inspector.hits.filter((hit) => hit.endsWith(' ran')).length), 0);
  await soon(context.close(), undefined);
}

/** Which detectors see something. */
export async function control(set: Set, cases: readonly Case[], all: boolean): Promise<readonly string[]> {
  set.site.pages.set('/control.html', '<!doctype html><title>control</title><body></body>');
  const seen: Seen = { scripts: 0, requests: 0, connections: 0, forbidden: 0 };
  const opened = set.sink.connections();
  // A few pages tell what has to be told; more of a large corpus, from all of it.
  const pages = all ? 10 : 3;
  const step = Math.max(1, Math.ceil(cases.length / (pages * pageful)));
  const some = cases.filter((_, i) => i % step === 0);
  const browser = await set.playwright.chromium.launch({ ...set.launchOptions, args: [...(set.launchOptions.args ?? []), set.mapped] });
  for (let at = 0; at < some.length; at += pageful) await one(browser, set, some.slice(at, at + pageful), seen, all ? 500 : 250);
  await soon(browser.close(), undefined);
  seen.connections = set.sink.connections() - opened;
  return (['scripts', 'requests', 'connections', 'forbidden'] as const).filter((kind) => seen[kind] > 0);
}
