// The token, shown once.

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
  $('secret-status').textContent = 'Token created.';
}

/** While the token is shown, the page behind it is not heard. */
const sayOnceClosed = (...words) => $('secret-dialog').addEventListener('close', () => say(...words), { once: true });

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

/** A token that was not copied is closed by the guard's button alone: a double click or a held key is no answer. */
function closeSecret() {
  if (copied) return forgetSecret();
  if ($('secret-guard').hasChildNodes()) return $('close-anyway').focus();
  $('secret-guard').replaceChildren(
    icon('warning'),
    paragraph('You have not copied the token. Once this is closed, nobody can show it again.'),
    button('Close without copying', forgetSecret, { id: 'close-anyway' }));
  $('secret-guard').scrollIntoView({ block: 'nearest' });
}

const isUncopied = () => secret.value !== '' && !copied;

function forgetSecret() {
  secret.value = '';
  for (const id of ['secret-of', 'secret-scopes', 'secret-guard', 'secret-status']) $(id).replaceChildren();
  $('secret-dialog').close();
}
