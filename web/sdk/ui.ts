// What the customer sees of the SDK: the code, the question, the bar. In a closed shadow root, with a constructed sheet,
// without markup from text: it works under a strict CSP and under Trusted Types, and the page cannot press its buttons.
import type { Agent, Ask, Message, Scope } from './index';
import { Ink } from './ink';
import { ours } from './natives';
import { fill, textsFor } from './texts';
import type { Texts } from './texts';
import { style } from './ui_style';

/** What the customer does. */
export interface UIEvents {
  pause(): void;
  resume(): void;
  takeBack(): void;
  end(): void;
  chat(text: string): void;
}

/** What the bar shows. */
export interface Shown {
  readonly state: string;
  readonly code: string;
  readonly agents: readonly Agent[];
  readonly scopes: readonly Scope[];
}

type Kid = Node | string;

function make<K extends keyof HTMLElementTagNameMap>(tag: K, name: string, ...kids: Kid[]): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  if (name) el.className = name;
  el.append(...kids);
  return el;
}

/** A button that a person, and no script, can press. */
function button(text: string, name: string, press: () => void): HTMLButtonElement {
  const el = make('button', name, text);
  el.type = 'button';
  el.addEventListener('click', (event) => {
    if (event.isTrusted) press();
  });
  return el;
}

/** The SDK's own part of the page. */
export class UI {
  readonly #host = document.createElement('vitrine-ui');
  readonly #root: ShadowRoot;
  readonly #on: UIEvents;
  readonly #quiet: boolean;
  readonly #t: Texts;
  readonly ink: Ink;
  readonly #stage = make('div', '');
  readonly #talk = make('div', '');
  readonly #log = make('div', 'log');
  #refuse: (() => void) | null = null;

  constructor(locale: string, quiet: boolean, on: UIEvents) {
    this.#on = on;
    this.#quiet = quiet;
    const { texts, lang } = textsFor(locale || document.documentElement.lang || navigator.language);
    this.#t = texts;
    const host = this.#host;
    ours.add(host);
    host.lang = lang;
    host.dir = 'ltr';
    this.#root = host.attachShadow({ mode: 'closed' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    this.#root.adoptedStyleSheets = [sheet];
    this.#stage.setAttribute('role', 'status');
    this.#root.append(this.#stage, this.#talk);
    this.ink = new Ink(this.#root);
    document.documentElement.append(host);
    // Above dialogs and popovers that are open now.
    if ('popover' in host) {
      host.popover = 'manual';
      host.showPopover();
    }
  }

  /** Shows where the session stands. */
  show({ state, code, agents, scopes }: Shown): void {
    if (state !== 'asked') this.#refuse?.();
    if (this.#quiet) return;
    const t = this.#t;
    if (state === 'waiting' || state === 'asked') {
      const digits = make('div', 'code', code.replace(/^(\d{3})(\d{3})$/, '$1 $2'));
      const panel = make('section', 'panel', make('h2', '', t.code), digits, make('p', '', t.codeHint), button(t.cancel, '', this.#on.end));
      this.#stage.replaceChildren(panel);
      return;
    }
    const names = agents.map(({ name }) => name).join(', ');
    const paused = state === 'paused';
    const text = paused ? t.paused : names ? fill(t.watching, { agent: names }) : t.nobody;
    const row = make('div', 'row', make('span', '', text));
    if (scopes.includes('click') || scopes.includes('type')) row.append(button(t.takeBack, '', this.#on.takeBack));
    row.append(paused ? button(t.resume, '', this.#on.resume) : button(t.pause, '', this.#on.pause), button(t.stop, 'stop', this.#on.end));
    const bar = make('section', 'bar', row);
    bar.setAttribute('aria-label', t.bar);
    this.#stage.replaceChildren(bar);
  }

  /** Asks the customer. Escape refuses; nothing is preselected, so that a key meant for the page decides nothing. */
  ask({ agent, company, scopes }: Ask): Promise<boolean> {
    return new Promise((done) => {
      const t = this.#t;
      const dialog = make('dialog', '');
      const answer = (yes: boolean): void => {
        this.#refuse = null;
        dialog.close();
        dialog.remove();
        done(yes);
      };
      const title = make('h2', '', fill(t.ask, { agent, company }));
      title.id = 't';
      title.tabIndex = -1;
      title.autofocus = true;
      dialog.setAttribute('aria-labelledby', 't');
      dialog.addEventListener('cancel', (event) => {
        event.preventDefault();
        answer(false);
      });
      const list = make('ul', '', ...scopes.map((scope) => make('li', '', t.scopes[scope])));
      const row = make('div', 'row', button(t.refuse, '', () => answer(false)), button(t.allow, 'main', () => answer(true)));
      dialog.append(title, list, make('p', '', t.askHint), row);
      this.#root.append(dialog);
      dialog.showModal();
      title.focus();
      if (scopes.includes('view')) this.#refuse = () => answer(false);
    });
  }

  /** Shows a message, and a field to answer in. */
  said({ from, text }: Message): void {
    if (this.#quiet) return;
    this.#log.append(make('p', '', from ? make('b', '', `${from}: `) : '– ', text));
    if (this.#talk.childNodes.length > 0) {
      this.#log.scrollTop = this.#log.scrollHeight;
      return;
    }
    const field = make('input', '');
    field.setAttribute('aria-label', fill(this.#t.chat, { agent: from }));
    const send = (): void => {
      if (field.value.trim()) this.#on.chat(field.value);
      field.value = '';
    };
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && event.isTrusted) send();
    });
    this.#log.setAttribute('role', 'log');
    this.#talk.append(make('section', 'panel chat', this.#log, make('div', 'row', field, button(this.#t.send, 'main', send))));
  }

  /** Says that sharing has ended, for a while, and goes. */
  end(now: boolean): void {
    this.#refuse?.();
    this.#talk.replaceChildren();
    const gone = (): void => this.#host.remove();
    if (now || this.#quiet) {
      gone();
      return;
    }
    this.#stage.replaceChildren(make('section', 'bar', make('span', '', this.#t.ended)));
    setTimeout(gone, 4000);
  }
}
