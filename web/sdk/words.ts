// The vocabulary, as a part of the SDK: only a session needs it.
export { ATTRIBUTES, ELEMENTS, PREFIXES } from '../wire/vocabulary';
