// Who may operate the page: nobody in View only, the driver in Control, and nobody ever where something secret is typed.
import type { FromAgent, Scopes, ToCustomer, Welcome } from '../../web/wire/frames';
import { Channel, Key } from '../../web/wire/frames';
import { expect, test, together } from './support/env';
import { framesFromCustomer, framesToAgent, framesToCustomer } from './support/frames';
import { type Node, nodesOf } from './support/ids';
import type { Agent, Customer } from './support/people';
import { expectSame } from './support/people';

interface Form {
  readonly epoch: number;
  id(name: string): number;
  nodes: readonly Node[];
}

// What the customer's first snapshot says about the form.
async function formOf(customer: Customer): Promise<Form> {
  for (const { frame } of framesFromCustomer(await customer.sent())) {
    if (frame.kind !== 'batch' || !frame.snapshot) continue;
    const nodes = nodesOf(frame);
    return {
      epoch: frame.epoch,
      nodes,
      id: (name) => {
        const found = nodes.find(({ attrs }) => attrs['id'] === name);
        if (!found) throw new Error(`the snapshot has no #${name}`);
        return found.id;
      },
    };
  }
  throw new Error('the customer sent no snapshot');
}

interface Happened {
  readonly type: string;
  readonly id: string;
}

const events = (customer: Customer): Promise<Happened[]> => customer.page.evaluate(() => (window as unknown as { events: Happened[] }).events);

async function refusals(agent: Agent): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const { frame } of framesToAgent(await agent.received())) {
    if (frame.kind === 'refused') found.set(frame.seq, frame.rule);
  }
  return found;
}

async function inputsAt(customer: Customer): Promise<ToCustomer[]> {
  return framesToCustomer(await customer.received()).filter(({ channel }) => channel === Channel.Input).map(({ frame }) => frame);
}

async function takeControl(customer: Customer, agent: Agent): Promise<void> {
  await agent.page.getByRole('button', { name: 'Control', exact: true }).click();
  await customer.press(/^allow$/i);
  await expect.poll(async () => {
    const granted = framesToAgent(await agent.received()).flatMap(({ frame }) => (frame.kind === 'scopes' ? [frame] : []));
    return granted.at(-1)?.driver ?? 0;
  }).not.toBe(0);
  // The console says so, above the page.
  await agent.page.getByRole('button', { name: 'Dismiss' }).click();
}

const at = { from: 0, x: 32768, y: 32768 };

function everyInput(form: Form): FromAgent[] {
  const { epoch } = form;
  const option = form.nodes.filter(({ element }) => element === 'option')[2]?.id ?? 0;
  return [
    { kind: 'click', seq: 9001, epoch, node: form.id('button'), count: 1, ...at },
    { kind: 'typeText', seq: 9002, from: 0, epoch, node: form.id('text'), text: 'forged' },
    { kind: 'pressKey', seq: 9003, from: 0, epoch, node: form.id('text'), key: Key.Enter },
    { kind: 'scrollTo', seq: 9004, from: 0, epoch, node: form.id('tall'), x: 0, y: 200 },
    { kind: 'choose', seq: 9005, from: 0, epoch, node: form.id('select'), option, on: true },
    { kind: 'setValue', seq: 9006, from: 0, epoch, node: form.id('range'), value: '9' },
    { kind: 'navigate', seq: 9007, from: 0, to: 2 },
  ];
}

test('in View only the server refuses every input', { tag: '@firefox' }, async ({ customer, agent, server, at: page }) => {
  await together(customer, agent, server, page('form.html'));
  const form = await formOf(customer);
  const before = await events(customer);
  const inputs = everyInput(form);
  for (const frame of inputs) await agent.forge(frame);
  await expect.poll(async () => [...(await refusals(agent)).keys()].sort()).toEqual(inputs.map((_, i) => 9001 + i));
  for (const rule of (await refusals(agent)).values()) expect(rule).toMatch(/scope/);
  // What the agent does in the console's own window ends there, too.
  await agent.click('#button');
  await agent.page.keyboard.type('typed without being asked');
  await customer.page.locator('#text').fill('a mark');
  await expectSame(customer, agent);
  expect(await inputsAt(customer)).toEqual([]);
  const own = (await events(customer)).slice(before.length).filter(({ id }) => id !== 'text');
  expect(own).toEqual([]);
  await expect(customer.page.locator('#clicks')).toHaveText('0');
});

