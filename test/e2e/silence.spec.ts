// The agent's browser asks nobody but the server for anything, whatever the customer's page names.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from './support/env';
import { Agent, Customer, expectSame, withProbe } from './support/people';
import { startSink } from './support/web';

// One name for everything foreign. Each browser finds another server under it, so it is known who asked.
const foreign = 'foreign.test';

interface NetLog {
  readonly events: readonly unknown[];
}

test('a page full of things from elsewhere', async ({ playwright, launchOptions, probe, server, at }) => {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-silence-'));
  const [forCustomer, forAgent] = [await startSink(), await startSink()];
  const launch = (port: number, ...more: string[]) => playwright.chromium.launch({
    ...launchOptions, args: [...(launchOptions.args ?? []), `--host-resolver-rules=MAP ${foreign} 127.0.0.1:${port}`, ...more],
  });
  const logs = { customer: join(folder, 'customer.json'), agent: join(folder, 'agent.json') };
  const browsers = [await launch(forCustomer.port, `--log-net-log=${logs.customer}`), await launch(forAgent.port, `--log-net-log=${logs.agent}`)] as const;
  const asked: string[] = [];
  try {
    const customer = new Customer(await withProbe(await browsers[0].newContext({ viewport: { width: 1200, height: 2600 } }), probe));
    const agent = new Agent(await withProbe(await browsers[1].newContext({ viewport: { width: 1600, height: 1000 } }), probe));
    agent.page.context().on('request', (request) => asked.push(request.url()));
    agent.page.context().on('page', (page) => asked.push(`a new window: ${page.url()}`));

    await customer.page.goto(at(`foreign.html?foreign=http://${foreign}`), { waitUntil: 'commit' });
    await customer.page.locator('#link').waitFor({ state: 'attached' });
    const code = await customer.askForHelp();
    await agent.join(await server.signIn('ada'), code);
    await customer.press(/^allow$/i);
    await expect.poll(() => agent.sees(), { timeout: 15_000 }).toBe(true);
    await expectSame(customer, agent);
    await customer.page.evaluate(() => { (window as unknown as { addMore: () => void }).addMore(); });
    await expect.poll(async () => JSON.stringify(await agent.stage())).toContain('later-link');
    await expectSame(customer, agent);

    // What a curious agent does.
    for (const selector of ['#link', '#send', 'h1', '#later-link', '#later-send']) {
      await agent.click(selector);
      await agent.page.mouse.click(800, 500, { button: 'middle' });
    }
    await agent.page.keyboard.press('Tab');
    await agent.page.keyboard.press('Enter');
    await customer.page.locator('h1').evaluate((element) => { element.textContent = 'the last change'; });
    await expect.poll(() => agent.text('h1')).toBe('the last change');
    expect(customer.faults).toEqual([]);
    expect(agent.faults).toEqual([]);
  } finally {
    for (const browser of browsers) await browser.close();
    await Promise.all([forCustomer.close(), forAgent.close()]);
  }

  expect(forCustomer.requests.length, 'the page itself asked for what it names').toBeGreaterThan(20);
  expect(forAgent.requests).toEqual([]);
  expect(forAgent.connections()).toBe(0);
  expect(asked.length).toBeGreaterThan(3);
  expect(asked.filter((url) => !url.startsWith(`${server.base}/`) && !url.startsWith(`blob:${server.base}/`))).toEqual([]);
  // What the browser's network stack did on its own, name look-ups and preconnects included.
  const named = async (log: string): Promise<unknown[]> => {
    const { events } = JSON.parse(await readFile(log, 'utf8')) as NetLog;
    expect(events.length).toBeGreaterThan(100);
    return events.filter((event) => JSON.stringify(event).includes(foreign));
  };
  expect((await named(logs.customer)).length, 'the log names what is looked up').toBeGreaterThan(20);
  expect((await named(logs.agent)).slice(0, 3)).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});
