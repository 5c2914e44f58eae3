// Random changes through the whole product: page, SDK, server, viewer, stage. A seed alone repeats what happened to its
// part of the page. SEEDS=10000 runs more of them than the few of every run.
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { build } from 'esbuild';
import type { Fuzz } from './capture/fuzz';
import { differences } from './support/compare';
import { expect, test, together } from './support/env';
import { framesFromCustomer, framesToCustomer } from './support/frames';
import type { Agent, Customer } from './support/people';
import type { Dump } from './support/probe/types';

const seeds = Number(process.env['SEEDS'] ?? 100);
const perSession = 500;
const atOnce = 20; // parts of a page, each with a seed of its own
const batches = 30;

declare global {
  interface Window {
    Fuzz: typeof Fuzz;
  }
}

let script = '';

test.beforeAll(async () => {
  expect(Number.isInteger(seeds) && seeds > 0, 'SEEDS is a number').toBe(true);
  const made = await build({
    stdin: { contents: "import { Fuzz } from './fuzz'; window.Fuzz = Fuzz;", resolveDir: join(__dirname, 'capture'), loader: 'ts' },
    bundle: true, write: false, format: 'iife', target: 'es2022', logLevel: 'silent',
  });
  script = made.outputFiles[0]?.text ?? '';
});

/** Gives every seed an empty part of the page and changes all of them, a batch in each animation frame. */
async function change(page: Page, list: readonly number[]): Promise<void> {
  await page.evaluate(async ([all, count]) => {
    const main = document.querySelector('main');
    if (!main) throw new Error('the page has no main part');
    main.replaceChildren(...all.map((seed) => Object.assign(document.createElement('section'), { id: `seed-${seed}` })));
    const parts = [...main.children].map((root, i) => ({ root, seed: all[i] ?? 0, random: new window.Fuzz(all[i] ?? 0, true) }));
    for (let batch = 0; batch < count; batch++) {
      for (const { root, seed, random } of parts) for (let n = 1 + (seed * 7 + batch * 13) % 25; n > 0; n--) random.step(root);
      await new Promise(requestAnimationFrame);
    }
  }, [list, batches] as const);
}

/** The kinds of nodes that a dump holds. */
function kinds(of: Dump, seen: Set<string>): void {
  seen.add(of.kind);
  for (const child of of.children ?? []) kinds(child, seen);
}

/** Where page and stage still differ after all that was on its way has arrived. */
async function difference(customer: Customer, agent: Agent, seen: Set<string>): Promise<readonly string[]> {
  let found: readonly string[] = [];
  for (const until = Date.now() + 15_000; Date.now() < until;) {
    const [page, stage] = [await customer.dump(), await agent.stage()];
    found = stage ? differences(page, stage) : ['there is no stage'];
    kinds(page, seen);
    if (found.length === 0) break;
    await customer.page.waitForTimeout(150);
  }
  return found;
}

/** What the server refused so far, and why. */
async function refusals(customer: Customer): Promise<readonly string[]> {
  return framesToCustomer(await customer.received()).flatMap(({ frame }) => (frame.kind === 'resync' ? [`${frame.kind}: ${frame.rule}`] : []));
}

for (let first = 0; first < seeds; first += perSession) {
  const last = Math.min(first + perSession, seeds) - 1;
  test(`the stage follows random changes, seeds ${first} to ${last}`, async ({ customer, agent, server, at }) => {
    test.setTimeout(60_000 + (last - first + 1) * 2_000);
    await customer.page.addInitScript({ content: script });
    await together(customer, agent, server, at('seeds.html'));
    const seen = new Set<string>();
    for (let seed = first; seed <= last; seed += atOnce) {
      const list = Array.from({ length: Math.min(atOnce, last - seed + 1) }, (_, i) => seed + i);
      await change(customer.page, list);
      const found = [...await difference(customer, agent, seen), ...await refusals(customer)];
      expect(found, `seeds ${seed} to ${seed + list.length - 1}`).toEqual([]);
    }
    expect([...seen], 'what was made').toEqual(expect.arrayContaining(['#shadow', '#text', 'section', 'x-card', 'svg:svg', 'math:math']));
    // What was healed was broken before: one snapshot is all that is needed.
    const said = framesFromCustomer(await customer.sent()).map(({ frame }) => frame);
    expect(said.filter((frame) => frame.kind === 'batch' && frame.snapshot).length, 'snapshots').toBe(1);
    expect(said.filter(({ kind }) => kind === 'batch').length, 'batches').toBeGreaterThan(batches);
  });
}
