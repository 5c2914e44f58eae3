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
