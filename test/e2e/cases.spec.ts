// The hard cases of capture and replay: each is a page of its own, seen through the real server in the real stage.
import { rows as rowsAlso } from './cases/also';
import { rows as rowsFields } from './cases/fields';
import { rows as rowsMedia } from './cases/media';
import { rows as rowsSafety } from './cases/safety';
import { rows as rowsStyles } from './cases/styles';
import { rows as rowsTree } from './cases/tree';
import { type Cast, type Check, type Row, colour, html, run } from './cases/kit';
import type { Name } from '../../web/browsers';
import { expect, test as base, together } from './support/env';
import { type Site, startSite } from './support/web';

const rows: readonly Row[] = [rowsTree, rowsStyles, rowsFields, rowsMedia, rowsSafety, rowsAlso].flat();

const test = base.extend<object, { other: Site }>({
  // eslint-disable-next-line no-empty-pattern -- the runner wants the fixtures that are needed, and this needs none
  other: [async ({}, use) => {
    const other = await startSite();
    await use(other);
    await other.close();
  }, { scope: 'worker' }],
});

/** What a side answers; an error is an answer, too, but never the one that is wanted. */
async function answer(cast: Cast, check: Check, stage: boolean): Promise<unknown> {
  const who = stage ? cast.agent : cast.customer;
  try {
    return check.ask ? await check.ask(cast) : check.pixel ? await colour(who, stage, check.pixel) : check.read ? await run(who.page, stage, check.read) : undefined;
  } catch (error) {
    return `failed: ${String(error).split('\n')[0]}`;
  }
}

/** Waits until a side answers what is wanted. Returns its last answer if it does not. */
async function wait(cast: Cast, check: Check, stage: boolean, patience: number): Promise<string> {
  const want = JSON.stringify(check.want);
  for (const end = Date.now() + patience; ;) {
    const seen = JSON.stringify(await answer(cast, check, stage));
    if (seen === want) return '';
    if (Date.now() > end) return `${stage ? 'the stage' : 'the page itself'} answers ${seen} in place of ${want}`;
    await new Promise((done) => { setTimeout(done, 50); });
  }
}

/** Does what a check says. Returns what is wrong, or nothing. */
async function judge(cast: Cast, check: Check, patience: number): Promise<string> {
  if (check.change) await run(cast.customer.page, false, check.change);
  await check.act?.(cast);
  const page = check.only === 'stage' ? '' : await wait(cast, check, false, 3000);
  return page || wait(cast, check, true, patience);
}

/** What the customer's browser lacks for a check, if anything. Chromium is not asked: it has all. */
async function lacks({ customer }: Cast, { needs }: Check, customers: Name): Promise<string> {
  if (!needs || customers === 'chromium') return '';
  return await run(customer.page, false, needs[1]) ? '' : needs[0];
}

function publish({ site, other }: Cast, row: Row): void {
  const filled = (text: string): string => text.replaceAll('{other}', other.origin);
  site.pages.set(`/${row.name}.html`, filled(html(row)));
  for (const [path, text] of Object.entries(row.files ?? {})) site.pages.set(`/${path}`, filled(text));
  for (const [path, text] of Object.entries(row.foreign ?? {})) other.pages.set(`/${path}`, filled(text));
  other.headers.set('/cors/', { 'Access-Control-Allow-Origin': '*' });
}

for (const row of rows) {
  test(row.name, async ({ customer, agent, server, site, other, at, customers }) => {
    const cast: Cast = { customer, agent, site, other, row };
    publish(cast, row);
    await together(customer, agent, server, at(`${row.name}.html`));
    const wrong: string[] = [];
    for (const [i, check] of row.checks.entries()) {
      const name = `${row.name}.${i + 1}`;
      const missing = await lacks(cast, check, customers);
      if (missing) {
        process.stdout.write(`    skip ${name} ${check.what}: the browser has no ${missing}\n`);
        continue;
      }
      const fault = await judge(cast, check, Number(process.env['PATIENCE'] ?? 5000));
      process.stdout.write(`    ${fault ? 'FAIL' : 'ok  '} ${name} ${check.what}${fault && `: ${fault}`}\n`);
      if (fault) wrong.push(`${name} ${check.what}: ${fault}`);
    }
    expect(wrong).toEqual([]);
  });
}

test('no case is missing', () => {
  const names = rows.flatMap(({ name, checks }) => checks.map((_, i) => `${name}.${i + 1}`));
  expect(names.length).toBeGreaterThanOrEqual(150);
  expect(new Set(names).size).toBe(names.length);
});
