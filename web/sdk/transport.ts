// The connection to the server: five negotiated channels, the message layer, pings, and a new connection when one breaks.
import { decode, encode } from '../wire/codec';
import { DeflateFrom, answer, chunk, end, gone, hello, offer, pause, ping, pointer, pong, receipt, revoke, say, toCustomer } from '../wire/frames';
import type { FrameTable } from '../wire/codec';
import type { Batch, FromCustomer, Stroke, ToCustomer } from '../wire/frames';
import { deflate, messages } from '../wire/message';
import { later } from './natives';
import { SignalError, call } from './signal';
import type { Kept } from './signal';

// Batches are written by another hand, and nothing here draws.
const sent: FrameTable<Exclude<FromCustomer, Batch | Stroke>> = [hello, ping, pong, answer, revoke, pause, end, say, receipt, offer, gone, chunk, pointer];

// ctl, dom, asset, ptr, input: the number is the stream's.
const CHANNELS: readonly RTCDataChannelInit[] = [{}, {}, { ordered: false }, { ordered: false, maxRetransmits: 0 }, {}];
const DOM = 1;
const ASSET = 2;
const SHAKY = 2000; // milliseconds that a connection may be disconnected
const SILENT = 10_000; // milliseconds without a word from the server
const PING = 2500;

/** What the session hears. */
export interface TransportEvents {
  /** A connection is open; nothing was said on it yet. */
  open(): void;
  frame(frame: ToCustomer): void;
  /** The connection is gone; the next one is tried. */
  down(): void;
  /** The session is over as far as the server is concerned. */
  lost(): void;
}

/** Keeps a session connected. */
export class Transport {
  readonly #kept: Kept;
  readonly #on: TransportEvents;
  #peer: RTCPeerConnection | undefined;
  #channels: RTCDataChannel[] = [];
  #queue: Promise<void> | undefined;
  #queued = 0; // bytes being deflated
  #heard = 0;
  #pings = 0;
  #clock = 0;
  #timer = 0;
  #tries = 0;
  #closed = false;

  constructor(kept: Kept, on: TransportEvents) {
    this.#kept = kept;
    this.#on = on;
    void this.#connect();
  }

  /** Opens a connection, and another whenever one breaks. */
  async #connect(): Promise<void> {
    this.#drop();
    const peer = (this.#peer = new RTCPeerConnection({ iceServers: this.#kept.ice }));
    this.#channels = CHANNELS.map((init, id) => this.#channel(peer, { ...init, negotiated: true, id }, id));
    peer.onconnectionstatechange = () => {
      if (peer !== this.#peer) return;
      clearTimeout(this.#timer);
      if (peer.connectionState === 'failed') this.#again(peer);
      if (peer.connectionState === 'disconnected') this.#timer = later(() => this.#again(peer), SHAKY);
    };
    try {
      await peer.setLocalDescription();
      const body = peer.localDescription?.sdp ?? '';
      const answer = await call(this.#kept, '/connections', { method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body });
      await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
    } catch (error) {
      // 401, 403, 404, 410: the token or the session is gone for good. Anything else may pass.
      const gone = error instanceof SignalError && error.status < 500 && error.status !== 429;
      if (gone && peer === this.#peer) this.#on.lost();
      else this.#again(peer);
    }
  }

  #channel(peer: RTCPeerConnection, init: RTCDataChannelInit, id: number): RTCDataChannel {
    const channel = peer.createDataChannel('', init);
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }) => {
      if (peer !== this.#peer) return;
      this.#heard = performance.now();
      const message = new Uint8Array(data as ArrayBuffer);
      // What customers are told fits into one message and is never deflated.
      if (message[0] !== 0) this.#again(peer);
      else this.#on.frame(decode(toCustomer, id, message.subarray(1)));
    };
    channel.onopen = () => {
      if (peer !== this.#peer || this.#channels.some((c) => c.readyState !== 'open')) return;
      this.#heard = performance.now();
      this.#tries = 0;
      this.#clock = setInterval(() => {
        if (performance.now() - this.#heard > SILENT) this.#again(peer);
        else this.send({ kind: 'ping', seq: ++this.#pings });
      }, PING);
      this.#on.open();
    };
    channel.onclose = () => this.#again(peer);
    return channel;
  }

  #again(peer: RTCPeerConnection): void {
    if (peer !== this.#peer) return;
    this.#drop();
    if (this.#closed) return;
    this.#on.down();
    this.#timer = later(() => void this.#connect(), Math.min(200 * 2 ** this.#tries++, 4000));
  }

  #drop(): void {
    clearInterval(this.#clock);
    clearTimeout(this.#timer);
    const peer = this.#peer;
    this.#peer = this.#queue = undefined;
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
    this.#closed = true;
    const peer = this.#peer;
    if (after) this.#peer = undefined; // nothing is heard any more
    this.#drop();
    if (after) later(() => peer?.close(), after);
  }
}
