// Setup -> Personal tokens. Each part below says what it is for; the last one starts the page.
// Whatever comes from the server is put into the page as text, never as markup.

const host = document.body.dataset;
const base = location.origin + location.pathname.replace(/\/*$/, '/');
const $ = id => document.getElementById(id);

/** What this person may do and what the host allows; filled at the start. */
let policy;
/** The scopes of this service; empty where tokens have none. */
let scopes = [];

// ---- Words ---------------------------------------------------------------------------------------------------------

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const plural = (count, unit) => `${count.toLocaleString('en')} ${unit}${count === 1 ? '' : 's'}`;

/** 7200 -> "2 hours": in the largest unit that says it exactly. */
function span(seconds) {
  const units = [[DAY, 'day'], [HOUR, 'hour'], [MINUTE, 'minute'], [1, 'second']];
  const [length, unit] = units.find(([length]) => seconds % length === 0);
  return plural(seconds / length, unit);
}

/** "in 6 days", "5 minutes ago", rounded to the unit that people would say. */
function relative(date) {
  const seconds = (date - now()) / 1000;
  const units = [
    ['minute', MINUTE, 60], ['hour', HOUR, 48], ['day', DAY, 100], ['month', 30.44 * DAY, 24], ['year', 365.25 * DAY, Infinity],
  ];
  if (Math.abs(seconds) < 30) return seconds > 0 ? 'in a moment' : 'just now';
  const [unit, length] = units.find(([, length, limit]) => Math.round(Math.abs(seconds) / length) < limit);
  const count = Math.max(1, Math.round(Math.abs(seconds) / length));
  return seconds > 0 ? `in ${plural(count, unit)}` : `${plural(count, unit)} ago`;
}

/** The end of a day is said as its 24:00: "2 Dec, 00:00" leaves people to guess which night is meant. */
const lastMoment = date => new Date(date - 1);
const endsDay = date => lastMoment(date).getDate() !== date.getDate();

/** "1 Dec 2026, 24:00" */
function exact(date, options = { day: 'numeric', month: 'short', year: 'numeric' }) {
  const day = new Intl.DateTimeFormat('en-GB', options).format(endsDay(date) ? lastMoment(date) : date);
  const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(date);
  return `${day}, ${endsDay(date) ? '24:00' : time}`;
}

/** "Tue, 1 Dec 2026, 24:00 (UTC+01:00)" */
function exactWithZone(date) {
  const format = new Intl.DateTimeFormat('en', { timeZoneName: 'longOffset' });
  const parts = format.formatToParts(endsDay(date) ? lastMoment(date) : date);
  const offset = parts.find(part => part.type === 'timeZoneName').value.replace('GMT', 'UTC');
  return `${exact(date, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })} (${offset})`;
}

function accuracy(seconds) {
  const unit = { 1: 'second', [MINUTE]: 'minute', [HOUR]: 'hour', [DAY]: 'day' }[seconds];
  return unit ? `to the ${unit}` : `to within ${span(seconds)}`;
}

const lastUse = token => token.last_used
  ? `Last used ${relative(new Date(token.last_used.at))}, ${accuracy(token.last_used.accuracy_seconds)}.`
  : 'No use of it is known.';

/** The whole id is long; its beginning is what people compare with the token that they hold. */
const shortId = id => id.slice(0, 8);

// ---- Clock ---------------------------------------------------------------------------------------------------------

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

// ---- API -----------------------------------------------------------------------------------------------------------

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
      headers: body ? { 'Content-Type': 'application/json' } : {},
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
  const message = sentence(answer?.detail || answer?.title || `no proper answer came (status ${response.status})`);
  if (slug === 'confirmation-required') return new Problem(slug, message, { link: answer.confirm_at });
  const wait = Number(response.headers.get('Retry-After')) || 5;
  if (slug === 'unavailable') return new Problem(slug, `${message} Try again in ${span(wait)}.`);
  return new Problem(slug, message, { field: answer?.field, holder: answer?.holder });
}

