// A page that allows nothing it need not: a strict policy, no storage, no compression. The SDK works there, too.
import { expect, test, together } from './support/env';
import { expectSame, expectSameLook } from './support/people';

function policy(server: string): string {
  return [
    "default-src 'self'", `script-src 'self' ${server}`, "style-src 'self'", "img-src 'self'", `connect-src 'self' ${server}`,
    "worker-src 'none'", "object-src 'none'", "base-uri 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
  ].join('; ');
}

test('a strict policy, no storage, no compression', async ({ customer, agent, server, site, at }) => {
  const { page } = customer;
  site.headers.set('/strict/', { 'Content-Security-Policy': policy(server.base), 'Permissions-Policy': 'clipboard-write=()' });
  site.pages.set('/strict.html', strictPage(server.base));
  await page.addInitScript(() => {
    for (const name of ['sessionStorage', 'localStorage']) {
      Object.defineProperty(window, name, { get: () => { throw new DOMException('The operation is insecure.', 'SecurityError'); } });
    }
    Reflect.deleteProperty(window, 'CompressionStream');
  });
  await together(customer, agent, server, at('strict/strict.html'));
  await expectSame(customer, agent);
  await expectSameLook(customer, agent, 'h1');

  await agent.page.getByRole('button', { name: 'Control', exact: true }).click();
  await customer.press(/^allow$/i);
  await expect.poll(async () => {
    await agent.click('#button');
    return page.locator('#clicks').textContent();
  }).not.toBe('0');
  await agent.click('#text');
  await agent.page.keyboard.type('typed under a policy');
  await expect(page.locator('#text')).toHaveValue('typed under a policy');
  await expectSame(customer, agent);

  await customer.press(/^stop/i);
  await expect.poll(() => agent.sees()).toBe(false);
  expect(await page.evaluate(() => (window as unknown as { violations: string[] }).violations)).toEqual([]);
});

// The page's SDK comes from the server, whose port is known only now.
function strictPage(server: string): string {
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Strict</title>
  <script src="${server}/sdk/vitrine.js"></script>
  <link rel="stylesheet" href="strict.css">
</head>
<body>
  <main>
    <h1>A page that allows nothing</h1>
    <button type="button" id="help">Get help</button>
    <p>Name <input type="text" id="text"></p>
    <p><button type="button" id="button">Press</button> <output id="clicks">0</output></p>
    <ul id="list"><li>one</li><li>two</li></ul>
  </main>
  <script src="strict.js"></script>
</body>
</html>`;
}
