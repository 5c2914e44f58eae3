// The connection to the server: five negotiated channels, the message layer, and a new connection when one cannot be mended.
import { decode, encode } from '../wire/codec';
import { DeflateFrom, answer, behind, chunk, end, gone, hello, offer, pause, ping, pointer, pong, receipt, revoke, say, toCustomer } from '../wire/frames';
import type { FrameTable } from '../wire/codec';
import type { Batch, FromCustomer, Stroke, ToCustomer } from '../wire/frames';
import { deflate, messages } from '../wire/message';
import { Pulse, patience, spread } from '../wire/pulse';
import { later } from './natives';
import { SignalError, call, reach } from './signal';
import type { Kept } from './signal';

// Batches are written by another hand, and nothing here draws.
const sent: FrameTable<Exclude<FromCustomer, Batch | Stroke>> = [hello, ping, pong, answer, revoke, pause, end, say, receipt, offer, gone, chunk, pointer, behind];

// ctl, dom, asset, ptr, input: the number is the stream's.
const CHANNELS: readonly RTCDataChannelInit[] = [{}, {}, { ordered: false }, { ordered: false, maxRetransmits: 0 }, {}];
const DOM = 1;
const ASSET = 2;
const MEND = 5000; // milliseconds that a call may take while the connection lasts
const OPEN = 10_000; // milliseconds from the answer until the channels are open
const FRESH = 60_000; // milliseconds that TURN credentials are used; they are good for twice as long
const GIVE_UP = 600_000; // milliseconds after which the next token is void as well

/** What the session hears. */
export interface TransportEvents {
  /** A connection is open; nothing was said on it yet. */
  open(): void;
  frame(frame: ToCustomer): void;
  /** Nothing comes any more; the connection is mended, or the next one is tried. */
  down(): void;
  /** The connection was mended: everything goes on as it was. */
  back(): void;
  /** The session is over as far as the server is concerned. */
  lost(): void;
}

/** Whether the token or the session is gone for good (401, 403, 404, 410), or the connection (412). Anything else may pass. */
const isRefusal = (error: unknown): boolean => error instanceof SignalError && error.status < 500 && error.status !== 429;

/** Keeps a session connected. */
export class Transport {
  readonly #kept: Kept;
  readonly #on: TransportEvents;
  #peer: RTCPeerConnection | undefined;
  #channels: RTCDataChannel[] = [];
  #queue: Promise<void> | undefined;
  #queued = 0; // bytes being deflated
  #pulse: Pulse | undefined; // while all channels are open
  #pings = 0;
  #timer = 0;
  #tries = 0;
  #since = Date.now(); // when the connection was lost
  readonly #place = { path: '', etag: '' }; // of the connection at the server
  readonly #over = new AbortController();