/** The server's details are parts of sentences, as error messages are. */
const sentence = words => words[0].toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? '' : '.');

const tokenPath = id => `tokens/${encodeURIComponent(id)}`;

// ---- Elements ------------------------------------------------------------------------------------------------------

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

function button(text, act, attributes = {}) {
  const made = element('button', { type: 'button', ...attributes }, text);
  made.addEventListener('click', act);
  return made;
}

const bdi = text => element('bdi', {}, text);

/** A name as it stands in a sentence, kept from reordering the rest of it. */
const quoted = name => element('bdi', { class: 'name' }, `“${name}”`);

const timeOf = (date, words) => element('time', { datetime: date.toISOString(), title: exactWithZone(date) }, words);

/** A time that goes on: `freshenTimes` says it anew. */
function relativeTime(date) {
  const made = timeOf(date, relative(date));
  made.dataset.relative = '';
  return made;
}

function freshenTimes() {
  for (const time of document.querySelectorAll('time[data-relative]')) {
    time.textContent = relative(new Date(time.dateTime));
  }
  for (const row of $('rows').rows) fillState(row.querySelector('.state-cell'), tokens.get(row.dataset.tokenId));
}

/** Says what was done: seen by all, announced to screen readers, until something else is done. */
const say = (...words) => $('status').replaceChildren(...words);
const announce = words => { $('announcer').textContent = words; };

function safeLink(href, text, attributes) {
  try {
    return /^https?:$/.test(new URL(href, location).protocol) ? element('a', { href, ...attributes }, text) : null;
  } catch {
    return null;
  }
}

/** A problem's text and what can be done about it. Links out of a form open beside it: nothing typed is lost. */
function explain(place, problem, ...remedies) {
  const text = { unauthenticated: 'Sign in', 'confirmation-required': 'Confirm that it is you' }[problem.slug];
  const [words, beside] = place.closest('dialog') ? [`${text} (new tab)`, { target: '_blank', rel: 'noopener' }] : [text];
  const link = problem.link ? safeLink(problem.link, words, beside) : null;
  place.replaceChildren(icon('warning'), element('p', {}, problem.message), ...[link, ...remedies].filter(Boolean));
  place.scrollIntoView({ block: 'nearest' });
}

// ---- The list ------------------------------------------------------------------------------------------------------

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

// ---- A row ---------------------------------------------------------------------------------------------------------

function rowFor(token) {
  const state = fillState(element('div', { class: 'state-cell' }), token);
  const cells = [
    cell('Name', nameOf(token), 'th', { scope: 'row', role: 'rowheader' }),
    cell('State', [state]),
    cell(endHeading(), endOf(token)),
    ...(scopes.length ? [cell('Scopes', scopesOf(token))] : []),
    cell('Created', createdOf(token)),
    cell('Last used', usedOf(token)),
    cell('Actions', [element('div', { class: 'actions' }, ...actionsOf(token))]),
  ];
  return element('tr', { role: 'row', 'data-token-id': token.id }, ...cells);
}

const cell = (label, content, name = 'td', attributes = { role: 'cell' }) =>
  element(name, { ...attributes, 'data-label': label }, ...content);
const second = (...content) => element('span', { class: 'second' }, ...content);

function nameOf(token) {
  const copyId = async () => say(await copyText(token.id) ? 'The id was copied.' : `The id is ${token.id}`);
  const id = button(element('code', {}, shortId(token.id)), copyId, {
    class: 'id',
    title: 'Copy the id: the characters after the token’s prefix',
    'aria-label': `${shortId(token.id)}: copy the id of ${token.name}`,
  });
  return [element('bdi', { class: 'name' }, token.name), id];
}

