// Requests to the signalling API and what the next page needs to go on.
import { request } from './natives';

/** What is kept of a session from one page to the next: the server's answer to its making, and the page's wishes. */
export interface Kept {
  readonly server: string;
  readonly session: string;
  code: string;
  codeExpires: number; // Unix seconds
  token: string; // single use: every answer brings the next
  spare?: string | undefined; // the one before, unused: a page that goes away in the middle of a call does not learn the next
  ice: RTCIceServer[];
  iceAt?: number; // when these were made, by this computer's clock
  readonly site: { readonly company: string };
  readonly mask: { readonly selectors: readonly string[]; readonly private: boolean };
  readonly ui: string;
  readonly locale: string;
  readonly canvas?: boolean;
  readonly frames?: readonly string[];
}

/** An answer that was not a success; the message says what to do. */
export class SignalError extends Error {
  readonly status: number;
  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Sends a request with the session's token and keeps the next one; the path is one of the session's, or begins with /v1/.
 * It may take so many milliseconds. One request after the other: a token is good once, so
 * of two at a time the server would refuse one, and a connection that is refused ends the session.
 */
export function call(kept: Kept, path: string, init: RequestInit, patience = 20_000): Promise<Response> {
  const url = kept.server + (path.startsWith('/v1/') ? path : `/v1/sessions/${encodeURIComponent(kept.session)}${path}`);
  const once = (): Promise<Response> => send(url, {
    ...init, headers: { ...(init.headers as Record<string, string>), Authorization: `Bearer ${kept.token}` }, signal: AbortSignal.timeout(patience),
  }, kept);
  const answer = last.then(once).catch((error: unknown) => {
    if (!kept.spare || !(error instanceof SignalError) || error.status !== 401) throw error;
    renew(kept, kept.spare);
    kept.spare = undefined;
    return once();
  });
  last = answer.catch(() => undefined);
  return answer;
}

/** Whether the server answers: rejects when it does not within so many milliseconds. What fails at once says nothing. */
export async function reach(server: string, within: number): Promise<void> {
  const signal = AbortSignal.timeout(within);
  await request(`${server}/sdk/vitrine.js`, { method: 'HEAD', cache: 'no-store', credentials: 'omit', signal }).catch((error: unknown) => {
    if (signal.aborted) throw error;
  });
}

/** Takes a fresh token. */
export function renew(kept: Kept, token: string): void {
  kept.spare = kept.token;
  kept.token = token;
}

/** Sends a request; anything but a success is thrown. What refuses a call may hold the next token as well. */
export async function send(url: string, init: RequestInit, kept?: Kept): Promise<Response> {
  const answer = await request(url, { ...init, credentials: 'omit', cache: 'no-store' }).catch(() => {
    throw new Error(`Vitrine cannot reach ${new URL(url).origin}: check the address and the network, and let connect-src of the page's Content-Security-Policy allow it`);
  });
  if (kept) kept.token = answer.headers.get('Vitrine-Token') ?? kept.token;
  if (answer.ok) return answer;
  const problem = (await answer.json().catch(() => ({}))) as { readonly detail?: string };
  throw new SignalError(answer.status, problem.detail ?? `${new URL(url).origin} answered ${answer.status}: is it the Vitrine server?`);
}

const KEY = 'vitrine';

/** Leaves the session for the next page of this tab. It is only there while no page runs it: other tabs cannot copy it. */
export function leave(kept: Kept): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Storage is blocked: the session ends with this page.
  }
}

/** Whether the page before left a session. */
export function left(): boolean {
  try {
    return sessionStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
}

/** Takes what the page before left. */
export function take(): Kept | null {
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return JSON.parse(text ?? 'null') as Kept | null;
  } catch {
    return null;
  }
}
