// A page can be cheap to send and dear to lay out (threat rows 24 and 40), and the stage shares its thread with everything
// around it. The watchdog notices when that thread is kept busy; the stage then stops drawing until the agent wants it back.
const TICK = 250; // milliseconds
const MAX_BUSY = 4000; // of busy time that is not yet forgiven
const FORGIVEN = 0.2; // of the time that passes
const ASLEEP = 60_000; // a computer that slept was not busy

/** Calls back when the thread was kept busy for too long; then it rests until it is started again. */
export class Watchdog {
  private readonly bark: () => void;
  private timer: ReturnType<typeof setInterval> | undefined;
  private last = 0;
  private busy = 0;

  constructor(bark: () => void) {
    this.bark = bark;
  }

  /** Begins to watch, with everything forgiven. */
  start(): void {
    this.stop();
    this.last = performance.now();
    this.busy = 0;
    this.timer = setInterval(() => this.tick(), TICK);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private tick(): void {
    const now = performance.now();
    const passed = now - this.last;
    this.last = now;
    // Browsers slow the timers of hidden windows down.
    if (passed > ASLEEP || document.visibilityState === 'hidden') return;
    this.busy = Math.max(0, this.busy - passed * FORGIVEN) + Math.max(0, passed - TICK);
    if (this.busy < MAX_BUSY) return;
    this.stop();
    this.bark();
  }
}
