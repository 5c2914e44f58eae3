// What an agent sees in the place of an image that the server refuses, and how vector images come through.
import { deflateSync } from 'node:zlib';
import { expect, test, together } from './support/env';

function crc(bytes: Buffer): number {
  let c = ~0;
  for (const byte of bytes) {
    c ^= byte;
    for (let bit = 0; bit < 8; bit++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return ~c >>> 0;
}

function chunk(name: string, data: Buffer): Buffer {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length);
  out.write(name, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc(out.subarray(4, out.length - 4)), out.length - 4);
  return out;
}

/** A picture of one bit a pixel. */
function png(width: number, height: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head[8] = 1;
  const rows = Buffer.alloc((Math.ceil(width / 8) + 1) * height);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

/** A bitmap of Windows, which browsers show and Vitrine does not. */
function bmp(): Buffer {
  const out = Buffer.alloc(62);
  out.write('BM');
  for (const [at, value] of [[2, 62], [10, 62 - 4], [14, 40], [18, 1], [22, 1], [34, 4]] as const) out.writeUInt32LE(value, at);
  out.writeUInt16LE(1, 26);
  out.writeUInt16LE(24, 28);
  return out;
}

const data = (type: string, bytes: Buffer | string): string => `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;
const svg = (content: string, more = ''): string => `<svg xmlns="http://www.w3.org/2000/svg" width="240" height="120"${more}>${content}</svg>`;

const drawing = svg('<rect width="240" height="120" fill="rgb(10, 200, 30)"/><script>parent.hit = 1</script>', ' onload="parent.hit = 1"');
const loop = svg('<rect width="240" height="120"/><g id="a"><use href="#a"/></g>');
const blurred = svg('<filter id="b"><feGaussianBlur stdDeviation="2"/></filter><rect width="240" height="120" filter="url(#b)"/>');

const page = `<!doctype html><html><head><title>Images</title><script src="page.js"></script>
<style>img { display: block } #fluid { width: 50%; height: auto } #back { width: 60px; height: 30px; background: url("${data('image/svg+xml', drawing)}") }</style></head>
<body><main><button id="help" onclick="help()">Get help</button>
<img id="good" alt="" src="${data('image/png', png(30, 20))}">
<img id="large" alt="" style="max-width: 400px; height: auto" src="${data('image/png', png(5200, 5000))}">
<img id="damaged" alt="" src="${data('image/png', Buffer.concat([png(200, 100), Buffer.from('<script>')]))}">
<img id="fluid" alt="" src="${data('image/png', Buffer.concat([png(300, 90), Buffer.from('x')]))}">
<img id="small" alt="" src="${data('image/png', Buffer.concat([png(16, 16), Buffer.from('x')]))}">
<img id="bitmap" alt="" width="180" height="60" src="${data('image/bmp', bmp())}">
<img id="vector" alt="" src="${data('image/svg+xml', drawing)}">
<img id="loop" alt="" src="${data('image/svg+xml', loop)}">
<img id="blurred" alt="" src="${data('image/svg+xml', blurred)}">
<img id="none" alt="not there" src="data:image/png;base64,AA">
<div id="back"></div>
</main></body></html>`;

interface Seen {
  readonly width: number;
  readonly height: number;
  readonly text: string;
  readonly src: string;
  readonly missing: boolean;
}

test('threat-28 threat-29 a refused image has a placeholder of its size that says why', async ({ customer, agent, server, site, at }) => {
  site.pages.set('/placeholders.html', page);
  await together(customer, agent, server, at('placeholders.html'));
  const requests: string[] = [];
  agent.page.on('request', (request) => requests.push(request.url()));
  const seen = (id: string): Promise<Seen | null> => agent.page.evaluate((name) => {
    const img = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument?.querySelector<HTMLImageElement>(`#${name}`);
    if (!img?.complete || img.naturalWidth === 0) return null;
    const { width, height } = img.getBoundingClientRect();
    const src = img.getAttribute('src') ?? '';
    const text = src.startsWith('data:image/svg+xml,') ? decodeURIComponent(src).replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').split(',').slice(1).join(',').trim() : '';
    return { width: Math.round(width), height: Math.round(height), text, src: src.slice(0, 26), missing: img.hasAttribute('vitrine-missing') };
  }, id);
  const texts: Record<string, string> = {
    large: 'Image not shown: larger than 25 megapixels', damaged: 'Image not shown: its data is damaged', fluid: 'Image not shown: its data is damaged',
    small: '', bitmap: '', loop: 'Image not shown: too costly to draw',
  };
  for (const [id, text] of Object.entries(texts)) {
    await expect.poll(async () => (await seen(id))?.missing, { message: id, timeout: 15_000 }).toBe(true);
    const found = await seen(id);
    const own = await customer.page.locator(`#${id}`).evaluate((img) => { const { width, height } = img.getBoundingClientRect(); return { width: Math.round(width), height: Math.round(height) }; });
    expect({ width: found?.width, height: found?.height }, `size of ${id}`).toEqual(own);
    if (text !== '') expect(found?.text, id).toBe(text);
  }
  for (const id of ['good', 'vector', 'blurred']) {
    await expect.poll(async () => (await seen(id))?.missing, { message: id, timeout: 15_000 }).toBe(false);
  }
  expect((await seen('good'))?.src).toMatch(/^blob:/);
  expect((await seen('vector'))?.src).toBe('data:image/svg+xml;base64,');
  expect((await seen('blurred'))?.src).toMatch(/^blob:/);
  // The customer does not see this one either.
  expect(await seen('none')).toBeNull();

  const vector = await agent.page.evaluate(async () => {
    const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
    const img = stage?.querySelector<HTMLImageElement>('#vector');
    const back = stage?.querySelector('#back');
    if (!img || !back) throw new Error('no image');
    await img.decode();
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d');
    context?.drawImage(img, 0, 0);
    return {
      text: atob(img.src.split(',')[1] ?? ''), pixel: [...context?.getImageData(5, 5, 1, 1).data ?? []], hit: 'hit' in window,
      back: getComputedStyle(back).backgroundImage.startsWith('url("data:image/svg+xml;base64,'),
    };
  });
  expect(vector).toEqual({
    text: '<svg xmlns="http://www.w3.org/2000/svg" width="240" height="120"><rect width="240" height="120" fill="rgb(10, 200, 30)"/></svg>',
    pixel: [10, 200, 30, 255], hit: false, back: true,
  });

  // The console says it in its own words, for those that are too small to say it themselves.
  const note = agent.page.locator('.missing');
  await expect(note).toContainText('6 images not shown');
  await expect(note).toHaveAttribute('title', /1: larger than 25 megapixels/);
  await expect(note).toHaveAttribute('title', /3: its data is damaged/);
  // A refused image that gives way to one that can be shown is no longer missing.
  await customer.page.locator('#damaged').evaluate((img, src) => img.setAttribute('src', src), data('image/png', png(40, 30)));
  await expect.poll(async () => (await seen('damaged'))?.src).toMatch(/^blob:/);
  expect((await seen('damaged'))?.missing).toBe(false);
  await expect(note).toContainText('5 images not shown');
  expect(requests.filter((url) => !url.startsWith(server.base) && !/^(?:blob|data):/.test(url))).toEqual([]);
  expect([...customer.faults, ...agent.faults]).toEqual([]);
});
