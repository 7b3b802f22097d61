// Rotate, revoke, end a grace, revoke all.

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
      paragraph(`A new token takes its place, with the same ${same}. `, ...lifeWords(token)),
      expired ? paragraph('The old token has expired and stays refused.') : group,
      endsOlder(token),
    ].filter(Boolean),
    verb: 'Rotate',
    look: 'primary',
    act: () => rotate(token, grace()),
  });
}

/** What the new token inherits: the span that this one was last given, cut to what is allowed. */
function lifeWords(token) {
  const given = token.expires_at && dateOf(token.expires_at) - dateOf(token.expiry_set_at);
  const longest = policy.max_lifetime_seconds * 1000;
  if (given === null && policy.never_allowed) return ['Like this one, it never expires.'];
  if (given === null && longest === 0) return ['Tokens need an expiry here: give this one an expiry first.'];
  const end = new Date(now() + Math.min(given ?? longest, longest || given));
  return ['Like this one was, it is given a life that ends ', timeOf(end, exactWithZone(end)), '.'];
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
  sayOnceClosed(quoted(token.name), ' was rotated.');
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
