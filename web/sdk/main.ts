// The customer's SDK: Vitrine.start(). Load it before the page's own scripts, so that it knows closed shadow roots and
// style sheets that scripts change.
import type { Mask, Session, StartOptions } from './index';
import { PageSession } from './session';
import { send, take } from './signal';
import type { Kept } from './signal';

let current: PageSession | null = null;
let starting: Promise<Session> | null = null;

interface Created {
  readonly session: string;
  readonly code: string;
  readonly codeExpires: number;
  readonly token: string;
  readonly ice: RTCIceServer[];
  readonly site: { readonly company: string };
  readonly mask?: { readonly selectors?: readonly string[]; readonly private?: boolean };
}

function check(options: StartOptions): void {
  if (!options.server || (!options.siteKey && !options.token)) throw new TypeError('Vitrine.start needs a server and a siteKey (or a token)');
  if (options.ui === 'none' && !options.consent) throw new TypeError("Vitrine.start with ui: 'none' needs a consent function");
  // Also what makes crypto.subtle exist (Web Cryptography, section 14): assets are named by their hashes.
  if (!isSecureContext) throw new Error('Vitrine needs a secure page: serve it over https (or from localhost)');
  if (typeof RTCPeerConnection !== 'function') throw new Error('This browser has no WebRTC, which Vitrine needs; it may be switched off by policy');
}

async function create(options: StartOptions): Promise<Session> {
  const server = new URL(options.server, location.href).origin;
  const body = JSON.stringify(options.token ? { token: options.token } : { siteKey: options.siteKey });
  const answer = await send(`${server}/v1/sessions`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  const made = (await answer.json()) as Created;
  const mask: Mask = Array.isArray(options.mask) ? { selectors: options.mask as readonly string[] } : ((options.mask ?? {}) as Mask);
  const kept: Kept = {
    server,
    session: made.session,
    code: made.code,
    codeExpires: made.codeExpires,
    token: made.token,
    ice: made.ice,
    company: made.site.company,
    selectors: [...(mask.selectors ?? []), ...(made.mask?.selectors ?? [])],
    private: mask.private === true || made.mask?.private === true,
    ui: options.ui ?? 'default',
    locale: options.locale ?? '',
  };
  return run(kept, options.consent);
}

function run(kept: Kept, consent: StartOptions['consent']): PageSession {
  const session = new PageSession(kept, consent);
  current = session;
  session.on('end', () => {
    if (current === session) current = null;
  });
  return session;
}

/** Starts a session, or gives back the one that goes on in this tab. */
export function start(options: StartOptions): Promise<Session> {
  if (current) {
    current.attach(options);
    return Promise.resolve(current);
  }
  starting ??= (async () => {
    check(options);
    return create(options);
  })().finally(() => (starting = null));
  return starting;
}

// A session goes on when the customer moves to another page of the site, or reloads this one.
const kept = take();
if (kept) run(kept, undefined);
