// What the probe in the browser and the test outside tell each other.
import type { FromAgent, FromCustomer, ToAgent, ToCustomer } from '../../../../web/wire/frames';

/** A node as both sides should have it, after policy. */
export interface Dump {
  /** "html", "svg:rect", "my-element"; "#text", "#box", "#shadow". */
  readonly kind: string;
  readonly text?: string;
  readonly attrs?: Readonly<Record<string, string>>;
  readonly live?: Readonly<Record<string, string | number | boolean>>;
  readonly children?: readonly Dump[];
}

/** A message that went through a data channel. */
export interface Message {
  readonly channel: number;
  /** Milliseconds since 1970, of a clock that all pages of a machine share. */
  readonly at: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A message on its way out of the browser. */
export interface PackedMessage {
  readonly channel: number;
  readonly at: number;
  readonly base64: string;
}

/** The look of an element, in the page or in the stage. */
export interface Look {
  readonly box: readonly [number, number, number, number];
  readonly style: Readonly<Record<string, string>>;
}

/** What the probe offers on window.probe. */
export interface Probe {
  readonly peers: readonly RTCPeerConnection[];
  readonly sent: readonly Message[];
  readonly received: readonly Message[];
  /** Shadow roots that the page closed. */
  readonly closed: readonly ShadowRoot[];
  /** The messages after the first `from` of a direction. */
  take(direction: 'sent' | 'received', from: number): PackedMessage[];
  /** Sends a frame through the channels of this page as if the page had made it. */
  send(frame: FromAgent | FromCustomer): void;
  /** Gives a frame to this page as if the server had sent it. */
  deliver(frame: ToCustomer | ToAgent): void;
  /** The page that this script runs in. */
  page(selectors: readonly string[]): Dump;
  /** The stage in this page. */
  stage(): Dump | null;
  look(selector: string, where: 'page' | 'stage'): Look | null;
  /** Addresses and pairs that getStats names, of all connections of this page. */
  addresses(): Promise<readonly Candidate[]>;
}

/** What getStats tells about a candidate. */
export interface Candidate {
  readonly side: 'local' | 'remote';
  readonly type: string;
  readonly protocol: string;
  readonly address: string;
  readonly relay: string;
  readonly used: boolean;
}

declare global {
  interface Window {
    readonly probe: Probe;
  }
}
