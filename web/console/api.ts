// The console's own calls: signing in and out. The token is used once and the cookie cannot be read from here.

/** Who is signed in. */
export interface Me {
  readonly name: string;
}

/** Trades the token of a sign-in link for the console's cookie. Returns whether it was accepted. */
export async function login(token: string): Promise<boolean> {
  const response = await fetch('/v1/login', {
    method: 'POST', credentials: 'same-origin', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token }),
  });
  return response.ok;
}

/** Forgets the cookie. */
export async function logout(): Promise<void> {
  await fetch('/v1/login', { method: 'DELETE', credentials: 'same-origin' });
}

/** Who is signed in, or null. */
export async function me(): Promise<Me | null> {
  const response = await fetch('/v1/me', { credentials: 'same-origin', cache: 'no-store' });
  if (!response.ok) return null;
  const body: unknown = await response.json();
  const text = (name: 'name' | 'subject'): string | null => {
    const value: unknown = typeof body === 'object' && body !== null ? new Map<string, unknown>(Object.entries(body)).get(name) : null;
    return typeof value === 'string' && value !== '' ? value : null;
  };
  return { name: text('name') ?? text('subject') ?? '' };
}

/** An identity provider that agents sign in with. */
export interface Provider {
  readonly key: string;
  readonly name: string;
}

/** The providers that can be chosen. */
export async function providers(): Promise<readonly Provider[]> {
  const response = await fetch('/v1/providers', { credentials: 'same-origin', cache: 'no-store' });
  return response.ok ? ((await response.json()) as readonly Provider[]) : [];
}

/** Why a sign-in did not come about: the code of the server's problem, or what the provider's refusal is called here. */
export class SignInError extends Error {}

async function refused(response: Response): Promise<SignInError> {
  const problem = (await response.json().catch(() => null)) as { readonly code?: unknown } | null;
  return new SignInError(typeof problem?.code === 'string' ? problem.code : '');
}

/** Leaves this page for a provider, which sends the browser back here. */
export async function leaveFor(provider: Provider): Promise<void> {
  const response = await fetch(`/v1/signin/${encodeURIComponent(provider.key)}`, { method: 'POST', credentials: 'same-origin' });
  if (!response.ok) throw await refused(response);
  const { url } = (await response.json()) as { readonly url: string };
  location.assign(url);
}

/** What a provider sent the browser back with. */
export type Return = Readonly<Record<string, string>>;

/** Takes what a provider sent out of the address bar, where it must not stay. */
export function takeReturn(): Return | null {
  const query = new URLSearchParams(location.search);
  if (!query.has('state')) return null;
  history.replaceState(null, '', location.pathname + location.hash);
  const sent = ['code', 'state', 'iss', 'error'].map((name) => [name, query.get(name)] as const);
  return Object.fromEntries(sent.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])));
}

/** Trades the provider's code for the console's cookie. */
export async function finishSignIn({ error, ...body }: Return): Promise<void> {
  if (error !== undefined) throw new SignInError('provider-refused');
  const response = await fetch('/v1/signin', {
    method: 'POST', credentials: 'same-origin', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  if (!response.ok) throw await refused(response);
}

/** Takes the token out of the address bar, where it must not stay. */
export function takeToken(): string | null {
  const match = /^#token=([\w.~-]+)$/.exec(location.hash);
  if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search);
  return match?.[1] ?? null;
}

/** An agent's place in a session. */
export interface Seat {
  readonly session: string;
  readonly token: string;
}

const KEY = 'vitrine-seat';

/** Leaves a seat for the page that comes after a reload. It is only there while no page has it, and good once. */
export function leaveSeat({ session, token }: Seat): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ session, token }));
  } catch {
    // Storage is blocked: the seat ends with this page.
  }
}

/** Takes the seat that the page before left. */
export function takeSeat(): Seat | null {
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return JSON.parse(text ?? 'null') as Seat | null;
  } catch {
    return null;
  }
}
