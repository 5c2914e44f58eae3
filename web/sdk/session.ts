// The session as the page sees it: states, consent, and what connects the connection, the capture and the SDK's own UI.
import { EndReason, ProtocolVersion, Scope, SessionState } from '../wire/frames';
import type { Ask as AskFrame, ToCustomer } from '../wire/frames';
import { TABLE_VERSION } from '../wire/vocabulary';
import { Assets } from './assets';
import { Capture } from './capture';
import type { Agent, Ask, EndReason as EndName, Events, Message, Scope as ScopeName, Session, StartOptions, State } from './index';
import { dispatch } from './input';
import { Masks } from './mask';
import { listen, rectOf } from './natives';
import { call, leave, take } from './signal';
import type { Kept } from './signal';
import { Transport } from './transport';
import { UI } from './ui';

/** Which state may follow which. What the table does not allow is not shown: a late frame cannot revive a session. */
const moves: Readonly<Record<State, readonly State[]>> = {
  waiting: ['asked', 'active', 'paused', 'resuming', 'ended'],
  asked: ['waiting', 'active', 'paused', 'resuming', 'ended'],
  active: ['waiting', 'asked', 'paused', 'resuming', 'ended'],
  paused: ['waiting', 'asked', 'active', 'resuming', 'ended'],
  resuming: ['waiting', 'asked', 'active', 'paused', 'ended'],
  ended: [],
};

/** Names of the wire's numbers, as the page reads them: SecondAgent is second-agent. */
function names<T extends string>(of: Readonly<Record<string, number>>): ReadonlyMap<number, T> {
  return new Map(Object.entries(of).map(([name, n]) => [n, name.replace(/(?<=.)[A-Z]/g, '-$&').toLowerCase() as T]));
}

const states = names<State>(SessionState);
const reasons = names<EndName>(EndReason);
const scopes = names<ScopeName>(Scope);

function scopeNames(bits: number): ScopeName[] {
  return [...scopes].filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
}

type Listeners = { [K in keyof Events]: Set<(value: Events[K]) => void> };

const POINTER_EVERY = 40; // milliseconds

/** A session of this page. */
export class PageSession implements Session {
  readonly #kept: Kept;
  readonly #listeners: Listeners = { state: new Set(), agent: new Set(), scope: new Set(), chat: new Set(), quality: new Set(), end: new Set() };
  readonly #masks: Masks;
  readonly #ui: UI;
  readonly #over = new AbortController();
  readonly #asks: AskFrame[] = [];
  #consent: StartOptions['consent'];
  #ready: (() => void) | null = null; // the page has given its consent function
  #transport: Transport;
  #assets: Assets | null = null;
  #capture: Capture | null = null;
  #state: State = 'waiting';
  #agents: readonly Agent[] = [];
  #scopes: readonly ScopeName[] = [];

