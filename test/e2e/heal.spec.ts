// What does not fit is put right without a flash: on the stage, only what differs is exchanged, between two frames of the screen.
import { OpSum } from '../../web/wire/frames';
import { expect, test, together } from './support/env';
import { framesFromCustomer, framesToAgent } from './support/frames';
import { type Agent, type Customer, expectSame } from './support/people';

const page = `<!doctype html><html><head><title>Heal</title><link rel="stylesheet" href="heal.css"></head><body>
<button id="help" onclick="help()">Get help</button><main id="main"><h1 id="title">A heading that must not go</h1><p id="anchor">anchor</p>
<img id="photo" alt="" src="data:image/gif;base64,R0lGODlhAQABAIAAAP8AAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==" width="60" height="40"><input id="field" value="value"><input id="tick" type="checkbox" checked>
<div id="scroller"><div style="height: 900px">tall</div></div><div id="host"></div>
<iframe id="inner" srcdoc="<p id=said>in the frame</p>" width="300" height="60"></iframe>
<div id="note" popover="manual">A popover</div><select id="pick"><option>one<option selected>two</select><ul id="list"><li>one<li>two<li>three</ul>
<div style="height: 3000px"></div></main><script>document.getElementById('host').attachShadow({ mode: 'open' }).innerHTML = '<p>in the shadow</p>';
document.getElementById('note').showPopover();</script><script src="page.js"></script></body></html>`;

// The browser's own correction of scrolling is no part of this.
const css = 'html { overflow-anchor: none } #title { color: rgb(1, 2, 3) } #scroller { height: 120px; overflow: auto } #list li { transition: color 1s }';

interface Seen {
  frames: number;
  /** What was wrong in some frame of the screen. */
  wrong: Record<string, number>;
  on: boolean;
}

type Watching = Window & { seen: Seen; kept: Record<string, Element | null | undefined> };

/** Begins to look at the stage in every frame of the screen. */
async function watch(agent: Agent, scrolled: { readonly page: number; readonly box: number }): Promise<void> {
  await agent.page.evaluate((at) => {
    const own = window as unknown as Watching;
    const seen: Seen = { frames: 0, wrong: {}, on: true };
    const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
    const stage = frame?.contentDocument;
    own.seen = seen;
    own.kept = Object.fromEntries(['#main', '#photo', '#field', '#scroller', '#host', '#inner', '#note'].map((id) => [id, stage?.querySelector(id)]));
    const look = (): void => {
      if (!seen.on || !frame) return;
      const [title, img] = [stage?.querySelector('#title'), stage?.querySelector<HTMLImageElement>('#photo')];
      const now: Record<string, boolean> = {
        'no heading': (title?.getBoundingClientRect().height ?? 0) === 0,
        'hidden': frame.style.visibility === 'hidden' || frame.contentDocument !== stage,
        'unstyled': title ? getComputedStyle(title).color !== 'rgb(1, 2, 3)' : false,
        'no image': !img?.complete || img.naturalWidth === 0,
        'page scrolled': frame.contentWindow?.scrollY !== at.page,
        'box scrolled': stage?.querySelector('#scroller')?.scrollTop !== at.box,
        'no frame': !stage?.querySelector<HTMLIFrameElement>('#inner')?.contentDocument?.querySelector('#said'),
        'no shadow tree': !stage?.querySelector('#host')?.shadowRoot?.querySelector('p'),
        'popover closed': !stage?.querySelector('#note')?.matches(':popover-open'),
      };
      seen.frames++;
      for (const [what, is] of Object.entries(now)) if (is) seen.wrong[what] = (seen.wrong[what] ?? 0) + 1;
      requestAnimationFrame(look);
    };
    look();
  }, scrolled);
}

/** Ends that; what was wrong, and which nodes are others than before. */
async function seen(agent: Agent): Promise<{ wrong: Record<string, number>; others: string[] }> {
  await agent.page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
  return agent.page.evaluate(() => {
    const { seen, kept } = window as unknown as Watching;
    const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
    seen.on = false;
    if (seen.frames < 3) throw new Error('nothing was seen');
    return { wrong: seen.wrong, others: Object.keys(kept).filter((id) => !kept[id] || stage?.querySelector(id) !== kept[id]) };
  });
}

const snapshots = async (agent: Agent): Promise<number> => framesToAgent(await agent.received()).filter(({ frame }) => frame.kind === 'batch' && frame.snapshot).length;

async function begin(customer: Customer, agent: Agent, at: string, server: Parameters<typeof together>[2]): Promise<void> {
  await together(customer, agent, server, at);
  await customer.page.evaluate(() => {
    window.scrollTo(0, 150);
    const box = document.querySelector('#scroller');
    if (box) box.scrollTop = 200;
  });
  await expectSame(customer, agent);
  await expect.poll(() => agent.page.evaluate(() => {
    const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
    const img = frame?.contentDocument?.querySelector<HTMLImageElement>('#photo');
    return frame?.contentWindow?.scrollY === 150 && img?.complete && img.naturalWidth > 0 && frame.contentDocument?.querySelector('#scroller')?.scrollTop === 200
      && frame.contentDocument.querySelector<HTMLIFrameElement>('#inner')?.contentDocument?.querySelector('#said') !== null;
  })).toBe(true);
}

