// Documents of other origins in frames (case 18): those that the page lists and that list the page are on the stage, masked as they
// mask themselves, follow what happens there, and can be operated. Everybody else stays a box.
import type { Frame } from '@playwright/test';
import { expect, together } from './support/env';
import { framesFromCustomer, framesToAgent, framesToCustomer } from './support/frames';
import { boxes, doc, inside, publish, script, seen, sent, shop, test, text } from './support/guests';
import type { Agent, Customer } from './support/people';

test.beforeEach(({ site, other, server }) => { publish(site, other, server); });

test('case18 what both sides allow is on the stage, masked in the frame, and follows', async ({ customer, agent, server, at, site, other }) => {
  const requests: string[] = [];
  agent.page.on('request', (request) => requests.push(request.url()));
  await together(customer, agent, server, at('shop.html'));
  await expect.poll(() => seen(agent, '#said')).toEqual({ text: 'pay here', colour: 'rgb(1, 2, 3)', width: 250 });
  for (const masked of ['#hush', '#theirs']) expect(await text(agent, masked)).toMatch(/^•+$/);
  await expect.poll(async () => (await seen(agent, '#end'))?.colour, { message: 'a sheet of the other origin' }).toBe('rgb(4, 5, 6)');
  await expect.poll(() => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector<HTMLIFrameElement>('#pay')
    ?.contentDocument?.querySelector<HTMLImageElement>('#photo')?.naturalWidth), { message: 'a picture of the other origin' }).toBe(30);
  await expect.poll(() => agent.page.evaluate(() => {
    const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector<HTMLIFrameElement>('#pay');
    const host = frame?.contentDocument?.querySelector('#host');
    return host ? frame?.contentWindow?.getComputedStyle(host).backgroundImage : '';
  }), { message: 'an address in a sheet' }).toMatch(/^url\("(blob|data):/);

  // What happens within.
  const pay = inside(customer.page, 'pay.html');
  await pay.evaluate(() => {
    document.querySelector('#said')?.append(' please');
    for (const [id, value] of [['name', 'typed'], ['pass', 'late-secret'], ['card', '5500 0000 0000 0004']]) {
      const field = document.querySelector<HTMLInputElement>(`#${id ?? ''}`);
      if (field) field.value = value ?? '';
    }
    const root = document.querySelector('#host')?.attachShadow({ mode: 'closed' });
    if (root) root.innerHTML = '<b>shadowed</b>';
    document.styleSheets[0]?.insertRule('#said { color: rgb(9, 8, 7) }', 1);
    const moved = document.querySelector('#pick');
    if (moved) document.querySelector('#said')?.before(moved);
    document.querySelector('#scroller')?.scrollTo(0, 60);
    scrollTo(0, 250);
  });
  await expect.poll(() => text(agent, '#said')).toBe('pay here please');
  await expect.poll(() => text(agent, '#name')).toBe('typed');
  await expect.poll(async () => (await seen(agent, '#said'))?.colour).toBe('rgb(9, 8, 7)');
  await expect.poll(() => agent.page.evaluate(() => {
    const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector<HTMLIFrameElement>('#pay');
    const within = frame?.contentDocument;
    return [frame?.contentWindow?.scrollY, within?.querySelector('#host')?.shadowRoot?.textContent, within?.querySelector('#scroller')?.scrollTop, within?.querySelector('#pick + #said') !== null];
  })).toEqual([250, 'shadowed', 60, true]);

  // The page is told anew: the frame is not blank.
  const epoch = framesFromCustomer(await customer.sent()).flatMap(({ frame }) => (frame.kind === 'batch' ? [frame.epoch] : [])).at(-1) ?? 0;
  await customer.deliver({ kind: 'resync', epoch, rule: 'test', node: 0 });
  await expect.poll(async () => framesFromCustomer(await customer.sent()).some(({ frame }) => frame.kind === 'batch' && frame.snapshot && frame.epoch > epoch)).toBe(true);
  await pay.evaluate(() => document.querySelector('#said')?.append('!'));
  await expect.poll(() => text(agent, '#said')).toBe('pay here please!');

  // It moves on, is loaded again, is held back, goes and comes.
  await pay.evaluate(() => { location.href = 'next.html'; });
  await expect.poll(() => text(agent, '#said')).toBe('thank you');
  other.site.pages.set('/next.html', doc('<p id="said">thanks again</p>', script(server, site.origin)));
  await inside(customer.page, 'next.html').evaluate(() => { location.reload(); });
  await expect.poll(() => text(agent, '#said')).toBe('thanks again');
  await customer.page.evaluate((origin) => {
    const frame = document.querySelector('#pay');
    frame?.remove();
    const made = document.createElement('iframe');
    made.id = 'pay';
    made.src = `${origin}/pay.html`;
    document.querySelector('main')?.attachShadow({ mode: 'closed' }).append(document.createElement('slot'));
    document.querySelector('main')?.append(made);
  }, other.origin);
  await expect.poll(() => text(agent, '#said')).toBe('pay here');
  await inside(customer.page, 'pay.html').evaluate(() => { location.href = 'plain.html'; });
  await expect.poll(() => boxes(agent)).toBe(1);
  await customer.page.evaluate(() => document.querySelector('#pay')?.remove());
  await expect.poll(() => boxes(agent)).toBe(0);

  expect(requests.filter((url) => !url.startsWith(server.base) && !/^(blob|data):/.test(url))).toEqual([]);
  const told = await sent(customer);
  for (const secret of ['pass-secret', 'mask-secret', 'parent-secret', 'hidden-secret', 'late-secret', '4111', '5500 0000', 'plain-secret']) expect(told).not.toContain(secret);
  expect(customer.notes.filter((note) => note.includes('postMessage')), 'nothing is asked of who is not there').toEqual([]);
});

test('case18 threat-52 who is not on both lists stays a box, and hears nothing of the other', async ({ customer, agent, server, at, site, other }) => {
  const { pages } = other.site;
  pages.set('/stranger.html', doc('<p>stranger-secret</p>', script(server, 'https://shop.example')));
  pages.set('/opaque.html', doc('<p>opaque-secret</p>', script(server, site.origin)));
  const elsewhere = other.site.origin; // the same server by another origin, which the page does not list
  site.pages.set('/shop.html', shop(`${other.origin}/stranger.html`, [other.origin], `<iframe id="unlisted" src="${elsewhere}/pay.html"></iframe>
    <iframe id="plain" src="${other.origin}/plain.html"></iframe><iframe id="opaque" sandbox="allow-scripts" src="${other.origin}/opaque.html"></iframe>
    <div data-vitrine="hide"><iframe id="hushed" src="${other.origin}/pay.html"></iframe></div>
    <script>window.heard = []; addEventListener('message', (event) => heard.push([event.origin, JSON.stringify(event.data)]));</script>`));
  await together(customer, agent, server, at('shop.html'));
  await expect.poll(() => boxes(agent)).toBe(5);
  await customer.page.evaluate(() => document.querySelector('#under')?.append(', changed'));
  await expect.poll(() => agent.text('#under')).toBe('under, changed');
  const heard = await customer.page.evaluate(() => (window as unknown as { heard: [string, string][] }).heard);
  for (const [, data] of heard) expect(data, 'a greeting, and nothing of what it shows').toMatch(/^\{"vitrine":"vitrine-frame","page":"\w+"\}$/);
  expect(heard.filter(([origin]) => origin === 'null')).toHaveLength(1);
  const told = await sent(customer);
  for (const secret of ['stranger-secret', 'opaque-secret', 'plain-secret', 'pay here', 'mask-secret']) expect(told).not.toContain(secret);
  expect(await boxes(agent)).toBe(5);

  // A page that the frame does not list gets nothing, however it asks.
  const answers = await customer.page.evaluate(async (origin) => {
    const frame = document.querySelector<HTMLIFrameElement>('#pay');
    const got: unknown[] = [];
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => got.push(data);
    const before = (window as unknown as { heard: unknown[] }).heard.length;
    frame?.contentWindow?.postMessage({ vitrine: 'vitrine-page' }, origin);
    frame?.contentWindow?.postMessage({ vitrine: 'vitrine-port' }, origin, [port2]);
    port1.postMessage({ kind: 'start', run: 1, rules: { selectors: [], private: false }, salt: 1, space: 1, canvas: false, plain: false });
    port1.postMessage({ kind: 'ping' });
    // What comes back would be there before an answer to a question that came later.
    await fetch(location.href);
    await new Promise((done) => { setTimeout(done, 300); });
    return [got.length, (window as unknown as { heard: unknown[] }).heard.length - before];
  }, other.origin);
  expect(answers).toEqual([0, 0]);
});

test('case18 a frame within a frame of another origin stays a box', async ({ customer, agent, server, at, other, site }) => {
  other.site.pages.set('/outer.html', doc(`<p id="said">outer</p><iframe src="${other.site.origin}/pay.html" width="100" height="50"></iframe>
    <iframe id="own" srcdoc="<p id=said>own words</p>" width="100" height="50"></iframe>`, script(server, site.origin)));
  site.pages.set('/shop.html', shop(`${other.origin}/outer.html`, [other.origin, other.site.origin]));
  await together(customer, agent, server, at('shop.html'));
  await expect.poll(() => text(agent, '#said')).toBe('outer');
  const within = (): Promise<unknown> => agent.page.evaluate(() => {
    const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector<HTMLIFrameElement>('#pay')?.contentDocument;
    return [frame?.querySelectorAll('.vitrine-box').length, frame?.querySelector<HTMLIFrameElement>('#own')?.contentDocument?.querySelector('#said')?.textContent];
  });
  await expect.poll(within).toEqual([1, 'own words']);
  expect(await sent(customer)).not.toContain('pay here');
});

/** Grants control and waits until the agent has it. */
async function takeControl(customer: Customer, agent: Agent): Promise<void> {
  await agent.page.getByRole('button', { name: 'Control', exact: true }).click();
  await customer.press(/^allow$/i);
  await expect.poll(async () => framesToAgent(await agent.received()).flatMap(({ frame }) => (frame.kind === 'scopes' ? [frame] : [])).at(-1)?.driver ?? 0).not.toBe(0);
  await agent.page.getByRole('button', { name: 'Dismiss' }).click();
}

/** A point of an element in the frame of the stage, in the console's window. */
const pointOf = (agent: Agent, selector: string): Promise<{ x: number; y: number }> => agent.page.evaluate((query) => {
  const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
  const held = stage?.contentDocument?.querySelector<HTMLIFrameElement>('#pay');
  const el = held?.contentDocument?.querySelector(query);
  if (!stage || !held || !el) throw new Error('the stage lacks it');
  const [a, b, c] = [stage, held, el].map((of) => of.getBoundingClientRect());
  const scale = (a?.width ?? 1) / stage.offsetWidth;
  const at = (first = 0, second = 0, third = 0, size = 0, edge = 0): number => first + (second + edge + third + size / 2) * scale;
  return { x: at(a?.left, b?.left, c?.left, c?.width, held.clientLeft), y: at(a?.top, b?.top, c?.top, c?.height, held.clientTop) };
}, selector);

const receipts = async (customer: Customer): Promise<string[]> => framesFromCustomer(await customer.sent()).flatMap(({ frame }) => (frame.kind === 'receipt' ? [frame.rule] : []));

test('case18 an agent operates what is in the frame; what it keeps to itself stays untouched', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('shop.html'));
  await expect.poll(() => text(agent, '#press')).toBe('Press');
  await takeControl(customer, agent);
  const pay = inside(customer.page, 'pay.html');
  const click = async (selector: string): Promise<void> => {
    const { x, y } = await pointOf(agent, selector);
    await agent.page.mouse.click(x, y);
  };
  await click('#press');
  await expect.poll(() => text(agent, '#press')).toBe('pressed');
  await click('#name');
  await agent.page.keyboard.type('bc');
  await expect.poll(() => text(agent, '#name')).toBe('abc');
  await agent.page.keyboard.press('Backspace');
  await expect.poll(() => pay.evaluate(() => document.querySelector<HTMLInputElement>('#name')?.value)).toBe('ab');
  await click('#pick');
  await agent.page.getByRole('option', { name: 'two' }).click();
  await expect.poll(() => pay.evaluate(() => document.querySelector<HTMLSelectElement>('#pick')?.value)).toBe('two');
  const over = await pointOf(agent, '#said');
  await agent.page.mouse.move(over.x, over.y);
  await agent.page.mouse.wheel(0, 120);
  await expect.poll(() => pay.evaluate(() => scrollY)).toBe(120);
  await pay.evaluate(() => document.querySelector('#said')?.append(', scrolled'));
  await expect.poll(() => text(agent, '#said')).toBe('pay here, scrolled'); // so the place was told, too
  await pay.evaluate(() => { scrollTo(0, 0); });
  await expect.poll(() => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector<HTMLIFrameElement>('#pay')?.contentWindow?.scrollY)).toBe(0);

  // The server knows what is readonly there, and so does the frame.
  await click('#fixed');
  await click('#press');
  await expect.poll(() => pay.evaluate(() => document.activeElement?.id)).toBe('press');
  expect(await pay.evaluate(() => document.querySelector('#fixed')?.textContent)).toBe('Fixed');

  // What covers the frame in the page, or an element in the frame, keeps clicks from it.
  await customer.page.evaluate(() => {
    const cover = document.body.appendChild(document.createElement('div'));
    cover.style.cssText = 'position: fixed; inset: 0; opacity: 0';
    cover.id = 'cover';
  });
  await pay.evaluate(() => { const press = document.querySelector<HTMLElement>('#press'); if (press) press.textContent = 'again'; });
  await expect.poll(() => text(agent, '#press')).toBe('again');
  const input = framesToCustomer(await customer.received()).flatMap(({ frame }) => (frame.kind === 'click' ? [frame] : [])).at(-1);
  if (!input) throw new Error('there was no click');
  await customer.deliver({ ...input, seq: input.seq + 100 });
  await expect.poll(() => receipts(customer)).toContain('row42-covered');
  await customer.page.evaluate(() => document.querySelector('#cover')?.remove());
  await pay.evaluate(() => document.querySelector('#press')?.setAttribute('data-vitrine', 'readonly'));
  await customer.deliver({ ...input, seq: input.seq + 101 });
  await expect.poll(() => receipts(customer)).toContain('row42-readonly');
  expect(await pay.evaluate(() => document.querySelector('#press')?.textContent)).toBe('again');

  // Who presses something in the frame has control back, and the agent sees the customer's mouse there.
  await customer.page.frameLocator('#pay').locator('#said').hover();
  await expect.poll(async () => framesToAgent(await agent.received()).some(({ frame }) => frame.kind === 'pointed' && frame.from === 0)).toBe(true);
  await customer.page.frameLocator('#pay').locator('#said').click();
  await expect.poll(() => customer.page.evaluate(() => (window as unknown as { session: { scopes: string[] } }).session.scopes)).not.toContain('click');
});

