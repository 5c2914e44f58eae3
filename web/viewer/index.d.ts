// The agent's side of Vitrine: shows a customer's page and, when the customer allows it, operates it.
// As a classic script (/sdk/viewer.js) these names are found on the global VitrineViewer.
export as namespace VitrineViewer;

/** What a customer can consent to. */
export type Scope = 'view' | 'point' | 'scroll' | 'click' | 'type' | 'navigate' | 'record' | 'second-agent';

/**
 * Where the session stands. Two are this viewer's own: "connecting" when its connection is not there (yet, or any more), and
 * "closed" when the page is shared, but the company's rules keep it from this agent: the stage is empty until the customer
 * goes on to another page.
 */
export type State = 'connecting' | 'waiting' | 'asked' | 'active' | 'closed' | 'paused' | 'resuming' | 'ended';

/** What the pointer draws on the customer's page; "clear" removes one's own strokes at once. */
export type Tool = 'none' | 'laser' | 'pen' | 'arrow' | 'rectangle' | 'clear';

/**
 * Why a session ended. Two are this viewer's own: "lost" when its connection did not come back in time, "gone" when it did
 * and the server knew the session no more.
 */
export type EndReason =
  | 'customer' | 'agent' | 'agent-away' | 'customer-gone' | 'refused' | 'limit' | 'policy' | 'protocol' | 'server' | 'fault' | 'lost' | 'gone';

/** The page that the customer shows. Text only: nothing of it may be used as an address without asking a person. */
export interface Page {
  /** The origin that the customer's browser stated to the server; the page itself has no say in it. */
  readonly origin: string;
  /** As the page states it. */
  readonly url: string;
  /** As the page states it, without control characters. */
  readonly title: string;
}

/** What is granted, and whether this agent is the one whose input is passed on. */
export interface Grant {
  readonly scopes: readonly Scope[];
  readonly driver: boolean;
}

/** An input was not carried out. `rule` is a short name that never holds page content. */
export interface Refusal {
  readonly rule: string;
  readonly node: number;
}

/** Images or style sheets of the page that are not shown, and why: words for people that hold nothing of the page. */
export interface Missing {
  readonly kind: 'image' | 'sheet';
  readonly reason: string;
  readonly count: number;
}

/** A piece of a chat message in one style. */
export interface ChatRun {
  readonly text: string;
  readonly bold: boolean;
  readonly italic: boolean;
  readonly code: boolean;
  /** The run starts a list item. */
  readonly item: boolean;
  /** The run starts a new line. */
  readonly line: boolean;
  /** The run says where the link before it leads. It is text: nothing opens it. */
  readonly target: boolean;
}

/** A chat message; one's own come back as well. */
export interface ChatMessage {
  readonly from: 'customer' | 'agent';
  readonly self: boolean;
  readonly name: string;
  readonly runs: readonly ChatRun[];
}

/** The way to the server, as the server sees it: straight over UDP or TCP, or by its own TURN, reached over UDP, TCP or TLS. */
export type Path = 'unknown' | 'udp' | 'tcp' | 'relay-udp' | 'relay-tcp' | 'relay-tls';

/** How well the connection does. Milliseconds. */
export interface Quality {
  /** Between this browser and the server. */
  readonly roundTrip: number;
  /** Between a change of the page and its arrival at the slowest agent. */
  readonly stale: number;
  /** This viewer cannot follow at the rate of the page and gets fewer updates. */
  readonly degraded: boolean;
  /** Of a hundred packets between this browser and the server, those lost in the last minute. */
  readonly loss: number;
  readonly path: Path;
  /** The page changes faster than it can be told; what is shown lags behind and catches up. */
  readonly catchingUp: boolean;
  /** How often in this session the picture did not fit the page and was put right. */
  readonly heals: number;
}

/** How large the page is drawn: as large as there is room for, but never above 1; or so many pixels of CSS here for one of the customer's (0.25 to 4). */
export type Zoom = 'fit' | number;

