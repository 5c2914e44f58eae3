// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';
import { Masks, bullets, cardLike, isField, luhn } from './mask';
import type { MaskRules } from './mask';
import { Privacy } from './privacy';

const { Open, Quiet, Masked, Hidden } = Privacy;

/** The privacy of the element #x in a body, by the way down to it. */
function privacyOf(html: string, rules: Partial<MaskRules> = {}): number {
  document.body.innerHTML = html;
  const masks = new Masks({ selectors: [], private: false, ...rules });
  const way: Element[] = [];
  for (let el = document.querySelector('#x'); el; el = el.parentElement) way.unshift(el);
  const asked = way.reduce((outer, el) => masks.of(el, outer), masks.start);
  // A whole page that is looked at together says the same.
  masks.look(document);
  expect(way.reduce((outer, el) => masks.of(el, outer, isField(el)), masks.start)).toBe(asked);
  masks.forget();
  return asked;
}

beforeEach(() => {
  document.body.className = '';
});

describe('what is masked', () => {
  const cases: readonly (readonly [what: string, html: string, privacy: number, rules?: Partial<MaskRules>])[] = [
    ['plain text', '<p id=x>', Open],
    ['a text field', '<input id=x>', Open],
    ['a password', '<input id=x type=password>', Masked],
    ['a password in capitals', '<input id=x type=PassWord>', Masked],
    ['a current password shown as text', '<input id=x autocomplete="current-password">', Masked],
    ['a new password in a section', '<input id=x autocomplete="section-a new-password">', Masked],
    ['a card number', '<input id=x autocomplete="cc-number">', Masked],
    ['a card in a section', '<input id=x autocomplete="billing cc-csc">', Masked],
    ['the month of a card in a list', '<select id=x autocomplete="cc-exp-month"></select>', Masked],
    ['a one-time code', '<input id=x autocomplete="one-time-code">', Masked],
    ['a postal code', '<input id=x autocomplete="postal-code">', Open],
    ['a field called cvc', '<input id=x name=cvc>', Masked],
    ['a field called cardNumber', '<input id=x name=cardNumber>', Masked],
    ['a field called card_no', '<input id=x name=card_no>', Masked],
    ['a field called discount', '<input id=x name=discount>', Open],
    ['a box to tick called cvc-help', '<input id=x type=checkbox name=cvc-help>', Open],
    ['a field that holds a card number', '<input id=x value="4242 4242 4242 4242">', Open],
    ['data-vitrine=mask', '<div data-vitrine=mask><p id=x></p></div>', Masked],
    ['show inside of mask', '<div data-vitrine=mask><p id=x data-vitrine=show></p></div>', Masked],
    ['data-vitrine=hide', '<div data-vitrine=hide><p id=x></p></div>', Hidden],
    ['mask inside of hide', '<div data-vitrine=hide><p id=x data-vitrine=mask></p></div>', Hidden],
    ['several wishes', '<p id=x data-vitrine="readonly mask"></p>', Masked],
    ['cobrowsing_nosync', '<div class="a cobrowsing_nosync"><p id=x></p></div>', Hidden],
    ['a class that only begins so', '<div class="cobrowsing_nosync2"><p id=x></p></div>', Open],
    ['a selector', '<p id=x class=iban></p>', Masked, { selectors: ['.iban'] }],
    ['a selector with a parent', '<div class=card><p id=x></p></div>', Masked, { selectors: ['.card p'] }],
    ['a selector beside one that is none', '<p id=x class=iban></p>', Masked, { selectors: ['p[', '.iban'] }],
    ['private by default', '<p id=x></p>', Quiet, { private: true }],
    ['private by default, shown', '<div data-vitrine=show><p id=x></p></div>', Open, { private: true }],
    ['private by default, a field', '<input id=x>', Masked, { private: true }],
    ['private by default, shown, a field', '<div data-vitrine=show><input id=x></div>', Open, { private: true }],
    ['private by default, shown, a password', '<div data-vitrine=show><input id=x type=password></div>', Masked, { private: true }],
  ];
  for (const [what, html, privacy, rules] of cases) {
    it(what, () => {
      expect(privacyOf(html, rules)).toBe(privacy);
    });
  }

  it('hides everything when the body is not to be shared', () => {
    document.body.className = 'cobrowsing_nosync';
    expect(privacyOf('<p id=x></p>')).toBe(Hidden);
  });

  it('case14: what was a password stays masked when it is shown as text', () => {
    document.body.innerHTML = '<input id=x type=password>';
    const el = document.querySelector('input');
    if (!el) throw new Error('no input');
    const masks = new Masks({ selectors: [], private: false });
    expect(masks.of(el, Open)).toBe(Masked);
    el.type = 'text';
    expect(masks.of(el, Open)).toBe(Masked);
  });

  it.each([
    ['4242 4242 4', '<input id=x>', true],
    ['4242 4242', '<input id=x>', false],
    ['4242424242424242', '<input id=x type=tel>', true],
    ['4242424242424242', '<textarea id=x></textarea>', true],
    ['4242424242424242', '<input id=x data-vitrine=show>', false],
    ['5551234567', '<input id=x autocomplete="home tel">', false],
    ['hello', '<input id=x>', false],
  ])('a value becomes secret: %s in %s: %s', (value, html, secret) => {
    document.body.innerHTML = html;
    const el = document.querySelector<HTMLInputElement>('#x');
    if (!el) throw new Error('no field');
    el.value = value;
    expect(new Masks({ selectors: [], private: false }).betrayed(el)).toBe(secret);
  });
});

