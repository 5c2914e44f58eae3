// What every test page shares: the SDK from the server that ?server= names, a seeded random source,
// and random changes to the page. Load it first, as an owner would load the SDK.
'use strict';
window.params = new URLSearchParams(location.search);
window.server = window.params.get('server') ?? location.origin;
// Written, not appended: it then runs before the page goes on, as a script tag in the source would.
document.write(`<script src="${encodeURI(new URL('/sdk/vitrine.js', window.server).href)}"></` + 'script>');

// help starts a session as a "Get help" button would; the test reads window.session.
window.help = async (options = {}) => {
  window.session = await Vitrine.start({ server: window.server, siteKey: 'demo', ...options });
  return window.session.code;
};

// random gives the same numbers for the same seed in every browser (mulberry32).
window.random = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

// mutate makes n random changes below <body>: nodes made, moved, removed and replaced, text, attributes, styles, form state.
window.mutate = (n, seed = 1) => {
  const next = window.random(seed);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const elements = () => [...document.body.querySelectorAll('main *:not(script, style, svg *, option)')];
  const steps = {
    insert: (at) => {
      const made = document.createElement(pick(['p', 'span', 'div', 'section']));
      made.className = `made-${Math.floor(next() * 9)}`;
      made.append(`new ${Math.floor(next() * 1e6)}`, document.createElement('b'));
      made.lastChild.textContent = 'bold';
      at.before(made);
    },
    remove: (at) => { if (at.childElementCount < 6) at.remove(); },
    move: (at) => {
      const to = pick(elements());
      if (to !== undefined && !at.contains(to)) to.after(at);
    },
    text: (at) => {
      const texts = [...at.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
      if (texts.length > 0) pick(texts).data = `text ${Math.floor(next() * 1e6)}`;
    },
    split: (at) => {
      const texts = [...at.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.length > 2);
      if (texts.length > 0) pick(texts).splitText(1);
    },
    attribute: (at) => at.setAttribute(pick(['title', 'data-state', 'aria-label', 'lang']), `v${Math.floor(next() * 1e4)}`),
    unset: (at) => at.removeAttribute(pick(['title', 'data-state', 'aria-label', 'style'])),
    className: (at) => at.classList.toggle(pick(['on', 'off', 'wide', 'tall'])),
    style: (at) => at.style.setProperty(pick(['color', 'background-color', 'border-color']), `rgb(${Math.floor(next() * 255)}, 90, 120)`),
    field: () => {
      const field = pick([...document.querySelectorAll('main input:not([type=file], [type=password], [type=hidden]), main textarea, main select')]);
      if (field === undefined) return;
      if (field.type === 'checkbox' || field.type === 'radio') field.checked = !field.checked;
      else if (field.options !== undefined) field.selectedIndex = Math.floor(next() * field.options.length);
      else if (field.type === 'text' || field.localName === 'textarea') field.value = `typed ${Math.floor(next() * 1e4)}`;
      field.dispatchEvent(new Event('input', { bubbles: true }));
    },
  };
  for (let i = 0; i < n; i++) {
    const at = pick(elements());
    if (at !== undefined) steps[pick(Object.keys(steps))](at);
  }
};
