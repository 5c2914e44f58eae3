// Assets across the pages of a session: what the server and the agent hold already is not sent again.
import { randomBytes } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import { Channel } from '../../web/wire/frames';
import { expect, test, together } from './support/env';
import { framesFromCustomer, framesToAgent } from './support/frames';
import type { Agent } from './support/people';

function chunk(name: string, data: Buffer): Buffer {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length);
  out.write(name, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, out.length - 4)), out.length - 4);
  return out;
}

/** A picture of noise, which nothing makes smaller: a byte a pixel. */
function noise(side: number): { readonly url: string; readonly size: number } {
  const head = Buffer.from([0, 0, side >> 8, side & 255, 0, 0, side >> 8, side & 255, 8, 0, 0, 0, 0]);
  const rows = Buffer.concat(Array.from({ length: side }, () => Buffer.concat([Buffer.alloc(1), randomBytes(side)])));
  const bytes = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
  return { url: `data:image/png;base64,${bytes.toString('base64')}`, size: bytes.length };
}

const shared = [noise(200), noise(150)];
const fresh = noise(90);

const html = (title: string, images: readonly { readonly url: string }[]): string => `<!doctype html><html><head><title>${title}</title><script src="page.js"></script>
<link rel="stylesheet" href="dashboard.css"><style>h1 { background: url("${shared[1]?.url ?? ''}") }</style></head>
<body><main><button id="help" onclick="help()">Get help</button><h1>${title}</h1>${images.map(({ url }) => `<img alt="" src="${url}">`).join('')}</main></body></html>`;

const drawn = (agent: Agent): Promise<number> => agent.page.evaluate(() => {
  const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
  return [...stage?.querySelectorAll('img') ?? []].filter((img) => img.complete && img.naturalWidth > 1).length;
});

const chunks = (frames: readonly { readonly frame: { readonly kind: string } }[]): number =>
  frames.reduce((sum, { frame }) => sum + (frame.kind === 'chunk' ? (frame as unknown as { data: Uint8Array }).data.length : 0), 0);

test('the second page costs only what is new', async ({ customer, agent, server, site, at }) => {
  site.pages.set('/one.html', html('One', shared));
  site.pages.set('/two.html', html('Two', [...shared, fresh]));
  await together(customer, agent, server, at('one.html'));
  await expect.poll(() => drawn(agent)).toBe(2);
  await expect.poll(() => agent.page.evaluate(() => document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector('style')?.textContent.length ?? 0)).toBeGreaterThan(100_000);
  const first = chunks(framesFromCustomer(await customer.sent()));
  const images = shared.reduce((sum, { size }) => sum + size, 0);
  expect(first).toBeGreaterThan(images + 150_000);
  const before = (await agent.received()).length;

  await customer.page.goto(at('two.html'));
  await expect.poll(() => agent.text('h1')).toBe('Two');
  await expect.poll(() => drawn(agent)).toBe(3);
  await expect.poll(() => agent.page.evaluate(() => getComputedStyle(document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector('h1') ?? document.body).backgroundImage)).toMatch(/blob:/);
  const second = chunks(framesFromCustomer(await customer.sent()));
  // The sheet of the page itself is the same, too: assets are named by their addresses.
  expect(second).toBe(fresh.size);
  expect(chunks(framesToAgent((await agent.received(before))))).toBe(fresh.size);
  const all = (await customer.sent()).reduce((sum, { base64, channel }) => sum + (channel === Channel.Ptr ? 0 : Buffer.from(base64, 'base64').length), 0);
  process.stdout.write(`    page one: ${first} bytes of assets; page two: ${second}, and ${all - second} bytes of everything else\n`);
  expect(all - second).toBeLessThan(8_000);
});

test('pictures of style sheets are shown on a page that has loaded much', async ({ customer, agent, server, site, at }) => {
  site.pages.set('/late.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><rect width="20" height="20" fill="rgb(1,2,3)"/></svg>');
  site.pages.set('/many.html', `<!doctype html><html><head><title>Many</title><script src="page.js"></script><style>.late { background: url(late.svg); width: 20px; height: 20px }</style></head>
<body><main><button id="help" onclick="help()">Get help</button><div id="box"></div></main>
<script>(async () => { for (let i = 0; i < 300; i += 20) await Promise.all(Array.from({ length: 20 }, (_, n) => fetch('page.js?' + (i + n)))); box.className = 'late'; document.title = 'Loaded'; })();</script></body></html>`);
  await customer.page.goto(at('many.html'));
  await expect(customer.page).toHaveTitle('Loaded');
  const code = await customer.askForHelp();
  await agent.join(await server.signIn('ada'), code);
  await customer.press(/^allow$/i);
  await expect.poll(() => agent.page.evaluate(() => {
    const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
    const box = stage?.getElementById('box');
    return box ? getComputedStyle(box).backgroundImage.slice(0, 9) : '';
  })).toBe('url("data');
});
