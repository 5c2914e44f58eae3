// The two people of a session, each with a browser window of their own, working through what they see.
import { type BrowserContext, type ElementHandle, expect, type Page } from '@playwright/test';
import type { FromAgent, ToCustomer } from '../../../web/wire/frames';
import { count, differences } from './compare';
import type { Candidate, Dump, Look, PackedMessage } from './probe/types';

// Firefox reports what it kept from a page, which the page can catch, in the form of an exception that nothing caught.
const kept = /^Cross-Origin Request Blocked: /;

/** What both have. */
export class Person {
  readonly page: Page;
  /** Exceptions that nothing caught, and crashes. */
  readonly faults: string[] = [];
  /** What the browser wrote to the page's console. */
  readonly notes: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => {
      const text = String(error.stack ?? error);
      (kept.test(text) ? this.notes : this.faults).push(text);
    });
    page.on('crash', () => this.faults.push('the page crashed'));
    page.on('response', (response) => {
      if (response.status() >= 400) this.notes.push(`${response.status()}: ${response.url()}`);
    });
    page.on('console', (message) => this.notes.push(`${message.type()}: ${message.text()}`));
  }

  async sent(from = 0): Promise<PackedMessage[]> {
    return this.tell<PackedMessage[]>((n) => JSON.stringify(window.probe.take('sent', n)), from);
  }

  async received(from = 0): Promise<PackedMessage[]> {
    return this.tell<PackedMessage[]>((n) => JSON.stringify(window.probe.take('received', n)), from);
  }

  /** What a page tells in JSON: much of it would take a driver of browsers seconds, piece by piece. */
  protected async tell<T, A = number>(ask: (of: A) => string, of: A): Promise<T> {
    return JSON.parse(await this.page.evaluate<string, A>(ask as never, of)) as T;
  }

  async candidates(): Promise<readonly Candidate[]> {
    return this.page.evaluate(() => window.probe.addresses());
  }
}

/** The one whose page it is. */
export class Customer extends Person {
  /** Presses the page's own "Get help" and returns the code that the SDK shows. */
  async askForHelp(): Promise<string> {
    await this.page.locator('#help, [data-help]').click();
    return this.code();
  }

  /** The code to read out. */
  async code(): Promise<string> {
    const code = await this.page.waitForFunction(() => {
      const pages = window as unknown as { session?: { code?: string }; vitrineSession?: { code?: string } };
      return (pages.session ?? pages.vitrineSession)?.code;
    });
    return String(await code.jsonValue());
  }

  /** A button of the SDK's own dialog or bar, which no script of the page can reach. */
  async button(name: RegExp): Promise<ElementHandle<HTMLElement>> {
    const found = await this.page.waitForFunction(({ source, flags }) => {
      const wanted = new RegExp(source, flags);
      for (const root of window.probe.closed) {
        for (const button of root.querySelectorAll<HTMLButtonElement>('button')) {
          const text = `${button.getAttribute('aria-label') ?? ''} ${button.textContent}`.trim();
          if (root.host.isConnected && button.checkVisibility() && !button.disabled && wanted.test(text)) return button;
        }
      }
      return null;
    }, { source: name.source, flags: name.flags });
    const element = found.asElement();
    if (!element) throw new Error('a button was found that is no element');
    return element;
  }

  async press(name: RegExp): Promise<void> {
    await (await this.button(name)).click();
  }

  /** All text that the SDK shows in its own dialog and bar. */
  async says(): Promise<string> {
    return this.page.evaluate(() => window.probe.closed.filter((root) => root.host.isConnected).map((root) => {
      const texts: string[] = [];
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (parent && parent.localName !== 'style' && parent.checkVisibility()) texts.push(walker.currentNode.nodeValue ?? '');
      }
      return texts.join(' ');
    }).join('\n'));
  }

  async state(): Promise<string | undefined> {
    return this.page.evaluate(() => {
      const pages = window as unknown as { session?: { state?: string }; vitrineSession?: { state?: string } };
      return (pages.session ?? pages.vitrineSession)?.state;
    });
  }

  async dump(masks: readonly string[] = []): Promise<Dump> {
    return this.tell<Dump, readonly string[]>((list) => JSON.stringify(window.probe.page(list)), masks);
  }

  /** Gives the SDK a frame as if the server had approved it. */
  async deliver(frame: ToCustomer): Promise<void> {
    await this.page.evaluate((f) => { window.probe.deliver(f); }, frame);
  }
}

