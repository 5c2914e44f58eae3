// Documents within the page (case 17): what the customer sees in frames of the page's own origin is on the stage, follows what
// happens there, and can be operated; nothing of it loads.
import { expect, test, together } from './support/env';
import { framesFromCustomer, framesToAgent } from './support/frames';
import type { Agent, Customer } from './support/people';

const doc = (body: string, head = ''): string => `<!doctype html><html><head><title>in</title>${head}</head><body>${body}</body></html>`;

const inner = doc(`<p id="said" class="own">inner words</p><input id="name" value="a"><select id="pick"><option>one<option>two</select>
  <button id="press" onclick="this.textContent = 'pressed'">Press</button><p data-vitrine="mask" id="hush">frame-secret</p>
  <img id="photo" alt="" src="data:image/gif;base64,R0lGODlhAQABAIAAAP8AAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==">
  <div id="host"></div><div style="height: 900px"></div><p id="end">end</p>`,
  '<style>.own { color: rgb(1, 2, 3); width: 50% } body { margin: 0 } #host { height: 20px }</style>');

const page = doc(`<main><button id="help" onclick="help()">Get help</button>
<iframe id="src" src="inner.html" width="400" height="200" frameborder="0"></iframe>
<iframe id="srcdoc" srcdoc="<p id=said>from srcdoc</p>" width="200" height="60"></iframe>
<iframe id="written" width="200" height="60"></iframe>
<iframe id="foreign" sandbox srcdoc="<p>opaque-secret</p>" width="120" height="50"></iframe>
<div class="cobrowsing_nosync"><iframe id="hidden" srcdoc="<p>hidden-secret</p>" width="90" height="50"></iframe></div>
<div id="late"></div></main>`, '<script src="page.js"></script><style>iframe { display: block } #src { margin: 7px }</style>');

interface Seen {
  readonly text: string;
  readonly colour: string;
  readonly mode: string;
  readonly width: number;
}

/** What the stage shows of an element in a frame. */
function seen(agent: Agent, frame: string, selector: string): Promise<Seen | null> {
  return agent.page.evaluate(([outer, query]) => {
    const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
    const within = stage?.querySelector<HTMLIFrameElement>(outer)?.contentDocument;
    const el = within?.querySelector<HTMLElement>(query);
    if (!within || !el) return null;
    const text = el.localName === 'input' ? (el as HTMLInputElement).value : el.textContent;
    return { text, colour: getComputedStyle(el).color, mode: within.compatMode, width: Math.round(el.getBoundingClientRect().width) };
  }, [frame, selector] as const);
}

const text = async (agent: Agent, frame: string, selector: string): Promise<string | undefined> => (await seen(agent, frame, selector))?.text;

/** Runs a script in the document of a frame of the customer's page. */
const within = (customer: Customer, frame: string, script: string): Promise<unknown> => customer.page.evaluate(([id, code]) => {
  const view = document.querySelector<HTMLIFrameElement>(id)?.contentWindow as (Window & { eval: (code: string) => unknown }) | undefined;
  return view?.eval(`{${code}}`) === undefined ? undefined : true;
}, [frame, script] as const);

async function takeControl(customer: Customer, agent: Agent): Promise<void> {
  await agent.page.getByRole('button', { name: 'Control', exact: true }).click();
  await customer.press(/^allow$/i);
  await expect.poll(async () => framesToAgent(await agent.received()).flatMap(({ frame }) => (frame.kind === 'scopes' ? [frame] : [])).at(-1)?.driver ?? 0).not.toBe(0);
  await agent.page.getByRole('button', { name: 'Dismiss' }).click();
}

/** A point of an element in a frame of the stage, in the console's window. */
const pointOf = (agent: Agent, frame: string, selector: string): Promise<{ x: number; y: number }> => agent.page.evaluate(([outer, query]) => {
  const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
  const held = stage?.contentDocument?.querySelector<HTMLIFrameElement>(outer);
  const el = held?.contentDocument?.querySelector(query);
  if (!stage || !held || !el) throw new Error('the stage lacks it');
  const [a, b, c] = [stage, held, el].map((of) => of.getBoundingClientRect());
  const scale = (a?.width ?? 1) / stage.offsetWidth;
  const at = (first = 0, second = 0, third = 0, size = 0, edge = 0): number => first + (second + edge + third + size / 2) * scale;
  return { x: at(a?.left, b?.left, c?.left, c?.width, held.clientLeft), y: at(a?.top, b?.top, c?.top, c?.height, held.clientTop) };
}, [frame, selector] as const);

