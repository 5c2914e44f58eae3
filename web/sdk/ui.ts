// What the customer sees of the SDK: the code, the question, the bar. In a closed shadow root, with a constructed sheet,
// without markup from text: it works under a strict CSP and under Trusted Types, and the page cannot press its buttons.
import type { Ask, Message, Session } from './index';
import { Ink } from './ink';
import { connected, create, findAll, later, ours, put, removeNode, rootElement } from './natives';
import type { Kept } from './signal';
import { catalogue, fill } from './texts';
import type { Texts } from './texts';
import { style } from './ui_style';

function make<K extends keyof HTMLElementTagNameMap>(tag: K, name: string, ...kids: (Node | string)[]): HTMLElementTagNameMap[K] {
  const el = create(tag);
  el.className = name;
  put(el, ...kids);
  return el;
}

/** A button that a person, and no script, can press. */
function button(text: string, name: string, press: () => void): HTMLButtonElement {
  const el = make('button', name, text);
  el.onclick = (event) => {
    if (event.isTrusted) press();
  };
  return el;
}

/** What says that the session before has ended: nothing of it may stand beside the next one. */
let last: HTMLElement | undefined;

/** The SDK's own part of the page. */
export class UI {
  readonly ink: Ink;
  readonly #host = create('vitrine-ui' as 'div');
  readonly #root = this.#host.attachShadow({ mode: 'closed' });
  readonly #session: Session;
  readonly #quiet: boolean;
  readonly #back: () => void;
  readonly #t: Texts;
  readonly #stage = make('div', '');
  readonly #dock = make('div', 'dock', this.#stage); // the chat stands above the bar and never covers its buttons
  readonly #log = make('div', 'log');
  #talk: HTMLElement | undefined;
  #refuse: (() => void) | undefined;
  #watch = 0;
  #shown = '';

