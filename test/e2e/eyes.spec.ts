// How an agent looks at the page: following or looking around, in any size, finding and copying text, with a screen reader.
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test, together } from './support/env';
import { framesToCustomer } from './support/frames';
import type { Agent, Customer } from './support/people';

const stageView = (agent: Agent): Promise<{ x: number; y: number; box: number }> => agent.page.evaluate(() => {
  const view = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentWindow;
  return { x: view?.scrollX ?? -1, y: view?.scrollY ?? -1, box: view?.document.querySelector('#tall')?.scrollTop ?? -1 };
});

const customersView = (customer: Customer): Promise<{ x: number; y: number; box: number }> => customer.page.evaluate(() => ({
  x: window.scrollX, y: window.scrollY, box: document.querySelector('#tall')?.scrollTop ?? -1,
}));

const artefacts = join(__dirname, '../artefacts/eyes');
/** Pictures of the console for people: light and dark, wide and narrow. */
async function shots(agent: Agent, name: string): Promise<void> {
  for (const [scheme, width, height] of [['light', 1600, 1000], ['dark', 1100, 800], ['light', 390, 844]] as const) {
    await agent.page.emulateMedia({ colorScheme: scheme });
    await agent.page.setViewportSize({ width, height });
    await agent.page.screenshot({ path: join(artefacts, `${name}-${scheme}-${width}.png`), caret: 'initial' });
  }
  await agent.page.emulateMedia({ colorScheme: null });
  await agent.page.setViewportSize({ width: 1600, height: 1000 });
}

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();

async function middle(agent: Agent): Promise<void> {
  const box = await agent.page.locator('.stage').boundingBox();
  if (!box) throw new Error('there is no stage');
  await agent.page.mouse.move(box.x + box.width / 2, box.y + 60);
}

test('an agent looks around without moving the customer, sees where the customer is, and returns', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await customer.page.evaluate(() => {
    document.body.style.minHeight = '6000px';
    window.scrollTo(0, 300);
  });
  await expect.poll(async () => (await stageView(agent)).y).toBe(300);
  await expect(agent.page.getByRole('button', { name: 'Follow', exact: true })).toHaveAttribute('aria-pressed', 'true');
  const received = (await customer.received()).length;

  // Following without control, the wheel moves nothing, and the agent learns why.
  await middle(agent);
  await agent.page.mouse.wheel(0, 400);
  await expect(agent.page.getByText('Choose \u201cLook around\u201d to scroll for yourself')).toBeVisible();
  expect((await stageView(agent)).y).toBe(300);

  await press(agent.page, 'Look around');
  await middle(agent);
  await agent.page.mouse.wheel(0, 200);
  await expect.poll(async () => (await stageView(agent)).y).toBe(500);
  const mark = agent.page.locator('.vitrine-seen');
  await expect(mark).toBeVisible();
  await expect(mark).toHaveText('The customer sees this part');
  await shots(agent, 'around');
  await agent.page.mouse.wheel(0, 3000);
  await expect.poll(async () => (await stageView(agent)).y).toBe(3500);
  await expect(agent.page.getByText('The customer is further up.')).toBeAttached();

  // A box within the page, and keys.
  await agent.page.locator('.vitrine-keyboard').focus();
  await agent.page.keyboard.press('Home');
  await expect.poll(async () => (await stageView(agent)).y).toBe(0);
  const at_ = await agent.pointOf('#tall');
  const down = Math.max(0, at_.y - 600);
  await middle(agent);
  if (down > 0) await agent.page.mouse.wheel(0, down);
  await expect.poll(async () => (await agent.pointOf('#tall')).y).toBeLessThan(900);
  const { x, y } = await agent.pointOf('#tall');
  await agent.page.mouse.move(x, y);
  await agent.page.mouse.wheel(0, 120);
  await expect.poll(async () => (await stageView(agent)).box).toBe(120);
  await agent.page.keyboard.press('PageDown');

  // The customer goes on; the agent's own view stays, and the mark goes with the customer.
  const mine = await stageView(agent);
  await customer.page.evaluate(() => {
    window.scrollTo(0, 1000);
    document.querySelector('h1')?.append(' (meanwhile)');
  });
  await expect.poll(() => agent.text('h1')).toContain('(meanwhile)');
  await expect.poll(() => agent.page.evaluate(() => {
    const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
    const [a, b] = [document.querySelector('.vitrine-seen')?.getBoundingClientRect(), frame?.getBoundingClientRect()];
    if (!a || !b || !frame?.contentWindow) return -1;
    return Math.round((a.top - b.top) / (b.width / frame.offsetWidth) + frame.contentWindow.scrollY);
  }), 'the mark stands where the customer is').toBe(1000);
  expect(await stageView(agent)).toEqual(mine);
  expect(await customersView(customer)).toMatchObject({ y: 1000, box: 0 });
  const kinds = framesToCustomer((await customer.received(received))).map(({ frame }) => frame.kind);
  expect(kinds.filter((kind) => kind === 'scrollTo' || kind === 'pressKey')).toEqual([]);

  await press(agent.page, 'Follow');
  await expect.poll(() => stageView(agent)).toEqual({ x: 0, y: 1000, box: 0 });
  await expect(mark).toBeHidden();
  await customer.page.evaluate(() => { window.scrollTo(0, 200); });
  await expect.poll(async () => (await stageView(agent)).y).toBe(200);
});

