// An agent signs in with an OpenID provider, helps a customer, signs out; and reads what to do when the provider is dead.
import { expect, test as base } from './support/env';
import { type Provider, startProvider } from './support/provider';

const test = base.extend<object, { provider: Provider }>({
  // eslint-disable-next-line no-empty-pattern -- the runner wants the fixtures that are needed, and this needs none
  provider: [async ({}, use) => {
    const provider = await startProvider();
    await use(provider);
    await provider.stop();
  }, { scope: 'worker', timeout: 180_000 }],
  config: [async ({ provider }, use) => {
    await use([
      'agents:', '  providers:', '    - key: staff', '      name: Example staff', `      issuer: ${provider.issuer}`, '      client_id: vitrine',
      `      client_secret_file: ${provider.secret}`, '      roles:', '        - {group: "*", roles: [agent], sites: [demo]}', '',
    ].join('\n'));
  }, { scope: 'worker' }],
});

test('an agent signs in with a provider, and reads what to do when it is dead', async ({ agent, customer, at, server, provider }) => {
  const { page } = agent;
  await page.goto(`${server.base}/console/`);
  await page.getByRole('button', { name: 'Sign in with Example staff' }).click();
  await page.locator('input[name=username]').fill('test-user@127.0.0.1');
  await page.locator('input[name=password]').fill('verysecure');
  await page.locator('button[type=submit]').click();
  await expect(page.getByLabel('Six-digit code')).toBeVisible();
  await expect(page.getByText('Test User')).toBeVisible();
  expect(page.url()).toBe(`${server.base}/console/`);
  const cookies = (await page.context().cookies(server.base)).filter(({ name }) => name.includes('vitrine'));
  expect(cookies.map(({ name, expires, httpOnly, secure, sameSite, path }) => ({ name, expires, httpOnly, secure, sameSite, path }))).toEqual([
    { name: '__Host-vitrine', expires: -1, httpOnly: true, secure: true, sameSite: 'Strict', path: '/' },
  ]);
  expect(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length])).toEqual(['', 0, 0]);

  await customer.page.goto(at('form.html'));
  await page.getByLabel('Six-digit code').fill(await customer.askForHelp());
  await customer.press(/^allow$/i);
  await expect.poll(() => agent.sees(), { timeout: 15_000 }).toBe(true);
  expect(await customer.page.context().cookies()).toEqual([]);

  const another = await page.context().newPage();
  await another.goto(`${server.base}/console/`);
  await another.getByRole('button', { name: 'Sign out' }).click();
  await expect(another.getByRole('button', { name: 'Sign in with Example staff' })).toBeVisible();
  await another.goto(`${server.base}/console/?code=stolen&state=stolen`);
  await expect(another.getByRole('alert')).toContainText('could not be finished');
  await another.goto(`${server.base}/console/?error=access_denied&state=x`);
  await expect(another.getByRole('alert')).toContainText('did not let you in');
  expect(another.url()).toBe(`${server.base}/console/`);
  expect(await agent.sees(), 'a session goes on without its sign-in').toBe(true);

  await provider.end();
  expect(await agent.sees(), 'a session goes on without the provider').toBe(true);
  await server.end('SIGTERM');
  await server.again();
  await another.goto(`${server.base}/console/`);
  await another.getByRole('button', { name: 'Sign in with Example staff' }).click();
  await expect(another.getByRole('alert')).toContainText('does not answer');
});
