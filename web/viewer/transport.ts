// The connection to the server: five data channels that both sides know beforehand, one offer, one answer. It comes back
// by itself when it breaks, each time with a fresh token.
import { decode, encode } from '../wire/codec';
import { Channel, type FromAgent, MaxMessageIn, ProtocolVersion, type ToAgent, fromAgent, toAgent } from '../wire/frames';
import { Assembler, messages } from '../wire/message';
import { TABLE_VERSION } from '../wire/vocabulary';
import { connect, freshICE } from './http';
import type { JoinError } from './index';

const PING_EVERY = 1_000;
/** Silence after which what is shown counts as frozen: the server speaks at least every second. */
const QUIET = 3_000;
const SILENCE = 10_000;
const CONNECT_WITHIN = 15_000;
/** A connection that stays away for longer does not come back. */
const GIVE_UP = 30_000;
const BACKOFF = [200, 500, 1_000, 2_000, 4_000];

const CHANNELS: readonly RTCDataChannelInit[] = [
  { negotiated: true, id: Channel.Ctl },
  { negotiated: true, id: Channel.Dom },
  { negotiated: true, id: Channel.Asset, ordered: false },
  { negotiated: true, id: Channel.Ptr, ordered: false, maxRetransmits: 0 },
  { negotiated: true, id: Channel.Input },
];
const LABELS = ['ctl', 'dom', 'asset', 'ptr', 'input'];

/** What a connection is made with. */
export interface Access {
  readonly server: string;
  readonly session: string;
  token: string;
  ice: RTCIceServer[];
}

/** Whom the transport talks to. */
export interface Listener {
  readonly up: () => void;
  readonly down: () => void;
  /** The connection was only quiet: it goes on. */
  readonly back: () => void;
  readonly frame: (frame: ToAgent) => void;
  readonly roundTrip: (milliseconds: number) => void;
  /** The connection will not come back. */
  readonly lost: () => void;
}

/** The connection of one agent to one session. */
export class Transport {
  private pc: RTCPeerConnection | null = null;
  private channels: RTCDataChannel[] = [];
  private heard = 0;
  private pinged = 0;
  private pings = 0;
  private attempt = 0;
  private downSince = 0;
  private over = false;
  private quiet = false;
  private timer: ReturnType<typeof setInterval> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly access: Access;
  private readonly listener: Listener;

  constructor(access: Access, listener: Listener) {
    this.access = access;
    this.listener = listener;
  }

  /** Good for the next connection, once. */
  get token(): string {
    return this.access.token;
  }

  /** Connects for the first time; rejects with what the server said. */
  async start(): Promise<void> {
    this.downSince = Date.now();
    this.timer = setInterval(() => this.tick(), PING_EVERY);
    addEventListener('online', this.online);
    try {
      await this.open();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  private async open(): Promise<void> {
    const pc = new RTCPeerConnection({ iceServers: this.access.ice });
    this.pc = pc;
    this.heard = Date.now();
    this.channels = CHANNELS.map((init, id) => this.channel(pc, init, id));
    pc.addEventListener('connectionstatechange', () => {
      if (pc === this.pc && (pc.connectionState === 'failed' || pc.connectionState === 'closed')) this.drop();
    });
    await pc.setLocalDescription();
    const offer = pc.localDescription?.sdp ?? '';
    const { answer, token } = await connect(this.access.server, this.access.session, this.access.token, offer);
    this.access.token = token;
    if (pc !== this.pc) return;
    await pc.setRemoteDescription({ type: 'answer', sdp: answer });
  }

  private channel(pc: RTCPeerConnection, init: RTCDataChannelInit, id: number): RTCDataChannel {
    const channel = pc.createDataChannel(LABELS[id] ?? '', init);
    channel.binaryType = 'arraybuffer';
    const assembler = new Assembler((bytes) => this.take(pc, id, bytes), () => this.drop());
    channel.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (pc !== this.pc) return;
      this.heard = Date.now();
      if (this.quiet) {
        this.quiet = false;
        this.listener.back();
      }
      const { data } = event;
      // Only the page's channel carries frames in pieces.
      if (!(data instanceof ArrayBuffer) || data.byteLength > MaxMessageIn) this.drop();
      else if (id !== Channel.Dom && (new Uint8Array(data)[0] ?? 9) > 1) this.drop();
      else assembler.push(new Uint8Array(data));
    });
    channel.addEventListener('close', () => {
      if (pc === this.pc) this.drop();
    });
    if (id === Channel.Ctl) channel.addEventListener('open', () => {
      this.send({ kind: 'hello', protocol: ProtocolVersion, table: TABLE_VERSION, client: 'vitrine-viewer' });
    });
    return channel;
  }

