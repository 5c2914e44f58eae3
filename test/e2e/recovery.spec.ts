// Networks that break, computers that sleep and servers that end: what comes back by itself, what both are told, and how long
// it takes. The times are printed; what is held is that they end.
import type { Browser, BrowserType, LaunchOptions, Page, Request } from '@playwright/test';
import { expect, test, together } from './support/env';
import { framesFromCustomer, framesToAgent, framesToCustomer } from './support/frames';
import { Agent, Customer, expectSame, type Person, withProbe } from './support/people';
import { startServer } from './support/server';
import { lead } from './support/wobbly';

const row = (name: string, milliseconds: number, how: string): void => {
  process.stdout.write(`| ${name.padEnd(44)} | ${String(Math.round(milliseconds)).padStart(6)} ms | ${how} |\n`);
};

const peers = (person: Person): Promise<number> => person.page.evaluate(() => window.probe.peers.length);
const isRestart = (request: Request): boolean => request.method() === 'PATCH' && request.url().includes('/v1/connections/');
const snapshots = async (agent: Agent): Promise<number> =>
  framesToAgent(await agent.received()).filter(({ frame }) => frame.kind === 'batch' && frame.snapshot).length;

async function letControl(customer: Customer, agent: Agent): Promise<void> {
  await agent.page.getByRole('button', { name: 'Control', exact: true }).click();
  await customer.press(/^allow$/i);
  await expect.poll(() => customer.says()).toContain('Take control back');
}

