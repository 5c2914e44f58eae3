import { describe, expect, it } from 'vitest';
import { MediaAnyCoarse, MediaAnyFine, MediaCoarse, MediaDark, MediaHover, MediaLess, MediaMore, MediaP3, MediaStill } from '../wire/frames';
import { answerQuery, answerSheet } from './media';

const phone = { bits: MediaDark | MediaStill | MediaCoarse | MediaAnyCoarse | MediaAnyFine | MediaLess | MediaP3, width: 400, height: 800, scale: 2.625 };
const desk = { bits: MediaHover | MediaMore | MediaLess, width: 1920, height: 1080, scale: 1 };
const yes = '(min-width:0px)';
const no = '(min-width:1000000px)';

describe('answerQuery', () => {
  it.each([
    ['(prefers-color-scheme: dark)', yes, no],
    ['(prefers-color-scheme:LIGHT)', no, yes],
    ['(prefers-color-scheme)', yes, yes],
    ['(prefers-reduced-motion)', yes, no],
    ['(prefers-reduced-motion: no-preference)', no, yes],
    ['(prefers-contrast: less)', yes, no],
    ['(prefers-contrast: custom)', no, yes],
    ['(hover: hover)', no, yes],
    ['(hover)', no, yes],
    ['(pointer: coarse)', yes, no],
    ['(pointer)', yes, no],
    ['(any-pointer: fine)', yes, no],
    ['(any-pointer: none)', no, yes],
    ['(color-gamut: p3)', yes, no],
    ['(scripting: none)', no, no],
    ['(display-mode: browser)', yes, yes],
    ['(min-resolution: 2dppx)', yes, no],
    ['(min-resolution: 192dpi)', yes, no],
    ['(resolution: 2.625x)', yes, no],
    ['(resolution >= 1.5dppx)', yes, no],
    ['(1dppx < resolution <= 2.7dppx)', yes, no],
    ['(-webkit-min-device-pixel-ratio: 1.5)', yes, no],
    ['(-webkit-max-device-pixel-ratio:1)', no, yes],
    ['(min--moz-device-pixel-ratio: 1.5)', yes, no],
    ['(max-device-width: 480px)', yes, no],
    ['(device-aspect-ratio: 1/2)', yes, no],
    ['(min-device-width: 50em)', no, yes],
  ])('%s', (query, onPhone, onDesk) => {
    expect(answerQuery(query, phone)).toBe(onPhone);
    expect(answerQuery(query, desk)).toBe(onDesk);
  });

  it.each(['(min-width: 100px)', '(width >= 20em)', '(orientation: landscape)', '(resolution: infinite)', 'print', '(resolution > calc(1dppx))', '(device-width: 1vw)', '(100px < width < 200px)'])(
    'leaves %s to the browser', (query) => expect(answerQuery(query, phone)).toBe(query));

  it('answers every part of a list', () => {
    expect(answerQuery('screen and (pointer: fine) and (min-width: 10px), not (hover), ((hover) or (prefers-color-scheme: dark))', phone)).toBe(
      `screen and ${no} and (min-width: 10px), not ${no}, (${no} or ${yes})`,
    );
  });
});

describe('answerSheet', () => {
  it.each([
    ['@media (hover) { a { b: c; } }', `@media ${no} { a { b: c; } }`],
    ['@media print { @media (hover) { a { b: "@media (hover) {"; } } }', `@media print { @media ${no} { a { b: "@media (hover) {"; } } }`],
    ['a { color-scheme: light dark; }', 'a { color-scheme: dark; }'],
    ['a { color-scheme: only light !important; }', 'a { color-scheme: light !important; }'],
    ['a { color-scheme: normal; --color-scheme: light dark; content: "color-scheme: light dark"; }', 'a { color-scheme: normal; --color-scheme: light dark; content: "color-scheme: light dark"; }'],
    ['a { color-scheme: var(--light); }', 'a { color-scheme: var(--light); }'],
  ])('%s', (css, want) => expect(answerSheet(css, phone)).toBe(want));

  it('takes the other scheme for others', () => expect(answerSheet('a { color-scheme: light dark; }', desk)).toBe('a { color-scheme: light; }'));
  it('leaves everything to the browser as long as nothing is known', () => expect(answerSheet('@media (hover) {}', null)).toBe('@media (hover) {}'));
});
