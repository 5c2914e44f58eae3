// Whether a connection still carries anything. Both sides of a session watch theirs alike: one whose network changed or
// broke is mended by an ICE restart (RFC 8445, section 9), which keeps its channels, before a new one is made.

const BEAT = 200; // milliseconds between two looks
/** The server speaks every second; who has not heard it for so long asks. */
const WORDLESS = 1000;
/** What is asked is answered, or at least packets come, within so long beyond the round trip. */
const REPLY = 400;
/** An answered restart brings a word within so long, relays included. */
const MENDED = 4000;
/** The server drops a connection that says nothing for so long, and so does this side. */
const SILENT = 10_000;
/** Looks that lie so far apart mean that the computer or the page slept. */
const SLEPT = 3000;

/**
 * Milliseconds that the server may take to say that it is there, at each further try. What is sent over a connection that is
 * stuck may arrive all the same, later, when nobody waits for the answer any more: so what spends a token goes out only
 * after something that spends none has come back.
 */
export const patience = (tries: number): number => Math.min(1500 * 1.5 ** tries, 10_000);

/** A wait between three quarters and five quarters of ms: after an outage, not everybody is back at one moment. */
export const spread = (ms: number): number => ms * (0.75 + Math.random() / 2);

/** What a pulse does with the connection that it watches. */
export interface Line {
  readonly peer: RTCPeerConnection;
  /** Says something that the server answers at once. */
  readonly ask: () => void;
  /** Resolves when the server can be reached; rejects when it cannot within so many milliseconds. */
  readonly reach: (within: number) => Promise<unknown>;
  /** Makes an offer and trades it for the server's answer; undefined when the server knows the connection no more. */
  readonly restart: (offer: () => Promise<string>) => Promise<string | undefined>;
  /** Nothing comes any more. */
  readonly quiet: () => void;
  /** Something comes again. */
  readonly back: () => void;
  /** It cannot be mended: a new connection is needed. Nothing else is called after this. */
  readonly broken: () => void;
}

/** Watches one connection that is open. */
export class Pulse {
  readonly #line: Line;
  readonly #over = new AbortController();
  #heard = performance.now();
  #looked = Date.now(); // by the clock that goes on while a computer sleeps
  #asked = 0; // when, 0: not since the last word
  #carried = 0; // what had come by then
  #trip = 0; // of the path, there and back
  #mending = false;
  #answered = 0; // when the restart was, 0: it was not yet
  #quiet = false;

  constructor(line: Line) {
    this.#line = line;
    const { signal } = this.#over;
    const clock = setInterval(() => void this.#look(), BEAT);
    signal.addEventListener('abort', () => clearInterval(clock));
    const doubt = (): void => this.#doubt();
    addEventListener('online', doubt, { signal });
    // Chromium tells of another network here, or of the same one that became slower.
    (navigator as { readonly connection?: EventTarget }).connection?.addEventListener('change', doubt, { signal });
    line.peer.addEventListener('connectionstatechange', () => {
      const { connectionState } = line.peer;
      if (connectionState === 'disconnected') this.#doubt();
      if (connectionState !== 'failed') return;
      if (this.#answered) this.#break();
      else void this.#mend();
    }, { signal });
  }

  /** Something came from the server. */
  word(): void {
    this.#heard = performance.now();
    this.#asked = 0;
    if (this.#answered) this.#mending = false;
    this.#answered = 0;
    if (!this.#quiet) return;
    this.#quiet = false;
    this.#line.back();
  }

  /** Ends the watch. */
  close(): void {
    this.#over.abort();
  }

  #closed(): boolean {
    return this.#over.signal.aborted;
  }

  #break(): void {
    if (this.#closed()) return;
    this.close();
    this.#line.broken();
  }

  #doubt(): void {
    if (this.#closed() || this.#asked || this.#mending) return;
    this.#asked = performance.now();
    this.#line.ask();
    void this.#came().then((n) => (this.#carried = n));
  }

  /** Counts what came. Acknowledgements and answers to ICE checks count as well, so a word that is lost on the way is no break. */
  async #came(): Promise<number> {
    let sum = 0;
    (await this.#line.peer.getStats()).forEach((entry: RTCIceCandidatePairStats) => {
      if (entry.type !== 'candidate-pair') return;
      sum += (entry.bytesReceived ?? 0) + (entry.responsesReceived ?? 0);
      if (entry.nominated) this.#trip = (entry.currentRoundTripTime ?? 0) * 1000;
    });
    return sum;
  }

  async #look(): Promise<void> {
    const now = performance.now();
    const slept = Date.now() - this.#looked > SLEPT;
    this.#looked = Date.now();
    // After a sleep, what came meanwhile is still waiting behind this look.
    if (slept) this.#doubt();
    else if (now - this.#heard > SILENT || (this.#answered && now - this.#answered > MENDED)) this.#break();
    else await this.#wait(now);
  }

  async #wait(now: number): Promise<void> {
    if (!this.#asked && now - this.#heard > WORDLESS) this.#doubt();
    if (this.#mending || !this.#asked || now - this.#asked < REPLY + this.#trip) return;
    const asked = this.#asked;
    if ((await this.#came()) === this.#carried) {
      if (this.#asked === asked) await this.#mend();
    } else if (this.#asked === asked) this.#asked = 0;
  }

  /** Whether something comes by the path that was given up. */
  async #revived(): Promise<boolean> {
    const before = await this.#came();
    await new Promise((done) => setTimeout(done, REPLY + this.#trip));
    return !this.#asked || (await this.#came()) !== before;
  }

  /** Restarts ICE. What was begun is brought to an end even if something comes meanwhile: the server may have done its part. */
  async #mend(): Promise<void> {
    if (this.#mending || this.#closed()) return;
    this.#mending = true;
    this.#quiet = true;
    this.#line.quiet();
    const { peer } = this.#line;
    const offer = async (): Promise<string> => {
      // Without an answer to the last one, the same offer still stands.
      if (peer.signalingState === 'stable') await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
      return peer.pendingLocalDescription?.sdp ?? '';
    };
    for (let tries = 0; !this.#closed(); tries++) {
      try {
        const began = performance.now();
        await this.#line.reach(patience(tries));
        // Nothing at all went through. Now that something does, the path as it was may do as well, and lose nothing more.
        if ((tries || performance.now() - began > REPLY) && peer.signalingState === 'stable' && (await this.#revived())) {
          this.#mending = false;
          this.#asked = 0;
          return;
        }
        if (this.#closed()) return;
        const sdp = await this.#line.restart(offer);
        if (this.#closed()) return;
        if (sdp === undefined) {
          this.#break();
          return;
        }
        await peer.setRemoteDescription({ type: 'answer', sdp });
        this.#answered = performance.now();
        return;
      } catch {
        // No way to the server now. The watch ends this when it lasts for too long.
        await new Promise((done) => setTimeout(done, BEAT));
      }
    }
  }
}
