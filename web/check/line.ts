// One connection to the server over one way, and an echo on it.
import { decode, encode } from '../wire/codec';
import { Channel, type FromCustomer, ProtocolVersion, fromCustomer, toCustomer } from '../wire/frames';
import { Assembler, messages } from '../wire/message';
import { TABLE_VERSION } from '../wire/vocabulary';
import { type Outcome, type Way, explain, silent } from './words';

const WITHIN = 12_000;
const PINGS = 20;

const CHANNELS: readonly RTCDataChannelInit[] = [
  { negotiated: true, id: Channel.Ctl },
  { negotiated: true, id: Channel.Dom },
  { negotiated: true, id: Channel.Asset, ordered: false },
  { negotiated: true, id: Channel.Ptr, ordered: false, maxRetransmits: 0 },
  { negotiated: true, id: Channel.Input },
];

/** Gets an offer answered. */
export type Dial = (offer: string) => Promise<string>;

/** Resolves after so long with null. */
async function tooLong(milliseconds: number): Promise<null> {
  return new Promise((resolve) => { setTimeout(() => { resolve(null); }, milliseconds); });
}

class Line {
  readonly pc: RTCPeerConnection;
  /** Whether the relay gave an address: from there on the trouble lies behind it. */
  relayed = false;
  /** What the browser reported of the relay; 701, "not reached", is the least telling, and not every browser reports it. */
  code = 701;
  private readonly ctl: RTCDataChannel;
  private waiting: (() => void) | null = null;
  private welcomed: () => void = () => undefined;
  private readonly ready = new Promise<'ready'>((resolve) => { this.welcomed = () => { resolve('ready'); }; });
  private readonly hopeless: Promise<'hopeless'>;

  constructor(config: RTCConfiguration) {
    this.pc = new RTCPeerConnection(config);
    const [ctl, ...others] = CHANNELS.map((init) => this.pc.createDataChannel('', init));
    if (!ctl || others.length !== 4) throw new Error('there must be five channels');
    this.ctl = ctl;
    ctl.binaryType = 'arraybuffer';
    const assembler = new Assembler((bytes) => { this.take(bytes); }, () => undefined);
    ctl.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) assembler.push(new Uint8Array(data));
    });
    ctl.addEventListener('open', () => {
      this.send({ kind: 'hello', protocol: ProtocolVersion, table: TABLE_VERSION, client: 'vitrine-check' });
    });
    this.hopeless = this.watch(config.iceTransportPolicy === 'relay');
  }

  // A relay that cannot be had shows when gathering has ended without one, long before any timeout.
  private async watch(relay: boolean): Promise<'hopeless'> {
    this.pc.addEventListener('icecandidateerror', ({ errorCode }) => {
      if (this.code === 701) this.code = errorCode;
    });
    return new Promise((resolve) => {
      this.pc.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate?.type === 'relay') this.relayed = true;
        if (!candidate && relay && !this.relayed) resolve('hopeless');
      });
      this.pc.addEventListener('connectionstatechange', () => {
        if (this.pc.connectionState === 'failed') resolve('hopeless');
      });
    });
  }

  private take(bytes: Uint8Array): void {
    const frame = decode(toCustomer, Channel.Ctl, bytes);
    if (frame.kind === 'ping') this.send({ kind: 'pong', seq: frame.seq });
    else if (frame.kind === 'welcome') this.welcomed();
    else if (frame.kind === 'pong') this.waiting?.();
  }

  private send(frame: FromCustomer): void {
    if (this.ctl.readyState !== 'open') return;
    for (const message of messages(encode(fromCustomer, frame).bytes)) this.ctl.send(message as Uint8Array<ArrayBuffer>);
  }

  /** Whether the connection opened in time. */
  async open(dial: Dial): Promise<boolean> {
    await this.pc.setLocalDescription();
    const answer = await dial(this.pc.localDescription?.sdp ?? '');
    await this.pc.setRemoteDescription({ type: 'answer', sdp: answer });
    return (await Promise.race([this.ready, this.hopeless, tooLong(WITHIN)])) === 'ready';
  }

  /** The sorted round trips of the pings that came back. */
  async echo(): Promise<number[]> {
    const trips: number[] = [];
    for (let seq = 0; seq < PINGS; seq++) {
      const begin = performance.now();
      const pong = new Promise<true>((resolve) => { this.waiting = () => { resolve(true); }; });
      this.send({ kind: 'ping', seq });
      if (!await Promise.race([pong, tooLong(2_000)])) break;
      trips.push(performance.now() - begin);
    }
    return trips.sort((a, b) => a - b);
  }

  /** What the pair in use is made of, without addresses. */
  async path(): Promise<string> {
    const stats = [...(await this.pc.getStats() as unknown as ReadonlyMap<string, Record<string, unknown>>).values()];
    const pair = stats.find((s) => s['type'] === 'candidate-pair' && s['nominated'] === true && s['state'] === 'succeeded');
    const local = stats.find((s) => s['id'] === pair?.['localCandidateId']);
    const relay = local?.['relayProtocol'];
    const direct = local?.['protocol'];
    if (typeof relay === 'string') return `relay/${relay}`;
    return typeof direct === 'string' ? `direct/${direct}` : 'unknown';
  }
}

/** Tries one way: connects over it alone, and has the server answer some pings. */
export async function attempt(way: Way, ice: RTCIceServer, dial: Dial): Promise<Outcome> {
  const config: RTCConfiguration = way.url === null ? {} : { iceServers: [{ ...ice, urls: [way.url] }], iceTransportPolicy: 'relay' };
  const begin = performance.now();
  const line = new Line(config);
  try {
    if (!await line.open(dial)) {
      const refused = way.url !== null && !line.relayed;
      const why = refused ? explain(way.url, line.code) : silent(way.url);
      return { works: false, said: why.said, advice: why.advice, detail: refused ? `code ${String(line.code)}` : 'ICE timed out' };
    }
    const took = Math.round(performance.now() - begin);
    const trips = await line.echo();
    const middle = trips[trips.length >> 1];
    if (trips.length < PINGS || middle === undefined) {
      return { works: false, said: 'The connection opens, and breaks.', advice: 'A proxy or firewall closes it. Ask the network\'s admin.', detail: `${String(trips.length)} of ${String(PINGS)} echoes` };
    }
    const path = await line.path();
    return { works: true, said: `Works: open in ${String(took)} ms, round trip ${middle.toFixed(1)} ms.`, advice: '', detail: path };
  } finally {
    line.pc.close();
  }
}
