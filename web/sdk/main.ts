// The customer's SDK: Vitrine.start(). Load it before the page's own scripts, so that it knows closed shadow roots and
// style sheets that scripts change.
import type { Mask, Session, StartOptions } from './index';
import { valid } from './mask';
import { PageSession } from './session';
import { elsewhere } from './elsewhere';
import { listen } from './natives';
import { part } from './parts';
import type { Parts } from './parts';
import { left, send, take } from './signal';
import type { Kept } from './signal';
import { exactOrigin } from './talk';
import { learn } from './vocab';

let current: PageSession | undefined;
let starting: Promise<Session> | undefined;

async function create(options: StartOptions): Promise<Session> {
  const { token, siteKey, ui = 'default', locale = '', consent, mask, canvas = false, frames = [] } = options;
  if (!options.server || !(siteKey ?? token)) throw new TypeError('Vitrine.start needs a server and a siteKey (or a token)');
  if (ui === 'none' && !consent) throw new TypeError("Vitrine.start with ui: 'none' needs a consent function");
  // Also what makes crypto.subtle exist (Web Cryptography, section 14): assets are named by their hashes.
  if (!isSecureContext) throw new Error('Vitrine needs a secure page: serve it over https (or from localhost)');
  if (!('RTCPeerConnection' in globalThis)) throw new Error('Vitrine needs WebRTC, which this browser lacks or a policy switches off');
  const wish: Mask = Array.isArray(mask) ? { selectors: mask as string[] } : ((mask ?? {}) as Mask);
  for (const selector of wish.selectors ?? []) {
    if (!valid(selector)) throw new TypeError(`Vitrine.start cannot mask "${selector}": that is no CSS selector`);
  }
  const origins = frames.map((text) => {
    const origin = exactOrigin(text);
    if (!origin) throw new TypeError(`Vitrine.start cannot take frames of "${text}": name an origin, such as https://pay.example`);
    return origin;
  });
  const server = new URL(options.server, location.href).origin;
  const more = await prepare();
  const body = JSON.stringify(token ? { token } : { siteKey });
  const answer = await send(`${server}/v1/sessions`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  const made = (await answer.json()) as Kept & { readonly mask?: Mask };
  const rules = made.mask as Mask | undefined;
  const selectors = [...(wish.selectors ?? []), ...(rules?.selectors ?? [])];
  // A rule of the site that cannot be read may have meant anything: then everything is masked.
  const all = wish.private === true || rules?.private === true || !selectors.every(valid);
  return run({ ...made, server, mask: { selectors, private: all }, ui, locale, canvas, frames: origins }, more, consent);
}

/** Loads what a session needs beyond this script. */
async function prepare(): Promise<Parts['session']> {
  const more = await part('session');
  learn(more);
  return more;
}

function run(kept: Kept, more: Parts['session'], consent?: StartOptions['consent']): PageSession {
  const session = new PageSession(kept, more, consent);
  session.on('end', () => (current = undefined));
  return (current = session);
}

/** Starts a session, or gives back the one that goes on in this tab. */
export async function start(options: StartOptions): Promise<Session> {
  await resuming;
  if (current) {
    current.attach(options);
    return current;
  }
  starting ??= create(options).finally(() => (starting = undefined));
  return starting;
}

/** Goes on with the session that the page before left. */
async function resume(): Promise<void> {
  const more = await prepare();
  const kept = take();
  if (kept) run(kept, more);
}

/** The customer looks at this tab: a session of another one comes here. */
async function follow(): Promise<void> {
  const session = current || document.visibilityState === 'hidden' || !('BroadcastChannel' in window) ? '' : await elsewhere();
  if (!session) return;
  const more = await prepare();
  const kept = await more.ask(session);
  if (kept && !current) run(kept, more);
}

for (const [at, name] of [[window, 'focus'], [document, 'visibilitychange']] as const) {
  listen(at, name, () => void follow().catch(reportError), new AbortController().signal);
}

// A session goes on when the customer moves to another page of the site, or reloads this one.
const resuming = (left() ? resume() : follow()).catch(reportError);