  private take(pc: RTCPeerConnection, id: number, bytes: Uint8Array): void {
    if (pc !== this.pc || this.over) return;
    const frame = decode(toAgent, id, bytes);
    if (frame.kind === 'ping') this.send({ kind: 'pong', seq: frame.seq });
    else if (frame.kind === 'ticket') this.access.token = frame.token;
    else if (frame.kind === 'pong') {
      if (frame.seq === this.pings) this.listener.roundTrip(Math.round(performance.now() - this.pinged));
    } else {
      if (frame.kind === 'welcome') {
        this.attempt = 0;
        this.downSince = 0;
        this.listener.up();
      }
      this.listener.frame(frame);
    }
  }

  /** Sends a frame if the connection is there. Returns whether it was. */
  send(frame: FromAgent): boolean {
    const { channel, bytes } = encode(fromAgent, frame);
    const to = this.channels[channel];
    if (to?.readyState !== 'open') return false;
    for (const message of messages(bytes)) to.send(message as Uint8Array<ArrayBuffer>);
    return true;
  }

  private tick(): void {
    const now = Date.now();
    if (this.downSince !== 0 && now - this.downSince > GIVE_UP) {
      this.close();
      this.listener.lost();
    } else if (this.pc && now - this.heard > (this.downSince === 0 ? SILENCE : CONNECT_WITHIN)) this.drop();
    else if (this.downSince === 0) {
      if (!this.quiet && now - this.heard > QUIET) {
        this.quiet = true;
        this.listener.down();
      }
      this.pinged = performance.now();
      this.send({ kind: 'ping', seq: ++this.pings });
    }
  }

  // There is a network again, and it may be another one: what is waited for is tried at once.
  private readonly online = (): void => {
    if (this.over || this.downSince === 0 || this.pc) return;
    clearTimeout(this.retry);
    this.attempt = 0;
    void this.reopen();
  };

  // The connection is gone; the next is tried a moment later.
  private drop(): void {
    if (this.over) return;
    this.abandon();
    if (this.downSince === 0) {
      this.downSince = Date.now();
      this.quiet = false;
      this.listener.down();
    }
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.reopen(), BACKOFF[Math.min(this.attempt++, BACKOFF.length - 1)]);
  }

  private async reopen(): Promise<void> {
    try {
      const { token, ice } = await freshICE(this.access.server, this.access.token);
      this.access.token = token;
      this.access.ice = ice;
      if (!this.over) await this.open();
    } catch (error) {
      if (this.over) return;
      const { status } = error as Partial<JoinError>;
      // The server knows the session or the token no more: trying again cannot help.
      if (status !== undefined && status >= 400 && status < 500 && status !== 429) {
        this.close();
        this.listener.lost();
      } else this.drop();
    }
  }

  private abandon(): void {
    const { pc } = this;
    this.pc = null;
    this.channels = [];
    pc?.close();
  }

  /** Ends the connection for good. */
  close(): void {
    this.over = true;
    clearInterval(this.timer);
    clearTimeout(this.retry);
    removeEventListener('online', this.online);
    this.abandon();
    this.access.token = '';
  }
}
