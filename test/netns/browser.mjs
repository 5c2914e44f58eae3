// Two Chromiums, each in a network namespace: node test/netns/browser.mjs {"customer":…,"agent":…,"server":…,"token":…}
// The first two are programs that start Chromium where it shall run. Prints the lines that child_linux_test.go prints.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';

const require = createRequire(join(import.meta.dirname, '../../web/package.json'));
const { chromium } = require('playwright-core');
const { customer, agent, server, token } = JSON.parse(process.argv[2]);

const launch = (executablePath) => chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--ignore-certificate-errors'],
});

const say = (text) => process.stdout.write(`${text}\n`);

// Keeps what the page hides from scripts: shadow roots that are closed, and connections.
function spy() {
  const roots = [];
  const peers = [];
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function attachShadow(init) {
    const root = attach.call(this, init);
    roots.push(root);
    return root;
  };
  const Real = RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(config) {
      super(config);
      peers.push(this);
    }
  };
  Object.assign(window, { roots, peers });
}

const page = `<!doctype html><title>Shop</title><main><p id="clock">none</p></main><script src="/sdk/vitrine.js"></script><script>
  setInterval(() => { document.querySelector('#clock').textContent = 'at:' + Date.now(); }, 50);
  window.begin = async () => { window.session = await Vitrine.start({ server: location.origin, siteKey: 'shop' }); return window.session.code; };
</script>`;

// Opens a page, and prints the calls that make and mend its connection.
async function open(program, who) {
  const browser = await launch(program);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  context.setDefaultTimeout(30_000);
  await context.addInitScript(spy);
  const made = await context.newPage();
  made.on('pageerror', (error) => say(`error ${error}`));
  made.on('response', (response) => {
    const method = response.request().method();
    if (/\/v1\/.*connections/.test(response.url()) && method !== 'OPTIONS') say(`call ${who} ${method} ${response.status()}`);
  });
  return [browser, made];
}

// How the newest connection goes.
const way = (at) => at.evaluate(async () => {
  const stats = new Map();
  for (const peer of window.peers.slice(-1)) (await peer.getStats()).forEach((entry) => stats.set(entry.id, entry));
  const transport = [...stats.values()].find(({ type }) => type === 'transport');
  const local = stats.get(stats.get(transport?.selectedCandidatePairId)?.localCandidateId);
  return local?.candidateType === 'relay' ? `relay-${local.relayProtocol}` : `direct-${local?.protocol}`;
});

const [first, shop] = await open(customer, 'customer');
const [second, desk] = await open(agent, 'agent');
process.stdin.on('end', () => { void Promise.all([first.close(), second.close()]).then(() => process.exit(0)); }).resume();
await desk.exposeFunction('seen', (made) => say(`seen ${Date.now()}000000 ${made}000000`));
await shop.route('**/page', (route) => route.fulfill({ contentType: 'text/html', body: page }));
await shop.goto(`${server}/page`);
const code = await shop.evaluate(() => window.begin());
await desk.goto(`${server}/console/#token=${token}`);
await desk.getByLabel('Six-digit code').fill(code);
const allow = await shop.waitForFunction(() => window.roots.flatMap((root) => [...root.querySelectorAll('button')])
  .find((button) => button.checkVisibility() && !button.disabled && /^allow$/i.test(button.textContent.trim())));
await allow.asElement().click();
await desk.evaluate(() => {
  let last = '';
  setInterval(() => {
    const text = document.querySelector('iframe[sandbox]')?.contentDocument?.querySelector('#clock')?.textContent ?? '';
    if (text !== last && text.startsWith('at:')) window.seen(text.slice(3));
    last = text;
  }, 10);
});
say(`ways ${await way(shop)} ${await way(desk)}`);