test('in Control a form is operated as by hand', { tag: '@firefox' }, async ({ customer, agent, server, at: page }) => {
  const form = customer.page;
  await together(customer, agent, server, page('form.html'));
  await expectSame(customer, agent);
  await takeControl(customer, agent);

  await agent.bring('#button');
  await agent.click('#button');
  await expect(form.locator('#clicks')).toHaveText('1');
  await agent.bring('#check');
  await agent.click('#check');
  await expect(form.locator('#check')).toBeChecked();
  await agent.click('#radio-b');
  await expect(form.locator('#radio-b')).toBeChecked();

  await agent.bring('#search');
  await agent.click('#search');
  await agent.page.keyboard.type('typed by Ada');
  await expect(form.locator('#search')).toHaveValue('typed by Ada');
  await agent.page.keyboard.press('Backspace');
  await expect(form.locator('#search')).toHaveValue('typed by Ad');
  await agent.click('#area');
  await agent.page.keyboard.press('Control+End');
  await agent.page.keyboard.press('Enter');
  await agent.page.keyboard.type('three');
  await expect(form.locator('#area')).toHaveValue('one\ntwo\nthree');
  await expectSame(customer, agent);

  const heard = await events(customer);
  for (const [type, id] of [['click', 'button'], ['input', 'search'], ['input', 'area'], ['input', 'check'], ['change', 'check']]) {
    expect(heard.some((event) => event.type === type && event.id === id), `${type} of #${id}`).toBe(true);
  }
});

test('in Control a list is chosen from and things are scrolled', { tag: '@firefox' }, async ({ customer, agent, server, at: page }) => {
  const form = customer.page;
  await together(customer, agent, server, page('form.html'));
  await expectSame(customer, agent);
  await takeControl(customer, agent);
  // The console lists the options in a window of its own.
  await agent.bring('#several');
  await agent.click('#select');
  await agent.page.getByRole('option', { name: 'three' }).click();
  await expect(form.locator('#select')).toHaveValue('3');
  expect((await events(customer)).filter(({ id }) => id === 'select').map(({ type }) => type)).toEqual(expect.arrayContaining(['input', 'change']));
  await agent.click('#several');
  await agent.page.getByRole('option', { name: 'green' }).click();
  await expect(form.locator('#several')).toHaveValues(['red', 'green', 'blue']);
  await agent.click('#range');
  await agent.page.getByLabel('New value').last().fill('8');
  await agent.page.getByLabel('New value').last().press('Enter');
  await expect(form.locator('#range')).toHaveValue('8');

  await agent.bring('#tall');
  const { x, y } = await agent.pointOf('#tall');
  await agent.page.mouse.move(x, y);
  await agent.page.mouse.wheel(0, 180);
  await expect.poll(() => form.locator('#tall').evaluate((element) => element.scrollTop)).toBeGreaterThan(100);
  await expectSame(customer, agent);
});

test('in Control a controlled input hears what is typed', async ({ customer, agent, server, at: page }) => {
  const form = customer.page;
  await together(customer, agent, server, page('form.html'));
  await expectSame(customer, agent);
  await takeControl(customer, agent);
  await form.evaluate(() => { window.scrollTo(0, 1300); });
  await expectSame(customer, agent);
  await agent.click('#controlled-text');
  await agent.page.keyboard.press('End');
  await agent.page.keyboard.type(' Lovelace, countess of');
  // The component cuts at 20 characters; its word is the last one.
  await expect(form.locator('#controlled-echo')).toHaveText('Ada Lovelace, counte');
  await expect(form.locator('#controlled-text')).toHaveValue('Ada Lovelace, counte');
  await agent.click('#controlled-check');
  await expect(form.locator('#controlled-state')).toHaveText('yes');
  await expectSame(customer, agent);
});

