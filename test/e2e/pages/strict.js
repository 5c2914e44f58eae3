// A page under a strict policy: what the policy stops is counted, so that the test sees whether the SDK asked for it.
'use strict';
(() => {
  window.violations = [];
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => window.violations.push(`${violatedDirective} ${blockedURI}`));
  const params = new URLSearchParams(location.search);
  document.getElementById('help').addEventListener('click', async () => {
    window.session = await Vitrine.start({ server: params.get('server'), siteKey: 'demo' });
  });
  document.getElementById('button').addEventListener('click', () => {
    const clicks = document.getElementById('clicks');
    clicks.textContent = String(Number(clicks.textContent) + 1);
    const item = document.createElement('li');
    item.textContent = `more ${clicks.textContent}`;
    document.getElementById('list').append(item);
  });
})();
