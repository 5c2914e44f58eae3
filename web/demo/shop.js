// The demonstration shop: plain DOM code, as an owner's page might be written.
'use strict';
(() => {
  const products = [
    { id: 'vase', name: 'Quarry vase', price: 64, material: 'stoneware', about: 'Thrown in red clay, left bare outside', picture: 'img/vase.jpg' },
    { id: 'bowl', name: 'Tide bowl', price: 48, material: 'stoneware', about: 'Blue-green glaze, 28 cm across', picture: 'img/bowl.webp' },
    { id: 'teapot', name: 'Slate teapot', price: 89, material: 'stoneware', about: 'One litre, with a brass knob', picture: 'img/teapot.jpg' },
    { id: 'glass', name: 'Fluted tumbler', price: 18, material: 'glass', about: 'Mouth-blown, never quite the same twice', picture: 'img/glass.webp' },
    { id: 'lamp', name: 'Reading lamp', price: 140, material: 'wax', about: 'Glazed foot, linen shade, warm light', picture: 'img/lamp.jpg' },
    { id: 'plates', name: 'Five blue plates', price: 75, material: 'stoneware', about: 'A stack for a small table', picture: 'img/plates.jpg' },
    { id: 'candle', name: 'Beeswax candle', price: 24, material: 'wax', about: 'Burns for forty hours, smells of honey', picture: 'img/candle.webp' },
    { id: 'jug', name: 'Green jug', price: 29, material: 'glass', about: 'Recycled bottle glass, holds a litre', picture: null },
  ];
  const storage = 'kiln-and-glass.basket';
  const one = (selector) => document.querySelector(selector);
  const euro = (amount) => `€${amount.toFixed(2)}`;

  function make(name, properties, ...children) {
    const element = document.createElement(name);
    Object.assign(element, properties);
    element.append(...children);
    return element;
  }

  // picture is an <img>, or for the jug a drawing in the page itself.
  function picture({ picture: src, name }) {
    if (src !== null) return make('img', { className: 'picture', src, alt: name, width: 400, height: 400 });
    const svg = (tag, attributes, ...children) => {
      const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      element.append(...children);
      return element;
    };
    return svg('svg', { viewBox: '0 0 200 200', class: 'picture', role: 'img', 'aria-label': name },
      svg('rect', { width: '200', height: '200', fill: '#dfe7d4' }),
      svg('rect', { y: '138', width: '200', height: '62', fill: '#b3bd98' }),
      svg('ellipse', { cx: '102', cy: '158', rx: '52', ry: '8', fill: '#000', opacity: '.2' }),
      svg('path', { d: 'M132 78 q34 2 30 36 q-4 24-34 26', fill: 'none', stroke: '#4e7a4a', 'stroke-width': '8', opacity: '.85' }),
      svg('path', { d: 'M66 46 h58 l8 6 -6 12 q14 28 10 64 q-2 26-22 28 h-34 q-20-2-22-28 q-4-36 10-64z', fill: '#6fa564', opacity: '.82' }),
      svg('path', { d: 'M62 98 q36 10 74 0 q4 54-22 58 h-34 q-24-4-18-58z', fill: '#3f6f4a', opacity: '.6' }),
      svg('path', { d: 'M74 70 q-8 32-2 66', fill: 'none', stroke: '#fff', 'stroke-width': '5', 'stroke-linecap': 'round', opacity: '.6' }));
  }

  // The basket: product id → how many. A page that may not store anything keeps it in memory.
  function load() {
    try {
      return new Map(JSON.parse(localStorage.getItem(storage) ?? '[]'));
    } catch {
      return new Map();
    }
  }
  function save() {
    try {
      localStorage.setItem(storage, JSON.stringify([...basket]));
    } catch {
      return; // private browsing: the basket lasts as long as the page
    }
  }
  const basket = load();

  function change(id, by) {
    const count = (basket.get(id) ?? 0) + by;
    if (count > 0) basket.set(id, count);
    else basket.delete(id);
    save();
    showBasket();
  }

  function showBasket() {
    const list = one('[data-cart]');
    const lines = products.filter(({ id }) => basket.has(id));
    const total = lines.reduce((sum, { id, price }) => sum + price * basket.get(id), 0);
    for (const badge of document.querySelectorAll('[data-cart-count]')) badge.textContent = [...basket.values()].reduce((a, b) => a + b, 0);
    if (list === null) return;
    // Lines that stay keep their element, so that only what changed changes.
    const shown = new Map([...list.children].map((line) => [line.dataset.id, line]));
    for (const product of lines) {
      const line = shown.get(product.id) ?? basketLine(product);
      shown.delete(product.id);
      line.querySelector('small').textContent = `${basket.get(product.id)} × ${euro(product.price)}`;
      if (line.parentNode !== list) list.append(line);
    }
    for (const gone of shown.values()) gone.remove();
    one('[data-cart-empty]').hidden = lines.length > 0;
    one('[data-cart-total]').hidden = lines.length === 0;
    one('[data-cart-total] strong').textContent = euro(total);
    one('[data-cart-go]')?.toggleAttribute('hidden', lines.length === 0);
    if (one('[data-pay]') !== null) one('[data-pay]').textContent = lines.length > 0 ? euro(total) : '';
  }

  function basketLine(product) {
    const line = make('li', { className: 'line' }, picture(product),
      make('span', {}, product.name, make('br', {}), make('small', {})),
      make('button', { type: 'button', textContent: '−', title: 'One less', onclick: () => change(product.id, -1) }));
    line.dataset.id = product.id;
    return line;
  }

  function card(product) {
    return make('li', { className: 'product' }, picture(product),
      make('h3', { textContent: product.name }),
      make('p', { textContent: product.about }),
      make('footer', {}, make('strong', { textContent: euro(product.price) }),
        make('button', { type: 'button', textContent: 'Add', ariaLabel: `Add ${product.name} to the basket`, onclick: () => change(product.id, 1) })));
  }

  const orders = {
    pick: () => 0,
    low: (a, b) => a.price - b.price,
    high: (a, b) => b.price - a.price,
    name: (a, b) => a.name.localeCompare(b.name),
  };

  function showProducts() {
    const asked = new FormData(one('[data-filters]'));
    const words = asked.get('q').toLowerCase().split(/\s+/).filter(Boolean);
    const hits = products
      .filter(({ material }) => asked.getAll('material').includes(material))
      .filter(({ price }) => price <= Number(asked.get('price')))
      .filter(({ name, about }) => words.every((word) => `${name} ${about}`.toLowerCase().includes(word)))
      .sort(orders[asked.get('sort')]);
    one('[data-grid]').replaceChildren(...(hits.length > 0 ? hits.map(card) : [make('li', { className: 'none', textContent: 'Nothing fits. Try fewer words or more materials.' })]));
    one('[data-hits]').textContent = `${hits.length} of ${products.length} pieces`;
  }

  // "Get help": the SDK shows its own dialog with the code to read out.
  async function help(event) {
    const button = event.currentTarget;
    const status = one('[data-help-status]');
    const sharing = window.vitrineSession !== undefined && window.vitrineSession.state !== 'ended';
    status.hidden = true;
    try {
      if (sharing) {
        await window.vitrineSession.preview();
        return;
      }
      button.disabled = true;
      const session = await Vitrine.start({ server: location.origin, siteKey: 'demo' });
      window.vitrineSession = session;
      // Until somebody looks there is nothing to press; from then on the button opens what they see.
      const follow = (state) => {
        const seen = state === 'active' || state === 'paused';
        button.disabled = !seen && state !== 'ended';
        button.textContent = seen ? 'What they see' : 'Get help';
      };
      session.on('state', follow);
      follow(session.state);
    } catch (error) {
      status.textContent = `Help is not available right now: ${error.message}`;
      status.hidden = false;
      button.disabled = false;
    }
  }
  one('[data-help]').addEventListener('click', help);

  if (one('[data-filters]') !== null) {
    one('[data-filters]').addEventListener('input', showProducts);
    one('[data-filters]').addEventListener('submit', (event) => event.preventDefault());
    showProducts();
  }
  showBasket();
})();
