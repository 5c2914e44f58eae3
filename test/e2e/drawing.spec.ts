// What an agent draws lies on the customer's page for a moment, and the page stays what it is.
import { expect, test, together } from './support/env';

test('threat-48 a drawing can neither hide the page nor take its clicks, and fades', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await agent.page.getByRole('button', { name: 'Control', exact: true }).click();
  await customer.press(/^allow$/i);
  await expect(agent.page.getByText('The customer lets you operate the page')).toBeVisible();

  // As dense as a console that went wrong can make it: line under line over the whole window.
  for (let i = 0; i < 120; i++) {
    await agent.forge({ kind: 'stroke', tool: 0, colour: 7, points: [{ x: 0, y: 6 * i }, { x: 1200, y: 6 * i }] });
  }
  const ink = (): Promise<{ lines: number; opacity: number }> => customer.page.evaluate(() => {
    const lines = window.probe.closed.flatMap((root) => [...root.querySelectorAll('.ink')]);
    const layer = lines[0]?.parentElement;
    return { lines: lines.length, opacity: layer ? Number(getComputedStyle(layer).opacity) : 0 };
  });
  await expect.poll(async () => (await ink()).lines).toBeGreaterThan(10);
  const { lines, opacity } = await ink();
  expect(lines).toBeLessThanOrEqual(48);
  expect(opacity).toBeLessThan(0.8);
  expect(await customer.page.evaluate(() => document.elementFromPoint(300, 300)?.closest('body') === document.body)).toBe(true);
  await customer.page.locator('#text').click();
  await customer.page.keyboard.type('still here');
  await expect(customer.page.locator('#text')).toHaveValue(/still here/);
  await expect.poll(async () => (await ink()).lines, { timeout: 15_000 }).toBe(0);
});
