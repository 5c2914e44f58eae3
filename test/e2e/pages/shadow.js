// Shadow roots of every kind: open with slots, nested, declared in the page's source, with adopted sheets, and a
// closed one, which nobody outside may look into.
'use strict';
(() => {
  const adopted = new CSSStyleSheet();
  adopted.replaceSync('p { color: rgb(0, 120, 0); } .count { font-weight: bold; }');

  customElements.define('inner-box', class extends HTMLElement {
    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open' });
      root.adoptedStyleSheets = [adopted];
      const text = document.createElement('p');
      text.append('Green, by an adopted sheet: ');
      const count = document.createElement('span');
      count.className = 'count';
      count.textContent = '0';
      text.append(count);
      const field = document.createElement('input');
      field.type = 'text';
      field.value = 'inside two roots';
      root.append(text, field);
    }
  });

  customElements.define('open-box', class extends HTMLElement {
    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open' });
      const style = document.createElement('style');
      style.textContent = ':host { display: block; border: 2px solid teal; padding: 8px; } ::slotted(b) { text-decoration: underline; }';
      const title = document.createElement('slot');
      title.name = 'title';
      root.append(style, title, document.createElement('slot'), document.createElement('inner-box'));
    }
  });

  customElements.define('closed-box', class extends HTMLElement {
    constructor() {
      super();
      const text = document.createElement('p');
      text.textContent = 'closed-text-4715';
      this.attachShadow({ mode: 'closed' }).append(text);
    }
  });

  document.getElementById('help').addEventListener('click', () => window.help());

  // tick changes something in the inner root, and adds a whole new root every third time.
  let ticks = 0;
  window.tick = () => {
    ticks++;
    document.getElementById('box').shadowRoot.querySelector('inner-box').shadowRoot.querySelector('.count').textContent = String(ticks);
    if (ticks % 3 === 0) document.querySelector('main').append(document.createElement('inner-box'));
    return ticks;
  };
})();
