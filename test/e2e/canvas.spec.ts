// Canvases that the owner shares (case 19): how often, of which, and when not.
import { expect, test, together } from './support/env';
import { framesFromCustomer } from './support/frames';
import type { Agent, Customer } from './support/people';

const page = `<!doctype html><html><head><title>Drawn</title><script src="page.js"></script></head><body><main><button id="help" onclick="help({ canvas: true })">Get help</button>
<canvas id="near" width="80" height="50"></canvas><canvas id="same" width="30" height="30"></canvas><canvas id="hush" data-vitrine="mask" width="40" height="40"></canvas>
<div style="height: 3000px"></div><canvas id="far" width="60" height="60"></canvas></main>
<script>let n = 0; const draw = () => { n++;
for (const id of ['near', 'hush', 'far']) { const at = document.getElementById(id).getContext('2d'); at.fillStyle = 'rgb(' + n % 250 + ', 7, 9)'; at.fillRect(0, 0, 80, 80); }
const still = same.getContext('2d'); still.fillStyle = 'rgb(5, 5, 5)'; still.fillRect(0, 0, 30, 30);
requestAnimationFrame(draw); }; draw();</script></body></html>`;

const offers = async (customer: Customer): Promise<Map<number, number>> => {
  const counts = new Map<number, number>();
  for (const { frame } of framesFromCustomer(await customer.sent())) if (frame.kind === 'offer' && frame.assetKind === 0) counts.set(frame.asset, (counts.get(frame.asset) ?? 0) + 1);
  return counts;
};

const drawn = (agent: Agent, id: string): Promise<string> => agent.page.evaluate((name) => {
  const el = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.getElementById(name);
  return el ? getComputedStyle(el).content.slice(0, 9) : '';
}, id);

test('case19 canvases are told twice a second at most, when they can be seen and have changed', async ({ customer, agent, server, site, at }) => {
  site.pages.set('/drawn.html', page);
  await together(customer, agent, server, at('drawn.html'));
  await expect.poll(() => drawn(agent, 'near')).toBe('url("blob');
  await expect.poll(() => drawn(agent, 'same')).toBe('url("blob');
  const start = Date.now();
  const before = await offers(customer);
  await expect.poll(async () => [...await offers(customer)].reduce((sum, [, n]) => sum + n, 0), { timeout: 20_000 }).toBeGreaterThan(8);
  const after = await offers(customer);
  const seconds = (Date.now() - start) / 1000;
  const told = [...after].map(([asset, n]) => n - (before.get(asset) ?? 0));
  expect(Math.max(...told)).toBeLessThanOrEqual(2 * seconds + 2);
  // One goes on, one is the same all the time, one is masked and one is out of sight.
  expect([...after.values()].sort((a, b) => a - b)[0]).toBe(1);
  expect(after.size).toBe(2);
  expect(await agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelectorAll('.vitrine-box[vitrine-reason=private]').length)).toBe(1);

  await customer.page.evaluate(() => { document.getElementById('far')?.scrollIntoView(); });
  await expect.poll(() => drawn(agent, 'far')).toBe('url("blob');
  // While the page is held back, nothing is told.
  await customer.press(/^pause$/i);
  await expect.poll(() => customer.state()).toBe('paused');
  const held = (await customer.sent()).length;
  const ticks = (): Promise<number> => customer.page.evaluate(() => performance.now());
  const now = await ticks();
  await expect.poll(ticks).toBeGreaterThan(now + 1500);
  expect(framesFromCustomer((await customer.sent()).slice(held)).filter(({ frame }) => frame.kind === 'offer' || frame.kind === 'chunk')).toEqual([]);
  await customer.press(/^go on$/i);
  const count = (await offers(customer)).size;
  await expect.poll(async () => [...await offers(customer)].reduce((sum, [, n]) => sum + n, 0)).toBeGreaterThan(count);
});