test.beforeEach(({ site }) => {
  site.pages.set('/heal.html', page);
  site.pages.set('/heal.css', css);
});

test('a stage that somebody has changed is put right, and what was right stays', async ({ customer, agent, server, at }) => {
  await begin(customer, agent, at('heal.html'), server);
  const before = await snapshots(agent);
  await watch(agent, { page: 150, box: 200 });
  // As an extension of the agent's browser could.
  await agent.page.evaluate(() => {
    const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
    stage?.querySelector('#anchor')?.remove();
    stage?.querySelector('#list li')?.remove();
    stage?.querySelector('#list')?.append(stage.createElement('hr'), 'an advertisement');
    stage?.querySelector('#field')?.setAttribute('style', 'color: red');
    const tick = stage?.querySelector<HTMLInputElement>('#tick');
    if (tick) tick.checked = false;
  });
  // The heading is taken out and another put in, before a node that the stage has no more.
  await customer.page.evaluate(() => {
    const title = document.querySelector('#title');
    const other = document.createElement('h1');
    other.id = 'title';
    other.textContent = 'Another heading';
    title?.replaceWith(other);
  });
  await expect.poll(() => agent.text('#title')).toBe('Another heading');
  await expectSame(customer, agent);
  expect(await snapshots(agent)).toBe(before + 1);
  expect(await seen(agent)).toEqual({ wrong: {}, others: [] });
  expect(await agent.text('#list')).not.toContain('advertisement');
  await agent.page.locator('.quality summary').click();
  await expect(agent.page.locator('.quality .figures')).toContainText('Put rightonce', { timeout: 15_000 });
  // And the page goes on.
  await customer.page.evaluate(() => { document.querySelector('#list')?.prepend(document.createElement('li')); });
  await expectSame(customer, agent);
  expect(await snapshots(agent)).toBe(before + 1);
});

for (const around of [false, true]) {
  test(`a page that told something wrong is put right while the agent ${around ? 'looks around' : 'follows'}`, async ({ customer, agent, server, at }) => {
    await begin(customer, agent, at('heal.html'), server);
    if (around) {
      await agent.page.getByRole('button', { name: 'Look around', exact: true }).click();
      const box = await agent.page.locator('.stage').boundingBox();
      await agent.page.mouse.move((box?.x ?? 0) + 700, (box?.y ?? 0) + 700);
      await agent.page.mouse.wheel(0, 100);
      await expect.poll(() => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentWindow?.scrollY)).toBe(250);
    }
    const before = await snapshots(agent);
    await watch(agent, { page: around ? 250 : 150, box: 200 });
    const batches = framesFromCustomer(await customer.sent()).flatMap(({ frame }) => (frame.kind === 'batch' ? [frame] : []));
    const last = batches.at(-1);
    if (!last) throw new Error('no batch');
    await customer.page.evaluate(({ epoch, seq, op }) => {
      window.probe.send({ kind: 'batch', epoch, seq, snapshot: false, clear: false, strings: [], literals: [], ops: Uint8Array.of(op, 1, 1) });
    }, { epoch: last.epoch, seq: last.seq + 1, op: OpSum });
    await expect.poll(() => snapshots(agent)).toBe(before + 1);
    await customer.page.evaluate(() => { document.querySelector('#anchor')?.append(' (later)'); });
    await expect.poll(() => agent.text('#anchor')).toContain('(later)');
    expect(await seen(agent)).toEqual({ wrong: {}, others: [] });
    await agent.page.locator('.quality summary').click();
    await expect(agent.page.locator('.quality .figures')).toContainText('Put rightonce', { timeout: 15_000 });
    if (around) await agent.page.getByRole('button', { name: 'Follow', exact: true }).click();
    await expectSame(customer, agent);
  });
}

test('a reload of the same page takes nothing away before the new page is there', async ({ customer, agent, server, at }) => {
  await begin(customer, agent, at('heal.html'), server);
  await customer.page.evaluate(() => {
    document.querySelector('#scroller')?.scrollTo(0, 0);
    window.scrollTo(0, 0);
  });
  await expect.poll(() => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentWindow?.scrollY)).toBe(0);
  await expect.poll(() => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector('#scroller')?.scrollTop)).toBe(0);
  const before = await snapshots(agent);
  await watch(agent, { page: 0, box: 0 });
  await customer.page.reload();
  await expect.poll(() => snapshots(agent), { timeout: 15_000 }).toBe(before + 1);
  await customer.page.evaluate(() => { document.querySelector('#anchor')?.append(' (reloaded)'); });
  await expect.poll(() => agent.text('#anchor')).toContain('(reloaded)');
  const { wrong } = await seen(agent);
  expect(Object.keys(wrong).filter((what) => what === 'no heading' || what === 'hidden' || what === 'unstyled')).toEqual([]);
  await expectSame(customer, agent);
});
