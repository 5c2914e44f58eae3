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

async function call(url: URL, init: RequestInit, patience = 20_000): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(patience), referrerPolicy: 'no-referrer', redirect: 'error', ...init });
  } catch {
    throw joinError(0, 'The server cannot be reached. Check the network and try again.');
  }
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  const refusal = joinError(response.status, field(body, 'detail') ?? `The server answered ${response.status}.`);
  throw Object.assign(refusal, { token: response.headers.get('Vitrine-Token') ?? undefined });
}

/** An answer that says no. It may hold the next token all the same. */
type Refusal = Partial<JoinError> & { readonly token?: string };

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

/** A place in a session: what calls are made with. Each changes the token. */
export interface Access {
  readonly server: string;
  readonly session: string;
  token: string;
  spare?: string; // one before that was not used: the answer to a call may be lost, and the next token with it
  ice: RTCIceServer[];
}

async function spend(access: Access, path: string, init: RequestInit, patience?: number): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string> | undefined), ...bearer(access.token) };
  try {
    const response = await call(new URL(path, access.server), { credentials: 'omit', ...init, headers }, patience);
    access.token = response.headers.get('Vitrine-Token') ?? access.token;
    return response;
  } catch (error) {
    const { status, token } = error as Refusal;
    access.token = token ?? access.token;
    if (status !== 401 || access.spare === undefined) throw error;
    access.token = access.spare;
    delete access.spare;
    return spend(access, path, init, patience);
  }
}

/** Keeps a fresh token. */
export function renew(access: Access, token: string): void {
  access.spare = access.token;
  access.token = token;
}

/** Whether the server answers: rejects when it does not within so many milliseconds. What fails at once says nothing. */
export async function reach(server: string, within: number): Promise<void> {
  const signal = AbortSignal.timeout(within);
  await fetch(new URL('/healthz', server), { method: 'HEAD', cache: 'no-store', credentials: 'omit', signal }).catch((error: unknown) => {
    if (signal.aborted) throw error;
  });
}

/** Gets fresh TURN credentials. */
export async function freshICE(access: Access, patience?: number): Promise<void> {
  access.ice = iceServers(await (await spend(access, '/v1/ice', {}, patience)).json());
}

/** What the server says of a connection: its answer, and how to restart it. */
export interface Connection {
  readonly answer: string;
  readonly path: string;
  readonly etag: string;
}

async function trade(access: Access, path: string, init: RequestInit, patience?: number): Promise<Connection> {
  const headers = { ...(init.headers as Record<string, string> | undefined), 'Content-Type': 'application/sdp' };
  const response = await spend(access, path, { ...init, headers }, patience);
  return { answer: await response.text(), path: response.headers.get('Location') ?? path, etag: response.headers.get('ETag') ?? '' };
}

/** Trades an offer for an answer. */
export function connect(access: Access, offer: string): Promise<Connection> {
  return trade(access, `/v1/sessions/${encodeURIComponent(access.session)}/connections`, { method: 'POST', body: offer });
}

/** Trades a new offer for an answer: an ICE restart of a connection that is there. */
export function restart(access: Access, { path, etag }: Connection, offer: string, patience: number): Promise<Connection> {
  return trade(access, path, { method: 'PATCH', body: offer, headers: { 'If-Match': etag } }, patience);
}
