// Pages that hold very much or change very fast: the agent is told that the page is behind, and when it calms down nothing is lost.
import { expect, test } from './support/env';
import { framesFromCustomer, framesToAgent, framesToCustomer } from './support/frames';
import type { Agent, Customer } from './support/people';

const nodes = Number(process.env['NODES'] ?? 60_000);
const seconds = Number(process.env['SECONDS'] ?? 3);

/** What a part of the page holds, in one number, and how many nodes that are. */
type Sum = readonly [hash: number, count: number];

function sumOf(stage: boolean): Sum {
  const doc = stage ? document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument : document;
  const mass = doc?.querySelector('#mass');
  let hash = 7;
  let count = 0;
  const walker = mass && doc?.createTreeWalker(mass, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let n = walker?.nextNode(); n; n = walker?.nextNode()) {
    count++;
    const { localName = '', className = '' } = n as Partial<Element>;
    const text = n.nodeValue ?? `${localName}.${className}`;
    for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  }
  return [hash, count];
}

const bothSums = async (customer: Customer, agent: Agent): Promise<readonly [page: Sum, stage: Sum]> =>
  [await customer.page.evaluate(sumOf, false), await agent.page.evaluate(sumOf, true)];

/** Waits until the stage holds what the page holds, and gives the number of nodes. */
async function calm(customer: Customer, agent: Agent): Promise<number> {
  let count = 0;
  await expect.poll(async () => {
    const [page, stage] = await bothSums(customer, agent);
    count = page[1];
    return page.join() === stage.join() ? 'the same' : `${page.join()} on the page, ${stage.join()} on the stage`;
  }, { message: 'nothing is lost', timeout: 90_000, intervals: [500] }).toBe('the same');
  return count;
}

/** Fills a part of the page: four nodes a row. */
async function fill(customer: Customer): Promise<void> {
  await customer.page.evaluate((count) => {
    const mass = document.createElement('div');
    mass.id = 'mass';
    const row = (i: number): string => `<p class="c${i % 7}"><b>row ${i}</b> is here</p>`;
    mass.innerHTML = Array.from({ length: count / 4000 }, (_, s) => `<section>${Array.from({ length: 1000 }, (__, i) => row(s * 1000 + i)).join('')}</section>`).join('');
    document.body.append(mass);
  }, nodes);
}

/** Changes 10,000 things a second: texts, classes, places, rows that come and go. */
async function rage(customer: Customer): Promise<void> {
  await customer.page.evaluate(async (length) => {
    const mass = document.querySelector('#mass') as HTMLElement;
    const rows = [...mass.querySelectorAll('p')];
    let n = 0;
    const change = (): void => {
      const p = rows[(n * 7919) % rows.length] as HTMLElement;
      const other = rows[(n * 104_729) % rows.length] as HTMLElement;
      if (n % 8 === 0 && p !== other) other.before(p);
      else if (n % 8 === 1) p.innerHTML = `<b>new ${n}</b> here`;
      else if (n % 8 === 2) p.className = `c${n % 11}`;
      else if (p.firstChild) p.firstChild.textContent = `row ${n}`;
      n++;
    };
    const start = performance.now();
    while (n < length * 10_000) {
      while (n < Math.min((performance.now() - start) * 10, length * 10_000)) change();
      await new Promise((done) => { setTimeout(done, 0); });
    }
  }, seconds);
}

test('a page that holds very much and changes very fast is told in parts, and in the end nothing is lost', async ({ customer, agent, server, at }) => {
  test.setTimeout(240_000);
  await customer.page.goto(at('form.html'));
  await fill(customer);
  const code = await customer.askForHelp();
  await agent.join(await server.signIn('ada'), code);
  await customer.press(/^allow$/i);
  await expect.poll(() => agent.sees(), { message: 'the stage shows a page', timeout: 15_000 }).toBe(true);
  expect(await calm(customer, agent)).toBe(nodes / 4000 + nodes);
  // A slow computer, on which the page is behind for a while.
  const browser = await customer.page.context().newCDPSession(customer.page);
  await browser.send('Emulation.setCPUThrottlingRate', { rate: 8 });
  await rage(customer);
  await browser.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await calm(customer, agent);
  // More than batches bear: the page is told anew.
  await customer.page.evaluate(() => {
    const mass = document.querySelector('#mass') as HTMLElement;
    for (const section of mass.children) section.replaceWith(...section.children);
  });
  await calm(customer, agent);

  const said = framesFromCustomer(await customer.sent());
  const snapshots = said.filter(({ frame }) => frame.kind === 'batch' && frame.snapshot).length;
  expect(snapshots, 'what all moved at once is told anew').toBeGreaterThan(1);
  const told = framesToAgent(await agent.received()).flatMap(({ frame }) => (frame.kind === 'behind' ? [frame.behind] : []));
  expect(told, 'the agent is told that the page is behind').toContain(true);
  await expect.poll(async () => framesToAgent(await agent.received()).flatMap(({ frame }) => (frame.kind === 'behind' ? [frame.behind] : [])).at(-1), 'and that it is no more').toBe(false);
  const refused = framesToCustomer(await customer.received()).flatMap(({ frame }) => (frame.kind === 'resync' ? [frame.rule] : []));
  // A server that has too much to do may leave batches out and ask for the page again.
  expect(refused.filter((rule) => rule !== 'row39-overrun')).toEqual([]);
});
