// A network that lets nothing but TLS on the server's one TCP port pass: no UDP socket, no port of TURN's own.
import { expect, test, together } from './support/env';
import { expectSame } from './support/people';
import { secure } from './support/server';

test.use({
  config: `${secure}udp: off\nturn:\n  udp: ""\n  tcp: ""\n`,
  // The certificate is one that the test made. Browsers check those of TURN servers like any other.
  ignoreHTTPSErrors: true,
  launchOptions: async ({ launchOptions }, use) => {
    await use({ ...launchOptions, args: [...launchOptions.args ?? [], '--ignore-certificate-errors'] });
  },
});

test('a co-browse through TURN over TLS on the port of HTTPS, with no UDP at all', async ({ customer, agent, server, at }) => {
  expect(server.base).toMatch(/^https:/);
  expect(server.turn).toEqual([`turns:${new URL(server.base).host}?transport=tcp`]);
  expect(server.udp).toBe('off');
  await together(customer, agent, server, at('form.html'));
  await expectSame(customer, agent);
  await customer.page.locator('#text').fill('through TLS');
  await expectSame(customer, agent);
  for (const person of [customer, agent]) {
    const used = (await person.candidates()).filter(({ side, used }) => side === 'local' && used);
    expect(used.map(({ type, relay }) => `${type} ${relay}`)).toEqual(['relay tls']);
  }
  const quality = agent.page.locator('.quality');
  await expect(quality.locator('dd').last()).toHaveText('by the relay (TLS)', { timeout: 10_000 });
  await expect(quality).toHaveClass('quality good');
  await expect(quality.locator('.figures')).toBeHidden();
  await quality.locator('summary').click();
  await expect(quality.locator('.figures')).toBeVisible();
  await expect(quality.getByRole('link')).toHaveAttribute('href', '../check/');
});
