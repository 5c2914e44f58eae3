// An agent's turn of the wheel is shown at once on the stage; what the page makes of it counts.
import { expect, test, together } from './support/env';
import { framesToCustomer } from './support/frames';
import type { Agent } from './support/people';

const topOf = (agent: Agent, selector: string): Promise<number | undefined> => agent.page.evaluate((query) => (
  document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector(query)?.scrollTop
), selector);

test('a page that scrolls back is shown where it is', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await agent.page.getByRole('button', { name: 'Control', exact: true }).click();
  await customer.press(/^allow$/i);
  await expect.poll(() => customer.says()).toContain('Take control back');
  const scrolled = async (): Promise<number> => framesToCustomer(await customer.received()).filter(({ frame }) => frame.kind === 'scrollTo').length;
  const turn = async (selector: string): Promise<void> => {
    const before = await scrolled();
    const outer = await agent.page.locator('iframe[sandbox]').boundingBox();
    const { x, y } = selector === 'html' ? { x: (outer?.x ?? 0) + 3, y: (outer?.y ?? 0) + 200 } : await agent.pointOf(selector);
    await agent.page.mouse.move(x, y);
    await agent.page.mouse.wheel(0, 120);
    await expect.poll(scrolled).toBe(before + 1);
  };
  await agent.bring('#tall');
  await turn('#tall');
  await expect.poll(() => topOf(agent, '#tall'), 'the page lets itself be scrolled').toBe(120);
  await expect.poll(() => customer.page.locator('#tall').evaluate((el) => el.scrollTop)).toBe(120);
  await customer.page.evaluate(() => {
    const tall = document.querySelector('#tall') as HTMLElement;
    tall.addEventListener('scroll', () => { tall.scrollTop = 120; });
    addEventListener('scroll', () => { scrollTo(0, 0); });
    scrollTo(0, 0);
  });
  await expect.poll(() => topOf(agent, 'html')).toBe(0);
  await turn('html');
  await expect.poll(() => topOf(agent, 'html'), 'the page scrolled back').toBe(0);
  await customer.page.evaluate(() => { document.body.prepend(document.querySelector('#tall') as Node); });
  await expect.poll(() => agent.page.evaluate(() => (
    document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector('#tall')?.getBoundingClientRect().top ?? NaN
  ))).toBeLessThan(100);
  await customer.page.evaluate(() => { (document.querySelector('#tall') as HTMLElement).scrollTop = 120; });
  await expect.poll(() => topOf(agent, '#tall')).toBe(120);
  await turn('#tall');
  await expect.poll(() => topOf(agent, '#tall'), 'the part of the page scrolled back').toBe(120);
});
