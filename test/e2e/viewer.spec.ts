// The viewer's fence in the real browser, with no sanitiser before it: hand-made batches go straight into the replica.
import { execFileSync } from 'node:child_process';
import { type Server, createServer } from 'node:http';
import { type AddressInfo, createServer as createSink } from 'node:net';
import { join } from 'node:path';
import { type Page, expect, test } from '@playwright/test';
import type { Harness } from './viewer/harness';

const web = join(__dirname, '../../web');
const consoleCSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'; object-src 'none'; "
  + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
const stageCSP = "default-src 'none'; img-src blob: data:; font-src blob:; style-src 'unsafe-inline'; frame-src 'self'; form-action 'none'; base-uri 'none'; "
  + "frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

let server: Server;
let base: string;
let sink: string;
let connections = 0;
const sinkServer = createSink((socket) => {
  connections++;
  socket.destroy();
});
const requests: string[] = [];

test.beforeAll(async () => {
  const harness = execFileSync(join(web, 'node_modules/.bin/esbuild'), [join(__dirname, 'viewer/harness.ts'), '--bundle', '--format=iife', '--target=es2022']);
  server = createServer((request, response) => {
    const path = request.url ?? '';
    const csp = path.startsWith('/stage') ? stageCSP : consoleCSP;
    const script = path === '/harness.js';
    response.writeHead(200, { 'Content-Type': script ? 'text/javascript' : 'text/html', 'Content-Security-Policy': csp });
    response.end(script ? harness : path === '/stage' ? '<!doctype html><html><head></head><body></body></html>' : '<!doctype html><body><script src="/harness.js"></script>');
  });
  await Promise.all([
    new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)),
    new Promise<void>((resolve) => sinkServer.listen(0, '127.0.0.1', resolve)),
  ]);
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  sink = `http://127.0.0.1:${(sinkServer.address() as AddressInfo).port}`;
});

test.afterAll(() => {
  server.close();
  sinkServer.close();
});

test.beforeEach(async ({ page }) => {
  connections = 0;
  requests.length = 0;
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(base);
  await page.evaluate(() => window.harness.loaded);
  requests.length = 0;
});

