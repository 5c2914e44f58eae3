// The line above the page: whose page it is, what the agent may do, how the connection does.
import { useEffect, useState } from 'preact/hooks';
import type { Missing, Page, Quality, State, Tool } from '../viewer/index';
import { Icon } from './icons';
import { type Actions, type Session, controls } from './session';
import { texts } from './texts';

const tools: readonly Tool[] = ['none', 'laser', 'pen', 'arrow', 'rectangle'];

/** Whose page it is: the origin that the server vouches for, then what the page says of itself. */
export function PageLine({ page }: { readonly page: Page }) {
  return (
    <div class="pageline">
      {page.origin !== '' && (
        <span class="origin" title={texts.verifiedHint}>
          <Icon name="lock" />
          <span class="visually-hidden">{texts.verified}: </span>
          <bdi dir="ltr">{page.origin}</bdi>
        </span>
      )}
      {page.url !== '' && (
        <span class="said">
          <span class="prefix">{texts.page}</span> <bdi class="title">{page.title || texts.noTitle}</bdi> <bdi class="url" dir="ltr">{page.url}</bdi>
        </span>
      )}
    </div>
  );
}

/** What was measured on a connection that is gone says nothing of the next one. */
function rate(quality: Quality | null, lost: boolean): 'good' | 'fair' | 'poor' | 'lost' | 'unknown' {
  if (lost) return 'lost';
  if (!quality) return 'unknown';
  if (quality.degraded || quality.stale > 5000 || quality.roundTrip > 600 || quality.loss > 15) return 'poor';
  return quality.roundTrip > 200 || quality.stale > 1000 || quality.loss > 3 ? 'fair' : 'good';
}

/** That images or style sheets of the page are not shown, and why. */
export function MissingNote({ missing }: { readonly missing: readonly Missing[] }) {
  const of = (kind: Missing['kind']): number => missing.reduce((sum, one) => sum + (one.kind === kind ? one.count : 0), 0);
  const [images, sheets] = [of('image'), of('sheet')];
  const count = images + sheets;
  const why = missing.map((one) => texts.missing.reason(one.count, one.reason)).join('; ');
  return (
    <span class={count === 0 ? 'missing none' : 'missing'} role="status" aria-live="polite" title={why}>
      {count > 0 && <>{texts.missing.count(images, sheets)}<span class="visually-hidden">: {why}</span></>}
    </span>
  );
}

/** How the connection does: three bars and a word; the figures behind them when it is opened. */
export function QualityBars({ quality, lost }: { readonly quality: Quality | null; readonly lost: boolean }) {
  const { label, way, loss, roundTrip, stale, degraded, milliseconds, ways, check, heals, times } = texts.quality;
  const rated = rate(quality, lost);
  const word = texts.quality[rated];
  return (
    <details class={`quality ${rated}`}>
      <summary title={texts.quality.open} aria-label={`${label}: ${word}`}>
        <span class="bars" aria-hidden="true"><i /><i /><i /></span>
        <span class="word">{word}</span>
      </summary>
      <div class="figures">
        {quality && !lost && (
          <dl>
            <dt>{roundTrip}</dt><dd>{milliseconds(quality.roundTrip)}</dd>
            <dt>{loss}</dt><dd>{quality.loss} %</dd>
            <dt>{stale}</dt><dd>{milliseconds(quality.stale)}</dd>
            <dt>{way}</dt><dd>{ways[quality.path]}</dd>
            {quality.heals > 0 && <><dt>{heals}</dt><dd>{times(quality.heals)}</dd></>}
          </dl>
        )}
        {quality?.degraded && !lost && <p>{degraded}</p>}
        <a href="../check/" target="_blank" rel="noopener">{check}</a>
      </div>
    </details>
  );
}

/** The state in a word. */
export function StateBadge({ state, behind }: { readonly state: State; readonly behind: boolean }) {
  if (state === 'active' && behind) return <span class="badge behind" role="status" title={texts.quality.catchingUpHint}>{texts.quality.catchingUp}</span>;
  return <span class={`badge ${state}`}>{texts.states[state]}</span>;
}