test('case18 random changes in a frame are the same on the stage', async ({ customer, agent, server, at, site, other }) => {
  // The page that changes itself loads the SDK for pages of its own, too.
  other.site.pages.set('/busy.html', doc(`<main><h1>busy</h1><form>${Array.from({ length: 6 }, (_, i) => `<p class="row"><label>field ${i}</label><input value="${i}"><b>bold</b> and text</p>`).join('')}
    <select><option>a<option>b</select><textarea>t</textarea><input type="checkbox"></form><section><p>one</p><p>two <i>three</i></p></section></main>`,
  `<script src="page.js"></script>${script(server, site.origin)}`));
  site.pages.set('/shop.html', shop(`${other.origin}/busy.html?server=${encodeURIComponent(server.base)}`, [other.origin]));
  await together(customer, agent, server, at('shop.html'));
  await expect.poll(() => text(agent, 'h1')).toBe('busy');
  const busy = inside(customer.page, 'busy.html');
  const look = (root: Element | null | undefined): string => {
    const of = (node: Node): string => {
      if (node.nodeType === 3) return node.nodeValue ?? '';
      const el = node as HTMLInputElement;
      const said = ['title', 'data-state', 'aria-label', 'lang', 'class', 'style'].map((name) => el.getAttribute(name) ?? '').join('|');
      const live = /^(input|textarea)$/.test(el.localName) ? el.type === 'checkbox' ? String(el.checked) : el.value : '';
      return `<${el.localName} ${said} ${live}>${el.localName === 'textarea' ? '' : [...el.childNodes].map(of).join('~')}</>`;
    };
    return root ? of(root) : '';
  };
  const there = (): Promise<string> => busy.evaluate(`(${String(look)})(document.querySelector('main'))`);
  const onStage = (): Promise<string> => agent.page.evaluate(`(${String(look)})(document.querySelector('iframe[sandbox]')?.contentDocument?.querySelector('#pay')?.contentDocument?.querySelector('main'))`);
  for (let seed = 1; seed <= 25; seed++) {
    await busy.evaluate((n) => { (window as unknown as { mutate(count: number, seed: number): void }).mutate(20, n); }, seed);
    const want = await there();
    expect(want.length).toBeGreaterThan(100);
    await expect.poll(onStage, { message: `seed ${seed}` }).toBe(want);
  }
  expect(framesToCustomer(await customer.received()).flatMap(({ frame }) => (frame.kind === 'resync' ? [frame.rule] : []))).toEqual([]);
});

