// A row of the list.

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
