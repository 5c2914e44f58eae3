// One agent's view of one session: puts transport, replica, assets and input together.
import { type FromAgent, Move, PointerKind, Scope, type ToAgent } from '../wire/frames';
import type { Told } from './apply';
import { Assets } from './assets';
import { Drawings } from './draw';
import { Eyes } from './eyes';
import { pointOf } from './hit';
import type { ChatMessage, ChatRun, EndReason, Events, Found, Grant, Missing, Page, Quality, Scope as ScopeName, Sight, State, Tool, View, Zoom } from './index';
import type { Access } from './http';
import { Input, pageOffset } from './input';
import { bitsOf, pathOf, plain, reasonOf, scopesOf, stateOf } from './names';
import { reasonText } from './placeholder';
import { Presence } from './presence';
import { Replica } from './replica';
import { type Stage, makeStage } from './stage';
import { texts } from './texts';
import { type Line, type Listener, Transport } from './transport';
import { Watchdog } from './watchdog';

const HINT_EVERY = 2_000;
/** So many snapshots in a row that do not fit are more than bad luck. */
const MAX_NEEDS = 5;

const unmeasured: Quality = { roundTrip: 0, stale: 0, degraded: false, loss: 0, path: 'unknown', catchingUp: false, heals: 0 };

type Listeners = { readonly [K in keyof Events]: Set<(value: Events[K]) => void> };

const scopeBits = { point: Scope.Point, scroll: Scope.Scroll, click: Scope.Click, type: Scope.Type } as const;

/** The view and what starts it. */
export class AgentView implements View {
  readonly session: string;
  state: State = 'connecting';
  scopes: readonly ScopeName[] = [];
  page: Page = { origin: '', url: '', title: '' };
  private readonly place: Stage;
  private readonly replica: Replica;
  private readonly assets: Assets;
  private readonly drawings: Drawings;
  private readonly eyes: Eyes;
  private readonly input: Input;
  private readonly transport: Line;
  private readonly presence: Presence;
  private readonly watchdog = new Watchdog(() => this.rest());
  private readonly server = { self: 0, state: 'waiting' as State, granted: 0, driver: 0, needs: 0, hinted: 0, ending: false, missing: '[]', closed: false, quality: unmeasured };
  private readonly listeners: Listeners = {
    state: new Set(), page: new Set(), scope: new Set(), refused: new Set(), missing: new Set(), chat: new Set(), quality: new Set(), sight: new Set(), end: new Set(),
  };

  constructor(access: Access, container: HTMLElement, line = (listener: Listener): Line => new Transport(access, listener)) {
    this.session = access.session;
    this.place = makeStage(container, access.server);
    this.assets = new Assets((assets) => {
      this.replica.changed(assets);
      this.tellMissing();
    });
    this.replica = new Replica({
      document: () => this.place.document(),
      applied: (epoch, seq) => this.applied(epoch, seq),
      need: (epoch) => this.need(epoch),
      told: (told) => this.told(told),
      show: (visible) => this.place.show(visible),
      quirks: (on) => this.place.quirks(on),
    }, this.assets);
    this.drawings = new Drawings(this.place, () => pageOffset(this.place));
    this.eyes = new Eyes({
      stage: this.place, places: this.replica.places, tree: () => this.replica.tree,
      looked: (sight) => this.emit('sight', sight),
      redraw: () => this.drawings.redraw(),
    });
    this.input = new Input({
      stage: this.place, replica: this.replica, drawings: this.drawings, eyes: this.eyes,
      may: (scope) => this.may(scopeBits[scope]),
      send: (frame) => this.send(frame),
      refused: (rule) => this.hint(rule),
    });
    this.presence = new Presence((visible, active) => this.transport.send({ kind: 'presence', visible, active }));
    this.transport = line({
      up: () => this.presence.tell(),
      down: () => this.setState('connecting'),
      back: () => this.setState(this.stands()),
      frame: (frame) => this.frame(frame),
      roundTrip: (roundTrip) => this.setQuality({ roundTrip }),
      // The server closes the connection once it has ended the session; its last word may be lost with it.
      lost: (known) => this.finish(this.server.ending ? 'agent' : known ? 'gone' : 'lost'),
    });
  }

  get stage(): HTMLIFrameElement {
    return this.place.frame;
  }

  /** Whether the stage has its document. */
  get drawable(): boolean {
    return this.place.document() !== null;
  }

  get driver(): boolean {
    return this.server.driver !== 0 && this.server.driver === this.server.self;
  }

