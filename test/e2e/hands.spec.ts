// What the agent's mouse and keyboard do on the customer's page, as far as a person's would.
import { expect, test, together } from './support/env';
import { framesToAgent } from './support/frames';
import { type Agent, type Customer, expectSame } from './support/people';

test.beforeEach(async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('hands.html'));
  await expectSame(customer, agent);
  await agent.page.getByRole('button', { name: 'Control', exact: true }).click();
  await customer.press(/^allow$/i);
  await expect(agent.page.getByRole('button', { name: 'Control', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await agent.page.getByRole('button', { name: 'Dismiss' }).click();
});

const focus = (customer: Customer): Promise<string> => customer.page.evaluate(() => (window as unknown as { at: () => string }).at());

/** Presses a key until the page has told the agent where its focus went. */
async function go(customer: Customer, agent: Agent, key: string, to: string): Promise<void> {
  await agent.page.keyboard.press(key);
  await expect.poll(() => focus(customer), { message: `the focus after ${key}` }).toBe(to);
  await expectFocus(agent, to);
}

async function expectFocus(agent: Agent, id: string): Promise<void> {
  if (id.includes(' ')) return; // it has no id
  await expect.poll(() => agent.page.evaluate(() => {
    const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
    return stage?.querySelector('[vitrine-focus]')?.id ?? '';
  }), { message: 'the focus on the stage' }).toBe(id);
}

async function dragTo(agent: Agent, from: { x: number; y: number }, to: { x: number; y: number }): Promise<void> {
  await agent.page.mouse.move(from.x, from.y);
  await agent.page.mouse.down();
  await agent.page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2);
  await agent.page.mouse.move(to.x, to.y);
  await agent.page.mouse.up();
}

test('keys press, choose and submit', async ({ customer, agent }) => {
  const { page } = customer;
  const { keyboard } = agent.page;
  await agent.click('#box');
  await expect(page.locator('#box')).toBeChecked();
  await expectFocus(agent, 'box');
  await keyboard.press('Space');
  await expect(page.locator('#box')).not.toBeChecked();
  await keyboard.press('Enter'); // submits, and leaves the box alone
  await expect(page.locator('#sent')).toHaveText('1');
  await expect(page.locator('#box')).not.toBeChecked();
  await go(customer, agent, 'Tab', 'ra');
  await go(customer, agent, 'ArrowRight', 'rb');
  await expect(page.locator('#rb')).toBeChecked();
  await go(customer, agent, 'Tab', 'select');
  await keyboard.press('ArrowDown'); // past the one that is off
  await expect(page.locator('#select')).toHaveValue('three');
  await go(customer, agent, 'Tab', 'number');
  await keyboard.press('ArrowUp');
  await expect(page.locator('#number')).toHaveValue('6');
  await go(customer, agent, 'Tab', 'range');
  await keyboard.press('End');
  await expect(page.locator('#range')).toHaveValue('100');
  await agent.click('#last');
  await expectFocus(agent, 'last');
  await keyboard.press('Space');
  await expect(page.locator('#counted')).toHaveText('2');
});

test('Tab goes through shadow trees, slots and numbers in order, both ways', async ({ customer, agent }) => {
  await agent.click('#send');
  await expect.poll(() => focus(customer)).toBe('send');
  await expectFocus(agent, 'send');
  await go(customer, agent, 'Tab', 'in the shadow');
  await expect.poll(() => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector('#send')?.hasAttribute('vitrine-focus'))).toBe(false);
  await go(customer, agent, 'Tab', 'slotted');
  await go(customer, agent, 'Tab', 'last');
  await go(customer, agent, 'Tab', 'slider');
  await go(customer, agent, 'Shift+Tab', 'last');
  await agent.click('#help');
  await expectFocus(agent, 'help');
  await go(customer, agent, 'Shift+Tab', 'early');
});

test('the caret goes where a click and the arrows put it', async ({ customer, agent }) => {
  const { keyboard } = agent.page;
  await agent.click('#first');
  await expectFocus(agent, 'first');
  await keyboard.press('Home');
  await keyboard.press('ArrowRight');
  await keyboard.type('N');
  await expect(customer.page.locator('#first')).toHaveValue('oNne two three');
  const { x, y } = await agent.pointOf('#first');
  const box = await customer.page.locator('#first').boundingBox();
  await agent.page.mouse.dblclick(x - (box?.width ?? 0) / 2 + 14, y);
  await keyboard.type('1');
  await expect(customer.page.locator('#first')).toHaveValue('1 two three');
  await agent.click('#area');
  await expectFocus(agent, 'area');
  for (const key of ['End', 'ArrowUp', 'Home', 'X']) await keyboard.press(key);
  await expect(customer.page.locator('#area')).toHaveValue(/^Xalpha\nbeta/);
  await agent.click('#rich');
  await expectFocus(agent, 'rich');
  for (const key of ['Home', 'ArrowRight', 'o', 'End', '!', 'Enter', 'P']) await keyboard.press(key);
  await expect.poll(() => customer.page.locator('#rich').innerText()).toMatch(/^Doear all!\s+P$/);
});

