// What a session needs beyond the core, as a part of the SDK.
export { Assets } from './assets';
export { codeOf, isOff, valueOf } from './attributes';
export { sheetsOf } from './made';
export { media } from './world';
export { tellRanges } from './ranges';
export { spriteIn, spriteName } from './sprites';
export { heldStyle, moved, watchMotion } from './motion';
export { paths, reasons } from './names';
export { openPreview } from './preview';
export { hookSetters } from './setters';
export { states, viewport, wordsOf } from './states';
export { ask, lend } from './tabs';
export { Transport } from './transport';
export { UI } from './ui';
export { coded, elementOf, isSheetLink, shares, styleDef, tell, validSuffix } from './words';