  get token(): string {
    return this.transport.token;
  }

  /** Connects; rejects with what the server said. */
  async start(): Promise<void> {
    try {
      await this.transport.start();
    } catch (error) {
      this.finish('lost');
      throw error;
    }
    this.place.onDocument(() => this.replica.reset());
    this.watchdog.start();
  }

  // The page keeps coming meanwhile, it is only not drawn.
  private rest(): void {
    this.place.rest(() => {
      this.replica.places.all();
      this.watchdog.start();
    });
  }

  private send(frame: FromAgent): void {
    this.presence.acted();
    this.transport.send(frame);
  }

  private may(bit: number): boolean {
    const { granted, driver, self } = this.server;
    return this.state === 'active' && !this.place.resting && (granted & bit) !== 0 && driver === self;
  }

  private hint(rule: string): void {
    const now = Date.now();
    if (now - this.server.hinted < HINT_EVERY) return;
    this.server.hinted = now;
    this.emit('refused', { rule, node: 0 });
  }

  private applied(epoch: number, seq: number): void {
    this.server.needs = 0;
    this.transport.send({ kind: 'ack', epoch, seq });
  }

  private need(epoch: number): void {
    if (this.state === 'ended') return;
    if (++this.server.needs > MAX_NEEDS) this.finish('fault');
    else this.transport.send({ kind: 'need', epoch });
  }

  private told(told: Told): void {
    if (told.view) {
      this.eyes.setRatio(told.view.ratio);
      this.place.resize(told.view.width, told.view.height);
    }
    if (told.page) this.setPage({ ...this.page, url: plain(told.page.url), title: plain(told.page.title) });
    this.drawings.redraw();
    this.eyes.draw();
    this.tellMissing();
  }

  private tellMissing(): void {
    const missing = [...this.replica.missing()].map(([reason, count]): Missing => ({ kind: 'image', reason: reasonText(reason) ?? '', count }));
    const sheets = this.replica.sheetless();
    if (sheets > 0) missing.push({ kind: 'sheet', reason: texts.missing.sheet, count: sheets });
    const key = JSON.stringify(missing);
    if (key === this.server.missing) return;
    this.server.missing = key;
    this.emit('missing', missing);
  }

  private frame(frame: ToAgent): void {
    switch (frame.kind) {
      case 'welcome':
        this.server.self = frame.self;
        this.server.closed = false;
        this.presence.pace(frame.awaySeconds);
        this.setPage({ ...this.page, origin: plain(frame.origin) });
        return;
      case 'state':
        this.server.state = stateOf(frame.state);
        if (this.server.state === 'ended') this.finish(reasonOf(frame.reason));
        else this.setState(this.stands());
        return;
      case 'scopes':
        this.setScopes(frame.granted, frame.driver);
        return;
      case 'batch':
        if ((this.server.granted & Scope.View) !== 0 && !this.server.closed) this.replica.push(frame);
        return;
      case 'ready':
        this.assets.ready(frame);
        return;
      case 'chunk':
        this.assets.chunk(frame);
        return;
      case 'gone':
        this.assets.gone(frame.asset, frame.reason);
        return;
      case 'pointed':
        this.pointed(frame);
        return;
      case 'stroked':
        this.drawings.add(frame.from, frame.tool, frame.colour, frame.points);
        return;
      case 'said':
        this.emit('chat', this.message(frame));
        return;
      case 'refused':
        this.emit('refused', { rule: frame.rule, node: frame.node });
        return;
      case 'quality':
        this.setQuality({
          roundTrip: this.server.quality.roundTrip || frame.roundTrip, stale: frame.stale, degraded: frame.degraded, loss: frame.loss, path: pathOf(frame.path),
          heals: frame.heals,
        });
        return;
      case 'behind':
        this.setQuality({ catchingUp: frame.behind });
        return;
      case 'closed':
        return this.close(frame.closed);
      case 'agents':
      case 'ping':
      case 'pong':
      case 'ticket':
        return;
      default:
        frame satisfies never;
    }
  }

  /** Where the session stands for this agent. */
  private stands(): State {
    return this.server.closed && this.server.state === 'active' ? 'closed' : this.server.state;
  }

  /** The company's rules keep the page from this agent, or do so no more. What is on its way then is of the page before. */
  private close(closed: boolean): void {
    this.server.closed = closed;
    if (closed) {
      this.eyes.wipe();
      this.replica.wipe();
      this.drawings.empty();
      this.setPage({ ...this.page, url: '', title: '' });
      this.tellMissing();
    } else {
      this.transport.send({ kind: 'need', epoch: this.replica.epoch });
    }
    if (this.state !== 'connecting') this.setState(this.stands());
  }

