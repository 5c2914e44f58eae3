// The session goes with the customer: from tab to tab, through reloads, walks, the browser's cache of pages and private windows, with
// one consent. The times are printed; what is held is that it goes on.
import type { Page } from '@playwright/test';
import { expect, test, together } from './support/env';
import { framesFromCustomer } from './support/frames';
import { type Agent, Customer, expectSame } from './support/people';

const page = (title: string): string => `<!doctype html><html><head><title>${title}</title></head><body><button id="help" onclick="help()">Get help</button>
<h1>${title}</h1><a id="next" href="two.html">next</a><script src="page.js"></script></body></html>`;

const shows = (agent: Agent, text: string): Promise<void> => expect.poll(() => agent.text('h1'), { timeout: 15_000, intervals: [20] }).toBe(text);

/** What the browser tells a page that the customer turns to. Without a window, every page of the test is one that is looked at. */
const turnTo = (to: Page): Promise<void> => to.evaluate(() => { dispatchEvent(new Event('focus')); });

async function secondTab(customer: Customer, url: string): Promise<Customer> {
  const other = new Customer(await customer.page.context().newPage());
  await other.page.goto(url);
  return other;
}

test.beforeEach(({ site }) => {
  for (const name of ['one', 'two', 'three']) site.pages.set(`/${name}.html`, page(name));
});

test('the session goes to the tab that the customer looks at, and back, and ends in all', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('one.html'));
  const began = Date.now();
  const other = await secondTab(customer, at('two.html'));
  await shows(agent, 'two');
  process.stdout.write(`| a new tab is opened | ${Date.now() - began} ms |\n`);
  await expectSame(other, agent);
  expect(await other.says()).toContain('ada');
  const sent = (await customer.sent()).length;
  await customer.page.evaluate(() => { document.querySelector('h1')?.append(' (unseen)'); });
  await other.page.evaluate(() => { document.querySelector('h1')?.append(' (seen)'); });
  await shows(agent, 'two (seen)');
  expect((await customer.sent()).length, 'the tab that is not looked at tells nothing').toBe(sent);

  const back = Date.now();
  await turnTo(customer.page);
  await shows(agent, 'one (unseen)');
  process.stdout.write(`| back to the first tab | ${Date.now() - back} ms |\n`);
  await expectSame(customer, agent);

  // A tab that has the session is closed: the one that is looked at next goes on.
  await turnTo(other.page);
  await shows(agent, 'two (seen)');
  await other.page.close();
  await turnTo(customer.page);
  await shows(agent, 'one (unseen)');
  const third = await secondTab(customer, at('three.html'));
  await shows(agent, 'three');
  await third.press(/^stop/i);
  await expect.poll(() => customer.state()).toBe('ended');
  expect(await agent.sees()).toBe(false);
  expect(framesFromCustomer(await third.sent()).map(({ frame }) => frame.kind)).not.toContain('answer');
  const after = await secondTab(customer, at('two.html'));
  expect(await after.says()).toBe('');
  expect(await after.page.evaluate(() => localStorage.length)).toBe(0);
});

test('a session that nobody has agreed to stays where it is, and so does one of another tab\'s own', async ({ customer, agent, server, at }) => {
  await customer.page.goto(at('one.html'));
  const code = await customer.askForHelp();
  const other = await secondTab(customer, at('two.html'));
  expect(await other.says()).toBe('');
  // Another session of the same customer's is another one.
  await other.page.locator('#help').click();
  expect(await other.code()).not.toBe(code);
  await agent.join(await server.signIn('ada'), code);
  await customer.press(/^allow$/i);
  await shows(agent, 'one');
  await turnTo(other.page);
  await customer.page.evaluate(() => { document.querySelector('h1')?.append('!'); });
  await shows(agent, 'one!');
  expect(await other.state()).toBe('waiting');
});

test('back and forward, from the browser\'s cache of pages too, in a private window', async ({ customer, agent, server, at }) => {
  // A context of the test is a private window: it has a profile of its own that is thrown away.
  await together(customer, agent, server, at('one.html'));
  await customer.page.evaluate(() => { addEventListener('pageshow', ({ persisted }) => { document.title = persisted ? 'kept' : 'new'; }); });
  const answers = framesFromCustomer(await customer.sent()).filter(({ frame }) => frame.kind === 'answer').length;
  for (const [step, text] of [['next', 'two'], ['back', 'one'], ['forward', 'two'], ['reload', 'two']] as const) {
    const began = Date.now();
    if (step === 'next') await customer.page.locator('#next').evaluate((link, query) => { (link as HTMLAnchorElement).search = query; (link as HTMLAnchorElement).click(); }, new URL(at('one.html')).search);
    else if (step === 'back') await customer.page.goBack({ waitUntil: 'commit' });
    else if (step === 'forward') await customer.page.goForward({ waitUntil: 'commit' });
    else await customer.page.reload({ waitUntil: 'commit' });
    await customer.page.waitForURL(new RegExp(`/${text}\\.html`), { waitUntil: 'domcontentloaded' });
    await customer.page.locator('h1').evaluate((h1, s) => { h1.append(` ${s}`); }, step);
    await expect.poll(() => agent.text('h1'), { timeout: 15_000, intervals: [20] }).toMatch(new RegExp(`^${text}.* ${step}$`));
    process.stdout.write(`| ${step} | ${Date.now() - began} ms |\n`);
    await expectSame(customer, agent);
  }
  expect(framesFromCustomer(await customer.sent()).filter(({ frame }) => frame.kind === 'answer').length).toBeLessThanOrEqual(answers);
});