function fillState(place, token) {
  const state = stateOf(token);
  place.replaceChildren(element('span', { class: `state ${state}` }, icon(state), stateWords[state]));
  if (state === 'grace') {
    const until = dateOf(token.ends_at);
    place.append(second('Accepted until ', timeOf(until, exact(until))));
  }
  if (token.rotated) place.append(second('Replaced by ', element('code', {}, shortId(token.rotated.successor))));
  return place;
}

function scopesOf(token) {
  if (!token.scopes.length) return [element('span', { class: 'quiet' }, 'none')];
  return [element('ul', { class: 'chips', role: 'list' }, ...token.scopes.map(scope => element('li', {}, bdi(scope))))];
}

function createdOf(token) {
  const date = dateOf(token.created_at);
  const by = token.created_by === null ? null : second('by ', bdi(token.created_by));
  return [relativeTime(date), second(exact(date)), by];
}

function usedOf(token) {
  if (!token.last_used) return [element('span', { class: 'quiet' }, 'No use known')];
  return [relativeTime(dateOf(token.last_used.at)), second(accuracy(token.last_used.accuracy_seconds))];
}

function endOf(token) {
  if (!token.ends_at) return [element('span', { class: 'quiet' }, 'Never')];
  const date = dateOf(token.ends_at);
  return [relativeTime(date), second(exact(date))];
}

function actionsOf(token) {
  const inGrace = token.rotated && token.state === 'active';
  const offered = {
    edit: ['Edit', () => openForm(token)],
    rotate: ['Rotate', () => askRotate(token)],
    revoke: inGrace ? ['End grace now', () => askEndGrace(token)] : ['Revoke', () => askRevoke(token)],
  };
  return token.actions.filter(action => offered[action]).map(action => {
    const [text, act] = offered[action];
    const look = action === 'revoke' ? 'small danger' : 'small';
    return button(text, act, { 'data-action': action, 'aria-label': `${text}: ${token.name}`, class: look });
  });
}

// ---- Dialogs -------------------------------------------------------------------------------------------------------

/** Where the focus returns once the last dialog is closed. */
let opener = null;

function openDialog(dialog) {
  opener ??= document.activeElement;
  say();
  clearProblems(dialog);
  dialog.showModal();
}

/** A row takes the focus only when it is led there, not by every click into it. */
function focusOn(target) {
  if (target.matches('tr')) {
    target.tabIndex = -1;
    target.addEventListener('blur', () => target.removeAttribute('tabindex'), { once: true });
  }
  target.focus();
}

function giveFocusBack() {
  if (document.querySelector('dialog[open]')) return;
  // The row may have been drawn anew, or be gone.
  const row = opener?.closest('tr');
  const again = row && rowOf(row.dataset.tokenId);
  const sameButton = again?.querySelector(`[data-action="${opener.dataset.action}"]`);
  focusOn((opener?.isConnected ? opener : sameButton ?? again) ?? $('list-title'));
  opener = null;
}

/** Runs what a form asks for, once at a time; the dialog stays open, with all that was typed, unless it succeeds. */
async function submit(dialog, act) {
  const verb = dialog.querySelector('[type="submit"]');
  if (verb.ariaDisabled === 'true') return;
  clearProblems(dialog);
  verb.ariaDisabled = 'true';
  try {
    await act();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    showProblem(dialog, problem);
  } finally {
    verb.ariaDisabled = null;
  }
}

