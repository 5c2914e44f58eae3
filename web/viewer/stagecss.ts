// The viewer's own styles inside the stage. They stand in a layer, which every rule of the page beats, except where the
// page has no say: what is closed stays closed, what is private stays hatched.
import { texts } from './texts';

/** The name of the highlight of what the agent looks for. */
export const HIGHLIGHT = 'vitrine-find';

const css = `
@layer vitrine {
  /* What the page says in a meta element (CSS Color Adjustment, section 2.2). */
  :where(html[vitrine-scheme=light]) { color-scheme: light; }
  :where(html[vitrine-scheme=dark]) { color-scheme: dark; }
  :where([vitrine-focus-visible]) { outline: auto 1px; outline: -webkit-focus-ring-color auto 1px; }
  /* A file control is drawn by a button; this is the size that browsers give the real one. */
  :where(input[vitrine-type=file]) {
    box-sizing: border-box; width: 253px; height: 21px; padding: 0; border: 0; background: none; text-align: start; white-space: pre; overflow: hidden;
  }
}
/* What fills the customer's screen (Fullscreen, section 5). */
[vitrine-fullscreen] {
  position: fixed !important; inset: 0 !important; margin: 0 !important; box-sizing: border-box !important; min-width: 0 !important;
  max-width: none !important; min-height: 0 !important; max-height: none !important; width: 100% !important; height: 100% !important;
  transform: none !important; object-fit: contain; z-index: 2147483647 !important;
}
::highlight(${HIGHLIGHT}) { background-color: #ffe066; color: #17171c; }
.vitrine-box[vitrine-reason] {
  display: inline-flex; box-sizing: border-box; max-width: 100%; overflow: hidden; vertical-align: top;
  align-items: center; justify-content: center; font: 12px/1.3 system-ui, sans-serif; color: #555;
  border: 1px solid #b9b9c3; border-radius: 3px;
  background: repeating-linear-gradient(45deg, #f3f3f7 0 8px, #e6e6ee 8px 16px);
}
.vitrine-box[vitrine-reason=private]::after { content: "${texts.box.private}"; }
.vitrine-box[vitrine-reason=frame]::after { content: "${texts.box.frame}"; }
.vitrine-box[vitrine-reason=media]::after { content: "${texts.box.media}"; }
.vitrine-box[vitrine-reason=limit]::after { content: "${texts.box.limit}"; }
`;

/** Makes the sheet in the stage's own realm: a document adopts no others. */
export function makeStageSheet(doc: Document): CSSStyleSheet {
  const view = doc.defaultView as (Window & { readonly CSSStyleSheet: typeof CSSStyleSheet }) | null;
  if (!view) throw new Error('the stage has no window');
  const sheet = new view.CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}
