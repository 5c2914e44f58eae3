// A page that keeps the agent's window busy is not drawn any more, until the agent wants it back.
import { expect, test, together } from './support/env';

test('threat-24 threat-40 a frozen console stops drawing, and draws again when asked', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await customer.page.evaluate(() => {
    document.body.style.minHeight = '4000px';
    window.scrollTo(0, 700);
  });
  const scrolled = (): Promise<number | undefined> => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentWindow?.scrollY);
  await expect.poll(scrolled).toBe(700);

  // The stage has the window's thread; what its layout could do is done here by a loop.
  await agent.page.evaluate(() => {
    const until = performance.now() + 5_000;
    while (performance.now() < until);
  });
  const again = agent.page.getByRole('button', { name: 'Draw it again' });
  await expect(again).toBeVisible();
  await expect(agent.page.locator('iframe[sandbox]')).toBeHidden();

  // Meanwhile the page goes on, and so does the session.
  await customer.page.evaluate(() => { document.querySelector('h1')?.append(' (later)'); });
  await expect.poll(() => agent.text('h1')).toContain('(later)');
  expect(await customer.state()).toBe('active');

  await again.click();
  await expect(agent.page.locator('iframe[sandbox]')).toBeVisible();
  await expect(again).toBeHidden();
  await expect.poll(scrolled).toBe(700);
  await customer.page.evaluate(() => { document.querySelector('h1')?.append(' (again)'); });
  await expect.poll(() => agent.text('h1')).toContain('(again)');
});
