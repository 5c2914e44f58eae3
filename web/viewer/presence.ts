// Whether the agent is there: an agent who looks away for too long ends the session.
const PRESENCE_EVERY = 10_000;

/** Tells the server whether the agent is there: the page can be seen, and something was done in it. */
export class Presence {
  private active = true;
  private readonly send: (visible: boolean, active: boolean) => void;
  private timer = setInterval(() => this.tell(), PRESENCE_EVERY);
  private readonly act = (): void => this.acted();
  private readonly changed = (): void => this.tell();

  constructor(send: (visible: boolean, active: boolean) => void) {
    this.send = send;
    document.addEventListener('visibilitychange', this.changed);
    for (const name of ['pointermove', 'pointerdown', 'keydown', 'wheel']) document.addEventListener(name, this.act, { capture: true, passive: true });
  }

  acted(): void {
    this.active = true;
  }

  /** Tells often enough for a server that takes the agent for away after so many seconds. */
  pace(awaySeconds: number): void {
    clearInterval(this.timer);
    this.timer = setInterval(() => this.tell(), Math.min(PRESENCE_EVERY, Math.max(250, awaySeconds * 300)));
  }

  tell(): void {
    this.send(document.visibilityState === 'visible', this.active);
    this.active = false;
  }

  stop(): void {
    clearInterval(this.timer);
    document.removeEventListener('visibilitychange', this.changed);
    for (const name of ['pointermove', 'pointerdown', 'keydown', 'wheel']) document.removeEventListener(name, this.act, { capture: true });
  }
}
