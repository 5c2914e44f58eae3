// The session as the page sees it: states, consent, and what connects the connection, the capture and the SDK's own UI.
import { PointerKind, ProtocolVersion } from '../wire/frames';
import type { Ask as AskFrame, Pointed, ToCustomer } from '../wire/frames';
import { TABLE_VERSION } from '../wire/vocabulary';
import type { Assets } from './assets';
import { Capture } from './capture';
import type { Guests } from './guests';
import type { Agent, Ask, EndReason, Events, Scope, Session, StartOptions, State } from './index';
import { inputType, Masks } from './mask';
import { hooks, isElement, later, listen, ours, rectOf, rootElement } from './natives';
import { ALL_BUT_VIEW, HANDS, POINTER_EVERY, scopeNames, scopes, states } from './names';
import { part } from './parts';
import { pageRect } from './place';
import type { Parts } from './parts';
import { Privacy } from './privacy';
import { call, leave, renew, take } from './signal';
import type { Kept } from './signal';
import type { lend } from './tabs';
import type { Transport } from './transport';
import type { InputFrame } from './input';
import type { UI } from './ui';

/** A session of this page. */
export class PageSession implements Session {
  readonly #kept: Kept;
  readonly #more: Parts['session'];
  readonly #listeners = new Map<string, Set<(value: never) => void>>();
  readonly #masks: Masks;
  readonly #ui: UI;
  #over = new AbortController();
  readonly #asks: AskFrame[] = [];
  // How the page asks, if it does so itself, and who waits for it to say how; its frames of other origins, and its tie to other tabs.
  readonly #page: { consent: StartOptions['consent']; ready?: () => void; guests?: Guests; tabs?: ReturnType<typeof lend> };
  #transport: Transport;
  #assets: Assets | undefined;
  #capture: Capture | undefined;
  #state: State = 'waiting';
  #agents: readonly Agent[] = [];
  #scopes: readonly Scope[] = [];
  // What the customer decided last. A connection that breaks may take the word with it; then it is said again. And the
  // state that the server told last, and that the company's rules keep this page from the agents.
  readonly #said = { held: false, taken: 0, gone: false, lent: false, told: 'waiting' as State, closed: false };

  constructor(kept: Kept, more: Parts['session'], consent: StartOptions['consent']) {
    this.#kept = kept;
    this.#more = more;
    this.#page = { consent };
    more.shares.canvas = kept.canvas === true;
    if (kept.frames?.length) this.#invite(kept.frames).catch(reportError);
    this.#masks = new Masks(kept.mask);
    this.#ui = new more.UI(kept, this, () => this.#rewritten());
    this.#transport = this.#connect();
    this.#page.tabs = this.#more.lend(this.id, () => this.#lends(), () => this.#lend(), () => this.#ended('none'));
    this.#attend();
    this.#renewCode();
    this.#show();
  }

