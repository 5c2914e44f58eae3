// How sessions end, and what is left then: nothing.
import { Channel } from '../../web/wire/frames';
import { expect, test, together } from './support/env';
import { framesFromCustomer } from './support/frames';
import { expectSame } from './support/people';

test.use({ config: 'session:\n  resume_grace: 2s\n' });

test('the customer stops: nothing arrives later than 250 ms after, and the stage is empty', { tag: '@firefox' }, async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('dashboard.html'));
  // A page that never rests.
  await customer.page.evaluate(() => {
    const page = window as unknown as { tick: () => number; ticks: number };
    setInterval(() => { page.ticks = page.tick(); }, 40);
  });
  const flowing = (await agent.received()).length;
  await expect.poll(async () => (await agent.received(flowing)).filter(({ channel }) => channel === Channel.Dom).length).toBeGreaterThan(5);

  const stop = await customer.button(/^stop/i);
  await customer.page.evaluate(() => {
    addEventListener('pointerdown', () => { (window as unknown as { stopped: number }).stopped = performance.timeOrigin + performance.now(); }, { capture: true });
  });
  await stop.click();
  await expect.poll(() => agent.sees()).toBe(false);
  await expect.poll(() => customer.state()).toBe('ended');
  const { stopped, ticks } = await customer.page.evaluate(() => {
    const page = window as unknown as { stopped: number; ticks: number };
    return { stopped: page.stopped, ticks: page.ticks };
  });
  await expect.poll(() => customer.page.evaluate(() => (window as unknown as { ticks: number }).ticks)).toBeGreaterThan(ticks + 40);
  const pageBytes = new Set<number>([Channel.Dom, Channel.Asset]);
  const arrived = (await agent.received()).filter(({ channel }) => pageBytes.has(channel));
  expect(arrived.length).toBeGreaterThan(0);
  expect((arrived.at(-1)?.at ?? 0) - stopped).toBeLessThan(250);
  const left = (await customer.sent()).filter(({ channel }) => pageBytes.has(channel));
  expect((left.at(-1)?.at ?? 0) - stopped).toBeLessThan(250);
  const rest = await agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector('body')?.textContent ?? '');
  expect(rest).toBe('');
});

test('the agent ends the session', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await agent.page.getByRole('button', { name: 'End session' }).click();
  await agent.page.getByRole('button', { name: 'End now?' }).click();
  await expect.poll(() => customer.state()).toBe('ended');
  await expect(agent.page.getByRole('heading', { name: 'You ended the session' })).toBeVisible();
  expect(await agent.sees()).toBe(false);
});

test('the customer\'s tab is closed: the session ends after the grace', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await customer.page.close();
  await expect(agent.page.getByRole('heading', { name: 'The customer is away for a moment' })).toBeVisible({ timeout: 15_000 });
  await expect(agent.page.getByRole('heading', { name: 'The customer left' })).toBeVisible({ timeout: 20_000 });
  expect(await agent.sees()).toBe(false);
});

test('a reload goes on without a new consent', { tag: '@firefox' }, async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await customer.page.locator('#text').fill('before the reload');
  await expectSame(customer, agent);
  await customer.page.reload();
  await customer.page.locator('#text').fill('after the reload');
  await expect.poll(async () => JSON.stringify(await agent.stage()), { timeout: 15_000 }).toContain('after the reload');
  await expectSame(customer, agent);
  expect(framesFromCustomer(await customer.sent()).map(({ frame }) => frame.kind)).not.toContain('answer');
});

test('a walk to the next page goes on without a new consent', async ({ customer, agent, server }) => {
  const scrolled = (): Promise<number | undefined> =>
    agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentWindow?.scrollY);
  await together(customer, agent, server, server.demo);
  await customer.page.evaluate(() => { window.scrollTo(0, 300); });
  await expect.poll(scrolled).toBe(300);
  await customer.page.getByRole('link', { name: 'Checkout' }).first().click();
  await expect.poll(async () => JSON.stringify(await agent.stage()), { timeout: 15_000 }).toContain('Words for the card');
  await expect.poll(scrolled, 'a new page begins at its top').toBe(0);
  await expectSame(customer, agent);
});
