// The console: who is signed in, which session, which screen.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { EndReason, JoinError, View } from '../viewer/index';
import { join } from '../viewer/main';
import { type Me, type Seat, finishSignIn, leaveSeat, login, logout, me, takeReturn, takeSeat, takeToken } from './api';
import { Mark } from './icons';
import { Live } from './live';
import { CodeEntry, Ended, Loading, SignedOut, signInProblem } from './screens';
import { texts } from './texts';

type Screen =
  | { readonly at: 'loading' }
  | { readonly at: 'signed-out'; readonly problem: string }
  | { readonly at: 'code'; readonly busy: boolean; readonly problem: string }
  | { readonly at: 'session'; readonly view: View }
  | { readonly at: 'ended'; readonly reason: EndReason };

async function signIn(): Promise<{ who: Me | null; problem: string }> {
  const token = takeToken();
  const back = takeReturn();
  try {
    let problem = '';
    if (back) await finishSignIn(back).catch((error: unknown) => { problem = signInProblem(error); });
    else if (token !== null && !(await login(token))) problem = texts.signInFailed;
    const who = await me();
    return { who, problem: who ? '' : problem };
  } catch {
    return { who: null, problem: texts.unreachable };
  }
}

const problems = new Map<number, string>([
  [401, texts.code.signedOut], [403, texts.code.forbidden], [404, texts.code.unknown], [410, texts.code.unknown], [429, texts.code.tooMany],
]);

function joinProblem(error: unknown): string {
  const { status, message } = error as Partial<JoinError>;
  return problems.get(status ?? 0) ?? message ?? texts.unreachable;
}

function Top({ who, onSignOut }: { readonly who: Me; readonly onSignOut: () => void }) {
  return (
    <header class="top">
      <Mark />
      <strong>{texts.product}</strong>
      <span class="gap" />
      <span class="quiet">{texts.signedInAs} <bdi>{who.name}</bdi></span>
      <button type="button" onClick={onSignOut}>{texts.signOut}</button>
    </header>
  );
}

/** The whole console. */
export function App() {
  const [who, setWho] = useState<Me | null>(null);
  const [screen, setScreen] = useState<Screen>({ at: 'loading' });
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    void signIn().then((result) => {
      setWho(result.who);
      setScreen(result.who ? { at: 'code', busy: false, problem: '' } : { at: 'signed-out', problem: result.problem });
      const seat = takeSeat();
      if (seat && result.who) enter(seat, () => setScreen({ at: 'ended', reason: 'lost' }));
    });
  }, []);
  const enter = (by: Seat | { readonly code: string }, failed: (error: unknown) => void): void => {
    if (!place.current) return;
    setScreen({ at: 'code', busy: true, problem: '' });
    join({ server: location.origin, container: place.current, ...by })
      .then((view) => setScreen(view.state === 'ended' ? { at: 'ended', reason: 'lost' } : { at: 'session', view }), failed);
  };
  const onCode = (code: string): void => enter({ code }, (error) => {
    const problem = joinProblem(error);
    const out = (error as Partial<JoinError>).status === 401;
    if (out) setWho(null);
    setScreen(out ? { at: 'signed-out', problem } : { at: 'code', busy: false, problem });
  });
  const onSignOut = (): void => {
    void logout().catch(() => undefined).then(() => {
      setWho(null);
      setScreen({ at: 'signed-out', problem: '' });
    });
  };
  const view = screen.at === 'session' ? screen.view : null;
  useEffect(() => {
    document.title = view ? `${texts.live} \u2013 ${texts.product}` : texts.console;
    if (!view) return undefined;
    const leave = (): void => {
      if (view.state !== 'ended') leaveSeat(view);
    };
    addEventListener('pagehide', leave);
    return () => removeEventListener('pagehide', leave);
  }, [view]);
  return (
    <>
      {who && !view && <Top who={who} onSignOut={onSignOut} />}
      {screen.at === 'loading' && <Loading />}
      {screen.at === 'signed-out' && <SignedOut problem={screen.problem} />}
      {screen.at === 'code' && <CodeEntry busy={screen.busy} problem={screen.problem} onCode={onCode} />}
      {screen.at === 'ended' && <Ended reason={screen.reason} onAgain={() => setScreen({ at: 'code', busy: false, problem: '' })} />}
      <Live view={view} place={place} onEnd={(reason) => setScreen({ at: 'ended', reason })} />
    </>
  );
}
