// Impatient people, pages that undo what the SDK did, and servers that do not answer: what both see stays true, and a
// session that could live on does.
import type { BrowserContext } from '@playwright/test';
import { expect, test, together } from './support/env';
import { Customer, expectSame, withProbe, type Agent } from './support/people';

/** What the page's own scripts have. */
interface PageWindow {
  session: { id: string; revoke: () => void; pause: () => void; chat: (text: string) => void };
  server: string;
  channels: RTCDataChannel[];
  Vitrine: { start: (options: unknown) => Promise<{ state: string; id: string }> };
}

async function letControl(customer: Customer, agent: Agent): Promise<void> {
  await agent.page.getByRole('button', { name: 'Control', exact: true }).click();
  await customer.press(/^allow$/i);
  await expect.poll(() => customer.says()).toContain('Take control back');
}

/** The sessions that are open. */
async function sessions(agent: Agent): Promise<readonly string[]> {
  return agent.page.evaluate(async () => {
    const rows = (await (await fetch('/v1/sessions')).json()) as readonly { readonly session: string }[];
    return rows.map(({ session }) => session);
  });
}

/** Keeps the channels of every connection, so that a test can break them. */
async function keepChannels(customer: Customer): Promise<void> {
  await customer.page.addInitScript(() => {
    const page = window as unknown as PageWindow;
    page.channels = [];
    const proto = RTCPeerConnection.prototype;
    const make = Reflect.get(proto, 'createDataChannel');
    proto.createDataChannel = function (label, init) {
      const channel = make.call(this, label, init);
      page.channels.push(channel);
      return channel;
    };
  });
}

test('start says what is wrong, and leaves nothing behind', async ({ customer, agent, server, site, at }) => {
  const { page } = customer;
  await agent.page.goto(await server.signIn('ada'));
  await agent.page.getByLabel('Six-digit code').waitFor();
  const before = await sessions(agent);
  const start = (options: Record<string, unknown>): Promise<string> => page.evaluate((given) => {
    const { Vitrine, server: base } = window as unknown as PageWindow;
    return Vitrine.start({ server: base, siteKey: 'demo', ...given }).then(({ state }) => state, (error: unknown) => String(error));
  }, options);
  await page.goto(at('form.html'));
  expect(await start({ server: 'http://127.0.0.1:9' })).toMatch(/cannot reach http:\/\/127\.0\.0\.1:9: check the address/);
  expect(await start({ server: site.origin })).toMatch(/answered 404: is it the Vitrine server\?/);
  expect(await start({ siteKey: 'nobody' })).toMatch(/Add the page's origin/);
  expect(await start({ mask: ['.secret', '[['] })).toMatch(/cannot mask "\[\["/);

  site.headers.set('/parts/', { 'Content-Security-Policy': `script-src 'self' 'unsafe-inline' ${server.base}/sdk/vitrine.js` });
  await page.goto(at('parts/form.html'));
  expect(await start({})).toMatch(/vitrine-session\.mjs: let script-src/);
  site.headers.set('/calls/', { 'Content-Security-Policy': "connect-src 'self'" });
  await page.goto(at('calls/form.html'));
  expect(await start({})).toMatch(/let connect-src/);
  expect(await customer.says()).toBe('');
  const open = await sessions(agent);
  expect(open.filter((id) => !before.includes(id))).toEqual([]);
  await page.goto(at('form.html'));
  expect(await start({})).toBe('waiting');
  expect((await sessions(agent)).filter((id) => !open.includes(id)), 'the list shows what is open').toHaveLength(1);
});

test('three clicks and two calls are one session', async ({ customer, at }) => {
  const { page } = customer;
  await page.goto(at('form.html'));
  await page.locator('#help').click({ clickCount: 3 });
  await customer.code();
  const same = await page.evaluate(async () => {
    const { Vitrine, server, session } = window as unknown as PageWindow;
    const twice = await Promise.all([Vitrine.start({ server, siteKey: 'demo' }), Vitrine.start({ server, siteKey: 'demo' })]);
    return twice.every(({ id }) => id === session.id);
  });
  expect(same).toBe(true);
});

test('prototypes that are frozen', async ({ customer, agent, server, at }) => {
  await customer.page.addInitScript(() => {
    for (const { prototype } of [Object, Array, Node, Element, HTMLElement, HTMLInputElement, CSSStyleSheet, CSSGroupingRule, ShadowRoot]) Object.freeze(prototype);
  });
  await together(customer, agent, server, at('form.html'));
  await customer.page.locator('#text').fill('typed');
  await expectSame(customer, agent);
});

test('a page that is written anew keeps the bar, the control and the capture', async ({ customer, agent, server, at }) => {
  const { page } = customer;
  await together(customer, agent, server, at('form.html'));
  await letControl(customer, agent);
  await page.evaluate(() => document.querySelector('vitrine-ui')?.remove());
  await customer.button(/^take control back/i);
  await page.evaluate(() => {
    document.open();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- pages do it all the same
    document.write('<!doctype html><title>new</title><h1>Written anew</h1><input id="text">');
    document.close();
  });
  await customer.button(/^take control back/i);
  await expect.poll(() => agent.text('h1')).toBe('Written anew');
  await page.locator('#text').fill('typed');
  await expectSame(customer, agent);
  await page.reload(); // the listeners that keep the session are there again as well
  await expect.poll(() => agent.text('h1'), { timeout: 15_000 }).toBe('Every kind of field');
});

test('a break while the customer is asked is no answer', async ({ customer, agent, server, at }) => {
  await keepChannels(customer);
  await customer.page.goto(at('form.html'));
  await agent.join(await server.signIn('ada'), await customer.askForHelp());
  await customer.button(/^allow$/i);
  const broken = await customer.page.evaluate(() => {
    const { channels } = window as unknown as PageWindow;
    channels[0]?.close();
    return channels.length;
  });
  await customer.page.waitForFunction((n) => (window as unknown as PageWindow).channels.slice(n).some(({ readyState }) => readyState === 'open'), broken);
  await expect(agent.page.getByRole('heading', { name: 'Waiting for consent' })).toBeVisible();
  await customer.press(/^allow$/i);
  await expect.poll(() => agent.sees()).toBe(true);
  expect(await customer.says()).not.toContain('asks you to allow');
});

test('what the customer takes back while the connection breaks stays taken back', async ({ customer, agent, server, at }) => {
  await keepChannels(customer);
  await together(customer, agent, server, at('form.html'));
  await letControl(customer, agent);
  await customer.page.evaluate(() => {
    const { channels, session } = window as unknown as PageWindow;
    for (const channel of channels) channel.close(); // nothing can be said from here on
    session.revoke();
    session.pause();
  });
  await expect(agent.page.getByRole('heading', { name: 'Paused by the customer' })).toBeVisible({ timeout: 15_000 });
  await expect.poll(() => customer.says()).toContain('Paused');
  expect(await customer.says()).not.toContain('Take control back');
  await customer.press(/^go on/i);
  await expect(agent.page.getByRole('heading', { name: 'Paused by the customer' })).toBeHidden();
  await expect(agent.page.getByRole('button', { name: 'Control', exact: true })).toHaveAttribute('aria-pressed', 'false');
  await customer.page.locator('#text').fill('after the break');
  await expectSame(customer, agent);
});

test('a chat message that is too long ends nothing', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  const said = await customer.page.evaluate(() => {
    try {
      (window as unknown as PageWindow).session.chat('z'.repeat(100_000));
      return 'sent';
    } catch (error) {
      return String(error);
    }
  });
  expect(said).toContain('at most 8,192 bytes');
  await customer.page.locator('#text').fill('still here');
  await expectSame(customer, agent);
});

