// The server's clock, and what a token is by it.

/** By how many milliseconds the server's clock is ahead of this machine's. */
let ahead = 0;

const now = () => Date.now() + ahead;

function heedServerClock(response, asked) {
  const said = Date.parse(response.headers.get('Date'));
  if (Number.isNaN(said)) return;
  // The header is cut to the second, and the answer was under way for a while.
  const difference = said + 500 - (asked + Date.now()) / 2;
  ahead = Math.abs(difference) < 2000 ? 0 : difference;
}

const ended = date => date !== null && date <= now();
const dateOf = instant => instant === null ? null : new Date(instant);

/** The state at this moment, of a token that was fetched a while ago. */
function stateOf(token) {
  if (token.state !== 'active') return token.state;
  if (ended(dateOf(token.ends_at))) return token.rotated ? 'rotated' : 'expired';
  if (token.rotated) return 'grace';
  return token.ends_at && dateOf(token.ends_at) - now() < 7 * DAY * 1000 ? 'soon' : 'active';
}

const stateWords = {
  active: 'Active', soon: 'Ends soon', grace: 'In grace', expired: 'Expired', revoked: 'Revoked', rotated: 'Rotated',
};
