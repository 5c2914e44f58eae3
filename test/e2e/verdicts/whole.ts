// Runs in a customer's page: makes it another page, whole, without loading one. The page's policy lets nothing run or load.

declare global {
  interface Window {
    /** Shows a page; n tells on the root element which one it is. */
    readonly whole: (text: string, n: number) => void;
  }
}

function whole(text: string, n: number): void {
  const made = new DOMParser().parseFromString(text, 'text/html');
  for (const meta of made.querySelectorAll('meta')) meta.removeAttribute('http-equiv');
  for (const frame of made.querySelectorAll('iframe, frame, embed, object')) for (const name of ['src', 'srcdoc', 'data']) frame.removeAttribute(name);
  made.documentElement.setAttribute('data-whole', String(n));
  document.replaceChild(document.adoptNode(made.documentElement), document.documentElement);
}

Object.defineProperty(window, 'whole', { value: whole });

export type { };