// Nothing that the page named was asked for, no window came, and the stage is still the stage.
async function silent(page: Page): Promise<void> {
  expect(requests.filter((url) => !url.startsWith('blob:'))).toEqual([]);
  expect(connections).toBe(0);
  expect(page.context().pages()).toHaveLength(1);
  // A link's constant "#" moves nothing but the fragment.
  expect(await page.evaluate(() => window.harness.stage.frame.contentDocument?.URL.replace(/#$/, ''))).toBe(`${base}/stage`);
}

test('row01 row02 row15: what has no code and what is no name is refused', async ({ page }) => {
  const rules = await page.evaluate(() => {
    const h: Harness = window.harness;
    h.show((pen) => pen.text('before'));
    const seen: string[] = [];
    const attempt = (write: Parameters<Harness['show']>[0]): void => {
      h.needs.length = 0;
      h.show(write);
      seen.push(`${h.needs.join()} ${h.body()}`);
    };
    for (const code of [0, 200, 255]) attempt((pen) => pen.elem(code));
    for (const name of ['script', 'iframe', 'x onload-x', 'annotation-xml', 'A-B']) attempt((pen) => pen.elem(`#custom|${name}`));
    for (const name of ['', 'x onclick=alert(1) ', 'X', 'x/onload', '"><img']) attempt((pen) => pen.elem('p', [[`data-${name}`, 'alert(1)']]));
    attempt((pen) => pen.elem('p', [['aria-label onload', 'alert(1)']]));
    attempt((pen) => pen.elem('style', [], () => pen.text('@import "x"')));
    attempt((pen) => pen.elem('svg:svg', [], () => pen.elem('img')));
    return seen;
  });
  const all = (rule: string, n: number): string[] => new Array<string>(n).fill(`${rule} before`);
  expect(rules).toEqual([...all('row1-element', 3), ...all('row15-name', 5), ...all('row2-name', 6), ...all('row13-content', 2)]);
  await silent(page);
});

test('row03 row10 row19: addresses in links, styles and sheets ask for nothing', async ({ page }) => {
  await page.evaluate(async (to) => {
    const h = window.harness;
    h.show((pen) => {
      pen.elem('style', [['#sheet', 1]]);
      pen.elem('style', [['#sheet', 2]]);
      pen.elem('a', [['href', `${to}/link`]], () => pen.text('link'));
      for (const css of [`background:url(${to}/a)`, `background:url("${to}/b")`, `background:\\75rl(${to}/c)`, `background:image-set("${to}/d" 1x)`, `list-style:url('${to}/e')`]) {
        pen.elem('p', [['style', css]], () => pen.text('styled'));
      }
      pen.elem('svg:svg', [], () => {
        pen.elem('svg:rect', [['fill', `url(${to}/f#x)`], ['filter', `url("${to}/g#x")`]]);
        pen.elem('svg:use', [['#ref', `${to}/h`]]);
      });
      pen.elem('img', [['usemap', `${to}/i`], ['alt', 'x']]);
    });
    const cors = `@import "${to}/s1"; @import url(${to}/s2); body{background:url(${to}/s3)} @font-face{font-family:F;src:url(${to}/s4)} p{font-family:F} `;
    await h.sheet(1, cors);
    await h.sheet(2, `p::before{content:u\\72l("${to}/s5")} li{list-style-image:UrL( "${to}/s6" )} p{background-image:-webkit-image-set("${to}/s7" 1x)}`);
  }, sink);
  await page.waitForLoadState('networkidle');
  expect(await page.evaluate(() => window.harness.needs)).toEqual([]);
  await silent(page);
});

test('row08: clicks and keys in the stage lead nowhere, even without the overlay', async ({ page }) => {
  await page.evaluate((to) => {
    const h = window.harness;
    h.show((pen) => {
      pen.elem('a', [['href', `${to}/x`], ['id', 'link']], () => pen.text('link'));
      pen.elem('form', [], () => {
        pen.elem('input', [['type', 'submit']]);
        pen.elem('input', [['type', 'file']]);
        pen.elem('button', [], () => pen.text('go'));
      });
      pen.elem('details', [], () => pen.elem('summary', [], () => pen.text('more')));
      pen.elem('svg:svg', [], () => pen.elem('svg:a', [['href', `${to}/y`]], () => pen.elem('svg:text', [['y', '20']], () => pen.text('svg link'))));
    });
  }, sink);
  const box = await page.evaluate(() => {
    const { x, y, width, height } = window.harness.stage.overlay.getBoundingClientRect();
    return { x, y, width, height };
  });
  for (const bare of [false, true]) {
    if (bare) {
      await page.evaluate(() => {
        window.harness.stage.overlay.remove();
        window.harness.stage.frame.inert = false;
        window.harness.stage.frame.style.pointerEvents = 'auto';
      });
    }
    for (let y = 10; y < 220; y += 15) await page.mouse.click(box.x + 25, box.y + y);
    for (const key of ['Tab', 'Enter', 'Tab', 'Enter', 'Tab', 'Space', 'Tab', 'Enter']) await page.keyboard.press(key);
    await silent(page);
  }
});

test('row16: a form that hides the document\u2019s own properties is built and taken down', async ({ page }) => {
  const [needs, left] = await page.evaluate(() => {
    const h = window.harness;
    h.show((pen) => pen.elem('form', [], () => {
      for (const id of ['childNodes', 'firstChild', 'nextSibling', 'parentNode', 'setAttribute', 'nodeType', 'removeChild', 'shadowRoot', 'ownerDocument', 'attributes']) {
        pen.elem('input', [['id', id]]);
      }
    }));
    h.change((pen) => pen.set(4, 'form', ['class', 'x']));
    h.change((pen) => pen.detach(4));
    return [h.needs, h.replica.tree?.count] as const;
  });
  expect(needs).toEqual([]);
  expect(left).toBe(3);
});

test('the stage has exactly its sandbox', async ({ page }) => {
  const [attribute, errors] = await page.evaluate(() => {
    const { frame } = window.harness.stage;
    const before = frame.getAttribute('sandbox');
    const failed: string[] = [];
    for (const value of ['', 'allow-same-origin allow-scripts', 'allow-same-origin ']) {
      frame.setAttribute('sandbox', value);
      try {
        window.harness.checkFrame(frame);
      } catch {
        failed.push(value);
      }
    }
    frame.removeAttribute('sandbox');
    try {
      window.harness.checkFrame(frame);
    } catch {
      failed.push('none');
    }
    return [before, failed] as const;
  });
  expect(attribute).toBe('allow-same-origin');
  expect(errors).toEqual(['', 'allow-same-origin allow-scripts', 'allow-same-origin ', 'none']);
});

test('a stage whose document was replaced is built anew', async ({ page }) => {
  await page.evaluate(() => window.harness.show((pen) => pen.text('first')));
  await page.evaluate(() => { window.harness.stage.frame.src = '/other'; });
  await expect.poll(() => page.evaluate(() => window.harness.needs)).toEqual(['stage']);
  expect(await page.evaluate(() => window.harness.stage.document()?.URL)).toBe(`${base}/stage`);
  const [needs, body] = await page.evaluate(() => {
    const h = window.harness;
    const asked = [...h.needs];
    h.show((pen) => pen.text('second'));
    return [asked, h.body()] as const;
  });
  expect(needs).toEqual(['stage']);
  expect(body).toBe('second');
});

test('the page is shown when its sheet is there, and images and urls of sheets follow', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const h = window.harness;
    h.show((pen) => {
      pen.elem('style', [['#sheet', 1]]);
      pen.elem('img', [['#src', 31]], undefined, [[7, 40, 20]]);
      pen.elem('p', [], () => pen.text('x'));
    });
    const doc = h.stage.document();
    const style = (): CSSStyleDeclaration | null => {
      const p = doc?.querySelector('p');
      return p ? getComputedStyle(p) : null;
    };
    const img = doc?.querySelector('img');
    const log: unknown[] = [h.stage.frame.style.visibility, img?.width, img?.height];
    await h.sheet(1, 'p{color:rgb(1, 2, 3);background-image:url("asset:1f")}');
    log.push(h.stage.frame.style.visibility, style()?.color, style()?.backgroundImage);
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 3;
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
    await h.png(31, [...new Uint8Array(await (blob?.arrayBuffer() ?? new ArrayBuffer(0)))]);
    while (!img?.complete || img.naturalWidth === 0) await new Promise(requestAnimationFrame);
    log.push(style()?.backgroundImage.startsWith('url("blob:'), img.naturalWidth, img.hasAttribute('width'));
    return log;
  });
  expect(seen).toEqual(['hidden', 40, 20, 'visible', 'rgb(1, 2, 3)', 'none', true, 3, false]);
  await silent(page);
});

