// Starts the page.

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
    // A key that was held on the way here presses nothing.
    if (event.key === 'Escape' || (event.repeat && ['Enter', ' '].includes(event.key))) event.preventDefault();
    if (event.key === 'Escape' && !event.repeat) closeSecret();
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

  addEventListener('beforeunload', event => isUncopied() && event.preventDefault());
  // What was done has been said; it makes way for the focus.
  addEventListener('keydown', event => event.key === 'Tab' && say());
  // Safari gives a button that is clicked no focus, to which it could return.
  document.addEventListener('click', event => event.target.closest?.('button')?.focus(), true);
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
