// The agent's browser under watch: whatever runs, asks, opens or does not belong on the stage is found here.
import type { Browser, BrowserContext, Page } from '@playwright/test';
import { Agent } from '../support/people';
import type { Finding, Seen } from './inspect';

/** What a look at the stage gives. */
export interface Sight {
  readonly found: readonly Finding[];
  readonly seen: readonly Seen[];
}

const acting = /^(script|i?frame|link|meta|base|object|embed|form|img|image|a|video|audio|style|template) |[ ,](on|src|href|action|poster)/;

/** An agent's browser. */
export class Watch {
  private readonly events: string[] = [];
  private readonly context: BrowserContext;
  private before = '';
  private agent: Agent | null = null;

  private constructor(server: string, context: BrowserContext) {
    this.context = context;
    context.on('request', (request) => {
      const url = new URL(request.url());
      // What the console itself needs. Its own address behind another path is a relative address of a payload.
      const own = url.origin === server && /^\/(console\/.*|stage(\/quirks)?|v1\/.*|sdk\/.*)$/.test(url.pathname);
      const image = url.protocol === 'data:' && request.resourceType() === 'image';
      if (!own && !image && !request.url().startsWith(`blob:${server}/`)) this.events.push(`request: ${request.resourceType()}`);
    });
    context.on('page', (page) => { this.attend(page); });
  }

  /** Opens a window whose every script is noticed. */
  static async open(browser: Browser, server: string, inspector: string): Promise<Watch> {
    const context = await browser.newContext({ viewport: { width: 1400, height: 1000 } });
    await context.addInitScript({ content: inspector });
    return new Watch(server, context);
  }

  private attend(page: Page): void {
    if (this.context.pages().length > 1) this.events.push('window');
    page.on('dialog', (dialog) => {
      this.events.push(`dialog: ${dialog.type()}`);
      void dialog.dismiss();
    });
    page.on('download', () => this.events.push('download'));
    page.on('crash', () => this.events.push('crash'));
    page.on('pageerror', () => this.events.push('exception in the console'));
    page.on('console', (message) => {
      // The browser says so when a frame without scripts would have run one, and when a policy stopped a load.
      if (/Blocked script execution|Refused to|violates the following/.test(message.text())) this.events.push('script or load that only the fence stopped');
    });
  }

  /** Signs an agent in and joins a session. */
  async join(link: string, code: string): Promise<void> {
    await this.agent?.page.close();
    this.agent = new Agent(await this.context.newPage());
    await this.agent.join(link, code);
  }

  private get page(): Page {
    if (!this.agent) throw new Error('nobody has joined');
    return this.agent.page;
  }

  /** Notices what runs on the stage that is there now. */
  async arm(): Promise<void> {
    await this.page.waitForFunction(() => window.inspector.arm());
    this.before = await this.page.evaluate(() => window.inspector.around());
  }

  /** Waits until the stage shows a turn with its sheets; false when it does not come. */
  async until(turn: number, styled: boolean): Promise<boolean> {
    try {
      await this.page.waitForFunction((n) => window.inspector.turn() === n, turn, { polling: 15, timeout: 10_000 });
    } catch {
      return false;
    }
    // A sheet follows its element; one that was refused never comes.
    for (let last = '', same = 0; styled && same < 3;) {
      const now = await this.page.evaluate(() => window.inspector.sheets());
      same = now === last ? same + 1 : 0;
      last = now;
      await this.page.waitForTimeout(60);
    }
    return true;
  }

  /** Everything wrong since the last look. */
  async look(): Promise<Sight> {
    const { found, seen, state } = await this.page.evaluate(() => ({ ...window.inspector.look(), state: window.inspector.state() }));
    const general = [...state, ...this.events.splice(0)].map((what) => ({ id: '', what }));
    if (this.context.pages().length !== 1) general.push({ id: '', what: 'window' });
    return { found: [...found, ...general], seen };
  }

  /** Clicks elements of the cases, and presses keys on them: first as an agent would, then with nothing above the stage. */
  async poke(limit: number): Promise<number> {
    let pokes = 0;
    for (const covered of [true, false]) {
      await this.page.evaluate((on) => { window.inspector.cover(on); }, covered);
      for (let n = 0; n < (covered ? limit / 3 : limit); n++) {
        const at = await this.page.evaluate((i) => window.inspector.point(i), n);
        if (!at) break;
        await this.page.mouse.click(at.x, at.y);
        if (covered) continue;
        await this.page.keyboard.press('Enter');
        await this.page.keyboard.press('Tab');
        pokes++;
      }
    }
    await this.page.evaluate(() => { window.inspector.cover(true); });
    return pokes;
  }

  /** Does on the stage what must not be there, and gives the kinds of what is noticed of it. The last thing to do with a stage. */
  async proof(): Promise<readonly string[]> {
    await this.page.evaluate(() => window.inspector.misbehave());
    const { found } = await this.look();
    const kinds = found.flatMap(({ what }) => {
      if (what === 'stage: alert ran') return ['script'];
      if (what === 'stage: policy img-src') return ['policy'];
      if (what === 'request: fetch') return ['request'];
      return what === 'element link' ? ['table'] : [];
    });
    return [...new Set(kinds)].sort();
  }

  /** Moves the pointer, so that the agent is not away. */
  async stir(turn: number): Promise<void> {
    await this.page.mouse.move(100 + (turn % 50), 5);
  }

  /** What of the console around the stage was not there before and could run or ask for something. */
  async grown(): Promise<readonly string[]> {
    const before = new Set(this.before.split('\n'));
    return [...new Set((await this.page.evaluate(() => window.inspector.around())).split('\n'))].filter((line) => !before.has(line) && acting.test(line));
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}
