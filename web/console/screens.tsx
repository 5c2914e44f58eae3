// The screens around a session: not signed in, the code, the end.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import type { EndReason } from '../viewer/index';
import { type Provider, SignInError, leaveFor, providers } from './api';
import { texts } from './texts';

function Card({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // A new screen is announced, unless something in it already has the focus.
    if (document.activeElement === document.body || document.activeElement === null) heading.current?.focus();
  }, []);
  return (
    <main class="center">
      <div class="card">
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {children}
      </div>
    </main>
  );
}

/** While the sign-in is being made. */
export function Loading() {
  return <main class="center"><p role="status" class="quiet">{texts.loading}</p></main>;
}

/** Nobody is signed in. */
export function SignedOut({ problem }: { readonly problem: string }) {
  const [offered, setOffered] = useState<readonly Provider[] | null>(null);
  const [leaving, setLeaving] = useState(false);
  const [failed, setFailed] = useState(problem);
  useEffect(() => {
    providers().then(setOffered, () => setFailed(texts.unreachable));
  }, []);
  const choose = (provider: Provider): void => {
    setLeaving(true);
    setFailed('');
    leaveFor(provider).catch((error: unknown) => {
      setLeaving(false);
      setFailed(signInProblem(error));
    });
  };
  return (
    <Card title={texts.signedOut.title}>
      {failed !== '' && <p role="alert" class="problem">{failed}</p>}
      {offered?.length === 0 && <p>{texts.signedOut.text}</p>}
      {offered !== null && offered.length > 0 && <p>{texts.signedOut.choose}</p>}
      {offered?.map((provider) => (
        <button key={provider.key} type="button" class="primary" disabled={leaving} onClick={() => choose(provider)}>
          {texts.signedOut.with(provider.name)}
        </button>
      ))}
      {leaving && <p role="status" class="quiet">{texts.signedOut.leaving}</p>}
    </Card>
  );
}

/** Says why a sign-in did not come about, and what to do. */
export function signInProblem(error: unknown): string {
  if (!(error instanceof SignInError)) return texts.unreachable;
  return new Map<string, string>(Object.entries(texts.signInProblems)).get(error.message) ?? texts.signInProblems['sign-in-refused'];
}

/** The code that the customer reads out. */
export function CodeEntry({ busy, problem, onCode }: { readonly busy: boolean; readonly problem: string; readonly onCode: (code: string) => void }) {
  const [code, setCode] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (busy) return;
    field.current?.focus();
    field.current?.select();
  }, [busy]);
  const take = (text: string): void => {
    const digits = text.replace(/\D/g, '').slice(0, 6);
    setCode(digits);
    if (digits.length === 6 && digits !== code) onCode(digits);
  };
  return (
    <Card title={texts.code.title}>
      <p>{texts.code.text}</p>
      <form class="code" onSubmit={(event) => { event.preventDefault(); if (code.length === 6) onCode(code); }}>
        <label for="code">{texts.code.label}</label>
        <div class="row">
          <input ref={field} id="code" inputMode="numeric" autocomplete="off" spellcheck={false} placeholder="000000" value={code} disabled={busy}
            aria-invalid={problem !== ''} aria-describedby="code-problem" onInput={(event) => take(event.currentTarget.value)} />
          <button type="submit" class="primary" disabled={busy || code.length !== 6}>{busy ? texts.code.joining : texts.code.join}</button>
        </div>
        <p id="code-problem" role="alert" class="problem">{problem}</p>
      </form>
    </Card>
  );
}

/** The session is over. */
export function Ended({ reason, onAgain }: { readonly reason: EndReason; readonly onAgain: () => void }) {
  const words = texts.ended[reason];
  return (
    <Card title={words.title}>
      <p>{words.text}</p>
      {reason === 'lost' && <p><a href="../check/" target="_blank" rel="noopener">{texts.quality.check}</a></p>}
      <button type="button" class="primary" onClick={onAgain}>{texts.again}</button>
    </Card>
  );
}
