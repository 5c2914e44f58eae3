// The connection to the server: five data channels that both sides know beforehand, one offer, one answer. When it breaks it
// is mended, or else made anew, each time with a fresh token.
import { decode, encode } from '../wire/codec';
import { Channel, type FromAgent, MaxMessageIn, ProtocolVersion, type ToAgent, fromAgent, toAgent } from '../wire/frames';
import { Assembler, messages } from '../wire/message';
import { Pulse, patience, spread } from '../wire/pulse';
import { TABLE_VERSION } from '../wire/vocabulary';
import { type Access, type Connection, connect, freshICE, reach, renew, restart } from './http';
import type { JoinError } from './index';

const PING_EVERY = 1_000;
const CONNECT_WITHIN = 15_000;
/** How long a call may take while the connection lasts. */
const MEND = 5_000;
const BACKOFF = [100, 200, 500, 1_000, 2_000];

const CHANNELS: readonly RTCDataChannelInit[] = [
  { negotiated: true, id: Channel.Ctl },
  { negotiated: true, id: Channel.Dom },
  { negotiated: true, id: Channel.Asset, ordered: false },
  { negotiated: true, id: Channel.Ptr, ordered: false, maxRetransmits: 0 },
  { negotiated: true, id: Channel.Input },
];
const LABELS = ['ctl', 'dom', 'asset', 'ptr', 'input'];

/** Whom the transport talks to. */
export interface Listener {
  readonly up: () => void;
  readonly down: () => void;
  /** The connection was only quiet, or it was mended: it goes on. */
  readonly back: () => void;
  readonly frame: (frame: ToAgent) => void;
  readonly roundTrip: (milliseconds: number) => void;
  /** The connection will not come back; known tells that the server was reached, and knows the session no more. */
  readonly lost: (known: boolean) => void;
}

function refused(error: unknown): boolean {
  const { status } = error as Partial<JoinError>;
  return status !== undefined && status >= 400 && status < 500 && status !== 429;
}

/** Where a view's frames come from and go to. */
export interface Line {
  /** Good for the next connection, once. */
  readonly token: string;
  start(): Promise<void>;
  /** Returns whether the frame went out. */
  send(frame: FromAgent): boolean;
  close(): void;
}

/** The connection of one agent to one session. */
export class Transport implements Line {
  private pc: RTCPeerConnection | null = null;
  private channels: RTCDataChannel[] = [];
  private began = 0;
  private readonly pings = { sent: 0, at: 0 };
  /** Since when the connection is gone, 0 while it is there; how often it was tried to come back; which try counts. */
  private readonly away = { since: 0, tries: 0, turn: 0 };
  private over = false;
  private pulse: Pulse | undefined; // since the server said welcome
  private place: Connection = { answer: '', path: '', etag: '' };
  /** A connection that stays away for longer does not come back: an agent is away for as long then. */
  private giveUp = 120_000;
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
    this.away.since = Date.now();
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
    this.began = Date.now();
    this.channels = CHANNELS.map((init, id) => this.channel(pc, init, id));
    pc.addEventListener('connectionstatechange', () => {
      if (pc === this.pc && !this.pulse && pc.connectionState === 'failed') this.drop();
    });
    await pc.setLocalDescription();
    const offer = pc.localDescription?.sdp ?? '';
    const made = await connect(this.access, offer);
    if (pc !== this.pc) return;
    this.place = made;
    await pc.setRemoteDescription({ type: 'answer', sdp: made.answer });
  }

  // The connection is open from here on.
  private watch(pc: RTCPeerConnection): void {
    this.pulse?.close();
    this.pulse = new Pulse({
      peer: pc,
      ask: () => this.ping(),
      reach: (within) => reach(this.access.server, within),
      restart: (offer) => this.mend(pc, offer),
      quiet: () => this.listener.down(),
      back: () => this.listener.back(),
      broken: () => {
        if (pc === this.pc) this.drop();
      },
    });
  }

  private async mend(pc: RTCPeerConnection, offer: () => Promise<string>): Promise<string | undefined> {
    try {
      await freshICE(this.access, MEND);
      pc.setConfiguration({ ...pc.getConfiguration(), iceServers: this.access.ice });
      const made = await restart(this.access, this.place, await offer(), MEND);
      this.place = made;
      return made.answer;
    } catch (error) {
      if (refused(error)) return undefined;
      throw error;
    }
  }

  private channel(pc: RTCPeerConnection, init: RTCDataChannelInit, id: number): RTCDataChannel {
    const channel = pc.createDataChannel(LABELS[id] ?? '', init);
    channel.binaryType = 'arraybuffer';
    const assembler = new Assembler((bytes) => this.take(pc, id, bytes), () => this.drop());
    channel.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (pc !== this.pc) return;
      this.pulse?.word();
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
    else if (frame.kind === 'ticket') renew(this.access, frame.token);
    else if (frame.kind === 'pong') {
      if (frame.seq === this.pings.sent) this.listener.roundTrip(Math.round(performance.now() - this.pings.at));
    } else {
      if (frame.kind === 'welcome') {
        this.away.tries = 0;
        this.away.since = 0;
        this.giveUp = Math.max(frame.awaySeconds * 1000, MEND);
        this.watch(pc);
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
    if (this.away.since === 0) this.ping();
    else if (now - this.away.since > this.giveUp) {
      this.close();
      this.listener.lost(false);
    } else if (this.pc && now - this.began > CONNECT_WITHIN) this.drop();
  }

  private ping(): void {
    this.pings.at = performance.now();
    this.send({ kind: 'ping', seq: ++this.pings.sent });
  }

  // There is a network again, and it may be another one: what is waited for is tried at once.
  private readonly online = (): void => {
    if (this.over || this.away.since === 0 || this.pc) return;
    clearTimeout(this.retry);
    this.away.tries = 0;
    void this.reopen();
  };

  // The connection is gone; the next is tried a moment later.
  private drop(): void {
    if (this.over) return;
    this.abandon();
    if (this.away.since === 0) {
      this.away.since = Date.now();
      this.listener.down();
    }
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.reopen(), spread(BACKOFF[Math.min(this.away.tries++, BACKOFF.length - 1)] ?? 0));
  }

  private async reopen(): Promise<void> {
    const turn = ++this.away.turn;
    const mine = (): boolean => !this.over && turn === this.away.turn;
    try {
      await reach(this.access.server, patience(this.away.tries));
      if (mine()) await freshICE(this.access);
      if (mine()) await this.open();
    } catch (error) {
      if (!mine()) return;
      // The server knows the session or the token no more: trying again cannot help.
      if (refused(error)) {
        this.close();
        this.listener.lost(true);
      } else this.drop();
    }
  }

  private abandon(): void {
    const { pc } = this;
    this.pulse?.close();
    this.pulse = undefined;
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
    delete this.access.spare;
  }
}
