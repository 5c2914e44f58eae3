// The signalling API, as far as an agent's browser needs it. Tokens stay in memory; each is used once.
import type { JoinError } from './index';

/** What the server says about a session when an agent joins it. */
export interface Joined {
  readonly session: string;
  readonly token: string;
  readonly ice: RTCIceServer[];
}

/** Makes the error that join rejects with. */
export function joinError(status: number, text: string): JoinError {
  return Object.assign(new Error(text), { status });
}

async function call(url: URL, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { cache: 'no-store', referrerPolicy: 'no-referrer', redirect: 'error', ...init });
  } catch {
    throw joinError(0, 'The server cannot be reached. Check the network and try again.');
  }
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  throw joinError(response.status, field(body, 'detail') ?? `The server answered ${response.status}.`);
}

function field(body: unknown, name: 'detail' | 'session' | 'token'): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const value = new Map<string, unknown>(Object.entries(body)).get(name);
  return typeof value === 'string' ? value : undefined;
}

function iceServers(body: unknown): RTCIceServer[] {
  const list = typeof body === 'object' && body !== null && 'ice' in body ? body.ice : null;
  return Array.isArray(list) ? (list as RTCIceServer[]) : [];
}

const bearer = (token: string | undefined): Record<string, string> => (token === undefined ? {} : { Authorization: `Bearer ${token}` });

/** Turns the code that a customer reads out into a session. Without a token the console's cookie signs the agent in. */
export async function useCode(server: string, code: string, token: string | undefined): Promise<Joined> {
  const response = await call(new URL(`/v1/codes/${encodeURIComponent(code)}`, server), {
    method: 'POST', headers: bearer(token), credentials: 'same-origin',
  });
  const body: unknown = await response.json();
  const session = field(body, 'session');
  const ticket = field(body, 'token');
  if (session === undefined || ticket === undefined) throw joinError(response.status, 'The server gave no session. Ask for a new code.');
  return { session, token: ticket, ice: iceServers(body) };
}

/** Fresh TURN credentials. The token is used up; the answer holds the next. */
export async function freshICE(server: string, token: string): Promise<{ token: string; ice: RTCIceServer[] }> {
  const response = await call(new URL('/v1/ice', server), { headers: bearer(token), credentials: 'omit' });
  const body: unknown = await response.json();
  return { token: field(body, 'token') ?? '', ice: iceServers(body) };
}

/** Trades an offer for an answer. */
export async function connect(server: string, session: string, token: string, offer: string): Promise<{ answer: string; token: string }> {
  const response = await call(new URL(`/v1/sessions/${encodeURIComponent(session)}/connections`, server), {
    method: 'POST', body: offer, credentials: 'omit', headers: { ...bearer(token), 'Content-Type': 'application/sdp' },
  });
  return { answer: await response.text(), token: response.headers.get('Vitrine-Token') ?? '' };
}
