// The two roads that a payload takes to the stage: through the SDK of a customer's page, and without it.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser } from '@playwright/test';
import { framesToCustomer } from '../support/frames';
import { Customer, withProbe } from '../support/people';
import type { Server } from '../support/server';
import type { Site } from '../support/web';
import type { Tree } from './page';
import type { Case } from './tree';
import type { Watch } from './watch';

const root = join(__dirname, '../../..');

/** A tree with the text that it was made of. */
export interface Payload extends Tree {
  readonly text: string;
}

/** A road to the stage. */
export interface Feed {
  readonly name: 'SDK' | 'raw';
  /** Trees that one session may take; sessions have bounds. */
  readonly perSession: number;
  open(watch: Watch): Promise<void>;
  /** Shows trees; the rule when the server refused them all. */
  show(trees: readonly Payload[], turn: number): Promise<string>;
  /** Trees that the server refuses as they are, by rule. */
  readonly refused: Map<string, string>;
  close(): Promise<void>;
}

// Nothing of a payload runs or loads in the page; images and fonts inside an address are no requests.
function policy(server: string): string {
  return `default-src 'none'; script-src 'self' ${server}; style-src 'unsafe-inline'; connect-src 'self' data: ${server}; img-src data:; font-src data:; `
    + "base-uri 'none'; form-action 'none'";
}

const starter = `document.getElementById('help').addEventListener('click', async () => {
  window.session = await Vitrine.start({ server: new URLSearchParams(location.search).get('server'), siteKey: 'demo' });
});`;

function pageOf(server: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Cases</title><script src="${server}/sdk/vitrine.js"></script></head>
<body><button type="button" id="help">Get help</button><div data-cases=""></div><script src="cases.js"></script></body></html>`;
}

/** The customer's page with the real SDK. It also parses for both roads. */
export class Sdk implements Feed {
  readonly name = 'SDK';
  readonly perSession = 1500;
  readonly refused = new Map<string, string>();
  private heard = 0;
  private now: Customer | null = null;
  private readonly browser: Browser;
  private readonly server: Server;
  private readonly site: Site;
  private readonly script: string;

  constructor(browser: Browser, server: Server, site: Site, script: string) {
    this.browser = browser;
    this.server = server;
    this.site = site;
    this.script = script;
    site.headers.set('/cases/', { 'Content-Security-Policy': policy(server.base) });
    site.pages.set('/cases.html', pageOf(server.base));
    site.pages.set('/cases.js', starter);
  }

  get customer(): Customer {
    if (!this.now) throw new Error('the page is not loaded');
    return this.now;
  }

  /** Opens the page in a fresh window, and reads cases there. */
  async parse(cases: readonly Case[]): Promise<readonly Payload[]> {
    await this.close();
    const context = await this.browser.newContext({ viewport: { width: 1000, height: 800 } });
    const allowed = [`${this.server.base}/`, `${this.site.origin}/`, `blob:${this.site.origin}/`, 'data:'];
    await context.route((url) => !allowed.some((start) => url.href.startsWith(start)), (route) => route.abort());
    this.now = new Customer(await withProbe(context, this.script));
    await this.now.page.goto(`${this.site.origin}/cases/cases.html?server=${encodeURIComponent(this.server.base)}`);
    this.heard = 0;
    const texts = new Map(cases.map(({ id, html }) => [id, html]));
    const trees = await this.now.page.evaluate((list) => window.cases.parse(list), cases);
    return trees.map((tree) => ({ ...tree, text: texts.get(tree.id.slice(0, tree.id.lastIndexOf(' '))) ?? '' }));
  }

  async open(watch: Watch): Promise<void> {
    await watch.join(await this.server.signIn('ada'), await this.customer.askForHelp());
    await this.customer.press(/^allow$/i);
    await watch.arm();
  }

  async show(trees: readonly Payload[], turn: number): Promise<string> {
    await this.customer.page.evaluate(([ids, n]) => { window.cases.show(ids, n); }, [trees.map(({ id }) => id), turn] as const);
    const got = await this.customer.received(this.heard);
    this.heard += got.length;
    const refusal = framesToCustomer(got).map(({ frame }) => frame).find((frame) => frame.kind === 'resync');
    return refusal?.rule ?? '';
  }

  async close(): Promise<void> {
    await this.now?.page.context().close();
    this.now = null;
  }
}

interface Told {
  readonly code?: string;
  readonly rules?: Readonly<Record<string, string>>;
  readonly refused?: string;
  readonly ended?: boolean;
  readonly error?: string;
}

/** A customer's browser that filters nothing: test/verdicts in Go, told what to send. */
export class Raw implements Feed {
  readonly name = 'raw';
  readonly perSession = 1500;
  readonly refused = new Map<string, string>();
  private child: ChildProcess | null = null;
  private readonly answers: Told[] = [];
  private waiting: ((told: Told) => void) | null = null;
  private readonly server: Server;
  private readonly origin: string;

  constructor(server: Server, origin: string) {
    this.server = server;
    this.origin = origin;
    execFileSync('go', ['build', '-o', 'bin/verdicts', './test/verdicts'], { cwd: root, stdio: 'inherit' });
  }

  private async next(): Promise<Told> {
    const told = this.answers.shift() ?? await new Promise<Told>((resolve) => { this.waiting = resolve; });
    if (told.error !== undefined) throw new Error(`the raw feed: ${told.error}`);
    return told;
  }

  private take(told: Told): void {
    const { waiting } = this;
    this.waiting = null;
    if (waiting) waiting(told);
    else this.answers.push(told);
  }

  private async order(order: unknown): Promise<Told> {
    this.child?.stdin?.write(`${JSON.stringify(order)}\n`);
    return this.next();
  }

  async open(watch: Watch): Promise<void> {
    await this.close();
    const child = spawn(join(root, 'bin/verdicts'), ['feed', '-base', this.server.base, '-origin', this.origin], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child = child;
    createInterface({ input: child.stdout }).on('line', (line) => { this.take(JSON.parse(line) as Told); });
    child.once('exit', (status) => { if (status !== 0) this.take({ error: `ended with ${String(status)}` }); });
    const { code } = await this.next();
    await watch.join(await this.server.signIn('ada'), code ?? '');
    await this.show([], 0);
    if (!await watch.until(0, false)) throw new Error('the raw feed shows nothing');
    await watch.arm();
  }

  async show(trees: readonly Payload[], turn: number): Promise<string> {
    const { rules, refused } = await this.order({ show: { turn, trees: trees.map(({ id, text, plain }) => ({ id, text, nodes: plain })) } });
    for (const [id, rule] of Object.entries(rules ?? {})) this.refused.set(id, rule);
    return refused ?? '';
  }

  /** Sends a tree as it is, which the server must refuse; the rule that it names, or "end". */
  async refuse({ id, text, plain }: Payload): Promise<string> {
    const { refused, ended } = await this.order({ refuse: { id, text, nodes: plain } });
    return ended ? 'end' : refused ?? '';
  }

  async close(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (!child) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    await gone;
  }
}
