// What stands in the place of an image that is not shown: a hatched picture of the same size that says why. Its words are the
// viewer's own; nothing of the page is in it.
import { GoneReason } from '../wire/frames';
import { texts } from './texts';

const reasons = new Map<number, string>([
  [GoneReason.Blocked, texts.missing.blocked],
  [GoneReason.TooBig, texts.missing.bytes],
  [GoneReason.Type, texts.missing.type],
  [GoneReason.Rule, texts.missing.rule],
  [GoneReason.Size, texts.missing.size],
  [GoneReason.Frames, texts.missing.frames],
  [GoneReason.Damaged, texts.missing.damaged],
  [GoneReason.Expands, texts.missing.expands],
  [GoneReason.Full, texts.missing.full],
]);

// From these sizes on there is room for the words.
const WIDE = 170;
const NARROW = 100;
const HIGH = 40;
const LOW = 20;

/** Why an image is not shown, for people; null where the customer does not see one either. */
export function reasonText(reason: number): string | null {
  return reasons.get(reason) ?? null;
}

/** The address of the picture; null where there is nothing to say. */
export function placeholder(reason: number, width: number, height: number): string | null {
  const why = reasonText(reason);
  if (why === null) return null;
  const lines = width < NARROW || height < LOW ? [] : width < WIDE || height < HIGH ? [texts.missing.title] : [`${texts.missing.title}:`, why];
  const words = lines.map((line, i) => `<text x="50%" y="50%" dy="${(i - (lines.length - 1) / 2) * 1.3 + 0.35}em">${line}</text>`).join('');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`
    + '<pattern id="a" width="16" height="16" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    + '<rect width="16" height="16" fill="#f3f3f7"/><rect width="8" height="16" fill="#e6e6ee"/></pattern>'
    + '<rect width="100%" height="100%" fill="url(#a)" stroke="#b9b9c3" stroke-width="2"/>'
    + `<g font-family="system-ui, sans-serif" font-size="12" fill="#555" text-anchor="middle">${words}</g></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