test('bytes that are not what their hash says are not shown', async ({ page }) => {
  const [url, pending] = await page.evaluate(async () => {
    const { assets } = window.harness;
    const hash = new Uint8Array(32).fill(7);
    assets.ready({ kind: 'ready', asset: 5, assetKind: 0, mime: 1, hash, size: 4, width: 0, height: 0 });
    assets.chunk({ kind: 'chunk', hash, index: 0, count: 1, data: Uint8Array.of(1, 2, 3, 4) });
    while (assets.pending(5)) await new Promise((resolve) => setTimeout(resolve, 5));
    return [assets.url(5), assets.pending(5)] as const;
  });
  expect(url).toBeNull();
  expect(pending).toBe(false);
});

test('case01: a moved node is the same node and stays scrolled; its place is found under the pointer', async ({ page }) => {
  const result = await page.evaluate(() => {
    const h = window.harness;
    h.show((pen) => {
      pen.elem('div', [['style', 'height:100px;overflow:auto']], () => pen.elem('div', [['style', 'height:1000px']]), [[5, 0, 300]]); // 4 5
      pen.elem('section', [], () => pen.elem('#custom|my-card', [], () => pen.shadow(() => pen.elem('p', [['style', 'margin:0;height:50px']], () => pen.text('x'))))); // 6 7 8 9
    });
    const doc = h.stage.document();
    const box = doc?.querySelector('div');
    const before = box?.scrollTop;
    h.change((pen) => {
      pen.detach(4);
      pen.into(6, () => pen.ref(4));
    });
    const { tree } = h.replica;
    const spot = doc && tree ? h.spotAt(doc, tree, 20, 20) : null;
    return [before, box?.scrollTop, doc?.querySelector('section')?.lastChild === box, spot?.entry.id, h.needs];
  });
  expect(result).toEqual([300, 300, true, 9, []]);
});

test('nothing is left after the end', async ({ page }) => {
  const [root, url] = await page.evaluate(async () => {
    const h = window.harness;
    h.show((pen) => pen.elem('img', [['#src', 31]]));
    const doc = h.stage.document();
    await h.png(31, [1, 2, 3]);
    const address = h.assets.url(31) ?? '';
    h.replica.wipe();
    h.assets.wipe();
    h.stage.clear();
    const img = new Image();
    img.src = address;
    const gone = await img.decode().then(() => false, () => true);
    return [doc?.documentElement ?? null, address.startsWith('blob:') && gone] as const;
  });
  expect(root).toBeNull();
  expect(url).toBe(true);
});
