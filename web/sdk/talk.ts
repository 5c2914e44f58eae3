// What a page and a document of another origin in one of its frames say to each other (case 18). Between them lies a channel that
// only these two have: each has seen the other's origin on its own list.
import type { Loaded } from './assets';
import type { MaskRules } from './mask';
import type { InputFrame } from './input';
import type { Scope } from './index';

/** What stands in a window's messages before there is a channel. */
export const HELLO = 'vitrine-frame'; // from the frame: the SDK is here, as the document with this number
export const CALL = 'vitrine-page'; // from the page: is the SDK there?
export const PORT = 'vitrine-port'; // from the page: this is the channel

/** The origin that a text names and nothing else; '' for any other text. */
export function exactOrigin(text: string): string {
  try {
    const { origin } = new URL(text);
    return origin !== 'null' && (text === origin || text === `${origin}/`) ? origin : '';
  } catch {
    return '';
  }
}

/** How a document is to be told. */
export interface Start {
  readonly kind: 'start';
  /** Counts the starts: what belongs to one before is not listened to. */
  readonly run: number;
  readonly rules: MaskRules;
  readonly salt: number;
  readonly space: number;
  readonly canvas: boolean;
  readonly plain: boolean;
}

/** A place on an element, as agents name it. */
export interface Spot {
  readonly epoch: number;
  readonly node: number;
  readonly x: number;
  readonly y: number;
}

/** Where something is in a frame's own window, or the rule why nothing may be done there. */
export interface There {
  readonly x: number;
  readonly y: number;
  readonly rule: string;
}

/** From the page to the frame. */
export type ToGuest =
  | Start
  | { readonly kind: 'stop' }
  | { readonly kind: 'ack'; readonly bytes: number }
  /** Where is it? If somebody is to click there, it must be that element that lies there. */
  | { readonly kind: 'where'; readonly ask: number; readonly spot: Spot; readonly click: boolean }
  | { readonly kind: 'input'; readonly frame: InputFrame; readonly scopes: readonly Scope[] }
  | { readonly kind: 'ping' };

/** From the frame to the page. */
export type FromGuest =
  | { readonly kind: 'dom'; readonly run: number; readonly frame: Uint8Array }
  | { readonly kind: 'asset'; readonly run: number; readonly asset: number; readonly assetKind: number; readonly loaded: Loaded }
  | { readonly kind: 'pointer'; readonly node: number; readonly x: number; readonly y: number }
  | { readonly kind: 'acted'; readonly key: string }
  | { readonly kind: 'receipt'; readonly seq: number; readonly from: number; readonly rule: string; readonly node: number }
  | ({ readonly kind: 'there'; readonly ask: number } & There)
  | { readonly kind: 'bye' }
  | { readonly kind: 'pong' };
