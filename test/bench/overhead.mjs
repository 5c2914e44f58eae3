// Applications of others, used by hand with a session running and without: what the session adds to the scripts of the page.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const apps = join(import.meta.dirname, 'apps');

// What a person does. The keys and the wheel are the browser's own; nothing here runs in the page.
const uses = {
  todo: async (page) => {
    await page.locator('#new').click();
    for (let i = 1; i <= 100; i++) {
      const text = `Entry ${(i * 37) % 101}`;
      await (i % 5 ? page.keyboard.insertText(text) : page.keyboard.type(text)); // every fifth key by key
      await page.keyboard.press('Enter');
    }
    for (let i = 1; i <= 20; i++) await page.locator(`#list li:nth-child(${i * 4}) input`).click();
    for (const id of ['sort', 'done', 'open', 'all', 'clear']) await page.locator(`#${id}`).click();
    await wheel(page, '#list li:nth-child(3)', 10);
    await expectText(page, '#left', '80 left of 80');
  },
  grid: async (page) => {
    for (const column of ['name', 'total', 'total']) {
      await page.locator(`.ag-header-cell[col-id=${column}] .ag-header-cell-label`).click();
      await page.waitForTimeout(100);
    }
    await wheel(page, '.ag-grid-viewport', 40);
    await page.locator('.ag-floating-filter[col-id=city] input[type=text]').click();
    await page.keyboard.type('Os');
    await page.waitForTimeout(700); // the grid waits for more keys
    await wheel(page, '.ag-grid-viewport', 10);
    for (let i = 1; i <= 5; i++) await page.locator('.ag-grid-scrolling-container .ag-row [col-id=name]').nth(i).click();
    await page.keyboard.press('Enter');
    await page.keyboard.type('A name that was typed');
    await page.keyboard.press('Enter');
    for (let i = 0; i < 8; i++) await page.keyboard.press('ArrowDown');
    if (!await page.evaluate(() => window.grid.getDisplayedRowCount() > 1000 && window.grid.getDisplayedRowCount() < 2500)) throw new Error('the grid was not filtered');
  },
  editor: async (page) => {
    await page.locator('.ql-editor').click();
    for (let i = 1; i <= 6; i++) {
      await page.keyboard.type(`Paragraph ${i}: the quick brown fox jumps over the lazy dog. `);
      await page.keyboard.press('Control+b');
      await page.keyboard.type('Bold words');
      await page.keyboard.press('Control+b');
      await page.keyboard.press('Enter');
    }
    for (const tool of ['.ql-list[value=ordered]', '.ql-blockquote', '.ql-list[value=bullet]']) {
      await page.locator(tool).click();
      await page.keyboard.type('An entry of a list');
      await page.keyboard.press('Enter');
      await page.keyboard.type('Another entry');
    }
    await page.keyboard.press('Control+a');
    await page.locator('.ql-italic').click();
    for (const key of ['z', 'z', 'z', 'Shift+z', 'Shift+z', 'Shift+z']) await page.keyboard.press(`Control+${key}`);
    await wheel(page, '.ql-editor', 10);
    if (!await page.evaluate(() => window.editor.getText().includes('Paragraph 6'))) throw new Error('nothing was typed');
  },
};

async function wheel(page, selector, turns) {
  await page.locator(selector).first().hover();
  for (let i = 0; i < turns; i++) {
    await page.mouse.wheel(0, 300);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

async function expectText(page, selector, want) {
  const text = await page.locator(selector).textContent();
  if (text !== want) throw new Error(`${selector} says ${text}`);
}

const styles = (require) => ({
  todo: '#list { height: 400px; overflow: auto; padding: 0 } li { display: flex; gap: 8px } .done label { text-decoration: line-through }',
  grid: '#app { height: 600px }',
  editor: `${readFileSync(require.resolve('quill/dist/quill.snow.css'), 'utf8')}\n#app { height: 400px }`,
});

/** appPages bundles the applications as their owners would for production: path to text. */
export async function appPages(build, require, root) {
  const css = styles(require);
  const pages = {};
  for (const name of Object.keys(uses)) {
    const { outputFiles: [script] } = await build({
      entryPoints: [join(apps, `${name}.mjs`)], nodePaths: [join(root, 'web/node_modules')], define: { 'process.env.NODE_ENV': '"production"' },
      bundle: true, minify: true, write: false, format: 'iife', target: 'es2022', logLevel: 'error',
    });
    pages[`/app-${name}.js`] = script.text;
    pages[`/app-${name}.html`] = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${name}</title><style>${css[name]}</style></head>
<body><div id="app"></div><script src="app-${name}.js"></script></body></html>`;
    pages[`/app-${name}-shared.html`] = pages[`/app-${name}.html`].replace('<style>', '<script src="page.js"></script><style>');
  }
  return pages;
}

const SAMPLES = 5;

// What the agent sees in the end: without it nothing was captured.
const signs = { todo: ['#left', '80 left of 80'], grid: ['.ag-grid-scrolling-container', 'A name that was typed'], editor: ['.ql-editor', 'Paragraph 6'] };

// The code is typed into the console; the customer's consent is given by the page at once.
async function share(page, agent) {
  const code = await page.evaluate(() => window.help({ consent: () => Promise.resolve(true) }));
  await agent.locator('#code').fill(code);
  await agent.waitForFunction(() => document.querySelector('iframe[sandbox]')?.contentDocument?.querySelector('#app')?.firstElementChild);
}

async function leave(page, agent, console, app) {
  await agent.waitForFunction(([selector, text]) => (
    document.querySelector('iframe[sandbox]')?.contentDocument?.querySelector(selector)?.textContent.includes(text)
  ), signs[app]);
  await page.evaluate(() => window.session.end());
  await agent.goto('about:blank');
  await agent.goto(console);
}

/** overheadOn uses every application in turns on a page that does not even hold the SDK, and on one with a session. */
export async function overheadOn({ inTurns, origin, base, customers, agent }) {
  const variants = Object.keys(uses).flatMap((app) => ['alone', 'shared'].map((mode) => ({ app, mode })));
  await inTurns(variants, SAMPLES, async ({ app, mode }) => {
    const page = await customers.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(error));
    await page.goto(`${origin}/app-${app}${mode === 'shared' ? '-shared' : ''}.html?server=${encodeURIComponent(base)}`, { waitUntil: 'load' });
    if (mode === 'shared') await share(page, agent);
    await page.waitForTimeout(500); // loading is over, and so is the snapshot
    const devtools = await page.context().newCDPSession(page);
    // Processor time of the thread, so that neighbours on the machine count less.
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    const metrics = async () => Object.fromEntries((await devtools.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value * 1000]));
    const before = await metrics();
    await uses[app](page);
    await page.waitForTimeout(300); // what the SDK does later
    const after = await metrics();
    if (mode === 'shared') await leave(page, agent, `${base}/console/`, app);
    await page.close();
    if (errors.length > 0) throw errors[0];
    return { page: app, mode, ms: after.ScriptDuration - before.ScriptDuration, task: after.TaskDuration - before.TaskDuration };
  });
}
