// Controls of the kinds that pages build themselves.
'use strict';
(() => {
  const by = (id) => document.getElementById(id);
  const count = (id) => () => { by(id).textContent = String(Number(by(id).textContent) + 1); };
  by('help').addEventListener('click', () => window.help());
  by('form').addEventListener('submit', (event) => { event.preventDefault(); count('sent')(); });
  by('last').addEventListener('click', count('counted'));
  by('kept').addEventListener('click', count('counted'));

  // A slider as component libraries have it: it captures the pointer.
  const slider = by('slider');
  const set = ({ clientX }) => {
    const box = slider.getBoundingClientRect();
    const value = Math.round(Math.min(Math.max((clientX - box.left) / box.width, 0), 1) * 100);
    slider.setAttribute('aria-valuenow', String(value));
    by('knob').style.left = `${value * 2.8}px`;
  };
  slider.addEventListener('pointerdown', (event) => { slider.setPointerCapture(event.pointerId); set(event); });
  slider.addEventListener('pointermove', (event) => { if (slider.hasPointerCapture(event.pointerId)) set(event); });

  by('card').addEventListener('dragstart', (event) => event.dataTransfer.setData('text/plain', 'card'));
  by('bin').addEventListener('dragover', (event) => event.preventDefault());
  by('bin').addEventListener('drop', (event) => { by('bin').append(by(event.dataTransfer.getData('text/plain'))); });

  const shadow = by('open').attachShadow({ mode: 'closed' });
  shadow.innerHTML = '<input aria-label="in the shadow"><slot></slot>';
  by('open').innerHTML = '<button type="button" id="slotted">Slotted</button>';
  // What has the focus, shadow trees included.
  window.at = () => {
    const el = document.activeElement;
    return el === by('open') ? shadow.activeElement?.getAttribute('aria-label') ?? '' : el?.id ?? '';
  };
})();
