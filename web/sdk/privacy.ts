// How much of a node is told. A constant: the build puts the numbers in the place of the names.

/** What holds for a node. The numbers grow with secrecy. */
export const Privacy = {
  Open: 0,
  Quiet: 1, // private by default: text and values as bullets, nothing declared to the server
  Masked: 2, // declared: the server refuses to hear or to type anything there
  Hidden: 3, // an empty box
} as const;
