// The whole story, told by the two windows alone: the shop and the console.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from './support/env';
import { expectSame, expectSameLook } from './support/people';

const artefacts = join(__dirname, '../artefacts/cobrowse');

test('a customer and an agent in the demo shop', async ({ customer, agent, server }) => {
  const shop = customer.page;
  await mkdir(artefacts, { recursive: true });
  const shot = async (name: string): Promise<void> => {
    // Hiding the caret writes into the pages, and what is written into one arrives in the other.
    await shop.screenshot({ path: join(artefacts, `${name}-shop.png`), caret: 'initial' });
    await agent.page.screenshot({ path: join(artefacts, `${name}-console.png`), caret: 'initial' });
  };

  await shop.goto(server.demo);
  await agent.page.goto(await server.signIn('Ada'));
  await shop.getByRole('button', { name: 'Get help' }).click();
  const code = await customer.code();
  expect(code).toMatch(/^\d{6}$/);
  expect((await customer.says()).replaceAll(/\D/g, '')).toContain(code);
  await shot('1-code');

  await agent.page.getByLabel('Six-digit code').fill(code);
  await customer.button(/^allow$/i);
  expect(await customer.says()).toContain('Ada');
  await shot('2-asked');
  await customer.press(/^allow$/i);

  await expect.poll(() => agent.text('h1')).toContain('Made slowly');
  await expectSame(customer, agent);
  await expectSameLook(customer, agent, '.hero');
  await expect.poll(() => agent.page.evaluate(() => {
    const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
    return [...stage?.querySelectorAll('img') ?? []].filter((img) => img.complete && img.naturalWidth > 0).length;
  })).toBe(7);
  await shot('3-view');

  // What the customer does is seen.
  await shop.getByRole('searchbox').pressSequentially('vase');
  await expect.poll(() => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelectorAll('[data-grid] li').length)).toBe(1);
  await expectSame(customer, agent);
  await shop.getByRole('button', { name: /Add Quarry vase/ }).click();
  await expect.poll(() => agent.text('[data-cart]')).toContain('Quarry vase');
  await shop.getByRole('searchbox').fill('');
  await shop.evaluate(() => { window.scrollTo(0, 300); });
  await expectSame(customer, agent);
  await shot('4-seen');

  // What the agent does is done.
  await agent.page.getByRole('button', { name: 'Control', exact: true }).click();
  await customer.button(/^allow$/i);
  await shot('5-control-asked');
  await customer.press(/^allow$/i);
  await expect(agent.page.getByText('The customer lets you operate the page')).toBeVisible();
  await agent.page.getByRole('button', { name: 'Dismiss' }).click();
  await agent.click('[data-filters] input[type=checkbox]');
  await expect(shop.locator('input[value=stoneware]')).not.toBeChecked();
  await expectSame(customer, agent);
  await agent.click('[data-filters] input[type=checkbox]');
  await expect(shop.locator('input[value=stoneware]')).toBeChecked();
  await agent.click('[data-filters] input:not([type=checkbox]):not([type=radio])');
  await agent.page.keyboard.type('lamp');
  await expect(shop.getByRole('searchbox')).toHaveValue('lamp');
  await expect(shop.locator('[data-grid] li')).toHaveCount(1);
  await expectSame(customer, agent);
  for (let i = 0; i < 4; i++) await agent.page.keyboard.press('Backspace');
  await expect(shop.getByRole('searchbox')).toHaveValue('');
  const before = await shop.evaluate(() => window.scrollY);
  const { x, y } = await agent.pointOf('[data-grid] li');
  await agent.page.mouse.move(x, y);
  await agent.page.mouse.wheel(0, 250);
  await expect.poll(() => shop.evaluate(() => window.scrollY)).toBeGreaterThan(before + 100);
  await expectSame(customer, agent);
  await shot('6-control');

  // And over.
  await customer.press(/^stop/i);
  await expect.poll(() => agent.sees()).toBe(false);
  await expect.poll(() => customer.state()).toBe('ended');
  await shot('7-stopped');
});
