// What is on the stage while nothing comes any more says so, with the time that it is from.
import { expect, test, together } from './support/env';
import { expectSame } from './support/people';

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
