// Plays an opened recording on the stage that agents have: a view whose line is the recording.
import type { ToAgent } from '../wire/frames';
import type { Line, Listener } from '../viewer/transport';
import { AgentView } from '../viewer/view';
import type { Shot, Tape } from './tape';

/** What is longer than this is a pause. */
const PAUSE = 2_000;

/** Frames that say how things stand, of which the last one counts; all assets count. */
const standing = new Set<ToAgent['kind']>(['welcome', 'state', 'scopes', 'agents', 'behind']);
const kept = new Set<ToAgent['kind']>(['ready', 'chunk', 'gone']);

// A line that only gives: what a view would send goes nowhere.
class Reel implements Line {
  readonly token = '';
  private readonly listener: Listener;

  constructor(listener: Listener) {
    this.listener = listener;
  }

  start(): Promise<void> {
    this.listener.up();
    return Promise.resolve();
  }

  send(): boolean {
    return false;
  }

  close(): void {
    // There is nothing to close.
  }

  give(frame: ToAgent): void {
    this.listener.frame(frame);
  }
}

/** A recording on a stage, at a place of it. */
export class Show {
  at = 0;
  private next = 0;
  private view: AgentView | undefined;
  private reel: Reel | undefined;
  private readonly tape: Tape;
  private readonly container: HTMLElement;

  constructor(tape: Tape, container: HTMLElement) {
    this.tape = tape;
    this.container = container;
  }

  /** Shows the recording as it stood at a moment. */
  async seek(at: number): Promise<void> {
    const { shots } = this.tape;
    const after = shots.findIndex((shot) => shot.at > at);
    const end = after < 0 ? shots.length : after;
    let whole = end - 1;
    for (; whole >= 0; whole--) {
      const frame = shots[whole]?.frame;
      if (frame?.kind === 'batch' && frame.snapshot) break;
    }
    // Forward without a whole page in between nothing need be made anew.
    if (!this.view || end < this.next || whole > this.next) {
      await this.renew();
      const last = new Map<ToAgent['kind'], Shot>();
      for (const shot of shots.slice(0, Math.max(whole, 0))) {
        if (standing.has(shot.frame.kind)) last.set(shot.frame.kind, shot);
        else if (kept.has(shot.frame.kind)) this.reel?.give(shot.frame);
      }
      for (const { frame } of last.values()) this.reel?.give(frame);
      this.next = Math.max(whole, 0);
    }
    this.give(end);
    this.at = at;
  }

  private give(end: number): void {
    for (; this.next < end; this.next++) {
      const shot = this.tape.shots[this.next];
      if (shot) this.reel?.give(shot.frame);
    }
  }

  /** Goes on by some time, over pauses if that is wanted. Returns whether there is more. */
  step(by: number, skip: boolean): boolean {
    this.at = Math.min(this.at + by, this.tape.length);
    const coming = this.tape.shots[this.next]?.at ?? this.tape.length;
    if (skip && coming - this.at > PAUSE) this.at = coming - PAUSE / 4;
    const { shots } = this.tape;
    let end = this.next;
    while (end < shots.length && (shots[end]?.at ?? 0) <= this.at) end++;
    this.give(end);
    return this.at < this.tape.length;
  }

  private async renew(): Promise<void> {
    this.clear();
    const view = new AgentView({ server: location.origin, session: '', token: '', ice: [] }, this.container, (listener) => (this.reel = new Reel(listener)));
    this.view = view;
    await view.start();
    await this.ready(view);
    this.next = 0;
  }

  // The stage's document comes from the server; nothing can be drawn before it is there.
  private ready(view: AgentView): Promise<void> {
    return new Promise((done) => {
      if (view.drawable) done();
      else view.stage.addEventListener('load', () => done(), { once: true });
    });
  }

  /** Forgets everything. */
  clear(): void {
    this.view?.end();
    this.view = undefined;
    this.reel = undefined;
    this.container.replaceChildren();
  }
}
