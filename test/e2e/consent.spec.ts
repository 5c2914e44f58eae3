// Nothing of the page leaves it before its owner said yes, and what then arrives is the page and nothing else.
import type { Page } from '@playwright/test';
import { count } from './support/compare';
import { expect, test, together } from './support/env';
import { expectSame, expectSameLook } from './support/people';
import { Channel } from '../../web/wire/frames';
import { framesFromCustomer } from './support/frames';

const content = new Set<number>([Channel.Dom, Channel.Asset]);

test('nothing is sent before consent, nor after a refusal', { tag: '@firefox' }, async ({ customer, agent, server, at }) => {
  await customer.page.goto(at('form.html'));
  const code = await customer.askForHelp();
  await agent.join(await server.signIn('ada'), code);
  const refuse = await customer.button(/^refuse$/i);
  await customer.page.evaluate(() => { document.title = 'changed while asked'; document.body.append('more'); });

  const before = framesFromCustomer(await customer.sent());
  expect(before.map(({ frame }) => frame.kind)).toContain('hello');
  expect(before.filter(({ channel, frame }) => content.has(channel) || frame.kind === 'offer')).toEqual([]);

  await refuse.click();
  await expect.poll(() => customer.state()).toBe('ended');
  await expect(agent.page.getByRole('heading', { name: 'The customer did not agree' })).toBeVisible();
  const after = framesFromCustomer(await customer.sent());
  expect(after.map(({ frame }) => frame.kind)).toContain('answer');
  expect(after.filter(({ channel, frame }) => content.has(channel) || frame.kind === 'offer')).toEqual([]);
  expect(await agent.sees()).toBe(false);
});

test('the keyboard is enough: Escape refuses, Tab and Enter allow', { tag: '@firefox' }, async ({ customer, agent, server, at }) => {
  for (const allow of [false, true]) {
    await customer.page.goto(at('form.html'));
    await agent.join(await server.signIn('ada'), await customer.askForHelp());
    await customer.button(/^allow$/i);
    await customer.page.keyboard.press('Enter'); // nothing is preselected
    expect(await customer.state()).toBe('asked');
    if (!allow) {
      await customer.page.keyboard.press('Escape');
      await expect.poll(() => customer.state()).toBe('ended');
      continue;
    }
    await customer.page.keyboard.press('Tab');
    await customer.page.keyboard.press('Tab');
    await customer.page.keyboard.press('Enter');
    await expectSame(customer, agent);
  }
});

test('no script of the page can say yes', { tag: '@firefox' }, async ({ customer, agent, server, at }) => {
  await customer.page.goto(at('form.html'));
  await agent.join(await server.signIn('ada'), await customer.askForHelp());
  await (await customer.button(/^allow$/i)).evaluate((button) => {
    button.click();
    button.dispatchEvent(new PointerEvent('click', { bubbles: true, composed: true }));
  });
  expect(await customer.page.evaluate(() => document.querySelector('vitrine-ui')?.shadowRoot)).toBeNull();
  await customer.page.locator('#text').evaluate((field: HTMLInputElement) => { field.value = 'changed meanwhile'; });
  await customer.button(/^allow$/i);
  expect(await customer.state()).toBe('asked');
  expect(framesFromCustomer(await customer.sent()).filter(({ channel, frame }) => content.has(channel) || frame.kind === 'answer')).toEqual([]);
});

test('the demo shop arrives as it is', async ({ customer, agent, server }) => {
  await together(customer, agent, server, server.demo);
  await expectSame(customer, agent);
  for (const selector of ['h1', '.hero', '.hero .button', '[data-grid] li', '[data-grid] img', '.filters select', 'aside.cart']) {
    await expectSameLook(customer, agent, selector);
  }
  for (let seed = 1; seed <= 4; seed++) {
    // The shop has no mutate() of its own.
    await customer.page.evaluate((n) => {
      const list = document.querySelector('[data-grid]');
      if (!list) throw new Error('no list');
      for (let i = 0; i < 50; i++) {
        const items = [...list.children];
        const pick = items[(i * 7 + n) % items.length];
        if (i % 5 === 0) list.append(document.createElement('li'));
        else if (i % 5 === 1 && items.length > 4) pick?.remove();
        else if (i % 5 === 2 && pick) list.prepend(pick);
        else if (i % 5 === 3) pick?.setAttribute('title', `t${n}-${i}`);
        else pick?.append(`text ${n}-${i}`);
      }
    }, seed);
    await expectSame(customer, agent);
  }
});

test('a dashboard of 6,000 nodes arrives as it is, and after 200 changes', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('dashboard.html'));
  expect(await expectSame(customer, agent)).toBeGreaterThan(5_500);
  for (const selector of ['.topbar h1', '#card-3', '#card-3 .figure', 'tbody tr:nth-child(5)', 'tbody tr:nth-child(5) td:nth-child(4) span', '.sidebar li:nth-child(2) a', 'select']) {
    await expectSameLook(customer, agent, selector);
  }
  await customer.page.evaluate(() => {
    const { tick } = window as unknown as { tick: () => number };
    for (let i = 0; i < 10; i++) tick();
  });
  await expectSame(customer, agent);
  for (let seed = 1; seed <= 4; seed++) {
    await mutate(customer.page, 50, seed);
    await expectSame(customer, agent);
  }
});

test('a form arrives as it is, with its live state, and after 200 changes', { tag: '@firefox' }, async ({ customer, agent, server, at }) => {
  const { page } = customer;
  await together(customer, agent, server, at('form.html'));
  await expectSame(customer, agent);
  await page.locator('#text').fill('typed by a person');
  await page.locator('#area').fill('three\nlines\nof text');
  await page.locator('#check').check();
  await page.locator('#radio-b').check();
  await page.locator('#select').selectOption('3');
  await page.locator('#several').selectOption(['green', 'blue']);
  await page.locator('#range').fill('9');
  await page.locator('#date').fill('2025-12-31');
  await page.locator('#password').fill('secret-of-nine');
  await page.locator('#masked').fill('eight ch');
  await page.locator('#tall').evaluate((element) => { element.scrollTop = 321; });
  await page.evaluate(() => { window.scrollTo(0, 240); });
  await page.locator('#check').evaluate((element: HTMLInputElement) => { element.indeterminate = true; });
  await page.locator('#check').dispatchEvent('change');
  await expectSame(customer, agent);
  for (let seed = 11; seed <= 14; seed++) {
    await mutate(page, 50, seed);
    await expectSame(customer, agent);
  }
});

test('shadow roots arrive as they are', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('shadow.html'));
  await expectSame(customer, agent);
  expect(JSON.stringify(await agent.stage())).toContain('closed-text-4715');
  await customer.page.evaluate(() => {
    const { tick } = window as unknown as { tick: () => number };
    for (let i = 0; i < 7; i++) tick();
  });
  await expectSame(customer, agent);
  const stage = await agent.stage();
  expect(stage && count(stage)).toBeGreaterThan(40);
});

async function mutate(page: Page, n: number, seed: number): Promise<void> {
  await page.evaluate(([changes, start]) => {
    (window as unknown as { mutate: (n: number, seed: number) => void }).mutate(changes, start);
  }, [n, seed] as const);
}
