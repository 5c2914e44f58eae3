// Keeps every message of every data channel of the page, both ways. Runs before any other script of the page.
import { encode, type FrameTable, WireError } from '../../../../web/wire/codec';
import { type FromAgent, type FromCustomer, fromAgent, fromCustomer, type ToAgent, type ToCustomer, toAgent, toCustomer } from '../../../../web/wire/frames';
import { messages } from '../../../../web/wire/message';
import type { Candidate, Message, PackedMessage } from './types';

export const peers: RTCPeerConnection[] = [];
export const sent: Message[] = [];
export const received: Message[] = [];
export const closed: ShadowRoot[] = [];
const channels = new Map<number, RTCDataChannel>();
const now = (): number => performance.timeOrigin + performance.now();

function copy(data: unknown): Uint8Array<ArrayBuffer> {
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0));
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer);
  return new TextEncoder().encode(String(data));
}

/** Puts the recorder between the page and its channels. */
export function install(): void {
  const { createDataChannel } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.createDataChannel = function (label: string, init?: RTCDataChannelInit): RTCDataChannel {
    const channel = createDataChannel.call(this, label, init);
    if (!peers.includes(this)) peers.push(this);
    const id = init?.id ?? -1;
    channels.set(id, channel);
    channel.addEventListener('message', ({ data, isTrusted }: MessageEvent<unknown>) => {
      if (isTrusted) received.push({ channel: id, at: now(), bytes: copy(data) });
    });
    return channel;
  };
  const { send } = RTCDataChannel.prototype;
  const record = function (this: RTCDataChannel, data: ArrayBufferView<ArrayBuffer>): void {
    sent.push({ channel: this.id ?? -1, at: now(), bytes: copy(data) });
    send.call(this, data);
  };
  RTCDataChannel.prototype.send = record as typeof send;
  const { attachShadow } = Element.prototype;
  Element.prototype.attachShadow = function (init: ShadowRootInit): ShadowRoot {
    const root = attachShadow.call(this, init);
    if (init.mode === 'closed') closed.push(root);
    return root;
  };
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}

export function take(direction: 'sent' | 'received', from: number): PackedMessage[] {
  return (direction === 'sent' ? sent : received).slice(from).map(({ channel, at, bytes }) => ({ channel, at, base64: base64(bytes) }));
}

function open(id: number): RTCDataChannel {
  const channel = channels.get(id);
  if (channel?.readyState !== 'open') throw new Error(`channel ${id} is not open`);
  return channel;
}

type Encoded = ReturnType<typeof encode>;

// The bytes of a frame of either side: what one table does not know the other does.
function either<A extends { readonly kind: string }, B extends { readonly kind: string }>(a: FrameTable<A>, b: FrameTable<B>, frame: A | B): Encoded {
  try {
    return encode(a, frame as A);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return encode(b, frame as B);
  }
}

export function send(frame: FromAgent | FromCustomer): void {
  const { channel, bytes } = either(fromAgent, fromCustomer, frame);
  for (const message of messages(bytes)) open(channel).send(message.slice());
}

export function deliver(frame: ToCustomer | ToAgent): void {
  const { channel, bytes } = either(toCustomer, toAgent, frame);
  for (const message of messages(bytes)) open(channel).dispatchEvent(new MessageEvent('message', { data: message.slice().buffer }));
}

type Stats = Readonly<Record<string, unknown>>;
const word = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

async function candidatesOf(peer: RTCPeerConnection): Promise<Candidate[]> {
  const list: Stats[] = [];
  (await peer.getStats()).forEach((entry: Stats) => { list.push(entry); });
  const used = new Set<unknown>();
  for (const entry of list) {
    if (entry['type'] !== 'candidate-pair' || entry['state'] !== 'succeeded') continue;
    used.add(entry['localCandidateId']).add(entry['remoteCandidateId']);
  }
  return list.flatMap((entry) => {
    const type = word(entry['type']);
    if (type !== 'local-candidate' && type !== 'remote-candidate') return [];
    return [{
      side: type === 'local-candidate' ? 'local' : 'remote',
      type: word(entry['candidateType']),
      protocol: word(entry['protocol']),
      address: `${word(entry['address'])}:${word(entry['port'])} ${word(entry['relatedAddress'])}`.trim(),
      relay: word(entry['relayProtocol']),
      used: used.has(entry['id']),
    }];
  });
}

export async function addresses(): Promise<readonly Candidate[]> {
  return (await Promise.all(peers.map(candidatesOf))).flat();
}
