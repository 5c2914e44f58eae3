// Measures in Chromium: node test/bench/browser.mjs snapshot|churn|overhead|latency|resume [argument as JSON]
// Prints one JSON line per sample; the Go program makes figures of them. No request leaves the loopback.
import { accessSync, constants, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { delimiter, extname, join, normalize } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname, '../..');
const require = createRequire(join(root, 'web/package.json'));
const { chromium } = require('playwright-core');
const { build } = require('esbuild');
const { inline, minified, squeeze } = await import('../../web/bundle.mjs');
const { churnOn, churnPage, weigh } = await import('./churn.mjs');
const { appPages, overheadOn } = await import('./overhead.mjs');

const SAMPLES = 7;
const MUTATIONS = 220;

function print(sample) {
  if (Object.values(sample).some((value) => typeof value !== 'string' && !Number.isFinite(value))) throw new Error(`not measured: ${JSON.stringify(sample)}`);
  process.stdout.write(`${JSON.stringify(sample)}\n`);
}

/* What is put into the pages. */

// Both recorders are made known as window.recorder: begin() takes the first snapshot and goes on recording, and returns
// the milliseconds that took; frames holds what was recorded.
const recorders = {
  none: 'window.recorder = { frames: [], begin: () => ({ whole: 0, snapshot: 0 }) };',
  // What no recorder can do without.
  observer: `window.recorder = { frames: [], begin() {
    new MutationObserver(() => undefined).observe(document, {
      subtree: true, childList: true, characterData: true, attributes: true, attributeOldValue: true, characterDataOldValue: true,
    });
    return { whole: 0, snapshot: 0 };
  } };`,
  vitrine: `
    import { Capture } from './web/sdk/capture';
    import { Masks } from './web/sdk/mask';
    import { learn } from './web/sdk/vocab';
    import * as words from './web/sdk/more';
    import { Assets } from './web/sdk/assets';
    learn(words);
    // The page's style sheets are left out where the other recorder leaves them out.
    class Plain extends Assets {
      sheet() { return 0; }
      rules() { return 0; }
    }
    const frames = [];
    let arrived = 0;
    const link = {
      dom: (frame) => { frames.push(frame); arrived ||= performance.now(); },
      pressure: () => 0,
      send: () => undefined,
      drained: () => Promise.resolve(),
    };
    window.recorder = {
      frames,
      begin({ inlineStylesheet = true }) {
        const start = performance.now();
        const assets = inlineStylesheet ? new Assets(7, link) : new Plain(7, link);
        const capture = new Capture(link, new Masks({ selectors: [], private: false }), assets, 0, Infinity); // all of its work in one slice
        capture.start(0);
        const whole = performance.now() - start;
        return { whole, snapshot: arrived - start };
      },
    };`,
  // rrweb's Meta event comes right before it takes its snapshot, the FullSnapshot event right behind.
  rrweb: `
    import { record } from 'rrweb';
    const frames = [];
    const times = new Map();
    window.recorder = {
      frames,
      begin({ stringify = false, ...options }) {
        const start = performance.now();
        record({ emit: (event) => { frames.push(stringify ? JSON.stringify(event) : event); if (times.size < 4) times.set(event.type, performance.now()); }, ...options });
        const whole = performance.now() - start;
        return { whole, snapshot: (times.get(2) ?? NaN) - (times.get(4) ?? NaN) };
      },
    };`,
};

// bundle makes a script the way the build makes the SDK.
async function bundle(contents) {
  const result = await build({
    ...minified,
    stdin: { contents, resolveDir: root, loader: 'ts' },
    nodePaths: [join(root, 'web/node_modules')],
    bundle: true, write: false, format: 'iife', plugins: [inline], logLevel: 'error',
  });
  return (await squeeze(result.outputFiles[0].text)).code;
}