describe('numbers of cards', () => {
  it.each([
    ['4242424242424242', true],
    ['378282246310005', true],
    ['6011-1111-1111-1117', true],
    ['4242.4242.4', true], // becoming one
    ['42424242', false], // the issuer only
    ['0171 2345678', false], // a telephone
    ['+49 171 2345678', false],
    ['1234567890123', false], // no issuer begins so, and Luhn says no
    ['2024-11-21', false],
    ['12345678901234567890', false], // too long
    ['4242 4242 4242 4242 x', false],
  ])('%s: %s', (value, is) => {
    expect(cardLike(value)).toBe(is);
  });

  it('agrees with Luhn', () => {
    expect(['79927398713', '4111111111111111', '0'].every(luhn)).toBe(true);
    expect(['79927398710', '4111111111111112', '1'].some(luhn)).toBe(false);
  });
});

describe('a page that is looked at together', () => {
  it('keeps what was masked before, and what shadow trees mark', () => {
    document.body.innerHTML = '<p id=was></p><p id=host></p>';
    const [was, host] = document.querySelectorAll('p');
    if (!was || !host) throw new Error('no page');
    const root = host.attachShadow({ mode: 'open' });
    root.innerHTML = '<b data-vitrine=mask></b><i class="cobrowsing_nosync"></i><u></u>';
    const masks = new Masks({ selectors: [], private: false });
    masks.keep(was);
    masks.look(document);
    masks.look(root);
    expect(masks.of(was, Open, false)).toBe(Masked);
    expect([...root.children].map((el) => masks.of(el, Open, false))).toEqual([Masked, Hidden, Open]);
  });

  it('asks one by one where a selector means the element itself', () => {
    document.body.innerHTML = '<p></p>';
    const p = document.querySelector('p');
    if (!p) throw new Error('no page');
    const masks = new Masks({ selectors: ['p:scope'], private: false });
    masks.look(document);
    expect(masks.looking).toBe(false);
    expect(masks.of(p, Open, false)).toBe(Masked);
  });
});

describe('bullets', () => {
  it('keep the length and the white space', () => {
    expect(bullets('a b\n\tc\u00a0d')).toBe('• •\n\t•\u00a0•');
    expect(bullets('\u000b\u2028')).toBe('••'); // white space that the server does not know as such
  });
});
