// Pages that other people wrote look on the stage as they look to the customer, pixel by pixel.
import { join } from 'node:path';
import { expect, test } from './support/env';
import type { Agent, Customer } from './support/people';
import { type Sample, samples, serve } from './fidelity/pages';
import { type Area, type Verdict, compare, keep, line, report } from './fidelity/picture';

const all = process.env['FIDELITY'] === 'all';
const folder = join(__dirname, '../artefacts/fidelity');
const MOST = 0.01;
const PATIENCE = 15_000;

// Pictures of the window as it is: nothing is put into the documents for them.
const plain = { caret: 'initial', animations: 'allow', scale: 'css' } as const;

// How far the shadow of the SDK's bar goes.
const SHADOW = 36;

/** What agents are not shown on purpose, and the SDK's own bar with its shadow. */
async function hidden({ page }: Customer): Promise<readonly Area[]> {
  return page.evaluate((shadow) => {
    const areas = (list: Iterable<Element>, more: number): Area[] => [...list].filter((element) => element.checkVisibility({ visibilityProperty: true })).map((element) => element.getBoundingClientRect())
      .filter(({ width, height }) => width > 0 && height > 0)
      .map(({ x, y, width, height }) => ({ x: x - more, y: y - more, width: width + 2 * more, height: height + 2 * more }));
    const own = window.probe.closed.filter(({ host }) => host.isConnected).flatMap((root) => [...root.querySelectorAll('section, dialog')]);
    return [...areas(own, shadow), ...areas(document.querySelectorAll('iframe, video, audio, object, embed, input[type="password"], [data-vitrine]'), 0)];
  }, SHADOW);
}

/** The stage's part of the console's window. On a part of a pixel every letter would be blurred, so the stage is moved to a whole one. */
async function stageOf(agent: Agent): Promise<Area> {
  const area = await agent.page.evaluate(() => {
    const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
    if (!frame?.parentElement) return null;
    frame.parentElement.style.translate = 'none';
    const from = frame.getBoundingClientRect();
    frame.parentElement.style.translate = `${Math.floor(from.x) - from.x}px ${Math.floor(from.y) - from.y}px`;
    const { x, y, width, height } = frame.getBoundingClientRect();
    return { x: Math.round(x), y: Math.round(y), width, height, scale: width / frame.offsetWidth };
  });
  if (!area) throw new Error('there is no stage');
  expect(area.scale, 'the stage is not scaled').toBe(1);
  return area;
}

/** Compares until both are alike, or for as long as the stage may take. */
async function look(name: string, customer: Customer, agent: Agent): Promise<Verdict> {
  for (const end = Date.now() + PATIENCE; ;) {
    const clip = await stageOf(agent);
    const verdict = compare(name, await customer.page.screenshot(plain), await agent.page.screenshot({ ...plain, clip }), await hidden(customer));
    if (verdict.differs < MOST / 10 || Date.now() > end) return verdict;
  }
}

async function open(sample: Sample, origin: string, { page }: Customer): Promise<void> {
  // Fonts and pictures that are elsewhere are missing for both.
  await page.context().route((url) => url.hostname !== '127.0.0.1', (route) => route.abort());
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(`${origin}/${sample.path}`);
  await page.locator(sample.ready).first().waitFor({ state: 'attached' });
  await sample.prepare?.(page);
}

for (const sample of all ? samples : samples.slice(0, 2)) {
  test(`fidelity: ${sample.name}`, async ({ customer, agent, server }) => {
    test.setTimeout(90_000);
    const site = await serve(sample, `${server.base}/sdk/vitrine.js`);
    try {
      await agent.page.setViewportSize({ width: 1900, height: 1200 });
      await open(sample, site.origin, customer);
      const code = await customer.page.evaluate(async (base) => {
        const { Vitrine } = window as unknown as { Vitrine: { start(options: object): Promise<{ code: string }> } };
        return (await Vitrine.start({ server: base, siteKey: 'demo', canvas: true })).code;
      }, server.base);
      await agent.join(await server.signIn('ada'), code);
      await customer.press(/^allow$/i);
      await expect.poll(() => agent.sees(), { message: 'the stage shows a page', timeout: 15_000 }).toBe(true);
      const verdict = await look(sample.name, customer, agent);
      await keep(folder, verdict);
      process.stdout.write(`    ${line(verdict)}\n`);
      expect.soft(verdict.masked, 'share of the picture that is masked').toBeLessThan(0.25);
      expect(verdict.differs, 'share of the pixels that differ').toBeLessThan(MOST);
    } finally {
      await site.close();
    }
  });
}

test.afterAll(async () => {
  await report(folder, MOST);
});