// What is told about connections and about the stage, in every page of the latency group.
function watch() {
  const made = window.benchChannels = [];
  const { createDataChannel } = RTCPeerConnection.prototype;
  // An offer is made by either; the first call counts.
  for (const name of ['createOffer', 'setLocalDescription']) {
    const make = RTCPeerConnection.prototype[name];
    RTCPeerConnection.prototype[name] = function (...args) {
      this.benchStart ??= performance.now();
      return make.apply(this, args);
    };
  }
  RTCPeerConnection.prototype.createDataChannel = function (...args) {
    const channel = createDataChannel.apply(this, args);
    channel.addEventListener('open', () => {
      this.benchOpen = (this.benchOpen ?? 0) + 1;
      if (this.benchOpen === 5) made.push(performance.now() - this.benchStart);
    });
    return channel;
  };
  const { fetch } = window;
  window.fetch = async (...args) => {
    const response = await fetch(...args);
    if (String(args[0]?.url ?? args[0]).includes('/v1/codes/')) window.benchAccepted = performance.now();
    return response;
  };
  // From the moment the code was accepted: when the rows were there, and when they had their style, each in the frame
  // after that.
  window.benchStage = () => document.querySelector('iframe[sandbox]')?.contentDocument ?? null;
  window.benchPaint = (rows) => new Promise((resolve) => {
    const seen = {};
    const look = () => {
      const stage = window.benchStage();
      if (seen.first === undefined && stage && stage.querySelectorAll('tbody tr').length >= rows) {
        requestAnimationFrame(() => { seen.first = performance.now() - window.benchAccepted; });
      }
      const card = seen.first !== undefined && stage?.querySelector('.card');
      if (card && stage.defaultView.getComputedStyle(card).padding !== '0px') resolve({ ...seen, styled: performance.now() - window.benchAccepted });
      else requestAnimationFrame(look);
    };
    look();
  });
  window.benchNow = () => performance.timeOrigin + performance.now();
  // When each heading of the stage was seen first.
  window.benchSeen = {};
  const heading = () => {
    const text = window.benchStage()?.querySelector('h1')?.textContent;
    if (text) window.benchSeen[text] ??= window.benchNow();
    requestAnimationFrame(heading);
  };
  window.benchHeadings = heading;
}

/* Servers and browsers. */

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' };

// serve is the owner's web server. Where there are scripts, one stands in for the SDK, as the page's cookie says.
// made are pages that are no files, by their paths.
async function serve(scripts, made = {}) {
  const pages = join(root, 'test/e2e/pages');
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    const name = pathname.replace(/^\/sdk\/vitrine\.js$/, '/vitrine.js');
    if (scripts) {
      // Isolation gives the page a clock of 5 µs instead of 100.
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'credentialless');
    }
    response.setHeader('Content-Type', types[extname(name)] ?? 'application/octet-stream');
    try {
      if (scripts && name === '/vitrine.js') {
        const mode = /recorder=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? 'none';
        response.end(scripts[mode]);
      } else response.end(made[name] ?? readFileSync(join(pages, normalize(name))));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
}

function findChromium() {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    for (const folder of ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)]) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        continue; // the next place
      }
    }
  }
  throw new Error('no Chromium: make test installs it');
}

const launch = (more = {}) => chromium.launch({
  ...more,
  executablePath: findChromium(),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

// fresh opens a page in a context, and so in a process, of its own, with a recorder in the SDK's place.
async function fresh(browser, origin, mode, path) {
  const context = await browser.newContext();
  context.setDefaultTimeout(15_000);
  await context.addCookies([{ name: 'recorder', value: mode, url: origin }]);
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error));
  await page.goto(origin + path, { waitUntil: 'load' });
  await page.waitForTimeout(150); // loading is over
  if (errors.length > 0) throw errors[0];
  return { page, close: () => context.close() };
}

// inTurns runs every variant once a round, in an order that turns; the first round is for warming up and prints nothing.
async function inTurns(variants, rounds, run) {
  for (let round = 0; round <= rounds; round++) {
    for (const variant of round % 2 ? variants : variants.toReversed()) {
      const samples = [await run(variant)].flat();
      if (round > 0) samples.forEach(print);
    }
  }
}

/* Groups. */

const bundles = async () => Object.fromEntries(await Promise.all(Object.entries(recorders).map(async ([name, code]) => [name, await bundle(code)])));

// outerHTML gives the size of the page's own HTML after gzip: as it stands, and without what is no content of the DOM's.
async function outerHTML() {
  const gzip = async (text) => (await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer()).byteLength;
  const bare = document.documentElement.cloneNode(true);
  for (const element of bare.querySelectorAll('script, style')) element.textContent = '';
  return { html: await gzip(document.documentElement.outerHTML), bare: await gzip(bare.outerHTML) };
}