test.beforeEach(({ site }) => {
  site.pages.set('/frames.html', page);
  site.pages.set('/inner.html', inner);
  site.pages.set('/next.html', doc('<p id="said">next page</p>'));
});

test('case17 threat-04 frames of the page are on the stage, whatever made them, and follow what happens', async ({ customer, agent, server, at }) => {
  const requests: string[] = [];
  agent.page.on('request', (request) => requests.push(request.url()));
  await customer.page.goto(at('frames.html'));
  await customer.page.evaluate(() => {
    const to = document.querySelector<HTMLIFrameElement>('#written')?.contentDocument;
    to?.open();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- pages do
    to?.write('<p id=said>written</p>');
    to?.close();
  });
  const code = await customer.askForHelp();
  await agent.join(await server.signIn('ada'), code);
  await customer.press(/^allow$/i);
  await expect.poll(() => text(agent, '#src', '#said')).toBe('inner words');
  await expect.poll(() => seen(agent, '#src', '#said')).toEqual({ text: 'inner words', colour: 'rgb(1, 2, 3)', mode: 'CSS1Compat', width: 200 });
  await expect.poll(() => text(agent, '#srcdoc', '#said')).toBe('from srcdoc');
  expect((await seen(agent, '#srcdoc', '#said'))?.mode).toBe('CSS1Compat');
  await expect.poll(() => text(agent, '#written', '#said')).toBe('written');
  expect((await seen(agent, '#written', '#said'))?.mode).toBe('BackCompat');
  expect(await text(agent, '#src', '#hush')).toMatch(/^•+$/);
  await expect.poll(() => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector<HTMLIFrameElement>('#src')?.contentDocument?.querySelector<HTMLImageElement>('#photo')?.naturalWidth)).toBe(1);

  // What happens within: texts, values, a closed shadow root, a sheet that a script makes, scrolling.
  await within(customer, '#src', `document.querySelector('#said').append(' more'); document.querySelector('#name').value = 'typed';
    const root = document.querySelector('#host').attachShadow({ mode: 'closed' }); root.innerHTML = '<b>shadowed</b>';
    document.styleSheets[0].insertRule('#end { color: rgb(9, 8, 7) }'); scrollTo(0, 250);`);
  await expect.poll(() => text(agent, '#src', '#said')).toBe('inner words more');
  await expect.poll(() => text(agent, '#src', '#name')).toBe('typed');
  await expect.poll(async () => (await seen(agent, '#src', '#end'))?.colour).toBe('rgb(9, 8, 7)');
  await expect.poll(() => agent.page.evaluate(() => {
    const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector<HTMLIFrameElement>('#src');
    return [frame?.contentWindow?.scrollY, frame?.contentDocument?.querySelector('#host')?.shadowRoot?.textContent];
  })).toEqual([250, 'shadowed']);

  // A frame moves on, one is written anew, one comes in another, one goes.
  await within(customer, '#src', `location.href = 'next.html'`);
  await expect.poll(() => text(agent, '#src', '#said')).toBe('next page');
  await within(customer, '#src', `document.querySelector('#said').textContent = 'next page, changed'`);
  await expect.poll(() => text(agent, '#src', '#said')).toBe('next page, changed');
  await within(customer, '#written', `document.open(); document.write('<!doctype html><p id=said>written anew</p>'); document.close()`);
  await expect.poll(() => text(agent, '#written', '#said')).toBe('written anew');
  await within(customer, '#written', `document.querySelector('#said').append('!')`);
  await expect.poll(() => text(agent, '#written', '#said')).toBe('written anew!');
  await expect.poll(async () => (await seen(agent, '#written', '#said'))?.mode).toBe('CSS1Compat');
  await customer.page.evaluate(() => {
    const frame = document.createElement('iframe');
    frame.id = 'nested';
    frame.srcdoc = '<p id="said">outer</p><iframe id="deep" srcdoc="<p id=said>deep</p>"></iframe>';
    document.querySelector('#late')?.append(frame);
    document.querySelector('#srcdoc')?.remove();
  });
  await expect.poll(() => text(agent, '#nested', '#said')).toBe('outer');
  await expect.poll(() => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector<HTMLIFrameElement>('#nested')?.contentDocument
    ?.querySelector<HTMLIFrameElement>('#deep')?.contentDocument?.querySelector('#said')?.textContent)).toBe('deep');
  // Moved, a browser loads it anew; so does the stage.
  await customer.page.evaluate(() => { document.body.append(document.querySelector('#nested') ?? ''); });
  await expect.poll(() => text(agent, 'body > #nested', '#said')).toBe('outer');
  expect(await agent.text('#srcdoc')).toBeNull();

  // The same fence everywhere, and nothing that a page chose was asked for.
  const fences = await agent.page.evaluate(() => {
    const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
    return [...stage?.querySelectorAll('iframe') ?? []].map((f) => `${f.getAttribute('sandbox')} ${f.getAttribute('src')} ${f.hasAttribute('srcdoc')}`);
  });
  expect(new Set(fences)).toEqual(new Set(['allow-same-origin /stage?1 false']));
  expect(requests.filter((url) => !url.startsWith(server.base) && !url.startsWith('blob:') && !url.startsWith('data:'))).toEqual([]);
  const told = framesFromCustomer(await customer.sent()).map(({ bytes }) => Buffer.from(bytes).toString('latin1')).join('');
  for (const secret of ['frame-secret', 'opaque-secret', 'hidden-secret']) expect(told).not.toContain(secret);
});