// What the frame says and hears, noted before the SDK is there.
const noted = `<script>window.noted = { said: [], heard: [] };
  const post = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = function (what, ...rest) {
    noted.said.push(what.kind + ' ' + (what.frame ? String.fromCharCode(...what.frame) : ''));
    return post.call(this, what, ...rest);
  };
  const on = Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage');
  Object.defineProperty(MessagePort.prototype, 'onmessage', { ...on, set(fn) {
    on.set.call(this, (event) => { noted.heard.push(event.data.kind); fn(event); });
  } });</script>`;
const note = (frame: Frame): Promise<{ said: string[]; heard: string[] }> => frame.evaluate(() => (window as unknown as { noted: { said: string[]; heard: string[] } }).noted);

test('case18 pausing and ending stop the frame at once', async ({ customer, agent, server, at, site, other }) => {
  other.site.pages.set('/pay.html', doc('<p id="said">words</p>', noted + script(server, site.origin)));
  await together(customer, agent, server, at('shop.html'));
  await expect.poll(() => text(agent, '#said')).toBe('words');
  const pay = inside(customer.page, 'pay.html');
  const say = (words: string): Promise<void> => pay.evaluate((what) => document.querySelector('#said')?.replaceChildren(what), words);
  const ask = (what: 'pause' | 'resume' | 'end'): Promise<void> => customer.page.evaluate((name) => { (window as unknown as { session: Record<string, () => void> }).session[name]?.(); }, what);
  await ask('pause');
  await expect.poll(async () => (await note(pay)).heard.at(-1)).toBe('stop');
  await say('paused-secret');
  await pay.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
  await say('words again');
  await ask('resume');
  await expect.poll(() => text(agent, '#said')).toBe('words again');
  await ask('end');
  await expect.poll(async () => (await note(pay)).heard.at(-1)).toBe('stop');
  const before = (await note(pay)).said.length;
  await say('ended-secret');
  await pay.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
  const { said } = await note(pay);
  expect(said.slice(before).filter((what) => !what.startsWith('bye'))).toEqual([]);
  for (const secret of ['paused-secret', 'ended-secret']) {
    expect(said.join('')).not.toContain(secret);
    expect(await sent(customer)).not.toContain(secret);
  }
});
