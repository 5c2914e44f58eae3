// The console's entry.
import { render } from 'preact';
import { App } from './app';
import { Preview } from './preview';

const root = document.getElementById('app');
// The server gives this page at two addresses: the agent's console, and the customer's look at what agents are shown.
if (root) render(location.pathname === '/console/preview' ? <Preview /> : <App />, root);

// A sign-in link that is opened where a console is open already only changes the fragment.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=')) location.reload();
});
