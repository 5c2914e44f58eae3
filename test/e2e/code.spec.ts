// A code that nobody used in time is replaced by itself, also when the server could not be asked at once.
import { expect, test } from './support/env';

test.use({ config: 'session:\n  code_ttl: 2s\n' });

test('an expired code is replaced after an attempt that failed', async ({ customer, at }) => {
  let failed = 0;
  await customer.page.route('**/v1/sessions/*/code', async (route) => {
    if (failed++ === 0 && route.request().method() === 'POST') await route.abort();
    else await route.continue();
  });
  await customer.page.goto(at('form.html'));
  const first = await customer.askForHelp();
  await expect.poll(() => customer.code(), { timeout: 25_000 }).not.toBe(first);
  expect(failed).toBeGreaterThan(1);
  expect(await customer.state()).toBe('waiting');
});