test('case17 an agent operates what is in a frame', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('frames.html'));
  await expect.poll(() => text(agent, '#src', '#press')).toBe('Press');
  await takeControl(customer, agent);
  const click = async (selector: string): Promise<void> => {
    const { x, y } = await pointOf(agent, '#src', selector);
    await agent.page.mouse.click(x, y);
  };
  const place = (await pointOf(agent, '#src', '#press')).y;
  await click('#press');
  await expect.poll(() => text(agent, '#src', '#press')).toBe('pressed');
  await click('#name');
  await agent.page.keyboard.type('bc');
  await expect.poll(() => text(agent, '#src', '#name')).toBe('abc');
  const over = await pointOf(agent, '#src', '#said');
  await agent.page.mouse.move(over.x, over.y);
  await agent.page.mouse.wheel(0, 120);
  await expect.poll(() => customer.page.evaluate(() => document.querySelector<HTMLIFrameElement>('#src')?.contentWindow?.scrollY)).toBe(120);
  // What lies above a frame keeps clicks from what is in it.
  await customer.page.evaluate(() => {
    const cover = document.body.appendChild(document.createElement('div'));
    cover.id = 'cover';
    cover.style.cssText = 'position: fixed; inset: 0; pointer-events: auto; opacity: 0';
    cover.onclick = () => { cover.dataset['hit'] = 'yes'; };
  });
  await within(customer, '#src', `document.querySelector('#press').textContent = 'again'`);
  await expect.poll(() => text(agent, '#src', '#press')).toBe('again');
  await customer.page.evaluate(() => document.querySelector<HTMLIFrameElement>('#src')?.contentWindow?.scrollTo(0, 0));
  await expect.poll(async () => (await pointOf(agent, '#src', '#press')).y, { message: 'scrolled back' }).toBeCloseTo(place, 0);
  await click('#press');
  await expect.poll(() => customer.page.evaluate(() => document.querySelector<HTMLElement>('#cover')?.dataset['hit'])).toBe('yes');
  expect(await within(customer, '#src', `if (document.querySelector('#press').textContent !== 'again') throw new Error('pressed through the cover')`)).toBeUndefined();
});

test('case17 frames that come and go leave nothing behind', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('frames.html'));
  const counts = await customer.page.evaluate(async () => {
    const refs: WeakRef<Document>[] = [];
    for (let i = 0; i < 200; i++) {
      const frame = document.createElement('iframe');
      frame.srcdoc = `<p>${i}</p><div id=h></div>`;
      const loaded = new Promise((done) => { frame.onload = done; });
      document.querySelector('#late')?.append(frame);
      await loaded;
      frame.contentDocument?.querySelector('#h')?.attachShadow({ mode: 'open' });
      if (frame.contentDocument) refs.push(new WeakRef(frame.contentDocument));
      await new Promise((done) => requestAnimationFrame(done));
      frame.remove();
      await new Promise((done) => requestAnimationFrame(done));
    }
    (window as unknown as { refs: WeakRef<Document>[] }).refs = refs;
    return refs.length;
  });
  expect(counts).toBe(200);
  await customer.page.evaluate(() => document.querySelector('#late')?.append('calm'));
  await expect.poll(() => agent.text('#late')).toBe('calm');
  const session = await customer.page.context().newCDPSession(customer.page);
  await expect.poll(async () => {
    await session.send('HeapProfiler.collectGarbage');
    return customer.page.evaluate(() => (window as unknown as { refs: WeakRef<Document>[] }).refs.filter((ref) => ref.deref()).length);
  }, { message: 'documents that are still held', timeout: 20_000 }).toBeLessThan(10);
  const stage = await agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelectorAll('#late iframe').length);
  expect(stage).toBe(0);
});