/** The one who helps. */
export class Agent extends Person {
  /** Opens the console by a link that signs in, and types the code. */
  async join(link: string, code: string): Promise<void> {
    await this.page.goto(link);
    await this.page.getByLabel('Six-digit code').fill(code); // the sixth digit sends it
  }

  async stage(): Promise<Dump | null> {
    return this.page.evaluate(() => window.probe.stage());
  }

  /** Whether anything of a page is on the stage: the empty document has a body, too, but nothing in it. */
  async sees(): Promise<boolean> {
    const body = (await this.stage())?.children?.find(({ kind }) => kind === 'body');
    return body?.children?.some(({ kind }) => kind !== '#text') ?? false;
  }

  /** Text in the stage, shadow roots left out. */
  async text(selector: string): Promise<string | null> {
    return this.page.evaluate((query) => {
      const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
      return frame?.contentDocument?.querySelector(query)?.textContent ?? null;
    }, selector);
  }

  /** The middle of an element of the stage, in the console's window. */
  async pointOf(selector: string): Promise<{ x: number; y: number }> {
    return this.page.evaluate((query) => {
      const frame = document.querySelector<HTMLIFrameElement>('iframe[sandbox]');
      const element = frame?.contentDocument?.querySelector(query);
      if (!frame || !element) throw new Error(`the stage has no ${query}`);
      const outer = frame.getBoundingClientRect();
      const inner = element.getBoundingClientRect();
      const scale = outer.width / frame.offsetWidth;
      return {
        x: outer.left + (inner.left + inner.width / 2) * scale,
        y: outer.top + (inner.top + inner.height / 2) * scale,
      };
    }, selector);
  }

  /** Turns the wheel until an element can be seen: it is the customer's page that is scrolled. */
  async bring(selector: string): Promise<void> {
    const beyond = (): Promise<number> => this.page.evaluate((query) => {
      const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
      const box = stage?.querySelector(query)?.getBoundingClientRect();
      if (!stage || !box) throw new Error(`the stage has no ${query}`);
      const height = stage.documentElement.clientHeight;
      return Math.round(box.top < 0 ? box.top : Math.max(0, box.bottom - height)) + 0; // no -0
    }, selector);
    const outer = await this.page.locator('iframe[sandbox]').boundingBox();
    if (!outer) throw new Error('there is no stage');
    await this.page.mouse.move(outer.x + 3, outer.y + outer.height / 2);
    await expect.poll(async () => {
      const left = await beyond();
      if (left !== 0) await this.page.mouse.wheel(0, left);
      return left;
    }, { message: `${selector} is brought into sight`, intervals: [100] }).toBe(0);
  }

  async click(selector: string): Promise<void> {
    const { x, y } = await this.pointOf(selector);
    await this.page.mouse.click(x, y);
  }

  /** Sends a frame as a console that went wrong would. */
  async forge(frame: FromAgent): Promise<void> {
    await this.page.evaluate((f) => { window.probe.send(f); }, frame);
  }
}

/** Waits until the stage shows what the page is, node by node. */
export async function expectSame(customer: Customer, agent: Agent, masks: readonly string[] = []): Promise<number> {
  let size = 0;
  await expect.poll(async () => {
    const stage = await agent.stage();
    const page = await customer.dump(masks);
    size = count(page);
    return stage ? differences(page, stage) : ['there is no stage'];
  }, { message: 'the stage is the page', timeout: 15_000, intervals: [100, 200, 400] }).toEqual([]);
  return size;
}

/** Waits until an element looks on the stage as it does in the page. */
export async function expectSameLook(customer: Customer, agent: Agent, selector: string): Promise<void> {
  const seen = (person: Person, where: 'page' | 'stage'): Promise<Look | null> =>
    person.page.evaluate(([query, at]) => window.probe.look(query, at), [selector, where] as const);
  const page = await seen(customer, 'page');
  expect(page, `the page has ${selector}`).not.toBeNull();
  await expect.poll(() => seen(agent, 'stage'), { message: `the look of ${selector}` }).toEqual(page);
}

/** Gives both a context of their own with the probe in every page. */
export async function withProbe(context: BrowserContext, script: string): Promise<Page> {
  await context.addInitScript({ content: script });
  return context.newPage();
}