test('the page is drawn as large as fits, one to one, or in steps, and the customer\'s window is told', async ({ customer, agent, server, at }) => {
  await customer.page.setViewportSize({ width: 2400, height: 1200 });
  await together(customer, agent, server, at('form.html'));
  await expect(agent.page.locator('.window')).toContainText('2400 \u00d7 1200 1x');
  const scale = (): Promise<number> => agent.page.evaluate(() => {
    const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
    return frame ? frame.getBoundingClientRect().width / frame.offsetWidth : 0;
  });
  const fit = await scale();
  expect(fit).toBeLessThan(0.7);
  await press(agent.page, '1:1');
  await expect.poll(scale).toBe(1);
  await expect(agent.page.locator('.percent')).toHaveText('100 %');
  // What has no room is reached by wheel, keys and scroll bars, without moving the customer.
  const left = (): Promise<number> => agent.page.evaluate(() => document.querySelector('.vitrine-scroller')?.scrollLeft ?? -1);
  const before = await left();
  await middle(agent);
  await agent.page.mouse.wheel(150, 0);
  await expect.poll(left).toBe(before + 150);
  await agent.page.locator('.vitrine-keyboard').focus();
  await agent.page.keyboard.press('ArrowLeft');
  await expect.poll(left).toBe(before + 110);
  await press(agent.page, 'Larger');
  await expect.poll(scale).toBe(1.25);
  await press(agent.page, 'Smaller');
  await press(agent.page, 'Smaller');
  await expect.poll(scale).toBeCloseTo(0.9, 3);
  // A click still meets what it looks like it meets.
  await press(agent.page, 'Control');
  await customer.press(/^allow$/i);
  await expect(agent.page.getByText('The customer lets you operate the page')).toBeVisible();
  await middle(agent);
  await agent.page.mouse.wheel(-3000, -3000);
  await expect.poll(left).toBe(0);
  await agent.click('#text');
  await agent.page.keyboard.type('small');
  await expect(customer.page.locator('#text')).toHaveValue(/small/);
  await press(agent.page, 'Fit');
  await expect.poll(scale).toBeCloseTo(fit, 3);
  await customer.page.setViewportSize({ width: 390, height: 844 });
  await expect(agent.page.locator('.window')).toContainText('390 \u00d7 844');
});

const textPage = `<!doctype html><html><head><title>Find</title></head><body><button id="help" onclick="help()">Get help</button>
<p id="first">An <b>apple</b> a   day
keeps nobody away.</p><div style="height: 2500px"></div>
<p id="hidden" style="display: none">apple a day</p><div id="host"></div><iframe id="inner" srcdoc="<p>The APPLE in the frame</p>" width="300" height="80"></iframe>
<input id="field" value="apple juice"><input type="password" value="apple-secret"><p data-vitrine="mask">apple masked</p>
<div id="box" style="height: 80px; overflow: auto"><div style="height: 400px"></div><p id="deep">a deep apple</p></div>
<h2 id="title">Heading of the page</h2><a href="elsewhere.html">A link that leads away</a><button id="act">Do it</button>
<script>document.getElementById('host').attachShadow({ mode: 'open' }).innerHTML = '<p>Shadow apple</p>';</script><script src="page.js"></script></body></html>`;