/** Watching only, or operating as well. */
export function ModeSwitch({ session, actions }: { readonly session: Session; readonly actions: Actions }) {
  const on = controls(session.scopes) && session.driver;
  const disabled = session.state !== 'active';
  return (
    <div class="switch" role="group" aria-label={texts.mode.label}>
      <button type="button" aria-pressed={!on && !session.asking} disabled={disabled} onClick={() => { if (on || session.asking) actions.control(false); }}>
        {texts.mode.view}
      </button>
      <button type="button" aria-pressed={on} aria-busy={session.asking} disabled={disabled || session.asking} onClick={() => { if (!on) actions.control(true); }}>
        {texts.mode.control}
        {session.asking && <span class="dots" aria-hidden="true" />}
      </button>
    </div>
  );
}

/** Laser, pen, arrow, rectangle, and the colour they have. */
export function Tools({ session, actions }: { readonly session: Session; readonly actions: Actions }) {
  const disabled = session.state !== 'active' || !session.driver || !session.scopes.includes('point');
  const hint = disabled ? texts.tools.needs : undefined;
  const { colours } = texts.tools;
  const colour = `${texts.tools.colour}: ${colours[session.colour] ?? ''}`;
  return (
    <div class="tools" role="group" aria-label={texts.tools.label} title={hint}>
      {tools.map((tool) => (
        <button type="button" key={tool} class="square" aria-pressed={session.tool === tool} aria-label={texts.tools.names[tool]} title={texts.tools.names[tool]}
          disabled={disabled} onClick={() => actions.draw(tool, session.colour)}>
          <Icon name={tool} />
        </button>
      ))}
      <button type="button" class={`square swatch c${session.colour}`} aria-label={colour} title={colour}
        disabled={disabled} onClick={() => actions.draw(session.tool, (session.colour + 1) % colours.length)}>
        <i />
      </button>
      <button type="button" class="square" aria-label={texts.tools.names.clear} title={texts.tools.names.clear} disabled={disabled} onClick={() => actions.draw('clear', session.colour)}>
        <Icon name="clear" />
      </button>
    </div>
  );
}

/** Asks the customer whether what is shown may be recorded, or ends the recording. */
export function RecordSwitch({ session }: { readonly session: Session }) {
  const on = session.scopes.includes('record');
  const text = on ? texts.record.stop : texts.record.start;
  return (
    <button type="button" class="square" aria-pressed={on} aria-label={text} title={text} disabled={session.state !== 'active'}
      onClick={() => { if (on) session.view.release('record'); else session.view.request('record'); }}>
      <Icon name="record" />
    </button>
  );
}

/** Back, forward and reload of the customer's page. */
export function Navigation({ session }: { readonly session: Session }) {
  const disabled = session.state !== 'active' || !session.driver || !session.scopes.includes('navigate');
  return (
    <div class="tools" role="group" aria-label={texts.navigation.label}>
      {(['back', 'forward', 'reload'] as const).map((move) => (
        <button type="button" key={move} class="square" aria-label={texts.navigation[move]} title={texts.navigation[move]} disabled={disabled}
          onClick={() => session.view.navigate(move)}>
          <Icon name={move} />
        </button>
      ))}
    </div>
  );
}

/** Ends the session; asks once more, in place. */
export function EndButton({ onEnd }: { readonly onEnd: () => void }) {
  const [sure, setSure] = useState(false);
  useEffect(() => {
    if (!sure) return undefined;
    const timer = setTimeout(() => setSure(false), 4000);
    return () => clearTimeout(timer);
  }, [sure]);
  return (
    <button type="button" class={sure ? 'end sure' : 'end'} onClick={() => { if (sure) onEnd(); else setSure(true); }}>
      {sure ? texts.endSure : texts.end}
    </button>
  );
}