  private pointed(frame: Extract<ToAgent, { kind: 'pointed' }>): void {
    if (frame.pointerKind === PointerKind.Leave) {
      this.drawings.point(frame.from, null, false);
      if (frame.from === 0) this.replica.setHover(undefined);
      return;
    }
    const entry = frame.epoch === this.replica.epoch ? this.replica.tree?.find(frame.node) : undefined;
    if (!entry || !this.replica.tree) return;
    if (frame.from === 0) this.replica.setHover(entry);
    this.drawings.point(frame.from, pointOf(this.replica.tree, entry, frame.x, frame.y), frame.pointerKind === PointerKind.Laser);
  }

  private message(frame: Extract<ToAgent, { kind: 'said' }>): ChatMessage {
    const runs = frame.runs.map(({ style, text }): ChatRun => ({
      text, bold: (style & 1) !== 0, italic: (style & 2) !== 0, code: (style & 4) !== 0, item: (style & 8) !== 0, line: (style & 16) !== 0,
      target: (style & 32) !== 0,
    }));
    return { from: frame.from === 0 ? 'customer' : 'agent', self: frame.from === this.server.self, name: plain(frame.name), runs };
  }

  private setState(state: State): void {
    if (this.state === state || this.state === 'ended') return;
    this.state = state;
    this.emit('state', state);
  }

  private setQuality(quality: Partial<Quality>): void {
    this.server.quality = { ...this.server.quality, ...quality };
    this.emit('quality', this.server.quality);
  }

  private setPage(page: Page): void {
    this.page = page;
    this.emit('page', page);
  }

  private setScopes(granted: number, driver: number): void {
    this.server.granted = granted;
    this.server.driver = driver;
    this.scopes = scopesOf(granted);
    // Without consent to look, nothing stays on the stage.
    if ((granted & Scope.View) === 0) this.replica.wipe();
    const grant: Grant = { scopes: this.scopes, driver: this.driver };
    this.emit('scope', grant);
  }

  private finish(reason: EndReason): void {
    if (this.state === 'ended') return;
    this.transport.close();
    this.presence.stop();
    this.watchdog.stop();
    this.input.wipe();
    this.eyes.wipe();
    this.replica.wipe();
    this.drawings.wipe();
    this.assets.wipe();
    this.place.clear();
    this.server.granted = 0;
    this.scopes = [];
    this.page = { origin: '', url: '', title: '' };
    this.setState('ended');
    this.emit('end', reason);
  }

  private emit<K extends keyof Events>(event: K, value: Events[K]): void {
    for (const fn of [...this.listeners[event]]) fn(value);
  }

  request(what: 'control' | ScopeName): void {
    this.send({ kind: 'request', scopes: bitsOf(what) });
  }

  release(what: 'control' | ScopeName = 'control'): void {
    this.send({ kind: 'release', scopes: bitsOf(what) });
  }

  draw(tool: Tool, colour = 0): void {
    this.input.draw(tool, colour);
  }

  chat(text: string): void {
    if (new TextEncoder().encode(text).length > 8192) throw new RangeError('a chat message holds at most 8,192 bytes');
    if (text !== '') this.send({ kind: 'say', text });
  }

  get sight(): Sight {
    return this.eyes.sight;
  }

  zoom(to: Zoom): void {
    this.eyes.zoom(to);
  }

  zoomBy(step: 1 | -1): void {
    this.eyes.zoomBy(step);
  }

  follow(on: boolean): void {
    this.eyes.follow(on);
  }

  find(text: string, step: 1 | -1 = 1): Found {
    return this.eyes.find(text, step);
  }

  get selection(): string {
    return this.eyes.selected.text;
  }

  navigate(move: 'back' | 'forward' | 'reload'): void {
    const to = move === 'back' ? Move.Back : move === 'forward' ? Move.Forward : Move.Reload;
    this.send({ kind: 'navigate', seq: this.input.nextSeq(), from: 0, to });
  }

  end(): void {
    this.server.ending = true;
    if (this.state === 'connecting' || !this.transport.send({ kind: 'end' })) this.finish('agent');
  }

  on<K extends keyof Events>(event: K, fn: (value: Events[K]) => void): () => void {
    const set = this.listeners[event];
    set.add(fn);
    return () => set.delete(fn);
  }
}
