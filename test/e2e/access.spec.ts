// Pages that the access policy closes are held back while the session goes on.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { framesToAgent } from './support/frames';
import { expect, test, together } from './support/env';
import { expectSame } from './support/people';

const policy = join(mkdtempSync(join(tmpdir(), 'vitrine-access-')), 'access.cedar');
writeFileSync(policy, `
@id("look") permit (principal in Role::"agent", action, resource);
@id("private") forbid (principal, action, resource is Page) when { resource.path == "/hands.html" || resource.path like "/private/*" };
`);

test.use({ config: `access:\n  policy: ${policy}\n` });

test('a closed page is kept from the agent, and shown again after it', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await expectSame(customer, agent);
  const before = (await agent.received()).length;

  // Another page.
  await customer.page.goto(at('hands.html'));
  await expect(agent.page.getByRole('heading', { name: 'Your company does not share this page' })).toBeVisible();
  await expect.poll(() => customer.says()).toContain('The company keeps this page to you');
  expect(await agent.sees()).toBe(false);
  expect((await agent.text('body'))?.trim() ?? '').toBe('');
  const kinds = framesToAgent(await agent.received(before)).map(({ frame }) => frame.kind);
  expect(kinds).toContain('closed');
  expect(kinds).not.toContain('batch');
  expect(await agent.page.locator('body').innerText()).not.toContain('hands.html');

  // One that may be shown.
  await customer.page.goto(at('form.html'));
  await expect.poll(() => agent.sees(), { timeout: 15_000 }).toBe(true);
  await expectSame(customer, agent);
  await expect.poll(() => customer.says()).toContain('can see this page');

  // An address that changes under the page.
  await customer.page.evaluate(() => { history.pushState(null, '', '/private/account'); });
  await customer.page.locator('#text').fill('something');
  await expect(agent.page.getByRole('heading', { name: 'Your company does not share this page' })).toBeVisible();
  expect(await agent.sees()).toBe(false);
  await customer.page.evaluate(() => { history.back(); });
  await expect.poll(() => agent.sees(), { timeout: 15_000 }).toBe(true);
  await expectSame(customer, agent);
});
