// The connection to the server: five negotiated channels, the message layer, pings, and a new connection when one breaks.
import { decode, encode } from '../wire/codec';
import { Channel, fromCustomer, toCustomer } from '../wire/frames';
import type { FromCustomer, ToCustomer } from '../wire/frames';
import { Assembler, deflate, messages } from '../wire/message';
import { later } from './natives';
import { SignalError, call } from './signal';
import type { Kept } from './signal';

const CHANNELS: readonly (readonly [string, RTCDataChannelInit])[] = [
  ['ctl', {}],
  ['dom', {}],
  ['asset', { ordered: false }],
  ['ptr', { ordered: false, maxRetransmits: 0 }],
  ['input', {}],
];
const SHAKY = 2000; // milliseconds that a connection may be disconnected
const SILENT = 10_000; // milliseconds without a word from the server
const PING = 2500;
const RETRY = [200, 500, 1000, 2000, 4000];

/** What the session hears. */
export interface TransportEvents {
  /** A connection is open; nothing was said on it yet. */
  open(): void;
  frame(frame: ToCustomer): void;
  /** The session is over as far as the server is concerned. */
  lost(): void;
}

/** Keeps a session connected. */
export class Transport {
  readonly #kept: Kept;
  readonly #on: TransportEvents;
  #peer: RTCPeerConnection | null = null;
  #channels: RTCDataChannel[] = [];
  #queue: Promise<void> | null = null;
  #queued = 0; // bytes being deflated
  #heard = 0;
  #pings = 0;
  #clock = 0;
  #shaky = 0;
  #tries = 0;
  #closed = false;

  constructor(kept: Kept, on: TransportEvents) {
    this.#kept = kept;
    this.#on = on;
  }

  /** Opens a connection, and another whenever one breaks. */
  async connect(): Promise<void> {
    this.#drop();
    const peer = new RTCPeerConnection({ iceServers: this.#kept.ice });
    this.#peer = peer;
    this.#channels = CHANNELS.map(([label, init], id) => this.#channel(peer, label, { ...init, negotiated: true, id }));
    peer.onconnectionstatechange = () => this.#state(peer);
    try {
      const offer = await peer.createOffer();
      await peer.setLocalDescription(offer);
      const answer = await call(this.#kept, '/connections', { method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: offer.sdp ?? '' });
      const sdp = await answer.text();
      if (peer === this.#peer) await peer.setRemoteDescription({ type: 'answer', sdp });
    } catch (error) {
      if (peer !== this.#peer) return;
      // 401, 403, 404, 410: the token or the session is gone for good. Anything else may pass.
      if (error instanceof SignalError && error.status < 500 && error.status !== 429) this.#on.lost();
      else this.#again();
    }
  }

  #channel(peer: RTCPeerConnection, label: string, init: RTCDataChannelInit): RTCDataChannel {
    const channel = peer.createDataChannel(label, init);
    const id = init.id ?? 0;
    channel.binaryType = 'arraybuffer';
    const assembler = new Assembler(
      (bytes) => {
        if (peer === this.#peer) this.#on.frame(decode(toCustomer, id, bytes));
      },
      () => {
        if (peer === this.#peer) this.#again();
      },
    );
    channel.onmessage = ({ data }) => {
      this.#heard = performance.now();
      if (data instanceof ArrayBuffer) assembler.push(new Uint8Array(data));
    };
    channel.onopen = () => {
      if (peer !== this.#peer || !this.#channels.every((c) => c.readyState === 'open')) return;
      this.#heard = performance.now();
      this.#tries = 0;
      this.#clock = setInterval(() => this.#tick(), PING);
      this.#on.open();
    };
    channel.onclose = () => {
      if (peer === this.#peer) this.#again();
    };
    return channel;
  }

  #state(peer: RTCPeerConnection): void {
    if (peer !== this.#peer) return;
    clearTimeout(this.#shaky);
    if (peer.connectionState === 'failed') this.#again();
    else if (peer.connectionState === 'disconnected') this.#shaky = later(() => this.#again(), SHAKY);
  }

  #tick(): void {
    if (performance.now() - this.#heard > SILENT) this.#again();
    else this.send({ kind: 'ping', seq: ++this.#pings });
  }

  #again(): void {
    this.#drop();
    if (this.#closed) return;
    this.#shaky = later(() => void this.connect(), RETRY[Math.min(this.#tries++, RETRY.length - 1)] ?? 0);
  }

  #drop(): void {
    clearInterval(this.#clock);
    clearTimeout(this.#shaky);
    const peer = this.#peer;
    this.#peer = null;
    this.#channels = [];
    this.#queue = null;
    this.#queued = 0;
    peer?.close();
  }

  /** Whether frames can be sent. */
  get open(): boolean {
    return this.#channels[Channel.Ctl]?.readyState === 'open';
  }

  /** Sends a frame on its channel. What is not connected does not hear it: the snapshot after the next connection says all. */
  send(frame: FromCustomer): void {
    const { channel, bytes } = encode(fromCustomer, frame);
    this.#out(this.#channels[channel], messages(bytes));
  }

  #out(channel: RTCDataChannel | undefined, list: readonly Uint8Array[]): void {
    if (channel?.readyState !== 'open') return;
    try {
      for (const message of list) channel.send(message as Uint8Array<ArrayBuffer>);
    } catch {
      this.#again(); // the browser's buffer is full: the connection does not move
    }
  }

  /** Sends a batch, deflated when that is worth it. The order is kept. */
  dom(frame: Uint8Array): void {
    const channel = this.#channels[Channel.Dom];
    if (!this.#queue && frame.length < 1024) {
      this.#out(channel, messages(frame));
      return;
    }
    this.#queued += frame.length;
    const work = async (): Promise<void> => {
      const packed = await deflate(frame);
      this.#queued = Math.max(0, this.#queued - frame.length);
      this.#out(channel, messages(frame, packed));
    };
    const queued: Promise<void> = (this.#queue ?? Promise.resolve()).then(work).finally(() => {
      if (this.#queue === queued) this.#queue = null;
    });
    this.#queue = queued;
  }

  /** Bytes that wait to be sent on the dom channel. */
  pressure(): number {
    return this.#queued + (this.#channels[Channel.Dom]?.bufferedAmount ?? 0);
  }

  /** Resolves when at most max bytes wait on the asset channel. */
  async drained(max: number): Promise<void> {
    const channel = this.#channels[Channel.Asset];
    if (!channel || channel.bufferedAmount <= max) return;
    channel.bufferedAmountLowThreshold = max >> 1;
    await new Promise<unknown>((done) => {
      channel.onbufferedamountlow = done;
      channel.addEventListener('close', done, { once: true });
    });
  }

  /** Closes the connection for good, after what was said has had the time to leave. */
  close(): void {
    this.#closed = true;
    const peer = this.#peer;
    this.#peer = null; // nothing is heard any more
    this.#drop();
    if (peer) later(() => peer.close(), 300);
  }

  /** Closes the connection at once: the page goes. */
  cut(): void {
    this.#closed = true;
    this.#drop();
  }
}