  constructor(kept: Kept, on: TransportEvents) {
    this.#kept = kept;
    this.#on = on;
    kept.iceAt ??= Date.now();
    // There is a network again: what is waited for is tried at once.
    addEventListener('online', () => {
      if (this.#tries && !this.#pulse) void this.#connect();
    }, { signal: this.#over.signal });
    void this.#connect();
  }

  /** Opens a connection, and another whenever one breaks. */
  async #connect(): Promise<void> {
    this.#drop();
    const peer = (this.#peer = new RTCPeerConnection({ iceServers: this.#kept.ice }));
    this.#channels = CHANNELS.map((init, id) => this.#channel(peer, { ...init, negotiated: true, id }, id));
    peer.onconnectionstatechange = () => {
      if (peer.connectionState === 'failed' && !this.#pulse) this.#again(peer);
    };
    try {
      if (this.#tries) await reach(this.#kept.server, patience(this.#tries));
      await this.#refresh(peer);
      await peer.setLocalDescription();
      await peer.setRemoteDescription({ type: 'answer', sdp: await this.#trade('POST', '/connections', peer.localDescription?.sdp ?? '') });
      if (peer === this.#peer && !this.#pulse) this.#timer = later(() => this.#again(peer), OPEN);
    } catch (error) {
      if (isRefusal(error) && peer === this.#peer) this.#on.lost();
      else this.#again(peer);
    }
  }

  /** Replaces TURN credentials that are no longer good, before anything is gathered with them. */
  async #refresh(peer: RTCPeerConnection, within?: number): Promise<void> {
    const kept = this.#kept;
    if (!kept.ice.length || Date.now() - (kept.iceAt ?? 0) < FRESH) return;
    const { ice } = (await (await call(kept, '/v1/ice', {}, within)).json()) as Pick<Kept, 'ice'>;
    Object.assign(kept, { ice, iceAt: Date.now() });
    peer.setConfiguration({ ...peer.getConfiguration(), iceServers: ice });
  }

  /** Trades an offer for an answer. */
  async #trade(method: string, path: string, body: string, within?: number): Promise<string> {
    const headers = { 'Content-Type': 'application/sdp', 'If-Match': this.#place.etag };
    const answer = await call(this.#kept, path, { method, headers, body }, within);
    const { path: known } = this.#place;
    Object.assign(this.#place, { path: answer.headers.get('Location') ?? known, etag: answer.headers.get('ETag') });
    return answer.text();
  }

  /** Watches a connection whose channels are open. */
  #watch(peer: RTCPeerConnection): void {
    clearTimeout(this.#timer);
    this.#tries = this.#since = 0;
    this.#pulse = new Pulse({
      peer,
      ask: () => void this.send({ kind: 'ping', seq: ++this.#pings }),
      reach: (within) => reach(this.#kept.server, within),
      restart: async (offer) => {
        try {
          await this.#refresh(peer, MEND);
          return await this.#trade('PATCH', this.#place.path, await offer(), MEND);
        } catch (error) {
          if (isRefusal(error)) return undefined;
          throw error;
        }
      },
      quiet: () => this.#on.down(),
      back: () => this.#on.back(),
      broken: () => this.#again(peer),
    });
    this.#on.open();
  }

  #channel(peer: RTCPeerConnection, init: RTCDataChannelInit, id: number): RTCDataChannel {
    const channel = peer.createDataChannel('', init);
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }) => {
      if (peer !== this.#peer) return;
      this.#pulse?.word();
      const message = new Uint8Array(data as ArrayBuffer);
      // What customers are told fits into one message and is never deflated.
      if (message[0] !== 0) this.#again(peer);
      else this.#on.frame(decode(toCustomer, id, message.subarray(1)));
    };
    channel.onopen = () => {
      if (peer === this.#peer && this.#channels.every((c) => c.readyState === 'open')) this.#watch(peer);
    };
    channel.onclose = () => this.#again(peer);
    return channel;
  }

  #again(peer: RTCPeerConnection): void {
    if (peer !== this.#peer) return;
    this.#drop();
    if (this.#over.signal.aborted) return;
    this.#since ||= Date.now();
    if (Date.now() - this.#since > GIVE_UP) return this.#on.lost();
    this.#on.down();
    // The first is tried at once; a server that is gone is not asked all the time.
    this.#timer = later(() => void this.#connect(), spread(Math.min(100 * 2 ** this.#tries++, 2000)));
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#pulse?.close();
    const peer = this.#peer;
    this.#peer = this.#queue = this.#pulse = undefined;
    this.#channels = [];
    this.#queued = 0;
    peer?.close();
  }

  /** Sends a frame on its channel. What is not connected does not hear it: the snapshot after the next connection says all. */
  send(frame: Exclude<FromCustomer, Batch | Stroke>): boolean {
    const { channel, bytes } = encode(sent, frame);
    return this.#out(channel, messages(bytes));
  }

  #out(id: number, list: readonly Uint8Array[]): boolean {
    const channel = this.#channels[id];
    if (channel?.readyState !== 'open') return false;
    try {
      for (const message of list) channel.send(message as Uint8Array<ArrayBuffer>);
    } catch {
      if (this.#peer) this.#again(this.#peer); // the browser's buffer is full: the connection does not move
    }
    return true;
  }

  /** Sends a batch, deflated when that is worth it. The order is kept. */
  dom(frame: Uint8Array): void {
    if (!this.#pulse) return; // nobody hears it; the snapshot after the next connection says all
    if (!this.#queue && frame.length < DeflateFrom) {
      this.#out(DOM, messages(frame));
      return;
    }
    this.#queued += frame.length;
    const queued: Promise<void> = (this.#queue ?? Promise.resolve())
      .then(() => deflate(frame))
      .then((packed) => {
        if (this.#queue === undefined) return; // the connection was dropped
        this.#queued -= frame.length;
        this.#out(DOM, messages(frame, packed));
        if (this.#queue === queued) this.#queue = undefined;
      });
    this.#queue = queued;
  }

  /** Bytes that wait to be sent on the dom channel. */
  pressure(): number {
    return this.#queued + (this.#channels[DOM]?.bufferedAmount ?? 0);
  }

  /** Resolves when at most max bytes wait on the asset channel. */
  async drained(max: number): Promise<void> {
    const channel = this.#channels[ASSET];
    if (!channel || channel.bufferedAmount <= max) return;
    channel.bufferedAmountLowThreshold = max >> 1;
    await new Promise<unknown>((done) => {
      // Several may wait at once: nobody's place is taken.
      for (const type of ['bufferedamountlow', 'close']) channel.addEventListener(type, done, { once: true });
    });
  }

  /** Closes the connection for good, after the given milliseconds in which what was said can leave. */
  close(after = 0): void {
    this.#over.abort();
    const peer = this.#peer;
    if (after) this.#peer = undefined; // nothing is heard any more
    this.#drop();
    if (after) later(() => peer?.close(), after);
  }
}
