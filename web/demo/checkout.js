// The checkout form, and a rating widget with its own open shadow root.
'use strict';
(() => {
  const form = document.querySelector('[data-checkout]');

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    for (const old of form.querySelectorAll('.wrong')) old.remove();
    const wrong = [...form.elements].filter((field) => field.willValidate && !field.validity.valid);
    for (const field of wrong) {
      const text = document.createElement('span');
      text.className = 'wrong';
      text.textContent = field.validationMessage;
      field.closest('.field').append(text);
    }
    const done = document.querySelector('[data-done]');
    done.hidden = wrong.length > 0;
    done.textContent = 'Thank you. If this were a real shop, your parcel would be on its way.';
    if (wrong.length > 0) wrong[0].focus();
  });

  // Groups of four digits, as people type them.
  form.elements.card.addEventListener('input', ({ target }) => {
    target.value = target.value.replace(/\D/g, '').slice(0, 16).replace(/(.{4})(?=.)/g, '$1 ');
  });

  customElements.define('star-rating', class extends HTMLElement {
    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open' });
      const style = document.createElement('style');
      style.textContent = `
        :host { display: block; }
        button { border: 0; background: none; padding: 2px; font-size: 1.7rem; line-height: 1; color: #d8c8ba; cursor: pointer; }
        button[aria-pressed=true] { color: #d99226; }
        p { margin: .3rem 0 0; font-size: .9rem; color: #74635a; }`;
      const words = ['It can only get better', 'Not quite', 'Good', 'Very good', 'A pleasure'];
      const text = document.createElement('p');
      text.textContent = 'Choose a number of stars.';
      const stars = words.map((word, i) => {
        const star = document.createElement('button');
        star.type = 'button';
        star.textContent = '★';
        star.ariaLabel = `${i + 1} of 5 stars`;
        star.ariaPressed = 'false';
        star.addEventListener('click', () => {
          stars.forEach((other, j) => { other.ariaPressed = String(j <= i); });
          text.textContent = word;
        });
        return star;
      });
      root.append(style, ...stars, text);
    }
  });
})();
