// The customer's look at what agents are shown: the same stage, fed by the same server, and nothing to press.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { State } from '../viewer/index';
import { join } from '../viewer/main';
import { Mark } from './icons';
import { texts } from './texts';

interface Words {
  readonly title: string;
  readonly text: string;
}

/** Why nothing more is shown. */
type Over = 'ended' | 'failed' | 'full';

const words: Readonly<Partial<Record<State | Over, Words>>> = {
  connecting: texts.preview.connecting,
  waiting: texts.preview.nothing,
  asked: texts.preview.nothing,
  paused: texts.preview.paused,
  closed: texts.preview.closed,
  resuming: texts.preview.resuming,
  ended: texts.preview.ended,
  failed: texts.preview.failed,
  full: texts.preview.full,
};

/** Takes session and token out of the address bar, where they must not stay: the token is good once. */
function takeAccess(): { readonly session: string; readonly token: string } | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  if (location.hash !== '') history.replaceState(null, '', location.pathname);
  const session = fragment.get('session');
  const token = fragment.get('token');
  return session !== null && token !== null ? { session, token } : null;
}

/** Joins and follows the view. A view that the server turns away for a limit before it said anything is one too many. */
async function watch(container: HTMLElement, show: (what: State | Over) => void): Promise<void> {
  const access = takeAccess();
  if (!access) throw new Error('the address holds no session');
  const view = await join({ server: location.origin, ...access, container });
  let seen = view.state !== 'connecting';
  show(view.state);
  view.on('state', (state) => {
    seen ||= state !== 'ended';
    show(state);
  });
  view.on('end', (reason) => show(reason === 'limit' && !seen ? 'full' : 'ended'));
}

/** The whole window. */
export function Preview() {
  const place = useRef<HTMLDivElement>(null);
  const [what, show] = useState<State | Over>('connecting');
  useEffect(() => {
    document.title = texts.preview.title;
    if (place.current) watch(place.current, show).catch(() => show('failed'));
  }, []);
  const said = words[what];
  return (
    <>
      <header class="top">
        <Mark />
        <h1>{texts.preview.heading}</h1>
        <span class="gap" />
        <span class="quiet">{texts.preview.hint}</span>
      </header>
      <div class="live">
        <div class="body">
          <main class={`stage ${what}`} aria-label={texts.preview.title}>
            <div class="place" ref={place} />
            {said && (
              <div class={what === 'paused' ? 'veil thin' : 'veil'}>
                <div class="card small" role="status">
                  <h2>{said.title}</h2>
                  <p>{said.text}</p>
                </div>
              </div>
            )}
          </main>
        </div>
      </div>
    </>
  );
}