function clearProblems(dialog) {
  for (const place of dialog.querySelectorAll('[data-problem], [data-fault]')) place.replaceChildren();
  for (const control of dialog.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
}

function showProblem(dialog, problem) {
  const place = problem.field && dialog.querySelector(`[data-fault="${CSS.escape(problem.field)}"]`);
  if (problem.slug === 'lost') dialog.addEventListener('close', lookAtList, { once: true });
  if (!place) {
    const look = problem.slug === 'lost' && policy.rights.list && button('Look at the list', () => dialog.close());
    return explain(dialog.querySelector('[data-problem]'), problem, look);
  }
  place.replaceChildren(icon('warning'), element('span', {}, ...faultWords(problem)));
  const inputs = [...place.closest('.field').querySelectorAll('input:not(:disabled)')].filter(input => input.checkVisibility());
  const control = inputs.find(input => input.type === 'date') ?? inputs.find(input => input.checked) ?? inputs[0];
  // A radio button cannot be invalid, only their group.
  if (control && control.type !== 'radio') control.setAttribute('aria-invalid', 'true');
  control?.focus();
}

function lookAtList() {
  $('list-title').focus();
  showList();
}

function faultWords(problem) {
  if (problem.slug !== 'name-taken' || !problem.holder) return [problem.message];
  const { id, state } = problem.holder;
  const taken = [`This name is taken by an ${state} token, `, element('code', {}, shortId(id)), '. '];
  const words = [...taken, 'Choose another, or rename or revoke that token. '];
  return policy.rights.list ? [...words, button('Show that token', () => leadTo(id), { class: 'plain' })] : words;
}

function leadTo(id) {
  $('form-dialog').addEventListener('close', () => showToken(id), { once: true });
  $('form-dialog').close();
}

// ---- Generate and edit ---------------------------------------------------------------------------------------------

/** The token that the form edits; null while it makes a new one. */
let edited = null;
/** What was chosen: undefined keeps the expiry, null is none. */
let chosenExpiry = null;

function openForm(token) {
  edited = token;
  $('form-title').replaceChildren(...(token ? ['Edit ', quoted(token.name)] : ['Generate personal token']));
  $('name').value = token?.name ?? '';
  fillScopes(token?.scopes ?? []);
  fillExpiry(token);
  openDialog($('form-dialog'));
}

function fillScopes(held) {
  // A scope that the list no longer has can still be taken from a token that holds it.
  const gone = held.filter(name => !scopes.some(scope => scope.name === name));
  const all = [...scopes, ...gone.map(name => ({ name, description: 'No longer offered', grantable: false }))];
  $('scopes').hidden = all.length === 0;
  $('scope-choices').replaceChildren(...all.map((scope, index) => scopeChoice(scope, index, held.includes(scope.name))));
}

function scopeChoice({ name, description, grantable }, index, held) {
  const refused = !grantable && !held;
  const box = { type: 'checkbox', id: `scope-${index}`, value: name, checked: held, disabled: refused };
  return element('label', {}, element('input', box), element('span', {},
    element('code', {}, bdi(name)),
    description === null ? null : element('span', {}, bdi(description)),
    refused ? element('em', {}, 'You may not grant this.') : null));
}

function chosenScopes() {
  return [...$('scope-choices').querySelectorAll('input:checked')].map(box => box.value);
}

/** The choices of `preset` seconds that a limit leaves; the limit itself is one where it cuts the longest off. */
function within(limit, presets) {
  const left = presets.filter(preset => limit === null || preset <= limit);
  return limit > 0 && left.length < presets.length && !left.includes(limit) ? [...left, limit] : left;
}

function fillExpiry(token) {
  const longest = policy.max_lifetime_seconds;
  const presets = within(longest, [7 * DAY, 30 * DAY, 90 * DAY]);
  const never = policy.never_allowed && token?.expires_at !== null;
  const choices = [
    ...(token ? [['keep', token.expires_at ? 'Keep as it is' : 'Keep: no expiry']] : []),
    ...(never ? [['never', 'No expiry']] : []),
    ...presets.map(seconds => [seconds / DAY, span(seconds)]),
    ...(longest === null || longest > DAY ? [['on-date', 'On a date']] : []),
  ];
  const sensible = Math.max(...presets.filter(seconds => seconds <= 30 * DAY), presets[0]) / DAY;
  const first = token ? 'keep' : never ? 'never' : sensible;
  $('expiry-choices').replaceChildren(...choices.map(([value, text]) => radio('expiry', value, text, value === first)));
  $('expiry-date').value = '';
  $('expiry-date').min = dayOf(now());
  $('expiry-date').max = longest === null ? '9999-12-30' : dayOf(dayBefore(now() + longest * 1000));
  $('expiry-hint').hidden = !token || stateOf(token) !== 'expired';
  chooseExpiry();
}

function radio(group, value, text, checked) {
  const input = element('input', { type: 'radio', name: group, id: `${group}-${value}`, value, checked });
  return element('label', {}, input, element('span', {}, text));
}

/** The day in the person's time zone, as a date input writes it. */
function dayOf(instant) {
  const date = new Date(instant);
  const digits = (number, count) => String(number).padStart(count, '0');
  return `${digits(date.getFullYear(), 4)}-${digits(date.getMonth() + 1, 2)}-${digits(date.getDate(), 2)}`;
}

function dayBefore(instant) {
  const date = new Date(instant);
  date.setDate(date.getDate() - 1);
  return date;
}

/** The first instant after a day in the person's time zone, which need not be midnight where clocks are changed. */
function endOfDay(day) {
  const [year, month, date] = day.split('-').map(Number);
  const end = new Date(2000, 0, 1);
  end.setFullYear(year, month - 1, date + 1);
  return end;
}

const expiryChoice = () => $('expiry-choices').querySelector('input:checked').value;

function chooseExpiry() {
  $('date-field').hidden = expiryChoice() !== 'on-date';
  chosenExpiry = expiryOfChoice(expiryChoice());
  $('expiry-exact').replaceChildren(...expiryWords());
}

function expiryOfChoice(choice) {
  if (choice === 'keep') return undefined;
  if (choice === 'never') return null;
  if (choice === 'on-date') return $('expiry-date').value ? endOfDay($('expiry-date').value) : new Date(NaN);
  // Cut to the minute: what is sent is what is shown, and never longer than the longest life that is allowed.
  const unit = choice * DAY < HOUR ? 1000 : MINUTE * 1000;
  return new Date(Math.floor((now() + choice * DAY * 1000) / unit) * unit);
}

function expiryWords() {
  const date = chosenExpiry === undefined ? dateOf(edited.expires_at) : chosenExpiry;
  if (date === null) return ['Never expires. It works until you revoke it.'];
  if (Number.isNaN(date.getTime())) return ['Choose the last day on which the token works.'];
  return [ended(date) ? 'Expired ' : 'Expires ', timeOf(date, exactWithZone(date)), `, ${relative(date)}.`];
}

function checkForm() {
  if (!$('name').value.trim()) throw new Problem('invalid-name', 'Give the token a name.', { field: 'name' });
  if (expiryChoice() !== 'on-date') return;
  const { validity, value, max } = $('expiry-date');
  const fault = message => new Problem('invalid-expiry', message, { field: 'expires_at' });
  if (!value) throw fault('Choose a day.');
  if (validity.rangeUnderflow) throw fault('This day is over. Choose today or a later day.');
  if (validity.rangeOverflow) throw fault(`This is too late. The latest is ${exact(endOfDay(max))}.`);
}

async function saveForm() {
  checkForm();
  if (edited) return saveEdit(edited);
  const wanted = { name: $('name').value.trim(), expires_at: chosenExpiry };
  const issued = await call('POST', 'tokens', scopes.length ? { ...wanted, scopes: chosenScopes() } : wanted);
  $('form-dialog').close();
  showSecret(issued, 'Your new personal token');
  say(quoted(issued.record.name), ' was created.');
  putNew(issued.record);
}

/** Sends only what was changed: what another page changed meanwhile stays. */
async function saveEdit(token) {
  const name = $('name').value.trim();
  const wanted = chosenScopes();
  const sameScopes = wanted.length === token.scopes.length && wanted.every(scope => token.scopes.includes(scope));
  const change = {
    ...(name !== token.name && { name }),
    ...(!sameScopes && { scopes: wanted }),
    ...(chosenExpiry !== undefined && { expires_at: chosenExpiry }),
  };
  const changed = Object.keys(change).length ? await call('PATCH', tokenPath(token.id), change) : token;
  $('form-dialog').close();
  put(changed);
  const revived = token.state === 'expired' && changed.state === 'active';
  say(quoted(changed.name), revived ? ' was revived. It is under Active.' : ' was saved.');
}

/** Shows a token that was just made, among the active ones. */
function putNew(token) {
  if (!policy.rights.list) return;
  if (tab() === 'active') {
    put(token);
    freshenRelatives(token);
  } else {
    location.hash = '#active';
  }
}

// ---- Rotate, revoke, end a grace, revoke all -----------------------------------------------------------------------

/** What the open dialog does when it is confirmed. */
let task = null;

function ask({ title, content, verb, look = 'final', act }) {
  task = act;
  $('task-title').replaceChildren(...title);
  $('task-content').replaceChildren(...content);
  $('task-do').textContent = verb;
  $('task-do').className = look;
  openDialog($('task-dialog'));
  const inputs = [...$('task-content').querySelectorAll('input')];
  (inputs.find(input => input.checked) ?? inputs[0])?.focus();
}

const paragraph = (...words) => element('p', {}, ...words);

function askRotate(token) {
  const expired = stateOf(token) === 'expired';
  const choices = expired ? [0] : [0, ...within(policy.max_grace_seconds, [HOUR, DAY, 7 * DAY])];
  // A grace can be ended early; a script that is cut off at once cannot be warned.
  const first = Math.max(...choices.filter(seconds => seconds <= DAY));
  const choice = seconds => radio('grace', seconds, seconds ? span(seconds) : 'Not at all', seconds === first);
  const output = element('output', { id: 'grace-exact' });
  const group = element('fieldset', { class: 'field', 'aria-describedby': 'grace-error', hidden: expired },
    element('legend', {}, 'How long is the old token still accepted?'),
    element('div', { class: 'pills' }, ...choices.map(choice)),
    element('p', { class: 'fault', id: 'grace-error', 'data-fault': 'grace_seconds' }),
    output);
  const grace = () => Number(group.querySelector('input:checked').value);
  const tell = () => output.replaceChildren(...graceWords(token, grace()));
  group.addEventListener('change', tell);
  tell();
  const same = scopes.length ? 'name and scopes' : 'name';
  ask({
    title: ['Rotate ', quoted(token.name), '?'],
    content: [
      paragraph(`A new token takes its place, with the same ${same}. ${lifeWords(token)}`),
      expired ? paragraph('The old token has expired and stays refused.') : group,
      endsOlder(token),
    ].filter(Boolean),
    verb: 'Rotate',
    look: 'primary',
    act: () => rotate(token, grace()),
  });
}

function lifeWords(token) {
  if (token.expires_at) return 'It lives from now on for as long as this one was last given.';
  return policy.never_allowed ? 'Like this one, it never expires.' : 'It lives for as long as is allowed here.';
}

function graceEnd(token, seconds) {
  const end = new Date(now() + seconds * 1000);
  const expiry = dateOf(token.expires_at);
  return expiry && expiry < end ? expiry : end;
}

function graceWords(token, seconds) {
  if (seconds === 0) return ['The old token is refused as soon as you rotate. Whatever still uses it stops.'];
  const end = graceEnd(token, seconds);
  return ['Both are accepted until ', timeOf(end, exactWithZone(end)), '. You can end this earlier.'];
}

/** Said where the change ends the grace of the token before this one. */
function endsOlder(token) {
  const older = tokens.get(token.predecessor);
  if (!older || stateOf(older) !== 'grace') return null;
  return paragraph('The token that it replaced, still accepted in its grace, is refused at once.');
}

async function rotate(token, seconds) {
  const issued = await call('POST', `${tokenPath(token.id)}/rotate`, { grace_seconds: seconds });
  $('task-dialog').close();
  const end = graceEnd(token, seconds);
  const accepted = ['The old one is accepted until ', timeOf(end, exactWithZone(end)), '.'];
  showSecret(issued, 'The new token', seconds ? accepted : ['The old one is refused from now on.']);
  say(quoted(token.name), ' was rotated.');
  putNew(issued.record);
}

function askRevoke(token) {
  const final = 'Whatever uses it is refused from now on. This is final: it cannot be undone.';
  ask({
    title: ['Revoke ', quoted(token.name), '?'],
    content: [paragraph(lastUse(token)), paragraph(final), endsOlder(token)].filter(Boolean),
    verb: 'Revoke token',
    act: () => revoke(token, [quoted(token.name), ' was revoked.']),
  });
}

function askEndGrace(token) {
  const id = id => element('code', {}, shortId(id));
  ask({
    title: ['End the grace of ', quoted(token.name), ' now?'],
    content: [
      paragraph('This is the old token ', id(token.id), ', which was replaced by ', id(token.rotated.successor), '.'),
      paragraph(lastUse(token)),
      paragraph('Whatever still uses the old token is refused from now on. This is final. The new token goes on.'),
    ],
    verb: 'End grace now',
    act: () => revoke(token, ['The old token of ', quoted(token.name), ' is refused from now on.']),
  });
}

async function revoke(token, done) {
  const revoked = await call('DELETE', tokenPath(token.id));
  $('task-dialog').close();
  put(revoked);
  say(...done);
  freshenRelatives(revoked);
}

function askRevokeAll() {
  const input = element('input', {
    id: 'confirm-all', type: 'text', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', 'aria-describedby': 'confirm-error',
  });
  ask({
    title: ['Revoke all tokens?'],
    content: [
      paragraph('Every token that is active, in its grace or expired is revoked at once. Whatever uses one is refused.'),
      paragraph('This is final: it cannot be undone.'),
      element('div', { class: 'field' },
        element('label', { for: 'confirm-all' }, 'Type “all” to confirm'),
        input,
        element('p', { class: 'fault', id: 'confirm-error', 'data-fault': 'confirm' })),
    ],
    verb: 'Revoke all tokens',
    act: () => revokeAll(input.value.trim()),
  });
}

async function revokeAll(typed) {
  if (typed !== 'all') throw new Problem('invalid-field', 'Type the word “all”, or cancel.', { field: 'confirm' });
  const { revoked } = await call('POST', 'tokens/revoke-all', { confirm: 'all' });
  $('task-dialog').close();
  say(`${plural(revoked, 'token')} revoked.`);
  showList();
}

// ---- The token, shown once -----------------------------------------------------------------------------------------

/** The token is only ever in the field: not in a variable that outlives `showSecret`, a URL, a title or a storage. */
const secret = $('new-token');
let copied = false;

function showSecret({ token, record }, title, more = []) {
  const expiry = dateOf(record.expires_at);
  const life = expiry ? [' expires ', timeOf(expiry, exactWithZone(expiry)), '. '] : [' never expires. '];
  $('secret-title').textContent = title;
  $('secret-of').replaceChildren(quoted(record.name), ...life, ...more);
  $('secret-power').textContent = power(record);
  $('secret-scopes').replaceChildren(...record.scopes.map(name => element('li', {}, bdi(describe(name)))));
  secret.value = token;
  copied = false;
  openDialog($('secret-dialog'));
  $('copy').focus();
  $('secret-status').textContent = 'Token created. Copy it now.';
}

const describe = name => scopes.find(scope => scope.name === name)?.description ?? name;

function power(record) {
  const where = host.product ? ` at ${host.product}` : '';
  if (!scopes.length) return `Whoever has it can use the API${where} on your behalf.`;
  if (!record.scopes.length) return 'It has no scopes: whoever has it can do only what needs none.';
  return `Whoever has it can do this${where} on your behalf:`;
}

async function copySecret() {
  const focused = document.activeElement;
  secret.select();
  const done = await copyText(secret.value);
  $('secret-status').textContent = done ? 'Copied.' : 'It is selected: copy it by hand.';
  if (!done) return;
  copied = true;
  $('secret-guard').replaceChildren();
  focused.focus();
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyWithoutClipboard(text);
  }
}

