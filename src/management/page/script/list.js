// The list and its tabs.

/** The tokens in the list, by id; their order is that of the rows. */
const tokens = new Map();
let nextCursor = null;
/** Counts the loads, so that an answer that comes late, after the other tab was chosen, is dropped. */
let load = 0;

const tab = () => location.hash === '#ended' ? 'ended' : 'active';
const rowOf = id => $('rows').querySelector(`[data-token-id="${CSS.escape(id)}"]`);
const endHeading = () => tab() === 'active' ? 'Expires' : 'Ended';
const belongsHere = token => (token.state === 'active') === (tab() === 'active');

async function showList() {
  nameTab();
  $('list-problem').replaceChildren();
  $('rows').replaceChildren();
  tokens.clear();
  nextCursor = null;
  if (!policy.rights.list) return showWhatIsThere();
  $('tokens').hidden = $('empty').hidden = $('more').hidden = true;
  $('loading').hidden = false;
  await loadPage();
}

async function loadPage() {
  const mine = ++load;
  const query = new URLSearchParams({ state: tab(), limit: 50, ...(nextCursor && { cursor: nextCursor }) });
  let page;
  try {
    page = await call('GET', `tokens?${query}`);
  } catch (problem) {
    if (mine === load) showListProblem(problem);
    return null;
  }
  if (mine !== load) return null;
  nextCursor = page.next;
  const fresh = page.tokens.filter(token => !tokens.has(token.id));
  for (const token of fresh) tokens.set(token.id, token);
  const rows = fresh.map(rowFor);
  $('rows').append(...rows);
  showWhatIsThere();
  announce(`${plural(tokens.size, `${tab()} token`)} shown${nextCursor ? ', there are more' : ''}`);
  return rows;
}

async function showMore() {
  $('list-problem').replaceChildren();
  $('more').setAttribute('aria-disabled', 'true');
  const rows = await loadPage();
  $('more').removeAttribute('aria-disabled');
  if (rows?.length) focusOn(rows[0]);
}

function nameTab() {
  for (const link of $('tabs').querySelectorAll('a')) {
    if (link.hash === `#${tab()}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  $('list-title').textContent = tab() === 'active' ? 'Active tokens' : 'Ended tokens';
  const headings = ['Name', 'State', endHeading(), scopes.length && 'Scopes', 'Created', 'Last used', 'Actions'];
  const heading = text => element('th', { scope: 'col', role: 'columnheader', 'data-column': text }, text);
  $('columns').replaceChildren(...headings.filter(Boolean).map(heading));
}

function showWhatIsThere() {
  const any = tokens.size > 0;
  $('loading').hidden = true;
  $('tokens').hidden = !any;
  $('empty').hidden = any;
  $('more').hidden = !nextCursor;
  if (!any) $('empty').replaceChildren(icon('key'), ...emptyWords().map(text => element('p', {}, text)));
}

function emptyWords() {
  const { list, issue } = policy.rights;
  if (!list) return ['You may not see the list of tokens.', issue ? 'You can generate one all the same.' : ''];
  if (tab() === 'ended') return ['No token has ended.', 'Those that expired, were revoked or were replaced will be here.'];
  const advice = 'Generate one for each script or integration, so that you can watch and end it by itself.';
  return ['There is no active token.', issue ? advice : ''];
}

function showListProblem(problem) {
  $('loading').hidden = true;
  if (problem.slug === 'principal-changed') return explain($('list-problem'), problem);
  const again = problem.slug === 'unauthenticated'
    ? button('Reload', () => location.reload())
    : button('Try again', () => {
      $('list-title').focus();
      return nextCursor ? showMore() : start();
    });
  explain($('list-problem'), problem, again);
}

/** Puts a token that was changed or made into the list, or takes it from it if it now belongs to the other tab. */
function put(token) {
  const row = rowOf(token.id);
  if (!belongsHere(token)) return takeOut(row);
  tokens.set(token.id, token);
  if (row) row.replaceWith(rowFor(token));
  else $('rows').prepend(rowFor(token));
  showWhatIsThere();
}

function takeOut(row) {
  if (!row) return;
  const neighbour = row.nextElementSibling ?? row.previousElementSibling;
  if (opener?.closest('tr') === row) opener = neighbour;
  tokens.delete(row.dataset.tokenId);
  row.remove();
  showWhatIsThere();
}

/** Fetches anew what a rotation or revocation of `token` may have ended beside it: predecessors in their grace. */
async function freshenRelatives(token) {
  const line = new Set([token.id, token.predecessor]);
  const related = other => other.id !== token.id && (line.has(other.id) || line.has(other.rotated?.successor));
  const relatives = [...tokens.values()].filter(related);
  await Promise.all(relatives.map(async ({ id }) => put(await call('GET', tokenPath(id))))).catch(() => showList());
}

/** Leads to a token wherever it stands: it is put on top where the page that it is on is not loaded. */
async function showToken(id) {
  try {
    const token = tokens.get(id) ?? await call('GET', tokenPath(id));
    if (!belongsHere(token)) {
      history.pushState(null, '', token.state === 'active' ? '#active' : '#ended');
      await showList();
    }
    if (!rowOf(id)) put(token);
    focusOn(rowOf(id));
  } catch (problem) {
    explain($('list-problem'), problem);
  }
}