async function snapshot() {
  const site = await serve(await bundles());
  const browser = await launch();
  const modes = [
    { mode: 'vitrine', recorder: 'vitrine', options: {} },
    { mode: 'vitrine without CSS', recorder: 'vitrine', options: { inlineStylesheet: false } },
    { mode: 'rrweb', recorder: 'rrweb', options: {} },
    { mode: 'rrweb without CSS', recorder: 'rrweb', options: { inlineStylesheet: false } },
  ];
  const variants = ['dashboard', 'form'].flatMap((name) => modes.map((mode) => ({ page: name, ...mode })));
  await inTurns(variants, SAMPLES, async ({ page: name, mode, recorder, options }) => {
    const { page, close } = await fresh(browser, site.origin, recorder, `/${name}.html`);
    const times = await page.evaluate((o) => window.recorder.begin(o), options);
    const frames = await page.evaluate(() => window.recorder.frames.length);
    const html = recorder === 'vitrine' ? await page.evaluate(outerHTML) : {};
    const { gzip } = await page.evaluate(weigh, 0);
    if (frames === 0 || !(times.snapshot > 0)) throw new Error(`${mode} recorded nothing of ${name}`);
    await close();
    return { page: name, mode, ...times, gzip, ...html };
  });
  await browser.close();
  site.close();
}

// The code is typed into the console; the customer's consent is given by the page at once.
async function meet(customer, agent, origin, base) {
  await customer.goto(`${origin}/dashboard.html?server=${encodeURIComponent(base)}`, { waitUntil: 'load' });
  const code = await customer.evaluate(() => window.help({ consent: () => Promise.resolve(true) }));
  const rows = await customer.evaluate(() => document.querySelectorAll('tbody tr').length);
  await agent.locator('#code').fill(code); // the sixth digit sends it
  await agent.waitForFunction(() => window.benchAccepted !== undefined, undefined, { polling: 20 });
  return agent.evaluate((n) => window.benchPaint(n), rows);
}

async function latency({ base, console: consoleLink }) {
  const site = await serve();
  const browser = await launch();
  const people = await Promise.all([browser.newContext({ viewport: { width: 1280, height: 800 } }), browser.newContext({ viewport: { width: 1600, height: 1000 } })]);
  for (const context of people) {
    context.setDefaultTimeout(20_000);
    await context.addInitScript(watch);
  }
  const agent = await people[1].newPage();
  await agent.goto(consoleLink);
  for (let round = 0; round <= SAMPLES; round++) {
    const customer = await people[0].newPage(); // a tab of its own: nothing is kept of the session before
    const paint = await meet(customer, agent, site.origin, base);
    if (round > 0) {
      print({ kind: 'paint', ...paint });
      print({ kind: 'channels fresh', ms: await customer.evaluate(() => window.benchChannels[0]) });
    }
    if (round === SAMPLES) await mutations(customer, agent);
    await customer.evaluate(() => window.session.end());
    await customer.close();
    await agent.goto('about:blank');
    await agent.goto(`${base}/console/`);
  }
  await channels(people[0], site.origin, base);
  await browser.close();
  site.close();
}

// The page's own tick changes some forty nodes and writes its number into the heading, by which it is known again.
async function mutations(customer, agent) {
  await agent.evaluate(() => {
    const applied = window.benchApplied = [];
    const stage = window.benchStage();
    const look = () => {
      const n = Number(/^Overview (\d+)$/.exec(stage.querySelector('.topbar h1')?.textContent ?? '')?.[1]);
      if (n > 0) applied[n] ??= window.benchNow();
    };
    new MutationObserver(look).observe(stage, { subtree: true, childList: true, characterData: true, attributes: true });
  });
  const made = await customer.evaluate(async (count) => {
    const at = [];
    for (let i = 0; i < count; i++) {
      // An odd pace, so that changes fall anywhere between two frames.
      await new Promise((resolve) => setTimeout(resolve, 40 + (i * 17) % 31));
      const now = window.benchNow();
      at[window.tick()] = now;
    }
    return at;
  }, MUTATIONS);
  await agent.waitForFunction((n) => window.benchApplied[n] !== undefined, made.length - 1);
  const applied = await agent.evaluate(() => window.benchApplied);
  for (let n = 21; n < made.length; n++) {
    // What was overtaken was shown together with the next.
    const shown = applied.slice(n).find((at) => typeof at === 'number');
    print({ kind: 'mutation', ms: shown - made[n] });
  }
}

// Connections one after another in a tab that has connected before.
async function channels(context, origin, base) {
  const page = await context.newPage();
  await page.goto(`${origin}/form.html?server=${encodeURIComponent(base)}`, { waitUntil: 'load' });
  for (let round = 0; round <= 2 * SAMPLES; round++) {
    const ms = await page.evaluate(async () => {
      const known = window.benchChannels.length;
      await window.help({ consent: () => Promise.resolve(false) });
      while (window.benchChannels.length === known) await new Promise((resolve) => setTimeout(resolve, 5));
      window.session.end();
      return window.benchChannels[known];
    });
    if (round > 0) print({ kind: 'channels', ms });
  }
}