  constructor({ ui, locale }: Kept, session: Session, back: () => void) {
    this.#session = session;
    this.#quiet = ui === 'none';
    const wanted = (locale || rootElement().lang || navigator.language).slice(0, 2).toLowerCase();
    const lang = wanted in catalogue ? wanted : 'en';
    this.#t = catalogue[lang] as Texts;
    const host = this.#host;
    last?.remove();
    last = host;
    ours.add(host);
    host.lang = lang;
    host.dir = 'ltr';
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    this.#root.adoptedStyleSheets = [sheet];
    this.#stage.role = 'status';
    put(this.#root, this.#dock);
    this.ink = new Ink(this.#root);
    host.popover = 'manual';
    this.#back = back;
    this.#appear();
  }

  /** Comes back into a page that was written anew or cleared: as long as it is shared, people see that and can stop it. */
  #appear(): void {
    const page = rootElement() as Element | null;
    if (page && !connected(this.#host)) {
      put(page, this.#host);
      // Above dialogs and popovers that are open now.
      (this.#host as Partial<HTMLElement>).showPopover?.();
      const dialog = findAll(this.#root, 'dialog')[0] as HTMLDialogElement | undefined;
      dialog?.close();
      dialog?.showModal();
      if (this.#watch) this.#back();
    }
    this.#watch = later(() => this.#appear(), 500);
  }

  #fileAt = 0;

  /** Shows where the session stands. */
  show({ state, code, agents, scopes }: Session, closed: boolean): void {
    if (state !== 'asked' && state !== 'resuming') this.#refuse?.();
    const news = JSON.stringify([state, code, agents, scopes, closed]);
    if (this.#quiet || news === this.#shown) return; // a button must not go away under the pointer
    this.#shown = news;
    const t = this.#t;
    const session = this.#session;
    const end = (): void => session.end();
    if (state === 'waiting' || state === 'asked') {
      const digits = make('div', 'code', code.replace(/\d{3}$/, ' $&'));
      this.#stage.replaceChildren(make('section', '', make('h2', '', t.code), digits, make('p', '', t.codeHint), button(t.cancel, '', end)));
      return;
    }
    if (state === 'resuming') {
      this.#stage.replaceChildren(make('section', 'bar', make('div', 'row', t.away, button(t.stop, 'stop', end))));
      return;
    }
    const names = agents.map(({ name }) => name).join(', ');
    const paused = state === 'paused';
    const operated = scopes.some((scope) => scope === 'click' || scope === 'type');
    const row = make('div', 'row', paused ? t.paused : closed ? t.closed : names ? fill(operated ? t.operating : t.watching, names) : t.nobody);
    if (scopes.includes('record')) put(row, make('span', '', t.recorded), button(t.stopRecording, '', () => session.revoke('record')));
    if (operated) put(row, button(t.takeBack, '', () => session.revoke()));
    put(row, button(paused ? t.go : t.pause, '', () => (paused ? session.resume() : session.pause())), button(t.stop, 'stop', end));
    const bar = make('section', 'bar', row);
    bar.ariaLabel = t.bar;
    this.#stage.replaceChildren(bar);
  }

  /** Asks the customer. Escape refuses; no button has the focus, so that a key meant for the page decides nothing. */
  ask({ agent, company, scopes }: Ask): Promise<boolean> {
    return new Promise((done) => {
      const t = this.#t;
      const answer = (yes: boolean): void => {
        this.#refuse = undefined;
        removeNode(dialog);
        done(yes);
      };
      const title = make('h2', '', fill(t.ask, agent, company));
      title.tabIndex = -1;
      title.id = 'title';
      const list = make('ul', '', ...scopes.map((scope) => make('li', '', t[scope])));
      const row = make('div', 'row', button(t.refuse, '', () => answer(false)), button(t.allow, 'main', () => answer(true)));
      const dialog = make('dialog', '', title, list, make('p', '', t.askHint), row);
      dialog.setAttribute('aria-labelledby', title.id);
      dialog.oncancel = () => answer(false);
      put(this.#root, dialog);
      dialog.showModal();
      title.focus();
      if (scopes.includes('view')) this.#refuse = () => answer(false);
    });
  }

  /** Shows a message, and a field to answer in. */
  said({ from, text }: Message): void {
    if (this.#quiet) return;
    put(this.#log, make('p', '', make('b', '', from || this.#t.you), `: ${text}`));
    this.#log.scrollTop = 1e6;
    if (this.#talk) return;
    const field = make('input', '');
    field.maxLength = 1600; // five bytes each at most
    field.ariaLabel = fill(this.#t.chat, from);
    const send = (): void => {
      if (field.value.trim()) this.#session.chat(field.value);
      field.value = '';
    };
    field.onkeydown = ({ key, isTrusted }) => {
      if (key === 'Enter' && isTrusted) send();
    };
    this.#log.role = 'log';
    this.#talk = make('section', 'chat', this.#log, make('div', 'row', field, button(this.#t.send, 'main', send)));
    this.#dock.prepend(this.#talk);
  }

  /** Tells the customer that an agent wants a file of theirs chosen, which no agent can do; once in a while. */
  wantsFile(from: string): void {
    if (performance.now() < this.#fileAt) return;
    this.#fileAt = performance.now() + 10_000;
    this.said({ from, text: this.#t.file });
  }

  /** Says that sharing has ended, for a while, and goes. Who comes back to a page that slept has to see it. */
  end(now: boolean, lost: boolean): void {
    clearTimeout(this.#watch);
    this.#refuse?.();
    this.#dock.replaceChildren(this.#stage);
    this.#root.replaceChildren(this.#dock); // cursors, strokes and the chat go at once
    this.#stage.replaceChildren(make('section', 'bar', lost ? this.#t.lost : this.#t.ended));
    later(() => removeNode(this.#host), now || this.#quiet ? 0 : lost ? 60_000 : 4000);
  }
}