test('nobody types where something secret is held', async ({ customer, agent, server, at: page }) => {
  await together(customer, agent, server, page('form.html'));
  await takeControl(customer, agent);
  const form = await formOf(customer);
  const secrets = ['password', 'card', 'csc', 'otp', 'masked', 'readonly', 'disabled'];
  const before = await customer.page.evaluate((ids) => ids.map((id) => (document.getElementById(id) as HTMLInputElement).value), secrets);
  const values = (): Promise<string[]> => customer.page.evaluate((ids) => ids.map((id) => (document.getElementById(id) as HTMLInputElement).value), secrets);

  // First fence: the server.
  let seq = 7000;
  const forged = secrets.slice(0, 6).flatMap((name): FromAgent[] => [
    { kind: 'typeText', seq: seq++, from: 0, epoch: form.epoch, node: form.id(name), text: 'x' },
    { kind: 'setValue', seq: seq++, from: 0, epoch: form.epoch, node: form.id(name), value: 'x' },
  ]);
  for (const frame of forged) await agent.forge(frame);
  await expect.poll(async () => [...(await refusals(agent)).keys()].filter((n) => n >= 7000).length).toBe(forged.length);
  expect((await inputsAt(customer)).filter(({ kind }) => kind === 'typeText' || kind === 'setValue')).toEqual([]);
  expect(await values()).toEqual(before);

  // Second fence: the page, should the server ever be wrong.
  const { driver } = await last<Scopes>(agent, 'scopes');
  let own = 8000;
  for (const name of secrets) {
    await customer.deliver({ kind: 'typeText', seq: own++, from: driver, epoch: form.epoch, node: form.id(name), text: 'x' });
    await customer.deliver({ kind: 'setValue', seq: own++, from: driver, epoch: form.epoch, node: form.id(name), value: 'x' });
  }
  await expect.poll(async () => {
    const receipts = framesFromCustomer(await customer.sent()).flatMap(({ frame }) => (frame.kind === 'receipt' ? [frame.seq] : []));
    return receipts.filter((n) => n >= 8000);
  }).toEqual(Array.from({ length: secrets.length * 2 }, (_, i) => 8000 + i));
  expect(await values()).toEqual(before);
});

test('what was granted is over when the customer takes it back', async ({ customer, agent, server, at: page }) => {
  await together(customer, agent, server, page('form.html'));
  await takeControl(customer, agent);
  const form = await formOf(customer);
  await customer.page.evaluate(() => { (window as unknown as { session: { revoke: (scope: string) => void } }).session.revoke('click'); });
  await expect.poll(async () => (await last<Scopes>(agent, 'scopes')).granted & 8).toBe(0);
  await agent.forge({ kind: 'click', seq: 6000, epoch: form.epoch, node: form.id('button'), count: 1, ...at });
  await expect.poll(async () => (await refusals(agent)).get(6000)).toMatch(/scope/);
  // A click that the server let through a moment too late is refused by the page as well.
  const { self } = await last<Welcome>(agent, 'welcome');
  await customer.deliver({ kind: 'click', seq: 6001, epoch: form.epoch, node: form.id('button'), count: 1, ...at, from: self });
  await expect.poll(async () => framesFromCustomer(await customer.sent()).some(({ frame }) => frame.kind === 'receipt' && frame.seq === 6001)).toBe(true);
  await expect(customer.page.locator('#clicks')).toHaveText('0');
});

async function last<F extends { kind: string }>(agent: Agent, kind: F['kind']): Promise<F> {
  const found = framesToAgent(await agent.received()).flatMap(({ frame }) => (frame.kind === kind ? [frame as unknown as F] : [])).at(-1);
  if (!found) throw new Error(`the agent got no ${kind}`);
  return found;
}