async function churn() {
  const site = await serve(await bundles(), { '/churn.html': churnPage });
  const browser = await launch();
  await churnOn({ modes: Object.keys(recorders), inTurns, open: (mode) => fresh(browser, site.origin, mode, '/churn.html') });
  await browser.close();
  site.close();
}

async function overhead({ base, console: consoleLink }) {
  const site = await serve(undefined, await appPages(build, require, root));
  const browser = await launch();
  const [customers, agents] = await Promise.all([browser.newContext({ viewport: { width: 1280, height: 800 } }), browser.newContext({ viewport: { width: 1600, height: 1000 } })]);
  for (const context of [customers, agents]) context.setDefaultTimeout(20_000);
  const agent = await agents.newPage();
  await agent.goto(consoleLink);
  await overheadOn({ inTurns, origin: site.origin, base, customers, agent });
  await browser.close();
  site.close();
}

// The page says in its heading how often a page of this tab was shown, so that each showing is known again.
const resumePage = (name) => `<!doctype html><html><head><title>${name}</title><script src="page.js"></script></head><body><h1></h1>
<p>${'A page of some length. '.repeat(200)}</p><script>
window.show = () => {
  localStorage.n = Number(localStorage.n ?? 0) + 1; // of all tabs
  document.querySelector('h1').textContent = '${name} ' + localStorage.n;
};
show();
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return;
  show();
  window.kept = true;
});
</script></body></html>`;

// How long the agent does not see the customer's page when the customer goes to another page, reloads, comes back or turns to
// another tab: from the customer's act until the frame of the screen in which the agent has the page.
async function resume({ base, console: consoleLink }) {
  const site = await serve(undefined, Object.fromEntries(['one', 'two', 'three'].map((name) => [`/resume-${name}.html`, resumePage(name)])));
  const browser = await launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  const [customers, agents] = await Promise.all([browser.newContext({ viewport: { width: 1280, height: 800 } }), browser.newContext({ viewport: { width: 1600, height: 1000 } })]);
  for (const context of [customers, agents]) context.setDefaultTimeout(20_000);
  await agents.addInitScript(watch);
  const agent = await agents.newPage();
  await agent.goto(consoleLink);
  await agent.evaluate(() => window.benchHeadings());
  const customer = await customers.newPage();
  const at = (name) => `${site.origin}/resume-${name}.html?server=${encodeURIComponent(base)}`;
  await customer.goto(at('one'));
  const code = await customer.evaluate(() => window.help({ consent: () => Promise.resolve(true) }));
  await agent.locator('#code').fill(code);
  const shown = (page, act) => timed(agent, act, () => page.evaluate(() => document.querySelector('h1').textContent));
  await shown(customer, () => undefined);
  for (let round = 0; round <= SAMPLES; round++) {
    const ms = {};
    ms.navigate = await shown(customer, () => customer.goto(at('two'), { waitUntil: 'domcontentloaded' }));
    ms.reload = await shown(customer, () => customer.reload({ waitUntil: 'domcontentloaded' }));
    ms.back = await shown(customer, async () => {
      await customer.evaluate(() => history.back()).catch(() => undefined); // it goes away in the middle of the call
      await customer.waitForFunction(() => window.kept, undefined, { polling: 10 });
    });
    await customer.evaluate(() => { window.kept = false; });
    const tab = await customers.newPage();
    ms['tab new'] = await shown(tab, () => tab.goto(at('three'), { waitUntil: 'domcontentloaded' }));
    ms['tab back'] = await shown(customer, () => customer.evaluate(() => {
      window.show();
      dispatchEvent(new Event('focus'));
    }));
    await tab.close();
    if (round > 0) Object.entries(ms).forEach(([kind, value]) => print({ kind, ms: value }));
  }
  await browser.close();
  site.close();
}

async function timed(agent, act, expected) {
  const began = performance.timeOrigin + performance.now();
  await act();
  const text = await expected();
  const seen = await agent.evaluate((wanted) => new Promise((resolve) => {
    const look = () => {
      if (window.benchStage()?.querySelector('h1')?.textContent === wanted) resolve(window.benchSeen?.[wanted] ?? window.benchNow());
      else requestAnimationFrame(look);
    };
    look();
  }), text);
  return seen - began;
}

const groups = { snapshot, churn, overhead, latency, resume };
const [name = '', links = '{}'] = process.argv.slice(2);
if (!(name in groups)) throw new Error(`no group ${name}`);
await groups[name](JSON.parse(links));
