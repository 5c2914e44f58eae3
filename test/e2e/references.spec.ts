// A page whose drawings show themselves is shown without what leads in a circle, and the session goes on.
import { expect, test, together } from './support/env';
import type { Customer } from './support/people';

async function draw(customer: Customer): Promise<void> {
  await customer.page.evaluate(() => {
    const holder = document.createElement('div');
    holder.id = 'circle';
    holder.innerHTML = '<svg width="80" height="40"><g id="a"><rect width="40" height="20" fill="#0b57d0"></rect><use href="#b"></use></g>'
      + '<g id="b"><circle r="9"></circle><use href="#a"></use></g></svg>';
    document.body.append(holder);
  });
}

const shapes = 'svg :is(rect, circle, use)';

test('threat-30 a circle of references that comes later', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await draw(customer);
  await expect.poll(() => agent.page.evaluate((query) => {
    const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
    return [...stage?.querySelectorAll(`#circle ${query}`) ?? []].map((el) => `${el.localName}${el.getAttribute('href') ?? ''}`).join(' ');
  }, shapes)).toBe('rect use circle use');
  await customer.page.locator('#text').fill('and on it goes');
  await customer.page.evaluate(() => { document.querySelector('h1')?.append(' (later)'); });
  await expect.poll(() => agent.text('h1')).toContain('(later)');
  expect(await customer.state()).toBe('active');
});

test('threat-30 a page that has one from the beginning', async ({ customer, agent, server, at }) => {
  await customer.page.goto(at('form.html'));
  await draw(customer);
  const code = await customer.askForHelp();
  await agent.join(await server.signIn('ada'), code);
  await customer.press(/^allow$/i);
  await expect.poll(() => agent.text('h1'), { timeout: 15_000 }).not.toBeNull();
  await customer.page.evaluate(() => { document.querySelector('h1')?.append(' (later)'); });
  await expect.poll(() => agent.text('h1')).toContain('(later)');
  expect(await customer.state()).toBe('active');
});
