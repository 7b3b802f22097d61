// The form: generate and edit.

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
  // Cut to the minute: what is sent is what is shown.
  const unit = choice * DAY < HOUR ? 1000 : MINUTE * 1000;
  // Some seconds less of the longest life that is allowed: this clock may be a little ahead of the server's.
  const spare = choice * DAY === policy.max_lifetime_seconds ? 5000 : 0;
  return new Date(Math.floor((now() - spare + choice * DAY * 1000) / unit) * unit);
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
  sayOnceClosed(quoted(issued.record.name), ' was created.');
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
