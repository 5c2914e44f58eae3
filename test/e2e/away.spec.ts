// A session that no agent watches any more ends by itself.
import { expect, test, together } from './support/env';

test.use({ config: 'session:\n  agent_away: 3s\n' });

test('the agent\'s tab is closed: the session ends after the configured time', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  const closed = Date.now();
  await agent.page.close();
  await expect.poll(() => customer.state(), { timeout: 15_000 }).toBe('ended');
  const after = Date.now() - closed;
  expect(after).toBeGreaterThan(2_000);
  expect(after).toBeLessThan(8_000);
});

test('the agent does nothing any more: the same', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  const idle = Date.now();
  await expect(agent.page.getByRole('heading', { name: 'Ended because you were away' })).toBeVisible({ timeout: 15_000 });
  expect(Date.now() - idle).toBeGreaterThan(1_500);
  expect(await agent.sees()).toBe(false);
  await expect.poll(() => customer.state()).toBe('ended');
});

test('the agent goes on working: the session stays', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  const start = Date.now();
  await expect.poll(async () => {
    await agent.page.mouse.move(300 + (Date.now() % 400), 400);
    return Date.now() - start;
  }, { timeout: 15_000, intervals: [200] }).toBeGreaterThan(6_000);
  expect(await customer.state()).toBe('active');
  expect(await agent.sees()).toBe(true);
});
