// The page that tells a visitor whether their network reaches the server, and what a help desk reads from it.
import { expect, test } from './support/env';

test('every way is tried and told in words, and the result can be copied', async ({ browser, server }) => {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  await page.goto(`${server.base}/check`);
  expect(new URL(page.url()).pathname).toBe('/check/');
  await expect(page.locator('#verdict')).toHaveText('All is well: sessions work from here.', { timeout: 30_000 });
  await expect(page.locator('#ways li')).toHaveCount(3);
  const rows = page.locator('#ways li');
  for (const [i, detail] of ['relay/udp', 'relay/tcp', 'direct/udp'].entries()) {
    await expect(rows.nth(i)).toHaveClass('works');
    await expect(rows.nth(i)).toContainText(/Works: open in \d+ ms, round trip [\d.]+ ms\./);
    await expect(rows.nth(i).locator('small')).toHaveText(detail);
  }
  await page.getByRole('button', { name: 'Copy the result' }).click();
  await expect(page.locator('#copied')).toHaveText('Copied.');
  const copied = await page.evaluate(async () => navigator.clipboard.readText());
  expect(copied).toContain('All is well');
  expect(copied.split('\n').filter((line) => line.startsWith('ok ')).length).toBe(3);
  expect(copied, 'addresses of the visitor').not.toMatch(/\d+\.\d+\.\d+\.\d+:\d{5} typ|192\.168\.|198\.51\.100\./);
  expect(faults).toEqual([]);
  await page.screenshot({ path: test.info().outputPath('check.png'), fullPage: true });
  await context.close();
});

test('a blocked way is told in words, and the others count', async ({ browser, server }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  // Nobody listens at the discard port: as behind a firewall that refuses.
  await page.route('**/v1/checks', async (route) => {
    const answer = await route.fetch();
    const text = (await answer.text()).replace(/turn:127\.0\.0\.1:\d+\?transport=tcp/, 'turn:127.0.0.1:9?transport=tcp');
    await route.fulfill({ response: answer, body: text });
  });
  await page.goto(`${server.base}/check/`);
  await expect(page.locator('#verdict')).toHaveText(/^All is well/, { timeout: 40_000 });
  const blocked = page.locator('#ways li').nth(1);
  await expect(blocked).toHaveClass('fails');
  await expect(blocked).toContainText('This TCP port is not reached: probably a firewall blocks it.');
  await expect(page.locator('#ways li.works')).toHaveCount(2);
  await page.screenshot({ path: test.info().outputPath('blocked.png'), fullPage: true });
  await context.close();
});

test('a link that was used is refused in words', async ({ browser, server }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${server.base}/check/#token=nonsense`);
  await expect(page.locator('#verdict')).toHaveText(/^This link is used up or too old/);
  await expect(page.locator('#actions')).toBeHidden();
  expect(page.url(), 'the token').not.toContain('nonsense');
  await context.close();
});
