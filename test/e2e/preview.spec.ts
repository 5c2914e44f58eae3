// The customer's own look at what the agent sees, opened by the page.
import type { Page } from '@playwright/test';
import { expect, test } from './support/env';
import { framesFromAgent } from './support/frames';
import { Agent, type Customer, expectSame } from './support/people';

interface Help {
  readonly session: { preview: () => Promise<void>; readonly agents: readonly unknown[] };
}

/** Has the page open a preview and gives its window. */
async function openPreview(customer: Customer): Promise<Agent> {
  const [popup] = await Promise.all([
    customer.page.waitForEvent('popup'),
    customer.page.evaluate(() => (window as unknown as Help).session.preview()),
  ]);
  await popup.waitForURL(/\/console\/preview/);
  return new Agent(popup);
}

const says = (page: Page, heading: string): Promise<void> => expect(page.getByRole('heading', { name: heading })).toBeVisible();

test('the preview shows what the agent sees, does nothing and ends with the session', async ({ customer, agent, server, at }) => {
  await customer.page.goto(at('form.html'));
  const code = await customer.askForHelp();
  const preview = await openPreview(customer);
  await says(preview.page, 'This is what the agent sees');
  await says(preview.page, 'Nothing is shown yet');
  expect(preview.page.url(), 'the token is out of the address').toBe(`${server.base}/console/preview`);
  expect(await preview.page.evaluate(() => window.opener === null)).toBe(true);
  expect((await preview.text('body'))?.trim() ?? '').toBe('');

  await agent.join(await server.signIn('ada'), code);
  await customer.press(/^allow$/i);
  await expect.poll(() => agent.sees()).toBe(true);
  await expectSame(customer, preview);
  await customer.page.locator('#text').fill('what I type');
  await customer.page.locator('#password').fill('open sesame');
  await customer.page.locator('#check').check();
  await expectSame(customer, preview);
  await expectSame(customer, agent);
  expect(await preview.stage()).toEqual(await agent.stage());
  expect(JSON.stringify(await preview.stage())).not.toContain('open sesame');
  expect(await customer.page.evaluate(() => (window as unknown as Help).session.agents.length)).toBe(1);

  // Whatever is done in it, nothing comes of it.
  await customer.page.locator('#search').fill(''); // scrolls to it
  const before = await customer.dump();
  await preview.click('#checked');
  await preview.click('#text');
  await preview.page.keyboard.type('x');
  await preview.page.keyboard.press('Enter');
  await preview.page.mouse.wheel(0, 300);
  await customer.page.locator('#search').fill('later'); // goes the same way, behind whatever was done
  await expectSame(customer, preview);
  await customer.page.locator('#search').fill('');
  await expectSame(customer, preview);
  expect(await customer.dump()).toEqual(before);
  const kinds = new Set(framesFromAgent(await preview.sent()).map(({ frame }) => frame.kind));
  expect([...kinds].filter((kind) => !['hello', 'ping', 'pong', 'ack', 'need', 'presence'].includes(kind))).toEqual([]);

  // A second one, which is not kept: its address was good once.
  const second = await openPreview(customer);
  await expectSame(customer, second);
  await second.page.reload();
  await says(second.page, 'This preview is not open any more');

  await customer.press(/^stop/i);
  await says(preview.page, 'The preview has ended');
  await expect.poll(async () => (await preview.text('body'))?.trim() ?? '').toBe('');
  expect([...preview.faults, ...second.faults]).toEqual([]);
  expect([...preview.notes, ...second.notes].filter((note) => /^error|Content Security|Trusted/.test(note))).toEqual([]);
});

test('a third preview says that two are open', async ({ customer, at }) => {
  await customer.page.goto(at('form.html'));
  await customer.askForHelp();
  for (let i = 0; i < 2; i++) await says((await openPreview(customer)).page, 'Nothing is shown yet');
  await says((await openPreview(customer)).page, 'Two previews are open already');
});
