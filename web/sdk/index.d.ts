// Types of /sdk/vitrine.js (global Vitrine) and of the module vitrine.mjs.

/** Where a session stands. */
export type State = 'waiting' | 'asked' | 'active' | 'paused' | 'resuming' | 'ended';

/** What a customer can consent to, each on its own. */
export type Scope = 'view' | 'point' | 'scroll' | 'click' | 'type' | 'navigate' | 'record' | 'second-agent';

/** Why a session ended. */
export type EndReason =
  | 'none' | 'customer' | 'agent' | 'agent-away' | 'customer-gone' | 'refused' | 'limit' | 'policy' | 'protocol' | 'server' | 'fault';

/** A person who watches. */
export interface Agent {
  readonly id: number;
  readonly name: string;
  /** Their page is visible and connected. */
  readonly active: boolean;
}

/** What an agent asks for. */
export interface Ask {
  readonly agent: string;
  readonly company: string;
  readonly scopes: readonly Scope[];
}

/** A chat message. */
export interface Message {
  /** '' for the customer's own. */
  readonly from: string;
  readonly text: string;
}

/** The way to the server, as the server sees it: straight over UDP or TCP, or by its own TURN, reached over UDP, TCP or TLS. */
export type Path = 'unknown' | 'udp' | 'tcp' | 'relay-udp' | 'relay-tcp' | 'relay-tls';

/** How well the connection does. */
export interface Quality {
  /** Milliseconds between this page and the server. */
  readonly roundTrip: number;
  /** Milliseconds between a change of the page and its arrival at the slowest agent. */
  readonly stale: number;
  readonly degraded: boolean;
  /** Of a hundred packets between this page and the server, those lost in the last minute. */
  readonly loss: number;
  readonly path: Path;
  /** How often in this session what this page told did not fit and was put right. */
  readonly heals: number;
}

/** What the page keeps to itself, besides passwords, card fields, one-time codes and hidden inputs. */
export interface Mask {
  /** CSS selectors of elements whose text and values are shown as bullets. */
  readonly selectors?: readonly string[];
  /** Everything is masked but what stands under data-vitrine="show". Default: false. */
  readonly private?: boolean;
}

export interface StartOptions {
  /** Origin of the Vitrine server, such as https://help.example.com. */
  readonly server: string;
  /** Public key of the site. Either this or token. */
  readonly siteKey?: string;
  /** Signed token of the site's back end. Either this or siteKey. */
  readonly token?: string;
  readonly mask?: Mask | readonly string[];
  /** 'none' leaves everything but the agent's cursor to the page; it needs consent. Default: 'default'. */
  readonly ui?: 'default' | 'none';
  /** Asks the customer in the page's own way. */
  readonly consent?: (ask: Ask) => Promise<boolean>;
  /** Agents see canvases as pictures, at most two a second. Without it, only those with data-vitrine="canvas". Default: false. */
  readonly canvas?: boolean;
  /**
   * Exact origins, such as https://pay.example, whose documents in frames of this page agents may see. They have to load
   * vitrine-frame.js and name this page's origin there. Default: none; agents see empty boxes.
   */
  readonly frames?: readonly string[];
  /** Language of the texts, such as 'de'. Default: the page's. */
  readonly locale?: string;
}

/** What the events carry. */
export interface Events {
  state: State;
  agent: readonly Agent[];
  scope: readonly Scope[];
  chat: Message;
  quality: Quality;
  end: EndReason;
}

/** A session of this page. It goes on when the customer moves to another page of the site that loads the SDK. */
export interface Session {
  readonly id: string;
  /** The code to read out to the agent. */
  readonly code: string;
  readonly state: State;
  readonly agents: readonly Agent[];
  readonly scopes: readonly Scope[];
  /** Holds the page back; the session stays. */
  pause(): void;
  resume(): void;
  /** Takes a scope back at once; without one, all but view. Taking back view ends the session. */
  revoke(scope?: Scope): void;
  end(): void;
  /** Opens what the agent sees in a new window. */
  preview(): Promise<void>;
  chat(text: string): void;
  on<K extends keyof Events>(event: K, fn: (value: Events[K]) => void): void;
  off<K extends keyof Events>(event: K, fn: (value: Events[K]) => void): void;
}

/** Starts a session, or gives back the one that goes on in this tab. */
export function start(options: StartOptions): Promise<Session>;
