// A form as plain pages have it, and two controlled fields as React has them: React puts its own `value` property
// on every field to see who wrote last, and ignores an `input` event when the value it knows did not change.
// An assistant that sets field.value in the ordinary way is therefore not heard; window.renders shows who is.
'use strict';
(() => {
  const by = (id) => document.getElementById(id);
  window.events = [];
  for (const type of ['click', 'input', 'change', 'submit', 'reset', 'keydown', 'focusin']) {
    document.addEventListener(type, ({ target, isTrusted }) => window.events.push({ type, id: target.id, isTrusted }), true);
  }
  by('plain').addEventListener('submit', (event) => event.preventDefault());
  by('button').addEventListener('click', () => { by('clicks').textContent = String(Number(by('clicks').textContent) + 1); });
  by('help').addEventListener('click', () => window.help());

  // track does what React's value tracker does: the instance property shadows the prototype's.
  function track(field, property) {
    const inherited = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), property);
    let known = String(field[property]);
    Object.defineProperty(field, property, {
      configurable: true,
      enumerable: inherited.enumerable,
      get() { return inherited.get.call(this); },
      set(value) {
        known = String(value);
        inherited.set.call(this, value);
      },
    });
    return {
      changed() {
        const now = String(inherited.get.call(field));
        const changed = now !== known;
        known = now;
        return changed;
      },
    };
  }

  const state = { name: 'Ada', agreed: false };
  window.state = state;
  window.renders = 0;
  function render() {
    window.renders++;
    if (by('controlled-text').value !== state.name) by('controlled-text').value = state.name;
    by('controlled-echo').textContent = state.name;
    if (by('controlled-check').checked !== state.agreed) by('controlled-check').checked = state.agreed;
    by('controlled-state').textContent = state.agreed ? 'yes' : 'no';
  }
  const text = track(by('controlled-text'), 'value');
  const check = track(by('controlled-check'), 'checked');
  by('controlled-text').addEventListener('input', ({ target }) => {
    if (!text.changed()) return;
    state.name = target.value.slice(0, 20); // the component's word is the last one
    render();
  });
  by('controlled-check').addEventListener('click', ({ target }) => {
    if (!check.changed()) return;
    state.agreed = target.checked;
    render();
  });
  render();
})();
