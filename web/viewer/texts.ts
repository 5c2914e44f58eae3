// What the viewer itself says to the agent.
export const texts = {
  page: 'Customer page',
  keyboard: 'Customer page. What you type goes to the customer. F6 leaves the page.',
  file: 'Choose File  No file chosen',
  link: 'Link to: ',
  customer: 'Customer',
  agent: 'Agent',
  slow: 'This page takes very long to draw. Drawing was stopped to keep this window usable.',
  drawAgain: 'Draw it again',
  choose: 'Choose an option',
  value: 'New value',
  apply: 'Set',
  close: 'Close',
  box: {
    private: 'Private',
    frame: 'Embedded page',
    media: 'Media',
    limit: 'Too large to show',
  },
} as const;
