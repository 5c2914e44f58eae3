// Two origins: a shop, and who is paid in a frame of it.
import type { Frame, Page } from '@playwright/test';
import { test as base } from './env';
import { framesFromCustomer } from './frames';
import type { Agent, Customer } from './people';
import type { Server } from './server';
import { type Site, startSite } from './web';

/** The other origin: of another site, so that it runs in a process of its own. */
export interface Other {
  readonly site: Site;
  readonly origin: string;
}

export const test = base.extend<object, { other: Other }>({
  // eslint-disable-next-line no-empty-pattern -- the runner wants the fixtures that are needed, and this needs none
  other: [async ({}, use) => {
    const site = await startSite();
    await use({ site, origin: site.origin.replace('127.0.0.1', 'localhost') });
    await site.close();
  }, { scope: 'worker' }],
});

export const doc = (body: string, head = ''): string => `<!doctype html><html><head><title>in</title>${head}</head><body>${body}</body></html>`;
/** What lets pages of listed origins share a document. */
export const script = (server: Server, parents: string): string => `<script src="${server.base}/sdk/vitrine-frame.js" data-parents="${parents}"></script>`;

export const form = `<p id="said" class="own">pay here</p><input id="name" value="a"><input id="pass" type="password" value="pass-secret">
  <input id="card" name="cardnumber" value="4111 1111 1111 1111"><p id="hush" data-vitrine="mask">mask-secret</p><p id="theirs" class="theirs">parent-secret</p>
  <div class="cobrowsing_nosync" style="width: 50px; height: 10px">hidden-secret</div><select id="pick"><option>one<option>two</select>
  <button id="press" onclick="this.textContent = 'pressed'">Press</button><button id="fixed" data-vitrine="readonly" onclick="this.textContent = 'changed'">Fixed</button>
  <input id="file" type="file"><img id="photo" alt="" src="photo.svg"><div id="host"></div>
  <div id="scroller" style="height: 40px; overflow: auto"><div style="height: 300px">tall</div></div><div style="height: 900px"></div><p id="end">end</p>`;
export const styles = '<style>.own { color: rgb(1, 2, 3); width: 50% } body { margin: 0 } #host { height: 20px }</style><link rel="stylesheet" href="pay.css">';

/** The page of the shop around one frame. */
export const shop = (src: string, frames: readonly string[], rest = ''): string => doc(`<main><button id="help" onclick="help({ frames: ${JSON.stringify(frames).replaceAll('"', "'")}, mask: ['.theirs'] })">Get help</button>
<iframe id="pay" src="${src}" width="500" height="300" frameborder="0"></iframe><p id="under">under</p>${rest}</main>`,
'<script src="page.js"></script><style>iframe { display: block } #pay { margin: 7px }</style>');

interface Seen {
  readonly text: string;
  readonly colour: string;
  readonly width: number;
}

/** What the stage shows of an element in a frame; null while the frame is a box. */
export function seen(agent: Agent, selector: string, frame = '#pay'): Promise<Seen | null> {
  return agent.page.evaluate(([outer, query]) => {
    const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
    const within = stage?.querySelector<HTMLIFrameElement>(outer)?.contentDocument;
    const el = within?.querySelector<HTMLElement>(query);
    if (!el) return null;
    const text = el.localName === 'input' ? (el as HTMLInputElement).value : el.textContent;
    return { text, colour: getComputedStyle(el).color, width: Math.round(el.getBoundingClientRect().width) };
  }, [frame, selector] as const);
}

export const text = async (agent: Agent, selector: string, frame?: string): Promise<string | undefined> => (await seen(agent, selector, frame))?.text;
export const boxes = (agent: Agent): Promise<number> => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelectorAll('.vitrine-box').length ?? 0);

/** The document in the customer's frame. */
export function inside(page: Page, part: string): Frame {
  const found = page.frames().find((frame) => frame.url().includes(part));
  if (!found) throw new Error('there is no such frame');
  return found;
}

/** Everything that the customer's page has sent, as one text. */
export const sent = async (customer: Customer): Promise<string> => framesFromCustomer(await customer.sent()).map(({ bytes }) => Buffer.from(bytes).toString('latin1')).join('');

/** The pages that the tests begin with. */
export function publish(site: Site, other: Other, server: Server): void {
  const { pages } = other.site;
  pages.set('/pay.html', doc(form, script(server, site.origin) + styles));
  pages.set('/next.html', doc('<p id="said">thank you</p>', script(server, site.origin)));
  pages.set('/plain.html', doc('<p id="said">plain-secret</p>'));
  pages.set('/photo.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="30" height="20" fill="red"/></svg>');
  pages.set('/pay.css', '#end { color: rgb(4, 5, 6) } #host { background: url(photo.svg) }');
  site.pages.set('/shop.html', shop(`${other.origin}/pay.html`, [other.origin]));
}
