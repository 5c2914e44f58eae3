// Icons, drawn with the colour of the text beside them.
import type { Tool } from '../viewer/index';

const paths = {
  none: 'M5 3l12 8-6 1-3 6z',
  laser: 'M10 10m-2.5 0a2.5 2.5 0 105 0 2.5 2.5 0 10-5 0M10 2v3M10 15v3M2 10h3M15 10h3',
  pen: 'M3 17l1-4L14 3l3 3L7 16zM12 5l3 3',
  arrow: 'M3 17L17 3M9 3h8v8',
  rectangle: 'M3 5h14v10H3z',
  clear: 'M4 6h12M8 6V4h4v2M6 6l1 11h6l1-11',
  back: 'M12 4l-6 6 6 6',
  forward: 'M8 4l6 6-6 6',
  reload: 'M16 10a6 6 0 11-2-4.5M14 2v4h-4',
  chat: 'M3 4h14v9H9l-4 4v-4H3z',
  record: 'M10 10m-6 0a6 6 0 1012 0 6 6 0 10-12 0M10 10m-2 0a2 2 0 104 0 2 2 0 10-4 0',
  lock: 'M5 9h10v8H5zM7 9V6a3 3 0 016 0v3',
  find: 'M9 3.5a5.5 5.5 0 100 11 5.5 5.5 0 100-11M13 13l4.5 4.5',
  smaller: 'M4 10h12',
  larger: 'M4 10h12M10 4v12',
  previous: 'M4 13l6-6 6 6',
  next: 'M4 7l6 6 6-6',
  screen: 'M2 4h16v10H2zM7 17h6',
  close: 'M5 5l10 10M15 5L5 15',
} as const;

/** Names of the icons. */
export type IconName = keyof typeof paths | Tool;

/** One icon; it says nothing by itself, so whatever holds it has a text. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
      <path d={paths[name]} fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

/** The product's mark: a glass case. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="26" height="26" aria-hidden="true" focusable="false">
      <path d="M4 8l8-4 8 4v9l-8 4-8-4z" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round" />
      <path d="M4 8l8 4 8-4M12 12v9" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round" opacity=".45" />
      <circle cx="12" cy="14.5" r="2.2" fill="currentColor" />
    </svg>
  );
}
