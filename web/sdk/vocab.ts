// What the encoder needs of the vocabulary. What has no entry there cannot be said.
import type * as More from './more';

/** How an attribute is coded: its code (0 when it is not told), the kind of its value, what follows data- or aria-, the values of an enumeration. */
export type AttrDef = readonly [code: number, kind: number, suffix: string, list: readonly string[]];

/** An element that can be named. */
export interface ElementDef {
  readonly code: number;
  readonly name: string; // "svg:" or "math:" before those that are not HTML
  readonly content: number;
  readonly attrs: readonly Map<string, AttrDef>[]; // those of its own, those of every element
  readonly special: readonly string[]; // attributes that no attribute of the page tells alone
  readonly control: boolean; // its live state may change without a trace
  readonly hosts: boolean; // it may have a shadow root (DOM, valid shadow host name)
  readonly space: number;
  readonly lives: boolean; // its live state may be more than its place in the top layer and where it was scrolled to
}

/** Codes with a meaning of their own. */
export const Custom = 1;
export const DataAttr = 1;
export const AriaAttr = 2;
export const MaskAttr = 3;
export const ReadonlyAttr = 4;
export const EditableAttr = 5;
export const RefAttr = 8;

/** The vocabulary, which comes with a session. Nothing can be told before. */
export let vocabulary: Pick<
  typeof More,
  'coded' | 'codeOf' | 'isOff' | 'media' | 'sheetsOf' | 'valueOf' | 'tellRanges' | 'spriteIn' | 'spriteName' | 'heldStyle' | 'moved' | 'watchMotion' |
  'isSheetLink' | 'styleDef' | 'tell' | 'validSuffix' | 'hookSetters' | 'states' | 'viewport' | 'wordsOf'
>;

/** Takes the vocabulary. */
export function learn(words: typeof vocabulary): void {
  vocabulary = words;
}