async function expectControl(customer: Customer, agent: Agent): Promise<void> {
  await expect(agent.page.getByRole('button', { name: 'Control', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(() => customer.says()).toContain('Take control back');
}

/** Of each agent, whether they are there, as the customer's page is told. */
const active = (customer: Customer): Promise<boolean[]> => customer.page.evaluate(() =>
  (window as unknown as { session: { agents: readonly { active: boolean }[] } }).session.agents.map((one) => one.active));

interface Standing {
  readonly peers: readonly [number, number];
  readonly snapshots: number;
  readonly asked: number;
  readonly answered: number;
}

/** What must not change while a connection is mended. */
async function standing(customer: Customer, agent: Agent): Promise<Standing> {
  return {
    peers: [await peers(customer), await peers(agent)],
    snapshots: await snapshots(agent),
    asked: framesToCustomer(await customer.received()).filter(({ frame }) => frame.kind === 'ask').length,
    answered: framesFromCustomer(await customer.sent()).filter(({ frame }) => frame.kind === 'answer').length,
  };
}

for (const side of ['customer', 'agent'] as const) {
  test(`the path of the ${side} breaks: an ICE restart mends the connection, and nothing is asked or sent anew`, async ({ customer, agent, server, at }) => {
    const { page } = side === 'customer' ? customer : agent;
    const way = await lead(page.context(), server.udp);
    await together(customer, agent, server, at('form.html'));
    await letControl(customer, agent);
    await expectSame(customer, agent);
    const before = await standing(customer, agent);
    const restart = page.waitForRequest(isRestart);
    way.lose(true);
    const broke = Date.now();
    await restart;
    row(`path of the ${side} breaks`, Date.now() - broke, 'until ICE is restarted');
    expect(Date.now() - broke).toBeLessThan(5_000);
    await customer.page.locator('#text').fill('typed meanwhile');
    if (side === 'customer') await expect.poll(() => customer.says()).toContain('No connection');
    else await expect(agent.page.locator('.veil')).toContainText(/the picture is from \d\d:\d\d:\d\d\./);
    if (side === 'agent') await expect(agent.page.locator('.quality')).toHaveClass('quality lost');
    way.lose(false);
    const back = Date.now();
    await expect.poll(async () => JSON.stringify(await agent.stage()), { intervals: [50], timeout: 15_000 }).toContain('typed meanwhile');
    row(`path of the ${side} is back`, Date.now() - back, 'until the page is shared again, ICE restart');
    await expect(agent.page.locator('.veil')).toHaveCount(0);
    await expectControl(customer, agent);
    await expectSame(customer, agent);
    expect(await standing(customer, agent)).toEqual(before);
    await way.close();
  });
}

test('another network, as the browser tells: the path is looked at without waiting for a silence', async ({ customer, agent, server, at }) => {
  const way = await lead(customer.page.context(), server.udp);
  await together(customer, agent, server, at('form.html'));
  const before = await standing(customer, agent);
  const restart = customer.page.waitForRequest(isRestart);
  way.lose(true);
  const moved = await customer.page.evaluate(() => {
    dispatchEvent(new Event('online'));
    return Date.now();
  });
  await restart;
  row('another network', Date.now() - moved, 'until ICE is restarted');
  way.lose(false);
  await customer.page.locator('#text').fill('in another network');
  await expectSame(customer, agent);
  expect(await standing(customer, agent)).toEqual(before);
  await way.close();
});

test('a restart that the server refuses: a new connection, with nothing asked again', async ({ customer, agent, server, at }) => {
  const way = await lead(customer.page.context(), server.udp);
  await together(customer, agent, server, at('form.html'));
  await letControl(customer, agent);
  const before = await standing(customer, agent);
  await customer.page.route('**/v1/connections/*', (route) => route.fulfill({ status: 412, headers: { 'Access-Control-Allow-Origin': '*' } }));
  const restart = customer.page.waitForRequest(isRestart);
  way.lose(true);
  await restart;
  way.lose(false);
  const back = Date.now();
  await expect.poll(() => peers(customer)).toBe(before.peers[0] + 1);
  await customer.page.locator('#text').fill('over a new connection');
  await expect.poll(async () => JSON.stringify(await agent.stage()), { intervals: [50], timeout: 15_000 }).toContain('over a new connection');
  row('a restart is refused', Date.now() - back, 'until the page is shared again, new connection');
  await expectControl(customer, agent);
  await expectSame(customer, agent);
  expect({ ...await standing(customer, agent), peers: [], snapshots: 0 }).toEqual({ ...before, peers: [], snapshots: 0 });
  await way.close();
});

/** A computer of its own, as far as a browser is one, that can be sent to sleep: all of the browser's processes stand still. */
class Computer {
  readonly browser: Browser;
  private constructor(browser: Browser) {
    this.browser = browser;
  }

  static async start(type: BrowserType, options: LaunchOptions): Promise<Computer> {
    return new Computer(await type.launch(options));
  }

  /** Sends it to sleep; what this gives wakes it. */
  async sleep(): Promise<() => void> {
    const cdp = await this.browser.newBrowserCDPSession();
    const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
    const all = (signal: 'SIGSTOP' | 'SIGCONT'): void => {
      for (const { id } of processInfo) process.kill(id, signal);
    };
    all('SIGSTOP');
    return () => { all('SIGCONT'); };
  }
}

/** A context for somebody on a computer of their own. */
const elsewhere = test.extend<{ computer: Computer; away: Page }>({
  computer: async ({ playwright, launchOptions }, use) => {
    const computer = await Computer.start(playwright.chromium, launchOptions);
    await use(computer);
    await computer.browser.close();
  },
  away: async ({ computer, probe }, use) => {
    await use(await withProbe(await computer.browser.newContext({ viewport: { width: 1200, height: 800 } }), probe));
  },
});

elsewhere('a customer\'s computer sleeps for a minute: agents are told since when, then everything goes on', async ({ computer, away, agent, server, at }) => {
  test.setTimeout(150_000);
  const customer = new Customer(away);
  await together(customer, agent, server, at('form.html'));
  await letControl(customer, agent);
  const before = await standing(customer, agent);
  const wake = await computer.sleep();
  const slept = Date.now();
  await expect(agent.page.getByRole('heading', { name: 'The customer is away for a moment' })).toBeVisible();
  row('a customer\'s computer sleeps', Date.now() - slept, 'until agents are told');
  await expect(agent.page.locator('.veil')).toContainText(/the picture is from \d\d:\d\d:\d\d\./);
  await expect.poll(async () => {
    await agent.page.mouse.move(300 + (Date.now() % 400), 400); // the agent waits
    return Date.now() - slept;
  }, { timeout: 70_000, intervals: [2000] }).toBeGreaterThan(60_000);
  wake();
  const woke = Date.now();
  await expect(agent.page.locator('.veil')).toHaveCount(0, { timeout: 15_000 });
  row('a customer\'s computer wakes', Date.now() - woke, 'until the page is shared again');
  await customer.page.locator('#text').fill('after a good sleep');
  await expectSame(customer, agent);
  await expectControl(customer, agent);
  expect(await standing(customer, agent)).toMatchObject({ asked: before.asked, answered: before.answered });
  expect(customer.faults).toEqual([]);
});

elsewhere('an agent\'s computer sleeps: it comes back with the same seat', async ({ computer, away, customer, server, at }) => {
  const agent = new Agent(away);
  await together(customer, agent, server, at('form.html'));
  await letControl(customer, agent);
  const before = await standing(customer, agent);
  const wake = await computer.sleep();
  // The server gives a connection up that says nothing for ten seconds; the customer is told that nobody watches.
  await expect.poll(() => active(customer), { timeout: 20_000 }).toEqual([false]);
  await customer.page.locator('#text').fill('changed meanwhile');
  wake();
  const woke = Date.now();
  await expect.poll(async () => JSON.stringify(await agent.stage()), { intervals: [50], timeout: 15_000 }).toContain('changed meanwhile');
  row('an agent\'s computer wakes', Date.now() - woke, 'until it shows what is');
  await expectControl(customer, agent);
  await expectSame(customer, agent);
  expect(await standing(customer, agent)).toMatchObject({ asked: before.asked, answered: before.answered });
  expect(agent.faults).toEqual([]);
});

elsewhere('a customer whose computer sleeps for too long: both are told that it is over', async ({ computer, away, agent, site }) => {
  const customer = new Customer(away);
  const server = await startServer('session:\n  resume_grace: 2s\n');
  try {
    await together(customer, agent, server, `${site.origin}/form.html?server=${encodeURIComponent(server.base)}`);
    const wake = await computer.sleep();
    await expect(agent.page.getByRole('heading', { name: 'The customer left' })).toBeVisible({ timeout: 20_000 });
    expect(await agent.sees()).toBe(false);
    wake();
    await expect.poll(() => customer.says(), { timeout: 15_000 }).toContain('away for too long');
    expect(await customer.state()).toBe('ended');
    expect(await customer.says()).not.toMatch(/can see|No connection/);
  } finally {
    await server.stop();
  }
});

for (const [signal, heading] of [['SIGTERM', 'The server is being restarted'], ['SIGKILL', 'The session is over']] as const) {
  test(`the server ends by ${signal} and is started again: both are told, and help is one press away`, async ({ customer, agent, site }) => {
    test.setTimeout(90_000);
    const server = await startServer();
    try {
      await together(customer, agent, server, `${site.origin}/form.html?server=${encodeURIComponent(server.base)}`);
      await letControl(customer, agent);
      const ended = Date.now();
      await server.end(signal);
      if (signal === 'SIGKILL') {
        await expect.poll(() => customer.says()).toContain('No connection');
        await expect(agent.page.locator('.veil')).toContainText('Connection lost');
      }
      await server.again();
      await expect(agent.page.getByRole('heading', { name: heading })).toBeVisible({ timeout: 20_000 });
      await expect.poll(() => customer.state(), { timeout: 20_000 }).toBe('ended');
      row(`the server ends by ${signal}`, Date.now() - ended, 'until both are told, its start included');
      expect(await agent.sees()).toBe(false);
      expect(await customer.says()).not.toMatch(/can see|No connection|Take control back/);
      await agent.page.getByRole('button', { name: 'Join another customer' }).click();
      await agent.page.goto(await server.signIn('ada'));
      await agent.page.getByLabel('Six-digit code').fill(await again(customer));
      await customer.press(/^allow$/i);
      await expect.poll(() => agent.sees(), { timeout: 15_000 }).toBe(true);
      await expectSame(customer, agent);
    } finally {
      await server.stop();
    }
  });
}

/** Asks for help once more and gives the new code. */
async function again(customer: Customer): Promise<string> {
  const before = await customer.code();
  await customer.page.locator('#help').click();
  await expect.poll(() => customer.code()).not.toBe(before);
  return customer.code();
}