test('sliders, texts and cards are dragged', async ({ customer, agent }) => {
  const { page } = customer;
  const { x, y } = await agent.pointOf('#range');
  await dragTo(agent, { x: x - 100, y }, { x, y });
  await expect.poll(async () => Math.abs(Number(await page.locator('#range').inputValue()) - 50)).toBeLessThan(4);
  const knob = await agent.pointOf('#knob');
  const middle = await agent.pointOf('#slider');
  await dragTo(agent, knob, middle);
  await expect(page.locator('#slider')).toHaveAttribute('aria-valuenow', /^(49|50|51)$/);
  await dragTo(agent, await agent.pointOf('#card'), await agent.pointOf('#bin'));
  await expect(page.locator('#bin #card')).toBeAttached();
  await expectSame(customer, agent);
});

test('the wheel turns the box under the pointer, then the one around it', async ({ customer, agent }) => {
  const { x, y } = await agent.pointOf('#inner');
  await agent.page.mouse.move(x, y);
  const top = (id: string): Promise<number> => customer.page.locator(id).evaluate((el) => el.scrollTop);
  await agent.page.mouse.wheel(0, 2000);
  await expect.poll(() => top('#inner')).toBeGreaterThan(300);
  expect(await top('#outer')).toBe(0);
  await agent.page.mouse.wheel(0, 200);
  await expect.poll(() => top('#outer')).toBeGreaterThan(100);
});

test('files are the customer\'s to choose, and what is kept stays as it is', async ({ customer, agent }) => {
  await agent.click('#file');
  await expect(agent.page.getByRole('status').filter({ hasText: 'Only the customer can choose files' })).toBeVisible();
  await expect.poll(() => customer.says()).toMatch(/choose a file/i);
  await agent.click('#kept');
  await expect(agent.page.getByRole('status').filter({ hasText: 'may not be operated' })).toBeVisible();
  await expect(customer.page.locator('#counted')).toHaveText('0');
});

for (const [name, act] of [
  ['a click', (c: Customer) => c.page.mouse.click(600, 700)],
  ['a key', (c: Customer) => c.page.keyboard.press('a')],
  ['a turn of the wheel', (c: Customer) => c.page.mouse.wheel(0, 10)],
] as const) {
  test(`${name} of the customer takes control back at once`, async ({ customer, agent }) => {
    await customer.page.keyboard.press('Shift'); // which alone is no input
    await agent.click('#last');
    await expect(customer.page.locator('#counted')).toHaveText('1');
    await act(customer);
    await expect(agent.page.getByRole('button', { name: 'Control', exact: true })).toHaveAttribute('aria-pressed', 'false');
    await expect(agent.page.getByText('The customer took control back')).toBeVisible();
    await agent.click('#last');
    await expect(agent.page.getByText('You are watching only')).toBeVisible();
    await expect(customer.page.locator('#counted')).toHaveText('1');
    const told = framesToAgent(await agent.received()).flatMap(({ frame }) => (frame.kind === 'scopes' ? [frame.granted] : []));
    expect(told.at(-1)).toBe(3); // may look and point
  });
}

test('keys lead out of a field that is closed to agents, and write nothing into it', async ({ customer, agent }) => {
  const { page } = customer;
  await page.evaluate(() => {
    document.getElementById('last')?.insertAdjacentHTML('beforebegin', '<input id="secret" type="password" value="hidden"><input id="mine" data-vitrine="mask" value="hidden"><button type="button" id="behind">Behind</button>');
  });
  await agent.click('#slider');
  await page.locator('#secret').focus();
  await expectFocus(agent, 'secret');
  await go(customer, agent, 'Tab', 'mine');
  await go(customer, agent, 'Tab', 'behind');
  await go(customer, agent, 'Shift+Tab', 'mine');
  await go(customer, agent, 'Shift+Tab', 'secret');
  await agent.page.keyboard.press('Escape');
  for (const key of ['Delete', 'End', 'Backspace', 'Control+a', 'x']) await agent.page.keyboard.press(key);
  await expect.poll(async () => framesToAgent(await agent.received()).filter(({ frame }) => frame.kind === 'refused' && frame.rule === 'row41-typing').length).toBeGreaterThanOrEqual(5);
  expect(await page.locator('#secret').inputValue()).toBe('hidden');
  expect(await page.locator('#mine').inputValue()).toBe('hidden');
  await expectFocus(agent, 'secret');
});

test('whatever leads to a file control is for the customer', async ({ customer, agent }) => {
  const { page } = customer;
  await page.evaluate(() => {
    document.getElementById('last')?.insertAdjacentHTML('beforebegin', '<label id="label" for="file">Attach</label> <button type="button" id="browse">Browse</button>');
    document.getElementById('browse')?.addEventListener('click', () => { document.getElementById('file')?.click(); });
  });
  let opened = 0;
  page.on('filechooser', () => opened++);
  for (const [n, id] of [[1, '#label'], [2, '#browse']] as const) {
    await expect.poll(() => agent.pointOf(id).then(() => true, () => false)).toBe(true);
    await agent.click(id);
    await expect.poll(async () => framesToAgent(await agent.received()).filter(({ frame }) => frame.kind === 'refused' && frame.rule === 'row41-file').length, { message: id }).toBe(n);
  }
  expect(opened).toBe(0);
  await Promise.all([page.waitForEvent('filechooser'), page.click('#browse')]);
});
