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