test('an agent finds text wherever it is shown, and copies what is selected; the customer learns nothing', async ({ customer, agent, server, site, at }) => {
  site.pages.set('/find.html', textPage);
  await agent.page.context().grantPermissions(['clipboard-read']);
  await together(customer, agent, server, at('find.html'));
  await expect.poll(() => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector<HTMLIFrameElement>('#inner')?.contentDocument?.body.textContent)).toContain('frame');
  const sent = (await agent.sent()).length;
  const field = agent.page.getByRole('searchbox', { name: 'Find in the page' });
  await agent.page.keyboard.press('Control+f');
  await field.pressSequentially('apple a  DAY');
  const count = agent.page.locator('.find .count');
  await expect(count).toHaveText('1 of 1');
  await expect(agent.page.getByRole('button', { name: 'Follow', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await field.fill('apple');
  await expect(count).toHaveText('1 of 5');
  const seen: (string | null)[] = [];
  for (let i = 0; i < 5; i++) {
    seen.push(await agent.page.evaluate(() => {
      const ring = document.querySelector('.vitrine-found')?.getBoundingClientRect();
      const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
      const outer = frame?.getBoundingClientRect();
      if (!ring || !outer || !frame || ring.top < outer.top || ring.bottom > outer.bottom) return null;
      const scale = outer.width / frame.offsetWidth;
      const [x, y] = [(ring.left + ring.width / 2 - outer.left) / scale, (ring.top + ring.height / 2 - outer.top) / scale];
      const found = frame.contentDocument?.elementFromPoint(x, y);
      return found?.id || (found?.parentElement?.id ?? null);
    }));
    await field.press('Enter');
  }
  await shots(agent, 'find');
  expect(seen.map((id) => id ?? 'none')).toEqual(['first', 'host', 'inner', 'field', 'deep']);
  await expect(count).toHaveText('1 of 5');
  await field.fill('secret');
  await expect(count).toHaveText('Not found');
  await field.press('Escape');
  await expect(field).toBeHidden();
  await press(agent.page, 'Follow');

  // Dragging without control selects; Ctrl+C copies.
  const line = await agent.page.evaluate(() => {
    const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
    const outer = frame?.getBoundingClientRect();
    const inner = frame?.contentDocument?.querySelector('#first')?.getBoundingClientRect();
    if (!frame || !outer || !inner) throw new Error('no line');
    const scale = outer.width / frame.offsetWidth;
    return { x: outer.left + inner.left * scale, y: outer.top + (inner.top + inner.height / 2) * scale, right: outer.left + inner.right * scale };
  });
  await agent.page.mouse.move(line.x + 1, line.y);
  await agent.page.mouse.down();
  await agent.page.mouse.move(line.x + 100, line.y, { steps: 4 });
  await agent.page.mouse.move(line.right - 2, line.y, { steps: 4 });
  await agent.page.mouse.up();
  const copied = async (): Promise<string> => {
    await agent.page.keyboard.press('Control+c');
    return agent.page.evaluate(() => navigator.clipboard.readText());
  };
  await expect.poll(copied).toBe('An apple a day keeps nobody away.');
  await agent.page.mouse.dblclick(line.x + 30, line.y);
  await expect.poll(async () => (await copied()).trim()).toBe('apple');
  const kinds = (await agent.page.evaluate((n) => window.probe.take('sent', n), sent)).filter(({ channel }) => channel === 4);
  expect(kinds, 'nothing went on the input channel').toEqual([]);
  expect(await customer.page.evaluate(() => getSelection()?.toString())).toBe('');
});

test('the page on the stage is open to the browser\'s own search and to screen readers, and cannot be changed by them', async ({ customer, agent, server, site, at }) => {
  site.pages.set('/read.html', textPage);
  await together(customer, agent, server, at('read.html'));
  const cdp = await agent.page.context().newCDPSession(agent.page);
  const { frameTree } = await cdp.send('Page.getFrameTree');
  const frameId = frameTree.childFrames?.[0]?.frame.id ?? '';
  const tree = async (id?: string): Promise<string[]> => {
    const { nodes } = await cdp.send('Accessibility.getFullAXTree', id ? { frameId: id } : {});
    return nodes.filter(({ ignored }) => !ignored).map(({ role, name }) => `${String(role?.value)}: ${String(name?.value ?? '')}`.trim());
  };
  await expect.poll(() => tree(frameId)).toEqual(expect.arrayContaining([
    'heading: Heading of the page', 'link: A link that leads away', 'button: Do it', 'StaticText: An', 'textbox:',
  ]));
  expect(await tree()).toEqual(expect.arrayContaining(['Iframe: Customer page']));

  // Tab does not lead into it.
  await agent.page.getByRole('button', { name: 'End session' }).focus();
  for (let i = 0; i < 4; i++) {
    await agent.page.keyboard.press('Tab');
    expect(await agent.page.evaluate(() => document.activeElement?.localName)).not.toBe('iframe');
  }

  // The browser's own search scrolls the stage; then the agent looks around. What the stage's own changes scroll is no search.
  await expect.poll(() => agent.page.evaluate(() => performance.now())).toBeGreaterThan(await agent.page.evaluate(() => performance.now()) + 300);
  await expect.poll(() => agent.page.evaluate(() => {
    const view = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentWindow as (Window & { find: (text: string) => boolean }) | null;
    view?.getSelection()?.removeAllRanges();
    return view?.find('Heading of the page');
  })).toBe(true);
  await expect(agent.page.getByRole('button', { name: 'Look around', exact: true })).toHaveAttribute('aria-pressed', 'true');
  expect((await stageView(agent)).y).toBeGreaterThan(1000);

  // What a screen reader does to what it has the focus on changes nothing.
  const before = JSON.stringify(await agent.stage());
  await agent.page.evaluate(() => {
    const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
    for (const el of stage?.querySelectorAll<HTMLElement>('a, button, input') ?? []) el.click();
    stage?.querySelector<HTMLInputElement>('#field')?.focus();
  });
  await agent.page.keyboard.type('typed into the stage');
  await agent.page.keyboard.press('Backspace');
  expect(JSON.stringify(await agent.stage())).toBe(before);
});

test('when the customer takes control back, one press or one key asks for it again', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  const control = agent.page.getByRole('button', { name: 'Control', exact: true });
  await control.click();
  for (const again of ['button', 'key'] as const) {
    await customer.press(/^allow$/i);
    await expect(control).toHaveAttribute('aria-pressed', 'true');
    await customer.page.locator('#text').click();
    await expect(agent.page.getByRole('status').filter({ hasText: 'The customer took control back' })).toBeVisible();
    await expect(control).toHaveAttribute('aria-pressed', 'false');
    if (again === 'button') await shots(agent, 'taken-back');
    if (again === 'button') await press(agent.page, 'Ask again');
    else await agent.page.keyboard.press('Alt+Shift+KeyC');
    await expect(control).toHaveAttribute('aria-busy', 'true');
  }
  await customer.press(/^allow$/i);
  await expect(control).toHaveAttribute('aria-pressed', 'true');
});

test('what the page opens does not take the focus from what the agent writes', async ({ customer, agent, server, site, at }) => {
  site.pages.set('/dialog.html', '<!doctype html><html><head><title>d</title></head><body><button id="help" onclick="help()">Get help</button><dialog id="d"><input id="in"><p>Dialog</p></dialog><script src="page.js"></script></body></html>');
  await together(customer, agent, server, at('dialog.html'));
  await agent.page.getByRole('button', { name: 'Show chat' }).click();
  const field = agent.page.getByLabel('Message to the customer');
  await field.focus();
  const shown = (): Promise<boolean | undefined> => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector('#d')?.matches(':modal'));
  for (const open of [true, false]) {
    await customer.page.evaluate((on) => {
      const dialog = document.querySelector<HTMLDialogElement>('#d');
      if (on) dialog?.showModal();
      else dialog?.close();
    }, open);
    await expect.poll(shown).toBe(open);
    await expect(field).toBeFocused();
  }
  await agent.page.keyboard.type('still here');
  await expect(field).toHaveValue('still here');
});
