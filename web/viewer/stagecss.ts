// The viewer's own styles inside the stage. They stand in a layer, which every rule of the page beats, except where the
// page has no say: what is closed stays closed, what is private stays hatched.
import { texts } from './texts';

const layers = Array.from({ length: 32 }, (_, i) => `:where([vitrine-top="${i + 1}"]) { z-index: ${2147483000 + i}; }`).join('\n');

const css = `
@layer vitrine {
  :where([vitrine-focus]) { outline: auto 1px; outline: -webkit-focus-ring-color auto 1px; }
  :where([vitrine-top]) {
    position: fixed; inset: 0; width: fit-content; height: fit-content; margin: auto; overflow: auto;
    border: solid; padding: .25em; color: CanvasText; background: Canvas;
  }
  :where(dialog[vitrine-top]) {
    padding: 1em; max-width: calc(100% - 6px - 2em); max-height: calc(100% - 6px - 2em); box-shadow: 0 0 0 100vmax rgb(0 0 0 / .1);
  }
  /* A file control is drawn by a button; this is the size that browsers give the real one. */
  :where(input[vitrine-type=file]) {
    box-sizing: border-box; width: 253px; height: 21px; padding: 0; border: 0; background: none; text-align: start; white-space: pre; overflow: hidden;
  }
  ${layers}
}
[vitrine-closed] { display: none !important; }
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
