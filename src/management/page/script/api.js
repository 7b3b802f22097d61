// Calls of the API, and its problems.

/** What the server, or the way to it, refused. `field` is the field at fault, if one is. */
class Problem extends Error {
  constructor(slug, message, more = {}) {
    super(message);
    Object.assign(this, more, { slug });
  }
}

async function call(method, path, body) {
  const asked = Date.now();
  let response;
  try {
    response = await fetch(base + path, {
      method,
      cache: 'no-store',
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
      headers: headersFor(body),
      body: body && JSON.stringify(body),
    });
  } catch {
    throw method === 'GET' ? unreachable() : lost(path);
  }
  heedServerClock(response, asked);
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  const refused = !response.ok && response.status < 500;
  throw refused || method === 'GET' ? problemOf(response, answer) : lost(path);
}

/** `principal` is refused once somebody else has signed in beside this page. */
const headersFor = body => ({
  ...(body && { 'Content-Type': 'application/json' }),
  ...(policy && { 'Personal-Tokens-Principal': policy.principal }),
});

const unreachable = () => new Problem('unreachable', 'The server cannot be reached. Check your connection and try again.');

/** A change whose answer was lost may have been made: the server goes on without us. */
function lost(path) {
  const shows = path === 'tokens' || path.endsWith('/rotate');
  const words = 'No proper answer came, so the change may have been made or not. Look at the list before you try again.';
  return new Problem('lost', shows ? `${words} If a new token is there, revoke it: nobody was shown it.` : words);
}

function problemOf(response, answer) {
  // A host's own session layer may send whoever is signed out elsewhere.
  const signedOut = response.status === 401 || response.type === 'opaqueredirect';
  const signIn = { link: answer?.sign_in || host.signIn };
  if (signedOut) return new Problem('unauthenticated', 'Your session is over. Sign in again.', signIn);
  const slug = answer?.type?.split(':').pop();
  if (slug === 'principal-changed') return new Problem(slug, 'Somebody else has signed in in this browser. Nothing was done; reload the page.');
  if (slug === 'cross-site') return new Problem(slug, 'The service does not know this page’s address, so it takes no changes from it. Whoever runs the service can list it.');
  const message = sentence(answer?.detail || answer?.title || `no proper answer came (status ${response.status})`);
  if (slug === 'confirmation-required') return new Problem(slug, message, { link: answer.confirm_at });
  const wait = Number(response.headers.get('Retry-After')) || 5;
  if (slug === 'unavailable') return new Problem(slug, `${message} Try again in ${span(wait)}.`);
  return new Problem(slug, message, { field: answer?.field, holder: answer?.holder, scope: answer?.scope });
}

/** The server's details are parts of sentences, as error messages are. */
const sentence = words => words[0].toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? '' : '.');

const tokenPath = id => `tokens/${encodeURIComponent(id)}`;
