// What every page of the owner's looks at, whether it has a session or not.

/** Under this name tabs know of a session. */
export const NAME = 'vitrine';

/** The session that some tab of this origin says it has; '' for none. */
export function elsewhere(): string {
  try {
    return localStorage.getItem(NAME) ?? '';
  } catch {
    return ''; // storage is blocked: tabs know nothing of each other
  }
}
