// How the agent looks at the page: follow or look around, how large, and the box in which to find text.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Found, View } from '../viewer/index';
import { Icon } from './icons';
import type { Session } from './session';
import { texts } from './texts';

interface SightProps {
  readonly session: Session;
  readonly finding: boolean;
  readonly onFind: () => void;
}

/** The controls of the agent's own view, and the size of the customer's. */
export function SightBar({ session, finding, onFind }: SightProps) {
  const { sight, view } = session;
  const { label, follow, followHint, around, aroundHint, customer } = texts.sight;
  const disabled = session.state !== 'active' && session.state !== 'paused' && session.state !== 'resuming';
  return (
    <div class="sight">
      <span class="visually-hidden" role="status" aria-live="polite">{sight.following ? '' : customer[sight.customer]}</span>
      <div class="switch" role="group" aria-label={label}>
        <button type="button" aria-pressed={sight.following} title={followHint} disabled={disabled} onClick={() => view.follow(true)}>{follow}</button>
        <button type="button" aria-pressed={!sight.following} title={sight.following ? aroundHint : customer[sight.customer]} disabled={disabled} onClick={() => view.follow(false)}>{around}</button>
      </div>
      <Zooming session={session} disabled={disabled} />
      <button type="button" class="square plain" aria-pressed={finding} aria-label={texts.find.open} title={texts.find.open} aria-keyshortcuts="Control+F" disabled={disabled} onClick={onFind}>
        <Icon name="find" />
      </button>
    </div>
  );
}

function Zooming({ session, disabled }: { readonly session: Session; readonly disabled: boolean }) {
  const { sight, view } = session;
  const { zoom, fit, fitHint, full, fullHint, smaller, larger, percent, size, sizeHint, ratio } = texts.sight;
  return (
    <>
      <div class="tools zoom" role="group" aria-label={zoom}>
        <button type="button" aria-pressed={sight.zoom === 'fit'} title={fitHint} disabled={disabled} onClick={() => view.zoom('fit')}>{fit}</button>
        <button type="button" aria-pressed={sight.zoom === 1} title={fullHint} disabled={disabled} onClick={() => view.zoom(1)}>{full}</button>
        <button type="button" class="square" aria-label={smaller} title={smaller} disabled={disabled || sight.scale <= 0.25} onClick={() => view.zoomBy(-1)}><Icon name="smaller" /></button>
        <output class="percent">{percent(sight.scale)}</output>
        <button type="button" class="square" aria-label={larger} title={larger} disabled={disabled || sight.scale >= 4} onClick={() => view.zoomBy(1)}><Icon name="larger" /></button>
      </div>
      <span class="window" title={sizeHint(sight.width, sight.height, sight.ratio)}>
        <Icon name="screen" />
        <span class="visually-hidden">{sizeHint(sight.width, sight.height, sight.ratio)}</span>
        <span aria-hidden="true">{size(sight.width, sight.height)} <i>{ratio(sight.ratio)}</i></span>
      </span>
    </>
  );
}

/** The box in which to find text on the page. */
export function FindBar({ view, onClose }: { readonly view: View; readonly onClose: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [found, setFound] = useState<Found | null>(null);
  useEffect(() => {
    field.current?.focus();
    return () => { if (view.state !== 'ended') view.find(''); };
  }, [view]);
  const find = (wanted: string, step: 1 | -1): void => {
    setText(wanted);
    setFound(wanted === '' ? null : view.find(wanted, step));
    if (wanted === '') view.find('');
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onClose();
    else if (event.key === 'Enter') find(text, event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
  };
  const { label, next, previous, close, none } = texts.find;
  const empty = found?.count === 0;
  return (
    <div class="find" role="search" onKeyDown={key}>
      <input ref={field} type="search" aria-label={label} placeholder={label} value={text} spellcheck={false} autocomplete="off" onInput={(event) => find(event.currentTarget.value, 1)} />
      <span class={empty ? 'count problem' : 'count'} role="status" aria-live="polite">{found ? (empty ? none : texts.find.found(found.at, found.count)) : ''}</span>
      <button type="button" class="square plain" aria-label={previous} title={previous} disabled={!found?.count} onClick={() => find(text, -1)}><Icon name="previous" /></button>
      <button type="button" class="square plain" aria-label={next} title={next} disabled={!found?.count} onClick={() => find(text, 1)}><Icon name="next" /></button>
      <button type="button" class="square plain" aria-label={close} title={close} onClick={onClose}><Icon name="close" /></button>
    </div>
  );
}
