// What two people do in a session besides looking: talk, pause, go on.
import { Channel } from '../../web/wire/frames';
import { expect, test, together } from './support/env';
import { framesToAgent } from './support/frames';
import { expectSame } from './support/people';

test('a code is good for one agent, once', async ({ browser, customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  const other = await browser.newPage();
  await other.goto(await server.signIn('grace'));
  await other.getByLabel('Six-digit code').fill(await customer.code());
  await expect(other.getByRole('alert')).toContainText('No session waits for this code');
  await other.close();
  expect(await customer.state()).toBe('active');
});

test('they write to each other, and what they write is text', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await agent.page.getByRole('button', { name: 'Show chat' }).click();
  const field = agent.page.getByLabel('Message to the customer');
  await field.fill('Hello, what is wrong? <img src=x onerror="window.hit = 1"> 1 < 2');
  await field.press('Enter');
  await expect.poll(() => customer.says()).toContain('Hello, what is wrong?');
  expect(await customer.says()).toContain('1 < 2');
  await customer.page.evaluate(() => { (window as unknown as { session: { chat: (text: string) => void } }).session.chat('The <b>bowl</b> & the "lamp"'); });
  await expect(agent.page.getByRole('log')).toContainText('The <b>bowl</b> & the "lamp"');
  expect(await customer.page.evaluate(() => 'hit' in window)).toBe(false);
});

test('while the customer pauses nothing is sent; then the page is as it is by then', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('dashboard.html'));
  await customer.page.evaluate(() => {
    const page = window as unknown as { tick: () => number; ticks: number };
    setInterval(() => { page.ticks = page.tick(); }, 20);
  });
  const ticks = (): Promise<number> => customer.page.evaluate(() => (window as unknown as { ticks?: number }).ticks ?? 0);
  await expect.poll(ticks).toBeGreaterThan(10);
  await customer.press(/^pause$/i);
  await expect(agent.page.getByRole('heading', { name: 'Paused by the customer' })).toBeVisible();
  const sent = (await customer.sent()).length;
  const then = await ticks();
  await expect.poll(ticks).toBeGreaterThan(then + 30);
  expect((await customer.sent(sent)).filter(({ channel }) => channel === Channel.Dom || channel === Channel.Asset)).toEqual([]);

  await customer.press(/^go on$/i);
  await expect.poll(async () => framesToAgent(await agent.received()).filter(({ frame }) => frame.kind === 'batch' && frame.snapshot).length).toBe(2);
  await customer.page.evaluate(() => { for (let id = 0; id < 10_000; id++) clearInterval(id); });
  await expectSame(customer, agent);
});