test('the console is reloaded: the agent is back, with nothing asked again', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await letControl(customer, agent);
  await agent.page.reload();
  await expect.poll(() => agent.sees(), { timeout: 15_000 }).toBe(true);
  await expectSame(customer, agent);
  await expect(agent.page.getByRole('button', { name: 'Control', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await customer.press(/^stop/i);
  await expect(agent.page.getByRole('heading', { name: 'The customer ended the session' })).toBeVisible();
  await agent.page.reload();
  await expect(agent.page.getByRole('heading', { name: 'Join a customer' })).toBeVisible();
  expect(await agent.sees()).toBe(false);
});

test('back and forward through the browser\'s cache of pages', async ({ playwright, launchOptions, probe, agent, server, at }) => {
  const browser = await playwright.chromium.launch({ ...launchOptions, ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  try {
    const context: BrowserContext = await browser.newContext();
    const customer = new Customer(await withProbe(context, probe));
    await together(customer, agent, server, at('form.html'));
    await customer.page.evaluate(() => { Reflect.set(window, 'kept', true); });
    await customer.page.goto(at('dashboard.html'));
    await expect.poll(() => agent.text('h1'), { timeout: 15_000 }).toBe('Overview');
    await customer.page.evaluate(() => { history.back(); });
    await expect.poll(() => agent.text('h1'), { timeout: 15_000 }).toBe('Every kind of field');
    expect(await customer.page.evaluate(() => Reflect.get(window, 'kept') as unknown), 'the page came from the cache').toBe(true);
    await customer.page.evaluate(() => { history.forward(); });
    await expect.poll(() => agent.text('h1'), { timeout: 15_000 }).toBe('Overview');
    await customer.press(/^stop/i);
    await expect.poll(() => agent.sees()).toBe(false);
    await customer.page.evaluate(() => { history.back(); });
    await expect.poll(() => customer.state().catch(() => undefined), { message: 'the page that comes back knows that it is over' }).toBe('ended');
    expect(customer.faults).toEqual([]);
  } finally {
    await browser.close();
  }
});

test('a server that is gone is not said to show the page', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  server.signal('SIGSTOP');
  await expect.poll(() => customer.says(), { timeout: 20_000 }).toContain('No connection');
  expect(await customer.says()).not.toContain('can see');
  await expect(agent.page.getByRole('heading', { name: 'Connection lost' })).toBeVisible({ timeout: 20_000 });
  server.signal('SIGCONT');
  await expect.poll(() => customer.says(), { timeout: 20_000 }).toContain('can see this page');
  await customer.page.locator('#text').fill('after the silence');
  await expectSame(customer, agent);
});
