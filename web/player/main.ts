// The player's page: a recording and a key file in, the page as agents saw it out. The key never leaves this page.
import type { Decrypter } from 'age-encryption';
import { Show } from './show';
import { type Sealed, type Tape, TapeError, open, opener, unpack } from './tape';

function find<E extends HTMLElement>(id: string, kind: new () => E): E {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${id}`);
  return element;
}

const form = find('choose', HTMLFormElement);
const choice = find('recording', HTMLSelectElement);
const more = find('more', HTMLButtonElement);
const file = find('file', HTMLInputElement);
const key = find('key', HTMLInputElement);
const said = find('said', HTMLElement);
const player = find('player', HTMLElement);
const play = find('play', HTMLButtonElement);
const timeline = find('timeline', HTMLInputElement);
const time = find('time', HTMLOutputElement);
const speed = find('speed', HTMLSelectElement);
const skip = find('skip', HTMLInputElement);

function clock(milliseconds: number): string {
  const s = Math.floor(milliseconds / 1000);
  const rest = `${Math.floor(s / 60) % 60}:${String(s % 60).padStart(2, '0')}`;
  return s < 3600 ? rest : `${Math.floor(s / 3600)}:${rest.padStart(5, '0')}`;
}

function say(text: string, fails = false): void {
  said.textContent = text;
  said.className = fails ? 'fails' : '';
}

interface Listed {
  readonly recordings: readonly { readonly recording: string; readonly site: string; readonly agent: string; readonly begun: number; readonly segments: number; readonly ended?: number }[];
  readonly cursor?: string;
}

const listing = { cursor: '' };

async function list(): Promise<void> {
  const answer = await fetch(`/v1/recordings?cursor=${encodeURIComponent(listing.cursor)}`, { cache: 'no-store' });
  if (!answer.ok) return; // who is not signed in can still play a file
  const body = await answer.json() as Listed;
  for (const { recording, site, agent, begun, segments, ended } of body.recordings) {
    const when = new Date(begun * 1000).toLocaleString('en-GB');
    choice.append(new Option(`${when}, ${site}, ${agent}, ${segments} segments${ended === undefined ? ', goes on' : ''}`, recording));
  }
  listing.cursor = body.cursor ?? '';
  more.hidden = body.cursor === undefined;
}

async function archive(): Promise<Uint8Array> {
  const [chosen] = file.files ?? [];
  if (chosen) return new Uint8Array(await chosen.arrayBuffer());
  if (choice.value === '') throw new TapeError('Choose a recording, or a file.');
  const answer = await fetch(`/v1/recordings/${choice.value}`, { cache: 'no-store' });
  if (!answer.ok) throw new TapeError(answer.status === 404 ? 'You may not open this recording: that takes the role of an auditor. Or it was deleted.' : 'The server does not give the recording just now. Sign in to the console and try again.');
  return new Uint8Array(await answer.arrayBuffer());
}

async function keyOf(found: readonly Sealed[]): Promise<Decrypter | undefined> {
  const [chosen] = key.files ?? [];
  if (chosen) return opener(await chosen.text());
  if (found.some(({ plain }) => !plain)) throw new TapeError('Choose the key file that opens the recording.');
  return undefined;
}

// What plays just now.
const on: { show?: Show; tape?: Tape; last: number; frame: number } = { last: 0, frame: 0 };

function place(): void {
  const at = on.show?.at ?? 0;
  time.value = clock(at);
  timeline.value = String(at);
}

function pause(): void {
  cancelAnimationFrame(on.frame);
  on.frame = 0;
  play.textContent = 'Play';
}

function tick(now: number): void {
  const { show } = on;
  if (!show) return;
  const going = show.step((now - on.last) * Number(speed.value), skip.checked);
  on.last = now;
  place();
  if (going) on.frame = requestAnimationFrame(tick);
  else pause();
}

async function seek(at: number): Promise<void> {
  pause();
  await on.show?.seek(at);
  place();
}

async function start(): Promise<void> {
  say('Opening …');
  const found = unpack(await archive());
  const tape = await open(found, await keyOf(found), (part) => say(`Opening … ${Math.round(part * 100)} %`));
  key.value = '';
  say('');
  form.hidden = true;
  player.hidden = false;
  find('found', HTMLElement).textContent = tape.findings.join('\n');
  find('length', HTMLOutputElement).value = clock(tape.length);
  timeline.max = String(tape.length);
  on.tape = tape;
  on.show = new Show(tape, find('stage', HTMLElement));
  await seek(0);
}

function close(): void {
  pause();
  on.show?.clear();
  delete on.show;
  delete on.tape;
  player.hidden = true;
  form.hidden = false;
}

function failed(error: unknown): void {
  say(error instanceof TapeError ? error.message : 'The recording cannot be played. Choose it again, or open it with vitrine open.', true);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  start().catch(failed);
});
play.addEventListener('click', () => {
  if (on.frame !== 0) {
    pause();
    return;
  }
  const { show, tape } = on;
  if (!show || !tape) return;
  const from = show.at >= tape.length ? show.seek(0) : Promise.resolve();
  void from.then(() => {
    play.textContent = 'Pause';
    on.last = performance.now();
    on.frame = requestAnimationFrame(tick);
  });
});
timeline.addEventListener('change', () => void seek(Number(timeline.value)));
more.addEventListener('click', () => void list());
find('close', HTMLButtonElement).addEventListener('click', close);
void list();
