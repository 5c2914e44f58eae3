// What the specs start from: a real server, the owner's web server, and two people with a browser each.
import { join } from 'node:path';
import { type Browser, test as base } from '@playwright/test';
import { build } from 'esbuild';
import type { Choice } from '../../../web/browsers';
import { startFirefox } from './firefox';
import { Agent, Customer, withProbe } from './people';
import { type Server, startServer } from './server';
import { type Site, startSite } from './web';

interface Shared extends Choice {
  /** Text of the server's configuration file. */
  config: string;
  /** The customer's browser. */
  visitor: Browser;
  server: Server;
  site: Site;
  /** The script that is put into every page. */
  probe: string;
}

interface Own {
  customer: Customer;
  agent: Agent;
  /** Address of one of the test's own pages, told where the server is. */
  at: (page: string) => string;
}

/** Bundles the probe for the browser. */
async function bundleProbe(): Promise<string> {
  const result = await build({
    entryPoints: [join(__dirname, 'probe/main.ts')], bundle: true, write: false, format: 'iife', target: 'es2022', logLevel: 'silent',
  });
  const script = result.outputFiles[0]?.text;
  if (!script) throw new Error('the probe is empty');
  return script;
}

export const test = base.extend<Own, Shared>({
  customers: ['chromium', { option: true, scope: 'worker' }],
  config: ['', { option: true, scope: 'worker' }],
  visitor: [async ({ browser, customers }, use) => {
    if (customers === 'chromium') return use(browser);
    const own = await startFirefox();
    await use(own);
    return own.close();
  }, { scope: 'worker' }],
  server: [async ({ config }, use) => {
    const server = await startServer(config);
    await use(server);
    await server.stop();
  }, { scope: 'worker' }],
  // eslint-disable-next-line no-empty-pattern -- the runner wants the fixtures that are needed, and this needs none
  site: [async ({}, use) => {
    const site = await startSite();
    await use(site);
    await site.close();
  }, { scope: 'worker' }],
  // eslint-disable-next-line no-empty-pattern -- likewise
  probe: [async ({}, use) => {
    await use(await bundleProbe());
  }, { scope: 'worker' }],

  at: async ({ server, site }, use) => {
    await use((page) => `${site.origin}/${page}${page.includes('?') ? '&' : '?'}server=${encodeURIComponent(server.base)}`);
  },
  customer: async ({ visitor, probe }, use) => {
    const context = await visitor.newContext({ viewport: { width: 1200, height: 800 } });
    const customer = new Customer(await withProbe(context, probe));
    await use(customer);
    await context.close();
    base.expect(customer.faults, 'exceptions in the customer\'s page').toEqual([]);
  },
  agent: async ({ browser, probe, server }, use, info) => {
    const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
    const agent = new Agent(await withProbe(context, probe));
    await use(agent);
    if (info.status !== info.expectedStatus) {
      await info.attach('server', { body: server.log().slice(-8000), contentType: 'text/plain' });
      await info.attach('console', { body: agent.notes.join('\n').slice(-4000), contentType: 'text/plain' });
    }
    await context.close();
    base.expect(agent.faults, 'exceptions in the console').toEqual([]);
  },
});

export { expect } from '@playwright/test';

/** Brings two people together: help asked for, code read out, view granted, page on the stage. */
export async function together(customer: Customer, agent: Agent, server: Server, url: string): Promise<void> {
  await customer.page.goto(url);
  const code = await customer.askForHelp();
  await agent.join(await server.signIn('ada'), code);
  await customer.press(/^allow$/i);
  await base.expect.poll(() => agent.sees(), { message: 'the stage shows a page', timeout: 15_000 }).toBe(true);
}
