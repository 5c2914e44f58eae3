// A dashboard of about 6,000 nodes, the same in every run: sidebar, 12 cards with drawn charts, two long tables.
'use strict';
(() => {
  const next = window.random(2024);
  const whole = (below) => Math.floor(next() * below);
  const pick = (list) => list[whole(list.length)];
  const names = ['Alder', 'Birch', 'Cedar', 'Dogwood', 'Elm', 'Fir', 'Ginkgo', 'Hazel', 'Ivy', 'Juniper', 'Larch', 'Maple'];
  const places = ['Lisbon', 'Oslo', 'Porto', 'Bremen', 'Ghent', 'Turin', 'Aarhus', 'Lyon'];
  const states = ['paid', 'packed', 'sent', 'returned', 'open'];

  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }
  function svg(name, attributes, ...children) {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  function sidebar() {
    return names.flatMap((name, i) => [
      make('h4', { class: 'side-title p-2' }, `${name} works`),
      make('ul', { class: 'side-list m-1' }, ...places.slice(0, 4).map((place, j) =>
        make('li', { class: j === i % 4 ? 'side-item on' : 'side-item' },
          make('a', { href: `#${name}-${place}`, class: 'side-link p-1', title: `${name} in ${place}` },
            svg('svg', { viewBox: '0 0 16 16', width: '16', height: '16' }, svg('circle', { cx: '8', cy: '8', r: String(3 + j) })),
            make('span', {}, place))))),
    ]);
  }

  function chart(kind) {
    const values = Array.from({ length: 14 }, () => 8 + whole(50));
    const marks = kind === 'bars'
      ? values.map((v, i) => svg('rect', { x: String(i * 14 + 2), y: String(64 - v), width: '10', height: String(v), rx: '2' }))
      : [svg('path', { class: 'stroke-4', d: values.map((v, i) => `${i === 0 ? 'M' : 'L'}${i * 14 + 7} ${64 - v}`).join(' '), fill: 'none' }),
        ...values.map((v, i) => svg('circle', { cx: String(i * 14 + 7), cy: String(64 - v), r: '2.5' }))];
    return svg('svg', { class: `chart ${kind}`, viewBox: '0 0 200 70', role: 'img', 'aria-label': `${kind} of the last two weeks` },
      svg('g', { class: 'axes' }, ...[16, 32, 48, 64].map((y) => svg('line', { x1: '0', x2: '200', y1: String(y), y2: String(y) }))),
      svg('g', { class: 'marks' }, ...marks));
  }

  function card(i) {
    return make('article', { class: 'card p-3 m-1 border-2', id: `card-${i}` },
      make('h3', { class: 'card-title' }, `${names[i]} orders`),
      make('p', { class: 'figure text-8' }, make('strong', {}, String(whole(9000) + 1000)), ' ', make('small', { class: 'trend' }, `+${whole(30)} %`)),
      chart(i % 2 === 0 ? 'bars' : 'line'),
      make('footer', { class: 'card-foot p-1' }, make('span', { class: 'badge bg-3' }, pick(states)), make('a', { href: '#more' }, 'More')));
  }

  let orders = 1000;
  function row() {
    const state = pick(states);
    return make('tr', { class: `row ${state}`, 'data-order': String(++orders) },
      make('td', {}, make('input', { type: 'checkbox', 'aria-label': `Choose order ${orders}` })),
      make('td', { class: 'number' }, `#${orders}`),
      make('td', {}, `${pick(names)} ${pick(names)}`),
      make('td', {}, make('span', { class: `badge ${state}` }, state)),
      make('td', { class: 'number' }, `€${whole(900) + 10}.00`));
  }

  function table(title, rows) {
    return make('section', { class: 'card wide p-3 m-1' },
      make('h2', {}, title),
      make('table', { class: 'table' },
        make('thead', {}, make('tr', {}, ...['', 'Order', 'Customer', 'State', 'Sum'].map((head) => make('th', { scope: 'col' }, head)))),
        make('tbody', {}, ...Array.from({ length: rows }, row))));
  }

  document.getElementById('sidebar').append(...sidebar());
  document.getElementById('cards').append(...names.map((_, i) => card(i)));
  document.getElementById('tables').append(table('Orders', 245), table('Returns', 187));
  document.getElementById('help').addEventListener('click', () => window.help());

  window.nodeCount = () => {
    const walker = document.createTreeWalker(document.documentElement);
    let count = 1;
    while (walker.nextNode() !== null) count++;
    return count;
  };

  // tick is one update of live data: figures, badges, a row in and a row out, a chart redrawn.
  let ticks = 0;
  window.tick = () => {
    ticks++;
    for (const figure of document.querySelectorAll('.figure strong')) figure.firstChild.data = String(whole(9000) + 1000);
    const body = document.querySelectorAll('tbody')[ticks % 2];
    body.prepend(row());
    body.lastElementChild.remove();
    const changed = pick([...body.children]);
    changed.classList.toggle('on');
    changed.querySelector('.badge').textContent = pick(states);
    for (const bar of document.querySelectorAll(`#card-${(ticks * 2) % 12} rect`)) {
      const height = 8 + whole(50);
      bar.setAttribute('height', String(height));
      bar.setAttribute('y', String(64 - height));
    }
    document.querySelector('.topbar h1').textContent = `Overview ${ticks}`;
    return ticks;
  };
})();