/** On plain http there is no `navigator.clipboard`. */
function copyWithoutClipboard(text) {
  let heard = false;
  const fill = event => {
    event.clipboardData.setData('text/plain', text);
    event.preventDefault();
    heard = true;
  };
  document.addEventListener('copy', fill, { once: true });
  const done = document.execCommand('copy');
  document.removeEventListener('copy', fill);
  return done && heard;
}

/** Asks once before a token is closed that was not copied. */
function closeSecret() {
  if (copied || $('secret-guard').hasChildNodes()) return forgetSecret();
  $('secret-guard').replaceChildren(
    icon('warning'),
    paragraph('You have not copied the token. Once this is closed, nobody can show it again.'),
    button('Close without copying', forgetSecret, { id: 'close-anyway' }));
  $('secret-guard').scrollIntoView({ block: 'nearest' });
}

function forgetSecret() {
  secret.value = '';
  for (const id of ['secret-of', 'secret-scopes', 'secret-guard', 'secret-status']) $(id).replaceChildren();
  $('secret-dialog').close();
}

// ---- Start ---------------------------------------------------------------------------------------------------------

function listen() {
  $('generate').addEventListener('click', () => openForm(null));
  $('more').addEventListener('click', () => $('more').ariaDisabled === 'true' || showMore());
  $('revoke-all').addEventListener('click', askRevokeAll);
  addEventListener('hashchange', () => policy && showList());
  $('tabs').addEventListener('click', () => say());

  onSubmit($('token-form'), $('form-dialog'), saveForm);
  onSubmit($('task-form'), $('task-dialog'), () => task());
  $('expiry').addEventListener('input', chooseExpiry);
  $('expiry').addEventListener('change', () => $('expiry-exact').scrollIntoView({ block: 'nearest' }));

  secret.addEventListener('click', copySecret);
  secret.addEventListener('copy', () => { copied = true; });
  $('copy').addEventListener('click', copySecret);
  $('done').addEventListener('click', closeSecret);
  $('secret-dialog').addEventListener('keydown', event => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    if (!event.repeat) closeSecret();
  });
  $('secret-dialog').addEventListener('cancel', event => {
    event.preventDefault();
    closeSecret();
  });

  for (const dialog of document.querySelectorAll('dialog')) {
    dialog.addEventListener('input', event => clearProblems(event.target.closest('.field') ?? dialog));
    dialog.addEventListener('close', giveFocusBack);
    dialog.querySelector('[data-cancel]')?.addEventListener('click', () => dialog.close());
  }

  // A page that is left may be kept for going back: without the token.
  addEventListener('pagehide', forgetSecret);
  addEventListener('pageshow', event => event.persisted && start());
  setInterval(freshenTimes, 30_000);
}

function onSubmit(form, dialog, act) {
  form.addEventListener('submit', event => {
    event.preventDefault();
    submit(dialog, act);
  });
}

function showHost() {
  const { product, home } = host;
  if (product) document.title = `Personal tokens · ${product}`;
  $('bar').hidden = !product && !home;
  $('bar').append((home && safeLink(home, product || 'Home')) || product);
  $('zone').textContent = `Times are in your time zone, ${zone}.`;
}

async function start() {
  $('list-problem').replaceChildren();
  $('loading').hidden = false;
  try {
    [policy, { scopes }] = await Promise.all([call('GET', 'policy'), call('GET', 'scopes')]);
  } catch (problem) {
    return showListProblem(problem);
  }
  $('generate').hidden = !policy.rights.issue;
  $('revoke-all').hidden = !policy.rights.revoke;
  $('tabs').hidden = !policy.rights.list;
  await showList();
}

showHost();
listen();
start();