  constructor(kept: Kept, consent: StartOptions['consent']) {
    this.#kept = kept;
    this.#consent = consent;
    this.#masks = new Masks(kept);
    this.#ui = new UI(kept.locale, kept.ui === 'none', {
      pause: () => this.pause(),
      resume: () => this.resume(),
      takeBack: () => this.revoke(),
      end: () => this.end(),
      chat: (text) => this.chat(text),
    });
    this.#transport = this.#connect();
    const { signal } = this.#over;
    listen(window, 'pagehide', () => this.#leave(), signal);
    listen(window, 'pageshow', (event) => {
      if ((event as PageTransitionEvent).persisted && take()) this.#transport = this.#connect();
    }, signal);
    listen(window, 'scroll', () => this.#ui.ink.scrolled(), signal);
    this.#followPointer(signal);
    this.#renewCode();
    this.#show();
  }

  get id(): string {
    return this.#kept.session;
  }

  get code(): string {
    return this.#kept.code;
  }

  get state(): State {
    return this.#state;
  }

  get agents(): readonly Agent[] {
    return this.#agents;
  }

  get scopes(): readonly ScopeName[] {
    return this.#scopes;
  }

  /** Takes the consent function of a page that came to a session which was going on. */
  attach(options: StartOptions): void {
    if (!options.consent) return;
    this.#consent = options.consent;
    this.#ready?.();
  }

  pause(): void {
    this.#capture?.stop(); // at once, whatever the connection does
    this.#transport.send({ kind: 'pause', paused: true });
  }

  resume(): void {
    this.#transport.send({ kind: 'pause', paused: false });
    if (this.#state === 'paused') this.#capture?.start(0);
  }

  revoke(scope?: ScopeName): void {
    if (scope === 'view') {
      this.end();
      return;
    }
    const bits = [...scopes].filter(([bit, name]) => (scope ? name === scope : bit !== Scope.View));
    const gone = bits.reduce((sum, [bit]) => sum | bit, 0);
    this.#setScopes(this.#scopes.filter((name) => !bits.some(([, of]) => of === name)));
    this.#transport.send({ kind: 'revoke', scopes: gone });
  }

  end(): void {
    if (this.#state === 'ended') return;
    this.#capture?.stop();
    if (this.#transport.open) this.#transport.send({ kind: 'end' });
    else void call(this.#kept, '', { method: 'DELETE', keepalive: true }).catch(() => undefined);
    this.#ended('customer');
  }

  async preview(): Promise<void> {
    // Opened at once: later the browser would take it for a pop-up that nobody asked for.
    const view = open('about:blank', '_blank');
    try {
      const answer = await call(this.#kept, '/preview', { method: 'POST' });
      const { url } = (await answer.json()) as { readonly url: string };
      if (!view) throw new Error('the browser blocked the window: allow pop-ups for this page');
      view.opener = null;
      view.location.replace(new URL(url, this.#kept.server).href);
    } catch (error) {
      view?.close();
      throw error;
    }
  }

  chat(text: string): void {
    // The server reads HTML text; what a person types is none.
    const html = text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`).replace(/\n/g, '<br>');
    this.#transport.send({ kind: 'say', text: html });
  }

  on<K extends keyof Events>(event: K, fn: (value: Events[K]) => void): void {
    this.#listeners[event].add(fn);
  }

  off<K extends keyof Events>(event: K, fn: (value: Events[K]) => void): void {
    this.#listeners[event].delete(fn);
  }

  #emit<K extends keyof Events>(event: K, value: Events[K]): void {
    for (const fn of this.#listeners[event]) {
      try {
        fn(value);
      } catch (error) {
        // The page's fault, reported where the page's faults go; the session goes on.
        reportError(error);
      }
    }
  }

  #connect(): Transport {
    const transport = new Transport(this.#kept, {
      open: () => transport.send({ kind: 'hello', protocol: ProtocolVersion, table: TABLE_VERSION, client: 'vitrine-sdk/1' }),
      frame: (frame) => this.#heard(frame),
      lost: () => this.#ended('customer-gone'),
    });
    void transport.connect();
    return transport;
  }

  #heard(frame: ToCustomer): void {
    switch (frame.kind) {
      case 'welcome':
        return this.#welcome(frame.salt);
      case 'ping':
        return this.#transport.send({ kind: 'pong', seq: frame.seq });
      case 'state':
        return frame.state === SessionState.Ended ? this.#ended(reasons.get(frame.reason) ?? 'none') : this.#move(states.get(frame.state) ?? 'waiting');
      case 'ask':
        this.#asks.push(frame);
        if (this.#asks.length === 1) void this.#answer();
        return;
      case 'scopes':
        return this.#setScopes(scopeNames(frame.granted));
      case 'agents':
        this.#agents = frame.list;
        this.#emit('agent', frame.list);
        return this.#show();
      case 'share':
        return frame.on ? this.#capture?.start(frame.epoch) : this.#capture?.stop();
      case 'resync':
        return this.#capture?.on ? this.#capture.start(frame.epoch) : undefined;
      case 'said':
        return this.#said({ from: frame.from === 0 ? '' : frame.name, text: frame.runs.map(({ style, text }) => (style & 24 ? `\n${text}` : text)).join('').trim() });
      case 'ticket':
        this.#kept.token = frame.token;
        return;
      case 'quality':
        return this.#emit('quality', { roundTrip: frame.roundTrip, stale: frame.stale, degraded: frame.degraded });
      case 'want':
        return void this.#assets?.want(frame.hashes);
      case 'stroked':
        return this.#ui.ink.draw(frame);
      case 'pointed':
        return this.#point(frame.from, frame.kind === 'pointed' ? frame.pointerKind : 0, frame);
      case 'pong':
      case 'ack':
        return;
      default:
        if (this.#capture) dispatch(frame, this.#capture, this.#scopes, (answer) => this.#transport.send(answer));
    }
  }

  /** A new connection: nothing of the one before counts, and the assets are offered again. */
  #welcome(salt: number): void {
    const epoch = this.#capture?.epoch ?? 0;
    this.#capture?.stop();
    this.#assets?.close();
    const transport = this.#transport;
    this.#assets = new Assets(salt, transport);
    this.#capture = new Capture(transport, this.#masks, this.#assets, epoch);
  }

  #move(state: State): void {
    if (state === this.#state || !moves[this.#state].includes(state)) return;
    this.#state = state;
    this.#emit('state', state);
    this.#show();
  }

  #setScopes(list: readonly ScopeName[]): void {
    this.#scopes = list;
    this.#emit('scope', list);
    this.#show();
  }

  #show(): void {
    if (this.#state !== 'ended') this.#ui.show({ state: this.#state, code: this.#kept.code, agents: this.#agents, scopes: this.#scopes });
  }

  #said(message: Message): void {
    this.#emit('chat', message);
    this.#ui.said(message);
  }

  /** Asks the customer, one question after the other. Whatever goes wrong is a refusal. */
  async #answer(): Promise<void> {
    for (let frame = this.#asks[0]; frame; frame = this.#asks[0]) {
      const ask: Ask = { agent: frame.name, company: frame.company || this.#kept.company, scopes: scopeNames(frame.scopes) };
      let yes = false;
      try {
        if (this.#kept.ui === 'none' && !this.#consent) await new Promise<void>((done) => (this.#ready = done));
        yes = (await (this.#consent ? this.#consent(ask) : this.#ui.ask(ask))) === true;
      } catch (error) {
        reportError(error);
      }
      if (this.#over.signal.aborted) return;
      this.#asks.shift();
      this.#transport.send({ kind: 'answer', ask: frame.ask, granted: yes ? frame.scopes : 0 });
    }
  }

  #point(from: number, kind: number, { epoch, node, x, y }: { epoch: number; node: number; x: number; y: number }): void {
    const name = this.#agents.find(({ id }) => id === from)?.name ?? '';
    const at = epoch === this.#capture?.epoch ? (node === 0 ? document.documentElement : this.#capture.node(node)) : undefined;
    if (!(at instanceof Element)) return;
    const box = rectOf(at);
    this.#ui.ink.point(from, name, kind, box.left + (box.width * x) / 65535, box.top + (box.height * y) / 65535);
  }

  /** Shows agents where the customer's mouse is. */
  #followPointer(signal: AbortSignal): void {
    let last = 0;
    listen(document, 'pointermove', (event) => {
      const capture = this.#capture;
      const target = event.composedPath()[0];
      if (!capture?.on || this.#state !== 'active' || event.timeStamp - last < POINTER_EVERY || !(target instanceof Node)) return;
      last = event.timeStamp;
      const node = capture.idOf(target);
      const at = capture.node(node);
      if (node === 0 || !(at instanceof Element)) return;
      const { left, top, width, height } = rectOf(at);
      const { clientX, clientY } = event as PointerEvent;
      const part = (n: number, size: number): number => Math.round(Math.min(Math.max(n / (size || 1), 0), 1) * 65535);
      this.#transport.send({ kind: 'pointer', pointerKind: 0, epoch: capture.epoch, node, x: part(clientX - left, width), y: part(clientY - top, height) });
    }, signal);
  }

  /** A code that has expired is replaced while nobody has used it. */
  #renewCode(): void {
    const wait = Math.max(this.#kept.codeExpires * 1000 - Date.now(), 5000);
    const timer = setTimeout(() => {
      if (this.#state !== 'waiting') return;
      void call(this.#kept, '/code', { method: 'POST' })
        .then(async (answer) => {
          const next = (await answer.json()) as { readonly code: string; readonly codeExpires: number; readonly token?: string };
          Object.assign(this.#kept, { code: next.code, codeExpires: next.codeExpires, token: next.token ?? this.#kept.token });
          this.#show();
          this.#renewCode();
        })
        .catch(() => undefined);
    }, wait);
    this.#over.signal.addEventListener('abort', () => clearTimeout(timer));
  }

  /** The page goes; the next one of this tab goes on. */
  #leave(): void {
    leave(this.#kept);
    this.#capture?.stop();
    this.#transport.cut();
  }

  #ended(reason: EndName): void {
    if (this.#state === 'ended') return;
    this.#over.abort();
    this.#capture?.stop();
    this.#assets?.close();
    this.#capture = this.#assets = null;
    this.#transport.close();
    take(); // a page before this one may have left something
    this.#agents = [];
    this.#scopes = [];
    const wasSeen = this.#state !== 'waiting';
    this.#state = 'ended';
    this.#ui.end(!wasSeen);
    this.#emit('state', 'ended');
    this.#emit('end', reason);
  }
}