  /** Listens to the page. A page that was written anew (document.open) has forgotten every listener. */
  #attend(): void {
    this.#over.abort();
    this.#over = new AbortController();
    const { signal } = this.#over;
    listen(window, 'pagehide', () => {
      this.#page.tabs?.close(); // browsers keep no page that listens to others
      if (this.#said.gone) return; // the session is still with another page
      this.#said.gone = true;
      leave(this.#kept);
      this.#capture?.stop();
      this.#transport.close();
    }, signal);
    listen(window, 'pageshow', (event) => {
      if (!(event as PageTransitionEvent).persisted) return;
      this.#page.tabs = this.#more.lend(this.id, () => this.#lends(), () => this.#lend(), () => this.#ended('none'));
      if (this.#said.lent) void this.#takeHome();
      else this.#return(20);
    }, signal);
    listen(window, 'scroll', () => this.#ui.ink.scrolled(), signal);
    for (const at of [window, document]) listen(at, 'focus visibilitychange', () => void this.#takeHome(), signal);
    this.#followPointer(signal);
    this.#followHands(signal);
  }

  /** Back from the browser's cache of pages: the page that is left may tell a moment later, from another process. */
  #return(tries: number): void {
    this.#move('resuming', 'none');
    const kept = take();
    if (kept) {
      this.#said.gone = false;
      Object.assign(this.#kept, kept); // that page has used tokens
      this.#transport = this.#connect();
    } else if (tries) later(() => this.#return(tries - 1), 100);
    else this.#ended('none'); // it ended on that page
  }

  /** Whether the session can go to another tab: before the customer agreed to anything it stays. */
  #lends(): boolean {
    return !this.#said.gone && /active|paused|resuming/.test(this.#state);
  }

  /** The customer looks at another tab, which asks for the session: it goes on there, and comes home when they look at this one. */
  #lend(): Kept {
    this.#said.gone = this.#said.lent = true;
    this.#capture?.stop();
    this.#transport.close();
    this.#move('resuming', 'none');
    return this.#kept;
  }

  async #takeHome(): Promise<void> {
    if (!this.#said.lent || document.visibilityState === 'hidden') return;
    this.#said.lent = false;
    // Who does not answer is gone; then what was known here is the best there is.
    Object.assign(this.#kept, await this.#more.ask(this.id));
    if (this.#past) return;
    this.#said.gone = false;
    this.#transport = this.#connect();
  }

  /** The page took the SDK's part out with much else: everything is looked at anew. */
  #rewritten(): void {
    this.#attend();
    if (!this.#capture?.on) return;
    this.#capture.stop();
    this.#capture.start(0);
  }

  /** From the end there is no way back, whatever a late frame says. */
  get #past(): boolean {
    return this.#state === 'ended';
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

  get scopes(): readonly Scope[] {
    return this.#scopes;
  }

  /** Takes the consent function of a page that came to a session which was going on. */
  attach({ consent }: StartOptions): void {
    this.#page.consent = consent ?? this.#page.consent;
    this.#page.ready?.();
  }

  pause(): void {
    this.#said.held = true;
    this.#capture?.stop(); // at once, whatever the connection does
    this.#transport.send({ kind: 'pause', paused: true });
  }

  resume(): void {
    this.#said.held = false;
    this.#transport.send({ kind: 'pause', paused: false });
    if (this.#state === 'paused') this.#capture?.start(0);
  }

  revoke(scope?: Scope): void {
    if (scope === 'view') {
      this.end();
      return;
    }
    this.#takeBack(scope ? 1 << scopes.indexOf(scope) : ALL_BUT_VIEW);
  }

  #takeBack(bits: number): void {
    for (const name of this.#scopes) this.#said.taken |= bits & (1 << scopes.indexOf(name));
    this.#set(this.#scopes.filter((name) => !scopeNames(bits).includes(name)));
    this.#transport.send({ kind: 'revoke', scopes: bits });
  }

  end(): void {
    if (this.#past) return;
    this.#capture?.stop();
    // What is said on a connection that is broken arrives nowhere.
    if (!this.#transport.send({ kind: 'end' }) || this.#state === 'resuming') void call(this.#kept, '', { method: 'DELETE', keepalive: true }).catch(() => undefined);
    this.#ended('customer');
  }

  preview(): Promise<void> {
    return this.#more.openPreview(this.#kept);
  }

  chat(text: string): void {
    // The server reads HTML text; what a person types is none.
    const html = text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`).replace(/\n/g, '<br>');
    if (new TextEncoder().encode(html).length > 8192) throw new RangeError('a chat message holds at most 8,192 bytes');
    this.#transport.send({ kind: 'say', text: html });
  }

  on<K extends keyof Events>(event: K, fn: (value: Events[K]) => void): void {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(fn));
  }

  off<K extends keyof Events>(event: K, fn: (value: Events[K]) => void): void {
    this.#listeners.get(event)?.delete(fn);
  }

  #emit<K extends keyof Events>(event: K, value: Events[K]): void {
    for (const fn of (this.#listeners.get(event) ?? []) as Set<(value: Events[K]) => void>) {
      try {
        fn(value);
      } catch (error) {
        // The page's fault, reported where the page's faults go; the session goes on.
        reportError(error);
      }
    }
  }

  #connect(): Transport {
    return new this.#more.Transport(this.#kept, {
      open: () => {
        this.#transport.send({ kind: 'hello', protocol: ProtocolVersion, table: TABLE_VERSION, client: 'vitrine-sdk/1' });
        this.#capture?.stop(); // its batches build on some that the connection before took along
      },
      frame: (frame) => this.#heard(frame),
      down: () => this.#move('resuming', 'none'),
      back: () => this.#move(this.#said.told, 'none'),
      lost: () => this.#ended('customer-gone'),
    });
  }

  #heard(frame: ToCustomer): void {
    switch (frame.kind) {
      case 'welcome':
        return this.#welcome(frame.salt);
      case 'ping':
        return void this.#transport.send({ kind: 'pong', seq: frame.seq });
      case 'state':
        return this.#move((this.#said.told = states[frame.state] ?? 'ended'), this.#more.reasons[frame.reason] ?? 'none');
      case 'ask':
        // After a break of the connection, a question is put again.
        if (!this.#asks.some(({ ask }) => ask === frame.ask) && this.#asks.push(frame) === 1) void this.#answer(frame);
        return;
      case 'scopes':
        if ((this.#said.taken &= frame.granted)) this.#transport.send({ kind: 'revoke', scopes: this.#said.taken });
        return this.#set(scopeNames(frame.granted & ~this.#said.taken));
      case 'agents':
        this.#agents = frame.list;
        this.#emit('agent', frame.list);
        return this.#show();
      case 'share':
        if (frame.on && !this.#said.held) return this.#capture?.start(frame.epoch);
        if (this.#said.held) this.pause();
        return this.#capture?.stop();
      case 'resync':
        if (!this.#page.guests?.refused(frame.rule, this.#capture?.node(frame.node)) && frame.rule.startsWith('row30') && this.#assets) this.#assets.plain = true;
        return this.#capture?.on ? this.#capture.start(frame.epoch) : undefined;
      case 'said': {
        const text = frame.runs.map((run) => (run.style & 24 ? '\n' : '') + run.text).join('').trim();
        const message = { from: frame.from ? frame.name : '', text };
        this.#emit('chat', message);
        return this.#ui.said(message);
      }
      case 'closed':
        return this.#close(frame.closed);
      case 'ticket':
        return renew(this.#kept, frame.token);
      case 'quality':
        return this.#emit('quality', { ...frame, path: this.#more.paths[frame.path] ?? 'unknown' });
      case 'want':
        return void this.#assets?.want(frame.hashes);
      case 'stroked':
        return this.#ui.ink.draw(frame);
      case 'pointed':
        return this.#point(frame);
      case 'pong':
      case 'ack':
        return;
      case 'click':
      case 'drag':
      case 'typeText':
      case 'pressKey':
      case 'scrollTo':
      case 'choose':
      case 'setValue':
      case 'navigate':
        return void this.#carryOut(frame);
      default:
        frame satisfies never;
    }
  }

  /** Carries an agent's input out. The part that does it comes with the first one; the order stays. */
  async #carryOut(frame: InputFrame): Promise<void> {
    if (this.#page.guests?.takes(frame, this.#scopes)) return;
    const { dispatch } = await part('control');
    if (this.#capture) await dispatch(frame, this.#capture, this.#scopes, (answer) => void this.#transport.send(answer));
  }

  /** Lets documents of other origins in the page's frames be shown, too. The part that does it comes only where there are such. */
  async #invite(origins: readonly string[]): Promise<void> {
    const { Guests } = await part('frames');
    if (this.#past) return;
    this.#page.guests = new Guests({
      origins, rules: this.#kept.mask, masks: this.#masks, canvas: this.#kept.canvas === true, codes: this.#more,
      capture: () => this.#capture, assets: () => this.#assets, send: (frame) => void this.#transport.send(frame),
    });
    if (this.#capture?.on) this.#rewritten(); // from the start, with the guests
  }

  /** A new connection: nothing of the one before counts, and the assets are offered again. */
  #welcome(salt: number): void {
    this.#said.closed = false;
    this.#capture?.stop();
    this.#assets?.close();
    const assets = (this.#assets = new this.#more.Assets(salt, this.#transport));
    assets.painter = (canvas, id) => void this.#paint(assets, canvas, id).catch(reportError);
    this.#capture = new Capture(this.#transport, this.#masks, this.#assets, this.#capture?.epoch ?? 0);
  }

  /** Pictures are taken of a canvas while it may be seen. The part that does it comes with the first one. */
  async #paint(assets: Assets, canvas: HTMLCanvasElement, id: number): Promise<void> {
    const { Canvases } = await part('canvas');
    if (assets !== this.#assets) return;
    assets.painted ??= new Canvases(assets, (el) => this.#capture?.on === true && this.#capture.privacy(el) === Privacy.Open);
    assets.painted.watch(canvas, id);
  }

  #move(state: State, reason: EndReason): void {
    if (state === 'ended') {
      this.#ended(reason);
    } else if (state !== this.#state && !this.#past) {
      this.#state = state;
      this.#emit('state', state);
      this.#show();
    }
  }

  #set(list: readonly Scope[]): void {
    this.#scopes = list;
    if (list.length > 1) part('control').catch(reportError); // ready before it is needed
    this.#emit('scope', list);
    this.#show();
  }

  #close(closed: boolean): void {
    this.#said.closed = closed;
    this.#show();
  }

  #show(): void {
    if (!this.#past) this.#ui.show(this, this.#said.closed);
  }

  /** Asks the customer, one question after the other. Whatever goes wrong is a refusal. */
  async #answer(frame: AskFrame): Promise<void> {
    const ask: Ask = { agent: frame.name, company: frame.company || this.#kept.site.company, scopes: scopeNames(frame.scopes) };
    let yes = false;
    try {
      if (this.#kept.ui === 'none' && !this.#page.consent) await new Promise<void>((done) => (this.#page.ready = done));
      yes = await (this.#page.consent ?? ((question) => this.#ui.ask(question)))(ask);
    } catch (error) {
      reportError(error);
    }
    if (this.#past) return;
    if (yes) this.#said.taken &= ~frame.scopes;
    this.#transport.send({ kind: 'answer', ask: frame.ask, granted: (yes as unknown) === true ? frame.scopes : 0 });
    this.#asks.shift();
    if (this.#asks[0]) void this.#answer(this.#asks[0]);
  }

  #point({ from, pointerKind, epoch, node, x, y }: Pointed): void {
    const at = epoch === this.#capture?.epoch && (node ? this.#capture.node(node) : rootElement());
    if (!at || !isElement(at)) return;
    const name = this.#agents.find(({ id }) => id === from)?.name ?? '';
    if (pointerKind === PointerKind.Laser && from && inputType(at) === 'file') this.#ui.wantsFile(name);
    const show = (left: number, top: number): void => this.#ui.ink.point([from, name, pointerKind], left, top);
    if (this.#page.guests?.of(at)) {
      void this.#page.guests.place(at, x, y).then((place) => place && show(...place));
      return;
    }
    const box = pageRect(at);
    show(box.left + (box.width * x) / 65535, box.top + (box.height * y) / 65535);
  }

  /** Shows agents where the customer's mouse is. */
  #followPointer(signal: AbortSignal): void {
    let last = 0;
    hooks.pointed = (event) => {
      const capture = this.#capture;
      // What an agent's click makes move, or a script, is not the customer's mouse.
      if (!event.isTrusted || !capture?.on || event.timeStamp - last < POINTER_EVERY) return;
      last = event.timeStamp;
      const node = capture.idOf(event.composedPath()[0] as Node);
      const at = capture.node(node);
      if (!isElement(at)) return;
      const { left, top, width, height } = rectOf(at);
      const { clientX, clientY } = event as PointerEvent;
      const part = (n: number): number => Math.round(Math.min(Math.max(n || 0, 0), 1) * 65535);
      this.#transport.send({ kind: 'pointer', pointerKind: 0, epoch: capture.epoch, node, x: part((clientX - left) / width), y: part((clientY - top) / height) });
    };
    listen(document, 'pointermove', (event) => hooks.pointed(event), signal);
  }

  /** Two people never operate one page: who presses a key or a button in their own page has control back at once. */
  #followHands(signal: AbortSignal): void {
    hooks.acted = ({ isTrusted, target, key }: Event & Partial<KeyboardEvent>) => {
      // The SDK's own buttons do what they say. Keys that only change what others do are no input yet.
      if (!isTrusted || ours.has(target as Node) || /^(Shift|Control|Alt|AltGraph|Meta|CapsLock)$/.test(key ?? '')) return;
      if (this.#scopes.some((name) => HANDS & (1 << scopes.indexOf(name)))) this.#takeBack(HANDS);
    };
    listen(window, 'pointerdown keydown wheel', (event) => hooks.acted(event), signal);
  }

  /** A code that has expired is replaced while nobody has used it. */
  #renewCode(): void {
    later(() => {
      if (this.#state === 'resuming') this.#renewCode(); // nobody may have used it by the time the network is back
      if (this.#state !== 'waiting') return;
      call(this.#kept, '/code', { method: 'POST' })
        .then(async (answer) => {
          Object.assign(this.#kept, await answer.json()); // code, codeExpires, token
          this.#show();
        })
        .catch(() => undefined) // tried again: an expired code helps nobody
        .finally(() => this.#renewCode());
    }, Math.max(this.#kept.codeExpires * 1000 - Date.now(), 5000));
  }

  #ended(reason: EndReason): void {
    if (this.#past) return;
    this.#over.abort();
    this.#page.tabs?.over();
    this.#capture?.stop();
    this.#page.guests?.close();
    this.#assets?.close();
    this.#capture = this.#assets = undefined;
    this.#transport.close(300);
    take(); // a page before this one may have left something
    this.#agents = this.#scopes = [];
    this.#ui.end(this.#state === 'waiting', reason === 'customer-gone');
    this.#state = 'ended';
    this.#emit('state', 'ended');
    this.#emit('end', reason);
  }
}