/** How this agent looks at the page. Nothing of it is told to the customer's page. */
export interface Sight {
  readonly zoom: Zoom;
  /** What that comes to now. */
  readonly scale: number;
  /** The page is shown where the customer has it. Otherwise the agent looks around. */
  readonly following: boolean;
  /** The customer's viewport in pixels of CSS, and how many pixels of the customer's screen one of them is. */
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  /** Where the customer's view lies from the agent's. */
  readonly customer: 'here' | 'partly' | 'above' | 'below' | 'left' | 'right';
}

/** What was found: in so many places (1,000 at most), of which the agent is shown one, counted from 1; 0 for none. */
export interface Found {
  readonly count: number;
  readonly at: number;
}

/** What each event carries. */
export interface Events {
  readonly state: State;
  readonly page: Page;
  readonly scope: Grant;
  readonly refused: Refusal;
  /** All that are missing now; empty when none is. */
  readonly missing: readonly Missing[];
  readonly chat: ChatMessage;
  readonly quality: Quality;
  readonly sight: Sight;
  readonly end: EndReason;
}

/** One agent's view of one session. */
export interface View {
  /** The sandboxed frame that holds the replica. */
  readonly stage: HTMLIFrameElement;
  readonly session: string;
  /** The session token for the next connection. Who keeps it over a reload of this page can join with it again. */
  readonly token: string;
  readonly state: State;
  readonly scopes: readonly Scope[];
  /** Whether they are this agent's. */
  readonly driver: boolean;
  readonly page: Page;
  /** Asks the customer; the answer comes as a "scope" event. "control" is point, scroll, click, type and navigate. */
  request(what: 'control' | Scope): void;
  /** Gives everything but "view" back. */
  release(what?: 'control' | Scope): void;
  /** Chooses what the pointer draws. Colours are numbered 0 to 7. */
  draw(tool: Tool, colour?: number): void;
  /** Sends a chat message of at most 8,192 bytes. */
  chat(text: string): void;
  /** Moves the customer's page; needs the scope "navigate". */
  navigate(move: 'back' | 'forward' | 'reload'): void;
  readonly sight: Sight;
  /** Draws the page in another size. What has no room can be scrolled to. */
  zoom(to: Zoom): void;
  /** The next larger (1) or smaller (-1) of the usual sizes. */
  zoomBy(step: 1 | -1): void;
  /**
   * Shows the page where the customer has it, or lets the agent look around: wheel and keys then scroll the agent's own view, inner
   * boxes included, and a mark shows where the customer's view is. Another page of the customer's is followed again.
   */
  follow(on: boolean): void;
  /**
   * Looks for text in the page as it is shown, frames, shadow trees and fields included, and brings the first place into sight,
   * for this agent alone. The same text again goes on to the next place, or with -1 back. An empty text ends it.
   */
  find(text: string, step?: 1 | -1): Found;
  /** The text that this agent has selected in the page. Without control, dragging selects; Ctrl+C copies. */
  readonly selection: string;
  /** Ends the session for everybody. */
  end(): void;
  /** Calls fn at every event until the returned function is called. */
  on<K extends keyof Events>(event: K, fn: (value: Events[K]) => void): () => void;
}

/** How to join a session. */
export interface JoinOptions {
  /** Origin of the server, for example "https://vitrine.example.com". Must be the origin of this page. */
  readonly server: string;
  /** With `code`: the agent's token, or nothing when the console's cookie signs the agent in. With `session`: the agent's session token. */
  readonly token?: string;
  /** The code that the customer reads out. */
  readonly code?: string;
  /** The session that `token` was made for. */
  readonly session?: string;
  /** Where the page is shown; it should have a size of its own. */
  readonly container: HTMLElement;
}

/** Why join failed: HTTP status (0 when the server could not be reached) and what to do about it as the message. */
export interface JoinError extends Error {
  readonly status: number;
}

/** Joins a session. Resolves when the server has accepted the connection, before the customer has consented. */
export function join(options: JoinOptions): Promise<View>;
