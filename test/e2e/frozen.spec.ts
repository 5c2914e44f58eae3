// What is on the stage while nothing comes any more says so, with the time that it is from.
import { expect, test, together } from './support/env';
import { expectSame } from './support/people';
import { lead } from './support/wobbly';

test('a page that is frozen says since when, and nothing once it lives again', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await expectSame(customer, agent);
  const card = agent.page.locator('.veil');
  await expect(card).toHaveCount(0);
  server.signal('SIGSTOP');
  try {
    await expect(card).toContainText('Connection lost', { timeout: 6000 });
    await expect(card).toContainText(/the picture is from \d\d:\d\d:\d\d\./);
  } finally {
    server.signal('SIGCONT');
  }
  await expect(card).toHaveCount(0, { timeout: 10_000 });
  await customer.page.locator('#text').fill('alive');
  await expectSame(customer, agent);
});

// The agent's own connection is fine here, and the server holds the customer's for a while: nothing but their silence tells.
test('a customer whose network is gone is not shown as live, and the time is not later than their last word', async ({ customer, agent, server, at }) => {
  const way = await lead(customer.page.context(), server.udp);
  await together(customer, agent, server, at('form.html'));
  await agent.page.getByRole('button', { name: 'Control', exact: true }).click();
  await customer.press(/^allow$/i);
  await expect(agent.page.getByRole('button', { name: 'Control', exact: true })).toHaveAttribute('aria-pressed', 'true');
  way.lose(true);
  const gone = await agent.page.evaluate(() => new Date().toLocaleTimeString('en-GB'));
  const card = agent.page.locator('.veil');
  await expect(card).toContainText('The customer is away for a moment', { timeout: 10_000 });
  const said = /the picture is from (\d\d:\d\d:\d\d)\./.exec(await card.innerText())?.[1] ?? 'never';
  expect(said <= gone || gone < '00:00:20', `the picture is from ${said}, the network was gone at ${gone}`).toBe(true);
  way.lose(false);
  await expect(card).toHaveCount(0, { timeout: 15_000 });
  await customer.page.locator('#text').fill('alive again');
  await expectSame(customer, agent);
  await way.close();
});
