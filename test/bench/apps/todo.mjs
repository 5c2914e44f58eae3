// A list of things to do, in React, as its own documentation would have it: one state, a list of components, controlled fields.
import { createElement as h, memo, useCallback, useMemo, useReducer, useState } from 'react';
import { createRoot } from 'react-dom/client';

const steps = {
  add: (list, { text }) => [...list, { id: (list.at(-1)?.id ?? 0) + 1, text, done: false }],
  toggle: (list, { id }) => list.map((item) => (item.id === id ? { ...item, done: !item.done } : item)),
  edit: (list, { id, text }) => list.map((item) => (item.id === id ? { ...item, text } : item)),
  remove: (list, { id }) => list.filter((item) => item.id !== id),
  sort: (list) => list.toSorted((a, b) => (a.text < b.text ? 1 : -1)),
  clear: (list) => list.filter(({ done }) => !done),
};

const Item = memo(({ item, dispatch }) => {
  const [editing, edit] = useState(false);
  return h('li', { className: item.done ? 'done' : undefined },
    h('input', { type: 'checkbox', checked: item.done, onChange: () => dispatch({ kind: 'toggle', id: item.id }), 'aria-label': `Done: ${item.text}` }),
    editing
      ? h('input', { className: 'edit', value: item.text, onChange: (e) => dispatch({ kind: 'edit', id: item.id, text: e.target.value }), onBlur: () => edit(false) })
      : h('label', { onDoubleClick: () => edit(true) }, item.text),
    h('button', { className: 'remove', onClick: () => dispatch({ kind: 'remove', id: item.id }), 'aria-label': 'Remove' }, '×'));
});

function App() {
  const [list, send] = useReducer((state, step) => steps[step.kind](state, step), []);
  const [text, write] = useState('');
  const [shown, show] = useState('all');
  const dispatch = useCallback(send, [send]);
  const visible = useMemo(() => list.filter(({ done }) => shown === 'all' || done === (shown === 'done')), [list, shown]);
  const submit = (event) => {
    event.preventDefault();
    if (text.trim() === '') return;
    send({ kind: 'add', text });
    write('');
  };
  return h('section', null,
    h('h1', null, 'To do'),
    h('form', { onSubmit: submit }, h('input', { id: 'new', value: text, onChange: (e) => write(e.target.value), placeholder: 'What needs to be done?' })),
    h('ul', { id: 'list' }, visible.map((item) => h(Item, { key: item.id, item, dispatch }))),
    h('footer', null,
      h('span', { id: 'left' }, `${list.filter(({ done }) => !done).length} left of ${list.length}`),
      ['all', 'open', 'done'].map((name) => h('button', { key: name, id: name, 'aria-pressed': shown === name, onClick: () => show(name) }, name)),
      h('button', { id: 'sort', onClick: () => send({ kind: 'sort' }) }, 'Sort'),
      h('button', { id: 'clear', onClick: () => send({ kind: 'clear' }) }, 'Clear done')));
}

createRoot(document.getElementById('app')).render(h(App));
